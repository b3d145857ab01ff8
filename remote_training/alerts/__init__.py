"""Something alarming was said: a row, no story."""
