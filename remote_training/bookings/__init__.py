"""A place in a class."""
