"""Translations by any multilingual sequence-to-sequence model of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mella_spark.errors import StageError
from mella_spark.models.captioner import count_tokens
from mella_spark.models.protocols import Generation
from mella_spark.models.recovery import Answer, generate
from mella_spark.text.profiles import Language, load_languages


class TransformersTranslator:
    """A loaded model and its tokenizer; see :class:`mella_spark.models.protocols.Translator`.

    The target language is forced as the first token (M2M100, NLLB, mBART), or named in front of
    the source where the model was trained so (multilingual Marian). Decoding is deterministic.
    """

    def __init__(
        self, model: Any, tokenizer: Any, batch_size: int, max_new_tokens: int, num_beams: int
    ) -> None:
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size
        self.options = {
            "max_new_tokens": max_new_tokens,
            "num_beams": num_beams,
            "do_sample": False,
        }
        self.languages = load_languages()
        self.vocabulary = tokenizer.get_vocab()

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Generation]:
        """One translation for each text; see the protocol.

        Raises ``StageError`` if the model has no token for one of the languages.
        """
        forced, prefix = self._direction(source, target)
        return generate(
            texts, lambda batch: self._run([prefix + t for t in batch], forced), self.batch_size
        )

    def _run(self, texts: list[str], forced: int | None) -> list[Answer]:
        import torch

        inputs = self.tokenizer(texts, padding=True, truncation=False, return_tensors="pt")
        inputs.pop("token_type_ids", None)
        options = (
            self.options if forced is None else {**self.options, "forced_bos_token_id": forced}
        )
        with torch.inference_mode():
            output = self.model.generate(**inputs.to(self.model.device), **options)
        return [self._answer(ids) for ids in output]

    def _answer(self, ids: Any) -> Answer:
        text = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
        if not text:
            raise ValueError("the model answered with an empty text")
        return text, count_tokens(ids.tolist(), self.model.generation_config)

    def _direction(self, source: str, target: str) -> tuple[int | None, str]:
        """Token to force at the start of the output, and what to write in front of the input."""
        code = self._code(target)
        if code is not None:
            if hasattr(self.tokenizer, "src_lang"):
                own = self._code(source)
                if own is None:
                    raise StageError(f"The translation model does not know the source {source!r}.")
                self.tokenizer.src_lang = own.strip("_") if own.startswith("__") else own
            return self.vocabulary[code], ""
        known = [token for token in self.vocabulary if token.startswith(">>")]
        wanted = [f">>{name}<<" for name in self._names(target)]
        prefix = next((token for token in wanted if token in self.vocabulary), None)
        if not self._marian or (known and prefix is None):
            raise StageError(
                f"The translation model does not know the target language {target!r}.",
                "Choose a multilingual model, or remove the language from languages.targets.",
            )
        return None, f"{prefix} " if prefix else ""

    @property
    def _marian(self) -> bool:
        """Without language tokens a Marian model knows only the one language it was made for."""
        return self.model.config.model_type == "marian"

    def _code(self, language: str) -> str | None:
        """The model's token for a language: ``vi``, ``__vi__``, ``vi_VN`` or ``vie_Latn``."""
        names = self._names(language)
        exact = [token for name in names for token in (f"__{name}__", name)]
        found = next((token for token in exact if token in self.specials), None)
        if found is not None:
            return found
        regional = [token for token in self.specials if token.startswith(f"{language}_")]
        return min(regional, default=None)

    @property
    def specials(self) -> set[str]:
        """Added tokens: a word of the vocabulary such as ``he`` is no language code."""
        return {str(token) for token in self.tokenizer.get_added_vocab()}

    def _names(self, language: str) -> list[str]:
        profile: Language | None = self.languages.get(language)
        names = [language]
        if profile is not None:
            names += [name for name in (profile.m2m, profile.nllb, profile.iso639_3) if name]
        return names
