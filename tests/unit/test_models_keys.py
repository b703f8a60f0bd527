"""Keys: what decides an answer changes them, and nothing else does."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.models import caption_key, translate_key, translator_name
from mella_spark.models.keys import caption_source, folder_digest
from mella_spark.settings import load_settings

SETTINGS = load_settings(environment={})
CAPTION = SETTINGS.caption.model_copy(update={"model": "someone/some-vlm"})
TRANSLATE = SETTINGS.translate.model_copy(update={"model": "someone/some-translator"})
COMMON = [
    {"model": "someone/another"},
    {"revision": "abc"},
    {"dtype": "bfloat16"},
    {"max_new_tokens": 7},
    {"num_beams": 2},
    {"backend": "vllm"},
    {"quantisation": "int8"},
]


DECIDING = {
    "model": st.sampled_from(["someone/some-vlm", "someone/another", "another/some-vlm"]),
    "revision": st.sampled_from([None, "main", "abc"]),
    "dtype": st.sampled_from(["auto", "float32", "bfloat16", "float16"]),
    "quantisation": st.sampled_from(["none", "int8", "int4"]),
    "backend": st.sampled_from(["transformers", "vllm", "openai"]),
    "prompt": st.sampled_from(["plain", "thick", "What is this?", "Where is {context}?"]),
    "max_new_tokens": st.integers(1, 3),
    "num_beams": st.integers(1, 3),
    "max_pixels": st.integers(1, 3),
    "max_aspect": st.sampled_from([7.0, 8.0]),
}
FREE = {
    "batch_size": st.integers(1, 99),
    "device": st.sampled_from(["auto", "cpu", "cuda:1"]),
    "batch_pictures": st.integers(1, 99),
    "max_error_rate": st.floats(0, 1),
    "refuse_pixels": st.integers(1, 99),
    "vllm_memory_share": st.floats(0.1, 0.9),
    "server_url": st.sampled_from([None, "https://a.example/v1"]),
    "server_key_env": st.sampled_from([None, "KEY"]),
    "server_concurrency": st.integers(1, 99),
    "server_attempts": st.integers(1, 9),
    "server_failures": st.integers(1, 9),
}


@given(*[st.fixed_dictionaries(parts) for parts in (DECIDING, DECIDING, FREE, FREE)])
def test_a_caption_is_known_by_what_decides_it_and_by_nothing_else(one, other, free, freer):
    keys = [
        caption_key(CAPTION.model_copy(update={**deciding, **rest}))
        for deciding, rest in ((one, free), (other, freer))
    ]
    assert (keys[0] == keys[1]) == (one == other)


@given(st.fixed_dictionaries(DECIDING), st.sampled_from(sorted(DECIDING)), st.data())
def test_any_one_change_makes_another_key(settings, changed, data):
    other = data.draw(DECIDING[changed].filter(lambda value: value != settings[changed]))
    keys = {
        caption_key(CAPTION.model_copy(update=update))
        for update in (settings, {**settings, changed: other})
    }
    assert len(keys) == 2
    assert {len(key) for key in keys} == {32}


def test_the_way_to_the_pixels_decides(monkeypatch):
    torchvision = caption_key(CAPTION)
    assert caption_key(CAPTION.model_copy(update={"image_backend": "pil"})) != torchvision
    for served in ("vllm", "openai"):  # which make pixels by themselves
        asked = CAPTION.model_copy(update={"backend": served})
        other = asked.model_copy(update={"image_backend": "pil"})
        assert caption_key(asked) == caption_key(other)
    monkeypatch.setattr("PIL.__version__", "11.3.0")
    eleven = caption_key(CAPTION)
    assert eleven != torchvision
    monkeypatch.setattr("PIL.__version__", "11.4.1")
    assert caption_key(CAPTION) == eleven


def test_web_text_counts_only_where_the_prompt_has_it():
    for prompt, equal in (("plain", True), ("grounded", False)):
        one, other = (
            caption_key(CAPTION.model_copy(update={"prompt": prompt, "web_text_chars": chars}))
            for chars in (100, 200)
        )
        assert (one == other) == equal


def test_a_prompt_is_known_by_its_text(tmp_path):
    files = [tmp_path / name for name in ("a.txt", "b.txt")]
    for file in files:
        file.write_text("What is this?\n")
    prompts = ["What is this?", *map(str, files)]
    asked = [CAPTION.model_copy(update={"prompt": prompt}) for prompt in prompts]
    assert len({caption_key(settings) for settings in asked}) == 1
    files[0].write_text("What is that?\n")
    assert caption_key(asked[1]) != caption_key(asked[0])


def test_captions_that_have_seen_the_alt_are_told_by_their_key():
    for prompt, source in (
        ("plain", "ling"), ("grounded", "ling"), ("thick", "thick"), ("Mend {alt}.", "thick"),
    ):  # fmt: skip
        key = caption_key(CAPTION.model_copy(update={"prompt": prompt}))
        assert caption_source(key) == source
        assert key.startswith("thick-") == (source == "thick")


@pytest.mark.parametrize("change", COMMON)
def test_what_decides_a_translation_changes_its_key_and_name(change):
    changed = TRANSLATE.model_copy(update=change)
    assert translate_key(changed) != translate_key(TRANSLATE)
    assert translator_name(changed) != translator_name(TRANSLATE)


def test_limits_of_the_checks_leave_the_key_of_a_translation():
    changed = TRANSLATE.model_copy(update={"min_script_share": 0.9, "batch_size": 2})
    assert translate_key(changed) == translate_key(TRANSLATE)


def test_a_folder_is_known_by_its_files(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / "config.json").write_text("{}")
    (first / "model.safetensors").write_bytes(b"weights")
    shutil.copytree(first, second)
    (second / "README.md").write_text("says nothing about the weights")
    keys = [
        caption_key(CAPTION.model_copy(update={"model": str(folder)})) for folder in (first, second)
    ]
    assert keys[0] == keys[1]
    (second / "model.safetensors").write_bytes(b"WEIGHTS")
    assert folder_digest(first) != folder_digest(second)


def test_large_files_are_told_apart_by_windows(tmp_path, monkeypatch):
    monkeypatch.setattr("mella_spark.models.keys._WHOLE_BYTES", 1000)
    monkeypatch.setattr("mella_spark.models.keys._WINDOW_BYTES", 100)
    digests = set()
    for i, changed in enumerate((None, 0, 2499, 4999)):
        folder = tmp_path / str(i)
        folder.mkdir()
        content = bytearray(5000)
        if changed is not None:
            content[changed] = 1
        (folder / "model.safetensors").write_bytes(content)
        digests.add(folder_digest(folder))
    assert len(digests) >= 3  # both ends always count, the middle where a window covers it


def test_keys_of_the_shipped_models():
    assert caption_key(SETTINGS.caption) != translate_key(SETTINGS.translate)
    assert len(caption_key(SETTINGS.caption)) == 32
    assert translator_name(SETTINGS.translate).startswith("embedded#")
