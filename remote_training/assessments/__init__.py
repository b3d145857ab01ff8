"""What is asked when, and the answers."""
