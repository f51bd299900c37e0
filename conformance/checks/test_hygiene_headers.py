"""Hygiene of the headers: what a release manager wants to see there (I-10). Advisory."""

from __future__ import annotations

import codecs
import re

from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, clip
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Answer, Exchange


def _xml(exchange: Exchange, judging: Judging) -> Answer:
    answer = judging.answer(exchange)
    if answer.document.root is None:
        raise Inconclusive("the answer is not readable XML")
    return answer


@requirement("HYG-03")
@uses(Kind.DOCUMENTED)
def test_the_media_type_is_xml(exchange: Exchange, judging: Judging) -> None:
    """The Content-Type is text/xml, application/xml or one ending in +xml (RFC 7303)."""
    kind = _xml(exchange, judging).media_type
    if not re.fullmatch(r"(text|application)/xml|[\w.!#$&^-]+/[\w.!#$&^+-]+\+xml", kind):
        raise Breach(
            f"the media type is {kind or 'missing'}", expected="text/xml or application/xml", observed=kind or "none"
        )


@requirement("HYG-04")
@uses(Kind.DOCUMENTED)
def test_the_charset_agrees_with_the_document(exchange: Exchange, judging: Judging) -> None:
    """The charset parameter, where there is one, agrees with the document (RFC 7303 section 3)."""
    answer = _xml(exchange, judging)
    if answer.decoded:
        raise Inconclusive(answer.decoded)
    charset, own = answer.charset, answer.document.declared or answer.document.encoding
    named = _encoding(charset)
    if not charset or named == _encoding(own) or (named == "ascii" and answer.body.isascii()):
        return
    raise Breach(f"the charset is {charset}, the document is {own}", expected=own, observed=charset)


def _encoding(name: str) -> str:
    """One name for all the aliases of an encoding; the byte order of UTF-16 is the document's to say."""
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return name.lower()
    return known.removesuffix("-le").removesuffix("-be")


@requirement("HYG-06")
@uses(Kind.DOCUMENTED)
def test_no_cookie_is_set(exchange: Exchange, judging: Judging) -> None:
    """No cookie is set on a GET of reference data."""
    cookie = judging.answer(exchange).header("set-cookie")
    if cookie:
        raise Breach("a cookie is set", expected="no Set-Cookie", observed=clip(cookie.split("=")[0]))


@requirement("HYG-07")
@uses(Kind.DOCUMENTED)
def test_caches_keep_no_stale_timestamp(exchange: Exchange, judging: Judging) -> None:
    """Caching headers forbid that a cache answers with a stale Timestamp (RFC 9111)."""
    answer = judging.answer(exchange)
    policy = answer.header("cache-control").lower()
    # A no-cache that names fields lets the rest be kept (RFC 9111 section 5.2.2.4).
    directives = {part.strip() for part in re.sub(r'"[^"]*"', "", policy).split(",")}
    ages = re.findall(r'(max-age|s-maxage)\s*=\s*"?0*([0-9]*)', policy)
    kept = any(seconds for _, seconds in ages)
    if directives & {"no-store", "no-cache"} or ("max-age" in dict(ages) and not kept):
        return
    said = answer.header("cache-control") or "no Cache-Control"
    raise Breach(
        f"caches may keep the answer: {clip(said)}", expected="no-store, no-cache or max-age=0", observed=clip(said)
    )


@requirement("HYG-09")
@uses(Kind.DOCUMENTED)
def test_security_headers_are_there(exchange: Exchange, judging: Judging) -> None:
    """Strict-Transport-Security and X-Content-Type-Options are sent over HTTPS."""
    answer = judging.answer(exchange)
    wanted = {
        "Strict-Transport-Security": r"(?i).*max-age\s*=\s*\"?0*[1-9]",
        "X-Content-Type-Options": r"(?i)\s*nosniff",
    }
    missing = [name for name, pattern in wanted.items() if not re.match(pattern, answer.header(name))]
    if missing:
        raise Breach(
            f"{' and '.join(missing)} missing", expected=", ".join(wanted), observed=f"without {', '.join(missing)}"
        )
