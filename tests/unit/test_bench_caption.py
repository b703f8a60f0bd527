"""What the captioning benchmark plans, makes of its measurements, and shows."""

from __future__ import annotations

import io
import random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.caption import pictures, ratios, report, shapes, vllm_loop
from benchmarks.caption.__main__ import sameness
from benchmarks.caption.plan import CPU, CUDA, plan, turns


def _result(seconds: float, tokens: int = 100, **more: Any) -> dict[str, Any]:
    counts = {"pictures": tokens // 10, "tokens": tokens, "errors": 0, "work": None}
    return {"seconds": seconds, "cpu_seconds": 1.0, "utilisation": None} | counts | more


def _run(device: str = "cpu", **seconds: list[float]) -> dict[str, Any]:
    names = {"bare": ratios.BARE, "ours": ratios.OURS, "spark": ratios.SPARK, "one": ratios.ONE}
    return {
        "model": "embedded",
        "device": device,
        "weights": 1_500_000,
        "pictures": 10,
        "new_tokens": 10,
        "batch_sizes": 4,
        "notes": ["Spark is left out."],
        "recovery": None,
        "results": {names[name]: [_result(one) for one in each] for name, each in seconds.items()},
    }


def test_a_plan_is_the_usual_one_but_for_what_is_given() -> None:
    assert plan("cpu") == CPU
    assert plan("cuda:1", model=None).device == "cuda:1"
    assert plan("cuda:1").model == CUDA.model
    assert plan("cpu", pictures=8, model="qwen2-vl-tiny").slow_pictures == 8


@pytest.mark.parametrize("given", [{"pictures": 0}, {"rounds": 0}, {"threads": -1}])
def test_a_plan_of_nothing_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        plan("cpu", **given)


@given(st.lists(st.integers(), unique=True, max_size=6), st.integers(0, 20))
def test_each_has_its_turn_in_each_round(names: list[int], number: int) -> None:
    assert sorted(turns(names, number)) == sorted(names)


def test_another_one_begins_each_round() -> None:
    names = ["a", "b", "c", "d", "e"]
    assert len({turns(names, number)[0] for number in range(5)}) == 5


def test_ratios_are_of_the_same_round() -> None:
    found = ratios.ratios(_run(bare=[1.0, 2.0, 9.0], spark=[2.0, 2.0, 10.0]))
    (only,) = found
    assert only.name == "ours through Spark / bare loop"
    assert only.values == (0.5, 1.0, 0.9)
    assert (only.median, only.processor, only.reached) == (0.9, 1.0, True)


def test_speed_up_is_wanted_on_a_gpu_alone() -> None:
    by_device = {
        device: ratios.ratios(_run(device, ours=[1.0], one=[2.0])) for device in ("cpu", "cuda:0")
    }
    assert [(r.median, r.reached) for r in by_device["cpu"]] == [(2.0, None)]
    assert [(r.median, r.reached) for r in by_device["cuda:0"]] == [(2.0, False)]
    assert by_device["cuda:0"][0].processor is None


def test_programs_of_fewer_pictures_are_compared_by_their_rate() -> None:
    run = _run(ours=[1.0])
    run["results"][ratios.ONE] = [_result(1.0, tokens=20)]
    assert [r.median for r in ratios.ratios(run)] == [5.0]


def test_rates_by_hand() -> None:
    run = _run(ours=[1.0, 2.0, 4.0])
    ((name, speed, spread, spent, java, per_second, errors),) = report.rates(run)
    assert (name, speed, spread) == (ratios.OURS, "50.00", "25.00 – 100")
    assert (spent, java, per_second, errors) == ("10.000", "", "5.00", "0")
    run["results"][ratios.OURS][1]["java_seconds"] = 0.1
    run["results"][ratios.OURS][2]["java_seconds"] = 0.1
    assert report.rates(run)[0][4] == "1.000"


def test_the_stage_must_be_busy_on_a_gpu() -> None:
    run = _run("cuda", ours=[1.0])
    work = {"busy_share": 0.85, "wait_share": 0.1, "padding_share": 0.02, "calls": 3}
    run["results"][ratios.OURS][0] |= {"work": work, "utilisation": 0.97}
    ((_, busy, waiting, padding, told, calls, wanted, reached),) = report.stage(run)
    assert (busy, waiting, padding, told) == ("85.0 %", "10.0 %", "2.0 %", "97.0 %")
    assert (calls, wanted, reached) == ("3", "≥ 90.0 %", "NO")


def test_a_recovery_without_a_failure_shows_nothing() -> None:
    run = _run(ours=[1.0])
    told = {"how": "x", "pictures": 4, "rows": 4, "errors": 0, "shrunk": 0, "complete": True}
    for failures, answer in ((2, "yes"), (0, "NO")):
        run["recovery"] = told | {"failures": failures}
        assert report.recovery(run)[0][-1] == answer


def test_tables_are_whole_and_notes_are_told() -> None:
    run = _run(ours=[1.0], bare=[1.0], one=[4.0])
    lines = [line for line in report.markdown(run).splitlines() if line.startswith("|")]
    assert all(line.endswith(" |") for line in lines)
    assert len(lines) == 5 + 4
    assert "Spark is left out." in report.text(run)


def test_unequal_work_is_told() -> None:
    made = {"ours": [_result(1.0)], "one": [_result(1.0, tokens=90)]}
    assert sameness(made, plan("cpu", new_tokens=10)) == []
    made["spark"] = [_result(1.0, work={"calls": 2, "positions": 7})]
    made["ours"] = [_result(1.0, tokens=99, pictures=10, work={"calls": 2, "positions": 8})]
    assert len(sameness(made, plan("cpu", new_tokens=10))) == 2


def test_pictures_are_the_same_every_time_and_of_the_size_asked_for() -> None:
    made = pictures.table(3, 96)
    assert made.equals(pictures.table(3, 96))
    assert made.schema == pictures.SCHEMA
    with Image.open(io.BytesIO(made["bytes"][0].as_py())) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
    rng = random.Random(1)
    longer = sorted(max(pictures.size_of(rng, 640)) for _ in range(2001))
    assert 600 < longer[1000] < 680


@pytest.mark.parametrize(("name", "billions"), [("qwen2-vl-2b", 2.209), ("qwen2-vl-7b", 8.291)])
def test_shapes_have_the_published_number_of_weights(name: str, billions: float) -> None:
    import torch
    from transformers import Qwen2VLForConditionalGeneration

    with torch.device("meta"):
        model = Qwen2VLForConditionalGeneration(shapes.configuration(shapes.SHAPES[name]))
    assert sum(p.numel() for p in model.parameters()) / 1e9 == pytest.approx(billions, abs=1e-3)


def test_every_token_of_a_shape_has_a_text() -> None:
    tokens = shapes.tokenizer(1000)
    assert len(tokens) == 1000
    assert tokens.decode([999]).strip()
    assert len(tokens("Describe the picture in one sentence.")["input_ids"]) == 7


def test_vllm_is_asked_about_every_picture() -> None:
    asked = []

    class Engine:
        def chat(self, chats: list[Any], parameters: Any, use_tqdm: bool) -> list[Any]:
            asked.extend(chats)
            answer = SimpleNamespace(outputs=[SimpleNamespace(token_ids=[1, 2, 3])])
            return [answer] * len(chats)

    data = pictures.picture(1, 1, 64)
    assert vllm_loop.caption(Engine(), None, [data, data], "?") == 6
    kinds = [part["type"] for part in asked[1][0]["content"]]
    assert kinds == ["image_pil", "text"]
