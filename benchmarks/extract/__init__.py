"""Extraction side by side with other readers of web archives: ``make bench-extract``."""
