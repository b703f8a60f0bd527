"""Test sets in files: what is kept, what is rejected, and that every record is one of the two."""

import contextlib
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tiny_vlm import make_vlm

from mella_spark.errors import InputError, SettingsError
from mella_spark.evaluation import testsets
from mella_spark.evaluation.evaluate import evaluate
from mella_spark.evaluation.records import Rejected, Rules, language_code, to_sample
from mella_spark.settings import load_settings
from mella_spark.text.profiles import load_languages


def png(colour="red"):
    image = io.BytesIO()
    Image.new("RGB", (20, 12), colour).save(image, "PNG")
    return image.getvalue()


def write_lines(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


RULES = Rules()


def load(path, form="auto", rules=RULES, per_language=100, seed=7):
    held_out = testsets.load(path, form, rules, per_language, seed)
    assert held_out.kept + sum(held_out.rejects.values()) == held_out.seen
    return held_out


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "images").mkdir()
    for colour in ("red", "blue"):
        (tmp_path / "images" / f"{colour}.png").write_bytes(png(colour))
    return tmp_path


def test_json_lines(pictures):
    file = write_lines(
        pictures / "set.jsonl",
        [
            {"id": 5, "image": "images/red.png", "question": "?", "answer": "đỏ", "lang": "vi-VN",
             "keywords": ["đỏ"]},
            {"file_name": "images/blue.png", "captions": ["modrá", " ", "modravá"],
             "language": "ces"},
            {"image": "images/blue.png", "caption": "Mikuláš s čertem", "language": "cs",
             "description": "Muž s čertem"},
        ],
    )  # fmt: skip
    held_out = load(file)
    assert held_out.format == "jsonl"
    know_cs, know_vi, ling = held_out.samples
    assert (know_vi.sample_id, know_vi.prompt, know_vi.references) == ("5", "?", ("đỏ",))
    assert (know_vi.source, know_vi.language, know_vi.keywords) == ("know", "vi", ("đỏ",))
    assert know_vi.image == pictures / "images" / "red.png"
    assert (ling.sample_id, ling.source, ling.language) == ("set-1", "ling", "cs")
    assert ling.references == ("modrá", "modravá")
    assert ling.prompt in load_languages()["cs"].prompts.ling
    assert know_cs.keywords == ("Mikuláš",)
    assert know_cs.prompt in load_languages()["cs"].prompts.know


def test_conversations(pictures):
    turns = [{"from": "human", "value": "<image>\n?"}, {"from": "gpt", "value": "đỏ"},
             {"from": "human", "value": "!"}, {"from": "gpt", "value": "xanh"}, None]  # fmt: skip
    told = {"language": "vi", "source": "know", "keywords": ["đỏ"]}
    records = [
        {"id": "a", "image": "images/red.png", "conversations": turns, "metadata": told},
        {"id": "b", "image": "images/red.png", "conversations": turns, "lang": "vi"},
        {"id": "c", "image": "images/red.png", "conversations": [], "metadata": 3, "lang": "vi"},
    ]
    held_out = load(write_lines(pictures / "test.jsonl", records))
    assert [(s.sample_id, s.prompt, s.references, s.source) for s in held_out.samples] == [
        ("a", "?", ("đỏ",), "know"), ("b", "?", ("đỏ",), "ling"),
    ]  # fmt: skip
    assert held_out.rejects == {"no_reference": 1}


def test_bad_records_are_counted(pictures):
    good = {"image": "images/red.png", "text": "đỏ", "language": "vi"}
    records = [
        good,
        "{broken",
        "[1]",
        {**good, "image": None},
        {**good, "image": "images/none.png"},
        {**good, "image": "images/" + 999 * "x"},
        {**good, "image": "../set.jsonl"},
        {**good, "image": "/set.jsonl"},
        {**good, "image": "https://example.org/a.png"},
        {**good, "language": None},
        {**good, "language": "tlh"},
        {**good, "text": " "},
        {**good, "split": "train"},
        {**good, "id": "set-0"},
        {**good, "id": "half\ud800", "prompt": "\ud800?", "text": "\udfffđỏ"},
    ]
    file = pictures / "set.jsonl"
    file.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records))
    held_out = load(file)
    assert held_out.rejects == {
        "malformed": 2, "image_missing": 2, "image_outside": 2, "no_image": 1, "image_not_local": 1,
        "no_language": 1, "no_prompt": 1, "no_reference": 1, "other_split": 1, "duplicate_id": 1,
    }  # fmt: skip
    assert held_out.kept == 2
    for sample in held_out.samples:
        json.dumps(
            [sample.sample_id, sample.prompt, sample.references], ensure_ascii=False
        ).encode()


def test_names_and_language_from_the_settings(pictures):
    record = {"pic": "images/red.png", "gold": "sao đỏ"}
    file = write_lines(pictures / "set.jsonl", [record])
    rules = Rules(language="vi", fields={"image": "pic", "references": "gold"})
    assert load(file, rules=rules).samples[0].references == ("sao đỏ",)
    with pytest.raises(InputError, match="1 no_image"):
        load(file)
    with pytest.raises(SettingsError, match="no field 'img'"):
        Rules(fields={"img": "pic"})


def test_an_image_folder(tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "a.png").write_bytes(png())
        record = {"file_name": "a.png", "text": split, "language": "hu"}
        write_lines(tmp_path / split / "metadata.jsonl", [record])
    assert [s.references for s in load(tmp_path).samples] == [("test",)]
    with pytest.raises(InputError, match="no split validation, only"):
        load(tmp_path, rules=Rules("validation"))


def test_crossmodal(pictures):
    (pictures / "images" / "00ab.jpg").write_bytes(png())

    def told(*captions):
        return {"caption": list(captions), "caption/tokenized": ["x"]}

    records = [
        {"image/key": "00ab", "image/locale": "cs", "cs": told("Hvězda.", "Rudá hvězda."),
         "iw": told("x"), "fil": told("x"), "vi": told("Sao đỏ"), "th": told("")},
        {"image/key": "none", "cs": told("x")},
        {"image/key": "../images/00ab", "cs": told("x")},
        {"cs": told("x")},
    ]  # fmt: skip
    write_lines(pictures / "captions.jsonl", records)
    held_out = load(pictures)
    assert held_out.format == load(pictures / "captions.jsonl").format == "xm3600"
    assert [(s.sample_id, s.language, s.source) for s in held_out.samples] == [
        ("00ab/cs", "cs", "ling"), ("00ab/vi", "vi", "ling"),
    ]  # fmt: skip
    assert held_out.samples[0].references == ("Hvězda.", "Rudá hvězda.")
    assert held_out.samples[0].image == pictures / "images" / "00ab.jpg"
    assert held_out.rejects == {
        "no_reference": 1, "image_missing": 1, "image_outside": 1, "malformed": 1,
    }  # fmt: skip
    assert [s.language for s in load(pictures, rules=Rules(language="vi")).samples] == ["vi"]


def hf_table(rows):
    """As the ``datasets`` library writes an Image feature."""
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("sample_id", pa.string()), ("image", image), ("response", pa.string()),
         ("language", pa.string()), ("keywords", pa.list_(pa.string())), ("split", pa.string())]
    )  # fmt: skip
    return pa.Table.from_pylist(rows, schema)


def hf_rows(count):
    return [
        {
            "sample_id": f"s{i}",
            "image": {"bytes": png((i, 0, 0)), "path": None},
            "response": f"câu {i}",
            "language": "vi",
            "keywords": ["câu"] if i % 2 else None,
            "split": "test" if i % 3 else "train",
        }
        for i in range(count)
    ]


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_hugging_face(tmp_path, kind):
    rows = hf_rows(150)
    for n, part in enumerate((rows[:90], rows[90:])):
        file = tmp_path / "data" / f"test-{n:05d}-of-00002.{kind}"
        file.parent.mkdir(exist_ok=True)
        if kind == "parquet":
            pq.write_table(hf_table(part), file, row_group_size=20)
            continue
        table = hf_table(part)
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table, max_chunksize=20)
    (tmp_path / "data" / f"train-00000-of-00001.{kind}").write_bytes(b"never read")
    held_out = load(tmp_path)
    assert held_out.format == "hf"
    assert held_out.rejects == {"other_split": 50}
    assert {s.sample_id: s.image for s in held_out.samples} == {
        r["sample_id"]: r["image"]["bytes"] for r in rows if r["split"] == "test"
    }
    assert {s.source for s in held_out.samples} == {"know", "ling"}
    few = load(tmp_path, per_language=4)
    assert [s.source for s in few.samples] == ["know"] * 4 + ["ling"] * 4
    assert all(s.image == png((int(s.sample_id[1:]), 0, 0)) for s in few.samples)
    other = load(tmp_path, per_language=4, seed=8)
    assert few.samples == load(tmp_path, per_language=4).samples != other.samples


def test_hugging_face_pictures_by_path_and_absent_ones(tmp_path):
    rows = [{**row, "split": "test"} for row in hf_rows(3)]
    (tmp_path / "a.png").write_bytes(png())
    rows[0]["image"] = {"bytes": None, "path": "a.png"}
    rows[1]["image"] = None
    pq.write_table(hf_table(rows), tmp_path / "set.parquet")
    images = {s.sample_id: s.image for s in load(tmp_path / "set.parquet").samples}
    assert images == {"s0": tmp_path / "a.png", "s1": b"", "s2": rows[2]["image"]["bytes"]}


def test_hugging_face_without_pictures(tmp_path):
    table = hf_table(hf_rows(3)).drop_columns("image")
    pq.write_table(table, tmp_path / "set.parquet")
    with pytest.raises(InputError, match="no_image"):
        load(tmp_path)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("damage", ["no such format", "cut", "overwritten"])
def test_damaged_files_are_told(tmp_path, kind, damage):
    file = tmp_path / f"set.{kind}"
    table = hf_table(hf_rows(40))
    if kind == "parquet":
        pq.write_table(table, file)
    else:
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    whole = file.read_bytes()
    file.write_bytes(
        {
            "no such format": b"text",
            "cut": whole[: len(whole) // 2],
            "overwritten": whole[:200] + b"\xff" * 4000 + whole[4200:],
        }[damage]
    )
    with contextlib.suppress(InputError):
        load(file)
    if damage == "no such format":
        with pytest.raises(InputError, match="Cannot read"):
            load(file)


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="There is no test set"):
        load(tmp_path / "none")
    with pytest.raises(InputError, match=r"no \*\.jsonl"):
        load(tmp_path)
    with pytest.raises(InputError, match="No record"):
        load(write_lines(tmp_path / "a.jsonl", [""]))


@pytest.mark.parametrize(
    ("tag", "code"), [("cs", "cs"), ("cs_CZ", "cs"), ("KOR", "ko"), ("iw", "he"), ("sw", "sw")]
)
def test_language_codes(tag, code):
    assert language_code(tag) == code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
names = st.sampled_from(
    ["id", "image", "prompt", "caption", "references", "language", "source", "keywords",
     "description", "split"]
)  # fmt: skip


@given(st.dictionaries(names, json_values | st.sampled_from(["vi", "cs", "test"])))
def test_any_record_is_a_sample_or_rejected(record):
    try:
        sample = to_sample(record, Rules(language="vi"), "n", b"picture")
    except Rejected:
        return
    assert sample.prompt
    assert sample.references or sample.keywords


def test_a_model_is_scored_on_a_test_set(pictures, tmp_path_factory):
    model = make_vlm(tmp_path_factory.mktemp("vlm"))
    records = [
        {"image": f"images/{n}.png", "text": w, "language": "vi", "prompt": "?", "keywords": k}
        for n, w, k in (("red", "đỏ", ["đỏ"]), ("blue", "xanh", []), ("none", "x", []))
    ]
    (pictures / "images" / "broken.png").write_bytes(b"no picture")
    records.append({**records[1], "image": "images/broken.png"})
    file = write_lines(pictures / "own.jsonl", records)
    settings = load_settings(environment={}).evaluate.model_copy(
        update={"model": str(model), "test_set": str(file), "max_new_tokens": 4, "resamples": 5}
    )
    out = pictures / "out"
    result = evaluate(None, model, settings, out=out)
    assert result["test_set"] == {
        "path": str(file), "format": "jsonl", "seen": 4, "kept": 3,
        "rejects": {"image_missing": 1}, "chosen": 3,
    }  # fmt: skip
    assert result["samples"] == {"know": {"vi": 1}, "ling": {"vi": 2}}
    assert result["unreadable"] == 1
    assert (result["table"], result["version"]) == (None, None)
    assert json.loads((out / "evaluation-own.json").read_text()) == result
    difference = result["difference"]["ling"]["vi"]["meteor"]
    assert difference["value"] == 0
    assert difference["signature"].endswith("|test:paired-bs")
    with pytest.raises(InputError, match="nothing to score on"):
        evaluate(None, None, settings.model_copy(update={"test_set": None}))
