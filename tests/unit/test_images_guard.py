from __future__ import annotations

import asyncio
import ipaddress
import socket

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from images_site import Site, answer

from mella_spark.images.guard import (
    GuardedResolver,
    check_url,
    guarded_connector,
    is_public,
)
from mella_spark.images.reasons import Rejected

WEB = (80, 443)
PRIVATE = """
0.0.0.0 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.9 192.0.2.1 192.88.99.1 192.168.1.1
198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808
64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 5f00::1
fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1
"""


def reason(text: str, ports: tuple[int, ...] = WEB, allow_private: bool = False) -> str | None:
    try:
        check_url(text, ports, allow_private)
    except Rejected as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    "address",
    PRIVATE.split(),
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert reason(f"http://{host}/x.png") == "private_address"


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"]
)
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://2130706433/", "private_address"),
        ("http://0x7f000001/", "private_address"),
        ("http://0177.0.0.1/", "private_address"),
        ("http://127.1/", "private_address"),
        ("http://0/", "private_address"),
        ("http://127.0.0.1./", "private_address"),
        ("http://１２７.0.0.1/", "private_address"),
        ("http://[::ffff:7f00:1]/", "private_address"),
        ("http://[fe80::1%25eth0]/", "bad_url"),
        ("http://[1:2:3]/", "bad_url"),
        ("http://1.2.3.4.5/", "bad_url"),
        ("http://a.0x/", "bad_url"),
        ("http://999999999999/", "bad_url"),
        ("http://%31%32%37.0.0.1/", "bad_url"),
        ("http://user@example.com/", "bad_url"),
        ("http://user:secret@example.com/", "bad_url"),
        ("http://example.com\\@127.0.0.1/", "bad_url"),
        ("http://exa mple.com/", "bad_url"),
        ("http://a..b/", "bad_url"),
        ("http:///x", "bad_url"),
        ("http://example.com:99999/", "bad_url"),
        ("http://" + "a" * 64 + ".com/", "bad_url"),
        ("", "bad_scheme"),
        ("//example.com/x.png", "bad_scheme"),
        ("/etc/passwd", "bad_scheme"),
        ("file:///etc/passwd", "bad_scheme"),
        ("ftp://example.com/x.png", "bad_scheme"),
        ("gopher://example.com/", "bad_scheme"),
        ("data:image/png;base64,AAAA", "bad_scheme"),
        ("javascript:alert(1)", "bad_scheme"),
        ("http://example.com:22/", "bad_port"),
        ("http://example.com:0/", "bad_port"),
        ("http://example.com:8080/", "bad_port"),
        ("http://example.com/x.png", None),
        ("HTTPS://EXAMPLE.com:443/x.png", None),
        ("http://пример.рф/фото.png", None),
        ("http://my_host.example.com./x", None),
    ],
)
def test_addresses_as_pages_write_them(text: str, expected: str | None) -> None:
    assert reason(text) == expected


def test_the_address_that_is_judged_is_the_one_that_is_asked() -> None:
    assert str(check_url("http://2130706433/a b#part", (80,), True)) == "http://127.0.0.1/a%20b"
    assert str(check_url("http://ПРИМЕР.рф/", WEB)) == "http://xn--e1afmkfd.xn--p1ai/"
    assert reason("http://example.com:8080/", (8080,)) is None


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    for candidate in (text, "http://" + text, "http://example.com/" + text):
        reason(candidate)


def addresses(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Make the name server give ``answers`` in turn; returns the names it was asked for."""
    asked: list[str] = []
    turns = iter(answers)

    def lookup(host, port, **_):
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in next(turns)
        ]

    monkeypatch.setattr("mella_spark.images.guard.socket.getaddrinfo", lookup)
    return asked


def resolve(allow_private: bool) -> list[str]:
    async def run() -> list[str]:
        resolver = GuardedResolver(allow_private, 2)
        try:
            return [result["host"] for result in await resolver.resolve("name.example", 80)]
        finally:
            await resolver.close()

    return asyncio.run(run())


def test_one_private_address_among_public_ones_is_enough(monkeypatch) -> None:
    addresses(monkeypatch, ["93.184.215.14", "10.1.2.3"])
    with pytest.raises(Rejected, match="private_address"):
        resolve(False)


def test_public_answers_and_private_ones_where_allowed(monkeypatch) -> None:
    addresses(monkeypatch, ["93.184.215.14", "2606:2800::1"], ["127.0.0.1"])
    assert resolve(False) == ["93.184.215.14", "2606:2800::1"]
    assert resolve(True) == ["127.0.0.1"]


def test_names_that_do_not_resolve(monkeypatch) -> None:
    def lookup(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr("mella_spark.images.guard.socket.getaddrinfo", lookup)
    with pytest.raises(Rejected, match="dns"):
        resolve(False)


def get(url: str, allow_private: bool) -> int:
    async def run() -> int:
        connector = guarded_connector(allow_private, 4)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(url) as response,
        ):
            return response.status

    return asyncio.run(run())


def test_the_connection_goes_to_the_judged_answer(monkeypatch) -> None:
    with Site({"/": answer(200)}) as site:
        asked = addresses(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
        assert get(f"http://rebinding.example:{site.port}/", True) == 200
        assert asked == ["rebinding.example"]  # once: there is no second answer to slip in


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_the_socket_is_the_last_wall(host: str) -> None:
    with (
        Site({"/": answer(200)}) as site,
        pytest.raises((Rejected, aiohttp.ClientError, OSError)),
    ):
        get(f"http://{host}:{site.port}/", False)
    assert site.requests == []
