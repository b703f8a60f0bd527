"""The parts of the captioning engine by themselves."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.models import resident
from mella_spark.models.budget import ByteBudget, Cancelled
from mella_spark.models.control import guard
from mella_spark.models.image_tokens import fixed_tokens, image_token_counter, patch_tokens
from mella_spark.models.plan import buckets, text_tokens
from mella_spark.models.recovery import Room, fatal, out_of_memory
from mella_spark.models.work import Work, arrow_type, column, from_history, to_history

TOKENS = ["<s>", "</s>", "<|im_end|>", "[INST]", "▁", "¦", "ab", "a b", "<image>"]


@given(st.lists(st.integers(1, 200), max_size=60), st.integers(1, 9), st.integers(1, 900))
def test_buckets_hold_each_position_once_within_limits(tokens, size, limit):
    made = buckets(tokens, size, limit)
    assert sorted(i for batch in made for i in batch) == list(range(len(tokens)))
    for batch in made:
        longest = max(tokens[i] for i in batch)
        assert len(batch) <= size
        assert len(batch) == 1 or len(batch) * longest <= limit
    longest = [max(tokens[i] for i in batch) for batch in made]
    assert longest == sorted(longest, reverse=True)


def test_equal_lengths_stay_in_order():
    assert buckets([5] * 6, 4, 100) == [[0, 1, 2, 3], [4, 5]]
    assert text_tokens("") >= 1


@given(st.text(alphabet=st.sampled_from("<>s/|imend_[INST]▁¦ab age"), max_size=40))
def test_no_control_token_is_left(text):
    guarded = guard(TOKENS)(text)
    assert not any(token in guarded for token in TOKENS)


def test_text_without_control_tokens_is_untouched():
    assert guard(TOKENS)("A picture of 3 < 4 – cốm") == "A picture of 3 < 4 – cốm"
    assert guard([])("<s>") == "<s>"
    assert guard(["<s>"])("a <s> b") == "a ‹s› b"
    assert guard(["USER:"])("USER: x") == "U S E R : x"


def test_tokens_of_a_grid_of_patches():
    # 28 x 28 pixels a token; sizes worked out by hand
    assert patch_tokens(280, 280, 28, 3136, 10**9) == 100
    assert patch_tokens(280, 140, 28, 3136, 10**9) == 50
    assert patch_tokens(2800, 2800, 28, 3136, 78400) == 100
    assert patch_tokens(14, 14, 28, 3136, 10**9) == 4


def test_families_are_told_apart():
    images = SimpleNamespace(
        patch_size=14, merge_size=2, size={"shortest_edge": 3136, "longest_edge": 10**6}
    )
    count = image_token_counter(SimpleNamespace(image_processor=images), None)
    assert count(280, 140) == 50
    config = SimpleNamespace(vision_config=SimpleNamespace(image_size=224, patch_size=16))
    assert image_token_counter(SimpleNamespace(), config)(640, 480) == 196
    assert fixed_tokens(SimpleNamespace(image_seq_length=36)) == 36
    assert fixed_tokens(SimpleNamespace()) == 1

    class Picky:
        def _get_num_multimodal_tokens(self, image_sizes):
            [(height, width)] = image_sizes
            if width > 200 * height:
                raise ValueError("absolute aspect ratio must be smaller than 200")
            return {"num_image_tokens": [width * height // 100]}

    count = image_token_counter(Picky(), None)
    assert count(640, 480) == 3072
    assert count(3000, 4) == 1


def test_a_budget_lets_no_more_in_and_one_large_thing_alone():
    budget = ByteBudget(100)
    budget.acquire(250)
    entered = threading.Event()

    def enter() -> None:
        budget.acquire(60)
        entered.set()

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    assert not entered.wait(0.05)
    budget.adjust(-210)
    assert entered.wait(5)
    assert budget.used == 100
    thread.join()
    cancelled = threading.Event()

    def wait() -> None:
        with pytest.raises(Cancelled):
            budget.acquire(10)
        cancelled.set()

    threading.Thread(target=wait, daemon=True).start()
    budget.cancel()
    assert cancelled.wait(5)
    budget.release(100)
    assert (budget.used, budget.most) == (0, 250)


def test_room_shrinks_and_grows_back():
    room = Room(patience=2)
    room.failed(64)
    assert room.limit == 32
    room.succeeded(10)  # too small to tell
    room.succeeded(10)
    assert room.limit == 32
    room.succeeded(32)
    room.succeeded(32)
    assert room.limit == 64
    room.failed(64)  # grown too early: wait longer
    assert (room.limit, room.patience) == (32, 4)
    for _ in range(4):
        room.succeeded(30)
    assert room.limit == 64
    room.failed(60, alone=True)  # one input, not the batch
    room.succeeded(20)
    assert room.limit == 60


def test_what_is_memory_and_what_is_fatal():
    broken = RuntimeError("CUDA error: an illegal memory access was encountered")
    small = RuntimeError("CUDA error: out of memory")
    cublas = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate")
    assert [fatal(e) for e in (broken, small, cublas, ValueError("no"))] == [True] + [False] * 3
    assert out_of_memory(small)
    assert out_of_memory(cublas)


def test_work_adds_up_and_survives_the_way():
    work = Work(inputs=3, tokens=30, busy_s=1.5, wait_s=0.25, wall_s=2.0, positions=80, useful=60)
    assert (work.busy_share, work.wait_share, work.padding_share) == (0.75, 0.125, 0.25)
    travelled = column(work, 2)
    assert travelled.type == arrow_type()
    assert travelled.to_pylist()[1] is None
    assert len(column(work, 0)) == 0
    back = Work.of(travelled.to_pylist()[0])
    assert back == work
    back.add(work)
    assert (back.inputs, back.busy_s) == (6, 3.0)
    assert back.take().inputs == 6
    assert back == Work()
    assert Work().busy_share == 0.0


def test_history_tells_rates():
    work = Work(inputs=30, tokens=300, busy_s=9.0, wall_s=10.0, calls=2)
    told = from_history(to_history("caption", "k", "m", 10.0, work))
    assert told["stage"] == "caption"
    assert (told["inputs_per_second"], told["tokens_per_second"]) == (3.0, 30.0)
    assert told["busy_share"] == 0.9
    assert Work.of(told) == work
    for other in (None, "", "mine", "[1]", "{}", json.dumps({"mella": 3}), '{"mella": {}}'):
        assert from_history(other) is None


class Model:
    """Counts how often it is loaded and closed."""

    loads = closes = 0

    def __init__(self) -> None:
        Model.loads += 1

    def close(self) -> None:
        Model.closes += 1


@pytest.fixture
def kind():
    Model.loads = Model.closes = 0
    yield "test"
    resident.release("test")


def test_a_model_stays_until_it_was_idle(kind):
    for _ in range(3):
        with resident.lease(kind, "a", Model, 0.05) as model:
            assert isinstance(model, Model)
    assert Model.loads == 1
    end = time.monotonic() + 5
    while resident.loaded(kind) and time.monotonic() < end:
        time.sleep(0.01)
    assert not resident.loaded(kind)
    assert Model.closes == 1
    with resident.lease(kind, "a", Model, 60.0):
        pass
    assert Model.loads == 2


def test_a_long_lease_is_not_idleness(kind):
    with resident.lease(kind, "a", Model, 0.02):
        pass
    with resident.lease(kind, "a", Model, 0.02):
        time.sleep(0.1)
        assert resident.loaded(kind)
    assert Model.loads == 1


def test_another_key_takes_the_place_at_once(kind):
    with resident.lease(kind, "a", Model, 60.0):
        pass
    with resident.lease(kind, "b", Model, 60.0):
        assert (Model.loads, Model.closes) == (2, 1)
        with resident.lease(kind, "b", Model, 60.0):
            pass
    assert resident.loaded(kind)
    with resident.lease(kind, "b", Model, 0.0):
        pass
    assert not resident.loaded(kind)
    assert Model.closes == 2


def test_a_model_that_does_not_load_leaves_nothing_behind(kind):
    def fail() -> Model:
        raise OSError("no weights")

    with pytest.raises(OSError, match="no weights"), resident.lease(kind, "a", fail, 1.0):
        pass
    assert not resident.loaded(kind)


def test_a_model_that_finds_no_memory_waits_for_the_one_before(kind):
    tries = []

    def load() -> Model:
        tries.append(resident.loaded("test before"))
        if len(tries) == 1:
            raise RuntimeError("CUDA out of memory")
        return Model()

    with resident.lease("test before", "a", Model, 60.0):
        pass
    with resident.lease(kind, "a", load, 0.01):
        assert tries == [True, False]


def test_work_column_is_an_arrow_struct():
    assert pa.types.is_struct(arrow_type())
