"""The report's page: complete, self-contained, and safe with texts from a hostile web."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from itertools import pairwise

import pytest
import report_data
from bs4 import BeautifulSoup
from PIL import Image

from mella_spark.report.data import Picture, ReportData, SampleCount, Term
from mella_spark.report.page import percent, render, shown_rejects, web_link

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</dd></style><svg onload=alert(1)>",
    "{{ data.root }}{% include 'x' %}",
    "&lt;b&gt; &amp; <!-- -->",
    "]]>--></title><iframe src=//evil.example>",
    "\u202eright to left\u2066 override",
)
ADDRESSES = ("javascript:alert(1)", "data:text/html,x", "//evil.example", ' https://a.example" x="',
             "https://a.example/<x>\nonclick=1", "file:///etc/passwd")  # fmt: skip
EVALUATION = report_data.evaluation()
LINK_SCHEMES = re.compile(r"#\w+$|https?://")


@pytest.fixture(scope="module")
def full() -> ReportData:
    return report_data.full()


@pytest.fixture(scope="module")
def page(full: ReportData) -> BeautifulSoup:
    return BeautifulSoup(render(full), "html5lib")


def hostile(text: str, address: str) -> ReportData:
    """A report with ``text`` in every place that the web, a model or a path can fill."""
    data = report_data.empty()
    evaluation = EVALUATION
    examples = tuple(
        replace(e, prompt=text, reference=text, before=text, after=text, keywords=(text,))
        for e in evaluation.examples[:1]
    )
    picture = Picture(
        language="ar", split=text, know=text, ling=text, pivot=text, keywords=(text,),
        evidence=((text, text),), category=text, culture_score=0.5,
        page_url=address, license_url=address, thumbnail=report_data.drawn(0, "ar")[0],
    )  # fmt: skip
    return replace(
        data,
        root=text,
        gallery=(picture,),
        terms=(Term("ar", text, 1),),
        funnel=(replace(report_data.FUNNEL[0], rejects={text: 4_594}),),
        evaluation=replace(evaluation, examples=examples, facts={text: text}),
        settings=((text, text),),
        tables=(replace(data.tables[0], comment=text),),
    )


def assert_harmless(soup: BeautifulSoup) -> None:
    """Nothing runs, nothing loads, no link leads anywhere but to the web or into the page."""
    active = ["script", "iframe", "object", "embed", "form", "base", "foreignobject"]
    assert not soup.find_all(active)
    for element in soup.find_all(True):
        for name, value in element.attrs.items():
            assert not name.startswith("on"), element
            if name in ("href", "xlink:href", "action", "formaction"):
                assert LINK_SCHEMES.match(value) or (element.name, value) == ("link", "data:,")
            if name in ("src", "srcset", "poster", "data"):
                assert value.startswith("data:image/webp;base64,")
    styles = "".join(style.get_text() for style in soup.find_all("style"))
    assert "url(" not in styles
    assert "@import" not in styles
    assert len(soup.find_all("style")) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    soup = BeautifulSoup(render(hostile(text, ADDRESSES[0])), "html5lib")
    assert_harmless(soup)
    said = [dd.get_text() for dd in soup.select("#gallery .said dd")]
    assert said == [text, text, text]
    assert [dd.get_text() for dd in soup.select("#evaluation figure dd")] == [text] * 4
    image = soup.select_one("#gallery img")
    assert image is not None
    assert image["alt"] == text
    assert soup.title is not None
    assert text in soup.title.get_text()


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_web_addresses_become_links(address: str) -> None:
    soup = BeautifulSoup(render(hostile("x", address)), "html5lib")
    assert_harmless(soup)
    assert not soup.select("#gallery a")
    assert web_link(address) is None


def test_unprintable_text_still_makes_a_page() -> None:
    html = render(hostile("a\x00b\x1bc\ud800d", "https://a.example/"))
    assert html.encode("utf-8")
    assert "a\ufffdb\ufffdc\ufffdd" in html


def test_the_page_is_whole_and_self_contained(page: BeautifulSoup, full: ReportData) -> None:
    assert_harmless(page)
    assert page.html is not None
    assert page.html["lang"] == "en"
    sections = [section["id"] for section in page.find_all("section")]
    assert sections == ["funnel", "languages", "culture", "gallery", "splits", "training",
                        "evaluation", "tables", "appendix"]  # fmt: skip
    for link in page.select('a[href^="#"]'):
        assert page.find(id=str(link["href"])[1:]), link
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert len(render(full).encode()) < 5_000_000


def test_every_table_and_picture_can_be_understood_without_seeing(page: BeautifulSoup) -> None:
    for image in page.find_all("img"):
        assert image["alt"].strip()
    for svg in page.find_all("svg"):
        assert svg.get("aria-hidden") == "true" or (svg["role"] == "img" and svg["aria-label"])
    for table in page.find_all("table"):
        assert table.find("th", scope="col")
    levels = [int(h.name[1]) for h in page.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_each_language_has_its_direction_and_both_texts(
    page: BeautifulSoup, full: ReportData
) -> None:
    for info in full.languages:
        marked = page.find_all(lang=info.code)
        assert marked
        assert {e["dir"] for e in marked if e.has_attr("dir")} == {info.direction}
    figures = page.select("#gallery figure")
    assert len(figures) == len(full.gallery) == 24
    for figure, picture in zip(figures, full.gallery, strict=True):
        know, ling, pivot = figure.select("dd")
        assert (know["lang"], ling["lang"], pivot["lang"]) == (picture.language,) * 2 + ("en",)
        assert (know.get_text(), ling.get_text()) == (picture.know, picture.ling)
    arabic = [e for e in page.find_all(lang="ar") if e.name == "dd"]
    assert {e["dir"] for e in arabic} == {"rtl"}


def test_pictures_are_webp_of_the_size_they_claim(page: BeautifulSoup) -> None:
    for tag in page.find_all("img")[:5]:
        content = base64.b64decode(str(tag["src"]).partition(",")[2], validate=True)
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == "WEBP"
            assert image.size == (int(tag["width"]), int(tag["height"]))


def test_the_models_work_is_told_in_rates_and_shares(page: BeautifulSoup) -> None:
    row = page.select('[aria-label="The models at work"] tbody tr')
    assert [cell.get_text() for cell in row[0].select("th, td")] == [
        "caption", "embedded", "640", "10.0", "150", "90 %", "5 %", "7.5 %", "1",
    ]  # fmt: skip
    assert len(row) == 1


def test_the_funnel_shows_every_count(page: BeautifulSoup, full: ReportData) -> None:
    stages = page.select("#funnel li.stage")
    assert [s.h3.get_text() for s in stages] == [count.stage for count in full.funnel]
    for stage, count in zip(stages, full.funnel, strict=True):
        widths = [float(rect["width"]) for rect in stage.select("svg.bar rect")]
        assert sum(widths) == pytest.approx(100, abs=0.1)
        assert widths[0] == pytest.approx(100 * count.kept / count.seen, abs=0.01)
        numbers = [int(b.get_text().replace(",", "")) for b in stage.select(".legend b")]
        assert sum(numbers) == count.seen
    appendix = page.select_one("#appendix")
    assert appendix is not None
    codes = [code.get_text() for code in appendix.select("details:first-of-type td code")]
    assert codes == [reason for count in full.funnel for reason in count.rejects]


def test_counts_that_do_not_add_up_are_named(full: ReportData) -> None:
    broken = replace(full, funnel=(replace(full.funnel[0], seen=1),))
    assert "do not add up" in render(broken)
    assert "do not add up" not in render(full)


def test_samples_by_language_and_source_stand_in_the_table(
    page: BeautifulSoup, full: ReportData
) -> None:
    rows = page.select("#languages tbody tr")
    for row, info in zip(rows, full.languages, strict=True):
        cells = [cell.get_text() for cell in row.select("td.n")]
        assert cells[3:] == [f"{full.count(info.code, s):,}" for s in ("know", "ling")]
    foot = [cell.get_text() for cell in page.select("#splits tfoot td.n")][:3]
    assert foot == [f"{full.count(split=s):,}" for s in ("train", "validation", "test")]


def test_captions_that_have_seen_the_alt_stand_apart(full: ReportData) -> None:
    """Counted in a column of their own, and in no number that is there without them."""
    thick = tuple(SampleCount(info.code, "thick", "train", 7, 100) for info in full.languages)
    first, *others = full.gallery
    gallery = (replace(first, thick="A thick one <b>"), *others)
    evaluation = full.evaluation
    assert evaluation is not None
    figures = {**evaluation.figures, "thick": evaluation.figures["ling"]}
    scored = replace(evaluation, figures=figures)
    data = replace(full, thick=thick, gallery=gallery, evaluation=scored)
    made, without = (BeautifulSoup(render(one), "html5lib") for one in (data, full))
    assert_harmless(made)
    assert not without.select("main .t-thick, main rect.thick")
    rows, plain = (
        one.select("#languages tbody tr, #languages tfoot tr") for one in (made, without)
    )
    for row, before in zip(rows, plain, strict=True):
        cells, old = ([c.get_text() for c in tr.select("td.n")] for tr in (row, before))
        assert cells == [*old, "7" if row is not rows[-1] else f"{7 * len(full.languages)}"]
        assert row.select("td.chart") == before.select("td.chart")
    assert "have seen the native alt" in made.select_one("#languages .note").get_text()  # type: ignore[union-attr]
    for place in ("#splits td", ".tiles b", "#funnel b"):
        assert made.select(place) == without.select(place)
    said = made.select("#gallery figure dl")
    assert [dt.get_text().split(" ")[0] for dt in said[0].select("dt")] == [
        "know", "ling", "thick", "what",
    ]  # fmt: skip
    assert said[0].select("dd")[2].get_text() == "A thick one <b>"
    assert all(len(dl.select("dt")) == 3 for dl in said[1:])
    sources = [heading.get_text().split(" ")[0] for heading in made.select("#evaluation h3")[:3]]
    assert sources == ["know", "ling", "thick"]


def test_figures_before_and_after_with_signatures(page: BeautifulSoup, full: ReportData) -> None:
    evaluation = full.evaluation
    assert evaluation is not None
    know = evaluation.figures["know"]["ar"]["keyword_strict"]
    cell = page.select_one("#evaluation table.metrics tbody tr:nth-of-type(3) td")
    assert cell is not None
    assert know.after is not None
    assert cell.get_text(" ", strip=True) == f"{know.before.value:.1f} → {know.after.value:.1f}"
    signatures = {code.get_text() for code in page.select("#signatures code")}
    for groups in evaluation.figures.values():
        for metrics in groups.values():
            assert {figure.shown.signature for figure in metrics.values()} <= signatures


def test_without_anything_every_section_says_how_to_get_there() -> None:
    soup = BeautifulSoup(render(report_data.empty()), "html5lib")
    for name, command in {
        "funnel": "mella run INPUT --root demo",
        "languages": "mella run INPUT --root demo",
        "culture": "mella filter --root demo",
        "gallery": "mella run INPUT --root demo",
        "splits": "mella assemble --root demo",
        "training": "mella train --root demo",
        "evaluation": "mella evaluate --root demo",
    }.items():
        section = soup.find("section", id=name)
        assert section is not None
        code = section.select_one(".empty code")
        assert code is not None
        assert code.get_text() == command


def test_a_training_under_way_and_a_single_model_are_shown(full: ReportData) -> None:
    training = replace(report_data.training(), finished=False, validation=())
    evaluation = report_data.evaluation()
    figures = {
        source: {
            group: {name: replace(figure, after=None) for name, figure in metrics.items()}
            for group, metrics in groups.items()
        }
        for source, groups in evaluation.figures.items()
    }
    examples = tuple(replace(e, after=None) for e in evaluation.examples)
    before_only = replace(evaluation, figures=figures, examples=examples, hidden_examples=2)
    html = render(replace(full, training=training, evaluation=before_only))
    assert "The training has not ended" in html
    assert "not scored" in html
    assert "2 left out" in html


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "–"), (0, 9, "0 %"), (9, 9, "100 %"), (1, 3, "33.3 %"), (1, 5_000, "< 0.1 %"),
     (9_999, 10_000, "> 99.9 %"), (1, 2, "50 %")],
)  # fmt: skip
def test_percent_never_rounds_to_nothing_or_all(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


def test_many_reasons_share_a_colour_and_lose_no_count() -> None:
    rejects = {f"r{i}": 20 - i for i in range(12)}
    shown = shown_rejects(rejects)
    assert len(shown) == 6
    assert shown[-1][0] == "7 other reasons"
    assert sum(count for _, count in shown) == sum(rejects.values())
    assert shown_rejects({"a": 2, "b": 1}) == [("a", 2), ("b", 1)]
