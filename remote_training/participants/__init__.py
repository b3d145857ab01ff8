"""Who takes part, under which study number, with which facts."""
