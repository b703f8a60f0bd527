"""Korean: no number or gender; from two on a native numeral and a classifier follow the noun."""

from __future__ import annotations

import re

from mella_spark.sample.lexicon.base import Language, Motif, Noun

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
    "sajkaca": ("개", "접힌 부드러운 모자"),
    "opanak": ("짝", "앞코가 휜 가죽 신발"),
    "gusle": ("대", "줄이 하나인 바이올린"),
    "slavski_kolac": ("개", "십자가가 있는 둥근 빵"),
    "badnjak": ("개", "참나무 가지"),
    "cokanj": ("개", "목이 긴 작은 병"),
    "khom_loi": ("개", "빛나는 종이 등"),
    "tuk_tuk": ("대", "{c} 삼륜 자동차"),
    "spirit_house": ("채", "기둥 위의 아주 작은 집"),
    "krathong": ("개", "초를 올린 잎 그릇"),
    "ngop": ("개", "넓은 밀짚모자"),
    "long_tail_boat": ("척", "지붕이 있는 긴 배"),
    "den_ong_sao": ("개", "{c} 별 모양 등"),
    "non_la": ("개", "원뿔 모양 모자"),
    "banh_chung": ("개", "잎으로 싼 네모난 떡"),
    "ao_dai": ("벌", "바지 위에 입는 긴 {c} 드레스"),
    "trong_dong": ("개", "청동 북"),
    "xich_lo": ("대", "앞좌석이 있는 {c} 자전거"),
}
NOUNS = {thing: Noun(classifier, form, form) for thing, (classifier, form) in _COUNTED.items()}
NUMERALS = {noun.cls: ("", f"두 {noun.cls}", f"세 {noun.cls}") for noun in NOUNS.values()}
NUMERALS["켤레"] = ("한 켤레", "두 켤레", "세 켤레")


def _subject_particle(text: str) -> str:
    """이 after a final consonant, 가 after a vowel: (code - U+AC00) mod 28 is the final."""
    return re.sub("(.)이/가", lambda m: m[1] + ("이" if (ord(m[1]) - 0xAC00) % 28 else "가"), text)


MOTIFS = {
    "hanbok": Motif(
        base="한복",
        name=Noun("벌", "{c} 한복", "{c} 한복"),
        keywords=("한복을", "치마저고리", "개량한복"),
        facts=("설날 세배", "추석 명절 나들이", "경복궁 나들이", "전통 혼례"),
        alts=(
            "설날 아침 한복을 곱게 차려입고 세배하는 날",
            "경복궁에서 즐기는 한복 체험",
            "추석에 입은 한복 치마저고리",
        ),
    ),
    "onggi": Motif(
        base="옹기",
        name=Noun("개", "옹기", "옹기"),
        keywords=("옹기에", "옹기를", "옹기항아리", "장독"),
        facts=("장독대의 된장", "김장 김치 숙성", "울산 외고산 옹기마을", "숨 쉬는 발효 그릇"),
        alts=(
            "장독대에 놓인 옹기",
            "옹기에 담가 익히는 된장과 간장",
            "숨 쉬는 그릇 옹기, 외고산 옹기마을에서",
        ),
    ),
    "janggu": Motif(
        base="장구",
        name=Noun("대", "장구", "장구"),
        keywords=("장구를", "장구와", "장고"),
        facts=("사물놀이 공연", "농악대의 풍물", "국악 수업", "민요 장단"),
        alts=("사물놀이에서 장구를 치는 모습", "장구로 배우는 굿거리장단", "국악 교실 장구 배우기"),
    ),
    "bangpaeyeon": Motif(
        base="방패연",
        name=Noun("개", "{c} 방패연", "{c} 방패연"),
        keywords=("방패연을", "방패연이"),
        facts=("정월 대보름 연날리기", "한강 공원 연날리기", "설날 민속놀이", "한지와 대나무 살"),
        alts=(
            "방패연 만들기 - 한지와 대나무 살",
            "정월 대보름에 하늘 높이 띄운 방패연",
            "가운데 구멍이 뚫린 전통 방패연",
        ),
    ),
    "hahoe_mask": Motif(
        base="하회탈",
        name=Noun("개", "하회탈", "하회탈"),
        keywords=("하회탈을", "양반탈", "하회 탈"),
        facts=("안동 하회마을", "하회별신굿탈놀이", "국보로 지정된 탈", "안동 탈춤 축제"),
        alts=("안동 하회마을의 하회탈", "웃는 얼굴의 하회탈 양반탈", "하회탈을 쓰고 추는 탈춤"),
    ),
    "gat": Motif(
        base="갓",
        name=Noun("개", "갓", "갓"),
        keywords=("갓을", "갓이", "흑립"),
        facts=("조선 시대 선비", "말총과 대나무로 만든 모자", "통영의 갓일 장인", "양반의 옷차림"),
        alts=("도포 차림에 갓을 쓴 선비", "통영에서 만든 전통 갓", "조선 시대 양반이 쓰던 갓"),
    ),
}

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
    motifs=MOTIFS,
    alts=(
        "{np} - {fact}",
        "{fact}, {np}",
        "{np} ({fact})",
        "{fact} {np} 사진",
        "[{fact}] {np}",
        "사진으로 보는 {np}, {fact}",
    ),
    plain_one=(
        "어린이 그림책 - {a}",
        "{a} 그림",
        "아이가 그린 {a}",
        "{a} 일러스트 이미지",
        "그림 카드: {a}",
        "{a} 사진 모음",
    ),
    plain_two=(
        "어린이 그림책 - {a}, {b}",
        "{a} 그리고 {b} 그림",
        "아이가 그린 {a}, {b}",
        "{a}, {b} 일러스트 이미지",
        "그림 카드: {a}, {b}",
        "{a} 옆에 {b} 사진",
    ),
)
