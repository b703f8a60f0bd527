"""The two ends of OpenAI's chat completions as pure functions: addresses, pictures, answers."""

from __future__ import annotations

import base64
import io
import ipaddress
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mella_spark.errors import SettingsError
from mella_spark.models.pictures import downscale
from mella_spark.models.protocols import FinishReason, Generation
from mella_spark.models.retries import Failure

if TYPE_CHECKING:
    from PIL import Image

JPEG_QUALITY = 95
MESSAGE_CHARS = 300
_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
}


def completions_url(base: str | None, keyed: bool = False) -> str:
    """Where to post for a server's base address, such as ``http://127.0.0.1:8000/v1``.

    Raises ``SettingsError`` for anything but http and https, for credentials, queries and
    fragments in it, and where a key (``keyed``) would cross the network in the clear.
    """
    if not base:
        raise SettingsError(
            "The openai backend needs the address of a server.",
            "Set server_url, such as http://127.0.0.1:8000/v1.",
        )
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SettingsError("Setting server_url is no address.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise SettingsError(f"Setting server_url must be http:// or https://, not {parts.scheme}:.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise SettingsError(
            "Setting server_url must have no user name, password, query or fragment.",
            "A key belongs in an environment variable; name that in server_key_env.",
        )
    if keyed and parts.scheme == "http" and not _loopback(host):
        raise SettingsError(
            f"The key would be sent to {host} in the clear.",
            "Use https in server_url, or set server_key_env to null.",
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path}/chat/completions"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_key(name: str | None, environment: Mapping[str, str]) -> str | None:
    """The key in the environment variable ``name``; None where none is wanted.

    Raises ``SettingsError``, which never says what the variable holds, where there is none.
    """
    if name is None:
        return None
    key = environment.get(name, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        state = "holds no usable key" if key else "is not set here"
        raise SettingsError(
            f"The environment variable {name!r} {state}.",
            "Set it where the tasks run (spark.executorEnv), or set server_key_env to null.",
        )
    return key


def data_url(image: Image.Image, max_pixels: int | None) -> str:
    """The picture as a ``data:`` URL: RGB, of at most ``max_pixels`` pixels, as JPEG."""
    picture = image.convert("RGB")
    if max_pixels is not None:
        picture = downscale(picture, max_pixels)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def parse_completion(content: bytes) -> Generation:
    """The answer in a completion's JSON. Raises ``Failure``, passing where the JSON is broken."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise Failure("MalformedAnswer: the server's answer is no JSON", passing=True) from None
    try:
        choice = document["choices"][0]
        message = choice["message"]
        text = _text(message.get("content"))
        refusal = message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        said = error_message(content)
        raise Failure(f"MalformedAnswer: {said or 'no choices with a message'}") from None
    usage = document.get("usage")
    counted = usage.get("completion_tokens") if isinstance(usage, dict) else None
    tokens = counted if isinstance(counted, int) and counted >= 0 else 0
    reason = choice.get("finish_reason")
    if reason == "content_filter" or refusal:
        told = f": {refusal}" if isinstance(refusal, str) else ""
        return Generation(None, f"Refused{told}"[:MESSAGE_CHARS], tokens)
    finish = _FINISH.get(reason) if isinstance(reason, str) else None
    if not text:
        return Generation(
            None, "EmptyAnswer: the model answered with an empty text", tokens, 0.0, finish
        )
    return Generation(text, None, tokens, 0.0, finish)


def _text(content: Any) -> str:
    """What a message says: a text, or a list of parts of which some are texts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    return content.strip() if isinstance(content, str) else ""


def error_message(content: bytes) -> str:
    """What a server says of an error: OpenAI's JSON, FastAPI's, or the beginning as it is."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return " ".join(content[:MESSAGE_CHARS].decode(errors="replace").split())
    error = document.get("error", document) if isinstance(document, dict) else document
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    said = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)
    return " ".join(said.split())[:MESSAGE_CHARS]
