"""Thailand."""

from .pen import CREAM, DARK_WOOD, GOLD, INK, LEAF, WOOD, Pen, Rgb, arc, mix

PAPER_GLOW: Rgb = (255, 214, 128)
FLAME: Rgb = (255, 120, 30)
PALM: Rgb = (222, 190, 122)
ROOF: Rgb = (206, 60, 44)
PINK: Rgb = (240, 120, 170)
WATER: Rgb = (92, 160, 204)


def khom_loi(pen: Pen) -> None:
    """A tall paper lantern that floats up, lit from within by a flame at its mouth."""
    pen.oval(50, 50, 40, 49, fill=(255, 238, 176), ink=None)
    pen.profile([(18, 6), (30, 14), (31, 42), (25, 72), (19, 86)], PAPER_GLOW)
    pen.profile([(8, 40), (13, 58), (12, 72), (9, 84)], (255, 244, 200), None)
    for s in (-1, 1):
        pen.curve([(50 + 12 * s, 9), (50 + 14 * s, 42), (50 + 10 * s, 84)], (226, 160, 76), 2.4)
    pen.oval(50, 86, 19, 5, fill=(180, 110, 50))
    pen.blob([(50, 68), (58, 84), (56, 94), (50, 97), (44, 94), (42, 84)], FLAME)


def tuk_tuk(pen: Pen) -> None:
    """A three-wheeled taxi with an open side and a canopy."""
    pen.poly([(68, 22), (76, 22), (88, 54), (70, 54)], (190, 224, 238))
    for x in (12, 46):
        pen.bar([(x, 22), (x, 58)], pen.dark, 3)
    pen.rect(15, 38, 43, 58, (120, 66, 50))
    pen.blob([(4, 12), (40, 8), (76, 11), (84, 20), (80, 26), (6, 26), (1, 20)], pen.main)
    pen.poly([(4, 54), (50, 54), (52, 68), (68, 68), (70, 52), (88, 52), (95, 72), (92, 80),
              (6, 80)], pen.main)  # fmt: skip
    pen.line([(7, 66), (46, 66)], CREAM, 4)
    pen.oval(90, 60, 5, fill=(255, 240, 150), width=2)
    pen.oval(25, 82, 15, fill=(60, 56, 64))
    pen.oval(25, 82, 6, fill=(214, 214, 220), ink=None)
    pen.oval(86, 86, 11, fill=(60, 56, 64))
    pen.oval(86, 86, 4, fill=(214, 214, 220), ink=None)


def spirit_house(pen: Pen) -> None:
    """A small shrine with a steep tiered roof, standing on one pillar."""
    pen.poly([(44, 70), (56, 70), (60, 98), (40, 98)], (236, 232, 226))
    pen.rect(20, 62, 80, 71, GOLD)
    pen.rect(30, 42, 70, 63, (252, 240, 214))
    pen.rect(43, 47, 57, 63, (110, 50, 40))
    for x in (33, 67):
        pen.bar([(x, 44), (x, 61)], GOLD, 3)
    pen.poly([(50, 22), (68, 36), (92, 46), (8, 46), (32, 36)], ROOF)
    pen.poly([(50, 1), (56, 20), (74, 34), (26, 34), (44, 20)], ROOF)
    pen.line([(14, 44), (50, 24), (86, 44)], GOLD, 3)
    pen.line([(30, 32), (46, 20), (50, 4), (54, 20), (70, 32)], GOLD, 3)


def krathong(pen: Pen) -> None:
    """A float of folded banana leaves with flowers, a candle and incense sticks."""
    pen.oval(50, 88, 48, 10, fill=WATER, ink=None)
    for x in (38, 62):
        pen.line([(x, 56), (x - 4 if x < 50 else x + 4, 14)], DARK_WOOD, 3)
    pen.rect(45, 24, 55, 58, CREAM)
    pen.blob([(50, 3), (56, 14), (50, 24), (44, 14)], FLAME)
    for x in (26, 42, 58, 74):
        pen.oval(x, 56, 10, fill=PINK if x in (26, 58) else (252, 206, 60))
    for s in (-1, 1):
        for x, lean in ((38, 10), (24, 4), (9, 0)):
            pen.poly([(50 + (x - 9) * s, 86), (50 + (x + lean) * s, 50), (50 + (x + 9) * s, 86)],
                     LEAF)  # fmt: skip
    pen.poly([(50, 52), (60, 88), (40, 88)], mix(LEAF, CREAM, 0.25))
    pen.poly([(6, 82), (94, 82), (82, 94), (18, 94)], LEAF)


def ngop(pen: Pen) -> None:
    """A farmer's hat of palm leaf: round flat-topped crown, ribs, and an inner headband."""
    pen.poly([(34, 74), (66, 74), (64, 92), (36, 92)], mix(PALM, INK, 0.45))
    pen.oval(50, 74, 47, 10, fill=mix(PALM, INK, 0.3))
    pen.profile([(14, 20), (24, 26), (33, 48), (47, 74)], PALM)
    pen.poly([*arc(50, 74, 47, 9, 0, 180)], PALM)
    pen.profile([(14, 20), (24, 26), (33, 48), (47, 74)], PALM, None)
    for share in (-0.75, -0.4, 0.0, 0.4, 0.75):
        pen.curve([(50 + 18 * share, 22), (50 + 32 * share, 48), (50 + 47 * share, 82)],
                  mix(PALM, INK, 0.35), 2.4)  # fmt: skip
    pen.oval(50, 20, 14, 5, fill=PALM, ink=mix(PALM, INK, 0.5))
    pen.line(arc(50, 50, 33, 7, 5, 175), WOOD, 4)


def long_tail_boat(pen: Pen) -> None:
    """A slim wooden boat with ribbons on its high bow and a motor on a long shaft."""
    pen.oval(50, 86, 49, 7, fill=WATER, ink=None)
    pen.bar([(18, 60), (2, 88)], (90, 90, 100), 3)
    pen.rect(12, 54, 24, 66, (120, 122, 132))
    for x in (30, 60):
        pen.bar([(x, 46), (x, 70)], WOOD, 3)
    pen.poly([(22, 36), (66, 36), (70, 48), (20, 48)], (64, 128, 190))
    pen.blob([(6, 66), (40, 72), (68, 68), (84, 48), (90, 14), (97, 16), (95, 50), (84, 76),
              (66, 87), (20, 85)], (176, 104, 52))  # fmt: skip
    pen.curve([(10, 76), (50, 80), (80, 72)], (240, 200, 130), 3)
    for y, colour in ((22, (220, 40, 48)), (30, (252, 214, 44)), (38, (38, 158, 76))):
        pen.line([(86, y), (99, y + 1)], colour, 7)
    pen.bar([(90, 40), (84, 58)], (220, 40, 48), 4)


DRAWERS = {
    "khom_loi": khom_loi, "tuk_tuk": tuk_tuk, "spirit_house": spirit_house,
    "krathong": krathong, "ngop": ngop, "long_tail_boat": long_tail_boat,
}  # fmt: skip
