"""The engine: every picture its answer, in order, whatever its neighbours and the memory do."""

from __future__ import annotations

import io
import random
import threading
import time

import pytest
import torch
from fake_captioner import FakeCaptioner, picture, questions
from models_tiny import caption_settings
from PIL import Image

from mella_spark.models.engine import WINDOW_BATCHES, Question, answers
from mella_spark.models.protocols import Generation
from mella_spark.models.work import Work


def settings(**changes):
    return caption_settings(
        "embedded",
        **{"batch_size": 8, "max_new_tokens": 4, "decode_threads": 2, "min_pixels": 64, **changes},
    )


def ask(asked, captioner, work=None, **changes) -> list[Generation]:
    work = Work() if work is None else work
    return [
        one for made in answers(iter(asked), captioner, settings(**changes), work) for one in made
    ]


def sizes(count: int, seed: int = 0) -> list[tuple[int, int]]:
    rng = random.Random(seed)
    return [(rng.randrange(8, 120), rng.randrange(8, 120)) for _ in range(count)]


def test_one_answer_each_in_order():
    asked = questions(sizes(100))
    made = ask(asked, FakeCaptioner())
    alone = [ask([one], FakeCaptioner())[0] for one in asked[:20]]
    assert [one.text for one in made[:20]] == [one.text for one in alone]
    assert [one.text.split()[1] for one in made] == [f"{w}x{h}" for w, h in sizes(100)]
    assert all(one.device == "cpu" and 1 <= one.batch_size <= 8 for one in made)
    assert all(one.finish_reason == "stop" and one.tokens == 3 for one in made)


def test_nothing_in_nothing_out():
    assert ask([], FakeCaptioner()) == []


def test_batches_keep_to_the_token_budget_and_are_of_like_length():
    captioner, work = FakeCaptioner(), Work()
    ask(questions(sizes(200)), captioner, work, batch_tokens=600)
    assert all(len(b) == 1 or len(b) * (max(b) + 4) <= 600 for b in captioner.lengths)
    assert max(captioner.calls) <= 8
    unsorted = FakeCaptioner()
    unsorted_work = Work()
    for start in range(0, 200, 8):  # as they come, without a window to sort
        ask(questions(sizes(200))[start : start + 8], unsorted, unsorted_work)
    assert work.padding_share < unsorted_work.padding_share / 2
    assert work.inputs == unsorted_work.inputs == 200


@pytest.mark.parametrize("limit", [{"items": 3}, {"tokens": 500}])
def test_out_of_memory_is_recovered_with_the_same_answers(limit):
    asked = questions(sizes(120))
    sound = ask(asked, FakeCaptioner())
    captioner, work = FakeCaptioner(**limit), Work()
    made = ask(asked, captioner, work)
    assert [one.text for one in made] == [one.text for one in sound]
    assert captioner.failures
    assert work.out_of_memory == len(captioner.failures)
    assert work.shrunk == 0
    assert work.inputs == 120
    assert work.errors == 0


def test_the_batch_grows_back():
    class Passing(FakeCaptioner):
        """The memory is someone else's until the third failure."""

        def run(self, prepared):
            self.failing = len(self.failures) < 3
            return super().run(prepared)

    captioner = Passing(items=0)
    # A budget of one batch: the planner is not so far ahead that it knows of no later growth.
    made = ask(questions([(40, 40)] * 400), captioner, prefetch_bytes=400_000)
    assert all(one.text for one in made)
    assert captioner.failures == [8, 4, 2]
    assert captioner.calls[:4] == [1, 1, 1, 1]
    assert captioner.calls[-2] == 8


def test_one_picture_too_large_does_not_hold_up_the_others():
    asked = questions([(100, 100), *[(40, 40)] * 200])
    captioner = FakeCaptioner(pixels=3000)
    ask(asked, captioner)
    assert len(captioner.calls) < 200 / 8 + 12


def test_a_single_picture_too_large_is_downscaled_then_an_error():
    asked = questions([(16, 16), (100, 100), (16, 16)])
    captioner, work = FakeCaptioner(pixels=3000), Work()
    small, large, last = ask(asked, captioner, work)
    assert small.text.split()[1] == last.text.split()[1] == "16x16"
    assert large.text.split()[1] == "49x49"  # halved twice
    assert large.text.split()[2:] == ask(asked, FakeCaptioner())[1].text.split()[2:]
    assert work.shrunk == 1
    small, large, last = ask(asked, captioner, min_pixels=4000)
    assert large.error.startswith("OutOfMemoryError: CUDA out of memory")
    assert small.text
    assert last.text


def test_a_model_of_one_resolution_is_not_asked_again_about_a_smaller_picture():
    class Fixed(FakeCaptioner):
        def image_tokens(self, width, height):
            return 36

    captioner = Fixed(pixels=3000)
    [made] = ask(questions([(100, 100)]), captioner)
    assert made.error.startswith("OutOfMemoryError")
    assert len(captioner.failures) == 1


def test_bad_pictures_and_prompts_are_their_own_rows():
    good = questions(sizes(9))
    wide = io.BytesIO()
    Image.new("1", (30_000, 600)).save(wide, "PNG")
    noise = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(noise, "PNG")
    bad = {
        "truncated": Question(noise.getvalue()[:300], "what?"),
        "not_image": Question(b"<html>404</html>", "what?"),
        "empty": Question(None, "what?"),
        "too_many_pixels": Question(wide.getvalue(), "what?"),
        "extreme_aspect": Question(picture(2, 1000), "what?"),
        "empty_prompt": Question(picture(20, 20), " "),
        "ValueError": Question(picture(20, 20), "fail to prepare"),
        "EmptyAnswer": Question(picture(20, 20), "say nothing"),
    }
    alone = ask(good, FakeCaptioner())
    work = Work()
    mixed = ask([*good[:4], *bad.values(), *good[4:]], FakeCaptioner(), work, refuse_pixels=10**7)
    assert [one.text for one in mixed[:4] + mixed[-5:]] == [one.text for one in alone]
    assert [one.error.split(":")[0] for one in mixed[4:-5]] == list(bad)
    assert all(one.text is None for one in mixed[4:-5])
    assert (work.inputs, work.errors) == (17, 8)


def test_memory_stays_within_the_budget_however_long_the_input_is():
    """Of the pictures read, only a window and what the budget allows are not answered yet."""
    read = 0
    data = picture(100, 100)

    def asked():
        nonlocal read
        for _ in range(600):
            read += 1
            yield Question(data, "what?")

    done, most = 0, 0
    for made in answers(asked(), FakeCaptioner(), settings(prefetch_bytes=4_000_000), Work()):
        most = max(most, read - done)
        done += len(made)
        time.sleep(0.002)
    assert done == 600
    # 2 MB hold 13 prepared pictures; a window more is being gathered, another one cut up
    assert most <= 13 + 8 + 2 * WINDOW_BATCHES * 8


def test_decoding_runs_in_other_threads_ahead_of_the_model():
    captioner = FakeCaptioner()
    begun = threading.Event()
    prepare = captioner.prepare
    prepared = []

    def counting(images, prompts):
        prepared.append(len(images))
        if len(prepared) > 1:
            begun.set()
        return prepare(images, prompts)

    captioner.prepare = counting
    iterator = answers(iter(questions([(30, 30)] * 40)), captioner, settings(), Work())
    next(iterator)
    assert begun.wait(10)  # while nobody asks for more
    iterator.close()
    assert all(name.startswith("mella-prepare") for name in captioner.threads)


def test_the_next_batch_is_made_ready_while_one_runs_that_fills_the_budget():
    class Waiting(FakeCaptioner):
        def __init__(self):
            super().__init__()
            self.ready, self.ahead = threading.Semaphore(0), []

        def prepare(self, images, prompts):
            made = super().prepare(images, prompts)
            self.ready.release()
            return made

        def run(self, prepared):
            self.ready.acquire()  # its own
            if len(self.ahead) < 3:
                self.ahead.append(self.ready.acquire(timeout=10))
                self.ready.release()
            return super().run(prepared)

    captioner = Waiting()
    made = ask(questions([(30, 30)] * 9), captioner, prefetch_bytes=4)
    assert captioner.ahead == [True, True, True]
    assert all(one.text for one in made)


def test_an_abandoned_run_ends_its_threads():
    before = threading.active_count()
    iterator = answers(iter(questions([(30, 30)] * 200)), FakeCaptioner(), settings(), Work())
    next(iterator)
    iterator.close()
    assert threading.active_count() == before


def test_the_inputs_own_error_is_the_callers():
    def asked():
        yield from questions([(30, 30)] * 3)
        raise OSError("the socket broke")

    with pytest.raises(OSError, match="socket broke"):
        ask(asked(), FakeCaptioner())


def test_a_broken_device_is_no_rows_fault():
    class Broken(FakeCaptioner):
        def run(self, prepared):
            raise RuntimeError("CUDA error: device-side assert triggered")

    with pytest.raises(RuntimeError, match="device-side"):
        ask(questions([(30, 30)] * 3), Broken())


def test_a_captioner_that_batches_by_itself():
    class Server:
        device = "http://127.0.0.1:1"

        def caption(self, images, prompts):
            return [
                Generation(f"{prompt} {image.width}", tokens=2, latency_ms=5.0)
                for image, prompt in zip(images, prompts, strict=True)
            ]

    made = ask(questions([(30, 30), (20, 40)]), Server())
    assert [one.text for one in made] == ["what? 30", "what? 20"]
    assert made[0].latency_ms == 5.0
    assert made[0].device == "http://127.0.0.1:1"
    assert made[0].batch_size == 2


def test_work_is_counted():
    captioner, work = FakeCaptioner(), Work()
    begin = time.perf_counter()
    made = ask(questions(sizes(50)), captioner, work)
    seconds = time.perf_counter() - begin
    assert work.inputs == 50
    assert work.calls == len(captioner.calls)
    assert work.tokens == sum(one.tokens for one in made)
    assert 0 < work.useful <= work.positions
    assert 0 < work.busy_s + work.wait_s <= work.wall_s <= seconds


def test_host_memory_counts_too():
    class Host(FakeCaptioner):
        def run(self, prepared):
            if len(prepared.inputs[0]) > 2:
                raise torch.OutOfMemoryError("DefaultCPUAllocator: can't allocate memory")
            return super().run(prepared)

    assert all(one.text for one in ask(questions(sizes(10)), Host()))
