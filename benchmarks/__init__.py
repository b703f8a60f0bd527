"""Measurements against other programs, reproducible by anyone."""
