"""What is offered when, and by whom."""
