"""spark-submit entry point of ``mella evaluate``."""

from mella_spark.cli import job

if __name__ == "__main__":
    job("evaluate")
