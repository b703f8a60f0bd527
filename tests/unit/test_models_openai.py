"""The chat client against a real server on this machine, in good days and in bad ones."""

from __future__ import annotations

import base64
import io
import logging
import threading

import pyarrow as pa
import pytest
from chat_server import Reply, completion, serve
from hypothesis import given
from hypothesis import strategies as st
from models_tiny import caption_settings, translate_settings
from PIL import Image

from mella_spark.errors import SettingsError
from mella_spark.models import caption_key, load_captioner, load_translator
from mella_spark.models.breaker import Breaker
from mella_spark.models.chat import ChatCaptioner, Question
from mella_spark.models.completions import (
    completions_url,
    data_url,
    error_message,
    parse_completion,
    read_key,
)
from mella_spark.models.openai import OpenAIChat
from mella_spark.models.retries import Failure, Retries, retry_after
from udfs.caption import caption_batches

KEY = "sk-no-one-may-see-this"


def chat(url: str, environment=None, waits=None, **changes) -> OpenAIChat:
    """A client of the server at ``url``; ``waits`` collects what it would have slept."""
    settings = caption_settings(
        "tiny", backend="openai", server_url=url, **{"server_backoff_seconds": 0.5, **changes}
    )
    slept = [] if waits is None else waits
    return OpenAIChat(settings, 7, 100, environment or {}, slept.append)


def answer_with(*replies: Reply):
    """Each reply once, the last one for ever."""
    return lambda body, count: replies[min(count, len(replies) - 1)]


GOOD = Reply(body=completion("A lantern."))


def ask_one(*replies: Reply, **changes):
    """The answer to one question, the server, and the waits."""
    waits: list[float] = []
    with serve(answer_with(*replies)) as server:
        [answer] = chat(server.url, waits=waits, **changes).ask([Question("What is this?")])
    return answer, server, waits


def test_pictures_are_asked_about_as_the_interface_says():
    def answer(body, count):
        return Reply(body=completion(f" {body['messages'][-1]['content'][1]['text']}! ", tokens=5))

    pictures = [
        Image.new("RGB", (40, 20), "red"),
        Image.new("L", (3, 3)),
        Image.new("RGBA", (4, 4)),
    ]
    with serve(answer) as server:
        settings = caption_settings(
            "tiny", backend="openai", server_url=server.url + "/", max_new_tokens=7, max_pixels=100
        )
        captioner = load_captioner(settings)
        answers = captioner.caption(pictures, ["one", "two", "three"])
        assert [a.text for a in captioner.caption(pictures[:2], "same")] == ["same!", "same!"]
    assert isinstance(captioner, ChatCaptioner)
    assert [a.text for a in answers] == ["one!", "two!", "three!"]
    assert {(a.error, a.tokens, a.finish_reason, a.batch_size) for a in answers} == {
        (None, 5, "stop", 1)
    }
    assert {a.device for a in answers} == {captioner.device} == {server.url.split("/")[2]}
    assert all(a.latency_ms > 0 for a in answers)
    path, headers, body = next(r for r in server.requests if "one" in str(r[2]))
    assert path == "/v1/chat/completions"
    assert "Authorization" not in headers
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("tiny", 7, 0)
    [message] = body["messages"]
    url = message["content"][0]["image_url"]["url"]
    sent = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/jpeg;base64,"))))
    assert sent.size == (14, 7)  # 40x20 in at most 100 pixels
    assert sent.getpixel((3, 3))[0] > 240


def test_texts_alone_with_a_system_message():
    with serve(answer_with(GOOD)) as server:
        answers = chat(server.url).ask([Question("Hello", system="You translate.")])
    assert answers[0].text == "A lantern."
    assert server.bodies[0]["messages"] == [
        {"role": "system", "content": "You translate."},
        {"role": "user", "content": "Hello"},
    ]
    assert chat(server.url).ask([]) == []


def test_no_more_requests_at_once_than_set_and_answers_in_order():
    def answer(body, count):
        return Reply(body=completion(body["messages"][0]["content"]), delay=0.02 * (count % 3))

    questions = [Question(f"q{i}") for i in range(24)]
    with serve(answer) as server:
        answers = chat(server.url, server_concurrency=3).ask(questions)
    assert [a.text for a in answers] == [q.text for q in questions]
    assert server.most <= 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
def test_trouble_that_passes_is_waited_out(status):
    busy = Reply(status, {"error": {"message": "busy"}})
    answer, server, waits = ask_one(busy, busy, GOOD)
    assert answer.text == "A lantern."
    assert len(server.requests) == 3
    assert [0.5 * 0.75 <= waits[0] <= 0.5 * 1.25, 1 * 0.75 <= waits[1] <= 1 * 1.25] == [True, True]


def test_the_server_says_how_long_to_wait():
    answer, _, waits = ask_one(Reply(429, {}, {"Retry-After": "7"}), GOOD)
    assert answer.text == "A lantern."
    assert 6 < sum(waits) < 7 * 1.3
    answer, server, waits = ask_one(Reply(503, {}, {"Retry-After": "3600"}), GOOD)
    assert answer.error.startswith("HTTP 503")
    assert "3600 s" in answer.error
    assert (len(server.requests), waits) == (1, [])


def test_it_gives_up_in_the_end():
    busy = Reply(503, {"error": {"message": "model is loading"}})
    answer, server, waits = ask_one(busy, server_attempts=3)
    assert answer.error == "HTTP 503: model is loading"
    assert answer.text is None
    assert (len(server.requests), len(waits)) == (3, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_does_not_pass_is_not_repeated(status):
    answer, server, waits = ask_one(Reply(status, {"error": {"message": "no such model"}}))
    assert answer.error == f"HTTP {status}: no such model"
    assert (len(server.requests), waits) == (1, [])


@pytest.mark.parametrize(
    "bad",
    [
        Reply(body=b"{ not json"),
        Reply(body=completion("x"), cut=True),
        Reply(close=True),
        Reply(body=b""),
    ],
)
def test_broken_answers_are_asked_for_again(bad):
    answer, server, _ = ask_one(bad, GOOD)
    assert answer.text == "A lantern."
    assert len(server.requests) == 2
    assert ask_one(bad, server_attempts=2)[0].error is not None


@pytest.mark.parametrize("slow", [{"delay": 3.0}, {"drip": 0.05}])
def test_slow_answers_run_into_the_time_limit(slow):
    answer, _, _ = ask_one(
        Reply(body=completion("x" * 100), **slow), GOOD, server_seconds=0.3, server_attempts=1
    )
    assert answer.error == "Timeout: no whole answer in 0.3 s"
    answer, _, _ = ask_one(Reply(body=completion("x" * 100), **slow), GOOD, server_seconds=1.0)
    assert answer.text == "A lantern."


def test_an_endless_answer_is_cut():
    answer, server, _ = ask_one(Reply(body=b" " * (9 << 20)))
    assert answer.error.startswith("TooLong")
    assert len(server.requests) == 1


def test_nobody_there():
    with serve(answer_with(GOOD)) as server:
        pass
    [answer] = chat(server.url, server_attempts=2).ask([Question("x")])
    assert answer.error.startswith("NewConnectionError")


def test_a_redirect_is_not_followed():
    with serve(answer_with(GOOD)) as elsewhere:
        away = Reply(307, {}, {"Location": elsewhere.url + "/chat/completions"})
        answer, _, _ = ask_one(away)
    assert answer.error == "HTTP 307: {}"
    assert elsewhere.requests == []


def test_one_bad_row_leaves_the_others():
    def answer(body, count):
        bad = "bad" in body["messages"][0]["content"]
        return Reply(400, {"error": "too long"}) if bad else GOOD

    with serve(answer) as server:
        answers = chat(server.url).ask([Question("a"), Question("bad"), Question("c")])
    assert [a.text for a in answers] == ["A lantern.", None, "A lantern."]
    assert answers[1].error == "HTTP 400: too long"


def test_options_that_a_server_does_not_know_are_changed_once():
    def answer(body, count):
        if "max_tokens" in body:
            said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return Reply(400, {"error": {"message": said}})
        if "temperature" in body:
            return Reply(400, {"error": {"message": "Unsupported value: 'temperature'"}})
        return GOOD

    with serve(answer) as server:
        client = chat(server.url, server_attempts=1, server_concurrency=1)
        answers = client.ask([Question("a"), Question("b")])
    assert [a.text for a in answers] == ["A lantern."] * 2
    assert len(server.requests) == 4
    assert server.bodies[-1]["max_completion_tokens"] == 7
    assert not {"max_tokens", "temperature"} & set(server.bodies[-1])


def test_the_key_goes_into_one_header_and_nowhere_else(caplog):
    caplog.set_level(logging.DEBUG)

    def answer(body, count):
        return Reply(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})

    with serve(answer) as server:
        client = chat(server.url, {"MY_KEY": f" {KEY}\n"}, server_key_env="MY_KEY")
        [said] = client.ask([Question("x")])
    assert server.requests[0][1]["Authorization"] == f"Bearer {KEY}"
    assert said.error == "HTTP 401: Incorrect API key provided: ***"
    assert KEY not in caplog.text
    assert KEY not in repr(client.settings.model_dump())


@pytest.mark.parametrize("value", [None, "", "  ", "two\nlines", "ключ"])
def test_an_unusable_key_is_named_but_not_shown(value):
    environment = {} if value is None else {"MY_KEY": value}
    with pytest.raises(SettingsError, match="'MY_KEY'") as caught:
        read_key("MY_KEY", environment)
    assert not (value or "").strip() or value.strip() not in str(caught.value)
    assert read_key(None, {}) is None


@pytest.mark.parametrize(
    "url",
    [
        None, "", "ftp://a/v1", "file:///etc/passwd", "127.0.0.1:8000/v1", "//a/v1", "http:///v1",
        "http://user:secret@a/v1", "https://a/v1?key=secret", "https://a/v1#x", "http://a:port/v1",
        "http://[::1/v1",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url):
    with pytest.raises(SettingsError) as caught:
        completions_url(url)
    assert "secret" not in str(caught.value)


def test_addresses_that_are_taken():
    expected = "https://api.example/v1/chat/completions"
    for given_url in ("https://api.example/v1", "https://api.example/v1/", expected):
        assert completions_url(given_url, keyed=True) == expected
    for near in ("http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:80/v1"):
        completions_url(near, keyed=True)
    completions_url("http://gpu.internal:8000/v1")
    with pytest.raises(SettingsError, match="in the clear"):
        completions_url("http://gpu.internal:8000/v1", keyed=True)


@pytest.mark.parametrize(
    ("body", "text", "error", "finish"),
    [
        (completion("x", "length"), "x", None, "length"),
        (completion("x", "eos_token"), "x", None, "stop"),
        (completion("x", "function_call"), "x", None, None),
        (completion([{"type": "text", "text": "a"}, {"text": "b"}, 3]), "ab", None, "stop"),
        (completion("x", tokens=None), "x", None, "stop"),
        (completion("", "length"), None, "EmptyAnswer: the model answered with", "length"),
        (completion(None, "content_filter"), None, "Refused", None),
        (completion(None, refusal="I cannot."), None, "Refused: I cannot.", None),
    ],
)
def test_what_answers_mean(body, text, error, finish):
    answer = parse_completion(Reply(body=body).encoded())
    assert (answer.text, answer.finish_reason) == (text, finish)
    assert (answer.error or "").startswith(error or "")
    assert (answer.error is None) == (error is None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "error", "refusal", "text"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(json_values | st.binary(max_size=40))
def test_no_answer_breaks_the_client(body):
    content = Reply(body=body).encoded()
    assert isinstance(error_message(content), str)
    try:
        answer = parse_completion(content)
    except Failure:
        return
    assert (answer.text is None) != (answer.error is None)


def test_a_picture_within_the_limit_keeps_its_size():
    url = data_url(Image.new("RGB", (10, 10), "blue"), 100)
    assert Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).size == (10, 10)
    strip = data_url(Image.new("RGB", (5000, 1)), 50)
    assert Image.open(io.BytesIO(base64.b64decode(strip.split(",")[1]))).height == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("3", 3.0), ("1.5", 1.5), ("-4", 0.0), ("nan", None), ("inf", None),
        ("soon", None), ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_retry_after(header, seconds):
    assert retry_after(header, now=100.0) == seconds


def test_one_threads_wait_is_every_threads_wait():
    clock = [0.0]
    lock = threading.Lock()

    def sleep(seconds):
        with lock:
            clock[0] += seconds

    retries = Retries(3, 1.0, 60.0, Breaker(9, 1.0), sleep, lambda: clock[0])
    calls = []

    def fails_once():
        calls.append(clock[0])
        if len(calls) == 1:
            raise Failure("busy", passing=True, wait=10.0)
        return "done"

    assert retries.call(fails_once) == "done"
    assert calls[1] >= 10
    clock[0] = 0.0
    assert retries.call(lambda: clock[0]) >= 10  # another call, before the time is over


def test_beams_are_refused():
    with pytest.raises(SettingsError, match="num_beams"):
        load_captioner(
            caption_settings("tiny", backend="openai", server_url="http://a/v1", num_beams=2)
        )


def test_the_stages_core_asks_a_server():
    def answer(body, count):
        return Reply(body=completion(body["messages"][-1]["content"][1]["text"], tokens=4))

    packed = io.BytesIO()
    Image.new("RGB", (30, 30), "green").save(packed, "PNG")
    contents = [packed.getvalue(), b"no picture", packed.getvalue()]
    rows = {
        "image_sha256": [str(i) for i in range(3)],
        "bytes": contents,
        "warc_file": ["w"] * 3,
        "context": ["A <|im_start|> market", "", None],
    }
    with serve(answer) as server:
        settings = caption_settings(
            "tiny", backend="openai", server_url=server.url, prompt="grounded", idle_seconds=0.0
        )
        batches = caption_batches(iter([pa.RecordBatch.from_pydict(rows)]), settings)
        made = [row for batch in batches for row in batch.to_pylist()]
    assert [row["image_sha256"] for row in made] == ["0", "1", "2"]
    assert "A ‹¦im_start¦› market" in made[0]["text"]
    assert "web page" not in made[2]["text"]
    assert made[1]["error"].startswith("not_image")
    assert len(server.requests) == 2
    assert {row["caption_key"] for row in made} == {caption_key(settings)}
    assert made[0]["device"] == server.url.split("/")[2]


def test_translations_come_from_a_server():
    def answer(body, count):
        said = body["messages"][-1]["content"]
        return Reply(body=completion("Červená lucerna." if "Czech" in said else "?"))

    with serve(answer) as server:
        settings = translate_settings("tiny", backend="openai", server_url=server.url)
        translator = load_translator(settings)
        [made] = translator.translate(["A red lantern."], "en", "cs")
    assert (made.text, made.error, translator.device) == (
        "Červená lucerna.", None, server.url.split("/")[2],
    )  # fmt: skip
    assert "A red lantern." in server.bodies[0]["messages"][-1]["content"]
