"""Who changed what, when, why: rows that are only ever added."""
