"""How the command line says what there is: commands by what they are for, an example each, and what is wrong."""

from __future__ import annotations

import argparse
import re
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from conformance.contract.spelling import meant
from conformance.reporting.output import complain, say
from conformance.target.settings import Setting

USAGE = 4
_WIDEST = 100  # columns above which no help is easy to read

# What commands are for. Every command stands in one of these.
PURPOSES = {
    "judge an endpoint": ("run", "doctor", "replay"),
    "understand what a run says": ("explain", "compare", "history"),
    "set up": ("init", "waivers", "completion"),
    "evidence that changes hands": ("challenge", "package", "verify"),
    "the suite itself": ("requirements", "prove", "serve"),
}
_MORE = (
    "`connect-conformance help COMMAND` has the options of each. Exit codes: 0 conforming, 1 nonconforming, 10 nothing"
    " failed but something required could not be judged, 4 wrong options; `connect-conformance explain 10` says more."
)
# What is worth typing first, by command: the line, and what it does.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("run --endpoint reference", "try it: judges an endpoint of its own, on this machine"),
        ("run --endpoint https://HOST/TOKEN", "judge an endpoint, write the reports below reports/"),
        ("explain ENV-03", "what a requirement in a report says, and how it is kept"),
    ),
    "run": (
        ("run --endpoint https://HOST/TOKEN", "judge an endpoint; the reports are written below reports/"),
        ("run --target staging --level should", "judge a target of the configuration file, by should requirements too"),
        ("run --all-targets", "judge every target of the file, side by side"),
    ),
    "doctor": (("doctor --target staging", "look before a run: name, port, certificate, clock, states, cost"),),
    "replay": (("replay reports/latest/evidence.har --select ENV-03", "see one failure again, with no network"),),
    "explain": (("explain ENV-03", "also I-09, 10, timeout, root_all_capitals: whatever a report names"),),
    "compare": (
        ("compare reports/before reports/after --fail-on-regression", "exit 1 where anything got worse"),
        ("compare reports/* --overview", "targets side by side"),
    ),
    "history": (("history show", "since when is it broken, and what is flaky?"),),
    "history add": (("history add reports/latest", "append the last run to history.jsonl"),),
    "history show": (("history show --requirement ENV-03", "what became of one requirement, night by night"),),
    "history html": (("history html --target staging", "one page, history.html"),),
    "history prune": (("history prune --keep 7 --dry-run", "what could be deleted"),),
    "history export": (("history export --format parquet data", "for notebooks and databases"),),
    "init": (("init", "then fill in connect-conformance.toml, and `doctor --target NAME`"),),
    "waivers": (("waivers init reports/latest", "then say in waivers.toml why and until when each is excused"),),
    "completion": (("completion bash", "print it; ~/.local/share/bash-completion/completions is a place for it"),),
    "challenge": (
        ("challenge --for partner --endpoint-host api.partner.example", "challenge.json, with which the partner runs"),
    ),
    "package": (("package reports/latest --challenge challenge.json -o run.zip", "what the partner sends back"),),
    "verify": (("verify run.zip", "what can be established of it"),),
    "requirements": (("requirements --format markdown", "all of them, with the checks that judge them"),),
    "prove": (("prove --only 'root_*'", "judge a few of the broken variants"),),
    "serve": (
        ("serve", "then send requests to the address that it prints"),
        ("serve --mutant root_all_capitals", "be wrong in one way"),
    ),
}


class _Wrapped(argparse.HelpFormatter):
    """Breaks no line within a name: `connect-conformance.toml` is one."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return textwrap.indent("\n".join(_wrapped(text, width - len(indent))), indent)


class Parser(argparse.ArgumentParser):
    """Refuses in one line, with the documented exit code; tells its help by purpose, what is usual first."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        if found := re.search(r"argument (.*): invalid choice: '([^']*)' \(choose from (.*)\)", message):
            allowed = re.findall(r"[\w.-]+", found[3])
            name = {"COMMAND": "there is no command ", "VERB": "there is no verb "}.get(found[1])
            said = f"{name}{found[2]!r}" if name else f"argument {found[1]}: invalid choice: {found[2]!r}"
            message = f"{said}{meant(found[2], allowed)}; allowed: {', '.join(allowed)}"
        complain(f"{_TOKEN.sub('...', message)} (see `{self.prog} --help`)")
        self.exit(USAGE)

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002  help and version alone
        say(message)

    def format_help(self) -> str:
        """Usage, what it does, examples, then its options group by group."""
        made = _Wrapped(self.prog, max_help_position=26, width=_width())
        made.add_usage(self._in_short(), [], [])
        made.add_text(self.description)
        for title, actions, said in self._sections():
            made.start_section(title)
            made.add_text(said)
            made.add_arguments(actions)
            made.end_section()
        made.add_text(_MORE if self._name == "" else self.epilog)
        head, gap, rest = made.format_help().partition("\n\n")
        about, _, rest = rest.partition("\n\n") if self.description else ("", "", rest)
        return gap.join(filter(None, (head, about, _examples(self._name), rest)))

    @property
    def _name(self) -> str:
        """The command, and perhaps its verb; "" for all of them."""
        return self.prog.partition(" ")[2]

    def _in_short(self) -> str:
        """What has to be said, and that there are options."""
        below = next((a for a in self._actions if isinstance(a, argparse._SubParsersAction)), None)
        needed = [f"{a.option_strings[0]} {_word(a)}" for a in self._actions if a.option_strings and a.required]
        words = [_word(a) for a in self._actions if not a.option_strings and a is not below]
        options = [] if below else ["[OPTION ...]"]
        return " ".join([self.prog, *needed, *options, *words, *([f"{below.metavar} ..."] if below else [])])

    def _sections(self) -> list[tuple[str | None, list[argparse.Action], str | None]]:
        """Titles with what stands under them: what is a command's own first, how to get help last."""
        below = next((a for a in self._actions if isinstance(a, argparse._SubParsersAction)), None)
        own = [g for g in self._action_groups if g is not self._optionals and g is not self._positionals]
        found = [(g.title, list(g._group_actions), g.description) for g in own]
        words = [a for a in self._positionals._group_actions if a is not below]
        if below:
            each = {action.dest: action for action in below._get_subactions()}
            purposes = PURPOSES if self._name == "" else {f"what `{self._name}` can do": tuple(each)}
            found += [(title, [each[n] for n in names], None) for title, names in purposes.items()]
        first = [("arguments", words, None)] if words else []
        last = list(self._optionals._group_actions)
        return [*first, *found, ("help" if own and len(last) == 1 else "options", last, None)]


# A misplaced URL or token is quoted by the parser's messages, and whoever is asked for help gets to see them.
_TOKEN = re.compile(r"(?<=://)[^\s'\"]+|[0-9A-Fa-f]{16,}")


def whole(low: int, high: int) -> Callable[[str], Any]:
    """Reads a number that is no setting."""
    return Setting("", "whole", "command", "", low=low, high=high).value


def add_output(command: argparse.ArgumentParser, default: str) -> None:
    """The option that names the file to write."""
    command.add_argument(
        "-o", "--output", type=Path, default=default, metavar="FILE", help="the file to write (default: %(default)s)"
    )


def sentence(said: str) -> str:
    """What a command does, as a sentence."""
    return f"{said[0].upper()}{said[1:]}."


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)


def _width() -> int:
    return max(min(shutil.get_terminal_size().columns, _WIDEST + 2) - 2, 38)


def _word(action: argparse.Action) -> str:
    """An argument without a name of its own, as a usage shows it."""
    name = str(action.metavar or "{" + ",".join(map(str, action.choices or ())) + "}")
    return f"{name} [{name} ...]" if action.nargs == "+" else name


def _examples(name: str) -> str:
    """The lines to copy, whole, each with what it does below it."""
    lines = ["examples:"] if EXAMPLES.get(name) else []
    for line, does in EXAMPLES.get(name, ()):
        lines.append(f"  connect-conformance {line}")
        lines += [textwrap.indent(line, 6 * " ") for line in _wrapped(does, _width() - 6)]
    return "\n".join(lines)
