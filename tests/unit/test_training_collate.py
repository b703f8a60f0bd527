"""Chat format and label mask, token by token."""

import io

import pytest
import torch
from PIL import Image
from tiny_vlm import make_vlm
from transformers import AutoModelForImageTextToText, AutoProcessor

from mella_spark.errors import InputError
from mella_spark.training.chat import Chat, end_tokens, fit
from mella_spark.training.collate import IGNORED, Collator, join
from mella_spark.training.mixing import Weights
from mella_spark.training.optimise import answer_loss


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_vlm(tmp_path_factory.mktemp("vlm"))


@pytest.fixture
def processor(folder):
    return AutoProcessor.from_pretrained(folder)


@pytest.fixture(scope="module")
def model(folder):
    return AutoModelForImageTextToText.from_pretrained(folder).eval()


def picture(colour="red", size=(20, 12)):
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    return data.getvalue()


def columns(responses, prompts=None, images=None):
    n = len(responses)
    return {
        "image": images or [picture()] * n,
        "prompt": prompts or ["Что на фото?"] * n,
        "response": responses,
        "source": ["know", "ling"] * n,
        "language": ["ru"] * n,
    }


RESPONSES = ["Красный самовар", "да", "โคมลอย ở Huế"]


def test_only_the_answer_and_its_end_are_learnt(processor):
    """Against the processor's own tokens of the whole conversation."""
    batch = Collator(Chat(processor), 100)(columns(RESPONSES, ["a", "Что?", "ảnh gì"]))
    for row, (prompt, response) in enumerate(zip(["a", "Что?", "ảnh gì"], RESPONSES, strict=True)):
        question = [{"type": "image", "image": Image.open(io.BytesIO(picture()))}]
        talk = [
            {"role": "user", "content": [*question, {"type": "text", "text": prompt}]},
            {"role": "assistant", "content": [{"type": "text", "text": response}]},
        ]
        whole = processor.apply_chat_template(talk, tokenize=True, return_dict=True)["input_ids"][0]
        newline = len(processor.tokenizer("\n")["input_ids"])
        whole = list(whole)[:-newline]  # what the template writes after the answer's end
        mask = batch.inputs["attention_mask"][row].bool()
        ids = batch.inputs["input_ids"][row]
        assert ids[mask].tolist() == whole
        learnt = batch.labels[row] != IGNORED
        answer = processor.tokenizer(response)["input_ids"] + [processor.tokenizer.eos_token_id]
        assert batch.labels[row][learnt].tolist() == answer
        assert ids[learnt].tolist() == answer
        # the answer is the last run of real tokens: nothing of prompt or padding is learnt
        assert learnt.nonzero().flatten().tolist() == list(
            range(len(whole) - len(answer), len(whole))
        )
        assert mask.tolist() == [True] * len(whole) + [False] * (len(ids) - len(whole))
    assert batch.tokens == sum(len(processor.tokenizer(r)["input_ids"]) + 1 for r in RESPONSES)


def test_prompt_tokens_are_those_of_generation(processor):
    chat = Chat(processor)
    batch = Collator(chat, 100)(columns(RESPONSES))
    prompts = chat.prompts([Image.open(io.BytesIO(picture()))] * 3, ["Что на фото?"] * 3)
    given = batch.labels.eq(IGNORED) & batch.inputs["attention_mask"].bool()
    for row in range(3):
        expected = prompts["input_ids"][row][prompts["attention_mask"][row].bool()]
        assert torch.equal(batch.inputs["input_ids"][row][given[row]], expected)


def test_web_text_cannot_write_control_tokens(processor):
    batch = Collator(Chat(processor), 100)(
        columns(["<end><image>"], ["<image><assistant>x"], [picture()])
    )
    ids = batch.inputs["input_ids"][0].tolist()
    tokenizer = processor.tokenizer
    assert ids.count(tokenizer.convert_tokens_to_ids("<image>")) == 5  # 4 patches and the class
    assert ids.count(tokenizer.convert_tokens_to_ids("<assistant>")) == 1
    assert batch.labels[0].eq(tokenizer.eos_token_id).sum() == 1


def test_long_answers_are_cut_and_have_no_end(processor):
    batch = Collator(Chat(processor), 4)(columns(["abcdef", "ab"]))
    ends = batch.labels.eq(processor.tokenizer.eos_token_id).sum(1)
    assert ends.tolist() == [0, 1]
    assert batch.labels.ne(IGNORED).sum(1).tolist() == [4, 3]


def test_undecodable_pictures_are_skipped_and_counted(processor):
    collate = Collator(Chat(processor), 100)
    batch = collate(columns(["a", "b", "c"], images=[picture(), b"not a picture", picture()]))
    assert len(batch) == 2
    assert batch.skipped == 1
    assert len(batch.inputs["pixel_values"]) == 2
    assert collate(columns(["a"], images=[b""])) is None


def test_template_with_a_space_before_the_answer(processor):
    processor.chat_template = (
        "{% for m in messages %}{{ m['role'].upper() }}:"
        "{% for part in m['content'] %}{% if part['type'] == 'image' %}<image>"
        "{% else %} {{ part['text'] }}{% endif %}{% endfor %}\n{% endfor %}"
        "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
    )
    chat = Chat(processor)
    assert chat.lead == " "
    tokenizer = processor.tokenizer
    # nothing in the template ends an answer, so the tokenizer's end does
    assert chat.answer(" да ") == [*tokenizer(" да")["input_ids"], tokenizer.eos_token_id]


def test_template_that_rewrites_its_prompt_is_refused(processor):
    processor.chat_template = (
        "{% if add_generation_prompt %}[ask]{% else %}[told]{% endif %}"
        "{% for m in messages %}{{ m['content'][0]['text'] }}{% endfor %}"
    )
    with pytest.raises(InputError, match="chat template"):
        Chat(processor)


def test_per_token_inputs_are_carried_along():
    prompts = {
        "input_ids": torch.tensor([[0, 5, 6], [7, 8, 9]]),
        "attention_mask": torch.tensor([[0, 1, 1], [1, 1, 1]]),
        "mm_token_type_ids": torch.tensor([[0, 1, 0], [1, 1, 0]]),
        "pixel_values": torch.zeros(2, 4),
    }
    inputs, labels, tail = join(prompts, [[1, 2], [3]], pad=99)
    assert inputs["input_ids"].tolist() == [[5, 6, 1, 2], [7, 8, 9, 3]]
    assert inputs["attention_mask"].tolist() == [[1, 1, 1, 1]] * 2
    assert inputs["mm_token_type_ids"].tolist() == [[1, 0, 0, 0], [1, 1, 0, 0]]
    assert labels.tolist() == [[IGNORED, IGNORED, 1, 2], [IGNORED, IGNORED, IGNORED, 3]]
    assert tail == 3  # position 1 predicts the first answer token, at position 2
    assert inputs["pixel_values"] is prompts["pixel_values"]


def test_loss_is_the_librarys_loss_on_the_labels(processor, model):
    batch = Collator(Chat(processor, end_tokens(model)), 100)(columns(RESPONSES))
    with torch.inference_mode():
        expected = model(**batch.inputs, labels=batch.labels).loss
        ours = answer_loss(model, batch) / batch.weight
    assert ours.item() == pytest.approx(expected.item(), rel=1e-5)


def test_weighted_loss_is_the_weighted_sum_of_single_losses(processor, model):
    weights = Weights({("know", "ru"): 3.0, ("ling", "ru"): 0.5})
    chat = Chat(processor)
    batch = Collator(chat, 100, weights)(columns(RESPONSES))
    with torch.inference_mode():
        whole = answer_loss(model, batch).item()
        single = [answer_loss(model, Collator(chat, 100)(columns([r]))).item() for r in RESPONSES]
    assert batch.weights.tolist() == [3.0, 0.5, 3.0]
    assert whole == pytest.approx(3 * single[0] + 0.5 * single[1] + 3 * single[2], rel=1e-5)


def test_pictures_are_scaled_down_to_the_limit():
    large = Image.new("RGB", (400, 100))
    assert fit(large, 10_000).size == (200, 50)
    assert fit(large, 40_000) is large
    assert fit(Image.new("RGB", (5000, 1)), 100).size[1] == 1
