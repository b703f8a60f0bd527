"""Charts as inline SVG: pure functions from numbers to markup; every value is escaped.

Bars stretch with the page (``preserveAspectRatio="none"``) and carry no text: their labels are HTML
beside them, so they stay readable on a telephone and to a screen reader. Colours are CSS classes of
the page's style sheet, which follows the reader's light or dark scheme.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup, escape

from mella_spark.report.data import SCORE_BINS, Bin, Comparison

Point = tuple[float, float]
MAX_POINTS = 400
"""Points of a curve that are drawn; more are averaged in groups."""


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """An element; ``_`` in attribute names stands for ``-``, a trailing one is dropped.

    Children that are not markup are escaped; attributes that are None are left out.
    """
    shown = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _number(value))
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{}{}>{}</{}>").format(
        name, shown, Markup("").join(escape(child) for child in children), name
    )


def bar(parts: Iterable[tuple[str, float]], total: float, label: str = "") -> Markup:
    """A horizontal bar of ``parts`` (CSS class, amount), side by side, against ``total``."""
    marks, at = [], 0.0
    for style, amount in parts:
        width = 100 * amount / total if total else 0.0
        if width > 0:
            marks.append(tag("rect", x=at, y=0, width=width, height=10, class_=style))
        at += width
    return _stretched(marks, 10, "bar", label)


def funnel_link(share: float) -> Markup:
    """The link between two stages: what was kept (``share``, 0 to 1) widens to the next whole."""
    kept = 100 * min(max(share, 0.0), 1.0)
    shape = f"M0 0H{_number(kept)}C{_number(kept)} 6 100 4 100 10H0Z"
    return _stretched([tag("path", d=shape, class_="link")], 10, "funnel-link")


def comparison_bars(figure: Comparison) -> Markup:
    """Before and after on a scale of 0 to 100, the confidence interval of each as a thin line."""
    marks = [tag("rect", x=0, y=0, width=100, height=14, class_="rail")]
    rows = [(figure.before, "before", 2.0)]
    if figure.after is not None:
        rows.append((figure.after, "after", 8.0))
    for score, style, y in rows:
        width, span = max(score.high - score.low, 0.0), max(score.value, 0.0)
        marks.append(tag("rect", x=0, y=y, width=span, height=4, class_=style))
        if width > 0:
            marks.append(
                tag("rect", x=score.low, y=y + 1.5, width=width, height=1, class_="interval")
            )
    return _stretched(marks, 14, "comparison")


def histogram(bins: Sequence[Bin], threshold: float) -> Markup:
    """Pairs by culture score, kept above rejected in one column; a line at ``threshold``."""
    width, height, left, right, top, bottom = 640, 260, 58, 12, 12, 44
    by_index = {item.index: item for item in bins}
    tallest = max((item.kept + item.rejected for item in bins), default=0)
    ticks = nice_ticks(tallest or 1, 4, whole=True)
    inner_width, inner_height = width - left - right, height - top - bottom

    def y(value: float) -> float:
        return top + inner_height * (1 - value / ticks[-1])

    marks = _grid(ticks, y, left, width - right)
    step = inner_width / SCORE_BINS
    for index in range(SCORE_BINS):
        item = by_index.get(index)
        if item is None:
            continue
        x, at = left + index * step + 1, 0
        title = tag(
            "title",
            f"score {index / SCORE_BINS:.2f} to {(index + 1) / SCORE_BINS:.2f}: "
            f"{item.kept:,} kept, {item.rejected:,} rejected",
        )
        columns = []
        for amount, style in ((item.rejected, "reject-1"), (item.kept, "kept")):
            if amount:
                size = y(at) - y(at + amount)
                columns.append(
                    tag("rect", x=x, y=y(at + amount), width=step - 2, height=size, class_=style)
                )
            at += amount
        marks.append(tag("g", title, *columns))
    for value in (0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x = left + inner_width * value
        marks.append(tag("text", f"{value:g}", x=x, y=height - 24, text_anchor="middle"))
    x = left + inner_width * threshold
    marks.append(tag("line", x1=x, x2=x, y1=top, y2=height - bottom, class_="threshold"))
    marks.append(_axis_title("culture score", left + inner_width / 2, height - 5))
    kept, rejected = sum(b.kept for b in bins), sum(b.rejected for b in bins)
    label = f"Histogram of the culture score: {kept:,} pairs kept, {rejected:,} rejected."
    return _drawing(marks, width, height, label)


def loss_curve(train: Sequence[Point], validation: Sequence[Point]) -> Markup:
    """Train and validation loss by step."""
    width, height, left, right, top, bottom = 640, 320, 58, 16, 14, 46
    train, validation = thin(train), thin(validation)
    points = [*train, *validation]
    last = max((x for x, _ in points), default=0) or 1
    ticks = nice_ticks(max((y for _, y in points), default=0) or 1, 5)
    steps = nice_ticks(last, 5, whole=True)

    def x(step: float) -> float:
        return left + (width - left - right) * step / last

    def y(loss: float) -> float:
        return top + (height - top - bottom) * (1 - loss / ticks[-1])

    marks = _grid(ticks, y, left, width - right)
    for step in steps:
        if step <= last:
            marks.append(
                tag("text", f"{step:,.0f}", x=x(step), y=height - 26, text_anchor="middle")
            )
    marks.append(_axis_title("step", (left + width - right) / 2, height - 6))
    for style, series in (("line-train", train), ("line-validation", validation)):
        if series:
            path = "M" + "L".join(f"{_number(x(a))} {_number(y(b))}" for a, b in series)
            marks.append(tag("path", d=path, class_=f"curve {style}"))
    for a, b in validation:
        marks.append(tag("circle", cx=x(a), cy=y(b), r=3.5, class_="dot"))
    return _drawing(marks, width, height, _curve_label(train, validation))


def thin(points: Sequence[Point], limit: int = MAX_POINTS) -> list[Point]:
    """At most ``limit`` points: means of groups of neighbours where there are more."""
    size = math.ceil(len(points) / limit) or 1
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(sum(x for x, _ in g) / len(g), sum(y for _, y in g) / len(g)) for g in groups]


def nice_ticks(high: float, count: int, whole: bool = False) -> list[float]:
    """From 0 to ``high`` (above 0) or past it, in at most ``count`` + 1 steps of 1, 2 or 5 times a
    power of ten; ``whole`` steps are at least 1."""
    rough = high / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10, 20) if power * m >= rough * (1 - 1e-9))
    step = max(step, 1.0) if whole else step
    return [round(i * step, 12) for i in range(math.ceil(high / step * (1 - 1e-9)) + 1)]


def _grid(
    ticks: Iterable[float], y: Callable[[float], float], left: float, right: float
) -> list[Markup]:
    marks = []
    for value in ticks:
        marks.append(tag("line", x1=left, x2=right, y1=y(value), y2=y(value), class_="grid"))
        marks.append(tag("text", f"{value:,g}", x=left - 8, y=y(value) + 4, text_anchor="end"))
    return marks


def _axis_title(text: str, x: float, y: float) -> Markup:
    return tag("text", text, x=x, y=y, text_anchor="middle", class_="axis")


def _curve_label(train: Sequence[Point], validation: Sequence[Point]) -> str:
    parts = [
        f"{name} loss from {series[0][1]:.3f} to {series[-1][1]:.3f}"
        for name, series in (("train", train), ("validation", validation))
        if series
    ]
    return f"Training curve: {', '.join(parts)}." if parts else "Training curve without points."


def _drawing(marks: Iterable[Markup], width: int, height: int, label: str) -> Markup:
    return tag(
        "svg",
        *marks,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=label,
        class_="drawing",
    )


def _stretched(marks: Iterable[Markup], height: int, style: str, label: str = "") -> Markup:
    names = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    box = {"viewBox": f"0 0 100 {height}", "preserveAspectRatio": "none"}
    return tag("svg", *marks, class_=style, **box, **names)


def _number(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
