"""Who was there, for how long."""
