"""The captioning engine: pictures in, answers out, with the model never left waiting.

Three kinds of thread share the work. A *planner* reads the pictures, judges them by their headers
and puts those of about the same length into batches. A pool of *preparers* decodes the pictures and
makes tensors of each batch, as far ahead of the model as the byte budget allows. The caller's own
thread runs the model, recovers from what goes wrong, and hands out the answers in the order of the
pictures. Memory is bounded however long the input is: a quarter of the budget for encoded pictures
that wait for a batch, a quarter for pictures decoding at full size, half for what is ready; beside
it stands the batch that runs.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mella_spark.images.reasons import Rejected
from mella_spark.models.budget import ByteBudget, Cancelled
from mella_spark.models.pictures import downscale, open_picture, picture_size, shown_size
from mella_spark.models.plan import buckets, text_tokens
from mella_spark.models.protocols import Answer, Captioner, Generation, Prepared, StagedCaptioner
from mella_spark.models.recovery import Room, describe, generate
from mella_spark.models.whole import WholeCaptioner
from mella_spark.models.work import Work
from mella_spark.settings import CaptionSettings

if TYPE_CHECKING:
    from PIL import Image

WINDOW_BATCHES = 8
"""Batches' worth of pictures that are sorted by length together."""
_BYTES_PER_PIXEL = 15
"""RGB, and a tensor of three floats, until the tensor's real size is known."""
_JOIN_SECONDS = 5.0


@dataclass(frozen=True)
class Question:
    """One picture as encoded, and what is asked about it; None for a blank question."""

    data: bytes | None
    prompt: str


@dataclass
class _Picture:
    """A question on its way: ``cost`` in tokens is an estimate until the model has seen it."""

    index: int
    question: Question
    cost: int = 0
    pixels: int = 0
    image: Image.Image | None = None
    shrunk: bool = False


@dataclass
class _Batch:
    """Pictures that go together, ``held`` bytes of them, and answers that need no model."""

    pictures: list[_Picture] = field(default_factory=list)
    answers: dict[int, Generation] = field(default_factory=dict)
    held: int = 0
    prepared: Future[Prepared | None] | None = None


def answers(
    questions: Iterable[Question], captioner: Captioner, settings: CaptionSettings, work: Work
) -> Iterator[list[Generation]]:
    """One answer for each question, in order, in lists of whatever lengths.

    Counts into ``work``, which the caller may empty between two lists. Raises what ``questions``
    raises and what breaks the device for good, nothing because of a picture.
    """
    staged = captioner if isinstance(captioner, StagedCaptioner) else WholeCaptioner(captioner)
    engine = _Engine(staged, settings, work)
    started = time.perf_counter()
    ready: dict[int, Generation] = {}
    next_index = 0
    try:
        for done in engine.batches(questions):
            ready.update(done)
            now = time.perf_counter()
            work.wall_s, started = work.wall_s + now - started, now
            out = []
            while next_index in ready:
                out.append(ready.pop(next_index))
                next_index += 1
            if out:
                work.inputs += len(out)
                work.errors += sum(one.error is not None for one in out)
                work.tokens += sum(one.tokens for one in out)
                yield out
    finally:
        engine.close()


class _Engine:
    """The threads and what they share."""

    def __init__(self, captioner: StagedCaptioner, settings: CaptionSettings, work: Work) -> None:
        self.captioner, self.settings, self.work = captioner, settings, work
        self.room = Room()
        self.window_bytes = settings.prefetch_bytes // 4
        self.decoding = ByteBudget(settings.prefetch_bytes // 4)
        self.budget = ByteBudget(settings.prefetch_bytes // 2)
        self.waiting: queue.SimpleQueue[_Batch | BaseException | None] = queue.SimpleQueue()
        self.pool = ThreadPoolExecutor(settings.decode_threads, "mella-prepare")
        self.planner: threading.Thread | None = None
        self.stopped = False

    def batches(self, questions: Iterable[Question]) -> Iterator[dict[int, Generation]]:
        """Answers by the position of their question, batch by batch as they are made."""
        self.planner = threading.Thread(
            target=self._plan, args=(questions,), name="mella-plan", daemon=True
        )
        self.planner.start()
        while True:
            begin = time.perf_counter()
            batch = self.waiting.get()
            prepared = None
            if isinstance(batch, _Batch) and batch.prepared is not None:
                prepared = batch.prepared.result()
            self.work.wait_s += time.perf_counter() - begin
            if batch is None:
                return
            if isinstance(batch, BaseException):
                raise batch
            # What runs no longer waits: the next batch may come, even if it alone fills the budget.
            self.budget.release(batch.held)
            if batch.pictures:
                self._run(batch, prepared)
            yield batch.answers

    def close(self) -> None:
        """Stops all threads; what they had begun is thrown away."""
        self.stopped = True
        self.budget.cancel()
        self.decoding.cancel()
        self.pool.shutdown(wait=True, cancel_futures=True)
        if self.planner is not None:
            # It may be inside the input's iterator, where nothing of ours can wake it.
            self.planner.join(_JOIN_SECONDS)

    # The planner's thread

    def _plan(self, questions: Iterable[Question]) -> None:
        """Gathers a window of pictures, sorts it into batches, begins with the next."""
        size = max(1, self.settings.batch_size)
        most = size  # small at first, so that the model has something to do soon
        window: list[_Picture] = []
        refused: dict[int, Generation] = {}
        held = 0
        try:
            for index, question in enumerate(questions):
                if self.stopped:
                    return
                picture = _Picture(index, question)
                error = self._judge(picture)
                if error is None:
                    window.append(picture)
                    held += len(question.data or b"")
                else:
                    refused[index] = Generation(None, error)
                if len(window) + len(refused) >= most or held >= self.window_bytes:
                    self._flush(window, refused)
                    window, refused, held = [], {}, 0
                    most = min(2 * most, WINDOW_BATCHES * size)
            self._flush(window, refused)
            self.waiting.put(None)
        except Cancelled:
            pass
        except BaseException as error:  # the input's own errors belong to the caller
            self.waiting.put(error)

    def _judge(self, picture: _Picture) -> str | None:
        """Fills in size and cost from the header, or says why the picture gets no answer."""
        if not picture.question.prompt.strip():
            return "empty_prompt: nothing is asked"
        try:
            width, height = picture_size(picture.question.data or b"", self.settings)
        except Rejected as error:
            return str(error)
        width, height = shown_size(width, height, self.settings.max_pixels)
        picture.pixels = width * height
        picture.cost = self._cost(width, height, picture.question.prompt)
        return None

    def _cost(self, width: int, height: int, prompt: str) -> int:
        answer = self.settings.max_new_tokens * self.settings.num_beams
        return self.captioner.image_tokens(width, height) + text_tokens(prompt) + answer

    def _flush(self, window: list[_Picture], refused: dict[int, Generation]) -> None:
        if refused:
            self.waiting.put(_Batch(answers=refused))
        limit = min(self.settings.batch_tokens, self.room.limit)
        for positions in buckets([p.cost for p in window], self.settings.batch_size, limit):
            batch = _Batch([window[i] for i in positions])
            batch.held = sum(
                len(p.question.data or b"") + _BYTES_PER_PIXEL * p.pixels for p in batch.pictures
            )
            self.budget.acquire(batch.held)
            # The pool begins in this order, so a batch waits only for what is under way.
            decoded = [self.pool.submit(self._decode, picture) for picture in batch.pictures]
            batch.prepared = self.pool.submit(self._prepare, batch, decoded)
            self.waiting.put(batch)

    # The preparers' threads

    def _decode(self, picture: _Picture) -> str | None:
        """Fills in the image, or says why there is none; the encoded bytes are let go."""
        data, picture.question = picture.question.data, Question(None, picture.question.prompt)
        try:
            width, height = picture_size(data or b"", self.settings)
            with self.decoding.held(3 * width * height):
                picture.image = open_picture(data, self.settings)
        except Rejected as error:
            return str(error)
        except Cancelled:
            raise
        except Exception as error:  # a picture's error, whatever it is, is its own row's
            return describe(error)
        return None

    def _prepare(self, batch: _Batch, decoded: Sequence[Future[str | None]]) -> Prepared | None:
        """The tensors of a batch; None where they cannot be made of all its pictures together."""
        kept = []
        for picture, outcome in zip(batch.pictures, decoded, strict=True):
            error = outcome.result()
            if error is None:
                kept.append(picture)
            else:
                batch.answers[picture.index] = Generation(None, error)
        batch.pictures = kept
        try:
            prepared = self._tensors(kept) if kept else None
        except Exception:  # told apart when the batch is run: there each gets its own error
            prepared = None
        images = sum(3 * picture.pixels for picture in kept)
        held = images + (prepared.nbytes if prepared is not None else 0)
        change, batch.held = held - batch.held, held
        self.budget.adjust(change)
        return prepared

    def _tensors(self, pictures: Sequence[_Picture]) -> Prepared:
        return self.captioner.prepare(
            [picture.image for picture in pictures if picture.image is not None],
            [picture.question.prompt for picture in pictures],
        )

    # The caller's thread

    def _run(self, batch: _Batch, prepared: Prepared | None) -> None:
        """Asks the model about a batch, in parts and again where that fails."""
        ready = [prepared]

        def run(pictures: Sequence[_Picture]) -> Sequence[Answer | Generation]:
            made = ready.pop() if ready and len(pictures) == len(batch.pictures) else None
            return self._ask(made if made is not None else self._tensors(pictures))

        failures = self.room.failures
        made = generate(
            batch.pictures,
            run,
            len(batch.pictures),
            cost=lambda picture: picture.cost,
            room=self.room,
            shrink=self._shrink,
            device=self.captioner.device,
        )
        self.work.out_of_memory += self.room.failures - failures
        batch.answers |= {p.index: one for p, one in zip(batch.pictures, made, strict=True)}

    def _ask(self, prepared: Prepared) -> Sequence[Answer | Generation]:
        begin = time.perf_counter()
        self.work.calls += 1
        try:
            made = self.captioner.run(prepared)
        finally:
            self.work.busy_s += time.perf_counter() - begin
        tokens = [one.tokens for one in made]
        self.work.positions += prepared.positions + len(tokens) * max(tokens, default=0)
        self.work.useful += prepared.useful + sum(tokens)
        return made

    def _shrink(self, picture: _Picture) -> _Picture | None:
        """The picture at half its pixels, or None where that is too small or would not help."""
        image = picture.image
        pixels = 0 if image is None else image.width * image.height // 2
        if image is None or pixels < self.settings.min_pixels:
            return None
        smaller = downscale(image, pixels)
        tokens = self.captioner.image_tokens
        if 1 < tokens(*image.size) == tokens(*smaller.size):
            return None  # the model looks at every picture in one resolution
        self.work.shrunk += not picture.shrunk
        cost = self._cost(*smaller.size, picture.question.prompt)
        return replace(picture, cost=cost, image=smaller, shrunk=True)
