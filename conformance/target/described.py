"""What a run has to say of its target so that its requests can be made again elsewhere, without a secret.

Texts have placeholders where secrets stood. What this machine alone can use (files, commands, addresses, proxies) is
only said to have been there.
"""

from __future__ import annotations

from typing import Any

import msgspec

from conformance.target.secrets import Secrets
from conformance.target.target import State, Target

_SET = "set"  # stands for what is not told
_UNTOLD = (*("ca_file", "client_cert", "client_key"), *("source_address", "proxy", "setup", "teardown", "folder"))


class SecretNote(msgspec.Struct, frozen=True):
    """A secret: how it is shown, what a shell line has for it, and what stood in for it over plain HTTP."""

    label: str
    shell: str
    stand_in: str = ""


class Described(msgspec.Struct, frozen=True):
    """How a run was set up.

    target: the settings, by key. secrets: in the order of their placeholders. wishes: what was to be sent, each as
    the label of a purpose and its call. canary: the URL that hostile requests refer to. smoke: of how
    many requests a smoke run was to be; 0 where it was none.
    """

    target: dict[str, Any]
    secrets: tuple[SecretNote, ...]
    wishes: tuple[tuple[str, str], ...]
    canary: str = ""
    smoke: int = 0

    def in_words(self) -> dict[str, Any]:
        """What a report tells of the settings, without secrets; nothing of settings that nobody could read."""
        try:
            target = restored(self)
        except (msgspec.ValidationError, ValueError):
            return {}
        shown = target.secrets.shown
        return {
            "http_endpoint": shown(target.http_endpoint),
            "proxy": shown(target.proxy),
            "states": {code: shown(_ways(state)) for code, state in sorted(target.states.items())},
            "hostile": target.allow_hostile_requests,
        }


def _ways(state: State) -> str:
    """How a state is reached, in words."""
    ways = [f"the endpoint {state.endpoint}"] if state.endpoint else []
    ways += [f"the header {name}: {value}" for name, value in state.headers]
    named = {
        "proxy": "proxy",
        "source_address": "source address",
        "setup": "setup command",
        "teardown": "teardown command",
    }
    return ", ".join(ways + [f"a {what}" for key, what in named.items() if getattr(state, key)])


def settings_of(target: Target) -> dict[str, Any]:
    """The settings of a target, by key."""
    said = {name: getattr(target, name) for name in Target.__struct_fields__ if name != "secrets"}
    made: dict[str, Any] = msgspec.to_builtins(said)
    made["states"] = {code: _without(state) for code, state in made["states"].items()}
    return _without(made)


def _without(said: dict[str, Any]) -> dict[str, Any]:
    """The settings without the values that only this machine can use."""
    hidden = {key: [_SET] if isinstance(said[key], list | tuple) else _SET for key in _UNTOLD if said.get(key)}
    return said | hidden


def restored(described: Described) -> Target:
    """The target of another machine's run: its requests are the same, and it has nobody's secrets.

    Raises msgspec.ValidationError.
    """
    secrets = Secrets()
    for number, note in enumerate(described.secrets):
        secrets.hide(f"secret number {number} of somebody else", note.label, shell=note.shell)
    known = msgspec.convert(described.target, _Fields)
    return Target(secrets=secrets, **{name: getattr(known, name) for name in _Fields.__struct_fields__})


# What a target says of itself, as it is read back: without the one field that is no data.
_Fields: type[msgspec.Struct] = msgspec.defstruct(
    "Target",
    [(field.name, field.type) for field in msgspec.structs.fields(Target) if field.name != "secrets"],
    frozen=True,
    forbid_unknown_fields=True,
)
