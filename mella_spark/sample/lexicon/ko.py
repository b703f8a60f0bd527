"""Korean: no number or gender; from two on a native numeral and a classifier follow the noun."""

from __future__ import annotations

import re

from mella_spark.sample.lexicon.base import Language, Noun

COLOURS = {
    "red": ("빨간",),
    "blue": ("파란",),
    "green": ("초록색",),
    "yellow": ("노란",),
    "orange": ("주황색",),
    "purple": ("보라색",),
    "brown": ("갈색",),
    "white": ("하얀",),
}

# (classifier, noun)
_COUNTED = {
    "house": ("채", "{c} 집"),
    "tree": ("그루", "나무"),
    "ball": ("개", "{c} 공"),
    "cat": ("마리", "{c} 고양이"),
    "fish": ("마리", "{c} 물고기"),
    "car": ("대", "{c} 자동차"),
    "chair": ("개", "{c} 의자"),
    "cup": ("개", "{c} 컵"),
    "flower": ("송이", "{c} 꽃"),
    "book": ("권", "{c} 책"),
    "apple": ("개", "{c} 사과"),
    "star": ("개", "{c} 별"),
    "boat": ("척", "{c} 배"),
    "key": ("개", "{c} 열쇠"),
    "ramadan_lantern": ("개", "초승달이 달린 {c} 금속 등"),
    "dallah": ("개", "주둥이가 휜 커피 주전자"),
    "oud": ("대", "서양배 모양 현악기"),
    "felucca": ("척", "삼각돛을 단 배"),
    "tarboosh": ("개", "술이 달린 모자"),
    "mabkhara": ("개", "연기가 나는 장식 그릇"),
    "kraslice": ("개", "무늬를 그린 {c} 달걀"),
    "pomlazka": ("개", "리본이 달린 땋은 막대"),
    "trdelnik": ("개", "나선 모양 빵"),
    "pullitr": ("개", "거품이 있는 맥주잔"),
    "gingerbread_heart": ("개", "하트 모양 쿠키"),
    "mikulas_mitre": ("개", "십자가가 있는 뾰족한 모자"),
    "stork_chimney": ("마리", "굴뚝 위의 황새"),
    "bogracs": ("개", "불 위의 솥"),
    "buso_mask": ("개", "뿔이 달린 나무 가면"),
    "paprika_string": ("줄", "끈에 엮은 말린 고추"),
    "gemeskut": ("개", "긴 장대가 달린 우물"),
    "kopjafa": ("개", "조각한 나무 기둥"),
    "hanbok": ("벌", "치마폭이 넓은 {c} 옷"),
    "onggi": ("개", "둥근 흙 항아리"),
    "janggu": ("개", "모래시계 모양 북"),
    "bangpaeyeon": ("개", "둥근 구멍이 있는 {c} 연"),
    "hahoe_mask": ("개", "웃는 나무 가면"),
    "gat": ("개", "챙이 넓은 높은 모자"),
    "samovar": ("개", "꼭지가 달린 금속 주전자"),
    "matryoshka": ("개", "무늬를 그린 {c} 나무 인형"),
    "onion_dome": ("개", "양파 모양의 {c} 돔"),
    "balalaika": ("대", "삼각형 현악기"),
    "valenki": ("켤레", "펠트 장화"),
    "ushanka": ("개", "귀덮개가 있는 털모자"),
    "sajkaca": ("개", "부드러운 접힌 모자"),
    "opanak": ("짝", "앞코가 휜 가죽 신발"),
    "gusle": ("대", "줄이 하나인 바이올린"),
    "slavski_kolac": ("개", "십자가가 있는 둥근 빵"),
    "badnjak": ("개", "참나무 가지"),
    "cokanj": ("개", "목이 긴 작은 병"),
    "khom_loi": ("개", "빛나는 종이 등"),
    "tuk_tuk": ("대", "{c} 삼륜 자동차"),
    "spirit_house": ("채", "기둥 위의 아주 작은 집"),
    "krathong": ("개", "초가 있는 잎 그릇"),
    "ngop": ("개", "넓은 밀짚모자"),
    "long_tail_boat": ("척", "길고 좁은 배"),
    "den_ong_sao": ("개", "{c} 별 모양 등"),
    "non_la": ("개", "원뿔 모양 모자"),
    "banh_chung": ("개", "잎으로 싼 네모난 떡"),
    "ao_dai": ("벌", "바지 위에 입는 {c} 긴 드레스"),
    "trong_dong": ("개", "청동 북"),
    "xich_lo": ("대", "앞좌석이 있는 {c} 자전거"),
}
NOUNS = {thing: Noun(classifier, form, form) for thing, (classifier, form) in _COUNTED.items()}
NUMERALS = {noun.cls: ("", f"두 {noun.cls}", f"세 {noun.cls}") for noun in NOUNS.values()}
NUMERALS["켤레"] = ("한 켤레", "두 켤레", "세 켤레")


def _subject_particle(text: str) -> str:
    """이 after a final consonant, 가 after a vowel: (code - U+AC00) mod 28 is the final."""
    return re.sub("(.)이/가", lambda m: m[1] + ("이" if (ord(m[1]) - 0xAC00) % 28 else "가"), text)


KOREAN = Language(
    code="ko",
    nouns=NOUNS,
    colours=COLOURS,
    numerals=NUMERALS,
    phrase="{noun} {n}",
    polish=_subject_particle,
    frames={
        None: "그림에 {a}이/가 있습니다.",
        "left": "왼쪽에 {a}이/가 있고 오른쪽에 {b}이/가 있습니다.",
        "right": "오른쪽에 {a}이/가 있고 왼쪽에 {b}이/가 있습니다.",
        "above": "위에 {a}이/가 있고 아래에 {b}이/가 있습니다.",
        "below": "아래에 {a}이/가 있고 위에 {b}이/가 있습니다.",
    },
)
