"""Pages in the encodings of the web before UTF-8, with texts of the sample generator."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator

from mella_spark.sample.grammar import caption, native_alt
from mella_spark.sample.scenes import random_scene
from mella_spark.web.encodings import codec, lookup

LEGACY = [
    ("ar", "windows-1256"),
    ("ar", "iso-8859-6"),
    ("cs", "windows-1250"),
    ("cs", "iso-8859-2"),
    ("hu", "windows-1250"),
    ("hu", "iso-8859-2"),
    ("ko", "euc-kr"),
    ("ru", "windows-1251"),
    ("ru", "koi8-r"),
    ("ru", "iso-8859-5"),
    ("ru", "ibm866"),
    ("sr", "windows-1251"),
    ("sr", "iso-8859-5"),
    ("th", "tis-620"),
    ("vi", "windows-1258"),
]


def encodable(text: str, label: str) -> str:
    """``text`` as that encoding spells it: windows-1258 writes a letter's tone behind it."""
    if label == "windows-1258":
        text = "".join(_toned(character) for character in text)
    name = codec(lookup(label) or "")
    return text.encode(name, "ignore").decode(name)


def _toned(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    tones = [part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323"]
    letter = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
    return letter + "".join(tones)


def page(content: bytes, head: bytes = b"") -> bytes:
    return b"<html><head>" + head + b"<title>x</title></head><body>" + content + b"</body></html>"


def bodies(language: str, label: str, count: int, characters: int) -> Iterator[tuple[str, bytes]]:
    """Texts of about that many characters, and pages that hold them in paragraphs and alts."""
    rng = random.Random(f"{language} {label}")
    for _ in range(count):
        texts: list[str] = []
        while sum(map(len, texts)) < characters:
            scene = random_scene(rng, language)
            texts.append(native_alt(scene, language, rng))
            texts.append(caption(scene, language))
        texts = [encodable(text, label) for text in texts]
        markup = "".join(
            f'<p>{text}</p><img src="a.png" alt="{text}">' for text in texts if '"' not in text
        )
        yield markup, page(markup.encode(codec(lookup(label) or "")))
