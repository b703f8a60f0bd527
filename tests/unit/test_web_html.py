"""HTML to pairs: which images, which address, which text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mella_spark.web.html import MAX_IMAGES, pixels, read_page
from mella_spark.web.page import Image, Page

URL = "http://site.example/dir/page.html"
PLACEHOLDER = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def read(html: str, *headers: tuple[str, str], url: str = URL) -> Page:
    page = read_page(html.encode(), url, None, headers)
    assert page.seen == len(page.images) + sum(page.rejects.values())
    return page


def only(html: str) -> Image:
    (image,) = read(html).images
    return image


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<img src="a.png" alt="x">', "http://site.example/dir/a.png"),
        ('<base href="/b/"><img src="a.png" alt="x">', "http://site.example/b/a.png"),
        ('<base target=_top><base href="//c.example"><img src="a" alt="x">', "http://c.example/a"),
        ('<base href="data:x"><img src="a" alt="x">', "http://site.example/dir/a"),
        ('<IMG SRC=//cdn.example/a.png ALT=x>', "http://cdn.example/a.png"),
        (f'<img src="{PLACEHOLDER}" data-src="r.jpg" alt="x">', "http://site.example/dir/r.jpg"),
        ('<img data-original="/r.jpg" alt="x">', "http://site.example/r.jpg"),
        ('<img src="/img/spacer.gif" data-lazy-src="r.jpg" alt="x">', "http://site.example/dir/r.jpg"),
        ('<img src="loading.svg?v=2" data-src="r.jpg" alt="x">', "http://site.example/dir/r.jpg"),
        ('<img src="" data-lazy="r.jpg" alt="x">', "http://site.example/dir/r.jpg"),
        ('<img src="about:blank" data-url="r.jpg" alt="x">', "http://site.example/dir/r.jpg"),
        # A real src wins over everything else.
        ('<img src="s.jpg" data-src="r.jpg" srcset="b.jpg 2x" alt="x">', "http://site.example/dir/s.jpg"),
        # A placeholder's name alone is no reason to drop the only address.
        ('<img src="blank.gif" alt="x">', "http://site.example/dir/blank.gif"),
        # Data attributes that hold something else than an address.
        ('<img src=spacer.gif data-src data-lazy=true data-url="{a.b/c}" alt="x">', "http://site.example/dir/spacer.gif"),
        ('<img srcset="s.jpg 100w, l.jpg 900w" alt="x">', "http://site.example/dir/l.jpg"),
        (f'<img src="{PLACEHOLDER}" data-srcset="s.jpg 1x, l.jpg 2x" alt="x">', "http://site.example/dir/l.jpg"),
        ('<picture><source srcset="w.webp"><source srcset="a.avif 2x"><img alt="x"></picture>', "http://site.example/dir/w.webp"),
        ('<picture><source data-srcset="w.webp"><img src="real.jpg" alt="x"></picture>', "http://site.example/dir/real.jpg"),
        ('<noscript><img src="n.png" alt="x"></noscript>', "http://site.example/dir/n.png"),
        ('<image src="i.png" alt="x">', "http://site.example/dir/i.png"),
    ],
)  # fmt: skip
def test_address(html: str, expected: str) -> None:
    assert only(html).url == expected


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<img src=a.png>", "no_alt"),
        ("<img src=a.png alt>", "blank_alt"),
        ("<img src=a.png alt=' &nbsp;\n&#x3000;'>", "blank_alt"),
        ("<img alt=x>", "no_url"),
        ("<img src='  ' alt=x>", "no_url"),
        (f"<img src='{PLACEHOLDER}' alt=x>", "not_http"),
        ("<img src='ftp://h/a.png' alt=x>", "not_http"),
        ("<img src='http://h:99999/' alt=x>", "not_http"),
    ],
)
def test_rejects(html: str, reason: str) -> None:
    page = read(html)
    assert (page.images, dict(page.rejects)) == ([], {reason: 1})


def test_once_per_address_and_alt() -> None:
    page = read(
        "<img src=a alt=x><img src=./a alt=' x '><img src=a#f alt=x><img src=a alt=y>"
        f"<img src='{PLACEHOLDER}' data-src=b/ alt=x><noscript><img src=b/ alt=x></noscript>"
    )
    found = [
        (image.url.removeprefix("http://site.example/dir/"), image.alt) for image in page.images
    ]
    assert found == [("a", "x"), ("a", "y"), ("b/", "x")]
    assert page.rejects == {"repeated": 3}


def test_alt_as_the_standard_parses_it() -> None:
    image = only("<img src=a alt='&lt;b&gt; &eacute;&amp;amp;\n\t  &#8203;x&nbsp;\u3000y \u00a0'>")
    assert image.alt == "<b> é&amp; \u200bx y"


def test_what_is_no_image_element() -> None:
    html = (
        "<!-- <img src=a alt=x> --><script>'<img src=b alt=x>'</script><style><img></style>"
        "<textarea><img src=c alt=x></textarea><template><img src=d alt=x></template>"
    )
    assert read(html).seen == 0


def test_description_of_page_and_image() -> None:
    page = read(
        "<html lang=cs><head><title> A \n title </title>"
        "<meta name=robots content='noai'></head><body><p>before</p>"
        "<script>hidden()</script><style>hidden</style><select><option>hidden</select>"
        "<figure><img src=a alt=x title=' t ' width=640 height='480px'>"
        "<figcaption>The <b>cap</b>tion</figcaption></figure><p>after</p>"
        "<a rel='nofollow License' href=/cc>licence</a></body></html>",
        ("X-Robots-Tag", "noimageai"),
    )
    (image,) = page.images
    assert (image.title, image.width, image.height) == ("t", 640, 480)
    assert image.figcaption == "The caption"
    assert image.context == "before The caption after licence"
    assert page.text == image.context
    assert (page.title, page.language, page.charset) == ("A title", "cs", "utf-8")
    assert page.license_url == "http://site.example/cc"
    assert page.optout == ["x-robots-tag:noimageai", "meta-robots:noai"]


def test_image_without_title_has_the_page_s() -> None:
    assert only("<title>T</title><img src=a alt=x>").title == "T"
    assert only("<img src=a alt=x>").title is None


def test_innermost_caption_in_any_order() -> None:
    page = read(
        "<figure><figcaption>outer</figcaption><img src=1 alt=x>"
        "<figure><img src=2 alt=x><figcaption>inner</figcaption></figure></figure>"
        "<figure><figure><img src=3 alt=x><figcaption>inner</figcaption></figure>"
        "<img src=4 alt=x><figcaption>outer</figcaption></figure>"
        "<figcaption>stray</figcaption><img src=5 alt=x>"
    )
    captions = [image.figcaption for image in page.images]
    assert captions == ["outer", "inner", "inner", "outer", None]


def test_context_is_bounded_near_and_in_whole_words() -> None:
    words = [f"w{number:03}" for number in range(400)]
    html = " ".join(words[:200]) + "<img src=a alt=x>" + " ".join(words[200:])
    page = read_page(html.encode(), URL, context_chars=40)
    context = page.images[0].context or ""
    assert context.split() == words[196:204]
    assert len(context) <= 40


def test_context_of_scripts_without_spaces() -> None:
    html = "โ" * 900 + "<img src=a alt=x>" + "ค" * 900
    page = read_page(html.encode(), URL, context_chars=40)
    assert page.images[0].context == "โ" * 20 + " " + "ค" * 20


def test_contexts_of_neighbours() -> None:
    page = read("one <img src=1 alt=x> two <img src=2> <img src=3 alt=x> three")
    assert [image.context for image in page.images] == ["one two three"] * 2


@pytest.mark.parametrize(
    ("html", "headers", "expected"),
    [
        ("<html lang=vi>", [("Content-Language", "en")], "vi"),
        ("<html xml:lang=th>", [], "th"),
        ("<meta http-equiv=Content-Language content='ko'>", [("Content-Language", "en")], "ko"),
        ("", [("content-language", "sr-Cyrl")], "sr-Cyrl"),
        ("", [("content-language", "sr, en")], None),
        ("<html lang=' '>", [], None),
    ],
)
def test_declared_language(html: str, headers: list[tuple[str, str]], expected: str | None) -> None:
    assert read(html + "<img src=a alt=x>", *headers).language == expected


def test_creative_commons_link_is_a_licence_and_a_stated_one_comes_first() -> None:
    by = "https://creativecommons.org/licenses/by/4.0/"
    cc = f"<a href='{by}'>CC</a>"
    other = "<a href='https://creativecommons.org/about'>CC</a>"
    assert read(other + "<img src=a alt=x>").license_url is None
    assert read(other + cc + "<img src=a alt=x>").license_url == by
    stated = "<link rel=license href=l>"
    assert read(cc + "<img src=a alt=x>" + stated).license_url == "http://site.example/dir/l"


def test_pixels() -> None:
    given_ = ["12", " 12px ", "12.7", "50%", "auto", "0", "-3", "9" * 40, "", None]
    assert [pixels(value) for value in given_] == [12, 12, 12] + [None] * 7


def test_query_in_the_page_s_encoding() -> None:
    body = "<meta charset=windows-1251><img src='/a?q=ж' alt='жук'>".encode("cp1251")
    (image,) = read_page(body, URL).images
    assert (image.url, image.alt) == ("http://site.example/a?q=%E6", "жук")


def test_a_page_s_images_are_bounded() -> None:
    page = read("".join(f"<img src={n} alt=x>" for n in range(MAX_IMAGES + 5)))
    assert len(page.images) == MAX_IMAGES
    assert page.rejects == {"page_limit": 5}


def test_heading_label_and_link_are_context() -> None:
    page = read(
        "<h2>Húsvéti <i>ételek</i></h2>" + "<p>x</p>" * 300 + "<a href='/wiki/B%C3%A1r%C3%A1ny'>"
        "<img src=a alt=x aria-label='Az asztalon'></a><img src=b alt=y>"
    )
    lines = (page.images[0].context or "").split("\n")
    assert lines[:2] == ["Húsvéti ételek", "Az asztalon"]
    assert lines[3] == "http://site.example/wiki/B%C3%A1r%C3%A1ny"
    assert (page.images[1].context or "").split("\n")[0] == "Húsvéti ételek"
    near = read("<h2>Near</h2><a href=a><img src=a alt=x></a>")
    assert near.images[0].context == "Near"


def test_inline_elements_do_not_part_words() -> None:
    image = only("<p>kra<b>sli</b>ce</p><p>po&nbsp;mlázka<br>x</p><img src=a alt=x>")
    assert image.context == "kraslice po mlázka x"


def test_parameters_are_no_character_references() -> None:
    image = only("<img src='a?x=1&copy=2&reg;&amp;lt=3' alt='&copy=x &notit; &lt'>")
    assert image.url == "http://site.example/dir/a?x=1&copy=2%C2%AE&lt=3"
    assert image.alt == "&copy=x &notit; <"


def test_utf_16_pages_pass_the_prefilter() -> None:
    assert read_page("<img src=a alt='кулич'>".encode("utf-16"), URL).images[0].alt == "кулич"


def test_images_in_places_that_are_dropped_from_the_text() -> None:
    page = read("<select><img src=a alt=x></select><svg><foreignObject><img src=b alt=y></svg>")
    assert {image.alt for image in page.images} <= {"x", "y"}


# Pieces of mark-up that make every parser state likely, one a line.
PIECES = """<img
src=a.png
alt=x
alt='
"
>
<p>
</p>
<figure>
</figure>
<figcaption>
text
&amp;
&#x
<!--
-->
<script>
</script>
<picture>
<source srcset='a 1x'>
<svg>
<math>
<table>
<base href=x>
<noscript>
<template>
</template>
\x00
\ufdd0
<body>
<frameset>
<a rel=license href=q>
<meta content=a name=robots>
<select>
<option>"""
html_like = st.lists(st.sampled_from([f"{piece} " for piece in PIECES.split("\n")]), max_size=40)
bodies = st.one_of(html_like.map("".join).map(str.encode), st.binary(max_size=200))


@settings(deadline=None)
@given(bodies, st.sampled_from([URL, "", "x:y"]))
def test_anything_keeps_the_identity(body: bytes, url: str) -> None:
    page = read_page(b"<img " + body, url)
    assert page.seen == len(page.images) + sum(page.rejects.values())
    for image in page.images:
        assert image.alt == " ".join(image.alt.split()) != ""
        assert image.url.startswith(("http://", "https://"))
        assert all(len(line) <= 401 for line in (image.context or "").split("\n"))
