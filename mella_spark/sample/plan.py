"""The plan of the sample web: which pages there are, what they show and how they are written.

A plan is pure data: nothing is drawn or encoded yet. Everything a crawl does to an extractor
happens somewhere in it: legacy charsets, lazy pictures, broken markup, duplicates, dead pictures.
"""

import random
import re
from collections.abc import Iterator
from urllib.parse import quote

from .grammar import caption, english_alt, motif_name, native_alt
from .scenes import LANGUAGE_OF, MOTIFS, PLAIN, Scene, random_scene
from .sites import CDN, COUNTRIES, Page, Picture, Placement
from .sitetext import SITE_TEXTS

PICTURES_PER_PAGE = 12
PAGES_PER_LANGUAGE = 5
_MOTIF_SHARE = 0.7
_SHARED_PICTURES = 6
_LICENCES = (
    "https://creativecommons.org/licenses/by-sa/4.0/",
    "https://creativecommons.org/publicdomain/zero/1.0/",
)


def motif_of(scene: Scene, language: str) -> str | None:
    """The motif of `language` that a native alt text of the scene names."""
    own = (group.thing for group in scene.groups if LANGUAGE_OF.get(group.thing) == language)
    return next(own, None)


def plan_pages(seed: int, scale: int) -> list[Page]:
    """All pages of the sample web, language by language."""
    shared = list(_shared_pictures(seed))
    pages: list[Page] = []
    for language in (*MOTIFS, "en"):
        pages += _LanguagePlan(language, seed, scale, shared).pages()
    return pages


def _shared_pictures(seed: int) -> Iterator[Picture]:
    """Pictures of everyday things that sites of all countries embed from one host."""
    rng = random.Random(f"{seed} shared")
    for number in range(_SHARED_PICTURES):
        url = f"http://{CDN}/stock/{rng.getrandbits(32):08x}.jpg"
        yield Picture(f"shared-{number}", _plain_scene(rng), number, url, "jpeg")


def _plain_scene(rng: random.Random) -> Scene:
    while True:
        scene = random_scene(rng)
        if all(group.thing in PLAIN for group in scene.groups):
            return scene


class _LanguagePlan:
    """The pages of one language; the order of calls fixes what its generator draws."""

    def __init__(self, language: str, seed: int, scale: int, shared: list[Picture]) -> None:
        self.language = language
        self.country = COUNTRIES[language]
        self.text = SITE_TEXTS[language]
        self.rng = random.Random(f"{seed} {language}")
        self.count = PAGES_PER_LANGUAGE * scale
        self.shared = shared
        self.scenes: set[Scene] = set()
        self.motifs_drawn = 0

    def pages(self) -> list[Page]:
        placed: list[list[Placement]] = []
        for number in range(self.count):
            placements = [self._placement(number, i) for i in range(PICTURES_PER_PAGE)]
            placed.append(placements + list(self._repeats(number, placed)))
        return [self._page(number, placements) for number, placements in enumerate(placed)]

    def _url(self, number: int) -> str:
        """Of the page: the first three of five stand in the gallery, the others on the market."""
        if number % PAGES_PER_LANGUAGE < 3:
            return f"http://{self.country.gallery_host}/{self.language}/page-{number + 1}.html"
        return f"https://{self.country.market_host}/view.php?id={number + 1}&v=2"

    def _host(self, number: int) -> str:
        """Scheme and host of the page."""
        return self._url(number).rpartition("/")[0].removesuffix(f"/{self.language}")

    def _regional(self) -> str:
        """The language tag with the country of the gallery, such as cs-CZ."""
        domain = self.country.gallery_host.rpartition(".")[2]
        return f"{self.language}-{domain.upper()}" if len(domain) == 2 else self.language

    def _scene(self) -> Scene:
        """A new scene; motifs take turns so that each appears about equally often."""
        wanted = None
        if self.language in MOTIFS and self.rng.random() < _MOTIF_SHARE:
            wanted = MOTIFS[self.language][self.motifs_drawn % len(MOTIFS[self.language])]
            self.motifs_drawn += 1
        while True:
            scene = random_scene(self.rng, self.language) if wanted else _plain_scene(self.rng)
            if motif_of(scene, self.language) == wanted and scene not in self.scenes:
                self.scenes.add(scene)
                return scene

    def _picture(self, number: int, index: int) -> Picture:
        scene = self._scene()
        style = number % PAGES_PER_LANGUAGE
        kind = ("jpeg", "jpeg", "webp", "jpeg", "png")[index % 5]
        suffix = {"jpeg": "jpg", "webp": "webp", "png": "png"}[kind]
        name = f"{self.language}-{number * PICTURES_PER_PAGE + index:03d}"
        folder = f"{self._host(number)}/{self.country.folder}"
        motif = motif_of(scene, self.language)
        if style == 0 and motif is not None and index % 3 == 1:
            slug = quote(re.sub(r"[\s'’\"()/,.]+", "-", motif_name(motif, self.language)))
            url = f"{folder}/{slug}-{name}.{suffix}"
        elif style == 1 and index == 7:
            url = f"{self._host(number)}/image.php?id={name}&size=256"
        else:
            url = f"{folder}/{name}.{suffix}"
        return Picture(name, scene, self.rng.getrandbits(24), url, kind)

    def _placement(self, number: int, index: int) -> Placement:
        picture = self._picture(number, index)
        kind, lang = "native", self.language
        if index == 9 and number % 2 == 0:
            kind, alt = "filename", f"IMG_{self.rng.randint(1000, 9999)}.jpg"
        elif index == 5 and self.language != "en":
            kind, alt, lang = "english", self._english_alt(picture.scene), "en"
        else:
            alt = native_alt(picture.scene, self.language, self.rng)
        way = self._way(number, index)
        return Placement(
            picture=picture,
            alt=alt,
            lang=lang,
            kind=kind,
            status=_DEAD.get((self.language, number, index), "ok"),
            way=way,
            spelling=("relative", "root", "absolute", "relative")[index % 4],
            figcaption=caption(picture.scene, self.language) if index % 3 == 0 else None,
            smaller=_smaller(picture) if way in ("srcset", "lazy_srcset", "picture") else None,
        )

    def _english_alt(self, scene: Scene) -> str:
        """An English alt of words: file names are a kind of their own."""
        while "_" in (alt := english_alt(scene, self.rng)):
            pass
        return alt

    def _way(self, number: int, index: int) -> str:
        match number % PAGES_PER_LANGUAGE:
            case 2:
                return ("plain", "srcset", "picture")[index % 3]
            case 4:
                return ("lazy", "plain", "lazy_srcset")[index % 3]
            case _:
                return "plain"

    def _repeats(self, number: int, earlier: list[list[Placement]]) -> Iterator[Placement]:
        """Pictures that are not new: shared by all countries, copied smaller, shown again."""
        style = number % PAGES_PER_LANGUAGE
        if style in (0, 3):
            half = _SHARED_PICTURES // 2
            for picture in self.shared[:half] if style == 0 else self.shared[half:]:
                alt = native_alt(picture.scene, self.language, self.rng)
                yield Placement(picture, alt, self.language, spelling="protocol")
        if style == 3:
            for first in earlier[number - 3][:2]:
                copy = _near_duplicate(first.picture, self._host(number), self.country.folder)
                alt = native_alt(copy.scene, self.language, self.rng)
                yield Placement(copy, alt, self.language)
        if style == 4:
            for first in earlier[number - 4][2:4]:
                yield Placement(first.picture, first.alt, self.language, spelling="absolute")

    def _page(self, number: int, placements: list[Placement]) -> Page:
        style = number % PAGES_PER_LANGUAGE
        old_charset, second_charset = self.country.charsets
        text = self.text
        return Page(
            url=self._url(number),
            language=self.language,
            site=text.gallery if style < 3 else text.market,
            heading=text.headings[number % len(text.headings)],
            sentences=tuple(self.rng.sample(text.sentences, 3)),
            placements=tuple(placements),
            look=("figures", "table", "figures", "sloppy", "figures")[style],
            charset=("utf-8", old_charset, "utf-8", second_charset, "utf-8")[style],
            charset_in=("meta", "header", "meta", "http-equiv", "header")[style],
            lang_attribute=(self.language, None, "en", self.language, self._regional())[style],
            base=f"{self._host(number)}/{self.country.folder}/" if style == 2 else None,
            next_url=self._url(number + 1) if number + 1 < self.count else None,
            previous_url=self._url(number - 1) if number else None,
            licence_url=_LICENCES[number % 2] if style in (0, 3) else None,
            robots="noindex, noai" if (self.language, number) == ("ru", 2) else None,
            tdm_reserved=(self.language, number) == ("hu", 4),
            mime="application/xhtml+xml" if (self.language, style) == ("sr", 0) else "text/html",
            transfer=("identity", "identity", "gzip", "identity", "chunked")[style],
            cut_off=(self.language, number) == ("th", 2),
        )


# (language, page, index): what is wrong with the picture there.
_DEAD: dict[tuple[str, int, int], str] = {
    ("cs", 1, 3): "corrupt",
    ("hu", 2, 4): "soft_404",
    ("ko", 1, 3): "missing",
    ("vi", 4, 1): "not_found",
}


def _smaller(picture: Picture) -> Picture:
    stem, _, suffix = picture.url.rpartition(".")
    return _copy(picture, f"{stem}-small.{suffix}", picture.format, 128, 75)


def _near_duplicate(picture: Picture, host: str, folder: str) -> Picture:
    return _copy(picture, f"{host}/{folder}/copy-{picture.name}.jpg", "jpeg", 224, 60)


def _copy(picture: Picture, url: str, kind: str, side: int, quality: int) -> Picture:
    return Picture(picture.name, picture.scene, picture.seed, url, kind, side, quality)
