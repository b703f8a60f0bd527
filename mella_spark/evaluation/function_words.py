"""Words that carry grammar rather than content, for choosing keywords.

Small closed lists (articles, prepositions, conjunctions, pronouns, auxiliaries and what alt texts
say of themselves: "picture", "photo"). Written as one string a language, in the spelling that
:func:`mella_spark.evaluation.tokenise.normalise` yields. A language without a list has no function
words, which makes its keywords worse, not wrong.
"""

from __future__ import annotations

_WORDS = {
    "ar": "في من على الى عن مع هذا هذه ذلك تلك التي الذي هو هي هم و او ثم ما لا لم لن ان كان كانت "
    "بعد قبل عند كل بين حول خلال حتى منذ تحت فوق قد كما لكن صوره صور الصوره",
    "cs": "a i o u v ve k ke s se z ze na do od po pro při před pod nad za mezi bez podle je jsou "
    "byl byla bylo by být to ten ta tyto toto tento tato ten který která které jak jako že co kde "
    "když už si jeho její jejich ale nebo ani také tak obrázek foto fotografie snímek",
    "en": "a an the of in on at to from by with for and or but is are was were be been it its this "
    "that these those as into over under near his her their our my your one two three left right "
    "above below picture photo image",
    "hu": "a az egy és is de hogy nem van volt vannak ez ezt azt mint vagy meg már csak még ki be "
    "el le fel alatt felett mellett között után előtt szerint által amely aki ami ahol kép képe "
    "fotó fénykép",
    "ko": "이 그 저 및 또는 그리고 하지만 있는 있다 하는 한 된 되는 위 아래 옆 앞 뒤 안 밖 속 중 "
    "때 것 수 등 더 매우 사진 그림 이미지 모습",
    "ru": "и в во на с со к ко о об от до по за из у для при под над между без через а но или что "
    "как это этот эта эти тот та те он она оно они его её ее их был была было были быть есть не "
    "же бы ли то где когда который которая которое которые фото фотография изображение картинка",
    "sr": "i u na s sa k ka o od do po za iz kod pri pod nad između bez kroz a ali ili da što kao "
    "ovo ovaj ova ovi taj ta to on ona ono oni njegov njen njihov je su bio bila bilo bili biti se "
    "ne gde kada koji koja koje slika fotografija",
    "th": "ที่ และ ใน ของ การ เป็น ได้ มี จาก กับ ให้ ไป มา ว่า โดย หรือ แต่ จะ ไม่ ซึ่ง อยู่ บน ใต้ ตาม "
    "นี้ นั้น คือ เพื่อ ด้วย ภาพ รูป รูปภาพ",
    "vi": "và của là có trong trên dưới ở tại với cho từ đến các những một hai ba này đó kia được "
    "bị không cũng như khi thì mà vì nên để về ra vào theo bởi bên cạnh trước sau giữa đã đang sẽ "
    "rất ảnh hình bức tấm",
}

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _WORDS.items()
}

KOREAN_PARTICLES = (
    "에서는", "으로는", "에서", "에게", "으로", "까지", "부터", "처럼", "이나", "은", "는", "이",
    "가", "을", "를", "의", "에", "와", "과", "도", "로", "만", "나",
)  # fmt: skip
"""Particles cut from the end of an eojeol, longest first, where two syllables remain."""
