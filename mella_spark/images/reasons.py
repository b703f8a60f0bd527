"""Why a picture is not in the table: one word each, counted in the ledger."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "bad_url": "the address cannot be parsed, has no host or names a user",
    "bad_scheme": "the address is neither http nor https",
    "bad_port": "the port is not among those allowed",
    "private_address": "the host is, or resolves to, an address that is not public",
    "dns": "the host name does not resolve",
    "connect": "the connection was refused or broken off",
    "tls": "the certificate or the handshake is not valid",
    "timeout": "the server took too long",
    "bad_response": "the answer is not valid HTTP, or of an encoding never asked for",
    "bad_redirect": "a redirect without a usable target",
    "too_many_redirects": "more redirects than allowed",
    "robots": "robots.txt forbids it",
    "robots_unreachable": "robots.txt could not be asked for, which forbids everything (RFC 9309)",
    "opted_out": "the answer's headers reserve the picture from such use",
    "host_down": "the host failed so often in a row that it is left alone",
    "host_busy": "the turn never came: too many addresses of one slow or resting host",
    "not_in_archive": "the crawl holds no answer for it, and the web may not be asked",
    "archive": "the crawl's record could not be read",
    "error": "an error nobody foresaw, told in the log",
    "too_large": "more bytes than allowed",
    "empty": "no bytes at all",
    "truncated": "the picture ends early",
    "not_image": "the bytes are no picture, whatever the headers say (a soft 404 is one)",
    "svg": "a vector graphic, which has no pixels of its own",
    "unsupported_format": "a picture format that browsers do not show everywhere",
    "corrupt": "the picture does not decode",
    "too_many_pixels": "more pixels than allowed, by the picture's own header",
    "too_small": "the shorter side has fewer pixels than asked for",
}
"""Every reason and its meaning; ``http_<status>`` stands for any final status but 200."""


class Rejected(Exception):
    """A picture is refused: ``reason`` is a key of ``REASONS`` or ``http_<status>``.

    ``retry`` tells whether a later attempt may succeed; ``retry_after`` is the wait the server
    asked for, in seconds.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        retry: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.retry = retry
        self.retry_after = retry_after
