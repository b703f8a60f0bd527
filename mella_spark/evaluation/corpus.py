"""BLEU, spBLEU and chrF++ as sacreBLEU computes them, with a tokenizer named for each language."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sacrebleu import utils
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_spm import SPM_MODELS

from mella_spark.errors import MissingDependencyError, SettingsError

BLEU_TOKENISERS = {
    "ar": "intl", "ja": "char", "ko": "char", "km": "char", "lo": "char", "my": "char",
    "th": "char", "zh": "zh",
}  # fmt: skip
"""sacreBLEU's tokenizer by language, 13a elsewhere. char where spaces do not part words; intl for
Arabic, because 13a does not know its punctuation."""

SPBLEU = "flores200"
"""sacreBLEU's name of the SentencePiece model over 200 languages that spBLEU is defined with."""

CorpusMetric = Callable[[str], BLEU | CHRF]
"""Makes sacreBLEU's metric for a language."""


def spm_model(name: str) -> Path | None:
    """Where sacreBLEU looks for a SentencePiece model; None if it is not there.

    The folder is ``models`` under ``$SACREBLEU``, by default ``~/.sacrebleu``.
    """
    path = Path(utils.SACREBLEU_DIR, "models", os.path.basename(SPM_MODELS[name]["url"]))
    return path if path.is_file() else None


def bleu_metric(language: str, tokeniser: str | None = None) -> BLEU:
    """sacreBLEU's BLEU for a language.

    Raises ``SettingsError`` for a tokenizer it does not know, ``MissingDependencyError`` where a
    SentencePiece model or a segmenter's package is missing (nothing is downloaded).
    """
    name = tokeniser or BLEU_TOKENISERS.get(language, "13a")
    if name not in BLEU.TOKENIZERS:
        known = ", ".join(sorted(BLEU.TOKENIZERS))
        raise SettingsError(f"evaluate.bleu_tokeniser: no tokenizer {name!r}.", f"Known: {known}.")
    if name in SPM_MODELS and spm_model(name) is None:
        raise MissingDependencyError(
            f"The SentencePiece model of sacreBLEU's tokenizer {name} is not on this machine.",
            f"Put {os.path.basename(SPM_MODELS[name]['url'])} into {utils.SACREBLEU_DIR}/models, "
            "or set evaluate.bleu_tokeniser to null.",
        )
    try:
        return BLEU(tokenize=name, force=True)
    except (ImportError, RuntimeError, OSError) as error:
        raise MissingDependencyError(
            f"sacreBLEU cannot load its tokenizer {name}: {str(error).strip()}.",
            "Install what it needs, or set evaluate.bleu_tokeniser to null.",
        ) from None


def chrf_metric(language: str) -> CHRF:
    """sacreBLEU's chrF++: character n-grams to 6, word n-grams to 2, the same for any language."""
    return CHRF(word_order=2)
