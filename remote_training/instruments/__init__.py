"""What is asked, as data. Knows no trial noun."""
