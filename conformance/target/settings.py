"""The table of settings, which the file, options, variables, `init`, editors, pytest, fleets and the docs all read.

A new setting is one row of SETTINGS:

- `key` is its name in the file, among the options and in `Target.of(...)`; `place` says where it stands.
- `commands` take it as an option (`pytest` is one of them): --KEY with dashes, unless `option` names it otherwise. The
  variable CONNECT_CONFORMANCE_KEY follows the option.
- `help` begins in lower case and has no full stop; `more` is said in the file and on the page alone.
- `low` and `high`, or `choices`, are what is allowed, whichever way a value comes in.

What reads it finds it by its key: in `Target.more` (place `target`), in `State.more` (`state`), in the options (`run`,
`command`). A field of that name in Target or State takes its place and types it; what else may be wrong with a value is
said in target.py. Afterwards `nox -s docs` writes docs/configuration.md and the schema for editors anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from conformance.contract.levels import LEVELS
from conformance.target.shards import read_shard

Binding = Literal["query-xml", "form-xml", "body-xml", "query-params"]
BINDINGS: tuple[Binding, ...] = get_args(Binding)
PREFIX = "CONNECT_CONFORMANCE_"

# `file` is a path, `table` has strings by name, `states` has a table of settings for each error code.
Kind = Literal["text", "file", "choice", "number", "whole", "flag", "list", "table", "states"]
# target: a key of [targets.NAME], perhaps an option too; state: a key of a state's table;
# extensions: a key of [extensions]; run: how a run goes, the same
# for each target of a fleet; command: what this one command is to do.
Place = Literal["target", "state", "extensions", "run", "command"]

_KINDS = {
    **dict.fromkeys(("text", "file", "choice"), "a string"),
    **dict.fromkeys(("table", "states"), "a table"),
    "number": "a number",
    "whole": "a whole number",
    "flag": "true or false",
    "list": "a list",
}


class Setting(NamedTuple):
    """A setting: what it is called, what it may be, where it applies."""

    key: str
    kind: Kind
    place: Place
    help: str
    more: str = ""
    tip: str = ""  # for the command line alone
    default: Any = None
    unset: str = ""  # what holds without it, in words
    required: bool = False
    example: str = ""  # in TOML, where the default shows nothing
    metavar: str | None = None
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()
    unit: str = ""  # may stand behind a number on the command line
    parse: Callable[[str], Any] | None = None  # reads the text of an option that is of no plain kind
    alone: int | None = None  # what an option means that has no value behind it
    filled: bool = False  # a list that says something only where it has something in it
    adds: bool = False  # an option adds to the list or table of the file, in place of standing for it
    commands: tuple[str, ...] = ()
    option: str = ""
    group: str = "target"  # the title that its option stands under

    @property
    def flag(self) -> str:
        """Its option, with the dashes."""
        return f"--{self.option or self.key.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The variable for its option."""
        return PREFIX + self.flag[2:].replace("-", "_").upper()

    @property
    def repeatable(self) -> bool:
        """Whether its option can be given several times."""
        return self.kind in {"list", "table"}

    @property
    def type(self) -> str:
        """What kind of value it has, in words of TOML."""
        return _KINDS[self.kind]

    @property
    def allowed(self) -> str:
        """What a value may be."""
        if self.kind in {"number", "whole"}:
            return f"{self.type} from {self.low} to {self.high}"
        return ", ".join(self.choices) or self.type

    @property
    def fallback(self) -> Any:
        """Its value where nothing is said. An option that is not given leaves that to the file."""
        none = {"list": [], "table": {}, "states": {}, "flag": False}
        return none.get(self.kind, "") if self.default is None else self.default

    @property
    def usual(self) -> str:
        """What holds where nothing is said, in words."""
        value = self.fallback
        return self.unset or (f"{value:g}" if isinstance(value, float) else f"{value or ''}")

    @property
    def sentences(self) -> str:
        """What it is, for a reader of the file."""
        what = f"{self.help[0].upper()}{self.help[1:]}" + (f": {self.allowed}" if self.choices else "")
        shown = f"Default: {self.unset}." if self.unset else ""
        return " ".join(filter(None, (f"{what}.", self.more, shown)))

    def value(self, text: str) -> Any:
        """What the text of an option or of a variable says. Raises argparse.ArgumentTypeError."""
        if not text.strip() and self.kind != "table":
            raise argparse.ArgumentTypeError("it is empty; allowed: a value, or to leave the option out")
        if self.parse:
            return self.parse(text)
        if self.choices and text not in self.choices:
            raise argparse.ArgumentTypeError(f"{text!r} is none of those; allowed: {self.allowed}")
        if self.kind in {"number", "whole"}:
            return self._number(text)
        if self.kind == "text" and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise argparse.ArgumentTypeError("it is not UTF-8; allowed: text")
        if self.kind == "table":
            name, equals, value = text.partition("=")
            if not name or not equals:
                raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
            return name, value
        return Path(text) if self.kind == "file" else text

    def _number(self, text: str) -> float:
        bare = text.removesuffix(self.unit)
        try:
            if not bare.isascii() or "_" in bare:  # which Python would take
                raise ValueError
            number = int(bare) if self.kind == "whole" else float(bare)
        except ValueError:
            number = float("nan")
        if not self.low <= number <= self.high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {self.allowed}")
        return number


_LOOKS = ("run", "doctor", "pytest")
_RUNS = ("run", "pytest")
_JUDGES = ("run", "replay", "pytest")

# fmt: off
SETTINGS: tuple[Setting, ...] = (
    Setting("endpoint", "text", "target", "where requests go: HTTPS, the token as the last part of the path",
            tip="`reference` for the embedded one",
            required=True, example='"https://staging.example.com/${CONNECT_TOKEN}"', metavar="URL", commands=_LOOKS,
            group="to begin with"),
    Setting("http_endpoint", "text", "target", "where plain HTTP is tried",
            more="It gets a random token, never the endpoint's.", unset="the endpoint's host, port 80",
            example='"http://staging.example.com/"', metavar="URL", commands=_LOOKS),
    Setting("http_token", "text", "target", "a valid token that may be sent unencrypted, over plain HTTP",
            unset="a random one, which may be refused as a token", example='"${THROWAWAY_TOKEN}"'),
    Setting("target", "list", "command", "a target of the configuration file", metavar="NAME", commands=_LOOKS,
            group="to begin with"),
    Setting("config", "file", "command", "the configuration file",
            more="It is looked for from here upwards.", unset="connect-conformance.toml",
            metavar="FILE", commands=(*_LOOKS, "init"), group="to begin with"),
    Setting("binding", "choice", "target", "how the request travels",
            default="query-xml", choices=BINDINGS, commands=_LOOKS),
    Setting("ca_file", "file", "target", "CA certificates to trust, in a PEM file",
            unset="those that this machine trusts", example='"ca.pem"', metavar="PEM", commands=_LOOKS),
    Setting("client_cert", "file", "target", "a certificate to show where the server demands one (mutual TLS)",
            unset="none", example='"client.pem"', metavar="PEM", commands=_LOOKS),
    Setting("client_key", "file", "target", "the key of that certificate, not encrypted",
            unset="in the certificate's file", example='"client.key"', metavar="PEM", commands=_LOOKS),
    Setting("timeout", "number", "target", "seconds for one exchange",
            more="They cover all of it: name, connection, TLS, request and answer.",
            default=10.0, low=0.05, high=3600, metavar="S", commands=_LOOKS),
    Setting("headers", "table", "target", "header fields sent with every request",
            more="The values of names such as Authorization are kept secret.", unset="none",
            example='{ "X-Env" = "staging", "Authorization" = "Bearer ${GATEWAY_KEY}" }'),
    Setting("secrets", "list", "target", "what else is to be kept out of everything that is written",
            more="A secret is known by its place and its name: the last part of the endpoint's path, headers,"
                 " parameters and variables named like one (token, key, secret, password, auth, cookie, session,"
                 " credential), user and password of a proxy. `doctor` lists those that it found.",
            unset="nothing else", example='["${ACCOUNT_NUMBER}"]'),
    Setting("clock_tolerance", "number", "target",
            "seconds by which the endpoint's clock may differ from this machine's",
            default=300.0, low=0, high=86_400),
    Setting("answer_budget", "number", "target", "seconds in which the endpoint is expected to answer (advisory)",
            default=2.0, low=0.001, high=3600),
    Setting("accept", "list", "target", "an interpretation of the page that the target is allowed, by id",
            more='For example ["I-04"]; `explain I-04` says what it is. An option adds to those of the file.',
            adds=True, metavar="I-NN", commands=(*_LOOKS, "replay")),
    Setting("proxy", "text", "target", "a proxy to go through, such as http://proxy.example.com:3128",
            more="User and password may stand before the host. The environment's is not used. TLS is judged through it"
                 " only if it passes bytes on unchanged (`explain limits`).",
            unset="none", example='"http://proxy.example.com:3128"', metavar="URL", commands=_LOOKS),
    Setting("source_address", "text", "target", "the local address to send from, such as 192.0.2.7",
            unset="the system's choice", example='"192.0.2.7"'),
    Setting("allow_hostile_requests", "flag", "target", "whether requests that attack an XML processor are sent",
            more="They have external entities, entity expansion, an oversized document."),
    Setting("max_body", "whole", "target", "octets of a body that are read at most",
            default=2 << 20, low=1_024, high=1 << 30),
    Setting("concurrency", "whole", "target", "requests side by side",
            more="1 is for an endpoint that wants them one by one.",
            default=8, low=1, high=32, metavar="N", commands=_LOOKS, group="limits"),
    Setting("error_element", "text", "target", "the name of the code in the error envelope",
            more="The page describes it without naming it.", default="Error"),
    Setting("description_element", "text", "target", "the name of the message there", default="Description"),
    Setting("calls", "list", "target", "a service call to judge",
            more='A glob may name several: "*" is every call that changes nothing.', option="call",
            unset="the call that the page documents", example='["get_list_*"]', metavar="NAME", filled=True,
            commands=_LOOKS),
    Setting("allow_effects", "list", "target", "a service call that changes something and may be sent, once",
            more="A glob may name several. `run --list` and `doctor` say what each changes. It needs an account that is"
                 " there for tests, in `values`.",
            unset="none is sent", example='["authenticate_user", "create_connection"]', metavar="NAME",
            commands=_LOOKS),
    Setting("values", "table", "target", "what parameters of the calls say, where the page's examples do not do",
            more='A name such as "register.user" is for one call alone. A parameter that is secret is kept out of'
                 " everything that is written.",
            unset="the page's examples", example='{ user = "tester", password = "${TEST_PASSWORD}" }'),
    Setting("labels", "table", "target", "who or what is judged, such as release=4.2.0",
            more="They stand in every report. What CI says (commit, branch, build, build_url) is added by itself, and"
                 " an option to those of the file.",
            unset="what CI says", option="label", example='{ "release" = "4.2.0" }', adds=True, metavar="KEY=VALUE",
            commands=_LOOKS),
    Setting("states", "states", "target", "how the states of error codes are reached"),

    Setting("endpoint", "text", "state", "another endpoint, which is in that state",
            example='"https://staging.example.com/blocked/${CONNECT_TOKEN}"'),
    Setting("headers", "table", "state", "header fields that ask for it", example='{ "X-Test-State" = "ip-blocked" }'),
    Setting("source_address", "text", "state", "the local address to send from", example='"192.0.2.7"'),
    Setting("proxy", "text", "state", "a proxy to go through",
            example='"http://blocked.example.com:3128"'),
    Setting("setup", "list", "state", "a command, run before the state's requests",
            more="It starts from the folder of this file; another exit status than 0 leaves the state open.",
            example='["./block-my-address", "on"]', filled=True),
    Setting("teardown", "list", "state", "a command that is always run after them",
            example='["./block-my-address", "off"]', filled=True),
    Setting("timeout", "number", "state", "seconds that either command may take", default=30.0, low=0.05, high=3600),

    Setting("requirements", "file", "extensions", "the requirements of your own",
            required=True, example='"my-checks/requirements.toml"'),
    Setting("checks", "file", "extensions", "the folder with their checks, in files test_*.py",
            required=True, example='"my-checks"'),

    Setting("all_targets", "flag", "command", "every target of the configuration file",
            commands=("run",), group="several targets"),
    Setting("jobs", "whole", "command", "targets at a time",
            default=4, low=1, high=64, metavar="N", commands=("run",), group="several targets"),
    Setting("shard", "text", "command", "the K-th of N parts of the targets, by name; `auto` asks the CI server",
            more="GitLab, Buildkite, CircleCI, Azure Pipelines and Kubernetes say which job it is.",
            parse=read_shard, metavar="K/N", commands=("run",), group="several targets"),
    Setting("max_requests", "whole", "run", "requests in all",
            default=1_000, low=1, high=100_000, metavar="N", commands=_RUNS, group="limits"),
    Setting("rate", "number", "run", "requests a second",
            default=0.0, unset="no limit", low=0.01, high=10_000, unit="/s", metavar="N/s", commands=_RUNS,
            group="limits"),
    Setting("deadline", "number", "run", "seconds that the whole run may take; what was not sent by then is left open",
            default=600.0, low=1, high=86_400, metavar="S", commands=_RUNS, group="limits"),
    Setting("smoke", "whole", "run", "a short run: the N requests that find most; it says what they found, no more",
            more="20 where no number is given.", alone=20, low=2, high=1_000, unset="all are sent", metavar="N",
            commands=("run",), group="limits"),
    Setting("stop_on_failure", "flag", "run", "send nothing more once anything has failed that fails the run",
            more="What was not sent is left open.", commands=("run",), group="limits"),
    Setting("seed", "whole", "run", "makes the generated requests, the same for the same seed",
            default=1, low=0, high=2**32 - 1, metavar="N", commands=_RUNS, group="limits"),
    Setting("level", "choice", "run", "what may fail the run",
            default="must", choices=LEVELS, commands=_JUDGES, group="to begin with"),
    Setting("select", "list", "run", "judge only these requirements, such as 'ENV-*'",
            metavar="ID-GLOB", commands=("run", "replay", "doctor"), group="judging"),
    Setting("deselect", "list", "run", "leave these requirements out",
            metavar="ID-GLOB", commands=("run", "replay", "doctor"), group="judging"),
    Setting("waivers", "file", "run", "excused failures, with reasons and dates",
            metavar="FILE", commands=_JUDGES, group="judging"),
    Setting("policy", "file", "run", "rules for a run that counts: what falls short of them is named, exit code 10",
            metavar="FILE", commands=_JUDGES, group="judging"),
    Setting("challenge", "file", "command", "a challenge that the run answers, by which its seed is set",
            metavar="FILE", commands=("run",), group="judging"),
    Setting("extension", "list", "run", "a folder with checks of your own and their requirements.toml",
            metavar="DIR", commands=("run", "replay", "doctor", "explain"), group="judging"),
    Setting("fail_on_extension", "flag", "run", "let requirements of your own fail the run as those of the contract do",
            more="It then ends with exit code 1 where one fails, with 10 where one is left open.",
            commands=("run", "replay"), group="judging"),
    Setting("no_suggestions", "flag", "run",
            "do not look for the smallest change with which a failing answer would pass", tip="takes up to a second",
            commands=("run", "replay"), group="judging"),
    Setting("reports", "file", "command", "the folder to write into",
            unset="a new one under reports/", metavar="DIR", commands=_JUDGES, group="to begin with"),
    Setting("history", "file", "run", "a history to which the run is appended, as by `history add`", unset="none",
            metavar="FILE", commands=("run",), group="output"),
    Setting("quiet", "flag", "command", "print the verdict alone", commands=("run", "replay"), group="output"),
    Setting("no_color", "flag", "command", "no colours (also by NO_COLOR)",
            commands=("run", "replay"), group="output"),
    Setting("list", "flag", "command", "show what would be sent and judged; send nothing",
            commands=("run",), group="output"),
)
# fmt: on


def placed(*places: Place) -> dict[str, Setting]:
    """The rows of some places, by key."""
    return {row.key: row for row in SETTINGS if row.place in places}


def taken_by(command: str) -> list[Setting]:
    """The rows that are options of a command."""
    return [row for row in SETTINGS if command in row.commands]


def variables() -> list[str]:
    """The variables there are, one for every option."""
    return sorted({row.variable for row in SETTINGS if row.commands})
