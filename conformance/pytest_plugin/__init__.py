"""pytest meets the suite: `pytest --endpoint=URL` in a checkout, `-p conformance.pytest_plugin` anywhere.

The command does without these hooks and brings a Suite of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.catalogue import check_of
from conformance.contract.model import LEVELS
from conformance.pytest_plugin.plugin import Suite, binding, evidence, exchange, exchanges, judging
from conformance.target.environment import variable, words

__all__ = ["binding", "evidence", "exchange", "exchanges", "judging"]  # fixtures

_NO_ENDPOINT = "the checks need an endpoint: add --endpoint=URL (or --endpoint=reference)"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `connect-conformance run` that say what is judged, for pytest."""
    group = parser.getgroup("connect-conformance", "judge an endpoint of the Connect API")
    group.addoption(
        "--endpoint", metavar="URL", help="the endpoint, token included; `reference` for the embedded one"
    )

    def option(name: str, **attributes: Any) -> None:
        """An option that the environment can set, too; what is judged is named on the command line alone."""
        value = os.environ.get(variable(name[2:]))
        if value:
            attributes["default"] = words(value) if attributes.get("action") == "append" else value
        group.addoption(name, **attributes)

    option("--http-endpoint", metavar="URL", help="where plain HTTP is tried")
    group.addoption("--target", metavar="NAME", help="a target of the configuration file")
    option("--config", metavar="FILE", type=Path, help="default: connect-conformance.toml, from here upwards")
    option("--binding", metavar="NAME", help="how the request travels (default: query-xml)")
    option("--ca-file", metavar="PEM", help="CA certificates to trust (default: the system's)")
    option("--client-cert", metavar="PEM", help="certificate to show, for mutual TLS")
    option("--client-key", metavar="PEM", help="its key (default: in the file of --client-cert)")
    option("--proxy", metavar="URL", help="HTTP proxy to go through")
    option("--timeout", metavar="S", type=float, help="seconds for one exchange")
    option("--accept", metavar="I-NN", action="append", default=[], help="accept an interpretation")
    option("--level", metavar="LEVEL", choices=LEVELS, default="must", help="what may fail the run")
    option("--waivers", metavar="FILE", type=Path, help="excused failures, with reasons and dates")
    option("--seed", metavar="N", type=int, default=1)
    option("--concurrency", metavar="N", type=int, help="requests side by side (default: 8)")
    option("--max-requests", metavar="N", type=int, default=1_000)
    option("--rate", metavar="N/s", type=float, default=0.0)
    option("--deadline", metavar="S", type=float, default=600.0, help="seconds for the whole run")
    option("--reports", metavar="DIR", type=Path, help="write report.json, summary.md and evidence.har there")


def asks_for_an_endpoint(config: pytest.Config) -> bool:
    """Whether the command line names something to judge."""
    return bool(config.getoption("endpoint") or config.getoption("target"))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Given an endpoint, bring a Suite; in each worker of xdist, one that reads what the first of them recorded."""
    if config.pluginmanager.has_plugin("conformance-suite") or any(
        isinstance(plugin, Suite) for plugin in config.pluginmanager.get_plugins()
    ):
        return
    if asks_for_an_endpoint(config):
        from conformance.pytest_plugin.options import suite  # noqa: PLC0415  what sends and reports

        config.pluginmanager.register(suite(config), "conformance-suite")
    elif config.args_source is pytest.Config.ArgsSource.ARGS and any(
        _leads_to_the_checks(config, argument) for argument in config.args
    ):
        raise pytest.UsageError(_NO_ENDPOINT)


def _leads_to_the_checks(config: pytest.Config, argument: str) -> bool:
    path = (config.invocation_params.dir / argument.split("::", maxsplit=1)[0]).resolve()
    checks = Path(__file__).parents[1] / "checks"
    return path in {checks, *checks.parents} or checks in path.parents


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Checks without an endpoint would look green: refuse them, however they were found."""
    if any(isinstance(plugin, Suite) for plugin in config.pluginmanager.get_plugins()):
        return
    if any(isinstance(item, pytest.Function) and check_of(item.function) for item in items):
        raise pytest.UsageError(_NO_ENDPOINT)
