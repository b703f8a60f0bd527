"""A translator that counts what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from mella_spark.models.protocols import Generation, Translator
from mella_spark.models.work import Work


class TimedTranslator:
    """``translator`` with its calls, seconds and tokens added to ``work``; same protocol.

    Second attempts count as well. Padding and lacks of memory are counted where the translator
    tells of them (``positions``, ``useful``, ``room``).
    """

    def __init__(self, translator: Translator, work: Work) -> None:
        self.translator, self.work = translator, work
        self.device = translator.device

    def again(self) -> TimedTranslator | None:
        """The second attempt's translator, timed too."""
        again = getattr(self.translator, "again", None)
        other = again() if again is not None else None
        return None if other is None else TimedTranslator(other, self.work)

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Generation]:
        """One answer for each text; see the protocol."""
        before = self._told()
        begin = perf_counter()
        try:
            answers = self.translator.translate(texts, source, target)
        finally:
            self.work.busy_s += perf_counter() - begin
        positions, useful, failures = self._told()
        self.work.positions += positions - before[0]
        self.work.useful += useful - before[1]
        self.work.out_of_memory += failures - before[2]
        self.work.tokens += sum(answer.tokens for answer in answers)
        # Each answer of a batch of n stands for the nth part of a call.
        self.work.calls += round(sum(1 / max(1, answer.batch_size) for answer in answers))
        return answers

    def _told(self) -> tuple[int, int, int]:
        told = self.translator
        room = getattr(told, "room", None)
        return (
            getattr(told, "positions", 0),
            getattr(told, "useful", 0),
            0 if room is None else room.failures,
        )
