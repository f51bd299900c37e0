"""Answers that want something fetched, opened, kept or sent; a plain-HTTP port that misbehaves alone."""

import itertools
from collections.abc import Callable, Iterator

from .honest import answer, body, drip, head, http, success
from .registry import CLOSE, HOLD, NONCONFORMING, RESET, At, Step, behaves, behaves_each
from .stage import Ask

REDIRECTS = "Redirects"
LURES = "Lures"
PLAIN = "The plain-HTTP port alone"
BREACH = frozenset({NONCONFORMING})
COOKIE = "lure-cookie-5b1f"


@behaves_each(
    REDIRECTS,
    {
        "300": "300 Multiple Choices",
        "301": "301 Moved Permanently",
        "302": "302 Found",
        "303": "303 See Other",
        "305": "305 Use Proxy",
        "307": "307 Temporary Redirect",
        "308": "308 Permanent Redirect",
    },
    alone={"301", "307"},
    exits=BREACH,
)
def redirect(ask: Ask, case: str) -> Iterator[Step]:
    """Redirects everything to another server, with status {}."""
    yield http(b"", f"Location: {ask.server.canary.url}", status=case)


PLACES: dict[str, Callable[[Ask], str]] = {
    "itself": lambda ask: ask.target,
    "the_next_number": lambda ask: f"/{ask.number}",
    "plain_http": lambda ask: ask.server.http_endpoint,
    "a_file": lambda ask: ask.server.bait.as_uri(),
    "another_scheme": lambda ask: ask.server.canary.url.replace("http", "ftp"),
    "an_address_without_scheme": lambda ask: ask.server.canary.url.removeprefix("http:"),
    "a_user_at_another_host": lambda ask: ask.server.canary.url.replace("//", "//localhost@"),
    "javascript": lambda _: "javascript:document.title='taken'",
    "data": lambda _: "data:text/html,<script>document.title='taken'</script>",
    "a_mebibyte_of_path": lambda ask: ask.server.canary.url + "/" + "a" * (1 << 20),
    "nonsense": lambda _: "http://[::1:99999999/\\\\%%%",
    "nothing": lambda _: "",
    "a_port_beyond_all": lambda _: "http://127.0.0.1:99999999999999999999/",
}


@behaves_each(
    REDIRECTS,
    PLACES,
    alone={"itself", "plain_http", "a_mebibyte_of_path", "javascript"},
)
def redirect_to(ask: Ask, case: Callable[[Ask], str]) -> Iterator[Step]:
    """Redirects everything to {}."""
    yield http(b"", f"Location: {case(ask)}", status="302 Found")


@behaves(REDIRECTS)
def redirect_then_honest(ask: Ask) -> Iterator[Step]:
    """Redirects every fourth request to another server, answers the others."""
    if ask.number % 4 == 0:
        yield http(b"", f"Location: {ask.server.canary.url}", status="307 Temporary Redirect")
    else:
        yield from answer(ask)


HEADERS: dict[str, Callable[[str], str]] = {
    "refresh": lambda url: f"Refresh: 0; url={url}",
    "location": lambda url: f"Location: {url}",
    "content_location": lambda url: f"Content-Location: {url}",
    "link": lambda url: f"Link: <{url}>; rel=preload, <{url}>; rel=stylesheet, <{url}>; rel=next",
    "alt_svc": lambda url: f'Alt-Svc: h2="{url.split("/")[2]}"; ma=86400, h3="{url.split("/")[2]}"',
    "report_to": lambda url: f'NEL: {{"report_to":"a"}}\r\nReport-To: {{"endpoints":[{{"url":"{url}"}}]}}',
    "source_map": lambda url: f"SourceMap: {url}\r\nX-SourceMap: {url}",
    "proxy": lambda url: f"Proxy: {url}\r\nX-Forwarded-Host: {url}\r\nHost: {url}",
}  # fmt: skip


@behaves_each(LURES, HEADERS)
def header_lure(ask: Ask, case: Callable[[str], str]) -> Iterator[Step]:
    """Answers honestly, with a header that points to another server: {}."""
    yield http(body(ask), case(ask.server.canary.url))


@behaves(LURES)
def meta_refresh(ask: Ask) -> Iterator[Step]:
    """Answers with an HTML page that redirects, embeds and frames."""
    url = ask.server.canary.url
    page = f'<html><head><meta http-equiv="refresh" content="0;url={url}"><script src="{url}"></script></head>'
    page += f'<body background="{url}"><img src="{url}"><iframe src="{url}"></iframe></body></html>'
    yield http(page.encode(), kind="text/html")


@behaves(LURES)
def cookies(ask: Ask) -> Iterator[Step]:
    """Sets cookies with every answer."""
    value = f"{COOKIE}-{ask.number}"
    yield http(
        body(ask),
        f"Set-Cookie: a={value}; Path=/",
        f"Set-Cookie: b={value}; Secure; HttpOnly; Max-Age=99999999",
    )


@behaves(LURES)
def cookies_by_the_thousand(ask: Ask) -> Iterator[Step]:
    """Sets five hundred cookies with every answer."""
    yield http(body(ask), *(f"Set-Cookie: c{number}={COOKIE}; Path=/" for number in range(500)))


@behaves(LURES)
def pair_that_is_an_address(ask: Ask) -> Iterator[Step]:
    """Lists a callback type that is an address, and one that is a path."""
    url, path = ask.server.canary.url, str(ask.server.bait)
    yield http(success(pairs=[("0", "HTTP GET"), ("6", "SOAP POST"), ("7", url), ("8", path)]))


# The plain-HTTP port alone. HTTPS is honest.


@behaves(PLAIN, at=At.PLAIN, exits=BREACH)
def plain_port_is_open(ask: Ask) -> Iterator[Step]:
    """Answers over plain HTTP as over HTTPS."""
    ask.secure = True
    yield from answer(ask)


@behaves(PLAIN, at=At.PLAIN)
def plain_port_is_silent(ask: Ask) -> Iterator[Step]:
    """Says nothing over plain HTTP."""
    yield HOLD


@behaves(PLAIN, at=At.PLAIN)
def plain_port_drips(ask: Ask) -> Iterator[Step]:
    """Answers over plain HTTP a byte a second."""
    yield from drip(http(body(ask)))


@behaves(PLAIN, at=At.PLAIN)
def plain_port_resets(ask: Ask) -> Iterator[Step]:
    """Resets the connection over plain HTTP."""
    yield RESET


@behaves(PLAIN, at=At.PLAIN, exits=BREACH)
def plain_port_redirects(ask: Ask) -> Iterator[Step]:
    """Redirects from plain HTTP to another server."""
    yield http(b"", f"Location: {ask.server.canary.url}", status="301 Moved Permanently")


@behaves(PLAIN, at=At.PLAIN, exits=BREACH)
def plain_port_redirects_to_https(ask: Ask) -> Iterator[Step]:
    """Redirects from plain HTTP to the endpoint itself, token and all."""
    yield http(b"", f"Location: {ask.server.endpoint}", status="308 Permanent Redirect")


@behaves(PLAIN, at=At.PLAIN)
def plain_port_floods(ask: Ask) -> Iterator[Step]:
    """Sends a body without end over plain HTTP."""
    yield head("Transfer-Encoding: chunked")
    for _ in itertools.count():
        yield b"10000\r\n" + b" " * 65536 + b"\r\n"


@behaves(PLAIN, at=At.PLAIN)
def plain_port_speaks_nonsense(ask: Ask) -> Iterator[Step]:
    """Answers over plain HTTP with a line that is no HTTP."""
    yield b"no\r\n\r\n"
    yield CLOSE


@behaves(PLAIN, at=At.PLAIN)
def plain_port_upgrades(ask: Ask) -> Iterator[Step]:
    """Asks over plain HTTP for an upgrade, and promises strict transport security."""
    yield http(
        body(ask),
        "Upgrade: TLS/1.2, HTTP/1.1",
        "Connection: Upgrade",
        "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload",
        status="426 Upgrade Required",
    )


@behaves(PLAIN, at=At.PLAIN)
def plain_port_opens_for_get_only_sometimes(ask: Ask) -> Iterator[Step]:
    """Answers one plain-HTTP request in three as over HTTPS."""
    ask.secure = ask.number % 3 == 0
    yield from answer(ask)
