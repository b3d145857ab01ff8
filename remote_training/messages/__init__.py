"""The outbox: what we owe people, and what became of it. Knows no trial noun."""
