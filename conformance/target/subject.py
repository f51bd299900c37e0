"""From options to the target that they name: an endpoint, a table of the configuration file, or the reference."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import msgspec

from conformance.contract.model import Contract
from conformance.target.configuration import (
    ConfigError,
    StateConfig,
    TargetConfig,
    find_config,
    read_config,
    target_names,
)
from conformance.target.target import Target, target

HINT = (
    "nothing to judge: give --endpoint URL or --target NAME; "
    "`--endpoint reference` judges the embedded reference endpoint"
)
_STATE_HEADER = "X-Reference-State"


def subject(options: argparse.Namespace, contract: Contract, stack: contextlib.ExitStack) -> Target:
    """The target that the options name; the embedded reference endpoint runs until `stack` is closed."""
    if options.endpoint and options.target:
        raise ConfigError("--endpoint and --target exclude each other; allowed: one of them")
    if options.target:
        name, (config, base) = options.target, _configured(options)
    elif options.endpoint == "reference":
        name, (config, base) = "reference", (_reference(contract, stack), Path.cwd())
    elif options.endpoint:
        name, (config, base) = "endpoint", (TargetConfig(endpoint=options.endpoint), Path.cwd())
    else:
        raise ConfigError(HINT)
    return target(name, _changed(config, options), contract, base=base)


def check_overrides(options: argparse.Namespace, contract: Contract) -> None:
    """Refuse what no target could be judged with. Raises ConfigError."""
    usual = TargetConfig(endpoint="https://example.com/", http_endpoint="http://example.com/")
    target("of the options", _changed(usual, options), contract, base=Path.cwd())


def _changed(config: TargetConfig, options: argparse.Namespace) -> TargetConfig:
    """The configuration as the options change it."""
    changes = {
        key: getattr(options, key)
        for key in ("http_endpoint", "binding", "timeout", "concurrency", "proxy")
        if getattr(options, key, None) is not None
    }
    for key in ("ca_file", "client_cert", "client_key"):
        if getattr(options, key, None):
            changes[key] = str(Path.cwd() / getattr(options, key))
    return msgspec.structs.replace(config, accept=[*config.accept, *options.accept], **changes)


def config_file(options: argparse.Namespace) -> Path:
    """The configuration file. Raises ConfigError."""
    file: Path | None = options.config or find_config(Path.cwd())
    if file is None:
        raise ConfigError(
            "there is no connect-conformance.toml here or above; give --config FILE, or make one with `init`"
        )
    return file.resolve()


def _configured(options: argparse.Namespace) -> tuple[TargetConfig, Path]:
    file = config_file(options)
    names = target_names(file)
    if options.target not in names:
        raise ConfigError(
            f"{file} has no target {options.target!r}; allowed: {', '.join(names) or 'none is defined'}"
        )
    return read_config(file, options.target)[options.target], file.parent


def _reference(contract: Contract, stack: contextlib.ExitStack) -> TargetConfig:
    """The embedded reference endpoint, started for this run, with every state provisioned."""
    from conformance.reference import start  # noqa: PLC0415

    running = stack.enter_context(start())
    states = {
        code: StateConfig(headers={_STATE_HEADER: code})
        for code, error in contract.errors.items()
        if error.provoked == "provisioned"
    }
    return TargetConfig(
        endpoint=running.https_url,
        http_endpoint=running.http_url,
        ca_file=str(running.ca_file),
        states=states,
        allow_hostile_requests=True,
    )
