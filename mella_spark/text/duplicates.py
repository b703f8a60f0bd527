"""When two pairs are the same pair.

A native pair is *what a writer said of a picture*. The same picture address with the same words in
the same language says it once, however many pages or sites repeat it: the first one met is kept and
the others point to it. The page is no part of the key: a picture shown by eight sites with one alt
is one pair. The words are: two different alts for one picture are two pairs, both worth keeping.
Pictures equal in bytes but not in address are found later, by their hash.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from mella_spark.text.normalise import comparison_key


def duplicate_key(image_url: str, alt: str, language: str) -> str:
    """32 hex digits, equal exactly for pairs that count as one.

    Scheme (http or https) and fragment of ``image_url`` and the case of its host are ignored,
    path and query are not; ``alt`` is compared by ``comparison_key``.
    """
    parts = urlsplit(image_url)
    address = f"{parts.netloc.lower()}{parts.path}?{parts.query}"
    key = "\0".join((address, language, comparison_key(alt)))
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
