"""Captioning side by side with other ways to run the same model: ``make bench-caption``."""
