"""Database, errors, settings, words, keys: knows nothing of the trial."""
