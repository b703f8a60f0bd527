"""Translations by chat models, whatever they run on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mella_spark.errors import StageError
from mella_spark.models.chat import Chat, Question
from mella_spark.models.prompts import neutralise
from mella_spark.models.protocols import Generation
from mella_spark.text.profiles import load_languages

_FIELD = re.compile(r"\{(source|target|endonym|text)\}")
_CONTROL = re.compile(r"<[|/]?\w[\w|-]*[|]?>|\[/?[A-Z][A-Z_]+\]")
"""What chat templates fence turns with; the text to translate is neutralised only there."""
_THOUGHT = re.compile(r"^\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
_FENCE = re.compile(r"```[\w-]*\n(.*?)\n?```", re.DOTALL)
_QUOTES = (('"', '"'), ("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("「", "」"))


class ChatTranslator:
    """A translator that asks a chat model; see :class:`mella_spark.models.protocols.Translator`.

    ``prompt`` may hold ``{source}`` and ``{target}`` (names of the languages in English),
    ``{endonym}`` (the target's own name) and must hold ``{text}``. ``second`` is asked with what
    :meth:`again` returns: the prompt of the second attempt, and the chat it goes to.
    """

    def __init__(self, chat: Chat, prompt: str, second: tuple[Chat, str] | None = None) -> None:
        if "{text}" not in prompt:
            raise StageError(
                "The prompt for translation has no place for the text.",
                "Write {text} into translate.prompt and translate.retry_prompt.",
            )
        self.chat, self.prompt, self.second = chat, prompt, second
        self.device = chat.device
        self.languages = load_languages()

    def again(self) -> ChatTranslator | None:
        """A translator for the second attempt; None where there is none."""
        return None if self.second is None else ChatTranslator(*self.second)

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Generation]:
        """One translation for each text; see the protocol.

        Raises ``StageError`` for a language that ``conf/languages.yaml`` does not describe.
        """
        questions = [Question(self.question(text, source, target)) for text in texts]
        answers = self.chat.ask(questions)
        return [_cleaned(g, text) for g, text in zip(answers, texts, strict=True)]

    def question(self, text: str, source: str, target: str) -> str:
        """The prompt for one text."""
        for code in (source, target):
            if code not in self.languages:
                raise StageError(f"The language {code!r} is not described in languages.yaml.")
        values = {
            "source": self.languages[source].name,
            "target": self.languages[target].name,
            "endonym": self.languages[target].endonym,
            "text": _CONTROL.sub(lambda match: neutralise(match[0]), text),
        }
        return _FIELD.sub(lambda match: values[match[1]], self.prompt)


def clean(answer: str, origin: str) -> str:
    """The translation in ``answer`` to ``origin``: no thoughts aloud, no code fence around it, and
    no quotation marks where the source has none."""
    text = _THOUGHT.sub("", answer).strip()
    fenced = _FENCE.fullmatch(text)
    if fenced and "```" not in origin:
        text = fenced[1].strip()
    for first, last in _QUOTES:
        inner = text[1:-1]
        if (
            len(text) > 2
            and (text[0], text[-1]) == (first, last)
            and not (set(inner) & {first, last})
            and not (set(origin.strip()[:1]) & set('"“„«「'))
        ):
            return inner.strip()
    return text


def _cleaned(generation: Generation, origin: str) -> Generation:
    if generation.text is None:
        return generation
    text = clean(generation.text, origin)
    return Generation(
        text or None,
        None if text else "EmptyAnswer: the model answered with no translation",
        generation.tokens,
        generation.latency_ms,
        generation.finish_reason,
        generation.batch_size,
        generation.device,
    )
