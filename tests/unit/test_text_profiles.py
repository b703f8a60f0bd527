"""conf/languages.yaml: complete, consistent, and the only place a language is added."""

import pytest
from pydantic import ValidationError

from mella_spark.errors import SettingsError
from mella_spark.settings import load_settings
from mella_spark.text.language import identify
from mella_spark.text.profiles import languages_of_domain, load_languages
from mella_spark.text.scripts import script_counts, script_share

LANGUAGES = load_languages()
TARGETS = load_settings(environment={}).languages.targets


def test_all_targets_and_the_pivot_are_described():
    assert set(TARGETS) | {"en"} <= set(LANGUAGES)


@pytest.mark.parametrize("code", [*TARGETS, "en"])
def test_prompts_are_written_in_the_language(code):
    language = LANGUAGES[code]
    for prompt in (*language.prompts.know, *language.prompts.ling):
        assert script_share(prompt, (language.script,)) == 1.0
    assert identify(" ".join(language.prompts.know))[0] == code
    assert identify(" ".join(language.prompts.ling))[0] == code
    assert len(set(language.prompts.know)) >= 3


@pytest.mark.parametrize("code", [*TARGETS, "en"])
def test_text_of_a_language_stays_in_its_alphabet(code):
    language = LANGUAGES[code]
    if language.alphabet:
        assert {*script_counts(language.letters)} == set(language.scripts)
        text = language.endonym + "".join(language.prompts.know + language.prompts.ling)
        letters = {c for c in text.lower() if c.isalpha()}
        assert letters <= language.alphabet


@pytest.mark.parametrize(
    ("host", "codes"),
    [
        ("www.example.cz", ("cs",)),
        ("example.com.vn", ("vi",)),
        ("пример.рф", ("ru",)),
        ("xn--e1afmkfd.xn--p1ai", ("ru",)),
        ("example.xn--90a3ac", ("sr",)),
        ("example.xn--o3cw4h", ("th",)),
        ("example.xn--3e0b707e", ("ko",)),
        ("example.xn--wgbh1c", ("ar",)),
        ("EXAMPLE.HU.", ("hu",)),
        ("example.com", ()),
        ("cz", ("cs",)),
        ("", ()),
    ],
)
def test_country_domains(host, codes):
    assert languages_of_domain(host, LANGUAGES) == codes


BLOCK = """
xx:
  name: Example
  endonym: example
  iso639_3: xxa
  scripts: [Latn]
  prompts: {know: ["a?"], ling: ["b."]}
"""


def test_a_new_language_is_a_block(tmp_path):
    path = tmp_path / "languages.yaml"
    path.write_text(BLOCK)
    language = load_languages(path)["xx"]
    assert language.script == "Latn"
    assert language.alphabet == frozenset()
    with pytest.raises(ValidationError):
        language.name = "Other"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (BLOCK.replace("scripts: [Latn]", "scripts: [latin]"), "xx.scripts"),
        (BLOCK + "  colour: red\n", "xx.colour"),
        (BLOCK[: BLOCK.index("  prompts")], "xx.prompts"),
        ("xx: 3", "xx"),
        ("", "no language"),
        ("a: [", "YAML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, named):
    path = tmp_path / "languages.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=named):
        load_languages(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"missing\.yaml"):
        load_languages(tmp_path / "missing.yaml")
