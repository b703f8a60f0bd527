"""The core of translation: sentences, checks, second attempts; every row an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.errors import StageError
from mella_spark.models import Generation
from mella_spark.models.translation import EMPTY, translate_rows
from mella_spark.settings import load_settings

SETTINGS = load_settings(environment={}).translate
CZECH = {
    "A red cup.": "Na obrázku je červený hrnek.",
    "Two dogs run.": "Na zahradě běží dva veselí psi.",
    "It is 25 years old.": "Ten starý dům má už 25 let.",
}


class Dictionary:
    """Translates what it knows, counts what it is asked, and has a second edition."""

    device = "shelf"

    def __init__(self, words, second=None, finish="stop"):
        self.words, self.second, self.finish = words, second, finish
        self.asked = []

    def translate(self, texts, source, target):
        self.asked.append((target, list(texts)))
        return [self._answer(text) for text in texts]

    def _answer(self, text):
        found = self.words.get(text)
        if found is None:
            return Generation(None, "KeyError: not in here", 1, 1.0, None, 1, self.device)
        return Generation(found, None, 2, 1.5, self.finish, 1, self.device)

    def again(self):
        return self.second


def run(texts, translator, target="cs", **changes):
    settings = SETTINGS.model_copy(update=changes)
    return translate_rows(texts, [target] * len(texts), translator, settings)


def test_sentences_are_asked_once_and_longest_first():
    translator = Dictionary(CZECH)
    first, second, third = run(
        ["A red cup. Two dogs run.", "Two dogs run.\n\nA red cup.", "A red cup."], translator
    )
    assert translator.asked == [("cs", ["Two dogs run.", "A red cup."])]
    assert first.text == f"{CZECH['A red cup.']} {CZECH['Two dogs run.']}"
    assert second.text == f"{CZECH['Two dogs run.']}\n\n{CZECH['A red cup.']}"
    assert third.text == CZECH["A red cup."]
    assert (first.checks.sentences_source, first.checks.sentences) == (2, 2)
    assert (first.tokens, third.tokens) == (4, 2)
    assert (first.attempts, first.finish_reason, first.device) == (1, "stop", "shelf")
    assert all(answer.passed for answer in (first, second, third))


def test_whole_texts_where_sentences_are_not_cut():
    translator = Dictionary({"A red cup. Two dogs run.": "Červený hrnek. Dva psi běží."})
    [answer] = run(["A red cup. Two dogs run."], translator, split_sentences=False)
    assert translator.asked == [("cs", ["A red cup. Two dogs run."])]
    assert answer.text == "Červený hrnek. Dva psi běží."


def test_what_failed_is_tried_once_more_and_only_that():
    second = Dictionary(CZECH)
    translator = Dictionary({**CZECH, "A red cup.": "A red cup."}, second)
    good, mended = run(["Two dogs run.", "A red cup. It is 25 years old."], translator)
    assert second.asked == [("cs", ["It is 25 years old.", "A red cup."])]
    assert (good.attempts, mended.attempts) == (1, 2)
    assert mended.text == f"{CZECH['A red cup.']} {CZECH['It is 25 years old.']}"
    assert mended.passed
    assert mended.tokens == 8
    assert mended.latency_ms == pytest.approx(6.0)


def test_a_second_failure_is_marked_and_the_first_text_kept():
    translator = Dictionary({"A red cup.": "A red cup."}, Dictionary({"A red cup.": "cup cup"}))
    [answer] = run(["A red cup."], translator)
    assert (answer.text, answer.attempts, answer.passed) == ("A red cup.", 2, False)
    assert answer.checks.copied


def test_errors_are_tried_again_and_counted():
    translator = Dictionary({}, Dictionary({"A red cup.": "cup cup"}))
    made, lost = run(["A red cup.", "Unknown."], translator)
    assert (made.text, made.error, made.attempts, made.passed) == ("cup cup", None, 2, False)
    assert (lost.text, lost.error, lost.attempts) == (None, "KeyError: not in here", 2)
    assert lost.checks is None


def test_one_attempt_where_retries_are_off_or_unknown():
    translator = Dictionary({"A red cup.": "A red cup."}, Dictionary(CZECH))
    [answer] = run(["A red cup."], translator, retry=False)
    assert (answer.attempts, answer.passed) == (1, False)
    translator.second = None
    assert run(["A red cup."], translator)[0].attempts == 1


def test_a_text_that_was_cut_off_does_not_pass():
    [answer] = run(["A red cup."], Dictionary(CZECH, finish="length"))
    assert (answer.finish_reason, answer.passed, answer.checks.finished) == ("length", False, False)


def test_a_language_the_model_does_not_know_is_not_asked_for_twice():
    class Lost(Dictionary):
        def translate(self, texts, source, target):
            raise StageError("No such language.")

    second = Dictionary(CZECH)
    [answer] = run(["A red cup."], Lost({}, second))
    assert "No such language" in answer.error
    assert (answer.attempts, second.asked) == (1, [])


@pytest.mark.parametrize(
    ("policy", "text"),
    [("cyrillic", "На столу је црвена шоља."), ("latin", "Na stolu je crvena šolja."),
     ("as_is", "Na stolu je crvena šolja.")],
)  # fmt: skip
def test_the_script_of_serbian(policy, text):
    translator = Dictionary({"A red cup.": "Na stolu je crvena šolja."})
    [answer] = run(["A red cup."], translator, "sr", serbian_script=policy)
    assert answer.text == text
    assert answer.checks.script_share == 1


def test_a_judge_sees_texts_alone():
    class Judge:
        def estimate(self, sources, translations):
            self.seen = list(zip(sources, translations, strict=True))
            return [1.5, None]

    judge = Judge()
    texts = ["A red cup.", "Unknown.", None, "Two dogs run."]
    made = translate_rows(texts, ["cs"] * 4, Dictionary(CZECH), SETTINGS, estimator=judge)
    assert judge.seen == [(text, CZECH[text]) for text in (texts[0], texts[3])]
    assert [answer.quality for answer in made] == [1.5, None, None, None]


TEXTS = st.one_of(st.none(), st.text(max_size=30), st.sampled_from(list(CZECH)))


@given(st.lists(st.tuples(TEXTS, st.sampled_from(["cs", "sr", "th", "xx", None])), max_size=12))
def test_every_row_has_its_answer_whatever_stands_beside_it(rows):
    class Echo(Dictionary):
        def _answer(self, text):
            if len(text) % 3 == 0:
                return Generation(None, "E: a third")
            return Generation(text[::-1], None, 1, 1.0, "stop")

    def answers(some):
        return translate_rows([t for t, _ in some], [c for _, c in some], Echo({}), SETTINGS)

    together = answers(rows)
    assert len(together) == len(rows)
    for row, answer in zip(rows, together, strict=True):
        assert (answer.text is None) == (answer.error is not None)
        assert (answer.error == EMPTY) == (not (row[0] and row[0].strip() and row[1]))
        assert answer == answers([row])[0]
