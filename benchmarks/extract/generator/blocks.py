"""Pools of the pieces that pages are made of, and how large a share each kind has."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from benchmarks.extract.generator.draft import Block, Draft, choose_alt
from benchmarks.extract.generator.words import Words, words


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_STEMS = _list(
    """
    btn card col nav menu item site post entry grid row hero icon wrap inner outer main side foot
    head list title meta media thumb badge label input modal tab panel share social comment
    widget block section banner price cart tag date author cover video slide carousel arrow
    """
)
_PROPERTIES = _list(
    """
    margin padding color background-color font-size line-height display width max-width height
    border-radius border-bottom transition transform opacity z-index top left flex align-items
    justify-content text-decoration font-weight letter-spacing box-shadow overflow position
    """
)
_VALUES = _list(
    """
    0 auto none inherit block flex center relative absolute hidden 1px 2px 4px 8px 12px 16px
    24px 32px 48px 100% 50% 1.5 700 400 #fff #333 #f5f5f5 rgba(0,0,0,.12) space-between
    """
)
_CALLS = _list(
    """
    window document dataLayer console jQuery wp location localStorage navigator performance
    """
)
_ENDINGS = ("", "", "--lg", *(f"-{number}" for number in range(1, 13)))
_naming = random.Random("names")
_NAMES = tuple(
    "".join(_naming.choices("abcdefghijklmnopqrstuvwxyz_ABCDEFGH", k=_naming.randint(1, 9)))
    for _ in range(500)
)


@dataclass(frozen=True)
class Kind:
    """A kind of piece: its share of a page's bytes, and how many different ones there are."""

    name: str
    share: float
    count: int
    make: Callable[[random.Random, Words], Block]
    images: bool = False
    language: bool = True


@cache
def pool(kind: Kind, language: str) -> tuple[Block, ...]:
    """The pieces of a kind in a language; the same at every call."""
    rng = random.Random(f"{kind.name} {language if kind.language else ''}")
    return tuple(kind.make(rng, words(language)) for _ in range(kind.count))


def _classes(rng: random.Random) -> str:
    return " ".join(
        f"{rng.choice(_STEMS)}-{rng.choice(_STEMS)}{rng.choice(_ENDINGS)}"
        for _ in range(rng.randint(1, 4))
    )


def _name(rng: random.Random) -> str:
    return rng.choice(_NAMES)


def _token(rng: random.Random) -> str:
    return f"{rng.getrandbits(rng.choice((16, 32, 64))):x}"


def _href(rng: random.Random, k: int) -> str:
    return rng.choice(
        (
            f"/{_name(rng).lower()}/%(n)s-{k}/",
            f"https://%(host)s/{_name(rng).lower()}/%(n)s-{k}.html",
            f"%(n)s-{k}.html",
            f"/?p=%(n)s&amp;ref={_token(rng)}",
            f"https://www.example.org/{_token(rng)}?utm_source=%(host)s",
        )
    )


def _paragraphs(rng: random.Random, w: Words) -> Block:
    draft = Draft(rng)
    if rng.random() < 0.3:
        draft.raw(f'<h2 class="{_classes(rng)}">').text(rng.choice(w.names)).raw("</h2>\n")
    for _ in range(rng.randint(1, 3)):
        plain, styled = ("<p>", "</p>\n"), (f'<p class="{_classes(rng)}">', "\n")
        start, end = rng.choice((plain, styled, ("<div><p>&nbsp;", "</div>")))
        draft.raw(start)
        for k in range(rng.randint(2, 7)):
            draft.text(rng.choice(w.sentences) + " ")
            lot = rng.random()
            if lot < 0.12:
                draft.link(_href(rng, k), rng.choice(w.names)).raw(" ")
            elif lot < 0.2:
                draft.raw("<strong>").text(rng.choice(w.names)).raw("</strong> ")
            elif lot < 0.25:
                draft.raw("<br>\n")
        draft.raw(end)
    return draft.block(0.3 + rng.random() * 0.4)


def _figures(rng: random.Random, w: Words) -> Block:
    draft = Draft(rng)
    draft.raw(f'<figure class="{_classes(rng)}">')
    size = f' width="{rng.choice((300, 640, 768, 1024))}" height="{rng.choice((200, 427, 512))}"'
    draft.image(choose_alt(rng, w), f'{size} class="{_classes(rng)}" decoding="async"')
    if rng.random() < 0.6:
        draft.raw("<figcaption>").text(rng.choice(w.sentences)).raw("</figcaption>")
    draft.raw("</figure>\n")
    return draft.block(0.3 + rng.random() * 0.4)


def _cards(rng: random.Random, w: Words) -> Block:
    draft = Draft(rng).raw(f'<div class="{_classes(rng)}">\n')
    style = _classes(rng)
    for k in range(rng.randint(2, 6)):
        draft.raw(f'  <article class="{style}" data-id="{_token(rng)}">\n    <div>')
        draft.image(choose_alt(rng, w), f' class="{style}" loading="lazy"')
        draft.raw(f'</div>\n    <h3 class="{style}-title">')
        draft.link(_href(rng, k), rng.choice(w.alts)).raw("</h3>\n    ")
        draft.raw(f'<time datetime="2024-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}">')
        draft.raw(f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.2024</time>")
        draft.raw(f'<span class="{style}-meta">{rng.randint(2, 99999)}</span>\n  </article>\n')
    return draft.raw("</div>\n").block(0.4 + rng.random() * 0.4)


def _table(rng: random.Random, w: Words) -> Block:
    """Hand-written layout of old: capitals, no quotes, end tags left out."""
    draft = Draft(rng).raw("<TABLE BORDER=0 CELLPADDING=2 WIDTH=100%>\n")
    for k in range(rng.randint(2, 5)):
        draft.raw("<TR><TD VALIGN=top>")
        draft.image(choose_alt(rng, w), f" WIDTH={rng.randint(20, 400)}", sloppy=True)
        draft.raw("<TD><FONT FACE=Arial SIZE=2>").text(rng.choice(w.sentences)).raw("<BR>")
        draft.link(_href(rng, k), rng.choice(w.names)).raw("<P>\n")
    return draft.raw("</TABLE>\n").block(0.3 + rng.random() * 0.5)


def _navigation(rng: random.Random, w: Words) -> Block:
    draft = Draft(rng).raw(f'<ul id="menu-{_token(rng)}" class="{_classes(rng)}">\n')
    style = _classes(rng)
    for k in range(rng.randint(6, 20)):
        draft.raw(f'<li id="menu-item-{rng.randint(10, 99999)}" class="{style} {_classes(rng)}">')
        draft.link(_href(rng, k), rng.choice(w.names), f' class="{style}-link"').raw("</li>\n")
    return draft.raw("</ul>\n").block(rng.choice((0.2, 0.22, 0.85, 0.9)))


def _icons(rng: random.Random, w: Words) -> Block:
    """Logos, buttons and a pixel: mostly images that say nothing."""
    draft = Draft(rng).raw(f'<div class="{_classes(rng)}">')
    for k in range(rng.randint(1, 4)):
        draft.raw(f'<a href="/?share={k}">').image(rng.choice(("", None, rng.choice(w.names))))
        draft.raw("</a>")
    return draft.raw("</div>\n").block(rng.choice((0.21, 0.86)))


def _svg(rng: random.Random, w: Words) -> Block:
    draft = Draft(rng).raw(f'<svg class="{_classes(rng)}" viewBox="0 0 24 24" aria-hidden="true">')
    for _ in range(rng.randint(1, 4)):
        steps = "".join(
            f"{rng.choice('lcshvq')}{rng.uniform(-9, 9):.2f} {rng.uniform(-9, 9):.2f}"
            for _ in range(rng.randint(4, 16))
        )
        draft.raw(f'<path d="M{rng.uniform(0, 24):.2f} {rng.uniform(0, 24):.2f}{steps}z"/>')
    return draft.raw("</svg>\n").block(0.2 + rng.random() * 0.7)


def _form(rng: random.Random, w: Words) -> Block:
    draft = Draft(rng).raw(f'<form action="/{_name(rng)}" method="post" class="{_classes(rng)}">')
    draft.raw(f'<input type="hidden" name="nonce" value="{_token(rng)}"><select name="s">')
    for k in range(rng.randint(3, 15)):
        draft.raw(f'<option value="{k}">').text(rng.choice(w.names))
    return draft.raw("</select><button>OK</button></form>\n").block(0.5 + rng.random() * 0.4)


def _style(rng: random.Random, w: Words) -> Block:
    draft = Draft(rng).raw(f'<style id="{_name(rng)}-inline-css">\n')
    for _ in range(rng.randint(8, 40)):
        rules = ";".join(
            f"{rng.choice(_PROPERTIES)}:{rng.choice(_VALUES)}" for _ in range(rng.randint(1, 6))
        )
        draft.raw(f".{_classes(rng).replace(' ', ' .')}{{{rules}}}\n")
    return draft.raw("</style>\n").block(0.1)


def _script(rng: random.Random, w: Words) -> Block:
    draft = Draft(rng).raw("<script>\n")
    for _ in range(rng.randint(6, 40)):
        a, b, c = (_name(rng) for _ in range(3))
        draft.raw(
            rng.choice(
                (
                    f"var {a}={rng.choice(_CALLS)}.{b}||{{}};",
                    f"function {a}({b},{c}){{if({b}<{rng.randint(0, 99)}&&{c}){{return {b}.{a}}}}}",
                    f"{rng.choice(_CALLS)}.{a}('{b}','{_token(rng)}',{rng.randint(0, 9999)});\n",
                    f"!function(e,t){{e.{a}=t.{b}({c}=>{c}.{a})}}(window,{{}});",
                    f'{a}.innerHTML="<div class=\\"{_classes(rng)}\\">"+{b}+"<\\/div>";',
                )
            )
        )
    return draft.raw("\n</script>\n").block(rng.choice((0.12, 0.95, 0.97)))


def _state(rng: random.Random, w: Words) -> Block:
    """A page's data as JSON, as frameworks leave it for their scripts."""
    draft = Draft(rng).raw(f'<script type="application/json" id="{_name(rng)}">[')
    for _ in range(rng.randint(4, 20)):
        draft.raw(
            f'{{"id":"{_token(rng)}","{_name(rng)}":{rng.randint(0, 10**6)},"title":"'
            f'{rng.choice(w.alts)}","url":"https:\\/\\/cdn.example.net\\/{_token(rng)}.jpg",'
            f'"{_name(rng)}":{rng.choice(("true", "false", "null"))}}},'
        )
    return draft.raw("{}]</script>\n").block(0.96)


KINDS = (
    Kind("script", 0.22, 500, _script, language=False),
    Kind("state", 0.10, 150, _state),
    Kind("style", 0.12, 250, _style, language=False),
    Kind("navigation", 0.17, 150, _navigation),
    Kind("svg", 0.05, 200, _svg, language=False),
    Kind("form", 0.02, 60, _form),
    Kind("paragraphs", 0.17, 300, _paragraphs),
    Kind("figures", 0.05, 300, _figures, images=True),
    Kind("cards", 0.07, 250, _cards, images=True),
    Kind("table", 0.02, 100, _table, images=True),
    Kind("icons", 0.01, 100, _icons, images=True),
)
