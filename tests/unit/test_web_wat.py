"""WAT records: the same pairs as far as the format has them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web.wat import WatPage, read_wat


def wat(
    links: list[Any],
    head: dict[str, Any] | None = None,
    headers: dict[str, Any] | None = None,
    status: Any = "200",
    kind: str = "response",
) -> bytes:
    """The JSON of one record, shaped like Common Crawl's."""
    response = {
        "Response-Message": {"Status": status, "Version": "HTTP/1.1", "Reason": "OK"},
        "Headers": {"Content-Type": "text/html; charset=UTF-8", **(headers or {})},
        "HTML-Metadata": {"Head": head or {}, "Links": links},
    }
    return json.dumps(
        {
            "Container": {"Filename": "CC-MAIN-1.warc.gz", "Offset": "12345", "Compressed": True},
            "Envelope": {
                "WARC-Header-Metadata": {
                    "WARC-Type": kind,
                    "WARC-Target-URI": "<http://site.example/dir/page.html>",
                    "WARC-Date": "2024-05-18T01:58:10Z",
                },
                "Payload-Metadata": {"HTTP-Response-Metadata": response},
            },
        }
    ).encode()


def img(url: str, alt: str | None = "x", path: str = "IMG@/src", **more: str) -> dict[str, str]:
    link = {"path": path, "url": url, **more}
    return link if alt is None else {**link, "alt": alt}


def read(body: bytes) -> WatPage:
    found = read_wat(body)
    if found.page is not None:
        assert found.page.seen == len(found.page.images) + sum(found.page.rejects.values())
    return found


def test_a_page() -> None:
    head = {
        "Title": " A \n title ",
        "Base": "/b/",
        "Metas": [
            {"name": "robots", "content": "noai"},
            {"http-equiv": "Content-Language", "content": "sr"},
        ],
        "Link": [{"path": "LINK@/href", "rel": "license", "url": "cc"}],
    }
    headers = {"X-Robots-Tag": ["noimageai", "noindex"]}
    found = read(wat([img("a.png", " ž  x "), img("c.png", "y", title="t")], head, headers))
    page = found.page
    assert page is not None
    assert (found.url, found.warc_file, found.warc_offset) == (
        "http://site.example/dir/page.html",
        "CC-MAIN-1.warc.gz",
        12345,
    )
    assert found.date is not None
    assert [(i.url, i.alt, i.title) for i in page.images] == [
        ("http://site.example/b/a.png", "ž x", "A title"),
        ("http://site.example/b/c.png", "y", "t"),
    ]
    assert (page.title, page.language, page.charset) == ("A title", "sr", "utf-8")
    assert page.license_url == "http://site.example/b/cc"
    assert page.optout == ["x-robots-tag:noimageai", "x-robots-tag:noindex", "meta-robots:noai"]
    assert page.text == "A title ž x y"


def test_rejects() -> None:
    links = [
        img("a.png", None),
        img("a.png", " "),
        img("", "x"),
        img("data:image/gif;base64,R0", "x"),
        img("a.png", "x"),
        img("./a.png#f", "x"),
        {"path": "A@/href", "url": "b.png", "alt": "x"},
        "nonsense",
    ]
    page = read(wat(links)).page
    assert page is not None
    assert page.rejects == {"no_alt": 1, "blank_alt": 1, "no_url": 1, "not_http": 1, "repeated": 1}


def test_paths_of_one_element_belong_together() -> None:
    links = [
        img("data:,", "x"),
        img("s.png 1x, l.png 2x", "x", "IMG@/srcset"),
        img("b.png", "y"),
        img("c.png", None, "IMG@/longdesc"),
        img("real.png", "z", "IMG@/data-src"),
    ]
    page = read(wat(links)).page
    assert page is not None
    assert [i.url.rpartition("/")[2] for i in page.images] == ["l.png", "b.png"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (wat([], kind="request"), "not_response"),
        (wat([img("a")], status="404"), "http_error"),
        (wat([img("a")], status=None), "http_error"),
        (wat([]), "no_image"),
        (b'{"Envelope": {"WARC-Header-Metadata": {"WARC-Type": "warcinfo"}}}', "not_response"),
    ],
)
def test_records_without_an_image(body: bytes, kind: str) -> None:
    found = read(body)
    assert (found.page, found.kind) == (None, kind)


def test_not_html() -> None:
    body = json.loads(wat([], headers={"Content-Type": "image/png"}))
    response = body["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]
    del response["HTML-Metadata"]
    assert read(json.dumps(body).encode()).kind == "not_html"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"Envelope": 3}', b"\xff{}"])
def test_not_a_wat_record(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own message, or ours
        read_wat(body)


def test_half_a_surrogate_pair_can_be_stored() -> None:
    body = wat([img("a.png", "HALF")]).replace(b"HALF", b"\\ud83d half")
    page = read(body).page
    assert page is not None
    page.images[0].alt.encode("utf-8")


json_value = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(json_value, json_value, json_value, json_value)
def test_any_shape_is_read_or_refused(link: Any, head: Any, headers: Any, status: Any) -> None:
    body = json.loads(wat([link, img("a.png")]))
    response = body["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]
    response["HTML-Metadata"]["Head"] = head
    response["Headers"] = headers
    read(json.dumps(body).encode())
    response["Response-Message"] = status
    read(json.dumps(body).encode())
    body["Envelope"]["Payload-Metadata"] = status
    body["Container"] = head
    read(json.dumps(body).encode())
