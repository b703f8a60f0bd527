"""What compiled code says of an image is what choosing, resolving and cleaning in Python say."""

from __future__ import annotations

import html

from hypothesis import example, given
from hypothesis import strategies as st

from mella_spark.web.charreferences import unescape_attribute
from mella_spark.web.html import pixels, read_page
from mella_spark.web.page import collapse
from mella_spark.web.picture import LAZY, choose
from mella_spark.web.urls import resolve

BASES = ["http://site.example/a/b/page.html?x=1", "https://Site.example:443", "http://10.1/x/"]
PIECES = [
    "a", "b.png", "/", "//", "..", "../", "./", ".", "?", "#", "&amp;", "&", "&copy", "&copy=1",
    "&lt;", "=", "é", " ", "\t", "\n", "%2e", "%2F", ":", "http:", "https://", "http://h.example",
    "HTTP://", "data:image/gif;base64,R0", "javascript:", "blank.gif", "spacer", "1x1", "1px.gif",
    "loading-2.svg", "pixel_1x1", "trans", "{", "123", "@", "\\", "|", "x-1", "xn--", "file.php?i=",
]  # fmt: skip
WORDS = ["word", " ", "  ", "\t", "\n", "\u00a0", "\u2003", "&nbsp;", "&amp;", "&quot;", "&copy=",
         "žluť", "ไทย", "\u200b", "\u0007", "&#x41;", "&", "1"]  # fmt: skip
references = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
texts = st.lists(st.sampled_from(WORDS), max_size=6).map("".join)
sizes = st.sampled_from(["", "1", " 12 ", "12px", "7.5", "100%", "0", "auto", "99999999", "&#49;"])
attributes = st.fixed_dictionaries(
    {},
    optional={
        "src": references,
        "data-src": references,
        "data-original": references,
        "srcset": references,
        "lazysrc": references,
        "title": texts,
        "width": sizes,
        "height": sizes,
    },
)


def quoted(value: str) -> str:
    return value.replace('"', "&quot;")


@given(attributes, texts, st.sampled_from(BASES))
@example({"src": "data:image/gif;base64,R0", "data-src": "../x/y.jpg?a=1&amp;b=2"}, "a", BASES[0])
@example({"data-original": "id", "data-src": "b.png"}, "a", BASES[0])
@example({"src": "/img/blank.gif", "srcset": "/x.png 2x"}, "a", BASES[0])
@example({"src": "../../../../a.png"}, "a", BASES[0])
def test_as_in_python(given_: dict[str, str], alt: str, base: str) -> None:
    written = " ".join(f'{name}="{quoted(value)}"' for name, value in given_.items())
    page = read_page(f'<img {written} alt="{quoted(alt)}">'.encode(), base, "utf-8")
    decoded = {name: unescape_attribute(value) for name, value in given_.items()}
    expected_alt = collapse(unescape_attribute(alt))
    reference = choose(decoded, ())
    address = resolve(reference, base) if reference.strip() else None
    if not expected_alt or address is None:
        assert not page.images
        assert sum(page.rejects.values()) == 1
        return
    [image] = page.images
    assert (image.url, image.alt) == (address, expected_alt)
    assert image.title == (collapse(decoded.get("title")) or None)
    assert (image.width, image.height) == (
        pixels(decoded.get("width")),
        pixels(decoded.get("height")),
    )


@given(st.lists(st.sampled_from(LAZY), max_size=4, unique=True), st.data())
def test_lazy_attributes_count_in_their_order(names: list[str], data: st.DataObject) -> None:
    given_ = {name: data.draw(references) for name in names}
    written = " ".join(f'{name}="{quoted(value)}"' for name, value in given_.items())
    page = read_page(f'<img alt=a src="data:," {written}>'.encode(), BASES[0])
    decoded = {name: unescape_attribute(value) for name, value in given_.items()}
    reference = choose({"src": "data:,"} | decoded, ())
    expected = resolve(reference, BASES[0])
    assert [image.url for image in page.images] == ([expected] if expected else [])


@given(texts, texts, st.lists(texts, min_size=1, max_size=3), references)
def test_context_is_cleaned_like_text(
    heading: str, before: str, labels: list[str], link: str
) -> None:
    images = "".join(f'<img src="{i}" alt="x{i}" aria-label="{quoted(label)}">'
                     for i, label in enumerate(labels))  # fmt: skip
    body = f'<h2>{heading}</h2><p>{before}</p><a href="{quoted(link)}">{images}</a>'.encode()
    page = read_page(body, BASES[0], "utf-8", context_chars=100)
    assert len(page.images) == len(labels)
    address = resolve(unescape_attribute(link), BASES[0]) if link else None
    for image, label in zip(page.images, labels, strict=True):
        lines = (image.context or "").split("\n")
        assert all(line == collapse(line) and line for line in lines if image.context)
        said = {collapse(html.unescape(heading)), collapse(unescape_attribute(label))}
        last = {address} if address and len(address) <= 160 else set()
        window = " ".join(lines)
        for word in said - {"", image.alt}:
            assert word in lines or word in window
        assert not last or lines[-1] in last or image.url in last
