"""Where an endpoint is and how it is reached. Nothing is sent from here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.contract.spelling import meant
from conformance.target.asked import chosen, filled
from conformance.target.configuration import Settings, complete, read_config, target_names
from conformance.target.labels import labelled
from conformance.target.secrets import Secrets
from conformance.target.settings import Binding
from conformance.target.values import Values


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
    more: dict[str, Any] = {}  # settings that have no field here, by key


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
    calls: tuple[str, ...]
    values: dict[str, str]  # of parameters, by name
    token: str = ""  # in the path of the endpoint
    http_token: str = ""  # that may be shown to the clear
    labels: dict[str, str] = {}  # who or what is judged, as it is shown
    left_out: tuple[str, ...] = ()  # calls that it names, and that an option has left out
    more: dict[str, Any] = {}  # settings that have no field here, by key

    @classmethod
    def of(cls, endpoint: str, *, name: str = "endpoint", **settings: object) -> Target:
        """The target at a URL, with settings named as in a configuration file. Raises ConfigError."""
        return target(name, {"endpoint": endpoint, **settings}, documented())

    @classmethod
    def read(cls, file: Path | str, name: str) -> Target:
        """A target of a configuration file. Raises ConfigError."""
        file = Path(file)
        found = read_config(file, name)
        if name not in found:
            raise ConfigError(
                f"{file} has no target {name!r}{meant(name, found)}; allowed: {', '.join(target_names(file)) or 'none'}"
            )
        return target(name, found[name], documented(), base=file.resolve().parent)

    @property
    def shown_endpoint(self) -> str:
        return self.secrets.shown(self.endpoint)


def target(
    name: str,
    settings: Settings,
    contract: Contract,
    *,
    environment: Mapping[str, str] | None = None,
    base: Path | None = None,
) -> Target:
    """The target, checked in every dimension. Relative paths are looked up from `base`. Raises ConfigError."""
    values = Values(name, contract.calls, os.environ if environment is None else environment, base or Path.cwd())
    try:
        said = complete(settings, "target", f"targets.{name}")
    except ConfigError as error:
        raise ConfigError(f"target {name}: {error}") from None
    # What is found to be a secret first is named for that place.
    said["endpoint"] = values.url(said["endpoint"], "endpoint", ("https",))
    values.listed(said.pop("secrets"))
    http = said["http_endpoint"]
    said["http_endpoint"] = values.url(http, "http_endpoint", ("http",)) if http else _plain(said["endpoint"])
    said["client_cert"], said["client_key"] = values.client(said["client_cert"], said["client_key"])
    said["ca_file"] = values.ca_file(said["ca_file"])
    said["headers"] = values.headers(said["headers"], "headers")
    said["accept"] = _accept(values, said["accept"], contract)
    said["proxy"] = values.proxy(said["proxy"], "proxy")
    said["source_address"] = values.address(said["source_address"], "source_address")
    said["error_elements"] = values.elements(said.pop("error_element"), said.pop("description_element"))
    said["states"] = {code: _state(values, code, state, contract) for code, state in said["states"].items()}
    said["http_token"] = values.http_token(said["http_token"])
    said["calls"] = chosen(values, said["calls"], said.pop("allow_effects"), contract)
    said["values"] = filled(values, said["values"], said["calls"], contract)
    said["labels"] = labelled(values, said["labels"])  # last: every secret is known by now
    return Target(name=name, secrets=values.secrets, token=values.hider.token, **_fields(Target, said, values))


def _fields(kind: type[msgspec.Struct], said: dict[str, Any], values: Values, place: str = "") -> dict[str, Any]:
    """What a record is made of: its fields, and the rest under `more`."""
    fields = kind.__struct_fields__
    rest = {key: values.any(value, f"{place}{key}") for key, value in said.items() if key not in fields}
    return {key: value for key, value in said.items() if key in fields} | {"more": rest}


def _state(values: Values, code: str, said: dict[str, Any], contract: Contract) -> State:
    if code not in contract.errors:
        what = f"{code!r} is no documented error code"
        raise values.wrong("states", what, ", ".join(contract.errors))
    key = f"states.{code}"
    schemes = ("http",) if contract.errors[code].provoked == "plain-http" else ("https",)
    ways = ("endpoint", "headers", "source_address", "proxy", "setup")
    if not any(said[way] for way in ways):
        raise values.wrong(key, "nothing says how the state is reached", f"at least one of {', '.join(ways)}")
    if said["endpoint"]:
        said["endpoint"] = values.url(said["endpoint"], f"{key}.endpoint", schemes)
    said["headers"] = values.headers(said["headers"], f"{key}.headers")
    said["source_address"] = values.address(said["source_address"], f"{key}.source_address")
    said["proxy"] = values.proxy(said["proxy"], f"{key}.proxy")
    said["setup"] = values.command(said["setup"], f"{key}.setup")
    said["teardown"] = values.command(said["teardown"], f"{key}.teardown")
    return State(code=code, folder=str(values.base), **_fields(State, said, values, f"{key}."))


def _accept(values: Values, names: list[str], contract: Contract) -> tuple[str, ...]:
    known = contract.interpretations
    for name in names:
        if name not in known or not known[name].acceptable:
            what = "is decided by the page alone" if name in known else "is no interpretation of the register"
            allowed = [one.id for one in known.values() if one.acceptable]
            raise values.wrong(
                "accept", f"{name} {what}{'' if name in known else meant(name, allowed)}", ", ".join(allowed)
            )
    return tuple(dict.fromkeys(names))


def _plain(endpoint: str) -> str:
    """The same URL over plain HTTP, on port 80."""
    parts = urlsplit(endpoint)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return urlunsplit(("http", host, parts.path, parts.query, ""))
