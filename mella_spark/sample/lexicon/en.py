"""English, the pivot: short noun phrases from a small shared vocabulary."""

from __future__ import annotations

import re

from mella_spark.sample.lexicon.base import Language, Noun


def _noun(one: str, two: str) -> Noun:
    return Noun("", "{c} " + one, "{c} " + two)


def _article(text: str) -> str:
    return re.sub(r"\ba (?=[aeiou]|hour)", "an ", text)


NOUNS = {
    "house": _noun("house", "houses"),
    "tree": _noun("tree", "trees"),
    "ball": _noun("ball", "balls"),
    "cat": _noun("cat", "cats"),
    "fish": _noun("fish", "fish"),
    "car": _noun("car", "cars"),
    "chair": _noun("chair", "chairs"),
    "cup": _noun("cup", "cups"),
    "flower": _noun("flower", "flowers"),
    "book": _noun("book", "books"),
    "apple": _noun("apple", "apples"),
    "star": _noun("star", "stars"),
    "boat": _noun("boat", "boats"),
    "key": _noun("key", "keys"),
    # ar
    "ramadan_lantern": _noun("metal lantern with a crescent", "metal lanterns with a crescent"),
    "dallah": _noun("coffee pot with a curved spout", "coffee pots with a curved spout"),
    "oud": _noun("pear-shaped string instrument", "pear-shaped string instruments"),
    "felucca": _noun("boat with a triangular sail", "boats with a triangular sail"),
    "tarboosh": _noun("hat with a tassel", "hats with a tassel"),
    "mabkhara": _noun("decorated bowl with smoke", "decorated bowls with smoke"),
    # cs
    "kraslice": _noun("painted egg", "painted eggs"),
    "pomlazka": _noun("braided rod with ribbons", "braided rods with ribbons"),
    "trdelnik": _noun("spiral pastry", "spiral pastries"),
    "pullitr": _noun("beer mug with foam", "beer mugs with foam"),
    "gingerbread_heart": _noun("heart-shaped cookie", "heart-shaped cookies"),
    "mikulas_mitre": _noun("pointed hat with a cross", "pointed hats with a cross"),
    # hu
    "stork_chimney": _noun("stork on a chimney", "storks on a chimney"),
    "bogracs": _noun("cauldron over a fire", "cauldrons over a fire"),
    "buso_mask": _noun("horned wooden mask", "horned wooden masks"),
    "paprika_string": _noun("string of dried peppers", "strings of dried peppers"),
    "gemeskut": _noun("well with a long pole", "wells with a long pole"),
    "kopjafa": _noun("carved wooden post", "carved wooden posts"),
    # ko
    "hanbok": _noun("dress with a wide skirt", "dresses with a wide skirt"),
    "onggi": _noun("round clay jar", "round clay jars"),
    "janggu": _noun("hourglass-shaped drum", "hourglass-shaped drums"),
    "bangpaeyeon": _noun("kite with a round hole", "kites with a round hole"),
    "hahoe_mask": _noun("smiling wooden mask", "smiling wooden masks"),
    "gat": _noun("tall hat with a wide brim", "tall hats with a wide brim"),
    # ru
    "samovar": _noun("metal urn with a tap", "metal urns with a tap"),
    "matryoshka": _noun("painted wooden doll", "painted wooden dolls"),
    "onion_dome": _noun("onion-shaped dome", "onion-shaped domes"),
    "balalaika": _noun("triangular string instrument", "triangular string instruments"),
    "valenki": _noun("pair of felt boots", "pairs of felt boots"),
    "ushanka": _noun("fur hat with ear flaps", "fur hats with ear flaps"),
    # sr
    "sajkaca": _noun("soft folded cap", "soft folded caps"),
    "opanak": _noun("leather shoe with a curled toe", "leather shoes with a curled toe"),
    "gusle": _noun("fiddle with one string", "fiddles with one string"),
    "slavski_kolac": _noun("round loaf with a cross", "round loaves with a cross"),
    "badnjak": _noun("oak branch", "oak branches"),
    "cokanj": _noun("small bottle with a long neck", "small bottles with a long neck"),
    # th
    "khom_loi": _noun("glowing paper lantern", "glowing paper lanterns"),
    "tuk_tuk": _noun("three-wheeled car", "three-wheeled cars"),
    "spirit_house": _noun("tiny house on a pillar", "tiny houses on a pillar"),
    "krathong": _noun("leaf bowl with a candle", "leaf bowls with a candle"),
    "ngop": _noun("wide straw hat", "wide straw hats"),
    "long_tail_boat": _noun("long boat with a roof", "long boats with a roof"),
    # vi
    "den_ong_sao": _noun("star-shaped lantern", "star-shaped lanterns"),
    "non_la": _noun("conical hat", "conical hats"),
    "banh_chung": _noun("square cake wrapped in leaves", "square cakes wrapped in leaves"),
    "ao_dai": _noun("long dress over trousers", "long dresses over trousers"),
    "trong_dong": _noun("bronze drum", "bronze drums"),
    "xich_lo": _noun("bicycle with a front seat", "bicycles with a front seat"),
}

ENGLISH = Language(
    code="en",
    nouns=NOUNS,
    colours={
        c: (c,) for c in ("red", "blue", "green", "yellow", "orange", "purple", "brown", "white")
    },
    numerals={"": ("a", "two", "three")},
    frames={
        None: "{a}",
        "left": "{a} to the left of {b}",
        "right": "{a} to the right of {b}",
        "above": "{a} above {b}",
        "below": "{a} below {b}",
    },
    polish=_article,
    plain_one=(
        "Picture of {a}",
        "{a} image",
        "Photo of {a}",
        "Free stock photo of {a}",
        "Click to enlarge: {a}",
        "{a} - free download",
        "Best {a} wallpaper",
        "Close-up of {a}",
    ),
    plain_two=(
        "Picture of {a} and {b}",
        "{a} and {b} image",
        "Photo of {a} and {b}",
        "Free stock photo of {a} and {b}",
        "Click to enlarge: {a} and {b}",
        "{a} with {b}",
        "View of {a} next to {b}",
        "Close-up of {a} and {b}",
    ),
)
