"""One question, one answer: what captioning and translation by chat models have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mella_spark.models.protocols import Generation

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Question:
    """A user's turn: a text, the picture it is about, and what the model is told beforehand."""

    text: str
    image: Image.Image | None = None
    system: str | None = None

    def messages(self, image_part: dict[str, Any] | None) -> list[dict[str, Any]]:
        """The dialogue as OpenAI's chat completions write it, the picture before the text.

        ``image_part`` is the picture as the receiver wants it, None where there is no picture.
        """
        content: Any = self.text
        if image_part is not None:
            content = [image_part, {"type": "text", "text": self.text}]
        told = [] if self.system is None else [{"role": "system", "content": self.system}]
        return [*told, {"role": "user", "content": content}]


class Chat(Protocol):
    """Answers questions that have nothing to do with each other."""

    device: str

    def ask(self, questions: Sequence[Question]) -> list[Generation]:
        """One answer for each question, in order; a failure is an answer with an error."""
        ...


class ChatCaptioner:
    """A captioner that asks a chat model; see :class:`mella_spark.models.protocols.Captioner`."""

    def __init__(self, chat: Chat) -> None:
        self.chat, self.device = chat, chat.device

    def caption(
        self, images: Sequence[Image.Image], prompts: Sequence[str] | str
    ) -> list[Generation]:
        """One caption for each picture; see the protocol."""
        texts = [prompts] * len(images) if isinstance(prompts, str) else prompts
        pairs = zip(texts, images, strict=True)
        return self.chat.ask([Question(text, image) for text, image in pairs])
