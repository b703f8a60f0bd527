"""WAT records: the same pairs as far as the format has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from yarl import URL

from mella_spark.settings import load_settings
from mella_spark.web.harvest import Found, harvest
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


def test_what_the_extractor_keeps_elsewhere() -> None:
    head = {
        "Metas": [
            {"name": "HTML@/lang", "content": "sr-Latn"},
            {"name": "HTML@/xml:lang", "content": "en"},
            {"http-equiv": "Content-Type", "content": "text/html; charset=windows-1250"},
            {"http-equiv": "content-language", "content": "de"},
            {"name": "tdm-reservation", "content": "1"},
        ]
    }
    headers = {
        "Content-Type": "text/html",
        "X-Robots-Tag": "noai",
        "Content-Usage": ["train-ai=n", "search=y"],
        "Set-Cookie": ["a=1", "b=2"],
    }
    page = read(wat([img("ž.png?ž", "x")], head, headers)).page
    assert page is not None
    assert (page.language, page.charset) == ("sr-Latn", "windows-1250")
    assert page.images[0].url == "http://site.example/dir/%C5%BE.png?%9E"
    assert page.optout == [
        "x-robots-tag:noai",
        "content-usage:train-ai=n",
        "meta-tdm-reservation:1",
    ]


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ({"url": "by", "rel": "nofollow LICENSE"}, "http://site.example/dir/by"),
        ({"url": "https://creativecommons.org/licenses/by/4.0/"}, "as it is"),
        ({"url": "//www.creativecommons.org/publicdomain/zero/1.0/"}, "with its scheme"),
        ({"url": "https://creativecommons.org/about/"}, None),
        ({"url": "by", "rel": "licensed"}, None),
    ],
)
def test_licences(link: dict[str, str], address: str | None) -> None:
    page = read(wat([img("a.png", "x"), {"path": "A@/href", **link}])).page
    assert page is not None
    words = {"as it is": link["url"], "with its scheme": "http:" + link["url"]}
    assert page.license_url == (words.get(address, address) if address else None)


def test_only_triples() -> None:
    page = read_wat(wat([img("a.png", "x")], {"Title": "t"}), described=False).page
    assert page is not None
    assert [(i.url, i.alt) for i in page.images] == [("http://site.example/dir/a.png", "x")]
    assert (page.text, page.title, page.optout) == ("", None, [])


def test_images_beyond_a_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mella_spark.web.wat.MAX_IMAGES", 2)
    page = read(wat([img(f"{n}.png", "x") for n in range(5)])).page
    assert page is not None
    assert (len(page.images), page.rejects) == (2, {"page_limit": 3})


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ("0", 0),
        (7, 7),
        ("x", None),
        ("-1", None),
        ("9" * 30, None),
        (None, None),
        ("9" * 5000, None),
    ],
)
def test_offsets_that_a_table_can_hold(offset: Any, expected: int | None) -> None:
    body = json.loads(wat([img("a.png")]))
    body["Container"]["Offset"] = offset
    assert read(json.dumps(body).encode()).warc_offset == expected


def test_the_rules_are_those_of_the_json_module() -> None:
    body = wat([img("a.png", "ALT")])
    for spelling in (b'"n":NaN,', b'"n":-Infinity,', b'"n":' + b"9" * 5000 + b",", b'"n":1e999,'):
        assert read(body.replace(b'"Envelope"', spelling + b'"Envelope"')).page is not None
    assert read(b"\xef\xbb\xbf" + body).page is not None
    page = read(body.replace(b"ALT", b"\\u0000 \\udc00 \\ud83d\\ude00")).page
    assert page is not None
    assert page.images[0].alt == "\ufffd \ufffd 😀"
    for damage in (b"\xff", b"\n", b'"'):
        with pytest.raises(ValueError):  # noqa: PT011 - JSON's own message
            read_wat(body.replace(b"ALT", damage))


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


def test_an_address_in_an_attribute_of_all_elements_comes_before_the_element() -> None:
    links = [
        img("real.png", None, "IMG@/data-uri"),
        img("data:,", "x"),
        img("real.png", None, "IMG@/data-uri"),
        {"path": "A@/href", "url": "b.html"},
        img("c.png", "z"),
        img("d.html", None, "IMG@/data-href"),
        img("d.png", "z"),
    ]
    page = read(wat(links)).page
    assert page is not None
    assert [i.url.rpartition("/")[2] for i in page.images] == ["real.png", "c.png", "d.png"]
    assert page.rejects == {"no_alt": 1}


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


def by_the_letter(body: bytes) -> Iterator[tuple[str, str, str]]:
    """The pairs of one record by ``json`` and yarl: another reading of the format."""
    envelope = json.loads(body)["Envelope"]
    response = envelope.get("Payload-Metadata", {}).get("HTTP-Response-Metadata", {})
    if not response.get("Response-Message", {}).get("Status", "").startswith("2"):
        return
    html = response.get("HTML-Metadata", {})
    page = envelope["WARC-Header-Metadata"]["WARC-Target-URI"].strip("<>")
    base = URL(page, encoded=True).join(URL(html.get("Head", {}).get("Base", ""), encoded=True))
    for link in html.get("Links", ()):
        alt = " ".join(link.get("alt", "").split())
        if link.get("path") == "IMG@/src" and alt and link["url"].strip():
            address = base.join(URL(link["url"].strip(), encoded=True)).with_fragment(None)
            if address.scheme in ("http", "https"):
                yield page, str(address), alt


def test_a_real_crawl_by_the_letter(crawl: Path) -> None:
    for path in sorted(crawl.rglob("*.wat.gz")):
        with path.open("rb") as stream:
            bodies = [
                record.content_stream().read()
                for record in ArchiveIterator(stream)
                if record.rec_type == "metadata"
            ]
        found = [
            (wat_page.url, image.url, image.alt)
            for wat_page in map(read, bodies)
            if wat_page.page is not None
            for image in wat_page.page.images
        ]
        assert len(found) == len(set(found))
        assert set(found) == {pair for body in bodies for pair in by_the_letter(body)}


def test_what_both_formats_know_is_the_same(crawl: Path) -> None:
    """Opt-outs, languages and addresses; alts too, where the header says how to read the page."""
    settings = load_settings(environment={}).extract
    declared = 0
    for path in sorted(crawl.rglob("*.wat.gz")):
        warc = str(path).replace(".warc.wat.gz", ".warc.gz")
        pages = {
            event.warc_offset: event.page
            for event in harvest(warc, "warc", settings)
            if isinstance(event, Found)
        }
        for event in harvest(str(path), "wat", settings):
            if not isinstance(event, Found) or not event.page.images:
                continue
            page = pages[event.warc_offset]
            assert page.optout == event.page.optout
            assert event.page.language in (page.language, None)
            ours, theirs = ({(i.url, i.alt) for i in p.images} for p in (event.page, page))
            assert {url for url, _ in ours} <= {url for url, _ in theirs}
            if event.page.charset:
                assert ours <= theirs
                declared += len(ours)
    assert declared > 0
