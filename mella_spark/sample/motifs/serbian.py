"""Serbia."""

from .pen import CREAM, DARK_WOOD, GOLD, INK, WOOD, Pen, Point, Rgb, arc, mix

CLOTH: Rgb = (112, 120, 92)
LEATHER: Rgb = (152, 84, 42)
CRUST: Rgb = (214, 144, 62)
CRUST_LIGHT: Rgb = (246, 200, 116)
OAK_LEAF: Rgb = (176, 108, 40)
GLASS: Rgb = (222, 236, 238)
BRANDY: Rgb = (240, 186, 52)


def sajkaca(pen: Pen) -> None:
    """A folded cloth cap whose crown dips to a V between two peaks."""
    pen.blob([(17, 14), (34, 28), (50, 44), (66, 28), (83, 14), (92, 40), (90, 66), (10, 66),
              (8, 40)], CLOTH)  # fmt: skip
    pen.line([(50, 44), (50, 70)], width=3)
    for s in (-1, 1):
        pen.poly([(50 + 44 * s, 46), (50, 72), (50, 90), (50 + 41 * s, 80)],
                 mix(CLOTH, INK, 0.28))  # fmt: skip
        pen.curve([(50 + 35 * s, 22), (50 + 32 * s, 34), (50 + 34 * s, 44)],
                  mix(CLOTH, CREAM, 0.35), 4)  # fmt: skip
    pen.oval(50, 77, 6, fill=GOLD)


def opanak(pen: Pen) -> None:
    """A leather peasant shoe with a curled-up toe and a laced front."""
    pen.poly([(8, 6), (38, 6), (40, 54), (8, 54)], (246, 240, 226))
    for y in (14, 22, 30):
        pen.line([(9, y), (38, y)], (190, 40, 48), 3)
    pen.bar([(84, 70), (96, 60), (95, 40), (84, 38)], LEATHER, 8, smooth=True)
    pen.blob([(5, 50), (20, 55), (42, 48), (62, 60), (86, 62), (92, 74), (78, 90), (30, 92),
              (6, 90)], LEATHER)  # fmt: skip
    pen.line([(8, 88), (78, 88)], mix(LEATHER, INK, 0.5), 4)
    for i in range(4):
        x, y = 38 + 11 * i, 54 + 4 * i
        pen.line([(x, y), (x + 4, y + 20)], (240, 200, 130), 3.5)
    pen.line([(36, 66), (80, 76)], (240, 200, 130), 3.5)
    pen.line([(8, 40), (40, 50)], LEATHER, 5)
    pen.line([(8, 50), (40, 40)], LEATHER, 5)


def gusle(pen: Pen) -> None:
    """A one-stringed fiddle with a round body of hide, a carved horse's head, and its bow."""
    pen.bar([(80, 14), (94, 50), (84, 90)], WOOD, 4, smooth=True)
    pen.line([(80, 14), (84, 90)], CREAM, 3)
    pen.bar([(42, 24), (42, 60)], DARK_WOOD, 8)
    pen.blob([(36, 28), (34, 10), (42, 1), (60, 10), (66, 20), (58, 24), (50, 18), (48, 28)],
             DARK_WOOD)  # fmt: skip
    pen.dot(49, 11, 2.4, CREAM)
    pen.oval(42, 72, 27, 25, fill=DARK_WOOD)
    pen.oval(42, 72, 20, 18, fill=CREAM)
    pen.line([(42, 22), (42, 92)], INK, 2)
    pen.line([(32, 66), (52, 66)], DARK_WOOD, 5)


def slavski_kolac(pen: Pen) -> None:
    """A round festive loaf seen from above, with a plaited rim and a cross of dough."""
    pen.oval(50, 50, 46, fill=CRUST, width=4)
    for i in range(12):
        x, y = arc(50, 50, 38, 38, 30 * i, 30 * i + 1)[0]
        pen.oval(x, y, 8.5, fill=CRUST_LIGHT, width=2.4)
    pen.oval(50, 50, 29, fill=mix(CRUST, CREAM, 0.25))
    pen.bar([(50, 25), (50, 75)], CRUST_LIGHT, 7)
    pen.bar([(25, 50), (75, 50)], CRUST_LIGHT, 7)
    pen.line([(50, 25), (50, 75)], CRUST_LIGHT, 7)
    for x, y in ((37, 37), (63, 37), (37, 63), (63, 63)):
        pen.oval(x, y, 4.5, fill=(190, 50, 44), width=2)


def badnjak(pen: Pen) -> None:
    """A young oak cut for Christmas Eve: a branch with dry lobed leaves, tied with ribbon."""
    pen.bar([(50, 97), (50, 40)], DARK_WOOD, 8)
    for tip in ((26, 28), (74, 28), (50, 16)):
        pen.bar([(50, 62), tip], DARK_WOOD, 4)
    for x, y, dx, dy in ((30, 46, -24, -6), (70, 46, 24, -6), (32, 28, -18, -18),
                         (68, 28, 18, -18), (50, 22, 0, -20), (44, 42, -6, -18),
                         (57, 42, 8, -18)):  # fmt: skip
        pen.blob(_oak_leaf(x, y, dx, dy), OAK_LEAF)
        pen.line([(x, y), (x + dx * 0.8, y + dy * 0.8)], mix(OAK_LEAF, INK, 0.5), 2)
    pen.bar([(43, 75), (57, 75)], (206, 36, 44), 6)
    for s in (-1, 1):
        pen.poly([(50, 75), (50 + 18 * s, 68), (50 + 18 * s, 84)], (206, 36, 44))


def _oak_leaf(x: float, y: float, dx: float, dy: float) -> list[Point]:
    """A lobed leaf from its stalk at (x, y) to its tip at (x + dx, y + dy)."""
    outline = ((0, 0), (0.3, 0.34), (0.5, 0.2), (0.75, 0.36), (1.1, 0), (0.75, -0.36),
               (0.5, -0.2), (0.3, -0.34))  # fmt: skip
    return [(x + a * dx - b * dy, y + a * dy + b * dx) for a, b in outline]


def cokanj(pen: Pen) -> None:
    """A small round-bellied glass flask with a slim neck, for plum brandy."""
    pen.profile([(8, 8), (8, 36), (14, 46), (34, 62), (35, 82), (26, 95)], GLASS)
    pen.profile([(31, 62), (32, 80), (24, 91)], BRANDY, None)
    pen.oval(50, 62, 30, 5, fill=mix(BRANDY, CREAM, 0.4), ink=None)
    pen.profile([(8, 8), (8, 36), (14, 46), (34, 62), (35, 82), (26, 95)], None)
    pen.rect(39, 3, 61, 11, GLASS)
    pen.curve([(26, 68), (26, 78), (31, 86)], CREAM, 5)
    pen.line([(46, 16), (46, 36)], (255, 255, 255), 3)


DRAWERS = {
    "sajkaca": sajkaca, "opanak": opanak, "gusle": gusle,
    "slavski_kolac": slavski_kolac, "badnjak": badnjak, "cokanj": cokanj,
}  # fmt: skip
