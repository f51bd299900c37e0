"""Content codings (RFC 9110 section 8.4.1), undone within a bound, although `identity` was asked for."""

from __future__ import annotations

import zlib

from conformance.contract.quoting import clip

_MOST_CODINGS = 3


def decoded(raw: bytes, codings: str, cap: int) -> tuple[bytes, str, str]:
    """The body without its codings, why it could not be read, and what is wrong with the coding.

    Exactly one of the two reasons is set when there is one. At most `cap` octets are ever inflated.
    """
    names = [name.strip().lower() for name in codings.split(",") if name.strip().lower() not in {"", "identity"}]
    if len(names) > _MOST_CODINGS:
        return b"", f"{len(names)} content codings on top of each other", ""
    body = raw
    for name in reversed(names):
        if name not in {"gzip", "x-gzip", "deflate"}:
            return b"", f"the content coding {clip(name, 20)} was not asked for and is not read", ""
        try:
            body, whole = _inflated(body, name, cap)
        except zlib.error:
            return b"", "", f"the header says Content-Encoding {name}, the body is not {name}"
        if not whole:
            return b"", f"the body is larger than {cap} bytes after decompression", ""
    return body, "", ""


def _inflated(data: bytes, name: str, cap: int) -> tuple[bytes, bool]:
    """At most `cap` octets of the inflated data, and whether that was all of it."""
    if name == "deflate":
        # RFC 9110 means the zlib format; many servers send raw deflate.
        try:
            return _inflate(data, zlib.MAX_WBITS, cap)
        except zlib.error:
            return _inflate(data, -zlib.MAX_WBITS, cap)
    return _inflate(data, zlib.MAX_WBITS | 16, cap)


def _inflate(data: bytes, bits: int, cap: int) -> tuple[bytes, bool]:
    out = b""
    while data:  # a gzip body may have several members (RFC 1952 section 2.2)
        engine = zlib.decompressobj(bits)
        out += engine.decompress(data, cap + 1 - len(out))
        if len(out) > cap or engine.unconsumed_tail:
            return b"", False
        if not engine.eof:
            raise zlib.error("cut short")
        data = engine.unused_data if bits > zlib.MAX_WBITS else b""
    return out, True
