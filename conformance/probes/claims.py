"""Claims of HTTPS: header fields by which a proxy tells a server that the client spoke HTTPS (RFC 7239 and custom).

Servers and frameworks read them in different words: Rack takes `wss`, Symfony `on` and `ssl`, gunicorn
`X-Forwarded-Protocol: ssl`; of a list Django takes the first, ASP.NET Core and Werkzeug the last, Tomcat all. The
fields of one set agree in the eyes of a server that compares them (gunicorn refuses those that do not).
"""

from __future__ import annotations

Fields = tuple[tuple[str, str], ...]

# The usual ones: those that most servers read each in a request of its own, the others in two, lest one hides another.
ALONE: Fields = (
    ("X-Forwarded-Proto", "https"),
    ("Forwarded", "for=192.0.2.1;proto=https"),
    ("Front-End-Https", "on"),
    ("X-Forwarded-Ssl", "on"),
)
_FORWARDED: Fields = (("X-Forwarded-Protocol", "https"), ("X-Forwarded-Scheme", "https"), ("X-Forwarded-Port", "443"))
_OTHERS: Fields = (
    ("X-Url-Scheme", "https"),
    ("X-Scheme", "https"),
    ("CloudFront-Forwarded-Proto", "https"),
    ("X-Original-Proto", "https"),
    ("X-ARR-SSL", "2048|256|C=US|CN=localhost"),
)
# Of single products and hosts.
RARE: Fields = (
    ("Cf-Visitor", '{"scheme":"https"}'),
    ("Fastly-SSL", "1"),
    ("Https", "on"),
    ("Proxy-Ssl-Id", "session"),  # Jetty
    ("Referer", "https://localhost/"),
    ("Ssl-Client-Verify", "SUCCESS"),
    ("Ssl-Offloaded", "1"),
    ("Upgrade-Insecure-Requests", "1"),
    ("WL-Proxy-SSL", "true"),  # WebLogic
    ("$WSIS", "true"),  # WebSphere
    ("$WSSC", "https"),
    ("X-AppEngine-Https", "on"),
    ("X-AppService-Proto", "https"),  # Azure
    ("X-Client-Scheme", "https"),
    ("X-Forwarded-Host", "localhost:443"),
    ("X-Forwarded-Https", "on"),
    ("X-Forwarded-Tlsversion", "1.3"),
    ("X-Https", "on"),
    ("X-Original-Scheme", "https"),
    ("X-Proto", "https"),
    ("X-Proxied-Https", "on"),
    ("X-Real-IP", "127.0.0.1"),
    ("X-Real-Scheme", "https"),
    ("X-Secure", "1"),
    ("X-Server-Port", "443"),
    ("X-SSL", "on"),
    ("X-SSL-Protocol", "TLSv1.3"),
    ("X-SSL-Cipher", "TLS_AES_128_GCM_SHA256"),
)
# The usual ones otherwise, a few more, and the mere look of a proxy.
SPELLED_OTHERWISE: Fields = (
    ("Forwarded", 'proto="https"'),
    ("Front-End-Https", "1"),
    ("SSL", "on"),
    ("Via", "1.1 proxy.invalid"),
    ("X-Client-Proto", "https"),
    ("X-Forwarded-For", "192.0.2.1"),
    ("X-Forwarded-Proto", "HTTPS"),
    ("X-Forwarded-Scheme", "HTTPS"),
    ("X-Forwarded-Ssl", "1"),
    ("X-Real-Proto", "https"),
)


def _listed(first: str, last: str) -> Fields:
    return (
        ("X-Forwarded-Proto", f"{first}, {last}"),
        ("Forwarded", f"for=192.0.2.1;proto={first}, for=198.51.100.1;proto={last}"),
        ("X-Forwarded-Scheme", f"{first}, {last}"),
        ("X-Forwarded-Port", f"{'443' if first == 'https' else '80'}, {'443' if last == 'https' else '80'}"),
        ("X-Forwarded-For", "127.0.0.1, 127.0.0.1"),
        ("X-Scheme", f"{first}, {last}"),
    )


def _said(word: str) -> Fields:
    names = ("X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Scheme", "X-Url-Scheme", "X-Scheme")
    return (*((name, word) for name in names), ("Forwarded", f"for=192.0.2.1;proto={word}"))


# By every binding.
EVERY_USUAL: Fields = tuple(
    (name, "ssl" if name == "X-Forwarded-Protocol" else value) for name, value in (*ALONE, *_FORWARDED, *_OTHERS)
)
# By the target's binding.
TOGETHER: tuple[tuple[str, str, Fields], ...] = (
    ("forwarded-otherwise", "HTTPS by three fields of proxies", _FORWARDED),
    ("others", "HTTPS by five other usual fields", _OTHERS),
    ("rare", "HTTPS in every rare way", RARE),
    ("spelled-otherwise", "HTTPS spelled otherwise", SPELLED_OTHERWISE),
    ("list", "HTTPS twice in a list", tuple((n, v.replace(", ", ",")) for n, v in _listed("https", "https"))),
    ("list-first", "HTTPS first in a list", _listed("https", "http")),
    ("list-last", "HTTPS last in a list", _listed("http", "https")),
    ("web-socket", "WebSocket over TLS", _said("wss")),
    ("other-words", "HTTPS in other words", (*_said("ssl"), ("Front-End-Https", "yes"), ("X-Https", "1"))),
)
