"""Chat with any server that speaks OpenAI's chat completions (vLLM, llama.cpp, TGI, OpenAI, ...).

The key comes from the environment and goes into one header: it is in no setting, no error and no
log, and is sent over https or to this machine alone. Redirects are not followed, as they would
take it elsewhere.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from mella_spark import __version__
from mella_spark.models.breaker import Breaker
from mella_spark.models.chat import Question
from mella_spark.models.completions import (
    MESSAGE_CHARS,
    completions_url,
    data_url,
    error_message,
    parse_completion,
    read_key,
)
from mella_spark.models.protocols import Generation
from mella_spark.models.retries import Failure, Retries, retry_after
from mella_spark.settings import AnswerSettings

if TYPE_CHECKING:
    from PIL import Image

_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same request may succeed; 529 is "overloaded" at some servers."""
_BROKEN = frozenset({500, 502, 503, 504})
"""Statuses that a server which works gives to single requests at most."""
_MOST_BYTES = 8 << 20
_CHUNK_BYTES = 1 << 16
# At its DEBUG level urllib3 logs requests; nothing of them is anybody's business.
logging.getLogger("urllib3").setLevel(logging.INFO)


class OpenAIChat:
    """A server that is asked many questions at once; see :class:`mella_spark.models.chat.Chat`.

    ``max_pixels`` bounds the pictures sent. Decoding is greedy as far as the server heeds
    temperature 0. Where the server is dead, only the first questions wait for it
    (:mod:`mella_spark.models.breaker`). Raises ``SettingsError`` for an address or key that cannot
    be used.
    """

    def __init__(
        self,
        settings: AnswerSettings,
        max_new_tokens: int,
        max_pixels: int | None = None,
        environment: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.max_pixels = settings, max_pixels
        self._key = read_key(
            settings.server_key_env, os.environ if environment is None else environment
        )
        self.url = completions_url(settings.server_url, keyed=self._key is not None)
        self.device = urlsplit(self.url).netloc
        self._options: dict[str, Any] = {"max_tokens": max_new_tokens, "temperature": 0}
        self._retries = Retries(
            settings.server_attempts,
            settings.server_backoff_seconds,
            settings.server_wait_seconds,
            Breaker(settings.server_failures, settings.server_rest_seconds, now),
            sleep,
            now,
        )
        self._pool = urllib3.PoolManager(
            maxsize=settings.server_concurrency,
            retries=False,
            headers={
                "User-Agent": f"mella-spark/{__version__}",
                "Accept-Encoding": "identity",
                "Content-Type": "application/json",
            },
        )

    def ask(self, questions: Sequence[Question]) -> list[Generation]:
        """One answer for each question; see the protocol."""
        if not questions:
            return []
        threads = min(self.settings.server_concurrency, len(questions))
        with ThreadPoolExecutor(threads, thread_name_prefix="mella-chat") as executor:
            return list(executor.map(self._ask_one, questions))

    def _ask_one(self, question: Question) -> Generation:
        begin = time.perf_counter()
        try:
            part = None if question.image is None else self._image_part(question.image)
            messages = question.messages(part)
            answer = self._retries.call(lambda: self._complete(messages))
        except Failure as failure:
            answer = Generation(None, self._redacted(str(failure)))
        except Exception as error:  # a row, whatever a picture or a server is made of
            answer = Generation(None, self._redacted(f"{type(error).__name__}: {error}"))
        spent = (time.perf_counter() - begin) * 1000
        return Generation(
            answer.text, answer.error, answer.tokens, spent, answer.finish_reason, 1, self.device
        )

    def _image_part(self, image: Image.Image) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": data_url(image, self.max_pixels)}}

    def _complete(self, messages: list[dict[str, Any]]) -> Generation:
        """One request. Raises ``Failure``."""
        options = dict(self._options)
        body = {"model": self.settings.model, "messages": messages, "stream": False, **options}
        status, headers, content = self._post(json.dumps(body).encode())
        if status == 200:
            return parse_completion(content)
        said = error_message(content)
        if status == 400 and self._adapt(options, said):
            return self._complete(messages)
        message = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        if status in _PASSING:
            wait = retry_after(headers.get("Retry-After"))
            raise Failure(message, passing=True, wait=wait, dead=status in _BROKEN)
        raise Failure(message)

    def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer; all of it takes ``server_seconds`` at most."""
        seconds = self.settings.server_seconds
        end = time.monotonic() + seconds
        headers = dict(self._pool.headers)
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            response = self._pool.request(
                "POST",
                self.url,
                body=body,
                headers=headers,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(total=seconds),
            )
            content = bytearray()
            whole = False
            try:
                while chunk := response.read1(_CHUNK_BYTES):
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        raise Failure(f"TooLong: the server sent more than {_MOST_BYTES} bytes")
                    if time.monotonic() > end:
                        raise Failure(f"Timeout: no whole answer in {seconds:g} s", passing=True)
                whole = True
            finally:
                response.release_conn() if whole else response.close()
        except HTTPError as error:
            raise Failure(_network(error, seconds), passing=True, dead=True) from None
        said = bytes(content)
        if self._key is not None:
            said = said.replace(self._key.encode(), b"***")
        return response.status, response.headers, said

    def _adapt(self, sent: Mapping[str, Any], said: str) -> bool:
        """Whether the server refused an option of ours that is now another one.

        Newer models of OpenAI want ``max_completion_tokens``, and no temperature.
        """
        known = dict(self._options)
        if "max_tokens" in sent and "max_completion_tokens" in said:
            known["max_completion_tokens"] = known.pop("max_tokens", sent["max_tokens"])
        elif "temperature" in sent and "temperature" in said:
            known.pop("temperature", None)
        else:
            return False
        self._options = known
        return True

    def _redacted(self, text: str) -> str:
        line = " ".join(text.split())
        return (line.replace(self._key, "***") if self._key else line)[:MESSAGE_CHARS]


def _network(error: HTTPError, seconds: float) -> str:
    if isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(
        error, urllib3.exceptions.NewConnectionError
    ):
        return f"Timeout: no whole answer in {seconds:g} s"
    return f"{type(error).__name__}: {error}"
