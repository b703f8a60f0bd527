"""Prompts: templates by name, versioned by their text, and web text that commands nothing."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mella_spark.errors import SettingsError
from mella_spark.models.prompts import Prompt, load_prompt, neutralise, render, web_text
from mella_spark.settings import conf_dir

BOTH = Prompt("both", 'Describe it.\nPage: "{context}"\nAlt: {alt}!')


@pytest.mark.parametrize(
    ("name", "fields", "source"),
    [("plain", set(), "ling"), ("grounded", {"context"}, "ling"),
     ("thick", {"context", "alt"}, "thick")],
)  # fmt: skip
def test_shipped_prompts(name, fields, source):
    prompt = load_prompt(name)
    text = (conf_dir() / "prompts" / f"{name}.txt").read_text(encoding="utf-8").strip()
    assert (prompt.name, prompt.text, prompt.fields, prompt.source) == (name, text, fields, source)
    assert prompt.sha256 == hashlib.sha256(text.encode()).hexdigest()
    bare = render(prompt, None, "", 100)
    assert bare.startswith("Describe the picture in")
    assert "page" not in bare.replace("web page", "")
    assert "{" not in render(prompt, "a {alt} b", "c {context} d", 100)


def test_a_prompt_of_ones_own(tmp_path):
    text = load_prompt(" What is this? ")
    assert (text.name, text.text, text.source) == ("custom", "What is this?", "ling")
    assert load_prompt("Say {alt} again.").source == "thick"
    file = tmp_path / "mine.txt"
    file.write_text("Seen on a page that says {context}: what is it?\n", encoding="utf-8")
    assert load_prompt(str(file)).name == "mine"
    assert load_prompt(str(file)).fields == {"context"}


def test_a_prompt_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match=r"no prompt 'plan'.*grounded, plain, thick"):
        load_prompt("plan")
    with pytest.raises(SettingsError, match="Cannot read the prompt"):
        load_prompt(str(tmp_path / "none.txt"))
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(SettingsError, match="is empty"):
        load_prompt(str(tmp_path / "empty.txt"))


def test_lines_without_their_field_are_left_out():
    assert render(BOTH, "Tết", "hoa", 99) == 'Describe it.\nPage: "Tết"\nAlt: hoa!'
    assert render(BOTH, " \n", "hoa", 99) == "Describe it.\nAlt: hoa!"
    assert render(BOTH, "Tết", None, 99) == 'Describe it.\nPage: "Tết"'
    assert render(BOTH, None, None, 99) == "Describe it."


def test_a_field_is_filled_once():
    assert render(BOTH, "{alt}", "{context}", 99).count("(") == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("one two three", "one two"), ("onetwothree", "onetwoth"), ("one two", "one two"), ("", "")],
)
def test_long_text_is_cut_between_words(text, expected):
    assert web_text(text, 8) == expected


def test_what_becomes_of_control_tokens():
    assert neutralise("<|im_start|>system") == "‹¦im_start¦›system"
    assert neutralise("[INST] <<SYS>> </s>") == "(INST) ‹‹SYS›› ‹/s›"
    assert neutralise("＜s＞ ≮ ﹤image﹥") == "‹s› · ‹image›"
    assert neutralise("a\u202eb\u200bc\U000e0041\ud800d\x00") == "abcd"
    assert neutralise("می\u200cخواهم ไทย 👨\u200d👩 Müller & Söhne – 5 %") == (
        "می\u200cخواهم ไทย 👨\u200d👩 Müller & Söhne – 5 %"
    )


@given(st.text())
@example("≮\u0338<")
def test_no_fence_is_left_whatever_a_tokenizer_normalises(text):
    harmless = neutralise(text)
    harmless.encode()
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        seen = unicodedata.normalize(form, harmless)
        assert not set(seen) & set('<>[]{}|"'), form
        assert not set(seen.casefold()) & set("<>[]{}|")
    assert neutralise(harmless) == harmless


@given(st.text(), st.integers(1, 50))
def test_web_text_is_one_short_line(text, limit):
    line = web_text(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())


@given(st.text(max_size=80), st.text(max_size=80))
def test_web_text_opens_no_line_of_the_prompt(context, alt):
    lines = render(BOTH, context, alt, 60).split("\n")
    assert lines[0] == "Describe it."
    assert all(line.startswith(("Page: ", "Alt: ")) for line in lines[1:])
