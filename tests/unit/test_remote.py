"""Remote files read as local ones do: whatever breaks, bytes are right or the error is clear."""

from __future__ import annotations

import io
import ipaddress
import os
import pickle
import random
import ssl
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from remote_site import FileSite, Served, remote_settings, s3_client, s3_server

from mella_spark.errors import SettingsError
from mella_spark.remote.file import (
    ChangedError,
    ForbiddenError,
    MissingError,
    RemoteError,
    shown,
    wait_seconds,
)
from mella_spark.remote.httpclient import _target, retry_after
from mella_spark.remote.opener import check_address, is_remote, opener
from mella_spark.settings import load_settings

DATA = random.Random(1).randbytes(300_000)


@pytest.fixture(scope="module")
def site() -> Iterator[FileSite]:
    with FileSite() as running:
        yield running


def serve(site: FileSite, data: bytes = DATA, **how: object) -> tuple[str, Served]:
    """The address of a file served in that way, alone on the site."""
    file = Served(data, **how)  # type: ignore[arg-type]
    site.files = {"/a/file.warc.gz": file}
    site.asked.clear()
    site.sent = 0
    return f"{site.root}/a/file.warc.gz", file


def read(url: str, **changes: object) -> bytes:
    with opener(remote_settings(**changes))(url) as stream:
        return stream.read()


# What is read


def test_a_file_is_one_request_read_as_it_comes(site: FileSite) -> None:
    url, _ = serve(site)
    with opener(remote_settings())(url) as stream:
        assert stream.readable()
        assert stream.seekable()
        assert not site.asked
        assert stream.read(10) == DATA[:10]
        assert stream.tell() == 10
        assert stream.read() == DATA[10:]
        assert stream.read(5) == b""
        assert stream.seek(0, os.SEEK_END) == len(DATA)
    (asked,) = site.asked
    assert "range" not in asked.headers
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["user-agent"].startswith("mella-spark/")


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_broken_connection_is_taken_up_where_it_broke(
    site: FileSite, reset: bool, chunked: bool
) -> None:
    url, _ = serve(site, cuts=[100_000, 0, 70_000, 1], reset=reset, chunked=chunked)
    assert read(url) == DATA
    assert len(site.asked) == 5
    if not reset:  # a reset may throw away what was under way
        starts = [asked.headers.get("range") for asked in site.asked]
        assert starts == [None, "bytes=100000-", "bytes=100000-", "bytes=170000-", "bytes=170001-"]
    assert all(asked.headers["if-range"] == '"1"' for asked in site.asked[1:])


def test_progress_renews_patience_and_its_lack_ends_it(site: FileSite) -> None:
    url, _ = serve(site, cuts=[1000] * 50)
    assert read(url, attempts=2) == DATA
    url, _ = serve(site, cuts=[1000] + [0] * 50)
    with pytest.raises(RemoteError, match=r"cannot be read: .* \(3 attempts\)"):
        read(url, attempts=3)
    assert len(site.asked) == 3


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_trouble_is_waited_out(site: FileSite, status: int) -> None:
    url, _ = serve(site, first=[(status, {"Retry-After": "0"}), (status, {})])
    assert read(url) == DATA
    assert len(site.asked) == 3


def test_small_answers_are_put_together(site: FileSite) -> None:
    url, _ = serve(site, largest=70_000)
    with opener(remote_settings(gap_bytes=0))(url) as stream:
        stream.seek(5)
        assert stream.read() == DATA[5:]
    assert len(site.asked) == -(-(len(DATA) - 5) // 70_000)


def test_the_total_may_be_unknown(site: FileSite) -> None:
    url, _ = serve(site, total=False)
    with opener(remote_settings(gap_bytes=0))(url) as stream:
        stream.seek(299_000)
        assert stream.read() == DATA[299_000:]
        assert stream.seek(0, os.SEEK_END) == len(DATA)


def test_an_empty_file_and_a_place_behind_the_end(site: FileSite) -> None:
    url, _ = serve(site, b"")
    assert read(url) == b""
    url, _ = serve(site)
    with opener(remote_settings())(url) as stream:
        stream.seek(len(DATA) + 10)
        assert stream.read() == b""
        with pytest.raises(ValueError, match="before the start"):
            stream.seek(-5)


def test_parts_ask_for_no_byte_too_many_and_keep_the_connection(site: FileSite) -> None:
    url, _ = serve(site)
    open_ = opener(remote_settings())
    for start in (0, 1000, 200_000):
        assert open_.part(url, start, start + 500) == DATA[start : start + 500]
    assert open_.part(url, len(DATA) - 5, len(DATA) + 5) == DATA[-5:]
    assert open_.part(url, len(DATA), len(DATA) + 5) == b""
    assert site.sent == 3 * 500 + 5
    assert len({asked.port for asked in site.asked}) == 1


def test_a_window_bounds_what_is_asked_for(site: FileSite) -> None:
    url, _ = serve(site)
    open_ = opener(remote_settings(), window=10_000)
    for place in (100_000, 200_000):
        with open_(url) as stream:
            stream.seek(place)
            assert stream.read(15_000) == DATA[place : place + 15_000]
    assert site.sent == 4 * 10_000
    assert len({asked.port for asked in site.asked}) == 1
    with open_(url) as stream:
        assert stream.read() == DATA


def test_local_paths_are_files(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    open_ = pickle.loads(pickle.dumps(opener(remote_settings())))
    with open_(str(tmp_path / "x")) as stream:
        assert stream.fileno() > 0
        assert stream.read() == b"12345"
    assert open_.size(str(tmp_path / "x")) == 5
    assert open_.part(str(tmp_path / "x"), 1, 3) == b"23"
    assert not is_remote(str(tmp_path))
    assert not is_remote("http.warc.gz")


@given(
    moves=st.lists(
        st.one_of(
            st.tuples(st.just("read"), st.integers(0, 9000)),
            st.tuples(st.just("set"), st.integers(0, 21_000)),
            st.tuples(st.just("current"), st.integers(-3000, 3000)),
            st.tuples(st.just("end"), st.integers(-20_000, 100)),
        ),
        max_size=12,
    ),
    cuts=st.lists(st.integers(0, 12_000), max_size=5),
    reset=st.booleans(),
    ranges=st.booleans(),
    chunked=st.booleans(),
    total=st.booleans(),
    window=st.sampled_from([None, 5000]),
    gap=st.sampled_from([0, 100, 100_000]),
    largest=st.sampled_from([None, 777]),
)
@hypothesis_settings(max_examples=150)
def test_any_reading_under_any_cuts_equals_a_local_file(
    site: FileSite,
    moves: list[tuple[str, int]],
    cuts: list[int],
    reset: bool,
    ranges: bool,
    chunked: bool,
    total: bool,
    window: int | None,
    gap: int,
    largest: int | None,
) -> None:
    data = DATA[:20_000]
    how = {"reset": reset, "ranges": ranges, "chunked": chunked, "total": total}
    url, _ = serve(site, data, cuts=list(cuts), largest=largest, **how)
    expected = io.BytesIO(data)
    changes = {"gap_bytes": gap, "block_bytes": 4096, "attempts": 7}
    with opener(remote_settings(**changes), window)(url) as stream:
        for move, number in moves:
            if move == "end" and (chunked or not total):
                continue  # no server has told the length
            if move == "read":
                assert stream.read(number) == expected.read(number)
                continue
            whence = {"set": 0, "current": 1, "end": 2}[move]
            if move == "current" and expected.tell() + number < 0:
                continue
            assert stream.seek(number, whence) == expected.seek(number, whence)
            assert stream.tell() == expected.tell()


def test_memory_is_bounded_whatever_the_size(site: FileSite) -> None:
    data = bytes(40 << 20)
    url, _ = serve(site, data)
    with opener(remote_settings(block_bytes=1 << 20))(url) as stream:
        stream.read(1)
        tracemalloc.start()
        count = 1
        while piece := stream.read(1 << 16):
            count += len(piece)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == len(data)
    assert peak < 8 << 20


# Servers that cannot serve parts


def test_a_server_without_ranges_is_read_past_again(site: FileSite) -> None:
    url, _ = serve(site, ranges=False, cuts=[100_000])
    assert read(url) == DATA


def test_but_not_without_bound(site: FileSite) -> None:
    url, _ = serve(site, ranges=False, cuts=[100_000])
    with pytest.raises(RemoteError, match="cannot serve parts"):
        read(url, skip_bytes=50_000)


def test_a_body_of_unknown_end_is_refused(site: FileSite) -> None:
    url, _ = serve(site, length=False)
    with pytest.raises(RemoteError, match="length"):
        read(url)


def test_a_body_that_cannot_be_recognised_is_not_resumed(site: FileSite) -> None:
    url, _ = serve(site, chunked=True, etag=None, cuts=[1000])
    with pytest.raises(RemoteError, match="resumed"):
        read(url)


# Files that change


@pytest.mark.parametrize("if_range", [False, True])
@pytest.mark.parametrize("ranges", [False, True])
@pytest.mark.parametrize(
    "change",
    [{"etag": '"2"'}, {"etag": None, "modified": "Tue, 02 Jan 2024 00:00:00 GMT"}],
)
def test_a_file_that_changes_while_it_is_read_is_an_error(
    site: FileSite, if_range: bool, ranges: bool, change: dict[str, str]
) -> None:
    how = {"if_range": if_range, "ranges": ranges, "cuts": [250_000]}
    modified = "Mon, 01 Jan 2024 00:00:00 GMT"
    etag = '"1"' if change["etag"] else None
    url, file = serve(site, etag=etag, modified=modified, **how)
    with opener(remote_settings())(url) as stream:
        assert stream.read(1000) == DATA[:1000]
        file.data = DATA[::-1]
        for name, value in change.items():
            setattr(file, name, value)
        with pytest.raises(ChangedError, match="changed"):
            stream.read()


def test_a_file_that_only_grows_is_an_error_too(site: FileSite) -> None:
    url, file = serve(site, etag=None, cuts=[250_000])
    with opener(remote_settings())(url) as stream:
        stream.read(1000)
        file.data += b"more"
        with pytest.raises(ChangedError, match="changed"):
            stream.read()


def test_a_weak_etag_is_compared_but_not_sent(site: FileSite) -> None:
    url, file = serve(site, etag='W/"1"', cuts=[1000, 1000])
    with opener(remote_settings())(url) as stream:
        assert stream.read(1500) == DATA[:1500]
        assert "if-range" not in site.asked[1].headers
        file.etag = 'W/"2"'
        with pytest.raises(ChangedError):
            stream.read()


# What is refused


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, MissingError), (410, MissingError), (401, ForbiddenError), (403, ForbiddenError)],
)
def test_missing_and_forbidden_files_are_said_at_once(
    site: FileSite, status: int, kind: type[OSError]
) -> None:
    url, _ = serve(site, first=[(status, {})] * 9)
    with pytest.raises(kind, match=str(status)) as caught:
        read(url + "?key=hidden")
    assert isinstance(caught.value, OSError)
    assert "hidden" not in str(caught.value)
    assert len(site.asked) == 1


def test_nobody_there_is_a_sentence() -> None:
    with pytest.raises(RemoteError, match=r"no connection .* \(2 attempts\)"):
        read("http://127.0.0.1:1/x.warc.gz", attempts=2)
    with pytest.raises(RemoteError, match=r"not an address|no host"):
        read("http:///x.warc.gz")


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("file:///etc/passwd", "not on the web"),
        ("ftp://127.0.0.1/x", "not on the web"),
        ("", "not on the web"),
        ("http://169.254.169.254/latest/meta-data/", "not a public address"),
        ("http://2852039166/latest/meta-data/", "not a public address"),
        ("http://localhost:22/", "not a public address"),
        ("http://[::1]:22/", "not a public address"),
        ("//10.0.0.1/x", "not a public address"),
        ("https://10.0.0.1/x", "not a public address"),
        ("http://127.0.0.1:{other}/a/file.warc.gz", "not a public address"),
        ("http://user:secret@127.0.0.1:{port}/a/file.warc.gz", "user or password"),
        ("http://[", "not an address"),
    ],
)
def test_redirects_stay_on_the_web(site: FileSite, location: str, problem: str) -> None:
    with FileSite({"/a/file.warc.gz": Served(b"secret")}) as other:
        location = location.replace("{other}", str(other.port)).replace("{port}", str(site.port))
        url, _ = serve(site, first=[(302, {"Location": location})])
        with pytest.raises(RemoteError, match=problem) as caught:
            read(url, attempts=1)
        assert "secret" not in str(caught.value)
        assert not other.asked


def test_redirects_on_the_named_server_are_followed_a_few_times(site: FileSite) -> None:
    url, _ = serve(site, first=[(302, {"Location": "/a/file.warc.gz?again"})] * 3)
    assert read(url) == DATA
    url, _ = serve(site, first=[(301, {"Location": url})] * 9)
    with pytest.raises(RemoteError, match="more than 5 times"):
        read(url)


def test_redirects_to_public_servers_are_followed(
    site: FileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []
    monkeypatch.setattr("mella_spark.images.guard.is_public", lambda a: judged.append(str(a)) or 1)
    with FileSite({"/b": Served(DATA, cuts=[1000])}) as other:
        again = [(307, {"Location": f"{other.root}/b"})] * 2
        url, _ = serve(site, first=again)
        assert read(url) == DATA
        assert [asked.headers.get("range") for asked in other.asked] == [None, "bytes=1000-"]
    assert set(judged) == {"127.0.0.1"}
    url, _ = serve(site, first=[(307, {"Location": "http://127.0.0.1:1/"})] * 2)
    with pytest.raises(RemoteError, match="no connection"):
        read(url, attempts=2)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mella test")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, *plain))
    return path


def test_certificates_are_checked_also_behind_redirects(
    site: FileSite, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    monkeypatch.setattr("mella_spark.images.guard.is_public", lambda address: True)
    with FileSite({"/b": Served(DATA, cuts=[1000])}, context) as secure:
        there = {"Location": f"{secure.root}/b"}
        for url in (f"{secure.root}/b", serve(site, first=[(302, there)])[0]):
            with pytest.raises(RemoteError, match=r"certificate of .* is not valid"):
                read(url, connect_seconds=7)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert read(f"{secure.root}/b", connect_seconds=8) == DATA
        url, _ = serve(site, first=[(302, there)])
        assert read(url, connect_seconds=8) == DATA
        secure.files["/b"].first = [(302, {"Location": url})]
        with pytest.raises(RemoteError, match="insecure"):
            read(f"{secure.root}/b", connect_seconds=8)


def test_https_is_not_left() -> None:
    with pytest.raises(RemoteError, match="insecure"):
        _target("https://a.example/x", "https://a.example/x", "http://a.example/x")
    assert _target("http://a.example/x", "http://a.example/x", "https://b.example/y")


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pa55@site.example/x.warc.gz",
        "https://user@site.example/x.warc.gz",
        "https://b.s3.amazonaws.com/x?X-Amz-Signature=pa55&X-Amz-Date=1",
        "https://storage.googleapis.com/x?X-Goog-Signature=pa55",
        "https://a.blob.core.windows.net/x?sv=1&sig=pa55",
        "https://site.example/x?access_token=pa55",
    ],
)
def test_addresses_with_secrets_are_refused_and_never_shown(url: str) -> None:
    with pytest.raises(RemoteError) as caught:
        check_address(url, remote_settings())
    assert "pa55" not in str(caught.value)
    assert "pa55" not in shown(url)
    if "@" not in url:
        check_address(url, remote_settings(allow_signed_urls=True))


def test_settings_hold_no_credentials() -> None:
    for name in ("crawl_base", "s3_endpoint"):
        override = f"remote.{name}=http://me:pa55@minio:9000"
        with pytest.raises(SettingsError, match=name) as caught:
            load_settings(overrides=[override], environment={})
        assert "pa55" not in str(caught.value)


def test_log_messages_of_the_http_library_hold_no_addresses(
    site: FileSite, caplog: pytest.LogCaptureFixture
) -> None:
    url, _ = serve(site)
    with caplog.at_level("DEBUG"):
        read(url + "?X-Amz-Signature=pa55", allow_signed_urls=True)
    assert "pa55" not in caplog.text


# Sizes and waits


def test_sizes_come_from_head_and_from_get_where_head_is_refused(site: FileSite) -> None:
    url, file = serve(site)
    open_ = opener(remote_settings())
    assert open_.size(url) == len(DATA)
    assert [asked.method for asked in site.asked] == ["HEAD"]
    file.head = 403
    assert open_.size(url) == len(DATA)
    file.head, file.chunked = 200, True
    assert open_.size(url) is None
    with pytest.raises(MissingError):
        open_.size(site.root + "/none")
    file.first = [(503, {})] * 2
    file.chunked = False
    assert open_.size(url) == len(DATA)


def test_waits_double_within_bounds() -> None:
    settings = remote_settings(backoff_seconds=1, max_backoff_seconds=60)
    longest = [wait_seconds(n, settings, chance=lambda: 1.0) for n in (1, 2, 3, 7, 5000)]
    assert longest == [1, 2, 4, 60, 60]
    assert wait_seconds(3, settings, chance=lambda: 0.0) == 2
    assert wait_seconds(1, settings, after=30, chance=lambda: 1.0) == 30
    assert wait_seconds(1, settings, after=3000) == 60


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after("12") == 12
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < (retry_after(later) or 0) <= 100
    assert retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0
    assert retry_after("soon") is None
    assert retry_after(None) is None


# S3


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Address of a server that speaks S3, with the bucket ``crawl`` in it."""
    with s3_server() as endpoint:
        s3_client(endpoint).create_bucket(Bucket="crawl")
        yield endpoint


def test_objects_are_read_in_blocks(bucket: str) -> None:
    s3_client(bucket).put_object(Bucket="crawl", Key="seg/a b+c%20.warc.gz", Body=DATA)
    open_ = opener(remote_settings(s3_endpoint=bucket, block_bytes=4096 * 10))
    url = "s3://crawl/seg/a b+c%20.warc.gz"
    with open_(url) as stream:
        assert stream.read(5) == DATA[:5]
        assert stream.seek(-10, os.SEEK_END) == len(DATA) - 10
        assert stream.read() == DATA[-10:]
        stream.seek(7)
        assert stream.read() == DATA[7:]
    assert open_.part(url, 10, 20) == DATA[10:20]
    assert open_.size(url.replace("s3:", "s3a:")) == len(DATA)


@given(st.lists(st.tuples(st.integers(0, 31_000), st.integers(0, 20_000)), max_size=6))
@hypothesis_settings(max_examples=15)
def test_any_reading_of_an_object_equals_a_local_file(
    bucket: str, reads: list[tuple[int, int]]
) -> None:
    data = DATA[:30_000]
    s3_client(bucket).put_object(Bucket="crawl", Key="any", Body=data)
    expected = io.BytesIO(data)
    with opener(remote_settings(s3_endpoint=bucket, block_bytes=4096))("s3://crawl/any") as stream:
        for place, count in reads:
            if place < len(data):
                assert stream.seek(place) == expected.seek(place)
            assert stream.read(count) == expected.read(count)
            assert stream.tell() == expected.tell()


def test_an_object_that_changes_is_an_error(bucket: str) -> None:
    put = s3_client(bucket).put_object
    put(Bucket="crawl", Key="changing", Body=DATA)
    open_ = opener(remote_settings(s3_endpoint=bucket, block_bytes=4096))
    with open_("s3://crawl/changing") as stream:
        assert stream.read(4096) == DATA[:4096]
        put(Bucket="crawl", Key="changing", Body=DATA[::-1])
        with pytest.raises(ChangedError, match="s3://crawl/changing changed"):
            stream.read(4096)


@pytest.mark.parametrize("url", ["s3://crawl/none.warc.gz", "s3://nobody/x.warc.gz"])
def test_missing_objects_are_a_sentence(bucket: str, url: str) -> None:
    with pytest.raises(MissingError, match=url):
        opener(remote_settings(s3_endpoint=bucket))(url).read()


def test_an_s3_server_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(RemoteError, match="no connection to the S3 server"):
        read("s3://crawl/x", s3_endpoint="http://127.0.0.1:1", attempts=1, s3_anonymous=True)


def test_listing_gives_every_object_below(bucket: str) -> None:
    for key in ("list/a.warc.gz", "list/deep/b.warc.gz", "listing.warc.gz"):
        s3_client(bucket).put_object(Bucket="crawl", Key=key, Body=b"123")
    open_ = opener(remote_settings(s3_endpoint=bucket))
    found = open_.listing("s3://crawl/list/")
    assert found == {"s3://crawl/list/a.warc.gz": 3, "s3://crawl/list/deep/b.warc.gz": 3}
    assert open_.listing("s3://crawl/nothing/") == {}
    with pytest.raises(RemoteError):
        opener(remote_settings(s3_endpoint="http://127.0.0.1:1", attempts=1)).listing("s3://a/b/")


def test_the_oracle_reads_the_same(site: FileSite) -> None:
    url, _ = serve(site)
    assert read(url) == urllib3.request("GET", url).data
