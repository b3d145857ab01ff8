"""The pseudonymous data set."""
