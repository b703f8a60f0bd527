"""Czechia."""

from .pen import CREAM, GOLD, INK, WOOD, Pen, Rgb, arc, mix

DOUGH: Rgb = (206, 140, 72)
GINGERBREAD: Rgb = (134, 76, 40)
BEER: Rgb = (238, 168, 36)
WILLOW: Rgb = (186, 158, 84)


def kraslice(pen: Pen) -> None:
    """A painted Easter egg with bands of white ornament."""
    egg = [(0, 4), (17, 11), (31, 36), (36, 60), (28, 84), (12, 95), (0, 97)]
    pen.profile(egg, pen.main, None)
    for y, w in ((30, 27), (72, 33)):
        pen.line([(50 - w, y), (50 + w, y)], CREAM, 3)
    teeth = [(50 + x, 51 + (6 if i % 2 else -6)) for i, x in enumerate(range(-33, 34, 11))]
    pen.line(teeth, CREAM, 4)
    for x in (-18, 0, 18):
        pen.dot(50 + x, 39, 3.2, CREAM)
        pen.dot(50 + x, 82, 3.2, CREAM)
        pen.dot(50 + x * 0.7, 20, 3.2, CREAM)
    for x in (-26, -9, 9, 26):
        pen.dot(50 + x, 64, 3.2, CREAM)
    pen.profile(egg, None, width=3.5)


def pomlazka(pen: Pen) -> None:
    """A braided whip of willow twigs with coloured ribbons at its tip."""
    for tip, colour in (((62, 4), (220, 40, 48)), ((84, 36), (40, 98, 214)),
                        ((95, 16), (252, 214, 44))):  # fmt: skip
        pen.bar([(72, 26), ((72 + tip[0]) / 2 + 5, (26 + tip[1]) / 2), tip], colour, 5, smooth=True)
    pen.bar([(6, 95), (24, 76)], (122, 92, 50), 11)
    for i in range(7):
        x, y = 22 + 7.6 * i, 78 - 8 * i
        pen.blob([(x - 9, y + 2), (x - 2, y - 8), (x + 9, y - 4), (x + 3, y + 8)], WILLOW)
        pen.line([(x - 4, y + 1), (x + 5, y - 2)], mix(WILLOW, INK, 0.4), 2)
    pen.oval(72, 25, 6, fill=(220, 40, 48))


def trdelnik(pen: Pen) -> None:
    """A hollow sweet pastry, wound as a spiral round a wooden spit."""
    pen.bar([(50, 4), (50, 97)], WOOD, 8)
    pen.rect(27, 20, 73, 84, DOUGH)
    for y in range(20, 80, 13):
        pen.blob(
            [(24, y + 9), (30, y + 2), (50, y), (70, y - 4), (77, y + 1), (76, y + 9), (68, y + 12),
             (50, y + 14), (30, y + 17)],
            DOUGH,
        )  # fmt: skip
        for x in (36, 50, 64):
            pen.dot(x, y + 8 - (x - 50) * 0.15, 2, CREAM)
    pen.oval(50, 20, 22, 7, fill=mix(DOUGH, INK, 0.4))
    pen.bar([(50, 4), (50, 20)], WOOD, 8)


def pullitr(pen: Pen) -> None:
    """A half-litre glass of beer with a handle and a head of foam."""
    pen.bar([(66, 40), (90, 42), (90, 74), (66, 78)], (214, 226, 232), 7, smooth=True)
    pen.poly([(16, 24), (70, 24), (68, 94), (18, 94)], BEER)
    for x in (30, 43, 56):
        pen.line([(x, 44), (x, 84)], (255, 214, 110), 5)
    pen.blob(
        [(12, 30), (14, 16), (28, 12), (42, 5), (58, 12), (72, 14), (75, 28), (66, 36), (56, 33),
         (46, 40), (34, 34), (24, 40)],
        (255, 253, 246),
    )  # fmt: skip
    pen.rect(17, 89, 69, 96, (214, 226, 232))


def gingerbread_heart(pen: Pen) -> None:
    """A gingerbread heart with a wavy border and a flower of white icing."""
    heart = [(50, 26), (64, 10), (84, 11), (95, 30), (88, 54), (68, 78), (50, 94),
             (32, 78), (12, 54), (5, 30), (16, 11), (36, 10)]  # fmt: skip
    pen.blob(heart, GINGERBREAD, width=4)
    inner = [(50 + (x - 50) * 0.76, 50 + (y - 48) * 0.72) for x, y in heart]
    pen.blob(inner, None, CREAM, 4)
    for x, y in ((50, 36), (61, 44), (57, 57), (43, 57), (39, 44)):
        pen.oval(x, y, 7, fill=CREAM, ink=None)
    pen.oval(50, 48, 6, fill=(220, 40, 48), ink=None)
    for x in (26, 74):
        pen.oval(x, 38, 4, fill=CREAM, ink=None)
    pen.curve([(40, 70), (50, 77), (60, 70)], CREAM, 4)


def mikulas_mitre(pen: Pen) -> None:
    """The tall pointed hat of Saint Nicholas, white and gold, with a cross."""
    for s in (-1, 1):
        pen.poly([(50 + 8 * s, 74), (50 + 22 * s, 74), (50 + 30 * s, 98), (50 + 14 * s, 98)],
                 (206, 44, 54))  # fmt: skip
        pen.line([(50 + 15 * s, 93), (50 + 28 * s, 93)], GOLD, 4)
    pen.blob([(50, 2), (64, 18), (50, 40), (36, 18)], mix(GOLD, INK, 0.35))
    tall = [(0, 6), (12, 17), (25, 36), (29, 56), (26, 78)]
    pen.profile(tall, (252, 250, 246))
    pen.profile([(w * 0.82, y + 5) for w, y in tall], None, GOLD, 3)
    pen.poly([*arc(50, 68, 28, 7, 180, 0), *arc(50, 78, 26, 7, 0, 180)], GOLD)
    for points in (((50, 22), (50, 62)), ((38, 36), (62, 36))):
        pen.line(points, (206, 44, 54), 7)


DRAWERS = {
    "kraslice": kraslice, "pomlazka": pomlazka, "trdelnik": trdelnik,
    "pullitr": pullitr, "gingerbread_heart": gingerbread_heart, "mikulas_mitre": mikulas_mitre,
}  # fmt: skip
