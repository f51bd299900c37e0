"""Where an endpoint is and how it is reached. Nothing is sent from here.

Every value is checked before anything leaves this machine: one line that names what is wrong and what is allowed.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.target.certificates import WrongFile, check_authorities, check_client
from conformance.target.configuration import (
    BINDINGS,
    Binding,
    ConfigError,
    StateConfig,
    TargetConfig,
    made,
    read_config,
    target_names,
)
from conformance.target.hiding import Hider
from conformance.target.hosts import host_is_valid, with_ascii_host
from conformance.target.secrets import TOKEN, Secrets
from conformance.target.writings import SHORTEST

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
    folder: str = ""  # where commands start; "" is the current one


class Target(msgspec.Struct, frozen=True):
    """The endpoint to be judged: URLs and header values with placeholders; `secrets` knows what they stand for."""

    name: str
    endpoint: str
    http_endpoint: str
    binding: Binding
    ca_file: str
    client_cert: str
    client_key: str
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
    token: str = ""  # in the path of the endpoint
    http_token: str = ""  # that may be shown to the clear

    @classmethod
    def of(cls, endpoint: str, *, name: str = "endpoint", **settings: object) -> Target:
        """The target at a URL, with settings named as in a configuration file. Raises ConfigError."""
        return target(name, made({"endpoint": endpoint} | settings, name), documented())

    @classmethod
    def read(cls, file: Path | str, name: str) -> Target:
        """A target of a configuration file. Raises ConfigError."""
        file = Path(file)
        found = read_config(file, name)
        if name not in found:
            raise ConfigError(
                f"{file} has no target {name!r}; allowed: {', '.join(target_names(file)) or 'none'}"
            )
        return target(name, found[name], documented(), base=file.resolve().parent)

    @property
    def shown_endpoint(self) -> str:
        return self.secrets.shown(self.endpoint)


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
        self.hider = Hider(self.secrets, self.variable, contract.calls)

    def make(self, config: TargetConfig) -> Target:
        if config.binding not in BINDINGS:
            raise self.wrong("binding", f"{config.binding!r} is unknown", f"one of {', '.join(BINDINGS)}")
        endpoint = self.url(config.endpoint, "endpoint", ("https",))
        self.listed(config.secrets)
        http = config.http_endpoint or _plain(endpoint)
        client_cert, client_key = self.client(config.client_cert, config.client_key)
        return Target(
            name=self.name,
            endpoint=endpoint,
            http_endpoint=self.url(http, "http_endpoint", ("http",)) if config.http_endpoint else http,
            binding=config.binding,
            ca_file=self.ca_file(config.ca_file),
            client_cert=client_cert,
            client_key=client_key,
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
            token=self.hider.token,
            http_token=self.http_token(config.http_token),
        )

    def wrong(self, key: str, what: str, allowed: str) -> ConfigError:
        return ConfigError(f"target {self.name}: {key}: {what}; allowed: {allowed}")

    def variable(self, name: str, key: str) -> str:
        """What the environment has for `${NAME}`."""
        if not self.environment.get(name):
            raise self.wrong(
                key, f"the environment variable {name} is not set", "a variable that has a value"
            )
        return self.environment[name]

    def filled(self, text: str, key: str) -> str:
        """The text with `${NAME}` taken from the environment."""
        return self.hider.filled(text, key)[0]

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
        bracketed = "[" in parts.netloc and ":" not in (parts.hostname or "")
        if not parts.hostname or port == 0 or bracketed or not host_is_valid(parts.hostname):
            raise self.wrong(key, "the URL has no usable host or port", allowed)
        if parts.username or parts.password:
            raise self.wrong(
                key, "credentials stand in the URL", "credentials in `headers`, e.g. Authorization"
            )
        if parts.fragment:
            raise self.wrong(key, "the URL has a fragment", "a URL without #")
        return with_ascii_host(self.hider.url(text, key, plain=schemes == ("http",)))

    def http_token(self, text: str) -> str:
        """The placeholder of the token for plain HTTP; "" where there is none."""
        if not text:
            return ""
        filled, variables = self.hider.filled(text, "http_token")
        if re.search(r"[^\x21-\x7e]|[/?#\\]|%(?![0-9A-Fa-f]{2})", filled):
            allowed = "one segment of a path, percent-encoded where necessary"
            raise self.wrong("http_token", "it has characters that no segment of a path may have", allowed)
        own = (
            variables[0].name if len(variables) == 1 and text.startswith("${") and text.endswith("}") else ""
        )
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
            raise self.wrong(
                key, f"{name!r} is no name of a header field", "letters, digits and !#$%&'*+-.^_`|~"
            )
        if name.lower() in {"host", "content-length", "transfer-encoding", "connection"}:
            raise self.wrong(key, f"{name} is set by the suite itself", "any other header field")
        if re.search(r"[^\x20-\x7e\t]", filled) or filled != filled.strip():
            raise self.wrong(
                f"{key}.{name}", "the value has characters that no header may carry", "printable ASCII"
            )
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
        if any("\0" in word for word in words) or (words and not words[0].strip()):
            what = "it names no command, or a word has a NUL in it"
            raise self.wrong(key, what, 'a list such as ["./block-my-address", "on"]')
        return self.hider.words(words, key)

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
            setup=self.command(config.setup, f"{key}.setup"),
            teardown=self.command(config.teardown, f"{key}.teardown"),
            timeout=config.timeout,
            folder=str(self.base),
        )


def _plain(endpoint: str) -> str:
    """The same URL over plain HTTP, on port 80."""
    parts = urlsplit(endpoint)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return urlunsplit(("http", host, parts.path, parts.query, ""))
