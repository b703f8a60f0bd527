"""Everyday things."""

from .pen import CREAM, GOLD, INK, LEAF, WOOD, Pen, arc, mix, star

GLASS = (176, 214, 232)


def house(pen: Pen) -> None:
    pen.rect(66, 14, 77, 40, mix(pen.dark, INK, 0.3))
    pen.rect(17, 46, 83, 94, pen.main)
    pen.poly([(50, 8), (95, 50), (5, 50)], pen.dark)
    pen.rect(42, 64, 60, 94, mix(WOOD, INK, 0.3))
    pen.rect(24, 60, 36, 74, GLASS)
    pen.rect(66, 60, 78, 74, GLASS)


def tree(pen: Pen) -> None:
    pen.poly([(43, 58), (57, 58), (62, 95), (38, 95)], WOOD)
    pen.blob([(50, 5), (71, 12), (80, 28), (91, 45), (78, 64), (50, 67), (22, 64), (9, 45),
              (20, 28), (29, 12)], LEAF)  # fmt: skip
    pen.curve([(30, 34), (38, 24), (50, 20)], mix(LEAF, CREAM, 0.4), 4)


def ball(pen: Pen) -> None:
    pen.oval(50, 50, 42, fill=pen.main)
    pen.poly(arc(50, 50, 42, 42, -18, 18) + arc(50, 50, 42, 42, 162, 198), CREAM)
    pen.oval(50, 50, 13, fill=pen.dark)
    pen.curve([(24, 28), (32, 20), (42, 16)], CREAM, 4)


def cat(pen: Pen) -> None:
    pen.bar([(70, 84), (88, 82), (91, 64), (84, 52)], pen.main, 8, smooth=True)
    pen.profile([(10, 48), (22, 60), (27, 80), (25, 94)], pen.main, x=48)
    pen.poly([(22, 8), (40, 22), (58, 22), (76, 8), (78, 40), (20, 40)], pen.main)
    pen.blob([(49, 18), (72, 26), (78, 42), (66, 56), (49, 60), (32, 56), (20, 42), (26, 26)],
             pen.main)  # fmt: skip
    for x in (38, 60):
        pen.oval(x, 38, 4.5, 6, fill=(240, 236, 120))
        pen.dot(x, 38, 2.6)
    pen.poly([(45, 46), (53, 46), (49, 51)], (240, 140, 150), width=2)
    for side in (-1, 1):
        pen.line([(49 + 12 * side, 49), (49 + 34 * side, 46)], width=1.8)
        pen.line([(49 + 12 * side, 52), (49 + 34 * side, 55)], width=1.8)
    pen.line([(48, 78), (48, 94)], width=2.4)


def fish(pen: Pen) -> None:
    pen.poly([(28, 50), (4, 26), (10, 50), (4, 74)], pen.dark)
    pen.blob([(44, 30), (54, 14), (66, 28)], pen.dark)
    pen.blob([(95, 50), (80, 34), (58, 26), (36, 36), (22, 50), (36, 64), (58, 74), (80, 66)],
             pen.main)  # fmt: skip
    pen.curve([(70, 32), (63, 50), (70, 68)], width=3)
    pen.curve([(48, 40), (43, 50), (48, 60)], pen.dark, 3)
    pen.oval(80, 45, 5, fill=CREAM)
    pen.dot(81, 45, 2.8)


def car(pen: Pen) -> None:
    pen.poly([(22, 50), (34, 26), (68, 26), (82, 50)], pen.main)
    pen.poly([(30, 48), (38, 32), (49, 32), (49, 48)], GLASS, width=2.4)
    pen.poly([(54, 48), (54, 32), (65, 32), (74, 48)], GLASS, width=2.4)
    pen.blob([(6, 54), (24, 49), (78, 49), (93, 54), (96, 66), (90, 73), (10, 73), (4, 66)],
             pen.main)  # fmt: skip
    pen.oval(91, 58, 4, fill=(255, 240, 150), width=2)
    for x in (27, 73):
        pen.oval(x, 72, 13, fill=(60, 56, 64))
        pen.oval(x, 72, 5, fill=(214, 214, 220), ink=None)


def chair(pen: Pen) -> None:
    for x in (28, 72):
        pen.bar([(x, 62), (x, 92)], pen.dark, 5)
    pen.rect(24, 7, 76, 20, pen.main)
    for x in (28, 50, 72):
        pen.bar([(x, 20), (x, 58)], pen.main, 5)
    pen.poly([(24, 52), (76, 52), (86, 68), (14, 68)], pen.main)
    for x in (17, 83):
        pen.bar([(x, 69), (x, 94)], pen.main, 5)


def cup(pen: Pen) -> None:
    pen.bar(arc(74, 48, 17, 15, -80, 100), pen.main, 6)
    pen.profile([(33, 22), (31, 50), (26, 70), (14, 78)], pen.main, x=46)
    pen.oval(46, 22, 33, 8, fill=(96, 56, 34))
    pen.poly(arc(46, 84, 42, 8, 0, 180), pen.light)
    for x in (36, 52):
        pen.curve([(x, 12), (x + 4, 8), (x, 4), (x + 3, 0)], (190, 186, 192), 3)


def flower(pen: Pen) -> None:
    pen.bar([(50, 46), (52, 70), (50, 96)], LEAF, 4, smooth=True)
    pen.blob([(51, 82), (66, 66), (84, 66), (72, 82)], LEAF)
    pen.blob([(50, 90), (36, 76), (18, 76), (30, 90)], LEAF)
    for tip_x, tip_y in star(50, 35, 21, 0, 6)[::2]:
        pen.oval(tip_x, tip_y, 12.5, fill=pen.main)
    pen.oval(50, 35, 12, fill=GOLD if pen.main[2] > 60 or pen.main[0] < 240 else WOOD)


def book(pen: Pen) -> None:
    pen.poly([(16, 14), (28, 4), (90, 4), (90, 84), (78, 96), (16, 96)], pen.dark)
    pen.poly([(22, 14), (30, 8), (86, 8), (86, 82), (74, 92)], CREAM)
    for shift in (4, 8):
        pen.line([(78 + shift, 12), (78 + shift, 90 - shift)], (190, 178, 168), 2)
    pen.rect(12, 15, 77, 96, pen.main)
    pen.line([(23, 16), (23, 95)], pen.dark, 4)
    pen.rect(34, 28, 66, 48, CREAM)
    for y in (35, 42):
        pen.line([(40, y), (60, y)], (150, 140, 140), 2.6)


def apple(pen: Pen) -> None:
    pen.blob([(50, 30), (64, 22), (84, 30), (88, 54), (74, 86), (58, 92), (50, 88), (42, 92),
              (26, 86), (12, 54), (16, 30), (36, 22)], pen.main)  # fmt: skip
    pen.curve([(50, 31), (50, 20), (55, 9)], (92, 58, 34), 5)
    pen.blob([(54, 18), (66, 6), (82, 8), (70, 20)], LEAF)
    pen.curve([(24, 50), (25, 40), (32, 33)], pen.light, 5)


def star_thing(pen: Pen) -> None:
    pen.poly(star(50, 54, 48, 20), pen.main, width=4)


def boat(pen: Pen) -> None:
    pen.bar([(48, 8), (48, 68)], WOOD, 3)
    pen.poly([(54, 10), (88, 58), (54, 58)], pen.main)
    pen.poly([(42, 20), (42, 58), (14, 58)], pen.light)
    pen.poly([(5, 66), (95, 66), (78, 90), (22, 90)], pen.main)
    pen.line([(12, 75), (88, 75)], CREAM, 4)


def key(pen: Pen) -> None:
    pen.rect(42, 44, 95, 56, pen.main)
    pen.rect(70, 56, 79, 74, pen.main)
    pen.rect(86, 56, 95, 78, pen.main)
    pen.oval(26, 50, 23, fill=pen.main)
    pen.oval(26, 50, 10, fill=mix(pen.main, INK, 0.65))


DRAWERS = {
    "house": house, "tree": tree, "ball": ball, "cat": cat, "fish": fish, "car": car,
    "chair": chair, "cup": cup, "flower": flower, "book": book, "apple": apple,
    "star": star_thing, "boat": boat, "key": key,
}  # fmt: skip
