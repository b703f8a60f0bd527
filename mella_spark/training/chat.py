"""One chat format for training and generation, whatever the model family.

The prompt's tokens come from the model's own chat template and processor, exactly as at generation;
the answer's tokens are appended to them. So what the model is trained to continue is, token by
token, what it is later given, and which tokens are answer is known by construction, not searched
for. Text from the web cannot write control tokens: ``<image>`` in an alt text stays text.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from PIL import Image

from mella_spark.errors import InputError

_PROBE = "mella"


class Chat:
    """Prompts and answers in the chat format of ``processor``.

    ``end_ids`` are the tokens that end an answer (the model's, or the tokenizer's where empty);
    ``max_pixels`` bounds the pictures given to the model.
    """

    def __init__(self, processor: Any, end_ids: Sequence[int] = (), max_pixels: int = 1 << 20):
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.max_pixels = max_pixels
        self.end_ids = tuple(end_ids) or (self.tokenizer.eos_token_id,)
        self.lead, self.suffix = self._around_answer()

    def prompts(self, pictures: Sequence[Image.Image], texts: Sequence[str]) -> dict[str, Any]:
        """Model inputs for a batch: one picture and one question each, padded on the left."""
        conversations = [
            [_message("user", text, fit(picture, self.max_pixels))]
            for picture, text in zip(pictures, texts, strict=True)
        ]
        return dict(
            self.processor.apply_chat_template(
                conversations,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
                sanitize_control_tokens=True,
                processor_kwargs={"padding": True, "padding_side": "left"},
            )
        )

    def answer(self, text: str) -> list[int]:
        """Tokens of an answer, the one that ends it included."""
        ids = self.tokenizer(
            self.lead + text.strip(), add_special_tokens=False, split_special_tokens=True
        )["input_ids"]
        return [*ids, *self.suffix]

    def _around_answer(self) -> tuple[str, list[int]]:
        """What the template writes between prompt and answer, and the tokens after the answer up
        to the first that ends it."""
        question = [_message("user", _PROBE, None)]
        prompt = self.processor.apply_chat_template(
            question, add_generation_prompt=True, tokenize=False
        )
        full = self.processor.apply_chat_template(
            [*question, _message("assistant", _PROBE, None)], tokenize=False
        )
        lead, probe, after = full.removeprefix(prompt).rpartition(_PROBE)
        if not full.startswith(prompt) or not probe:
            raise InputError(
                "The model's chat template does not continue its own generation prompt,"
                " so answers cannot be told from prompts.",
                "Give the model a chat template whose assistant turn starts with that prompt.",
            )
        ids = self.tokenizer(after, add_special_tokens=False)["input_ids"]
        ends = [place for place, token in enumerate(ids) if token in self.end_ids]
        return lead, ids[: ends[0] + 1] if ends else [self.end_ids[0]]


def fit(picture: Image.Image, max_pixels: int) -> Image.Image:
    """The picture scaled down to at most ``max_pixels``, its aspect kept."""
    width, height = picture.size
    if width * height <= max_pixels:
        return picture
    scale = sqrt(max_pixels / (width * height))
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC)


def end_tokens(model: Any) -> tuple[int, ...]:
    """The tokens at which ``model`` stops generating; empty where it names none."""
    ends = getattr(model.generation_config, "eos_token_id", None)
    if ends is None:
        return ()
    return (ends,) if isinstance(ends, int) else tuple(ends)


def _message(role: str, text: str, picture: Image.Image | None) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    if picture is not None:
        content.insert(0, {"type": "image", "image": picture})
    return {"role": role, "content": content}
