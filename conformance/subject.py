"""From options to the target that they name: an endpoint, a table of the configuration file, or the reference."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import msgspec

from conformance.contract import Contract
from conformance.target import (
    ConfigError,
    StateConfig,
    Target,
    TargetConfig,
    find_config,
    read_config,
    target,
)

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
    changes = {
        key: getattr(options, key)
        for key in ("http_endpoint", "binding", "timeout", "concurrency")
        if getattr(options, key, None) is not None
    }
    if options.ca_file:
        changes["ca_file"] = str(Path.cwd() / options.ca_file)
    config = msgspec.structs.replace(config, accept=[*config.accept, *options.accept], **changes)
    return target(name, config, contract, base=base)


def _configured(options: argparse.Namespace) -> tuple[TargetConfig, Path]:
    file = options.config or find_config(Path.cwd())
    if file is None:
        raise ConfigError(
            "there is no connect-conformance.toml here or above; give --config FILE, or make one with `init`"
        )
    targets = read_config(file)
    if options.target not in targets:
        raise ConfigError(
            f"{file} has no target {options.target!r}; allowed: {', '.join(targets) or 'none is defined'}"
        )
    return targets[options.target], file.resolve().parent


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
