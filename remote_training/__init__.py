"""The platform of a live-remote exercise trial."""
