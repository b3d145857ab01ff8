"""An invented study for laptops; refuses to run in production."""
