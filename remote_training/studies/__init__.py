"""Study, site, arm, module, time-point: read from a study file."""
