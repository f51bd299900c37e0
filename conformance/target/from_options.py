"""From options to the target that they name: an endpoint, a table of the configuration file, or the reference."""

from __future__ import annotations

import argparse
import contextlib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from conformance.contract.given import ConfigError
from conformance.contract.model import Contract
from conformance.contract.rows import PAGE
from conformance.contract.spelling import meant
from conformance.target.asked import left_out
from conformance.target.configuration import Settings, find_config, read_config, target_names
from conformance.target.settings import placed
from conformance.target.target import Target, target

if TYPE_CHECKING:
    from conformance.reference import Running

HINT = (
    "nothing to judge: give --endpoint URL or --target NAME; "
    "`--endpoint reference` judges the embedded reference endpoint"
)


def target_of(options: argparse.Namespace, contract: Contract, stack: contextlib.ExitStack) -> Target:
    """The target that the options name; the embedded reference endpoint runs until `stack` is closed."""
    if options.endpoint and options.target:
        raise ConfigError("--endpoint and --target exclude each other; allowed: one of them")
    if len(options.target) > 1:
        raise ConfigError("--target is given more than once; allowed here: one target")
    if options.endpoint and options.config and not options.config.exists():
        raise ConfigError(f"--config: there is no file {options.config}; allowed: a TOML file, or none with --endpoint")
    config: Settings
    if options.target:
        name, (config, base) = options.target[0], _configured(options)
    elif options.endpoint == "reference":
        name, config, base = "reference", _reference(options, contract, stack), Path.cwd()
    elif options.endpoint:
        name, config, base = "endpoint", {"endpoint": options.endpoint}, Path.cwd()
    else:
        raise ConfigError(HINT)
    judged = target(name, _changed(config, options), contract, base=base)
    return msgspec.structs.replace(judged, left_out=left_out(config.get("calls", []), judged.calls, contract))


def check_overrides(options: argparse.Namespace, contract: Contract) -> None:
    """Refuse what no target could be judged with. Raises ConfigError."""
    usual = {"endpoint": "https://example.com/", "http_endpoint": "http://example.com/"}
    target("of the options", _changed(usual, options), contract, base=Path.cwd())


def _changed(config: Settings, options: argparse.Namespace) -> Settings:
    """The configuration as the options change it."""
    changes: dict[str, Any] = {}
    for key, row in placed("target").items():
        value = getattr(options, key, None)
        if value in (None, [], {}) or key == "endpoint":
            continue
        said = config.get(key, row.fallback)
        if row.kind == "file":
            value = str(Path.cwd() / value)
        elif row.adds:
            value = said | value if row.kind == "table" else [*said, *value]
        changes[key] = value
    return {**config, **changes}


def config_file(options: argparse.Namespace) -> Path:
    """The configuration file. Raises ConfigError."""
    file: Path | None = options.config or find_config(Path.cwd())
    if file is None:
        raise ConfigError(
            "there is no connect-conformance.toml here or above; give --config FILE, or make one with `init`"
        )
    return file.resolve()


def _configured(options: argparse.Namespace) -> tuple[Settings, Path]:
    file, (name,) = config_file(options), options.target
    config = read_config(file, name)
    if name not in config:
        names = target_names(file)
        allowed = ", ".join(names) or "none is defined"
        raise ConfigError(f"{file} has no target {name!r}{meant(name, names)}; allowed: {allowed}")
    return config[name], file.parent


def _reference(options: argparse.Namespace, contract: Contract, stack: contextlib.ExitStack) -> Settings:
    """The embedded reference endpoint, started for this run, with every state provisioned.

    An action of no call is answered as the page would have it, or as the guide has it where a call of that is judged.
    """
    from conformance.reference import start  # noqa: PLC0415

    globs = getattr(options, "calls", None) or []
    guided = any(
        call.row.edition != PAGE and any(fnmatchcase(name, glob) for glob in globs)
        for name, call in contract.calls.items()
    )
    running = stack.enter_context(start(unknown_action="430" if guided else "999"))
    return provisioned(running, contract, account=bool(getattr(options, "allow_effects", None)))


def provisioned(running: Running, contract: Contract, *, account: bool = False) -> dict[str, Any]:
    """The settings by which a started reference endpoint is judged, with every state provisioned.

    account: with what calls need that change something.
    """
    return {
        "endpoint": running.https_url,
        "http_endpoint": running.http_url,
        "ca_file": str(running.ca_file),
        "states": reference_states(contract),
        "allow_hostile_requests": True,
        **({"values": _of_the_account(contract)} if account else {}),
    }


def reference_states(contract: Contract) -> dict[str, Any]:
    """How each state that can be provisioned is reached at the reference endpoint, and at its variants."""
    provisioned = (code for code, error in contract.errors.items() if error.provoked == "provisioned")
    return {code: {"headers": {"X-Reference-State": code}} for code in provisioned}


def _of_the_account(contract: Contract) -> dict[str, str]:
    """What parameters of the contract's calls say of the reference endpoint's own test accounts."""
    from conformance.reference.provisions import VALUES  # noqa: PLC0415

    every = [(call.name, parameter.name) for call in contract.calls.values() for parameter in call.parameters]
    known = {name for call, parameter in every for name in (parameter, f"{call}.{parameter}")}
    return {name: text for name, text in VALUES.items() if name in known}
