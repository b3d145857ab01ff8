"""What operators need: health, metrics, logs, the headers of every answer."""
