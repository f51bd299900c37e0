"""pytest meets the suite: `pytest --endpoint=URL` in a checkout, `-p conformance.pytest_plugin` anywhere.

The command does without these hooks and brings a Suite of its own.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.catalogue import check_of
from conformance.pytest_plugin.fixtures import _connect_recorded, binding, evidence, exchange, exchanges, judging
from conformance.pytest_plugin.plugin import RECORDED, Suite
from conformance.pytest_plugin.serving import _connect_server, connect_report, connect_server
from conformance.target.options import attributes
from conformance.target.settings import PREFIX, Setting, taken_by

__all__ = [  # fixtures
    "_connect_recorded",
    "_connect_server",
    "binding",
    "connect_report",
    "connect_server",
    "evidence",
    "exchange",
    "exchanges",
    "judging",
]

_PAGE = pytest.StashKey[bool]()  # whether pytest-html writes checks.html for this suite
_NO_ENDPOINT = "the checks need an endpoint: add --endpoint=URL (or --endpoint=reference)"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Have the options at once where a conftest.py brings this plug-in; else after those of all others."""
    config = pluginmanager.get_plugin("pytestconfig")
    if getattr(getattr(config, "known_args_namespace", None), "confcutdir", None):
        add_options(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None]:
    """Let every other plug-in and conftest.py have the options that it wants; ours give way."""
    early_config.known_args_namespace.file_or_dir = parser.parse_known_args(
        _without_ours(args), namespace=copy(early_config.option)
    ).file_or_dir
    yield
    add_options(parser)


def _names(row: Setting) -> tuple[str, str]:
    """An option's name that nobody else has, and its usual one."""
    return f"--connect-{row.flag[2:]}", row.flag


def _without_ours(args: list[str]) -> list[str]:
    """The command line without our options, whose values pytest would take for places of tests."""
    ours = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for row in taken_by("pytest"):
        given = attributes(row)
        ours.add_argument(*_names(row), **{key: given[key] for key in ("action", "nargs") if key in given})
    try:
        return ours.parse_known_args(args)[1]
    except argparse.ArgumentError:  # a value is missing, as pytest will say
        return args


def add_options(parser: pytest.Parser) -> None:
    """The options of `connect-conformance run` that say what is judged; one whose name is taken has its long one."""
    group = parser.getgroup("connect-conformance", "judge an endpoint of the Connect API")
    for row in () if group.options else taken_by("pytest"):
        given = {key: value for key, value in attributes(row).items() if key != "choices"}
        given["dest"] = _dest(row.key)
        if "action" not in given or given["action"] == "append":
            given["type"] = partial(_value, row)
        own, usual = _names(row)
        try:
            group.addoption(own, usual, **given)
        except (ValueError, argparse.ArgumentError):  # pytest-timeout has --timeout
            group.addoption(own, **given)


def _dest(key: str) -> str:
    return f"connect_{key}"


def options_of(line: argparse.Namespace) -> argparse.Namespace:
    """What pytest's command line says of ours, under the names that a run has for it."""
    return argparse.Namespace(**{row.key: getattr(line, _dest(row.key)) for row in taken_by("pytest")})


def _value(row: Setting, text: str) -> Any:
    """What an option says. Refused in one line, where argparse would print its usage too."""
    try:
        return row.value(text)
    except argparse.ArgumentTypeError as error:
        raise pytest.UsageError(f"{row.flag}: {error}") from None


def asks_for_an_endpoint(config: pytest.Config) -> bool:
    """Whether the command line names something to judge."""
    return bool(config.getoption(_dest("endpoint")) or config.getoption(_dest("target")))


@pytest.hookimpl(tryfirst=True, specname="pytest_configure")
def pytest_configure_page(config: pytest.Config) -> None:
    """Have pytest-html, where it is at work and has no other task, write its page of the checks among the reports."""
    folder = config.getoption(_dest("reports")) or os.environ.get(f"{PREFIX}REPORTS")
    free = getattr(config.option, "htmlpath", "none") is None
    if asks_for_an_endpoint(config) and folder and free and not config.option.collectonly:
        from conformance.reporting.checks_page import SHEET  # noqa: PLC0415

        config.stash[_PAGE] = True
        config.option.htmlpath, config.option.self_contained_html = str(Path(folder) / "checks.html"), True
        config.option.css = [*(config.option.css or ()), str(SHEET)]


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Given an endpoint, bring a Suite; in each worker of xdist, one that reads what the first of them recorded."""
    if config.pluginmanager.has_plugin("conformance-suite") or any(
        isinstance(plugin, Suite) for plugin in config.pluginmanager.get_plugins()
    ):
        return
    if asks_for_an_endpoint(config):
        from conformance.pytest_plugin.options import suite  # noqa: PLC0415  what sends and reports

        made = suite(config, options_of(config.option))
        config.pluginmanager.register(made, "conformance-suite")
        if config.stash.get(_PAGE, None):
            from conformance.reporting.checks_page import ChecksPage  # noqa: PLC0415

            config.pluginmanager.register(ChecksPage(made.beside), "conformance-checks-page")
    elif config.args_source is pytest.Config.ArgsSource.ARGS and any(
        _leads_to_the_checks(config, argument) for argument in config.args
    ):
        raise pytest.UsageError(_NO_ENDPOINT)


def _leads_to_the_checks(config: pytest.Config, argument: str) -> bool:
    path = (config.invocation_params.dir / argument.split("::", maxsplit=1)[0]).resolve()
    checks = Path(__file__).parents[1] / "checks"
    return path in {checks, *checks.parents} or checks in path.parents


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without an endpoint, checks would look green, and what asks for a recording has none: refuse both."""
    if any(isinstance(plugin, Suite) for plugin in config.pluginmanager.get_plugins()):
        return
    if any(isinstance(item, pytest.Function) and check_of(item.function) for item in items):
        raise pytest.UsageError(_NO_ENDPOINT)
    for item in items:
        if RECORDED in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(f"{item.nodeid} asks for what was recorded: add --endpoint=URL (or --target=NAME)")
