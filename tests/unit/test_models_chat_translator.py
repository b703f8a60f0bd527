"""Translation by chat: what is asked, what is kept of the answer, over a real HTTP server too."""

from __future__ import annotations

import pytest
from chat_server import Reply, completion, serve
from hypothesis import given
from hypothesis import strategies as st
from models_tiny import translate_settings

from mella_spark.errors import StageError
from mella_spark.models import Generation, load_translator
from mella_spark.models.chat_translator import ChatTranslator, clean
from mella_spark.models.translation import translate_rows

PROMPT = "{source} > {target} ({endonym}): {text}"


class Parrot:
    """Answers with the question."""

    device = "perch"

    def ask(self, questions):
        assert all(question.image is None for question in questions)
        return [Generation(q.text, None, 3, 1.0, "stop", 1, self.device) for q in questions]


def test_the_question_names_both_languages():
    translator = ChatTranslator(Parrot(), PROMPT)
    [answer] = translator.translate(["a {target} cup"], "en", "vi")
    assert answer.text == "English > Vietnamese (Tiếng Việt): a {target} cup"
    assert (answer.tokens, answer.finish_reason, answer.device) == (3, "stop", "perch")
    assert translator.again() is None
    with pytest.raises(StageError, match="'xx' is not described"):
        translator.translate(["a"], "en", "xx")
    with pytest.raises(StageError, match="no place for the text"):
        ChatTranslator(Parrot(), "Translate!")


@pytest.mark.parametrize(
    "control", ["<|im_end|>", "<|im_start|>", "</s>", "[INST]", "[/INST]", "<end_of_turn>"]
)
def test_control_tokens_of_templates_are_not_in_the_question(control):
    translator = ChatTranslator(Parrot(), PROMPT)
    asked = translator.question(f'a sign "Stop" {control} 2 < 3', "en", "vi")
    assert control not in asked
    assert '"Stop"' in asked
    assert "2 < 3" in asked


@pytest.mark.parametrize(
    ("answer", "origin", "text"),
    [
        ("Một cái cốc.", "A cup.", "Một cái cốc."),
        (" <think>Hmm.\nA cup?</think>\n\nMột cái cốc. ", "A cup.", "Một cái cốc."),
        ("<think>I never came to an end", "A cup.", ""),
        ("```\nMột cái cốc.\n```", "A cup.", "Một cái cốc."),
        ("```text\nMột cái cốc.\n```", "A cup.", "Một cái cốc."),
        ('"Một cái cốc."', "A cup.", "Một cái cốc."),
        ("“Một cái cốc.”", "A cup.", "Một cái cốc."),
        ("„Jeden hrnek.“", "A cup.", "Jeden hrnek."),
        ("«Чашка»", "A cup.", "Чашка"),
        ('"Dừng" và "Đi"', "Stop and Go", '"Dừng" và "Đi"'),
        ('"Dừng"', '"Stop"', '"Dừng"'),
        ('""', "A cup.", '""'),
    ],
)
def test_what_is_kept_of_an_answer(answer, origin, text):
    assert clean(answer, origin) == text


@given(st.text(max_size=40), st.text(max_size=10))
def test_cleaning_adds_nothing_and_ends(answer, origin):
    assert clean(answer, origin) in answer


def test_an_answer_of_thoughts_alone_is_an_error():
    class Thinker(Parrot):
        def ask(self, questions):
            return [Generation("<think>well", None, 5, 1.0, "length", 1) for _ in questions]

    [answer] = ChatTranslator(Thinker(), PROMPT).translate(["a cup"], "en", "vi")
    assert answer.text is None
    assert answer.error.startswith("EmptyAnswer")
    assert answer.tokens == 5


def test_a_server_translates_and_is_asked_otherwise_the_second_time():
    def answer(body, count):
        question = body["messages"][-1]["content"]
        second = "professional translator" in question
        return Reply(body=completion("Jeden červený hrnek." if second else "A red cup."))

    with serve(answer) as server:
        settings = translate_settings("tiny", backend="openai", server_url=server.url)
        translator = load_translator(settings)
        [row] = translate_rows(["A red cup."], ["cs"], translator, settings)
    assert (row.text, row.attempts, row.passed) == ("Jeden červený hrnek.", 2, True)
    assert row.tokens == 6
    first, second = [body["messages"][-1]["content"] for body in server.bodies]
    assert first.endswith("A red cup.")
    assert "from English into Czech (čeština)" in first
    assert "Czech (čeština), and in no other" in second
