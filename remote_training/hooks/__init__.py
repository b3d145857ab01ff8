"""What providers of rooms tell: kept at once as it came, worked on later."""
