"""spark-submit entry point of ``mella manifest``."""

from mella_spark.cli import job

if __name__ == "__main__":
    job("manifest")
