"""What the models' runs cost, as the tables' histories tell it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mella_spark.lake.tables import Lake
from mella_spark.models.work import Work, from_history

TABLES = ("captions", "translations")


@dataclass
class ModelWork:
    """All runs of one model in one stage, as far back as the history goes.

    ``seconds`` are those the driver waited, ``work`` the sums over all tasks.
    """

    stage: str
    model: str
    seconds: float = 0.0
    work: Work = field(default_factory=Work)

    def rate(self, count: int) -> float:
        """``count`` a second; 0 where no time passed."""
        return count / self.seconds if self.seconds else 0.0


def model_work(lake: Lake) -> tuple[ModelWork, ...]:
    """The work behind each model's captions and translations, in the order it was begun."""
    found: dict[tuple[str, str], ModelWork] = {}
    for name in TABLES:
        if not lake.exists(name):
            continue
        history = lake.spark.sql(f"DESCRIBE HISTORY {lake.reference(name)}")
        for row in history.select("userMetadata").orderBy("version").collect():
            told = from_history(row["userMetadata"])
            if told is None or not told.get("inputs"):
                continue
            key = str(told["stage"]), str(told.get("model"))
            entry = found.setdefault(key, ModelWork(*key))
            entry.seconds += float(told.get("seconds") or 0)
            entry.work.add(Work.of(told))
    return tuple(found.values())
