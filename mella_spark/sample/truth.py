"""What a correct extraction finds in the sample web: `truth.jsonl`."""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .markup import nav_icons
from .plan import motif_of
from .scenes import Group, Scene
from .sites import Page, Placement


@dataclass(frozen=True)
class TruthPair:
    """One line of `truth.jsonl`: a picture with an alt text on a page.

    Addresses are absolute and percent-encoded, the alt is in Unicode NFC with single spaces.
    `kind` is native | english | filename | navigation; `lang` is the language of the alt (of a
    file name: of the page). `also` are other sizes of the same picture that the page offers.
    `status` is what the archive has of the picture: ok | missing | not_found | corrupt | soft_404.
    `picture` names the drawing: copies of one drawing under several addresses share it. `motif` is
    what a native alt names; `scene` is the drawn scene. Navigation has none of the three.
    """

    page: str
    image: str
    alt: str
    lang: str
    kind: str
    also: tuple[str, ...] = ()
    status: str = "ok"
    picture: str | None = None
    motif: str | None = None
    scene: Scene | None = None
    optout: bool = False
    """Whether the page reserves its pictures against machine use."""
    license_url: str | None = None


def truth_pairs(pages: Iterable[Page]) -> list[TruthPair]:
    """The distinct pairs on the pages, in document order."""
    found: dict[TruthPair, None] = {}
    for page in pages:
        optout = page.robots is not None or page.tdm_reserved
        licence = None if page.cut_off else page.licence_url
        for url, alt, lang in nav_icons(page):
            icon = TruthPair(
                page.url, url, clean(alt), lang, "navigation", optout=optout, license_url=licence
            )
            found[icon] = None
        for placement in page.placements:
            found[_content_pair(page, placement, optout, licence)] = None
    return list(found)


def write_truth(path: Path, pairs: Iterable[TruthPair]) -> None:
    """Write the pairs, one JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for pair in pairs:
            file.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")


def read_truth(path: Path) -> list[TruthPair]:
    """The pairs of a truth file; the inverse of `write_truth`."""
    with path.open(encoding="utf-8") as file:
        return [_parse(json.loads(line)) for line in file]


def clean(text: str) -> str:
    """Unicode NFC with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _content_pair(page: Page, placement: Placement, optout: bool, licence: str | None) -> TruthPair:
    picture = placement.picture
    return TruthPair(
        page=page.url,
        image=picture.url,
        alt=clean(placement.alt),
        lang=placement.lang,
        kind=placement.kind,
        also=(placement.smaller.url,) if placement.smaller else (),
        status=placement.status,
        picture=picture.name,
        motif=motif_of(picture.scene, page.language) if placement.kind == "native" else None,
        scene=picture.scene,
        optout=optout,
        license_url=licence,
    )


def _parse(row: dict[str, Any]) -> TruthPair:
    scene = row["scene"]
    if scene is not None:
        groups = tuple(Group(**group) for group in scene["groups"])
        row["scene"] = Scene(groups, scene["relation"], scene["background"])
    row["also"] = tuple(row["also"])
    return TruthPair(**row)
