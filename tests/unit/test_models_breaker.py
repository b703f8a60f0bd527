"""A server that dies under way: the first rows find out, the others do not wait for it as well."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from chat_server import Reply, completion, serve
from hypothesis import given
from hypothesis import strategies as st
from models_tiny import caption_settings
from PIL import Image

from mella_spark.models.breaker import Breaker
from mella_spark.models.chat import Question
from mella_spark.models.openai import OpenAIChat
from udfs.caption import caption_batches

FAILURES, REST = 8, 30.0
GOOD = Reply(body=completion("A lantern."))
QUESTIONS = [Question(f"q{i}") for i in range(200)]


class Patience:
    """Counts the waits that a client would have taken, and is its clock."""

    def __init__(self):
        self.waits, self.time = [], 1000.0

    def chat(self, url, **changes):
        chosen = {"server_attempts": 3, "server_concurrency": 4, **changes}
        limits = {"server_failures": FAILURES, "server_rest_seconds": REST}
        settings = caption_settings("tiny", backend="openai", server_url=url, **chosen, **limits)
        return OpenAIChat(settings, 7, 100, {}, self.waits.append, lambda: self.time)


def kinds(answers) -> list[str]:
    return [(one.error or "good").split(":")[0] for one in answers]


def test_a_server_that_dies_costs_its_first_rows_alone():
    patience = Patience()
    with serve(lambda body, count: GOOD) as server:
        chat = patience.chat(server.url)
        assert kinds(chat.ask(QUESTIONS[:20])) == ["good"] * 20
    made = chat.ask(QUESTIONS)
    assert all(one.text is None and one.error for one in made)
    down = kinds(made).count("ServerDown")
    assert len(QUESTIONS) - down <= FAILURES + 3  # those that found out, and those then under way
    assert FAILURES <= len(patience.waits) <= 2 * (FAILURES + 3)
    [last] = chat.ask([Question("x")])
    assert "ServerDown" in last.error
    assert "Connection" in last.error  # what is wrong, not only that something is


def test_it_is_asked_again_after_a_rest_and_used_when_it_is_back():
    patience = Patience()
    with serve(lambda body, count: GOOD) as server:
        chat = patience.chat(server.url, server_concurrency=1)
        assert kinds(chat.ask(QUESTIONS[:2])) == ["good"] * 2
    first = kinds(chat.ask(QUESTIONS[:20]))
    assert first[FAILURES:] == ["ServerDown"] * 12
    assert "ServerDown" not in first[:FAILURES]
    waited = len(patience.waits)
    patience.time += REST
    tried, *others = kinds(chat.ask(QUESTIONS[:5]))
    assert tried != "ServerDown"
    assert others == ["ServerDown"] * 4
    assert len(patience.waits) == waited  # one try, and no patience
    with serve(lambda body, count: GOOD, urlsplit(server.url).port) as back:
        assert kinds(chat.ask(QUESTIONS[:2])) == ["ServerDown"] * 2  # not before the time
        assert back.requests == []
        patience.time += REST
        assert kinds(chat.ask(QUESTIONS[:20])) == ["good"] * 20
    assert "ServerDown" not in kinds(chat.ask(QUESTIONS[:FAILURES]))  # and it counts anew


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_one_that_is_only_broken_is_left_alone_too(status):
    patience = Patience()
    with serve(lambda body, count: Reply(status, {"error": "CUDA error"})) as server:
        made = patience.chat(server.url).ask(QUESTIONS)
        assert len(server.requests) <= 3 * (FAILURES + 3)
    assert set(kinds(made)) == {f"HTTP {status}", "ServerDown"}
    assert f"HTTP {status}: CUDA error" in made[-1].error


@pytest.mark.parametrize("status", [400, 401, 408, 429])
def test_one_that_refuses_is_alive(status):
    with serve(lambda body, count: Reply(status, {"error": "no"})) as server:
        made = Patience().chat(server.url).ask(QUESTIONS[:40])
    assert set(kinds(made)) == {f"HTTP {status}"}


def test_rows_that_break_it_do_not_speak_for_the_others():
    def answer(body, count):
        number = int(body["messages"][0]["content"][1:])
        return GOOD if number % FAILURES == 0 else Reply(500, {"error": "bad row"})

    with serve(answer) as server:
        made = Patience().chat(server.url, server_concurrency=1).ask(QUESTIONS[:40])
    assert kinds(made) == [("HTTP 500", "good")[i % FAILURES == 0] for i in range(40)]


def test_a_row_that_is_answered_in_the_end_is_a_sign_of_life():
    with serve(lambda body, count: GOOD if count % 3 == 2 else Reply(503, {})) as server:
        made = Patience().chat(server.url, server_concurrency=1).ask(QUESTIONS[:30])
    assert kinds(made) == ["good"] * 30


def test_every_row_of_the_stage_has_its_answer():
    packed = io.BytesIO()
    Image.new("RGB", (30, 30), "green").save(packed, "PNG")
    count = 60
    rows = {
        "image_sha256": [f"{i}" for i in range(count)],
        "bytes": [packed.getvalue()] * count,
        "warc_file": ["w"] * count,
    }
    with serve(lambda body, count: GOOD) as server:
        pass
    settings = caption_settings(
        "tiny", backend="openai", server_url=server.url, server_attempts=2, idle_seconds=0.0,
        server_backoff_seconds=0.0, server_failures=4, server_concurrency=2, batch_size=8,
    )  # fmt: skip
    made = pa.Table.from_batches(
        caption_batches(iter([pa.RecordBatch.from_pydict(rows)]), settings)
    )
    assert made["image_sha256"].to_pylist() == rows["image_sha256"]
    assert made["text"].null_count == count
    errors = made["error"].to_pylist()
    assert sum(error.startswith("ServerDown") for error in errors) >= count - 4 - 1


@given(
    st.integers(1, 4),
    st.lists(st.sampled_from(["good", "bad", "wait", "ask"]), max_size=40),
)
def test_it_opens_after_so_many_in_a_row_and_closes_at_the_first_answer(failures, events):
    clock = [0.0]
    breaker = Breaker(failures, 1.0, lambda: clock[0])
    in_a_row, opened_at = 0, None
    for event in events:
        if event == "good":
            breaker.answered()
            in_a_row, opened_at = 0, None
        elif event == "bad":
            breaker.gave_up("x")
            in_a_row += 1
            opened_at = clock[0] if in_a_row >= failures else None
        elif event == "wait":
            clock[0] += 0.5
        else:
            due = opened_at is None or clock[0] - opened_at >= 1.0
            assert breaker.admit() == due
            if due and opened_at is not None:
                opened_at = clock[0]
        assert breaker.is_open == (opened_at is not None)
