"""Hungary."""

from .pen import CREAM, DARK_WOOD, INK, LEAF, WOOD, Pen, Rgb, mix, star

BRICK: Rgb = (190, 84, 58)
STRAW: Rgb = (206, 166, 92)
IRON: Rgb = (70, 68, 78)
FLAME: Rgb = (250, 138, 32)
PAPRIKA: Rgb = (204, 26, 34)
FLEECE: Rgb = (226, 214, 190)


def stork_chimney(pen: Pen) -> None:
    """A white stork in its nest on top of a brick chimney."""
    pen.rect(30, 70, 70, 98, BRICK)
    for y, xs in ((79, (44, 58)), (88, (37, 51, 64))):
        pen.line([(30, y), (70, y)], (232, 170, 140), 2)
        for x in xs:
            pen.line([(x, y), (x, y + 9)], (232, 170, 140), 2)
    pen.blob([(14, 60), (30, 66), (70, 66), (86, 60), (78, 74), (50, 77), (22, 74)], STRAW)
    for x in (44, 54):
        pen.line([(x, 46), (x, 63)], (226, 60, 40), 4)
    pen.poly([(66, 13), (98, 22), (66, 22)], (226, 60, 40), width=2)
    pen.blob([(60, 8), (69, 14), (66, 24), (62, 34), (56, 48), (38, 53), (22, 46), (14, 40),
              (32, 33), (48, 32), (55, 22), (54, 12)], (252, 252, 250))  # fmt: skip
    pen.blob([(6, 46), (22, 38), (42, 38), (36, 49), (20, 52)], (44, 40, 48))
    pen.dot(61, 15, 2.4)


def bogracs(pen: Pen) -> None:
    """A cauldron of stew hanging from a tripod over a fire."""
    for x in (8, 92):
        pen.bar([(50, 8), (x, 94)], WOOD, 4)
    pen.line([(50, 10), (50, 34)], INK, 3)
    pen.curve([(26, 48), (34, 34), (50, 30), (66, 34), (74, 48)], IRON, 4)
    pen.blob([(50, 98), (32, 93), (34, 80), (42, 86), (50, 70), (58, 86), (66, 80), (68, 93)],
             FLAME)  # fmt: skip
    pen.profile([(27, 47), (29, 58), (24, 70), (12, 78), (0, 79)], IRON)
    pen.oval(50, 48, 28, 8, fill=PAPRIKA)
    for x, y in ((40, 47), (53, 50), (62, 46)):
        pen.dot(x, y, 3, (240, 150, 70))


def buso_mask(pen: Pen) -> None:
    """A carved wooden carnival mask with horns, in shaggy sheepskin."""
    for s in (-1, 1):
        pen.blob([(50 + 18 * s, 32), (50 + 36 * s, 22), (50 + 34 * s, 2), (50 + 48 * s, 14),
                  (50 + 46 * s, 32), (50 + 32 * s, 44)], CREAM)  # fmt: skip
    pen.poly(star(50, 58, 43, 34, 16), FLEECE)
    pen.profile([(18, 32), (26, 46), (25, 66), (18, 84), (0, 90)], (156, 92, 50))
    for s in (-1, 1):
        pen.oval(50 + 11 * s, 51, 7, fill=(255, 248, 226))
        pen.dot(50 + 11 * s, 51, 3.2)
        pen.line([(50 + 3 * s, 44), (50 + 20 * s, 38)], INK, 5)
    pen.poly([(50, 50), (57, 66), (43, 66)], (120, 66, 36))
    pen.oval(50, 76, 14, 7, fill=(196, 34, 40))
    for x in (42, 50, 58):
        pen.rect(x - 3, 70, x + 3, 76, CREAM, width=1.5)


def paprika_string(pen: Pen) -> None:
    """Red paprikas threaded on a string and hung up to dry."""
    pen.bar([(50, 2), (50, 14)], STRAW, 3)
    for row, y in enumerate((12, 27, 42, 57, 72)):
        spread = (18, 24, 25, 22, 13)[row]
        for s in (-1, 1):
            w = spread * s
            pen.blob([(50 + s, y), (50 + 0.7 * w, y - 4), (50 + 1.15 * w, y + 8),
                      (50 + 1.25 * w, y + 22), (50 + 0.8 * w, y + 15), (50 + 3 * s, y + 10)],
                     PAPRIKA)  # fmt: skip
            pen.line([(50 + 2 * s, y + 2), (50 + 9 * s, y + 2)], LEAF, 5)
    pen.blob([(46, 78), (54, 78), (57, 88), (50, 99), (43, 88)], PAPRIKA)


def gemeskut(pen: Pen) -> None:
    """A sweep well of the plain: forked post, long swinging beam, rod and bucket."""
    pen.bar([(34, 96), (34, 40)], WOOD, 7)
    pen.bar([(34, 46), (26, 28)], WOOD, 5)
    pen.bar([(34, 46), (42, 28)], WOOD, 5)
    pen.bar([(3, 58), (92, 6)], DARK_WOOD, 6)
    pen.rect(2, 52, 14, 68, (150, 146, 150))
    pen.line([(88, 10), (84, 60)], INK, 3)
    pen.poly([(75, 54), (93, 54), (90, 69), (78, 69)], (150, 190, 210))
    pen.poly([(62, 76), (98, 76), (95, 97), (65, 97)], (176, 168, 160))
    pen.line([(64, 86), (96, 86)], mix(IRON, CREAM, 0.3), 2)


def kopjafa(pen: Pen) -> None:
    """A carved wooden grave post: tulip on top, discs, notches and diamonds below."""
    pen.profile([(13, 24), (13, 36), (7, 40), (22, 47), (7, 54), (19, 59), (19, 98)], WOOD,
                smooth=False)  # fmt: skip
    pen.blob([(50, 2), (58, 12), (74, 2), (70, 24), (50, 31), (30, 24), (26, 2), (42, 12)], WOOD)
    for y in (69, 88):
        pen.poly([(50, y - 9), (60, y), (50, y + 9), (40, y)], mix(WOOD, CREAM, 0.55))
    pen.oval(50, 22, 5, fill=mix(WOOD, CREAM, 0.55), width=2)


DRAWERS = {
    "stork_chimney": stork_chimney, "bogracs": bogracs, "buso_mask": buso_mask,
    "paprika_string": paprika_string, "gemeskut": gemeskut, "kopjafa": kopjafa,
}  # fmt: skip
