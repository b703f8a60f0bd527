"""Vietnam."""

from .pen import CREAM, INK, WOOD, Pen, Rgb, arc, mix, star

STRAW: Rgb = (238, 214, 156)
BANANA_LEAF: Rgb = (70, 136, 62)
BRONZE: Rgb = (132, 128, 78)
BRONZE_LIGHT: Rgb = (206, 196, 124)


def den_ong_sao(pen: Pen) -> None:
    """The Mid-Autumn lantern: a five-pointed star in a ring, with tassels, on a stick."""
    pen.bar([(50, 50), (50, 99)], WOOD, 4)
    for x in (34.0, 66.0):
        pen.poly([(x - 2, 80), (x + 2, 80), (x + 7, 98), (x - 7, 98)], (230, 60, 60))
    pen.line(arc(50, 44, 41, 41, 0, 360), INK, 8)
    pen.line(arc(50, 44, 41, 41, 0, 360), (252, 206, 60), 3.5)
    pen.poly(star(50, 44, 41, 18), pen.main)
    pen.oval(50, 44, 10, fill=(255, 244, 190))
    for x, y in star(50, 44, 38, 0)[::2]:
        pen.line([(50 + (x - 50) * 0.3, 44 + (y - 44) * 0.3), (x, y)], pen.dark, 2)


def non_la(pen: Pen) -> None:
    """A conical hat of palm leaf with bamboo rings and a chin strap."""
    pen.bar([(24, 72), (34, 90), (50, 96), (66, 90), (76, 72)], (226, 110, 150), 3, smooth=True)
    pen.poly([(50, 8), *arc(50, 68, 48, 11, 0, 180)], STRAW, width=3.5)
    for share in (0.35, 0.6, 0.82):
        y = 8 + 60 * share
        pen.line(arc(50, y, 48 * share, 11 * share, 6, 174), (176, 136, 74), 2.6)
    pen.line([(50, 12), (50, 78)], (196, 158, 94), 2)


def banh_chung(pen: Pen) -> None:
    """A square rice cake wrapped in green leaves and tied crosswise with bamboo strips."""
    pen.poly([(10, 76), (90, 76), (94, 92), (6, 92)], mix(BANANA_LEAF, INK, 0.35))
    pen.rect(10, 8, 90, 82, BANANA_LEAF, width=4)
    pen.poly(
        [(10, 8), (50, 44), (10, 82)], mix(BANANA_LEAF, CREAM, 0.12), mix(BANANA_LEAF, INK, 0.4)
    )
    for at in (36, 64):
        pen.bar([(at, 9), (at, 82), (at + (at - 50) * 0.2, 91)], (240, 222, 160), 3)
        pen.bar([(11, at - 5), (89, at - 5)], (240, 222, 160), 3)


def ao_dai(pen: Pen) -> None:
    """A long close-fitting tunic, slit to the waist, over wide white trousers."""
    for s in (-1, 1):
        pen.poly([(50 + 2 * s, 52), (50 + 17 * s, 52), (50 + 26 * s, 98), (50 + 4 * s, 98)],
                 (252, 250, 246))  # fmt: skip
        pen.blob([(50 + 9 * s, 12), (50 + 17 * s, 16), (50 + 26 * s, 36), (50 + 33 * s, 56),
                  (50 + 25 * s, 59), (50 + 16 * s, 40), (50 + 9 * s, 28)], pen.main)  # fmt: skip
    pen.profile([(9, 12), (15, 22), (14, 30), (10, 42), (14, 56), (13, 92)], pen.main)
    pen.rect(43, 4, 57, 14, pen.main)
    pen.curve([(50, 14), (58, 22), (62, 32)], CREAM, 2.6)
    for y in (66, 74, 82):
        pen.dot(50, y, 3.4, pen.light if pen.main[1] < 200 else (226, 60, 90))


def trong_dong(pen: Pen) -> None:
    """A Dong Son bronze drum: star on its face, bulging shoulder, narrow waist, flared foot."""
    pen.profile([(42, 26), (43, 38), (30, 50), (30, 68), (42, 94)], BRONZE)
    pen.line(arc(50, 44, 38, 9, 5, 175), BRONZE_LIGHT, 3)
    pen.line(arc(50, 64, 30, 7, 5, 175), BRONZE_LIGHT, 3)
    pen.line(arc(50, 78, 35, 8, 5, 175), BRONZE_LIGHT, 3)
    pen.oval(50, 24, 46, 20, fill=BRONZE, width=4)
    pen.oval(50, 24, 36, 15, fill=None, ink=BRONZE_LIGHT, width=3)
    face = [(x, 24 + (y - 24) * 0.45) for x, y in star(50, 24, 30, 11, 8)]
    pen.poly(face, BRONZE_LIGHT, None)
    for s in (-1, 1):
        pen.bar(arc(50 + 40 * s, 47, 6, 8, -90, 90) if s > 0 else arc(10, 47, 6, 8, 90, 270),
                BRONZE, 3)  # fmt: skip


def xich_lo(pen: Pen) -> None:
    """A cycle rickshaw: hooded seat in front between two wheels, saddle and wheel behind."""
    for x, y, r in ((18, 78, 17), (68, 82, 15)):
        pen.oval(x, y, r, width=4)
        for a, b in zip(arc(x, y, r, r, 0, 150), arc(x, y, r, r, 180, 330), strict=True):
            pen.line([a, b], (120, 116, 124), 1.4)
    pen.bar([(18, 78), (28, 52), (46, 76), (68, 80)], (90, 90, 100), 3)
    pen.bar([(28, 52), (22, 36), (34, 32)], (90, 90, 100), 3)
    pen.bar([(11, 44), (26, 43)], (70, 50, 44), 5)
    pen.blob([(38, 50), (36, 22), (54, 3), (82, 6), (97, 28), (78, 27), (58, 34), (54, 52)],
             pen.main)  # fmt: skip
    pen.poly([(38, 46), (55, 46), (58, 56), (92, 56), (96, 74), (40, 74)], pen.main)
    pen.bar([(92, 72), (98, 88)], (90, 90, 100), 3)
    pen.curve([(58, 5), (50, 20), (47, 40)], pen.dark, 3)
    pen.curve([(78, 6), (68, 14), (66, 29)], pen.dark, 3)


DRAWERS = {
    "den_ong_sao": den_ong_sao, "non_la": non_la, "banh_chung": banh_chung,
    "ao_dai": ao_dai, "trong_dong": trong_dong, "xich_lo": xich_lo,
}  # fmt: skip
