"""What is known of each language: ``conf/languages.yaml``, typed and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from mella_spark.errors import SettingsError
from mella_spark.settings import Section, conf_dir

# Every executor reads these files: the C parser, where PyYAML has it, takes a tenth of the time.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Code = Annotated[str, Field(pattern="^[a-z]{2,3}$")]
Script = Annotated[str, Field(pattern="^[A-Z][a-z]{3}$")]


class Prompts(Section):
    """Questions of a user: to learn what a picture means, and to have it described."""

    know: tuple[str, ...] = Field(min_length=1)
    ling: tuple[str, ...] = Field(min_length=1)


class Language(Section):
    """One language; the keys are explained in ``conf/languages.yaml``."""

    code: Code
    name: str
    endonym: str
    iso639_3: Annotated[str, Field(pattern="^[a-z]{3}$")]
    macro: tuple[str, ...] = ()
    near_639_3: tuple[Annotated[str, Field(pattern="^[a-z]{3}$")], ...] = ()
    scripts: tuple[Script, ...] = Field(min_length=1)
    direction: Literal["ltr", "rtl"] = "ltr"
    letters: str = ""
    articles: tuple[str, ...] = ()
    near: tuple[Code, ...] = ()
    countries: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = ()
    domains: tuple[str, ...] = ()
    nllb: str | None = None
    m2m: str | None = None
    tokenisation: Literal["word", "character"] = "word"
    matching: Literal["word", "inside"] = "word"
    prefixes: tuple[str, ...] = ()
    transliteration: dict[str, str] = Field(default_factory=dict)
    abbreviations: tuple[str, ...] = ()
    sentence_starts: tuple[str, ...] = ()
    ordinal_stop: bool = False
    boilerplate: tuple[str, ...] = ()
    furniture: tuple[str, ...] = ()
    prompts: Prompts

    @property
    def script(self) -> str:
        """The usual script, ISO 15924."""
        return self.scripts[0]

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """Lower-case letters of the alphabet; empty if the language declares none."""
        return frozenset(self.letters)

    @cached_property
    def top_level_domains(self) -> frozenset[str]:
        """Its top-level domains, in Unicode and in punycode."""
        return frozenset(self.domains) | {name.encode("idna").decode() for name in self.domains}


def load_languages(path: Path | None = None) -> dict[str, Language]:
    """All languages of ``path`` (default ``conf/languages.yaml``) by ISO 639-1 code, in file order.

    Raises ``SettingsError`` naming the file and key if it is unreadable or malformed.
    """
    return dict(_load(conf_dir() / "languages.yaml" if path is None else path))


@lru_cache(maxsize=4)
def _load(path: Path) -> dict[str, Language]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)
    except OSError as error:
        raise SettingsError(f"Cannot read languages from {path}: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid YAML: {str(error).splitlines()[0]}.") from None
    if not isinstance(content, dict) or not content:
        raise SettingsError(f"{path} describes no language.")
    languages = {}
    for code, block in content.items():
        if not isinstance(block, dict):
            raise SettingsError(f"{path}: {code} must be a block of keys.")
        try:
            languages[str(code)] = Language.model_validate({"code": code, **block})
        except ValidationError as error:
            item = error.errors()[0]
            key = ".".join(str(part) for part in (code, *item["loc"]))
            raise SettingsError(f"{path}: {key}: {item['msg'].lower()}.") from None
    return languages


def crawl_codes(codes: Iterable[str], near: bool) -> tuple[str, ...]:
    """ISO 639-3 codes under which a crawl's index files pages in the languages ``codes``, sorted.

    With ``near`` also those of close languages that its detector takes them for. Raises
    ``SettingsError`` on a language that is not described.
    """
    languages = load_languages()
    found: set[str] = set()
    for code in codes:
        if code not in languages:
            raise SettingsError(f"{code} is not described in languages.yaml.")
        language = languages[code]
        found |= {language.iso639_3, *language.macro, *(language.near_639_3 if near else ())}
    return tuple(sorted(found))


def languages_of_domain(host: str, languages: Mapping[str, Language]) -> tuple[str, ...]:
    """Languages whose country's top-level domain ``host`` (Unicode or punycode) ends in."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return tuple(c for c, language in languages.items() if last in language.top_level_domains)
