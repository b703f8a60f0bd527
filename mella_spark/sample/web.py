"""Generate the sample web: a small multilingual crawl whose contents are known exactly.

The pictures are drawn, the pages are written, and both go into WARC files together with what real
crawls contain: legacy charsets, lazy pictures, duplicates, dead and broken pictures, a cut file.
Beside the archives, `truth.jsonl` lists the image-text pairs that a correct extraction finds.
"""

import gzip
import html
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from .archive import Record, capture, chunked, http_response, payload_digest, write_warc
from .draw import draw
from .markup import nav_icons, page_html, tracker_url
from .plan import plan_pages
from .scenes import Group, Scene
from .sites import Page, Picture, Placement
from .sitetext import SITE_TEXTS
from .truth import truth_pairs, write_truth

# Languages whose sites share a crawl file, and whether it is written as wget does.
_FILES: tuple[tuple[tuple[str, ...], bool], ...] = (
    (("ar", "cs"), False),
    (("hu", "ko"), True),
    (("ru", "sr"), False),
    (("th", "vi", "en"), False),
)
_MIME = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_DRAWN_SIDE = 256
_PNG_COLOURS = 128
_NOT_FOUND = b"<!DOCTYPE html><html><head><title>404</title></head><body>Not found</body></html>"


@dataclass(frozen=True)
class WebManifest:
    """What `generate_web` wrote: the archives, the truth file, and their contents in numbers."""

    warc_files: tuple[Path, ...]
    truth: Path
    pages: int
    pairs: int
    """Lines of the truth file."""
    pictures: int
    """Addresses with a drawn picture in the archives."""
    bytes: int
    """Of all archives."""


def generate_web(out: Path, seed: int = 7, scale: int = 1) -> WebManifest:
    """Write the sample web into the folder `out`: four WARC files and `truth.jsonl`.

    The same (seed, scale) gives the same bytes. `scale` multiplies the number of pages and
    pictures; at 1 each of the eight languages has about 60 pictures.

    Raises:
        ValueError: `scale` is below 1.
    """
    if scale < 1:
        raise ValueError(f"scale must be at least 1, not {scale}")
    out.mkdir(parents=True, exist_ok=True)
    pages = plan_pages(seed, scale)
    archive = _Archive()
    files, size = [], 0
    for number, (languages, angle_brackets) in enumerate(_FILES):
        files.append(out / f"sample-{number:05d}.warc.gz")
        own = [page for page in pages if page.language in languages]
        records = archive.file_records(files[-1].name, own, cut=number == len(_FILES) - 1)
        size += write_warc(files[-1], records, angle_brackets)
    pairs = truth_pairs(pages)
    write_truth(out / "truth.jsonl", pairs)
    return WebManifest(
        tuple(files), out / "truth.jsonl", len(pages), len(pairs), archive.pictures, size
    )


def encode_picture(picture: Picture) -> bytes:
    """The bytes of a picture's file, drawn, scaled to its side and compressed."""
    image = draw(picture.scene, _DRAWN_SIDE, picture.seed)
    if picture.side != _DRAWN_SIDE:
        image = image.resize((picture.side, picture.side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if picture.format == "png":
        image.quantize(_PNG_COLOURS, Image.Quantize.FASTOCTREE).save(buffer, "PNG")
    elif picture.format == "webp":
        image.save(buffer, "WEBP", quality=picture.quality, method=2)
    else:
        image.save(buffer, "JPEG", quality=picture.quality)
    return buffer.getvalue()


class _Archive:
    """The crawl: which addresses it has been to, across all files."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.pictures = 0

    def file_records(self, name: str, pages: list[Page], cut: bool) -> Iterator[Record]:
        """All records of one crawl file; with `cut` the last one is broken off."""
        info = (
            f"software: sample-crawler/1.0\r\nformat: WARC File Format 1.0\r\nfilename: {name}\r\n"
        )
        yield Record("warcinfo", None, "application/warc-fields", info.encode())
        hosts = dict.fromkeys(page.host for page in pages)
        for host in hosts:
            yield from self._site(host, [page for page in pages if page.host == host])
        if cut:
            *_, last = pages
            url = f"{_root(last)}/unfinished.html"
            request, response = capture(url, _html_response(page_html(last), last))
            yield request
            yield Record(response.kind, url, response.content_type, response.block, cut=True)

    def _site(self, host: str, pages: list[Page]) -> Iterator[Record]:
        root = _root(pages[0])
        yield from capture(f"{root}/robots.txt", _text_response(b"User-agent: *\nAllow: /\n"))
        yield from capture(f"{root}/", _html_response(_front_page(pages), pages[0]))
        css = http_response(b"img { border: 0 }\n", headers=(("Content-Type", "text/css"),))
        yield from capture(f"{root}/style.css", css)
        moved = http_response(b"", "301 Moved Permanently", (("Location", pages[0].url),))
        yield from capture(f"{root}/old.html", moved)
        for number, page in enumerate(pages):
            cut_off = (("WARC-Truncated", "length"),) if page.cut_off else ()
            yield from capture(page.url, _page_response(page), cut_off)
            if number == 0:
                note = f"fetchTimeMs: {len(host)}\r\ncharset-detected: {page.charset}\r\n"
                yield Record("metadata", page.url, "application/warc-fields", note.encode())
            yield from self._page_pictures(page)
        yield self._revisit(pages[0].placements[0].picture)

    def _page_pictures(self, page: Page) -> Iterator[Record]:
        icons = [(url, _icon(url, page)) for url, _, _ in nav_icons(page)]
        for url, body in [*icons, (tracker_url(page), _pixel())]:
            if self._is_new(url):
                mime = "image/png" if url.endswith(".png") else "image/gif"
                yield from capture(url, http_response(body, headers=(("Content-Type", mime),)))
        for placement in page.placements:
            if placement.status != "missing" and self._is_new(placement.picture.url):
                self.pictures += placement.status == "ok"
                yield from capture(placement.picture.url, _picture_response(placement))
            if placement.smaller is not None and self._is_new(placement.smaller.url):
                self.pictures += 1
                yield from capture(placement.smaller.url, _image_response(placement.smaller))

    def _is_new(self, url: str) -> bool:
        new = url not in self.seen
        self.seen.add(url)
        return new

    def _revisit(self, picture: Picture) -> Record:
        """A second visit that found the same bytes: headers only."""
        response = _image_response(picture)
        headers = (
            ("WARC-Profile", "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"),
            ("WARC-Refers-To-Target-URI", picture.url),
            ("WARC-Payload-Digest", payload_digest(response)),
        )
        block = response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        kind = "application/http;msgtype=response"
        return Record("revisit", picture.url, kind, block, headers)


def _root(page: Page) -> str:
    return page.url.partition(page.host)[0] + page.host


def _page_response(page: Page) -> bytes:
    body = page_html(page)
    headers: list[tuple[str, str]] = []
    if page.transfer == "gzip":
        body = gzip.compress(body, 6, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    elif page.transfer == "chunked":
        body = chunked(body)
        headers.append(("Transfer-Encoding", "chunked"))
    if page.tdm_reserved:
        headers.append(("TDM-Reservation", "1"))
    return _html_response(body, page, tuple(headers))


def _html_response(body: bytes, page: Page, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    charset = f"; charset={page.charset}" if page.charset_in == "header" else ""
    return http_response(body, headers=(("Content-Type", page.mime + charset), *headers))


def _text_response(body: bytes) -> bytes:
    return http_response(body, headers=(("Content-Type", "text/plain"),))


def _image_response(picture: Picture) -> bytes:
    headers = (("Content-Type", _MIME[picture.format]),)
    return http_response(encode_picture(picture), headers=headers)


def _picture_response(placement: Placement) -> bytes:
    """What the server sends for a picture: the picture, unless something is wrong with it."""
    mime = (("Content-Type", _MIME[placement.picture.format]),)
    match placement.status:
        case "corrupt":
            body = encode_picture(placement.picture)
            return http_response(body[: len(body) // 3], headers=mime)
        case "soft_404":
            return http_response(_NOT_FOUND, headers=mime)
        case "not_found":
            html_mime = (("Content-Type", "text/html"),)
            return http_response(_NOT_FOUND, "404 Not Found", html_mime)
        case _:
            return _image_response(placement.picture)


def _front_page(pages: list[Page]) -> bytes:
    """A host's start page: links, no pictures."""
    first = pages[0]
    links = "".join(
        f'<li><a href="{html.escape(page.url)}">{html.escape(page.heading)}</a></li>'
        for page in pages
    )
    about = " ".join(SITE_TEXTS[first.language].sentences)
    text = (
        f'<!DOCTYPE html>\n<html lang="{first.language}"><head><meta charset="utf-8" />'
        f"<title>{first.site}</title></head>\n"
        f"<body><h1>{first.site}</h1><p>{about}</p><ul>{links}</ul></body></html>\n"
    )
    return text.encode()


def _icon(url: str, page: Page) -> bytes:
    """The logo or an arrow, as the address says."""
    buffer = io.BytesIO()
    if url.endswith("logo.png"):
        rng = random.Random(page.host)
        colour = rng.choice(("red", "blue", "green", "purple"))
        logo = Scene((Group("flower", colour, 1),), None, "paper")
        draw(logo, 48, rng.getrandbits(16)).quantize(32).save(buffer, "PNG")
    else:
        arrow = Image.new("RGB", (16, 16), "white")
        tip, back = (13, 3) if url.endswith("next.gif") else (3, 13)
        ImageDraw.Draw(arrow).polygon([(back, 2), (tip, 8), (back, 14)], fill=(40, 80, 160))
        arrow.save(buffer, "GIF")
    return buffer.getvalue()


def _pixel() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1), "white").save(buffer, "GIF")
    return buffer.getvalue()
