"""spark-submit entry points: each is one verb of the `mella` command under another door."""
