"""The extensions that options and the configuration file name."""

from __future__ import annotations

import argparse

from conformance.checks.extension import Extension, read_extension, read_extensions, told_apart
from conformance.contract.given import ConfigError
from conformance.contract.model import Contract
from conformance.target.configuration import own_checks
from conformance.target.from_options import config_file


def extensions_of(options: argparse.Namespace, contract: Contract) -> tuple[Extension, ...]:
    """The extensions that options name, and that of the configuration file. Raises ConfigError."""
    found = list(read_extensions(options.extension, contract))
    if getattr(options, "target", None) and (named := own_checks(config_file(options))):
        requirements, checks = named
        found.append(read_extension(checks, contract, requirements))
    if getattr(options, "fail_on_extension", False) and not found:
        allowed = "beside --extension DIR, or [extensions] in the configuration file"
        raise ConfigError(f"--fail-on-extension: there is no extension that could fail; allowed: {allowed}")
    return told_apart(found)
