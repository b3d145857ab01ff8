"""What came of an alert: who did what, and when."""
