"""Captions by any image-text-to-text model of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mella_spark.models.protocols import Generation
from mella_spark.models.recovery import Answer, generate

if TYPE_CHECKING:
    from PIL import Image

_UNPROMPTED = frozenset({"blip", "git", "pix2struct", "vision-encoder-decoder"})
"""Types without instructions: a prompt would be taken for the beginning of the caption."""


class TransformersCaptioner:
    """A loaded model and its processor; see :class:`mella_spark.models.protocols.Captioner`.

    With a chat template the prompt is a user's turn behind the picture. Without one it is the text
    beside the picture, or left out for models that know no instructions. Decoding is deterministic.
    """

    def __init__(
        self, model: Any, processor: Any, batch_size: int, max_new_tokens: int, num_beams: int
    ) -> None:
        self.model, self.processor, self.batch_size = model, processor, batch_size
        self.options = {
            "max_new_tokens": max_new_tokens,
            "num_beams": num_beams,
            "do_sample": False,
        }
        self.tokenizer = getattr(processor, "tokenizer", processor)
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.tokenizer.padding_side = "left"

    def caption(self, images: Sequence[Image.Image], prompt: str) -> list[Generation]:
        """One caption for each RGB picture; see the protocol."""
        return generate(images, lambda batch: self._run(batch, prompt), self.batch_size)

    def _run(self, images: Sequence[Image.Image], prompt: str) -> list[Answer]:
        import torch

        inputs = self._inputs(images, prompt).to(self.model.device)
        for name, value in inputs.items():
            if value.is_floating_point():
                inputs[name] = value.to(self.model.dtype)
        with torch.inference_mode():
            output = self.model.generate(**inputs, **self.options)
        return [self._answer(ids) for ids in _new_tokens(inputs.get("input_ids"), output)]

    def _inputs(self, images: Sequence[Image.Image], prompt: str) -> Any:
        if getattr(self.processor, "chat_template", None):
            return self._chat_inputs(images, prompt)
        texts = None
        if prompt and self.model.config.model_type not in _UNPROMPTED:
            texts = [prompt] * len(images)
        return self.processor(
            images=list(images), text=texts, padding=texts is not None, return_tensors="pt"
        )

    def _chat_inputs(self, images: Sequence[Image.Image], prompt: str) -> Any:
        """Tokens and pixels of one dialogue a picture, padded on the left and never truncated."""
        ask = {"type": "text", "text": prompt}
        inputs = self.processor.apply_chat_template(
            [
                [{"role": "user", "content": [{"type": "image", "image": image}, ask]}]
                for image in images
            ],
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            add_generation_prompt=True,
            sanitize_control_tokens=True,
            processor_kwargs={"padding": True, "padding_side": "left"},
        )
        if not bool(inputs["attention_mask"][:, -1].all()):
            raise RuntimeError("the processor padded on the right, where the answer belongs")
        return inputs

    def _answer(self, ids: Any) -> Answer:
        text = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
        if not text:
            raise ValueError("the model answered with an empty text")
        return text, count_tokens(ids.tolist(), self.model.generation_config)


def _new_tokens(prompt: Any, output: Any) -> Any:
    """What was generated: decoder-only models repeat the prompt in front of it."""
    if prompt is None or output.shape[1] < prompt.shape[1]:
        return output
    length = prompt.shape[1]
    return output[:, length:] if bool((output[:, :length] == prompt).all()) else output


def count_tokens(ids: list[int], config: Any) -> int:
    """Tokens up to the first end token, which counts, leaving out padding in front."""
    end = config.eos_token_id
    ends = set(end) if isinstance(end, list) else {end}
    starts = {config.bos_token_id, config.decoder_start_token_id, config.pad_token_id}
    first = next((i for i, token in enumerate(ids) if token not in starts), 0)
    last = next((i for i, token in enumerate(ids) if i >= first and token in ends), len(ids) - 1)
    return last + 1 - first
