"""Mixing, schedule, curve, files, checkpoints, reading ahead."""

import itertools
import json
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.settings import load_settings
from mella_spark.training import checkpoints, files
from mella_spark.training.ahead import ahead
from mella_spark.training.curve import Curve, read_curve
from mella_spark.training.data import row_filters
from mella_spark.training.mixing import mixing_weights
from mella_spark.training.optimise import adamw, learning_rate, step_seed

SETTINGS = load_settings(environment={}).train

groups = st.dictionaries(
    st.tuples(st.sampled_from(["know", "ling"]), st.sampled_from(["ar", "cs", "vi"])),
    st.integers(1, 1000),
    min_size=1,
)


@given(groups, st.floats(0.5, 10))
def test_weights_have_mean_one(counts, temperature):
    weights = mixing_weights(counts, {"know": 2.0}, {"vi": 0.5}, temperature)
    total = sum(counts.values())
    mean = sum(n * weights(*group) for group, n in counts.items()) / total
    assert mean == pytest.approx(1)


def test_weights_by_hand():
    counts = {("know", "vi"): 90, ("know", "cs"): 10, ("ling", "vi"): 100}
    plain = mixing_weights(counts, {"know": 1, "ling": 1}, {})
    assert set(plain.table.values()) == {1.0}
    # an infinite temperature makes languages equal in their sum within a source
    even = mixing_weights(counts, {"know": 1, "ling": 1}, {}, temperature=1e9)
    assert 90 * even("know", "vi") == pytest.approx(10 * even("know", "cs"))
    doubled = mixing_weights(counts, {"know": 3, "ling": 1}, {})
    assert doubled("know", "cs") == pytest.approx(3 * doubled("ling", "vi"))
    without = mixing_weights(counts, {"know": 1, "ling": 0}, {})
    assert without("ling", "vi") == 0
    assert without("know", "vi") == 1


def test_learning_rate():
    s = SETTINGS.model_copy(
        update={"learning_rate": 1.0, "warmup_share": 0.1, "min_rate_share": 0.2}
    )
    rates = [learning_rate(step, 100, s) for step in range(100)]
    assert rates[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.6)  # half way: the mean of peak and end
    assert learning_rate(100, 100, s) == pytest.approx(0.2)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
    assert learning_rate(0, 1, s.model_copy(update={"warmup_share": 0.0})) == 1.0


def test_vectors_do_not_decay():
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    model[0].bias.requires_grad_(False)
    matrices, vectors = adamw(model, SETTINGS).param_groups
    assert [tuple(p.shape) for p in matrices["params"]] == [(2, 3)]
    assert [tuple(p.shape) for p in vectors["params"]] == [(2,), (2,)]
    assert matrices["weight_decay"] == SETTINGS.weight_decay
    assert vectors["weight_decay"] == 0


def test_step_seeds_differ():
    seeds = {step_seed(s, t, r) for s in range(3) for t in range(20) for r in range(3)}
    assert len(seeds) == 180


def test_curve_forgets_what_was_after_the_checkpoint(tmp_path):
    curve = Curve(tmp_path)
    for step in (1, 2, 3):
        curve.add("train", step, loss=1.0 / step)
    curve.close()
    with curve.path.open("a") as file:
        file.write('{"kind": "train", "st')  # killed in the middle of a line
    assert [p["step"] for p in read_curve(curve.path)] == [1, 2, 3]
    curve = Curve(tmp_path, step=2)
    curve.add("train", 3, loss=9.0)
    curve.close()
    assert [p["loss"] for p in read_curve(curve.path)] == [1.0, 0.5, 9.0]


def test_curve_in_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    curve = Curve(tmp_path, tensorboard=True)
    curve.add("train", 5, loss=0.25)
    curve.close()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("train/loss")] == [(5, 0.25)]


def test_a_folder_is_whole_or_not_there(tmp_path):
    target = tmp_path / "x"

    def broken(path):
        (path / "a").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        files.write_folder_atomically(target, broken)
    assert not target.exists()
    files.write_folder_atomically(target, lambda path: (path / "a").write_text("1"))
    files.write_folder_atomically(target, lambda path: (path / "b").write_text("2"))
    assert [p.name for p in target.iterdir()] == ["b"]
    files.remove_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def parts(seed):
    torch.manual_seed(seed)
    model = torch.nn.Linear(4, 3)
    model.bias.requires_grad_(False)
    optimiser = adamw(model, SETTINGS)
    return model, optimiser, torch.amp.GradScaler("cpu", enabled=False)


def move(model, optimiser):
    model(torch.ones(2, 4)).square().sum().backward()
    optimiser.step()
    optimiser.zero_grad()


def test_checkpoint_round_trip(tmp_path):
    model, optimiser, scaler = parts(1)
    move(model, optimiser)
    for step in (10, 20, 30):
        checkpoints.save(tmp_path, {"step": step, "loader": {"at": 3}}, model, optimiser, scaler, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-00000020", "step-00000030"]
    other, its_optimiser, scaler = parts(2)
    bias = other.bias.clone()
    loop = checkpoints.load(checkpoints.newest(tmp_path), other, its_optimiser, scaler)
    assert loop == {"step": 30, "loader": {"at": 3}}
    assert torch.equal(other.bias, bias)  # not trained, so not saved
    with torch.no_grad():
        other.bias.copy_(model.bias)
    move(model, optimiser)
    move(other, its_optimiser)
    assert torch.equal(model.weight, other.weight)


def test_no_checkpoint(tmp_path):
    assert checkpoints.newest(tmp_path / "none") is None
    (tmp_path / ".step-00000010-abc").mkdir()  # killed while writing
    assert checkpoints.newest(tmp_path) is None


def test_ahead_keeps_order_and_depth():
    made = []

    def make():
        for i in range(20):
            made.append(i)
            yield i

    with ahead(make, 3) as items:
        assert next(items) == 0
        assert list(itertools.islice(items, 4)) == [1, 2, 3, 4]
        assert len(made) <= 5 + 3 + 1
        assert list(items) == list(range(5, 20))


def test_ahead_stops_with_its_block():
    before = threading.active_count()
    with ahead(itertools.count, 2) as items:
        next(items)
    assert threading.active_count() == before


def test_ahead_raises_where_the_item_would_have_come():
    def make():
        yield 1
        raise ValueError("broken")

    with ahead(make, 2) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="broken"):
            next(items)


def test_loop_state_is_json(tmp_path):
    model, optimiser, scaler = parts(1)
    path = checkpoints.save(
        tmp_path, {"step": 1, "losses": {"a": None}}, model, optimiser, scaler, 1
    )
    assert json.loads((path / "loop.json").read_text()) == {"step": 1, "losses": {"a": None}}


def test_thick_captions_take_part_only_where_they_are_named():
    counts = {("know", "cs"): 4, ("ling", "cs"): 4, ("thick", "cs"): 4}
    unnamed = mixing_weights(counts, {"know": 1.0, "ling": 1.0}, {})
    assert [unnamed(source, "cs") for source in ("know", "ling", "thick")] == [1.0, 1.0, 0.0]
    assert mixing_weights(counts, {"thick": 1.0}, {})("thick", "cs") == 1.0
    filters = row_filters("train", {("thick", "cs")})
    assert filters[2][1:] == [("source", "=", "thick"), ("language", "not in", ["cs"])]
