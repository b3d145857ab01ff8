"""The coordinator's pages, and the menu of staff."""
