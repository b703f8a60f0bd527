"""What a captioner is asked: templates in ``conf/prompts``, and web text made harmless in them.

A template is plain text with the fields ``{context}`` and ``{alt}``. It is known by the SHA-256 of
its text, so that a changed prompt is another prompt whatever its file is called.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mella_spark.errors import SettingsError
from mella_spark.settings import conf_dir

FIELDS = ("context", "alt")
Source = Literal["ling", "thick"]
_FIELD = re.compile(r"\{(" + "|".join(FIELDS) + r")\}")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_BRACKETS = {"<": "‹", ">": "›", "[": "(", "]": ")", "{": "(", "}": ")", "|": "¦", '"': "'"}
"""What control tokens are fenced with, and what stands for it: no normalisation leads back."""
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Prompt:
    """A template: ``name`` of its file (``custom`` for a text of one's own) and its text."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """SHA-256 of the text in UTF-8, hexadecimal: the template's version."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def fields(self) -> frozenset[str]:
        """Which of ``context`` and ``alt`` the answers may draw on."""
        return frozenset(_FIELD.findall(self.text))

    @property
    def source(self) -> Source:
        """``thick`` where the native alt is part of the question: such answers are no D_ling."""
        return "thick" if "alt" in self.fields else "ling"


def load_prompt(setting: str) -> Prompt:
    """The prompt that a setting names: a file of ``conf/prompts``, a ``.txt`` path, or the text.

    Raises ``SettingsError`` where there is no such file or the file holds no text.
    """
    known = sorted(path.stem for path in (conf_dir() / "prompts").glob("*.txt"))
    if _NAME.fullmatch(setting) and setting not in known:
        raise SettingsError(
            f"There is no prompt {setting!r} in conf/prompts.",
            f"Known prompts: {', '.join(known)}. Or give the path of a .txt file, or the text.",
        )
    if setting in known:
        return _read(conf_dir() / "prompts" / f"{setting}.txt")
    if setting.endswith(".txt"):
        return _read(Path(setting))
    return Prompt("custom", setting.strip())


def _read(path: Path) -> Prompt:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read the prompt {path}: {error}.") from None
    if not text:
        raise SettingsError(f"The prompt {path} is empty.")
    return Prompt(path.stem, text)


def render(prompt: Prompt, context: str | None, alt: str | None, max_chars: int) -> str:
    """The question about one picture: the template with its fields filled from web text.

    Each field is neutralised and cut to ``max_chars`` characters. A line of the template with a
    field that is empty is left out, so that a picture without context is asked about plainly.
    """
    values = {"context": web_text(context, max_chars), "alt": web_text(alt, max_chars)}
    lines = []
    for line in prompt.text.split("\n"):
        if all(values[field] for field in _FIELD.findall(line)):
            lines.append(_FIELD.sub(lambda match: values[match[1]], line))
    return "\n".join(lines).strip()


def web_text(text: str | None, max_chars: int) -> str:
    """``text`` on one line, neutralised, cut between words to at most ``max_chars`` characters."""
    line = " ".join(neutralise(text or "").split())
    if len(line) <= max_chars:
        return line
    cut = line[: max_chars + 1].rsplit(" ", 1)[0]
    return cut if 0 < len(cut) <= max_chars else line[:max_chars]


def neutralise(text: str) -> str:
    """``text`` in which no control token of a chat template can be read.

    Control tokens are fenced by ``<>``, ``[]`` or ``||`` (``<|im_start|>``, ``<image>``,
    ``[INST]``, ``</s>``), and so these become look-alikes, together with every character that
    Unicode normalisation, which many tokenizers begin with, turns into one. Invisible characters,
    in which instructions can be hidden, go, except the joiners that some scripts are spelt with.
    """
    return text.translate(_SUBSTITUTES)


class _Substitutes(dict[int, str]):
    """What stands for a character, worked out when it is first met; for ``str.translate``."""

    def __missing__(self, code: int) -> str:
        self[code] = value = _substitute(chr(code))
        return value


def _substitute(char: str) -> str:
    if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _JOINERS:
        return " " if char.isspace() else ""
    if not _fenced(char):
        return char
    plain = "".join(_BRACKETS.get(mark, mark) for mark in unicodedata.normalize("NFKC", char))
    return "·" if _fenced(plain) else plain


def _fenced(text: str) -> bool:
    return any(mark in _BRACKETS for mark in unicodedata.normalize("NFKD", text))


_SUBSTITUTES = _Substitutes()
