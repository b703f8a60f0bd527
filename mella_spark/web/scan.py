"""One pass over the bytes of a page: its image elements and what stands around them.

``scan`` is the tokenizer of the HTML Standard (13.2.5) with so much of tree construction as decides
whether a tag is an element of the page: raw text (scripts, styles, …), comments, foreign content
(SVG, MathML and the HTML inside them), templates and framesets. It builds no tree and decodes
nothing, takes time linear in the page, and is compiled (numba), which makes it several times faster
than a parser. It works on every encoding in which the bytes of ASCII characters mean only those:
all of the Encoding Standard but UTF-16 and ISO-2022-JP.

While it reads, the text of the page is written to a buffer of its own: white space collapsed,
words of different blocks kept apart, scripts, styles, comments, menus of forms and templates left
out. Positions in it stand for places on the page: each image knows the window of text around it,
the heading above, the caption of its figure, the link it is in.

``noscript`` is read as markup, as by a browser without scripts, so that the fallback image of a
lazy one counts like any other. The content of ``template`` is no part of the page.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mella_spark.web import kernel

Numbers = npt.NDArray[np.int32]


@dataclass(slots=True)
class Scan:
    """What a page holds; only counts where no image has a worded alt.

    All numbers are byte positions, in the page or (``text``) in the text.

    ``images`` are the image elements with an alt that is not blank, one row each: first and last
    attribute; heading, in the text; link; figure or -1; first and last source; place in the text;
    window of text. ``attributes``: name (index into ``names.ATTRIBUTES`` plus one), start and end
    of the value. ``elements`` are sources, bases, metas, the root and licence links: tag, first and
    last attribute. ``figures``: enclosing figure or -1, caption in the text.
    """

    images: Numbers
    attributes: Numbers
    elements: list[list[int]]
    figures: list[list[int]]
    text: npt.NDArray[np.uint8]
    samples: list[tuple[int, int]]
    title: tuple[int, int] | None
    seen: int
    no_alt: int
    blank_alt: int


def scan(body: bytes, half_window: int) -> Scan:
    """The images of a page in an ASCII-compatible encoding; see the module.

    ``half_window``: characters of text on each side of an image. Never raises.
    """
    page = np.frombuffer(body, np.uint8)
    text = np.empty(len(body) + 2, np.uint8)
    counts = np.zeros(kernel.COUNTS, np.int64)
    room = 64
    while True:
        images = np.empty((room, 12), np.int32)
        attributes = np.empty((8 * room, 3), np.int32)
        elements = np.empty((room, 3), np.int32)
        figures = np.empty((room, 3), np.int32)
        if kernel.scan(page, text, images, attributes, elements, figures, counts, half_window):
            break
        room *= 8
    total = counts.tolist()
    sample = total[kernel.AT_SAMPLE :]
    image_count, title = total[kernel.AT_IMAGES], total[kernel.AT_TITLED]
    return Scan(
        images=images[:image_count],
        attributes=attributes,
        elements=elements[: total[kernel.AT_ELEMENTS]].tolist() if image_count else [],
        figures=figures[: total[kernel.AT_FIGURES]].tolist() if image_count else [],
        text=text[: total[kernel.AT_TEXT]],
        samples=[(sample[i], sample[i + 1]) for i in (0, 2, 4) if sample[i + 1] > sample[i]],
        title=(title, total[kernel.AT_TITLE_END]) if title >= 0 else None,
        seen=total[kernel.AT_SEEN],
        no_alt=total[kernel.AT_NO_ALT],
        blank_alt=total[kernel.AT_BLANK],
    )
