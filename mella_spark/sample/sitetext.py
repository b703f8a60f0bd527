"""What the pages of the sample web say around their pictures, in each language."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SiteText:
    """The fixed texts of one language's two small sites: a gallery and a market."""

    gallery: str
    market: str
    headings: tuple[str, ...]
    sentences: tuple[str, ...]
    next: str
    previous: str
    home: str
    licence: str


SITE_TEXTS: dict[str, SiteText] = {
    "ar": SiteText(
        gallery="معرض التراث",
        market="سوق الحي القديم",
        headings=("صور من بيتنا", "من ذاكرة المدينة", "ألوان السوق", "أشياء نحبها"),
        sentences=(
            "نجمع في هذه الصفحة صورًا رسمها أصدقاؤنا من الحي.",
            "لكل صورة حكاية صغيرة نحكيها للأطفال في المساء.",
            "يمكنكم زيارة المعرض كل يوم ما عدا الجمعة.",
            "أرسلوا إلينا صوركم وسوف ننشرها هنا مع أسمائكم.",
            "ورثنا هذه العادات عن أجدادنا وما زلنا نحافظ عليها.",
        ),
        next="التالي",
        previous="السابق",
        home="الصفحة الرئيسية",
        licence="الصور متاحة بموجب رخصة المشاع الإبداعي",
    ),
    "cs": SiteText(
        gallery="Galerie U Lípy",
        market="Staré trhy",
        headings=(
            "Obrázky z našeho kraje",
            "Co si pamatujeme",
            "Barvy trhu",
            "Věci, které máme rádi",
        ),
        sentences=(
            "Na této stránce sbíráme obrázky, které nakreslili naši sousedé.",
            "Ke každému obrázku patří malý příběh, který vyprávíme dětem.",
            "Galerie je otevřena každý den kromě pondělí.",
            "Pošlete nám své obrázky a my je zde rádi zveřejníme.",
            "Tyto zvyky jsme zdědili po prarodičích a stále je dodržujeme.",
        ),
        next="další",
        previous="předchozí",
        home="úvodní stránka",
        licence="Obrázky jsou dostupné pod licencí Creative Commons",
    ),
    "hu": SiteText(
        gallery="Hársfa Galéria",
        market="Régi vásártér",
        headings=("Képek a falunkból", "Amire emlékszünk", "A vásár színei", "Kedves tárgyaink"),
        sentences=(
            "Ezen az oldalon a szomszédaink rajzait gyűjtjük össze.",
            "Minden képhez tartozik egy rövid történet, amelyet a gyerekeknek mesélünk.",
            "A galéria hétfő kivételével minden nap nyitva tart.",
            "Küldjék el nekünk a képeiket, és szívesen közzétesszük őket.",
            "Ezeket a szokásokat a nagyszüleinktől örököltük, és ma is őrizzük.",
        ),
        next="következő",
        previous="előző",
        home="kezdőlap",
        licence="A képek Creative Commons licenc alatt érhetők el",
    ),
    "ko": SiteText(
        gallery="느티나무 미술관",
        market="옛 장터",
        headings=("우리 마을 그림", "기억 속의 풍경", "장터의 색깔", "우리가 좋아하는 것들"),
        sentences=(
            "이 페이지에는 이웃들이 그린 그림을 모았습니다.",
            "그림마다 저녁에 아이들에게 들려주는 작은 이야기가 있습니다.",
            "미술관은 월요일을 제외하고 매일 문을 엽니다.",
            "여러분의 그림을 보내 주시면 이곳에 소개하겠습니다.",
            "우리는 조부모님께 물려받은 풍습을 지금도 지키고 있습니다.",
        ),
        next="다음",
        previous="이전",
        home="첫 화면",
        licence="그림은 크리에이티브 커먼즈 라이선스로 이용할 수 있습니다",
    ),
    "ru": SiteText(
        gallery="Галерея «Под липой»",
        market="Старая ярмарка",
        headings=("Картинки нашего края", "Что мы помним", "Краски ярмарки", "Любимые вещи"),
        sentences=(
            "На этой странице мы собираем рисунки наших соседей.",
            "К каждому рисунку есть маленькая история, которую мы рассказываем детям.",
            "Галерея открыта каждый день, кроме понедельника.",
            "Присылайте нам свои рисунки, и мы опубликуем их здесь.",
            "Эти обычаи достались нам от бабушек и дедушек, и мы их храним.",
        ),
        next="вперёд",
        previous="назад",
        home="главная страница",
        licence="Рисунки доступны по лицензии Creative Commons",
    ),
    "sr": SiteText(
        gallery="Галерија Липа",
        market="Стара пијаца",
        headings=("Слике из нашег краја", "Чега се сећамо", "Боје пијаце", "Ствари које волимо"),
        sentences=(
            "На овој страници скупљамо слике које су нацртале наше комшије.",
            "Уз сваку слику иде мала прича коју увече причамо деци.",
            "Галерија је отворена сваког дана осим понедељка.",
            "Пошаљите нам своје слике и ми ћемо их радо објавити.",
            "Ове обичаје смо наследили од бака и дека и још их чувамо.",
        ),
        next="следећа",
        previous="претходна",
        home="почетна страна",
        licence="Слике су доступне под лиценцом Кријејтив комонс",
    ),
    "th": SiteText(
        gallery="หอภาพต้นโพธิ์",
        market="ตลาดเก่า",
        headings=("ภาพจากหมู่บ้านของเรา", "สิ่งที่เราจดจำ", "สีสันของตลาด", "ของที่เรารัก"),
        sentences=(
            "หน้านี้รวบรวมภาพที่เพื่อนบ้านของเราวาด",
            "ทุกภาพมีเรื่องเล่าสั้น ๆ ที่เราเล่าให้เด็กฟังตอนเย็น",
            "หอภาพเปิดทุกวันยกเว้นวันจันทร์",
            "ส่งภาพของคุณมาให้เรา แล้วเราจะนำมาแสดงที่นี่",
            "เราได้รับประเพณีเหล่านี้จากปู่ย่าตายายและยังรักษาไว้จนทุกวันนี้",
        ),
        next="ถัดไป",
        previous="ก่อนหน้า",
        home="หน้าแรก",
        licence="ภาพเหล่านี้เผยแพร่ภายใต้สัญญาอนุญาตครีเอทีฟคอมมอนส์",
    ),
    "vi": SiteText(
        gallery="Phòng tranh Cây Đa",
        market="Chợ quê xưa",
        headings=(
            "Tranh từ làng quê",
            "Những điều còn nhớ",
            "Sắc màu phiên chợ",
            "Đồ vật thân thương",
        ),
        sentences=(
            "Trang này sưu tầm những bức tranh do bà con hàng xóm vẽ.",
            "Mỗi bức tranh có một câu chuyện nhỏ kể cho trẻ em nghe buổi tối.",
            "Phòng tranh mở cửa tất cả các ngày trừ thứ Hai.",
            "Hãy gửi tranh của bạn cho chúng tôi để đăng lên trang này.",
            "Chúng tôi thừa hưởng những phong tục này từ ông bà và vẫn gìn giữ đến nay.",
        ),
        next="trang sau",
        previous="trang trước",
        home="trang chủ",
        licence="Tranh được phát hành theo giấy phép Creative Commons",
    ),
    "en": SiteText(
        gallery="Linden Tree Gallery",
        market="Old Market",
        headings=("Pictures from our village", "What we remember", "Market colours", "Dear things"),
        sentences=(
            "On this page we collect pictures that our neighbours drew.",
            "Every picture has a small story that we tell the children in the evening.",
            "The gallery is open every day except Monday.",
            "Send us your own pictures and we will gladly show them here.",
            "We inherited these customs from our grandparents and still keep them.",
        ),
        next="next",
        previous="previous",
        home="home page",
        licence="The pictures are available under a Creative Commons licence",
    ),
}
