"""Egypt and the Arab countries."""

from .pen import CREAM, DARK_WOOD, GLOW, GOLD, INK, WOOD, Pen, Rgb, arc, mix

BRASS: Rgb = (214, 160, 58)
BRASS_LIGHT: Rgb = (250, 214, 120)
SMOKE: Rgb = (150, 146, 164)
WATER: Rgb = (92, 160, 204)


def ramadan_lantern(pen: Pen) -> None:
    """Fanous: a metal lantern with coloured panes, a pointed cap and a crescent on top."""
    moon = arc(50, 11, 10, 10, -50, 230) + arc(50, 7, 7.5, 7.5, 210, -30)
    pen.poly(moon, GOLD, width=2.4)
    pen.profile([(2, 21), (9, 24), (17, 33)], GOLD)
    pen.profile([(17, 32), (31, 44)], GOLD, smooth=False)
    pen.profile([(31, 44), (36, 63), (26, 83)], pen.main, smooth=False)
    pen.profile([(0, 48), (6, 54), (8, 60), (8, 82)], GLOW, smooth=False)
    for s in (-1, 1):
        pen.line([(50 + 15 * s, 45), (50 + 19 * s, 63), (50 + 13 * s, 82)], width=3)
    pen.profile([(28, 83), (35, 96)], GOLD, smooth=False)
    pen.line([(16, 63), (40, 63)], GOLD, 3)
    pen.line([(60, 63), (84, 63)], GOLD, 3)


def dallah(pen: Pen) -> None:
    """A brass coffee pot: belly, narrow waist, long beak, pointed lid."""
    pen.bar([(36, 34), (14, 30), (10, 56), (27, 72)], BRASS, 7, smooth=True)
    pen.blob([(58, 32), (76, 36), (97, 22), (90, 44), (66, 54)], BRASS)
    pen.profile([(17, 30), (13, 42), (16, 52), (27, 66), (29, 80), (22, 93)], BRASS, x=48)
    pen.profile([(2, 6), (3, 12), (8, 20), (19, 31)], BRASS_LIGHT, x=48)
    pen.oval(48, 6, 4.5, fill=BRASS)
    pen.rect(31, 30, 65, 36, BRASS_LIGHT)
    pen.rect(22, 90, 74, 97, BRASS)
    pen.curve([(32, 66), (28, 76), (31, 84)], BRASS_LIGHT, 4)


def oud(pen: Pen) -> None:
    """A pear-shaped lute with a short neck and a peg box bent back."""
    pen.bar([(50, 14), (76, 6)], DARK_WOOD, 8)
    for x, y in ((58, 4), (68, 1)):
        pen.line([(x, y + 3), (x + 3, y + 14)], CREAM, 3)
    pen.rect(45, 10, 55, 42, DARK_WOOD)
    pen.profile([(6, 36), (18, 48), (32, 68), (30, 85), (14, 96), (0, 97)], (222, 160, 86))
    pen.oval(50, 62, 9, fill=DARK_WOOD)
    pen.rect(36, 82, 64, 87, DARK_WOOD)
    for string in (47.5, 50, 52.5):
        pen.line([(string, 12), (string, 84)], CREAM, 1.2)


def felucca(pen: Pen) -> None:
    """A low river boat under one tall lateen sail on a slanting yard."""
    pen.bar([(40, 34), (40, 76)], WOOD, 4)
    pen.blob([(88, 2), (82, 40), (84, 70), (50, 68), (14, 64), (50, 34)], (255, 252, 244))
    pen.bar([(10, 68), (90, 1)], WOOD, 3)
    pen.line([(56, 38), (60, 67)], (200, 190, 180), 2.4)
    pen.blob([(2, 72), (26, 79), (70, 79), (98, 74), (88, 91), (50, 95), (14, 91)], DARK_WOOD)
    pen.curve([(8, 80), (50, 86), (92, 81)], (90, 170, 190), 4)


def tarboosh(pen: Pen) -> None:
    """A red felt hat without brim, with a black tassel."""
    pen.poly(
        [*arc(50, 24, 28, 9, 180, 360), (88, 80), *arc(50, 80, 38, 13, 0, 180), (22, 24)],
        (190, 30, 44),
    )
    pen.oval(50, 24, 28, 9, fill=(214, 56, 66))
    pen.curve([(50, 22), (72, 18), (82, 30), (84, 46)], INK, 4)
    pen.poly([(80, 44), (89, 44), (93, 72), (77, 72)], (40, 34, 40))
    pen.curve([(27, 36), (22, 60), (20, 76)], (228, 92, 96), 4)


def mabkhara(pen: Pen) -> None:
    """An incense burner: a flared foot, a square bowl with four points, rising smoke."""
    for x, lean in ((40, -6), (58, 6)):
        pen.curve([(x, 38), (x + lean, 28), (x - lean, 16), (x + lean, 3)], SMOKE, 7)
    pen.poly([(42, 62), (58, 62), (82, 96), (18, 96)], BRASS)
    pen.poly([(38, 82), (62, 82), (66, 96), (34, 96)], DARK_WOOD)
    pen.poly([(14, 28), (30, 42), (50, 34), (70, 42), (86, 28), (78, 64), (22, 64)], BRASS)
    for x in (35, 50, 65):
        pen.poly([(x, 45), (x + 6, 52), (x, 59), (x - 6, 52)], mix(BRASS, INK, 0.7), None)


DRAWERS = {
    "ramadan_lantern": ramadan_lantern, "dallah": dallah, "oud": oud,
    "felucca": felucca, "tarboosh": tarboosh, "mabkhara": mabkhara,
}  # fmt: skip
