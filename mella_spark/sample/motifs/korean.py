"""Korea."""

from .pen import CREAM, DARK_WOOD, GOLD, INK, Pen, Rgb, arc, mix

GLAZE: Rgb = (122, 66, 40)
LACQUER: Rgb = (176, 44, 40)
HIDE: Rgb = (248, 236, 208)
FACE: Rgb = (214, 142, 84)


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
    pen.blob([(12, 16), (30, 24), (44, 42), (56, 42), (70, 24), (88, 16), (88, 84), (70, 76),
              (56, 58), (44, 58), (30, 76), (12, 84)], LACQUER)  # fmt: skip
    for y in (24, 37, 50, 63, 76):
        pen.line([(12, y), (88, 100 - y)], CREAM, 2)
    pen.oval(12, 50, 9, 40, fill=HIDE, width=4)
    pen.oval(88, 50, 9, 40, fill=HIDE, width=4)
    pen.rect(43, 40, 57, 60, GOLD)


def bangpaeyeon(pen: Pen) -> None:
    """A rectangular shield kite with a round hole in the middle."""
    pen.curve([(50, 82), (43, 88), (55, 93), (48, 98)], INK, 2.4)
    pen.rect(17, 3, 83, 83, pen.main)
    pen.rect(17, 3, 83, 17, CREAM)
    for s in (-1, 1):
        pen.poly([(50 + 33 * s, 55), (50 + 33 * s, 83), (50 + 5 * s, 83)], CREAM)
    for points in ([(17, 3), (83, 83)], [(83, 3), (17, 83)], [(50, 3), (50, 83)]):
        pen.line(points, mix(pen.main, INK, 0.5), 2)
    pen.oval(50, 44, 17, fill=CREAM, width=4)
    pen.oval(50, 44, 10, fill=(92, 84, 92))


def hahoe_mask(pen: Pen) -> None:
    """A carved mask with laughing crescent eyes and a chin of its own."""
    pen.profile([(20, 3), (36, 12), (42, 34), (40, 52), (34, 68), (27, 74)], FACE)
    pen.profile([(24, 79), (22, 89), (0, 98)], FACE)
    for s in (-1, 1):
        pen.line(arc(50 + 19 * s, 29, 15, 9, 200, 340), DARK_WOOD, 8)
        pen.line(arc(50 + 19 * s, 47, 12, 9, 195, 345), INK, 5)
        pen.curve([(50 + 13 * s, 58), (50 + 27 * s, 59), (50 + 31 * s, 70)], DARK_WOOD, 3)
    for y in (9, 16):
        pen.line(arc(50, y + 6, 17, 6, 205, 335), mix(FACE, INK, 0.4), 2.6)
    pen.blob([(50, 34), (57, 50), (63, 62), (50, 65), (37, 62), (43, 50)], mix(FACE, CREAM, 0.25))
    pen.poly([(29, 68), (71, 68), (66, 77), (34, 77)], (178, 40, 40))


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
