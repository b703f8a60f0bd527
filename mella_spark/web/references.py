"""What references that compiled code has told apart (``urlkernel``) are put behind."""

from __future__ import annotations

from mella_spark.web import urlkernel
from mella_spark.web.urls import parse


def prefixes(base: str) -> dict[int, str]:
    """What references on a page at ``base`` are put behind, by their kind.

    A kind that is not there needs ``urls.resolve``.
    """
    found = {urlkernel.ADDRESS: ""}
    parsed = parse(base)
    if parsed is not None:
        origin, folder = parsed.origin, parsed.folder
        found[urlkernel.BEHIND_SCHEME] = parsed.scheme + ":"
        found[urlkernel.BELOW_ROOT] = origin
        found[urlkernel.BELOW_FOLDER] = origin + folder
        for climbs in range(urlkernel.MOST_CLIMBS):
            folder = folder[: folder.rfind("/", 0, -1) + 1] or "/"
            found[urlkernel.CLIMB + climbs] = origin + folder
    return found
