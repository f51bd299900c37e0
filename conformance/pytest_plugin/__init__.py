"""pytest meets the suite: `pytest --endpoint=URL` in a checkout, `-p conformance.pytest_plugin` anywhere.

These hooks add the `options` and bring a Suite (`plugin`), that of `users_session`. The command does without them and
brings its own (`session`).
"""

from __future__ import annotations

import os
from collections.abc import Generator
from copy import copy
from pathlib import Path

import pytest

from conformance.checks.catalogue import check_of
from conformance.pytest_plugin.fixtures import _connect_recorded, binding, evidence, exchange, exchanges, judging
from conformance.pytest_plugin.options import add_options, asks_for_an_endpoint, dest, options_of, without_ours
from conformance.pytest_plugin.plugin import RECORDED, Suite
from conformance.pytest_plugin.serving import _connect_server, connect_report, connect_server
from conformance.target.settings import PREFIX

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
        without_ours(args), namespace=copy(early_config.option)
    ).file_or_dir
    yield
    add_options(parser)


@pytest.hookimpl(tryfirst=True, specname="pytest_configure")
def pytest_configure_page(config: pytest.Config) -> None:
    """Have pytest-html, where it is at work and has no other task, write its page of the checks among the reports."""
    folder = config.getoption(dest("reports")) or os.environ.get(f"{PREFIX}REPORTS")
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
        from conformance.pytest_plugin.users_session import suite  # noqa: PLC0415  what sends and reports

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
