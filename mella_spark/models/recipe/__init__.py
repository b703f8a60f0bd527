"""Training of the two shipped models from the sample generator alone.

``python -m mella_spark.models.build`` (or ``make models``) reproduces what lies in ``embedded/``.
"""
