"""Korea."""

from .pen import CREAM, DARK_WOOD, INK, WOOD, Pen, Rgb, arc, mix

GLAZE: Rgb = (122, 66, 40)
LACQUER: Rgb = (176, 44, 40)
HIDE: Rgb = (248, 236, 208)
FACE: Rgb = (214, 142, 84)
HAIR: Rgb = (44, 40, 48)


def hanbok(pen: Pen) -> None:
    """A short jacket (jeogori) with wide sleeves over a bell-shaped skirt (chima)."""
    pen.profile([(13, 40), (22, 52), (36, 74), (46, 95)], pen.main)
    for s in (-1, 1):
        pen.curve([(50 + 6 * s, 48), (50 + 12 * s, 70), (50 + 18 * s, 93)], pen.dark, 3)
    for s in (-1, 1):
        pen.blob([(50 + 10 * s, 10), (50 + 26 * s, 18), (50 + 44 * s, 40), (50 + 40 * s, 58),
                  (50 + 28 * s, 48), (50 + 12 * s, 34)], CREAM)  # fmt: skip
        pen.line([(50 + 45 * s, 43), (50 + 37 * s, 57)], pen.main, 7)
    pen.poly([(36, 8), (64, 8), (70, 42), (30, 42)], CREAM)
    pen.line([(38, 9), (51, 30)], pen.dark, 4)
    pen.line([(62, 9), (49, 30)], pen.dark, 4)
    pen.bar([(52, 29), (58, 48), (56, 70)], pen.light, 4, smooth=True)
    pen.bar([(52, 29), (64, 44), (66, 56)], pen.light, 4, smooth=True)


def onggi(pen: Pen) -> None:
    """A brown earthenware jar with a wide belly and a lid."""
    pen.profile([(26, 22), (38, 38), (42, 54), (36, 76), (24, 94)], GLAZE)
    pen.rect(22, 18, 78, 27, GLAZE)
    pen.profile([(9, 6), (26, 14), (33, 20)], mix(GLAZE, INK, 0.35))
    pen.curve([(12, 46), (30, 54), (50, 45), (70, 54), (88, 46)], (206, 140, 88), 4)
    pen.curve([(19, 60), (22, 74), (30, 85)], (176, 110, 72), 4)


def janggu(pen: Pen) -> None:
    """An hourglass drum lying on its side, heads of hide laced with cords."""
    pen.poly([(16, 18), (42, 43), (58, 43), (84, 18), (84, 82), (58, 57), (42, 57), (16, 82)],
             LACQUER)  # fmt: skip
    for y in (22, 36, 50, 64, 78):
        pen.line([(16, y), (84, 100 - y)], CREAM, 2.2)
    pen.oval(14, 50, 12, 40, fill=HIDE, width=4)
    pen.oval(86, 50, 12, 40, fill=HIDE, width=4)
    pen.rect(43, 42, 57, 58, DARK_WOOD)


def bangpaeyeon(pen: Pen) -> None:
    """A rectangular shield kite with a round hole in the middle."""
    pen.curve([(50, 80), (44, 88), (54, 93), (48, 100)], INK, 2)
    pen.rect(20, 4, 80, 84, (252, 250, 244))
    pen.rect(20, 4, 80, 24, pen.main)
    pen.poly([(20, 84), (80, 84), (50, 62)], pen.main)
    pen.line([(20, 4), (80, 84)], WOOD, 2)
    pen.line([(80, 4), (20, 84)], WOOD, 2)
    pen.line([(50, 4), (50, 84)], WOOD, 2)
    pen.oval(50, 44, 14, fill=mix(pen.main, INK, 0.6), width=4)


def hahoe_mask(pen: Pen) -> None:
    """A carved mask with laughing crescent eyes and a chin of its own."""
    pen.profile([(26, 6), (38, 22), (40, 44), (34, 66), (28, 74)], FACE)
    pen.profile([(24, 79), (22, 88), (0, 97)], FACE)
    pen.poly([*arc(50, 30, 38, 27, 188, 352)], HAIR)
    for s in (-1, 1):
        pen.line(arc(50 + 18 * s, 46, 11, 9, 200, 340), INK, 5)
        pen.line(arc(50 + 18 * s, 36, 13, 8, 205, 335), DARK_WOOD, 4)
        pen.curve([(50 + 12 * s, 58), (50 + 26 * s, 60), (50 + 32 * s, 70)], DARK_WOOD, 3)
    pen.poly([(50, 40), (60, 62), (40, 62)], mix(FACE, INK, 0.2))
    pen.poly([(30, 68), (70, 68), (66, 76), (34, 76)], (170, 40, 40))


def gat(pen: Pen) -> None:
    """A scholar's black horsehair hat: straight crown, wide brim, beaded string."""
    for s in (-1, 1):
        pen.curve([(50 + 24 * s, 62), (50 + 18 * s, 78), (50, 92)], INK, 3)
        for x, y in ((22, 70), (15, 82)):
            pen.oval(50 + x * s, y, 4.5, fill=(232, 150, 60), width=2)
    pen.oval(50, 92, 5, fill=(232, 150, 60), width=2)
    pen.oval(50, 56, 48, 13, fill=(64, 60, 72))
    pen.poly([(32, 12), (68, 12), (73, 54), *arc(50, 54, 23, 6, 0, 180), (27, 54)], (40, 36, 46))
    pen.oval(50, 12, 18, 5, fill=(84, 80, 94))
    pen.line(arc(50, 48, 22, 6, 10, 170), (104, 100, 116), 4)


DRAWERS = {
    "hanbok": hanbok, "onggi": onggi, "janggu": janggu,
    "bangpaeyeon": bangpaeyeon, "hahoe_mask": hahoe_mask, "gat": gat,
}  # fmt: skip
