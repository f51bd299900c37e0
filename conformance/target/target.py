"""Where an endpoint is and how it is reached. Nothing is sent from here.

Every value is checked before anything leaves this machine: one line that names what is wrong and what is allowed.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from conformance.contract.model import Contract
from conformance.target.configuration import BINDINGS, Binding, ConfigError, StateConfig, TargetConfig
from conformance.target.secrets import TOKEN, Secrets

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_AUTHORITY = re.compile(r"([^$/?#]+://[^/?#]*)(.*)", re.DOTALL)
_LIKE_A_TOKEN = re.compile(r"(?=.*[0-9]).{12,}")
_SECRET_NAME = re.compile(r"auth|cookie|token|secret|key|passw|credential|session", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2, token


class State(msgspec.Struct, frozen=True):
    """A provisioned state, ready for the wire: URLs and header values with placeholders for secrets."""

    code: str
    endpoint: str
    headers: tuple[tuple[str, str], ...]
    source_address: str
    proxy: str
    setup: tuple[str, ...]
    teardown: tuple[str, ...]
    timeout: float


class Target(msgspec.Struct, frozen=True):
    """The endpoint to be judged: URLs and header values with placeholders; `secrets` knows what they stand for."""

    name: str
    endpoint: str
    http_endpoint: str
    binding: Binding
    ca_file: str
    timeout: float
    headers: tuple[tuple[str, str], ...]
    clock_tolerance: float
    answer_budget: float
    accept: tuple[str, ...]
    proxy: str
    source_address: str
    allow_hostile_requests: bool
    max_body: int
    concurrency: int
    error_elements: tuple[str, str]
    states: dict[str, State]
    secrets: Secrets
    token_shape: str = ""

    @property
    def shown_endpoint(self) -> str:
        return self.secrets.shown(self.endpoint)

    @property
    def token_in_path(self) -> bool:
        return self.secrets.is_secret(urlsplit(self.endpoint).path)


def target(
    name: str,
    config: TargetConfig,
    contract: Contract,
    *,
    environment: Mapping[str, str] | None = None,
    base: Path | None = None,
) -> Target:
    """The target, checked in every dimension. Relative paths are looked up from `base`. Raises ConfigError."""
    maker = _Maker(name, contract, os.environ if environment is None else environment, base or Path.cwd())
    return maker.make(config)


class _Maker:
    """Checks one target's configuration, value by value."""

    def __init__(self, name: str, contract: Contract, environment: Mapping[str, str], base: Path) -> None:
        self.name, self.contract, self.environment, self.base = name, contract, environment, base
        self.secrets = Secrets()

    def make(self, config: TargetConfig) -> Target:
        if config.binding not in BINDINGS:
            raise self.wrong("binding", f"{config.binding!r} is unknown", f"one of {', '.join(BINDINGS)}")
        endpoint = self.url(config.endpoint, "endpoint", ("https",))
        shape = _shape(self.filled(config.endpoint, "endpoint"), self.contract.call.name)
        http = config.http_endpoint or _plain(endpoint)
        return Target(
            name=self.name,
            endpoint=endpoint,
            http_endpoint=self.url(http, "http_endpoint", ("http",)) if config.http_endpoint else http,
            binding=config.binding,
            ca_file=self.ca_file(config.ca_file),
            timeout=config.timeout,
            headers=self.headers(config.headers, "headers"),
            clock_tolerance=config.clock_tolerance,
            answer_budget=config.answer_budget,
            accept=self.accept(config.accept),
            proxy=self.proxy(config.proxy, "proxy"),
            source_address=self.address(config.source_address, "source_address"),
            allow_hostile_requests=config.allow_hostile_requests,
            max_body=config.max_body,
            concurrency=config.concurrency,
            error_elements=self.elements(config.error_element, config.description_element),
            states={code: self.state(code, state) for code, state in config.states.items()},
            secrets=self.secrets,
            token_shape=shape,
        )

    def wrong(self, key: str, what: str, allowed: str) -> ConfigError:
        return ConfigError(f"target {self.name}: {key}: {what}; allowed: {allowed}")

    def filled(self, text: str, key: str) -> str:
        """The text with `${NAME}` taken from the environment."""

        def value(match: re.Match[str]) -> str:
            if not self.environment.get(match[1]):
                raise self.wrong(
                    key, f"the environment variable {match[1]} is not set", "a variable that has a value"
                )
            return self.environment[match[1]]

        return _VARIABLE.sub(value, text)

    def kept(self, text: str, key: str, shown: str) -> str:
        """The text with every `${NAME}` kept as a secret."""
        return _VARIABLE.sub(lambda m: self.secrets.hide(self.filled(m[0], key), shown), text)

    def url(self, text: str, key: str, schemes: tuple[str, ...]) -> str:
        """A URL that can be sent to, its secrets replaced by placeholders."""
        if re.search(r"\$(?!\{[A-Za-z_][A-Za-z0-9_]*\})[A-Za-z_{]", text):
            raise self.wrong(
                key, "a $ begins no variable", "variables as in ${NAME}, and %24 for a $ in a URL"
            )
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
        if not parts.hostname or port == 0 or not _host_is_valid(parts.hostname):
            raise self.wrong(key, "the URL has no usable host or port", allowed)
        if parts.username or parts.password:
            raise self.wrong(
                key, "credentials stand in the URL", "credentials in `headers`, e.g. Authorization"
            )
        if parts.fragment:
            raise self.wrong(key, "the URL has a fragment", "a URL without #")
        return self._hidden(self._kept_in_path(text, key), plain=schemes == ("http",))

    def _kept_in_path(self, text: str, key: str) -> str:
        """The URL with every `${NAME}` in its path and query kept as a secret; scheme, host and port are none."""
        while not (parts := _AUTHORITY.match(text)):
            text = _VARIABLE.sub(lambda m: self.filled(m[0], key), text, count=1)
        return self.filled(parts[1], key) + self.kept(parts[2], key, TOKEN)

    def _hidden(self, text: str, *, plain: bool) -> str:
        """The URL with a token written out in its path, and the values of its query, kept as secrets."""
        parts = urlsplit(text)
        segments = parts.path.split("/")
        spots = [i for i, s in enumerate(segments) if s and s != self.contract.call.name]
        for i in spots:
            segment = segments[i]
            if not self.secrets.is_secret(segment) and (
                _LIKE_A_TOKEN.fullmatch(segment) or (i == spots[-1] and not plain)
            ):
                segments[i] = self.secrets.hide(segment, TOKEN)
        query = "&".join(self._query_part(part) for part in parts.query.split("&")) if parts.query else ""
        return urlunsplit((parts.scheme, parts.netloc, "/".join(segments), query, ""))

    def _query_part(self, part: str) -> str:
        key, equals, value = part.partition("=")
        known = self.secrets.is_secret(value) or not value
        return part if known else f"{key}{equals}{self.secrets.hide(value)}"

    def headers(self, headers: dict[str, str], key: str) -> tuple[tuple[str, str], ...]:
        return tuple((name, self.header(name, value, key)) for name, value in headers.items())

    def header(self, name: str, value: str, key: str) -> str:
        filled = self.filled(value, f"{key}.{name}")
        if not _HEADER_NAME.fullmatch(name):
            raise self.wrong(
                key, f"{name!r} is no name of a header field", "letters, digits and !#$%&'*+-.^_`|~"
            )
        if name.lower() in {"host", "content-length", "transfer-encoding", "connection"}:
            raise self.wrong(key, f"{name} is set by the suite itself", "any other header field")
        if re.search(r"[^\x20-\x7e\t]", filled) or filled != filled.strip():
            raise self.wrong(
                f"{key}.{name}", "the value has characters that no header may carry", "printable ASCII"
            )
        return self.secrets.hide(filled) if _SECRET_NAME.search(name) or _VARIABLE.search(value) else filled

    def ca_file(self, text: str) -> str:
        if not text:
            return ""
        file = self.base / self.filled(text, "ca_file")
        try:
            ssl.create_default_context(cafile=str(file))
        except FileNotFoundError:
            raise self.wrong(
                "ca_file", f"there is no file {file}", "a PEM file with CA certificates"
            ) from None
        except (OSError, ssl.SSLError):
            raise self.wrong("ca_file", f"{file} is not a PEM file with certificates", "a PEM file") from None
        return str(file)

    def elements(self, error: str, description: str) -> tuple[str, str]:
        for key, name in (("error_element", error), ("description_element", description)):
            if not re.fullmatch(r"[^\W\d][\w.-]*", name):
                raise self.wrong(key, f"{name!r} is no name of an element", "letters, digits, _, - and .")
        if error == description:
            raise self.wrong("description_element", f"it is {error} too", "another name than error_element's")
        return error, description

    def accept(self, names: list[str]) -> tuple[str, ...]:
        known = self.contract.interpretations
        allowed = ", ".join(i.id for i in known.values() if i.acceptable)
        for name in names:
            if name not in known or not known[name].acceptable:
                what = (
                    "is decided by the page alone"
                    if name in known
                    else "is no interpretation of the register"
                )
                raise self.wrong("accept", f"{name} {what}", allowed)
        return tuple(dict.fromkeys(names))

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
        if not usable or re.search(r"[\x00-\x20\x7f\\]", filled) or not _host_is_valid(parts.hostname or ""):
            raise self.wrong(key, "is no proxy URL", allowed)
        userinfo, _, place = parts.netloc.rpartition("@")
        if not userinfo:
            return filled
        # The header that will carry them (RFC 7617) is the secret; its placeholder stands where they stood.
        self.secrets.hide(unquote(userinfo))
        basic = base64.b64encode(unquote(userinfo).encode()).decode()
        return f"{parts.scheme}://{self.secrets.hide(basic)}@{place}"

    def address(self, text: str, key: str) -> str:
        try:
            ipaddress.ip_address(text or "::")
        except ValueError:
            raise self.wrong(key, f"{text!r} is no IP address", "a local IPv4 or IPv6 address") from None
        return text

    def state(self, code: str, config: StateConfig) -> State:
        if code not in self.contract.errors:
            raise self.wrong(
                "states", f"{code!r} is no documented error code", ", ".join(self.contract.errors)
            )
        key = f"states.{code}"
        schemes = ("http",) if self.contract.errors[code].provoked == "plain-http" else ("https",)
        if not (config.endpoint or config.headers or config.source_address or config.proxy or config.setup):
            allowed = "at least one of endpoint, headers, source_address, proxy, setup"
            raise self.wrong(key, "nothing says how the state is reached", allowed)
        return State(
            code=code,
            endpoint=self.url(config.endpoint, f"{key}.endpoint", schemes) if config.endpoint else "",
            headers=self.headers(config.headers, f"{key}.headers"),
            source_address=self.address(config.source_address, f"{key}.source_address"),
            proxy=self.proxy(config.proxy, f"{key}.proxy"),
            setup=tuple(self.filled(word, f"{key}.setup") for word in config.setup),
            teardown=tuple(self.filled(word, f"{key}.teardown") for word in config.teardown),
            timeout=config.timeout,
        )


def _host_is_valid(host: str) -> bool:
    try:
        host.encode("idna" if not host.isascii() else "ascii")
    except UnicodeError:
        return False
    return bool(re.fullmatch(r"[^\s/?#@%<>^|{}\"`]{1,253}", host))


def _plain(endpoint: str) -> str:
    """The same URL over plain HTTP, on port 80."""
    parts = urlsplit(endpoint)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return urlunsplit(("http", host, parts.path, parts.query, ""))


def _shape(endpoint: str, call: str) -> str:
    """The token of an endpoint with every digit as 0 and every letter as A, a or z: enough to make another.

    The token is the last segment of the path that is not the service call's name; "" where there is none.
    """
    segments = [s for s in urlsplit(endpoint).path.split("/") if s and s != call]
    shape = segments[-1] if segments else ""
    for letters, letter in (("[0-9]", "0"), ("[A-Z]", "A"), ("[g-y]", "z"), ("[b-f]", "a")):
        shape = re.sub(letters, letter, shape)
    return shape
