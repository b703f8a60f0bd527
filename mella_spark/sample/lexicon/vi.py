"""Vietnamese: numeral, classifier, noun, colour; no inflection."""

from __future__ import annotations

from mella_spark.sample.lexicon.base import Language, Noun

COLOURS = {
    "red": ("màu đỏ",),
    "blue": ("màu xanh dương",),
    "green": ("màu xanh lá cây",),
    "yellow": ("màu vàng",),
    "orange": ("màu cam",),
    "purple": ("màu tím",),
    "brown": ("màu nâu",),
    "white": ("màu trắng",),
}

# (classifier, noun)
_COUNTED = {
    "house": ("ngôi", "nhà {c}"),
    "tree": ("cái", "cây"),
    "ball": ("quả", "bóng {c}"),
    "cat": ("con", "mèo {c}"),
    "fish": ("con", "cá {c}"),
    "car": ("chiếc", "ô tô {c}"),
    "chair": ("chiếc", "ghế {c}"),
    "cup": ("chiếc", "cốc {c}"),
    "flower": ("bông", "hoa {c}"),
    "book": ("quyển", "sách {c}"),
    "apple": ("quả", "táo {c}"),
    "star": ("ngôi", "sao {c}"),
    "boat": ("chiếc", "thuyền {c}"),
    "key": ("chiếc", "chìa khóa {c}"),
    "ramadan_lantern": ("chiếc", "đèn lồng kim loại {c} có trăng lưỡi liềm"),
    "dallah": ("chiếc", "bình cà phê vòi cong"),
    "oud": ("cây", "đàn dây hình quả lê"),
    "felucca": ("chiếc", "thuyền có buồm tam giác"),
    "tarboosh": ("chiếc", "mũ có tua"),
    "mabkhara": ("chiếc", "bát trang trí có khói"),
    "kraslice": ("quả", "trứng {c} vẽ hoa văn"),
    "pomlazka": ("chiếc", "roi bện có ruy băng"),
    "trdelnik": ("chiếc", "bánh nướng xoắn ốc"),
    "pullitr": ("chiếc", "cốc bia có bọt"),
    "gingerbread_heart": ("chiếc", "bánh quy hình trái tim"),
    "mikulas_mitre": ("chiếc", "mũ nhọn có hình chữ thập"),
    "stork_chimney": ("con", "cò trên ống khói"),
    "bogracs": ("chiếc", "vạc trên đống lửa"),
    "buso_mask": ("chiếc", "mặt nạ gỗ có sừng"),
    "paprika_string": ("xâu", "ớt khô"),
    "gemeskut": ("cái", "giếng có sào dài"),
    "kopjafa": ("chiếc", "cột gỗ chạm khắc"),
    "hanbok": ("chiếc", "váy {c} xòe rộng"),
    "onggi": ("chiếc", "chum đất tròn"),
    "janggu": ("chiếc", "trống hình đồng hồ cát"),
    "bangpaeyeon": ("con", "diều {c} có lỗ tròn"),
    "hahoe_mask": ("chiếc", "mặt nạ gỗ tươi cười"),
    "gat": ("chiếc", "mũ cao vành rộng"),
    "samovar": ("chiếc", "bình kim loại có vòi"),
    "matryoshka": ("con", "búp bê gỗ {c} vẽ hoa văn"),
    "onion_dome": ("chiếc", "mái vòm {c} hình củ hành"),
    "balalaika": ("cây", "đàn dây hình tam giác"),
    "valenki": ("đôi", "ủng nỉ"),
    "ushanka": ("chiếc", "mũ lông có tấm che tai"),
    "sajkaca": ("chiếc", "mũ mềm gấp nếp"),
    "opanak": ("chiếc", "giày da mũi cong"),
    "gusle": ("cây", "vĩ cầm một dây"),
    "slavski_kolac": ("ổ", "bánh mì tròn có hình chữ thập"),
    "badnjak": ("cành", "sồi"),
    "cokanj": ("chiếc", "chai nhỏ cổ dài"),
    "khom_loi": ("chiếc", "đèn lồng giấy phát sáng"),
    "tuk_tuk": ("chiếc", "ô tô ba bánh {c}"),
    "spirit_house": ("ngôi", "nhà nhỏ xíu trên cột"),
    "krathong": ("chiếc", "bát lá có nến"),
    "ngop": ("chiếc", "mũ rơm vành rộng"),
    "long_tail_boat": ("chiếc", "thuyền dài và hẹp"),
    "den_ong_sao": ("chiếc", "đèn lồng hình ngôi sao {c}"),
    "non_la": ("chiếc", "mũ hình chóp"),
    "banh_chung": ("chiếc", "bánh vuông gói lá"),
    "ao_dai": ("chiếc", "váy dài {c} mặc ngoài quần"),
    "trong_dong": ("chiếc", "trống bằng đồng"),
    "xich_lo": ("chiếc", "xe đạp {c} có ghế phía trước"),
}
NOUNS = {thing: Noun(classifier, form, form) for thing, (classifier, form) in _COUNTED.items()}
NUMERALS = {
    noun.cls: (f"một {noun.cls}", f"hai {noun.cls}", f"ba {noun.cls}") for noun in NOUNS.values()
}

VIETNAMESE = Language(
    code="vi",
    nouns=NOUNS,
    colours=COLOURS,
    numerals=NUMERALS,
    frames={
        None: "Trong ảnh có {a}.",
        "left": "Bên trái là {a}, bên phải là {b}.",
        "right": "Bên phải là {a}, bên trái là {b}.",
        "above": "Phía trên là {a}, phía dưới là {b}.",
        "below": "Phía dưới là {a}, phía trên là {b}.",
    },
)
