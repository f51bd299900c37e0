"""Endpoints that say the token back, in each place and in each writing."""

import base64
import gzip
from collections.abc import Callable, Iterator

from .honest import PAIRS, body, chunked, envelope, error, head, http, success
from .registry import CLOSE, Step, behaves, behaves_each
from .stage import Ask

ECHOES = "The token said back"


def _escaped(token: str) -> str:
    return "".join(f"&#{ord(c)};" if n % 2 else f"&#x{ord(c):X};" for n, c in enumerate(token))


# Writings that are plain characters: they fit into a header as well as into a text node.
WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda token: token,
    "upper": str.upper,
    "percent": lambda token: "".join(f"%{ord(letter):02X}" for letter in token),
    "percent_lower": lambda token: "".join(f"%{ord(letter):02x}" for letter in token),
    "percent_twice": lambda token: "".join(f"%25{ord(letter):02X}" for letter in token),
    "half_percent": lambda token: "".join(f"%{ord(c):02X}" if n % 2 else c for n, c in enumerate(token)),
    "base64": lambda token: base64.b64encode(token.encode()).decode(),
    "base64_shifted": lambda token: base64.b64encode(b"/" + token.encode()).decode(),
    "base64_shifted_twice": lambda token: base64.b64encode(b"//" + token.encode()).decode(),
    "base64_url": lambda token: base64.urlsafe_b64encode(b"https://localhost/" + token.encode()).decode(),
    "hex": lambda token: token.encode().hex(),
    "hex_upper": lambda token: token.encode().hex().upper(),
    "json": lambda token: "".join(f"\\u{ord(letter):04x}" for letter in token),
    "json_x": lambda token: "".join(f"\\x{ord(letter):02x}" for letter in token),
    "base32": lambda token: base64.b32encode(token.encode()).decode(),
    "hex_colons": lambda token: token.encode().hex(":"),
    "hex_spaces": lambda token: token.encode().hex(" ").upper(),
    "in_an_address": lambda token: f"https://localhost/{token}?XML=a",
    "run_together": lambda token: token * 3,
}


@behaves_each(ECHOES, WRITINGS, alone={"plain"})
def echo_in_the_body(ask: Ask, case: Callable[[str], str]) -> Iterator[Step]:
    """Says the token in a callback type: {}."""
    yield http(success(pairs=[*PAIRS, ("7", f"HTTP GET {case(ask.token)}")]))


@behaves_each(ECHOES, {"escaped": _escaped, "in_cdata": lambda t: f"<![CDATA[{t}]]>"}, alone={"escaped"})
def echo_in_xml(ask: Ask, case: Callable[[str], str]) -> Iterator[Step]:
    """Says the token in a callback type, as only XML can write it: {}."""
    yield http(success(pairs=[*PAIRS, ("7", f"HTTP GET {case(ask.token)}")]))


def _writing(ask: Ask) -> str:
    """Another writing with each request."""
    writings = list(WRITINGS.values())
    return writings[ask.number % len(writings)](ask.token)


PLACES: dict[str, Callable[[str, Ask], bytes]] = {
    "a_header": lambda said, ask: http(body(ask), f"X-Echo: {said}"),
    "a_header_name": lambda said, ask: http(body(ask), f"{said.replace('/', '_').replace(':', '_')}: yes"),
    "the_server_header": lambda said, ask: http(body(ask), f"Server: {said}", f'ETag: "{said}"'),
    "the_reason": lambda said, ask: http(body(ask), status=f"200 {said}"),
    "the_location": lambda said, ask: http(b"", f"Location: https://host/{said}?a={said}", status="302 Found"),
    "a_cookie": lambda said, ask: http(body(ask), f"Set-Cookie: session={said}; Path=/{said}"),
    "the_content_type": lambda said, ask: http(body(ask), kind=f"text/xml; charset={said}"),
    "the_date": lambda said, ask: http(body(ask), f"Date: {said}", f"Retry-After: {said}"),
    "the_content_encoding": lambda said, ask: http(body(ask), f"Content-Encoding: {said}"),
    "the_status": lambda said, ask: b"HTTP/1.1 " + said.encode() + b"\r\n\r\n",
    "a_broken_header": lambda said, ask: b"HTTP/1.1 200 OK\r\nX-Echo " + said.encode() + b"\r\n\r\n",
    "a_broken_length": lambda said, ask: b"HTTP/1.1 200 OK\r\nContent-Length: " + said.encode() + b"\r\n\r\n",
    "a_broken_chunk": lambda said, ask: head("Transfer-Encoding: chunked") + said.encode() + b"\r\n",
    "no_http": lambda said, ask: said.encode() + b"\r\n\r\n",
    "the_action": lambda said, ask: http(success(action=said)),
    "the_result": lambda said, ask: http(success(result=said)),
    "the_timestamp": lambda said, ask: http(success(timestamp=said)),
    "an_id": lambda said, ask: http(success(pairs=[(said, "HTTP GET")])),
    "an_error_code": lambda said, ask: http(error(said, said)),
    "a_description": lambda said, ask: http(error("999", f"No such token: {said}")),
    "an_element_name": lambda said, ask: http(envelope(f"<t{ask.token}/><T{ask.token.upper()}/>")),
    "an_attribute": lambda said, ask: http(success(attributes=f' a="{said}" t{ask.token}="1"')),
    "a_namespace": lambda said, ask: http(success(attributes=f' xmlns="urn:{said}"')),
    "a_comment": lambda said, ask: http(success(after=f"<!--{said}--><?pi {said}?>")),
    "a_mismatched_tag": lambda said, ask: http(envelope(f"<t{ask.token}></u{ask.token}>")),
    "an_undeclared_entity": lambda said, ask: http(success(action=f"&t{ask.token};")),
    "the_encoding": lambda said, ask: http(success(prolog=f'<?xml version="1.0" encoding="t{ask.token}"?>')),
    "a_doctype": lambda said, ask: http(
        success(prolog=f'<!DOCTYPE t{ask.token} SYSTEM "/{said}"[<!ENTITY e "{ask.token}">]>')
    ),
    "a_page": lambda said, ask: http(
        f"<html><title>{said}</title>{said}</html>".encode(), status="404 Not Found", kind="text/html"
    ),
    "json": lambda said, ask: http(f'{{"token": "{said}"}}'.encode(), kind="application/json"),
}


WORST = {
    "a_header_name",
    "the_reason",
    "the_location",
    "the_content_encoding",
    "a_broken_header",
    "a_mismatched_tag",
}


@behaves_each(ECHOES, PLACES, alone=WORST)
def echo_in(ask: Ask, case: Callable[[str, Ask], bytes]) -> Iterator[Step]:
    """Says the token in {}, in another writing each time."""
    yield case(_writing(ask), ask)
    if ask.number % 4 == 0:
        yield CLOSE


ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "utf-7")


@behaves_each(ECHOES, {name.replace("-", "_"): name for name in ENCODINGS}, alone={"utf_16", "cp037"})
def echo_encoded_as(ask: Ask, case: str) -> Iterator[Step]:
    """Says the token in a body encoded as {}."""
    prolog = f'<?xml version="1.0" encoding="{case}"?>'
    content = success(pairs=[*PAIRS, ("7", ask.token)], prolog=prolog).decode()
    yield http(content.encode(case), kind=f"text/xml; charset={case}")


@behaves(ECHOES)
def echo_in_gzip(ask: Ask) -> Iterator[Step]:
    """Says the token in a body packed with gzip."""
    yield http(gzip.compress(success(pairs=[*PAIRS, ("7", ask.token)])), "Content-Encoding: gzip")


@behaves(ECHOES, alone=False)
def echo_in_base64_of_the_body(ask: Ask) -> Iterator[Step]:
    """Answers with an envelope in base64, the token inside."""
    yield http(base64.encodebytes(success(pairs=[*PAIRS, ("7", ask.token)])))


@behaves(ECHOES, alone=False)
def echo_in_binary(ask: Ask) -> Iterator[Step]:
    """Says the token between bytes that are no text."""
    yield http(b"\x89PNG\r\n\xff\xfe\0" + ask.token.encode() + b"\xff" * 9)


@behaves(ECHOES)
def echo_split_over_chunks(ask: Ask) -> Iterator[Step]:
    """Says the token a character in each chunk."""
    yield head("Transfer-Encoding: chunked")
    content = success(pairs=[*PAIRS, ("7", ask.token)])
    yield from chunked([content[place : place + 1] for place in range(len(content))])


@behaves(ECHOES)
def echo_in_trailers_and_extensions(ask: Ask) -> Iterator[Step]:
    """Says the token in a chunk extension, in a trailer and in an interim answer."""
    token, content = ask.token.encode(), body(ask)
    yield b"HTTP/1.1 103 " + token + b"\r\nX-Echo: " + token + b"\r\n\r\n"
    yield head("Transfer-Encoding: chunked") + b"%x;%s=%s\r\n%s\r\n" % (len(content), token, token, content)
    yield b"0\r\nX-Echo: " + token + b"\r\n\r\n"


LONG = 40_000
SHIFTS: dict[str, Callable[[str, Ask], bytes]] = {
    "a_body": lambda said, ask: http(said.encode() * 3),
    "a_callback_type": lambda said, ask: http(success(pairs=[("0", said)])),
    "an_element_name": lambda said, ask: http(envelope(f"<t{said}/>")),
    "a_description": lambda said, ask: http(error("999", said)),
    "a_header": lambda said, ask: http(body(ask), f"X-Long: {said[: 6400 + len(said) % 32]}"),
    "a_reason": lambda said, ask: http(body(ask), status=f"200 {said[: 6400 + len(said) % 32]}"),
    "a_broken_header": lambda said, ask: (
        b"HTTP/1.1 200 OK\r\nX " + said[: 6400 + len(said) % 32].encode() + b"\r\n\r\n"
    ),
}


@behaves_each(ECHOES, SHIFTS, alone={"a_body"})
def token_fills(ask: Ask, case: Callable[[str, Ask], bytes]) -> Iterator[Step]:
    """Fills {} with the token again and again, each time from another place, so that every cut falls within it."""
    token = ask.token
    yield case("x" * (ask.number % 32) + token * (LONG // 32), ask)
    if ask.number % 4 == 0:
        yield CLOSE


@behaves(ECHOES)
def token_is_cut_off(ask: Ask) -> Iterator[Step]:
    """Cuts its answer short within the token, each time in another place."""
    whole = http(success(pairs=[("0", ask.token)]), f"X-Echo: {ask.token}")
    place = whole.rindex(ask.token.encode())
    yield whole[: place + 8 + ask.number % 24]
    yield CLOSE


@behaves(ECHOES)
def everything_said_back(ask: Ask) -> Iterator[Step]:
    """Says the whole request back, head and body, in a header and in a text node."""
    said = (ask.head + b"\r\n\r\n" + ask.body).decode("latin-1")
    safe = said.replace("&", "&amp;").replace("<", "&lt;")
    token = ask.token
    yield http(error("999", f"{safe} {token} {token.upper()}"), f"X-Request: {said.splitlines()[0][:4000]} {token}")
