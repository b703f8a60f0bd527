"""mella-spark: image-text pairs for under-served languages, from web archives to fine-tuning."""

__version__ = "0.1.0"
