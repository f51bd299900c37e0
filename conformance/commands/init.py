"""`init`: a configuration file to begin with, and its schema for editors.

Every key stands in it, commented out where the default will do; the table of settings says which there are.
"""

from __future__ import annotations

import argparse
import json
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

from conformance import __version__
from conformance.contract.given import ConfigError
from conformance.contract.load import documented, folder
from conformance.reporting.output import say
from conformance.reporting.write import refused, replace
from conformance.target.configuration import CONFIG_NAME
from conformance.target.schema import NAME, schema
from conformance.target.settings import Place, Setting, placed

_HEAD = f"""\
#:schema ./{NAME}
# What connect-conformance judges, and how it gets there. A key that is commented out has the value shown, unless its
# comment says otherwise. ${{NAME}} stands for the environment variable NAME, also in headers, states and commands; a
# missing one is an error. So no secret stands in this file, and it can be kept under version control.
#
#   connect-conformance doctor --target staging     can it be reached, and what would a run cost?
#   connect-conformance run --target staging        judge it, and write the reports
#
# More targets: a table [targets.NAME] for each. `run --all-targets` judges them all.

[targets.staging]
"""
POLICY_NAME = "connect-conformance-policy.toml"
POLICY_SCHEMA = "policy.schema.json"
_POLICY = f"""\
#:schema ./{POLICY_SCHEMA}
# The rules for a run that counts. What falls short of them is named, and keeps the run from being conforming (exit
# code 10):
#
#   connect-conformance run --target staging --policy {POLICY_NAME}
#
# A key that is commented out has the value shown, unless its comment says otherwise.

"""
_STATES = """\
# Some errors come only in a state that cannot be brought about from outside: a blocked address (004), a disabled
# command (007) or API (008), an unknown error (999). Without its table the requirements of a state stay open, and a run
# ends inconclusive. A table needs at least one of endpoint, headers, source_address, proxy and setup.
"""


def run(options: argparse.Namespace) -> int:
    """Write the file; one that exists is left alone unless told otherwise."""
    if options.policy:
        return _policy(options)
    file: Path = options.config or Path(CONFIG_NAME)
    if os.path.lexists(file) and not options.force:
        raise ConfigError(f"{file} exists and is left as it is; `--force` overwrites it")
    try:
        if file.exists() and not file.is_file():  # a device or a pipe
            file.write_text(template(), encoding="utf-8", newline="\n")
        else:
            replace(file.resolve(), template().encode())
            replace(file.with_name(NAME), schema(documented().errors).encode())
    except OSError as error:
        raise refused(f"cannot write {file}", error, "a file in a folder that exists") from None
    elsewhere = "" if options.config is None else f" --config {file}"
    say(
        f"{file} written{f', and beside it {NAME}, by which editors complete it' if file.is_file() else ''}.\n"
        "Put the endpoint into it and the token into the environment (CONNECT_TOKEN), then:\n"
        f"  connect-conformance doctor --target staging{elsewhere}\n"
    )
    return 0


def _policy(options: argparse.Namespace) -> int:
    """Write a policy to begin with, and its schema beside it."""
    file = Path(POLICY_NAME)
    if os.path.lexists(file) and not options.force:
        raise ConfigError(f"{file} exists and is left as it is; `--force` overwrites it")
    try:
        replace(file.resolve(), policy_template().encode())
        replace(file.with_name(POLICY_SCHEMA), (folder("schemas") / POLICY_SCHEMA).read_bytes())
    except OSError as error:
        raise refused(f"cannot write {file}", error, "a folder that can be written") from None
    say(
        f"{file} written, and beside it {POLICY_SCHEMA}, by which editors complete it.\n"
        f"Hold a run to it:\n  connect-conformance run --target staging --policy {file}\n"
    )
    return 0


def policy_template() -> str:
    """A policy with every key, as its schema describes them."""
    contract, made = documented(), _POLICY
    shown = {
        "level": "must",
        "calls": [contract.call.name],
        "require": ["*"],
        "accept": [],
        "waivers": [],
        "clock_tolerance": 300,
        "minimum_suite": __version__,
        "contract": contract.name,
    }
    rows = json.loads((folder("schemas") / POLICY_SCHEMA).read_bytes())["properties"]
    for key, value in shown.items():
        said = "".join(f"# {line}\n" for line in textwrap.wrap(rows[key]["description"], 116))
        made += f"{said}# {key} = {json.dumps(value)}\n\n"
    return made


def template() -> str:
    """The file: each key with what it says, and as a line that can be used."""
    first, *others = [e.code for e in documented().errors.values() if e.provoked == "provisioned"]
    states = [f"# [targets.staging.states.{first}]\n" + "\n".join(_keys("state"))]
    states += [f'# [targets.staging.states.{code}]\n# headers = {{ "X-Test-State" = "{code}" }}\n' for code in others]
    return _HEAD + "\n".join(_keys("target")) + "\n" + _STATES + "\n" + "\n".join(states)


def _keys(place: Place) -> Iterator[str]:
    for row in placed(place).values():
        if row.kind != "states":
            said = "".join(f"# {line}\n" for line in textwrap.wrap(row.sentences, 116))
            yield f"{said}{'' if row.required else '# '}{row.key} = {_written(row)}\n"


def _written(row: Setting) -> str:
    """A value in TOML."""
    return row.example or json.dumps(row.fallback)
