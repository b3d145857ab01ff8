"""Makes the video provider agree with the classes we hold, and keeps what it reports."""
