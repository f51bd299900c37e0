"""Names of hosts: what can be looked up and asked for."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit, urlunsplit

import idna


def host_is_valid(host: str) -> bool:
    """Whether a host can be asked for: an address, or labels that IDNA 2008 allows (RFC 5891).

    An underscore and the like is left to the name server: names of internal networks have them.
    """
    if ":" in host:
        return _is_address(host)
    if len(host) > 253 or not re.fullmatch(r"[^\s/?#@%<>^|{}\"`\[\]\\]+", host):
        return False
    try:
        return all(_label_is_valid(label) for label in host.lower().removesuffix(".").split("."))
    except (idna.IDNAError, UnicodeError):
        return False


def with_ascii_host(url: str) -> str:
    """The URL with its host, a valid one, as it travels: in ASCII."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.isascii():
        return url
    labels = (label if label.isascii() else idna.encode(label).decode() for label in host.split("."))
    return urlunsplit(parts._replace(netloc=".".join(labels) + (f":{parts.port}" if parts.port else "")))


def _label_is_valid(label: str) -> bool:
    if not label.isascii():
        idna.encode(label)
    elif label.startswith("xn--"):
        idna.decode(label)
    return 0 < len(label) <= 63


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text.replace("%", "x"))  # a zone is this machine's, and no URL has it (RFC 9844)
    except ValueError:
        return False
    return True
