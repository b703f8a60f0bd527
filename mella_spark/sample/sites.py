"""What the sample web is made of: countries with their hosts, pages, placements, pictures."""

from dataclasses import dataclass

from .scenes import Scene

CDN = "static.example.net"
TRACKER = "stat.example.net"


@dataclass(frozen=True)
class Country:
    """Where a language's two sites live, and the charsets that its old pages are written in."""

    gallery_host: str
    market_host: str
    folder: str
    charsets: tuple[str, str]


COUNTRIES: dict[str, Country] = {
    "ar": Country("maarad.example.eg", "souq.example.jo", "suwar", ("windows-1256", "utf-8")),
    "cs": Country("galerie.example.cz", "trhy.example.cz", "obrazky",
                  ("windows-1250", "iso-8859-2")),
    "hu": Country("galeria.example.hu", "vasar.example.hu", "kepek",
                  ("windows-1250", "iso-8859-2")),
    "ko": Country("misulgwan.example.kr", "jangteo.example.com", "sajin", ("euc-kr", "utf-8")),
    "ru": Country("galereya.example.ru", "yarmarka.example.by", "foto", ("windows-1251", "koi8-r")),
    "sr": Country("galerija.example.rs", "pijaca.example.rs", "slike", ("windows-1251", "utf-8")),
    "th": Country("horphap.example.th", "talat.example.com", "phap", ("tis-620", "utf-8")),
    "vi": Country("phongtranh.example.vn", "choque.example.vn", "anh", ("windows-1258", "utf-8")),
    "en": Country("gallery.example.org", "market.example.org", "images", ("utf-8", "utf-8")),
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A drawn picture at an address. Copies of one drawing share `name`, not `url`."""

    name: str
    scene: Scene
    seed: int
    url: str
    format: str
    side: int = 256
    """Pixels."""
    quality: int = 88
    """Of JPEG and WebP, 0 to 100."""


@dataclass(frozen=True)
class Placement:
    """A picture on a page.

    kind: native | english | filename (where the alt comes from);
    status: ok | missing | not_found | corrupt | soft_404 (what the archive has of the picture);
    way: plain | lazy | lazy_srcset | srcset | picture (how the page refers to it);
    spelling: relative | root | protocol | absolute (how the address is written).
    """

    picture: Picture
    alt: str
    lang: str
    kind: str = "native"
    status: str = "ok"
    way: str = "plain"
    spelling: str = "relative"
    figcaption: str | None = None
    smaller: Picture | None = None
    """A copy that a srcset or <source> offers too."""


@dataclass(frozen=True)
class Page:
    """A page: `look` is figures | table | sloppy, `charset_in` header | meta | http-equiv."""

    url: str
    language: str
    site: str
    heading: str
    sentences: tuple[str, ...]
    placements: tuple[Placement, ...]
    look: str = "figures"
    charset: str = "utf-8"
    charset_in: str = "meta"
    lang_attribute: str | None = None
    base: str | None = None
    next_url: str | None = None
    previous_url: str | None = None
    licence_url: str | None = None
    robots: str | None = None
    tdm_reserved: bool = False
    mime: str = "text/html"
    transfer: str = "identity"
    """identity | gzip | chunked."""
    cut_off: bool = False
    """The crawler stopped reading in the middle of the footer (WARC-Truncated: length)."""

    @property
    def host(self) -> str:
        return self.url.split("/")[2]
