"""Who signs in, by which link or password, with which role at which site."""
