"""Content codings are undone within a bound, whatever the body claims to be."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.sending.coding import decoded

BODY = b"<ClICKATELLSDK/>" * 20
CAP = 10_000


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()


GOOD = {
    "none": (BODY, ""),
    "identity": (BODY, "identity"),
    "gzip": (gzip.compress(BODY), "gzip"),
    "x-gzip": (gzip.compress(BODY), "X-GZip"),
    "zlib": (zlib.compress(BODY), "deflate"),
    "raw deflate": (raw_deflate(BODY), "deflate"),
    "two": (gzip.compress(zlib.compress(BODY)), "deflate, gzip"),
    "three": (gzip.compress(gzip.compress(gzip.compress(BODY))), "gzip,gzip , gzip"),
    "with identity between": (gzip.compress(BODY), "identity, gzip, "),
    "several members": (gzip.compress(BODY[:100]) + gzip.compress(BODY[100:]), "gzip"),
    "an empty member": (gzip.compress(b"") + gzip.compress(BODY), "gzip"),
}


@pytest.mark.parametrize(("raw", "codings"), GOOD.values(), ids=GOOD)
def test_a_coding_is_undone(raw: bytes, codings: str) -> None:
    assert decoded(raw, codings, CAP) == (BODY, "", "")


BROKEN = {
    "not gzip": (BODY, "gzip"),
    "not deflate": (b"\xff" + BODY, "deflate"),
    "zlib called gzip": (zlib.compress(BODY), "gzip"),
    "cut short": (gzip.compress(BODY)[:-9], "gzip"),
    "cut short in the trailer": (gzip.compress(BODY)[:-1], "gzip"),
    "a wrong checksum": (gzip.compress(BODY)[:-8] + b"\0" * 8, "gzip"),
    "noise after it": (gzip.compress(BODY) + b"noise", "gzip"),
    "zlib cut short": (zlib.compress(BODY)[:-5], "deflate"),
    "the outer one only": (gzip.compress(BODY), "gzip, gzip"),
}


@pytest.mark.parametrize(("raw", "codings"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_the_coding_is_broken(raw: bytes, codings: str) -> None:
    body, unread, broken = decoded(raw, codings, CAP)
    assert body == b""
    assert not unread
    assert "Content-Encoding" in broken


@pytest.mark.parametrize("codings", ["br", "zstd", "compress", "gzip, br", "chunked", "x" * 1000])
def test_a_coding_that_is_not_read_accuses_nobody(codings: str) -> None:
    body, unread, broken = decoded(BODY, codings, CAP)
    assert body == b""
    assert "not asked for" in unread
    assert len(unread) < 100
    assert not broken


def test_codings_do_not_pile_up() -> None:
    assert "4 content codings" in decoded(BODY, "gzip, gzip, gzip, gzip", CAP)[1]


def bomb(codings: str, size: int) -> bytes:
    engine = zlib.compressobj(wbits=31 if codings == "gzip" else 15)
    return b"".join(engine.compress(b"\0" * 1_000_000) for _ in range(size)) + engine.flush()


@pytest.mark.parametrize("codings", ["gzip", "deflate"])
def test_a_bomb_is_not_inflated(codings: str) -> None:
    raw = bomb(codings, 100)
    tracemalloc.start()
    try:
        body, unread, broken = decoded(raw, codings, CAP)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (body, broken) == (b"", "")
    assert f"larger than {CAP}" in unread
    assert peak < 1_000_000 + 3 * len(raw)


def test_a_bomb_in_members_is_not_inflated() -> None:
    assert "larger" in decoded(gzip.compress(b"x" * 100) * 1000, "gzip", CAP)[1]


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("codings", ["gzip", "deflate"])
def test_the_bound_is_exact(over: int, codings: str) -> None:
    data = b"a" * (CAP + over)
    raw = gzip.compress(data) if codings == "gzip" else zlib.compress(data)
    body, unread, _ = decoded(raw, codings, CAP)
    assert (len(body), bool(unread)) == ((0, True) if over > 0 else (CAP + over, False))


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "gzip, deflate", "deflate, gzip"]))
def test_any_bytes_are_decoded_or_refused_with_one_reason(raw: bytes, codings: str) -> None:
    body, unread, broken = decoded(raw, codings, CAP)
    assert not (unread and broken)
    assert len(body) <= CAP


@given(st.binary(max_size=2_000))
def test_what_was_coded_comes_back(data: bytes) -> None:
    assert decoded(gzip.compress(data), "gzip", CAP) == (data, "", "")
    assert decoded(zlib.compress(data), "deflate", CAP) == (data, "", "")
    assert decoded(raw_deflate(data), "deflate", CAP) == (data, "", "")
