"""Write the pages of the sample web as HTML, the way small real sites do."""

import html
import posixpath
import unicodedata
from urllib.parse import quote, unquote, urlsplit

from .sites import TRACKER, Page, Placement
from .sitetext import SITE_TEXTS

PLACEHOLDER = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
"""Vietnamese tone marks; windows-1258 writes them after the vowel."""


def page_html(page: Page) -> bytes:
    """The page in its charset; what the charset lacks becomes character references."""
    text = "\n".join([*_head(page), *_body(page)]) + "\n"
    if page.cut_off:
        text = text[: text.index("<footer")] + '<footer><p><img src="/cut-off.png" al'
    return encode(text, page.charset)


def encode(text: str, charset: str) -> bytes:
    """`text` as bytes of a browser charset, with numeric references for what it lacks."""
    if charset == "windows-1258":
        text = _tones_apart(text)
    return text.encode(charset, "xmlcharrefreplace")


def nav_icons(page: Page) -> list[tuple[str, str, str]]:
    """(address, alt, language of the alt) of the logo and the arrows on a page."""
    text = SITE_TEXTS[page.language]
    root = page.url.split(page.host)[0] + page.host
    native = page.look != "sloppy"
    icons = [(f"{root}/img/logo.png", page.site, page.language)]
    if page.previous_url:
        alt, lang = (text.previous, page.language) if native else ("previous", "en")
        icons.append((f"{root}/img/prev.gif", alt, lang))
    if page.next_url:
        alt, lang = (text.next, page.language) if native else ("next", "en")
        icons.append((f"{root}/img/next.gif", alt, lang))
    return icons


def tracker_url(page: Page) -> str:
    """The address of the page's tracking pixel."""
    return f"https://{TRACKER}/pixel.gif?site={page.host}"


def _head(page: Page) -> list[str]:
    xhtml = page.mime == "application/xhtml+xml"
    lines = ['<?xml version="1.0" encoding="utf-8"?>'] if xhtml else []
    lines.append("<!DOCTYPE html>" if page.look != "sloppy" else _HTML_4)
    namespace = ' xmlns="http://www.w3.org/1999/xhtml"' if xhtml else ""
    lang = f' lang="{page.lang_attribute}"' if page.lang_attribute else ""
    rtl = ' dir="rtl"' if page.language == "ar" else ""
    lines.append(f"<html{namespace}{lang}{rtl}><head>")
    if page.charset_in == "meta":
        lines.append(f'<meta charset="{page.charset}" />')
    elif page.charset_in == "http-equiv":
        lines.append(f'<META HTTP-EQUIV=Content-Type CONTENT="text/html; charset={page.charset}">')
    lines.append(f"<title>{_text(page.heading)} – {_text(page.site)}</title>")
    lines.append(f'<meta name="description" content="{_text(page.sentences[0])}" />')
    if page.robots:
        lines.append(f'<meta name="robots" content="{page.robots}" />')
    if page.base:
        lines.append(f'<base href="{page.base}" />')
    lines.append('<link rel="stylesheet" href="/style.css" /></head>')
    return lines


_HTML_4 = '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">'


def _body(page: Page) -> list[str]:
    text = SITE_TEXTS[page.language]
    icons = [
        f'<img src="{_text(_reference(url, page, "root"))}" alt="{_text(alt)}" '
        f'width="{side}" height="{side}" />'
        for (url, alt, _), side in zip(nav_icons(page), (48, 16, 16), strict=False)
    ]
    links = ["/", page.previous_url, page.next_url]
    targets = [link for link in links if link]
    lines = ["<body>", "<header>"]
    lines += [
        f'<a href="{_text(target)}">{icon}</a>' for target, icon in zip(targets, icons, strict=True)
    ]
    lines += ["</header>", f"<h1>{_text(page.heading)}</h1>"]
    lines.append(f"<p>{' '.join(_text(sentence) for sentence in page.sentences)}</p>")
    lines += {"figures": _figures, "table": _table, "sloppy": _sloppy}[page.look](page)
    lines.append("<footer>")
    if page.licence_url:
        lines.append(f'<p><a rel="license" href="{page.licence_url}">{text.licence}</a></p>')
    lines.append(f'<p><a href="/">{_text(text.home)}</a></p>')
    lines.append(f'<img src="{_text(tracker_url(page))}" width="1" height="1" alt="" /></footer>')
    lines.append("</body></html>")
    return lines


def _figures(page: Page) -> list[str]:
    lines = ["<main>"]
    for placement in page.placements:
        lines += ["<figure>", *_image(page, placement)]
        if placement.figcaption:
            lines.append(f"<figcaption>{_text(placement.figcaption)}</figcaption>")
        lines.append("</figure>")
    return [*lines, "</main>"]


def _table(page: Page) -> list[str]:
    """Pictures in table cells, as pages of the nineties had them."""
    cells = [
        f"<td>{''.join(_image(page, placement))}"
        + (f"<br />{_text(placement.figcaption)}" if placement.figcaption else "")
        + "</td>"
        for placement in page.placements
    ]
    rows = ["<tr>" + "".join(cells[i : i + 3]) + "</tr>" for i in range(0, len(cells), 3)]
    return ['<table border="0" cellpadding="4">', *rows, "</table>"]


def _sloppy(page: Page) -> list[str]:
    """Unclosed elements, unquoted attributes, upper case, line breaks inside of attributes."""
    lines = ["<UL>"]
    for index, placement in enumerate(page.placements):
        source = html.escape(_reference(placement.picture.url, page, placement.spelling))
        alt = html.escape(placement.alt).replace(" ", "\n   ", 1)
        quoted = f"'{alt}'" if " " in alt or "\n" in alt or "'" in alt or '"' in alt else alt
        stray = ("<b>", "</i>", "<p>", "</div>")[index % 4]
        lines.append(f"<LI>{stray}<IMG SRC={source} ALT={quoted} WIDTH=256 BORDER=0>")
        if placement.figcaption:
            lines.append(f"<p>{_text(placement.figcaption)} & &nbsp;")
    return lines  # the list stays open


def _image(page: Page, placement: Placement) -> list[str]:
    source = _text(_reference(placement.picture.url, page, placement.spelling))
    alt = f'alt="{_text(placement.alt)}"'
    size = f'width="{placement.picture.side}" height="{placement.picture.side}"'
    match placement.way:
        case "lazy":
            return [
                f'<img class="lazy" src="{PLACEHOLDER}" data-src="{source}" {alt} />',
                f'<noscript><img src="{source}" {alt} {size} /></noscript>',
            ]
        case "lazy_srcset":
            offered = f"{_small_candidate(page, placement)}, {source} {placement.picture.side}w"
            return [f'<img class="lazy" src="{PLACEHOLDER}" data-srcset="{offered}" {alt} />']
        case "srcset":
            offered = f"{_small_candidate(page, placement)}, {source} {placement.picture.side}w"
            return [f'<img srcset="{offered}" sizes="256px" src="{source}" {alt} {size} />']
        case "picture":
            offered = _small_candidate(page, placement)
            narrow = f'<source media="(max-width: 400px)" srcset="{offered}" />'
            return [f'<picture>{narrow}<img src="{source}" {alt} {size} /></picture>']
        case _:
            return [f'<img src="{source}" {alt} {size} loading="lazy" />']


def _small_candidate(page: Page, placement: Placement) -> str:
    """The smaller copy as an image candidate of a srcset."""
    small = placement.smaller
    if small is None:
        raise ValueError(f"{placement.picture.name} offers no smaller copy")
    return f"{_text(_reference(small.url, page, placement.spelling))} {small.side}w"


def _reference(url: str, page: Page, spelling: str) -> str:
    """How the page writes an address: `relative` falls back to what reaches another host."""
    parts = urlsplit(url)
    target = urlsplit(page.base or page.url)
    path = _readable(parts.path) if page.charset == "utf-8" else parts.path
    tail = path + (f"?{parts.query}" if parts.query else "")
    if spelling == "protocol" and target.scheme == parts.scheme:
        return f"//{parts.netloc}{tail}"
    if spelling in ("absolute", "protocol") or parts.netloc != target.netloc:
        return f"{parts.scheme}://{parts.netloc}{tail}"
    if spelling == "root":
        return tail
    folder = posixpath.dirname(target.path)
    relative = posixpath.relpath(posixpath.dirname(path), folder)
    return posixpath.join(relative, posixpath.basename(path)) + tail[len(path) :]


def _readable(path: str) -> str:
    """A path with its letters as authors type them; browsers encode them again."""
    readable = unquote(path)
    return readable if quote(readable) == path else path


def _text(text: str) -> str:
    return html.escape(text)


def _tones_apart(text: str) -> str:
    """Vietnamese as windows-1258 has it: the letter with its form, then the tone."""
    written = []
    for character in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", character)
        tones = "".join(part for part in parts if part in _TONES)
        if tones and len(parts) > 1:
            letter = "".join(part for part in parts if part not in _TONES)
            written.append(unicodedata.normalize("NFC", letter) + tones)
        else:
            written.append(character)
    return "".join(written)
