"""A pen that draws filled, outlined shapes in a box of 100 by 100 units (y grows downwards)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

Rgb = tuple[int, int, int]
Point = tuple[float, float]

INK: Rgb = (52, 38, 44)
CREAM: Rgb = (255, 246, 225)
GOLD: Rgb = (228, 174, 52)
GLOW: Rgb = (255, 226, 130)
WOOD: Rgb = (158, 102, 56)
DARK_WOOD: Rgb = (108, 66, 38)
LEAF: Rgb = (62, 140, 70)
SKIN: Rgb = (236, 196, 158)

PALETTE: dict[str, Rgb] = {
    "red": (220, 40, 48),
    "blue": (40, 98, 214),
    "green": (38, 158, 76),
    "yellow": (252, 214, 44),
    "orange": (246, 134, 26),
    "purple": (140, 62, 184),
    "brown": (128, 78, 44),
    "white": (252, 252, 250),
}

_JOIN_GAP = 1.2
"""Corners that would leave a gap of more pixels than this get a round join."""
_CURVE_STEPS = 6
_OVAL_STEPS = 26


def mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    """The colour `share` (0 to 1) of the way from `a` to `b`."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


@dataclass(frozen=True)
class Pen:
    """Draws in a square box of the canvas, turned by `tilt` and mirrored where `flip` is set.

    `main` is the colour of the thing; things drawn in natural colours do not look at it.
    Lengths and coordinates of all methods are hundredths of the side of the box.
    """

    canvas: ImageDraw.ImageDraw
    centre: Point
    """Of the box, in pixels."""
    side: float
    """Of the box, in pixels."""
    main: Rgb
    flip: bool = False
    tilt: float = 0.0
    """In radians, clockwise."""

    @property
    def dark(self) -> Rgb:
        """A shade of the main colour."""
        return mix(self.main, INK, 0.3)

    @property
    def light(self) -> Rgb:
        """A tint of the main colour."""
        return mix(self.main, (255, 255, 255), 0.4)

    def poly(
        self, points: Sequence[Point], fill: Rgb | None, ink: Rgb | None = INK, width: float = 3.0
    ) -> None:
        """A filled polygon with an outline in `ink` (None: without)."""
        pixels = self._pixels(points)
        if fill is not None:
            self.canvas.polygon(pixels, fill=fill)
        if ink is not None:
            self._stroke([*pixels, pixels[0], pixels[1]], ink, width)

    def blob(
        self, points: Sequence[Point], fill: Rgb | None, ink: Rgb | None = INK, width: float = 3.0
    ) -> None:
        """A filled smooth closed shape through the points."""
        self.poly(_smooth(points, closed=True), fill, ink, width)

    def oval(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float | None = None,
        fill: Rgb | None = None,
        ink: Rgb | None = INK,
        width: float = 3.0,
    ) -> None:
        """An ellipse around (x, y); a circle where `ry` is left out."""
        self.poly(arc(x, y, rx, ry if ry is not None else rx, 0, 360)[:-1], fill, ink, width)

    def rect(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        fill: Rgb | None,
        ink: Rgb | None = INK,
        width: float = 3.0,
    ) -> None:
        """A rectangle between two corners."""
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill, ink, width)

    def profile(
        self,
        halves: Sequence[Point],
        fill: Rgb | None,
        ink: Rgb | None = INK,
        width: float = 3.0,
        x: float = 50.0,
        smooth: bool = True,
    ) -> None:
        """A shape mirrored at the line `x`, given as (half width, y) from top to bottom."""
        half = _smooth(halves, closed=False) if smooth else list(halves)
        right = [(x + max(w, 0.0), y) for w, y in half]
        left = [(x - max(w, 0.0), y) for w, y in reversed(half)]
        self.poly(right + left, fill, ink, width)

    def line(self, points: Sequence[Point], ink: Rgb = INK, width: float = 3.0) -> None:
        """An open line through the points."""
        self._stroke(self._pixels(points), ink, width)

    def curve(self, points: Sequence[Point], ink: Rgb = INK, width: float = 3.0) -> None:
        """An open smooth line through the points."""
        self.line(_smooth(points, closed=False), ink, width)

    def bar(self, points: Sequence[Point], fill: Rgb, width: float, smooth: bool = False) -> None:
        """A line with an outline: a stick, a rope, a handle."""
        path = _smooth(points, closed=False) if smooth else points
        self.line(path, INK, width + 5)
        self.line(path, fill, width)

    def dot(self, x: float, y: float, r: float, fill: Rgb = INK) -> None:
        """A small disc without outline."""
        ((cx, cy),) = self._pixels([(x, y)])
        radius = r * self.side / 100
        self.canvas.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=fill)

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        scale = self.side / 100
        mirror = -scale if self.flip else scale
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        cx, cy = self.centre
        xx, xy, yx, yy = mirror * cos, -scale * sin, mirror * sin, scale * cos
        return [
            (cx + (x - 50) * xx + (y - 50) * xy, cy + (x - 50) * yx + (y - 50) * yy)
            for x, y in points
        ]

    def _stroke(self, pixels: list[Point], ink: Rgb, width: float) -> None:
        """Draw a line of `width` with round joins at sharp corners and round ends."""
        thick = max(1, round(width * self.side / 100))
        self.canvas.line(pixels, fill=ink, width=thick)
        if thick < 3:
            return
        r = thick / 2 - 0.3
        for x, y in _corners(pixels, math.cos(min(0.5, _JOIN_GAP / thick))):
            self.canvas.ellipse((x - r, y - r, x + r, y + r), fill=ink)


def _corners(pixels: list[Point], straight: float) -> list[Point]:
    """Both ends of the line and its corners; `straight` is the cosine of the least turn."""
    corners = [pixels[0], pixels[-1]]
    for (ax, ay), (bx, by), (cx, cy) in zip(pixels, pixels[1:], pixels[2:], strict=False):
        ux, uy, vx, vy = bx - ax, by - ay, cx - bx, cy - by
        if ux * vx + uy * vy < straight * math.hypot(ux, uy) * math.hypot(vx, vy):
            corners.append((bx, by))
    return corners


def _smooth(points: Sequence[Point], closed: bool) -> list[Point]:
    """Points of the Catmull-Rom spline through the given points."""
    n = len(points)
    result: list[Point] = []
    for i in range(n if closed else n - 1):
        if closed:
            p0, p1, p2, p3 = (points[(i + k) % n] for k in (-1, 0, 1, 2))
        else:
            p0, p1 = points[max(i - 1, 0)], points[i]
            p2, p3 = points[i + 1], points[min(i + 2, n - 1)]
        for step in range(_CURVE_STEPS):
            result.append(_spline_point(p0, p1, p2, p3, step / _CURVE_STEPS))
    if not closed:
        result.append(points[-1])
    return result


def _spline_point(p0: Point, p1: Point, p2: Point, p3: Point, t: float) -> Point:
    a = ((-t + 2) * t - 1) * t / 2
    b = ((3 * t - 5) * t * t + 2) / 2
    c = ((-3 * t + 4) * t + 1) * t / 2
    d = (t - 1) * t * t / 2
    return (
        a * p0[0] + b * p1[0] + c * p2[0] + d * p3[0],
        a * p0[1] + b * p1[1] + c * p2[1] + d * p3[1],
    )


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Points on an ellipse from angle `start` to `end` (degrees, clockwise from the right)."""
    steps = max(3, round(_OVAL_STEPS * abs(end - start) / 360))
    angles = (math.radians(start + (end - start) * i / steps) for i in range(steps + 1))
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def star(x: float, y: float, outer: float, inner: float, tips: int = 5) -> list[Point]:
    """The corners of a star that points upwards."""
    corners = []
    for i in range(2 * tips):
        radius = outer if i % 2 == 0 else inner
        angle = math.pi * (i / tips - 0.5)
        corners.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
    return corners
