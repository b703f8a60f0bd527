"""From Delta to PyTorch: petastorm over a pinned snapshot.

    from mella_spark.loader import make_delta_reader, DataLoader

Importing this package makes petastorm itself importable on current pyarrow and numpy.
"""

from mella_spark.loader.compat import install

install()  # before anything imports petastorm

from petastorm.transform import TransformSpec  # noqa: E402

from mella_spark.loader.reader import DeltaReader, make_delta_reader  # noqa: E402
from mella_spark.loader.torch import DataLoader  # noqa: E402

__all__ = ["DataLoader", "DeltaReader", "TransformSpec", "make_delta_reader"]
