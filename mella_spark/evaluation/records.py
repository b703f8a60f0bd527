"""One record of a test set, whatever its fields are called, as a sample.

A field is looked for under the name that the settings give, else under the usual names below. A
record that cannot be scored is rejected with a reason, never an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mella_spark.errors import SettingsError
from mella_spark.evaluation.keywords import extract_keywords
from mella_spark.evaluation.samples import Sample
from mella_spark.text.profiles import load_languages

FIELDS = {
    "sample_id": ("sample_id", "id"),
    "image": ("image", "file_name", "image_path", "path"),
    "prompt": ("prompt", "question", "instruction"),
    "references": (
        "references", "reference", "captions", "caption", "response", "answers", "answer", "text",
    ),
    "language": ("language", "lang", "locale"),
    "source": ("source",),
    "keywords": ("keywords",),
    "description": ("description",),
    "split": ("split",),
}  # fmt: skip
"""What a record may tell, and the names under which test sets tell it, the first one found."""

SOURCES = ("know", "ling", "thick")
_OLD_CODES = {"iw": "he", "in": "id", "ji": "yi"}


class Rejected(Exception):
    """A record that cannot be scored; the argument is the reason."""


@dataclass(frozen=True)
class Rules:
    """How records are read.

    ``split``: records that name another one are rejected. ``language``: of records that name none.
    ``fields``: the test set's name of each of ``FIELDS`` that it calls by an unusual one. Raises
    ``SettingsError`` for a field that is none of them.
    """

    split: str = "test"
    language: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.fields) - set(FIELDS)):
            raise SettingsError(
                f"evaluate.test_set_fields: no field {unknown[0]!r}.",
                f"Known: {', '.join(FIELDS)}.",
            )

    def column(self, name: str, present: Iterable[str]) -> str | None:
        """What the test set calls one of ``FIELDS``, of the names ``present``; None if absent."""
        names = (self.fields[name],) if name in self.fields else FIELDS[name]
        found = set(present)
        return next((candidate for candidate in names if candidate in found), None)


def to_sample(
    record: Mapping[str, Any], rules: Rules, number: str, image: bytes | Path | None = None
) -> Sample:
    """The sample of a record. Raises ``Rejected``.

    ``number`` is its id where it has none; ``image`` its picture where that is read elsewhere. A
    sample without a source is D_know if it has keywords or a plain description of the picture (the
    keywords are then what the reference tells beyond it), else D_ling. A sample without a prompt
    gets one of the language's own, chosen by its id.
    """
    record = _flat(record)

    def told(name: str) -> Any:
        column = rules.column(name, record)
        return None if column is None else record[column]

    split = told("split")
    if split is not None and split != rules.split:
        raise Rejected("other_split")
    if image is None:
        image = told("image")
        if not isinstance(image, (bytes, Path)):
            raise Rejected("no_image")
    language = language_code(told("language") or rules.language)
    references = texts(told("references"))
    description = texts(told("description"))
    keywords = texts(told("keywords"))
    source = told("source")
    if source not in SOURCES:
        source = "know" if keywords or description else "ling"
    if not keywords and description and references and source == "know":
        keywords = tuple(extract_keywords(references[0], description[0], language))
    if not references and not keywords:
        raise Rejected("no_reference")
    sample_id = _whole(str(told("sample_id") if told("sample_id") is not None else number))
    prompts = texts(told("prompt"))
    prompt = prompts[0] if prompts else own_prompt(sample_id, language, source)
    return Sample(sample_id, image, prompt, references, source, language, keywords)


def _flat(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A conversation (as LLaVA, InternVL and Qwen-VL have them) by its first question and answer,
    with its metadata; any other record as it is."""
    turns = record.get("conversations")
    if not isinstance(turns, list):
        return record
    said: dict[str, str] = {}
    for turn in turns:
        if isinstance(turn, Mapping) and isinstance(turn.get("value"), str):
            said.setdefault(str(turn.get("from")), turn["value"])
    metadata = record.get("metadata")
    return {
        **(metadata if isinstance(metadata, Mapping) else {}),
        "prompt": said.get("human", "").replace("<image>", ""),
        "response": said.get("gpt"),
        **record,
    }


def language_code(value: Any) -> str:
    """ISO 639-1 of a language tag ("cs", "cs-CZ", "ces", "iw"). Raises ``Rejected``."""
    if not isinstance(value, str) or not value.strip():
        raise Rejected("no_language")
    code = value.strip().lower().replace("_", "-").split("-")[0]
    by_three = {profile.iso639_3: short for short, profile in load_languages().items()}
    return by_three.get(code, _OLD_CODES.get(code, code))


def own_prompt(sample_id: str, language: str, source: str) -> str:
    """One of the prompts in ``conf/languages.yaml``, the same in every run. Raises ``Rejected``."""
    profile = load_languages().get(language)
    if profile is None:
        raise Rejected("no_prompt")
    prompts = profile.prompts.ling if source == "ling" else profile.prompts.know
    number = hashlib.blake2b(sample_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return prompts[int.from_bytes(number, "big") % len(prompts)]


def texts(value: Any) -> tuple[str, ...]:
    """A text, or a list of them, without those that are empty; nothing where it is neither."""
    values = value if isinstance(value, (list, tuple)) else (value,)
    whole = (_whole(text).strip() for text in values if isinstance(text, str))
    return tuple(text for text in whole if text)


def _whole(text: str) -> str:
    """Half characters, which JSON can spell and files cannot hold, as replacement characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def picture(value: Any, folder: Path) -> bytes | Path:
    """A picture as records hold it: bytes, a path under ``folder``, or an Image feature's struct
    of both. Raises ``Rejected``: nothing is fetched, and nothing outside the folder is read."""
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, (bytes, bytearray)) and value:
        return bytes(value)
    if not isinstance(value, str) or not value or "\0" in value:
        raise Rejected("no_image")
    if "://" in value or value.startswith("data:"):
        raise Rejected("image_not_local")
    inside = PurePosixPath(value)
    if inside.is_absolute() or ".." in inside.parts:
        raise Rejected("image_outside")
    path = folder / inside
    try:
        present = path.is_file()
    except (OSError, ValueError):  # a name too long, or of half characters
        present = False
    if not present:
        raise Rejected("image_missing")
    return path
