"""The training table in formats that other trainers read."""

from mella_spark.export.table import FORMATS, export_table

__all__ = ["FORMATS", "export_table"]
