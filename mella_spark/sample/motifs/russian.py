"""Russia."""

from .pen import CREAM, DARK_WOOD, GOLD, INK, LEAF, SKIN, Pen, Rgb, arc, mix

COPPER: Rgb = (232, 176, 60)
COPPER_LIGHT: Rgb = (255, 226, 140)
FELT: Rgb = (136, 136, 146)
FUR: Rgb = (122, 92, 70)
FUR_DARK: Rgb = (70, 62, 66)
PORCELAIN: Rgb = (176, 208, 236)
PINE: Rgb = (224, 152, 72)


def samovar(pen: Pen) -> None:
    """A bellied metal urn with two handles, a tap and a small teapot on top."""
    for s in (-1, 1):
        pen.bar(arc(50 + 32 * s, 48, 12, 11, 0, 360), DARK_WOOD, 4)
    pen.bar([(64, 20), (76, 16), (82, 8)], PORCELAIN, 4, smooth=True)
    pen.bar(arc(33, 16, 8, 6, 90, 270), PORCELAIN, 3)
    pen.profile([(7, 7), (17, 12), (18, 20), (10, 26)], PORCELAIN)
    pen.oval(50, 5, 4.5, fill=(206, 44, 54))
    pen.rect(36, 25, 64, 34, COPPER)
    pen.profile([(25, 34), (35, 44), (31, 63), (15, 78)], COPPER)
    pen.profile([(15, 77), (14, 84), (28, 90)], COPPER, smooth=False)
    pen.rect(18, 89, 82, 97, mix(COPPER, INK, 0.25))
    pen.curve([(29, 46), (29, 55), (33, 64)], COPPER_LIGHT, 5)
    pen.bar([(50, 62), (50, 79)], mix(COPPER, INK, 0.4), 5)
    pen.bar([(43, 61), (57, 61)], mix(COPPER, INK, 0.4), 4)


def matryoshka(pen: Pen) -> None:
    """A nesting doll: headscarf, round face, flowered apron."""
    pen.profile([(0, 3), (17, 9), (23, 24), (22, 36), (32, 50), (36, 70), (30, 90), (22, 97)],
                pen.main)  # fmt: skip
    pen.oval(50, 27, 16, 15, fill=SKIN)
    pen.poly(arc(50, 27, 16, 15, 195, 345), (120, 72, 36), width=2)
    for s in (-1, 1):
        pen.dot(50 + 6 * s, 28, 2.2)
        pen.dot(50 + 9 * s, 33, 2.8, (236, 120, 110))
    pen.line(arc(50, 32, 5, 4, 20, 160), (190, 40, 50), 2.4)
    pen.oval(50, 70, 21, 22, fill=CREAM)
    for x, y in ((50, 60), (41, 73), (59, 73)):
        pen.oval(x, y, 6.5, fill=(220, 60, 70) if pen.main[0] < 200 else (60, 110, 210), width=2)
    pen.line([(50, 84), (50, 68)], LEAF, 3)


def onion_dome(pen: Pen) -> None:
    """A church cupola shaped like an onion, on a white drum, with a cross."""
    pen.bar([(50, 1), (50, 22)], GOLD, 3)
    pen.bar([(42, 7), (58, 7)], GOLD, 3)
    pen.bar([(45, 16), (55, 13)], GOLD, 2.4)
    dome = [(0, 20), (5, 28), (20, 38), (34, 52), (32, 66), (20, 74)]
    pen.profile(dome, pen.main)
    for share in (-0.5, 0.5):
        pen.curve([(50 + w * share, y) for w, y in dome], pen.light, 3.5)
    pen.profile(dome, None)
    pen.rect(30, 76, 70, 98, (252, 250, 246))
    pen.rect(27, 72, 73, 79, GOLD)
    pen.profile([(0, 82), (5, 86), (5, 98)], (70, 66, 90), smooth=False)


def balalaika(pen: Pen) -> None:
    """A lute with a triangular body, a long thin neck and three strings."""
    for y in (6, 12):
        pen.bar([(38, y), (62, y)], CREAM, 2.4)
    pen.rect(46, 2, 54, 46, DARK_WOOD)
    pen.poly([(50, 36), (92, 94), (8, 94)], PINE, width=4)
    pen.line([(50, 40), (30, 93)], (190, 116, 50), 2.4)
    pen.line([(50, 40), (70, 93)], (190, 116, 50), 2.4)
    pen.oval(50, 66, 7, fill=(70, 44, 30))
    pen.rect(38, 82, 62, 87, DARK_WOOD)
    for x in (48, 50, 52):
        pen.line([(x, 6), (x, 83)], CREAM, 1)


def valenki(pen: Pen) -> None:
    """A pair of grey felt boots."""
    for x, shade in ((34, 0.2), (0, 0.0)):
        pen.blob([(x + 10, 8), (x + 34, 8), (x + 36, 50), (x + 40, 62), (x + 60, 68), (x + 63, 84),
                  (x + 56, 93), (x + 14, 94), (x + 8, 84), (x + 11, 50)],
                 mix(FELT, INK, shade))  # fmt: skip
        pen.poly([(x + 7, 5), (x + 37, 5), (x + 37, 16), (x + 7, 16)], mix(FELT, INK, shade + 0.2))
        pen.line([(x + 10, 90), (x + 59, 90)], (64, 60, 70), 4)


def ushanka(pen: Pen) -> None:
    """A fur hat with ear flaps hanging down."""
    for s in (-1, 1):
        pen.blob([(50 + 28 * s, 40), (50 + 46 * s, 44), (50 + 46 * s, 72), (50 + 38 * s, 92),
                  (50 + 24 * s, 84), (50 + 24 * s, 56)], FUR)  # fmt: skip
        pen.line([(50 + 36 * s, 88), (50 + 36 * s, 99)], INK, 3)
    pen.profile([(26, 8), (40, 18), (42, 46)], FUR_DARK)
    pen.blob([(8, 40), (20, 31), (50, 29), (80, 31), (92, 40), (90, 58), (70, 66), (50, 67),
              (30, 66), (10, 58)], FUR)  # fmt: skip
    for x in range(18, 90, 13):
        pen.line([(x, 40), (x - 3, 50)], mix(FUR, INK, 0.5), 3)
        pen.line([(x + 5, 50), (x + 3, 58)], mix(FUR, CREAM, 0.3), 3)


DRAWERS = {
    "samovar": samovar, "matryoshka": matryoshka, "onion_dome": onion_dome,
    "balalaika": balalaika, "valenki": valenki, "ushanka": ushanka,
}  # fmt: skip
