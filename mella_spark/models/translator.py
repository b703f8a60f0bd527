"""Translations by any multilingual sequence-to-sequence model of transformers."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mella_spark.errors import StageError
from mella_spark.models.captioner import count_tokens, finish_reason
from mella_spark.models.control import control_tokens, guard
from mella_spark.models.protocols import Answer, Generation
from mella_spark.models.recovery import Room, generate
from mella_spark.text.profiles import Language, load_languages

_LANGUAGE_TOKEN = re.compile(r"<2[\w-]+>|>>[^<>\s]+<<")
"""How MADLAD-400 and Marian name languages; not all tokenizers declare these as special."""
_EMPTY = "EmptyAnswer: the model answered with an empty text"


class TransformersTranslator:
    """A loaded model and its tokenizer; see :class:`mella_spark.models.protocols.Translator`.

    The target language is forced as the first token (M2M100, NLLB, mBART), or named in front of
    the source where the model was trained so (MADLAD-400, multilingual Marian). Decoding is
    deterministic. ``second`` holds what :meth:`again` generates with instead, such as
    ``num_beams``; None for no second attempt.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        batch_size: int,
        max_new_tokens: int,
        num_beams: int,
        second: Mapping[str, Any] | None = None,
    ) -> None:
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size
        self.device = str(model.device)
        self.second = second
        # Some families put an end token where the limit cut the text, which would hide the cut.
        model.generation_config.forced_eos_token_id = None
        positions = getattr(model.config, "max_position_embeddings", None)
        self.max_positions: int | None = positions
        self.options: dict[str, Any] = {
            "max_new_tokens": max_new_tokens,
            "num_beams": num_beams,
            "do_sample": False,
        }
        if positions is not None:
            # The start token and the language's, which is forced behind it, take a position each.
            self.options["max_new_tokens"] = max(1, min(max_new_tokens, positions - 2))
        self.languages = load_languages()
        self.vocabulary: dict[str, int] = tokenizer.get_vocab()
        self.specials = _added_tokens(tokenizer)
        self.prefixes = {token for token in self.vocabulary if _LANGUAGE_TOKEN.fullmatch(token)}
        commands = {token for token in control_tokens(tokenizer) if not token.isalnum()}
        self._guard = guard(commands | self.prefixes)
        self.room = Room()
        # Tokens of the sources as padded, and those that are no padding, since it was loaded.
        self.positions = self.useful = 0

    def again(self) -> TransformersTranslator | None:
        """The same model with the settings of the second attempt; None where there is none."""
        if self.second is None:
            return None
        other = copy.copy(self)
        other.options = {**self.options, **self.second}
        other.room = Room()  # wider searches take more memory
        return other

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Generation]:
        """One translation for each text; see the protocol.

        Raises ``StageError`` if the model has no token for one of the languages.
        """
        forced, prefix = self._direction(source, target)
        return generate(
            [prefix + self._guard(text) for text in texts],
            lambda batch: self._run(batch, forced),
            self.batch_size,
            cost=lambda text: len(text) + 1,
            room=self.room,
            device=self.device,
        )

    def _run(self, texts: Sequence[str], forced: int | None) -> list[Answer]:
        """One answer for each text. Texts beyond the model's positions never reach it: on a GPU
        they would break it for the whole process."""
        import torch

        inputs = self.tokenizer(list(texts), truncation=False)
        lengths = [len(ids) for ids in inputs["input_ids"]]
        fits = [self.max_positions is None or n <= self.max_positions for n in lengths]
        made = iter(())
        if any(fits):
            kept = {
                name: [row for row, fit in zip(rows, fits, strict=True) if fit]
                for name, rows in inputs.items()
                if name in ("input_ids", "attention_mask")
            }
            batch = self.tokenizer.pad(kept, return_tensors="pt").to(self.model.device)
            self.positions += batch["attention_mask"].numel()
            self.useful += int(batch["attention_mask"].sum())
            options = dict(self.options)
            if forced is not None:
                options["forced_bos_token_id"] = forced
            with torch.inference_mode():
                made = iter(self.model.generate(**batch, **options).tolist())
        return [
            self._answer(next(made))
            if fit
            else Answer(None, 0, None, f"TooLong: {n} tokens; the model takes {self.max_positions}")
            for n, fit in zip(lengths, fits, strict=True)
        ]

    def _answer(self, ids: list[int]) -> Answer:
        text = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
        config = self.model.generation_config
        tokens, reason = count_tokens(ids, config), finish_reason(ids, config)
        return Answer(text or None, tokens, reason, None if text else _EMPTY)

    def _direction(self, source: str, target: str) -> tuple[int | None, str]:
        """Token to force at the start of the output, and what to write in front of the input."""
        code = self._code(target)
        if code is not None:
            if hasattr(self.tokenizer, "src_lang"):
                own = self._code(source)
                if own is None:
                    raise StageError(f"The translation model does not know the source {source!r}.")
                self.tokenizer.src_lang = own.strip("_") if own.startswith("__") else own
            return self.tokenizer.convert_tokens_to_ids(code), ""
        wanted = (form for name in self._names(target) for form in (f"<2{name}>", f">>{name}<<"))
        prefix = next((token for token in wanted if token in self.prefixes), None)
        if prefix is None and (self.prefixes or not self._marian):
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

    def _names(self, language: str) -> list[str]:
        profile: Language | None = self.languages.get(language)
        names = [language]
        if profile is not None:
            names += [name for name in (profile.m2m, profile.nllb, profile.iso639_3) if name]
        return names


def _added_tokens(tokenizer: Any) -> set[str]:
    """Tokens beside the text's own: a word of the vocabulary such as ``he`` is no language code."""
    added = {str(token) for token in tokenizer.get_added_vocab()}
    return added | set(getattr(tokenizer, "lang_token_to_id", ()))
