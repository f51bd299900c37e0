"""The forms that values of parameters have: whether a value is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _are_addresses(value: str) -> bool:
    try:
        return bool([IPv4Address(one) for one in value.split(",")])
    except ValueError:
        return False


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", value)
    except ValueError:
        return False


FORMS: dict[str, Callable[[str], bool]] = {
    "text": lambda _: True,
    "digits": _matches("[0-9]+"),
    "id": _matches("0|[1-9][0-9]*"),
    "hex": _matches("[0-9a-f]+"),
    "letters-digits": _matches("[A-Za-z0-9]+"),
    "ip": _is_address,
    "ip-list": _are_addresses,
    "e-mail": _matches(r"[^@\s]+@[^@\s]+"),
    "url": _is_url,
}
