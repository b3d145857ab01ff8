"""Leaving the trial: ends bookings, waiting, links and visits in one transaction."""
