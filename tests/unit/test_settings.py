"""Settings: precedence, validation, and that every default is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from mella_spark.errors import SettingsError
from mella_spark.settings import Settings, conf_dir, load_settings


def test_precedence_is_command_line_environment_profile_file(tmp_path: Path) -> None:
    conf = tmp_path / "mine.yaml"
    conf.write_text("caption:\n  dtype: float16\n  batch_size: 3\nfetch:\n  attempts: 9\n")
    environment = {"MELLA_CAPTION__BATCH_SIZE": "5", "MELLA_LAKE__SHUFFLE_PARTITIONS": "11"}
    loaded = load_settings(conf, "cluster", ["lake.shuffle_partitions=12"], environment)
    assert loaded.fetch.attempts == 9  # file over shipped defaults
    assert loaded.caption.dtype == "bfloat16"  # profile over file
    assert loaded.caption.batch_size == 5  # environment over profile and file
    assert loaded.lake.shuffle_partitions == 12  # command line over environment


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("fetch.ordr=[web]", ["fetch.ordr", "unknown", "'order'"]),
        ("fetch.attempts=-1", ["fetch.attempts", "greater than 0", "-1"]),
        ("fetch.order=[carrier_pigeon]", ["fetch.order.0", "archive"]),
        ("nonsense.key=1", ["nonsense", "unknown"]),
        ("fetch.attempts", ["no '='"]),
        ("fetch=1", ["section.key=value"]),
        ("languages.targets=[cs, xx]", ["languages", "not described", "xx"]),
        ("languages.targets=[]", ["languages.targets", "at least 1"]),
        ("assemble.train_share=0.95", ["assemble", "test"]),
        ("caption.prompt=[", ["caption.prompt", "YAML"]),
    ],
)
def test_a_wrong_setting_is_named(override: str, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(overrides=[override], environment={})
    for word in words:
        assert word in str(caught.value)
    assert caught.value.exit_code == 2


def test_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"cluster.*databricks.*local"):
        load_settings(profile="../mella", environment={})


def test_unreadable_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Cannot read"):
        load_settings(tmp_path / "none.yaml", environment={})
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_settings(broken, environment={})
    broken.write_text("- a\n- b\n")
    with pytest.raises(SettingsError, match="sections"):
        load_settings(broken, environment={})


@pytest.mark.parametrize("profile", sorted(p.stem for p in (conf_dir() / "profiles").glob("*")))
def test_every_profile_is_valid(profile: str) -> None:
    assert isinstance(load_settings(profile=profile, environment={}), Settings)


def test_every_setting_has_a_comment_and_a_default_in_the_file() -> None:
    text = (conf_dir() / "mella.yaml").read_text(encoding="utf-8")
    shipped = yaml.safe_load(text)
    for section, field in Settings.model_fields.items():
        if section == "spark":
            continue
        assert set(shipped[section]) == set(field.annotation.model_fields)
        block = re.search(rf"^{section}:\n((?:  .*\n|\n)+)", text, re.MULTILINE)
        assert block, section
        previous = ""
        for line in block.group(1).splitlines():
            if re.match(r"  \w+:", line):
                assert previous.lstrip().startswith("#"), f"{section}: {line} has no comment"
            previous = line
