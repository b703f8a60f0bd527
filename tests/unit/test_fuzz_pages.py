"""Whatever a page, a WAT record or a header says, reading it ends and gives something sound."""

from __future__ import annotations

import json

from fuzzing import Mutation, blocks, fuzz, mutate, mutations, pages, wat
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web import charset, optout, srcset
from mella_spark.web.body import BodyTooLarge, decode_body
from mella_spark.web.html import read_page
from mella_spark.web.page import Page
from mella_spark.web.urls import normalise, resolve
from mella_spark.web.warc import content_type, parse_headers
from mella_spark.web.wat import read_wat

NUMBERS = st.integers(0, 1 << 16)
LABELS = (
    None,
    "utf-8",
    "iso-8859-1",
    "windows-1251",
    "euc-kr",
    "utf-16",
    "iso-2022-jp",
    "x",
    "gbk",
)
LIMIT = 1 << 18


def sound(page: Page) -> None:
    """Everything counted, every text one that a table can hold, every address absolute."""
    assert page.seen == len(page.images) + page.rejects.total()
    texts = [page.title, page.language, page.license_url, page.text, *page.optout]
    for image in page.images:
        assert image.url.startswith(("http://", "https://"))
        assert image.alt.strip()
        assert normalise(image.url) == image.url
        texts += [image.url, image.alt, image.title, image.figcaption, image.context]
    for text in texts:
        assert text is None or text.encode("utf-8") is not None


@fuzz(0.3)
@given(NUMBERS, mutations, st.sampled_from(LABELS), st.booleans())
def test_pages(seed: int, changes: list[Mutation], label: str | None, described: bool) -> None:
    body = mutate(pages()[seed % len(pages())], changes)
    headers = (("Content-Usage", "train-ai=n"),)
    page = read_page(body, "http://site.example/a/b.html", label, headers, 400, described)
    sound(page)


@fuzz(0.1)
@given(mutations)
def test_triples_are_those_of_the_full_detail(changes: list[Mutation]) -> None:
    body = mutate(pages()[0], changes)
    full = read_page(body, "http://site.example/", None, (), 400, True)
    bare = read_page(body, "http://site.example/", None, (), 400, False)
    assert [(i.url, i.alt) for i in bare.images] == [(i.url, i.alt) for i in full.images]
    assert (bare.seen, bare.rejects, bare.charset) == (full.seen, full.rejects, full.charset)


@fuzz(0.1)
@given(mutations)
def test_wat_records(changes: list[Mutation]) -> None:
    try:
        found = read_wat(mutate(wat(), changes))
    except ValueError:
        return
    if found.page is not None:
        sound(found.page)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@fuzz(0.05)
@given(st.lists(NUMBERS, min_size=1, max_size=3), JSON)
def test_wat_records_of_another_shape(places: list[int], value: object) -> None:
    document = json.loads(wat())
    for place in places:
        node = document
        for depth in range(place % 7):
            children = list(node.values()) if isinstance(node, dict) else node
            inner = [child for child in children if isinstance(child, dict | list)]
            if not inner:
                break
            node = inner[(place >> depth) % len(inner)]
        keys = list(node) if isinstance(node, dict) else range(len(node))
        if keys:
            node[keys[place % len(keys)]] = value
    try:
        found = read_wat(json.dumps(document).encode())
    except ValueError:
        return
    if found.page is not None:
        sound(found.page)


@fuzz(0.1)
@given(NUMBERS, mutations)
def test_responses(seed: int, changes: list[Mutation]) -> None:
    head, _, body = mutate(blocks()[seed % len(blocks())], changes).partition(b"\r\n\r\n")
    headers = parse_headers(head)
    optout.from_headers(headers)
    values = {name.lower(): value for name, value in headers}
    content_type(values.get("content-type", ""))
    try:
        coding = values.get("transfer-encoding", ""), values.get("content-encoding", "")
        assert len(decode_body(body, *coding, LIMIT)) <= max(LIMIT, len(body))
    except BodyTooLarge:
        pass


@fuzz(0.1)
@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(" ,a()1xw.-+e\t/:?#[]@%é\0"), max_size=30).map("".join)
)
def test_values(text: str) -> None:
    for candidate in srcset.parse(text):
        assert candidate.url.strip("\t\n\f\r ")
    srcset.best(text)
    for encoding in ("utf-8", "cp1251", "cp949", "gb18030"):
        address = resolve(text, "http://site.example/a/b?c#d", encoding)
        if address is not None:
            assert address.isascii()
            assert normalise(address) == address
    optout.from_headers((name, text) for name in ("X-Robots-Tag", "TDM-Policy", "Content-Usage"))
    content_type(text)


@fuzz(0.15)
@given(NUMBERS, mutations, st.sampled_from(LABELS))
def test_encodings(seed: int, changes: list[Mutation], label: str | None) -> None:
    body = mutate(pages()[seed % len(pages())], changes)
    text, name = charset.decode(body, label)
    assert charset.lookup(name) == name
    assert name == charset.encoding_of(body, label)
    text.encode("utf-8")
    wide = charset.must_transcode(body, label)
    assert (wide == name) if not charset.ascii_compatible(name) else wide is None
