"""Keys: what decides an answer changes them, and nothing else does."""

from __future__ import annotations

import shutil

import pytest

from mella_spark.models import caption_key, translate_key, translator_name
from mella_spark.models.keys import folder_digest
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
]


@pytest.mark.parametrize(
    "change", [*COMMON, {"prompt": "What is this?"}, {"max_pixels": 7}, {"max_aspect": 7.0}]
)
def test_what_decides_a_caption_changes_its_key(change):
    assert caption_key(CAPTION.model_copy(update=change)) != caption_key(CAPTION)


@pytest.mark.parametrize("change", [{"batch_size": 1}, {"device": "cpu"}, {"batch_pictures": 3}])
def test_what_does_not_decide_a_caption_leaves_its_key(change):
    assert caption_key(CAPTION.model_copy(update=change)) == caption_key(CAPTION)


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
