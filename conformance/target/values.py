"""The values of one target, each checked before anything leaves this machine, its secrets replaced by placeholders.

One line for whatever is wrong: it names the key, and what is allowed.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance.contract.given import ConfigError
from conformance.target.certificates import WrongFile, check_authorities, check_client
from conformance.target.hiding import Hider
from conformance.target.hosts import host_is_valid, with_ascii_host
from conformance.target.secrets import TOKEN, Secrets
from conformance.target.writings import SHORTEST

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2, token

# What a file of variables put around a value, and places that nobody filled in: "...", <TOKEN>, {token}, %TOKEN%. Other
# characters that no URL may contain are in keys that people have, and are sent encoded.
_UNFILLED = re.compile(r"[/=]\"[^\"]*\"(?=[/&]|$)|<\w[\w -]*>|\{ ?\w[\w .-]*\}|%(?![0-9A-Fa-f]{2})\w+%")


class Values:
    """Checks values one by one. Whatever is wrong raises ConfigError."""

    def __init__(self, name: str, calls: Collection[str], environment: Mapping[str, str], base: Path) -> None:
        self.name, self.environment, self.base = name, environment, base
        self.secrets = Secrets()
        self.hider = Hider(self.secrets, self.variable, calls)

    def wrong(self, key: str, what: str, allowed: str) -> ConfigError:
        return ConfigError(f"target {self.name}: {key}: {what}; allowed: {allowed}")

    def variable(self, name: str, key: str) -> str:
        """What the environment has for `${NAME}`."""
        if not (value := self.environment.get(name)):
            how = "not set" if value is None else "empty"
            raise self.wrong(key, f"the environment variable {name} is {how}", "a variable that has a value")
        return value

    def filled(self, text: str, key: str) -> str:
        """The text with `${NAME}` taken from the environment."""
        return self.hider.filled(text, key)[0]

    def url(self, text: str, key: str, schemes: tuple[str, ...]) -> str:
        """A URL that can be sent to, its secrets replaced by placeholders."""
        if re.search(r"\$(?!\{[A-Za-z_][A-Za-z0-9_]*\})[A-Za-z_{]", text):
            raise self.wrong(key, "a $ begins no variable", "variables as in ${NAME}, and %24 for a $ in a URL")
        filled = self.filled(text, key)
        allowed = f"an absolute {' or '.join(schemes)} URL such as {schemes[0]}://host/TOKEN"
        if re.search(r"[\x00-\x20\x7f\\]", filled):
            raise self.wrong(key, "the URL contains white space, a control character or a backslash", allowed)
        try:
            parts = urlsplit(filled)
            port = parts.port
        except ValueError:
            raise self.wrong(key, "the URL has a wrong host or port", "a port from 1 to 65535") from None
        if parts.scheme not in schemes:
            raise self.wrong(key, f"the scheme is {parts.scheme or 'missing'}", allowed)
        if ":" in (parts.hostname or "") and "%" in (parts.hostname or ""):
            said = "the URL names an IPv6 zone, which is this machine's alone and which no URL has (RFC 9844)"
            raise self.wrong(key, said, "an address without %, or a name of the host")
        bracketed = "[" in parts.netloc and ":" not in (parts.hostname or "")
        if not parts.hostname or port == 0 or bracketed or not host_is_valid(parts.hostname):
            raise self.wrong(key, "the URL has no usable host or port", allowed)
        if parts.username or parts.password:
            raise self.wrong(key, "credentials stand in the URL", "credentials in `headers`, e.g. Authorization")
        if parts.fragment:
            raise self.wrong(key, "the URL has a fragment", "a URL without #")
        if odd := _UNFILLED.search(filled):
            first = next(mark for mark in odd[0] if mark in '"<{%')
            raise self.wrong(key, f"the URL contains {first}, as none may", f"%{ord(first):02X} in its place")
        return with_ascii_host(self.hider.url(text, key, plain=schemes == ("http",)))

    def headers(self, headers: dict[str, str], key: str) -> tuple[tuple[str, str], ...]:
        spelled: dict[str, str] = {}
        for name in headers:
            if other := spelled.get(name.lower()):
                raise self.wrong(key, f"{other} and {name} are one header field", "each name once")
            spelled[name.lower()] = name
        return tuple((name, self.header(name, value, key)) for name, value in headers.items())

    def header(self, name: str, value: str, key: str) -> str:
        filled = self.filled(value, f"{key}.{name}")
        if not _HEADER_NAME.fullmatch(name):
            raise self.wrong(key, f"{name!r} is no name of a header field", "letters, digits and !#$%&'*+-.^_`|~")
        if name.lower() in {"host", "content-length", "transfer-encoding", "connection"}:
            raise self.wrong(key, f"{name} is set by the suite itself", "any other header field")
        if re.search(r"[^\x20-\x7e\t]", filled) or filled != filled.strip():
            raise self.wrong(f"{key}.{name}", "the value has characters that no header may carry", "printable ASCII")
        return self.hider.header(name, value, f"{key}.{name}")

    def ca_file(self, text: str) -> str:
        if not text:
            return ""
        file = self.base / self.filled(text, "ca_file")
        try:
            check_authorities(file)
        except WrongFile as error:
            raise self.wrong(error.key, str(error), error.allowed) from None
        return str(file)

    def client(self, certificate: str, key: str) -> tuple[str, str]:
        """The client's certificate and key; a key may stand in the file of its certificate."""
        if not certificate:
            if key:
                raise self.wrong("client_key", "there is no client_cert", "client_key beside client_cert")
            return "", ""
        file = self.base / self.filled(certificate, "client_cert")
        key_file = self.base / self.filled(key, "client_key") if key else file
        try:
            check_client(file, key_file)
        except WrongFile as error:
            raise self.wrong(error.key, str(error), error.allowed) from None
        return str(file), str(key_file)

    def elements(self, error: str, description: str) -> tuple[str, str]:
        for key, name in (("error_element", error), ("description_element", description)):
            if not re.fullmatch(r"[^\W\d][\w.-]*", name):
                raise self.wrong(key, f"{name!r} is no name of an element", "letters, digits, _, - and .")
        if error == description:
            raise self.wrong("description_element", f"it is {error} too", "another name than error_element's")
        return error, description

    def proxy(self, text: str, key: str) -> str:
        if not text:
            return ""
        filled = self.filled(text, key)
        allowed = "http://HOST:PORT or https://HOST:PORT"
        try:
            parts = urlsplit(filled)
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or re.search(r"[\x00-\x20\x7f\\]", filled) or not host_is_valid(parts.hostname or ""):
            raise self.wrong(key, "is no proxy URL", allowed)
        userinfo, _, place = parts.netloc.rpartition("@")
        if not userinfo:
            return filled
        # The header that will carry them (RFC 7617) is the secret; its placeholder stands where they stood.
        basic = base64.b64encode(unquote(userinfo).encode()).decode()
        return f"{parts.scheme}://{self.hider.userinfo(basic, key)}@{place}"

    def address(self, text: str, key: str) -> str:
        try:
            ipaddress.ip_address(text or "::")
        except ValueError:
            raise self.wrong(key, f"{text!r} is no IP address", "a local IPv4 or IPv6 address") from None
        return text

    def command(self, words: list[str], key: str) -> tuple[str, ...]:
        """A command of a state, which starts from the folder of the file."""
        if any("\0" in word for word in words) or (words and not words[0].strip()):
            what = "it names no command, or a word has a NUL in it"
            raise self.wrong(key, what, 'a list such as ["./block-my-address", "on"]')
        if words and not self._is_there(self.filled(words[0], key)):
            what = f"there is no command {words[0]} that this user may run"
            raise self.wrong(key, what, "a program of the PATH, or a path from the folder of the file")
        return self.hider.words(words, key)

    def _is_there(self, command: str) -> bool:
        return which(str(self.base / command) if os.sep in command else command) is not None

    def any(self, value: Any, key: str) -> Any:
        """A value of whatever kind, its variables filled in."""
        if isinstance(value, str):
            return self.hider.words([value], key)[0]
        if isinstance(value, dict):
            return {name: self.any(one, f"{key}.{name}") for name, one in value.items()}
        return self.hider.words(value, key) if isinstance(value, list) else value

    def http_token(self, text: str) -> str:
        """The placeholder of the token for plain HTTP; "" where there is none."""
        if not text:
            return ""
        filled, variables = self.hider.filled(text, "http_token")
        if re.search(r"[^\x21-\x7e]|[/?#\\]|%(?![0-9A-Fa-f]{2})", filled):
            allowed = "one segment of a path, percent-encoded where necessary"
            raise self.wrong("http_token", "it has characters that no segment of a path may have", allowed)
        own = variables[0].name if len(variables) == 1 and text.startswith("${") and text.endswith("}") else ""
        shell = self.secrets.variable(own or "HTTP_TOKEN", own=bool(own))
        return self.secrets.hide(filled, TOKEN, place="http_token", shell=shell)

    def listed(self, texts: list[str]) -> None:
        """Keep what the setting `secrets` lists."""
        for number, text in enumerate(texts, 1):
            filled, _ = self.hider.filled(text, "secrets")
            if len(filled) < SHORTEST:
                what = f"the value of number {number} is too short to be looked for"
                raise self.wrong("secrets", what, f"values of {SHORTEST} characters or more")
            self.secrets.hide(filled, place="secrets")
