"""Makes the reference endpoint, as it is or as a variant of itself: in-process, or on sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from conformance.reference.app import Application, Behaviour, Rewrite, Stages, rewritten
from conformance.reference.calls import read_calls
from conformance.reference.listen import Running
from conformance.reference.transport import Transport


def application(
    *,
    state: str | None = None,
    variant: str | None = None,
    rewrite: Rewrite | None = None,
    rewrite_errors: Rewrite | None = None,
    schemas: Path | None = None,
    clock: Callable[[], float] | None = None,
    token: str = "",
    unknown_action: str = "999",
) -> Application:
    """The bare application, for use in-process (httpx.ASGITransport and the like).

    variant: the id of one that needs no real sockets. rewrite, rewrite_errors: make other bytes of the body
    of an answer with Success, and of any other. schemas: the folder of another contract, whose calls are served.
    clock: gives the time, in Unix seconds. token: the only one that the guide's calls take; "" for any.
    unknown_action: the code that an action of no call gets, 999 as the page has none for it, or the guide's 430.
    """
    stages = Stages() if clock is None else _timed(clock)
    if variant is not None:
        from conformance.reference.registry import variant_named  # noqa: PLC0415  most endpoints have none

        chosen = variant_named(variant)
        if chosen.wire:
            raise ValueError(f"variant {variant!r} needs real sockets: use start()")
        stages = chosen.change(stages)
    served = read_calls(schemas) if schemas else None
    made = Application(rewritten(stages, rewrite, rewrite_errors), Behaviour(state), served, token)
    made.service.unknown_action = unknown_action
    return made


def _timed(clock: Callable[[], float]) -> Stages:
    return replace(Stages(), clock=lambda _: clock())


def start(
    *,
    state: str | None = None,
    variant: str | None = None,
    rewrite: Rewrite | None = None,
    rewrite_errors: Rewrite | None = None,
    host: str = "127.0.0.1",
    https_port: int = 0,
    http_port: int = 0,
    schemas: Path | None = None,
    clock: Callable[[], float] | None = None,
    unknown_action: str = "999",
) -> Running:
    """Starts an endpoint. Both ports are bound when this returns; port 0 means any free one.

    state: the code of the error table that holds for every call. variant: the id of a broken or unusual one.
    rewrite, rewrite_errors: make other bytes of the body of an answer with Success, and of any other. schemas: the
    folder of another contract, whose calls are served. clock: gives the time, in Unix seconds. unknown_action: the code
    that an action of no call gets, as in `application`.
    """
    stages, transport, speak = Stages() if clock is None else _timed(clock), Transport(), None
    if variant is not None:
        from conformance.reference.registry import variant_named  # noqa: PLC0415  most endpoints have none

        chosen = variant_named(variant)
        stages, transport, speak = chosen.change(stages), chosen.transport, chosen.speak
    served = read_calls(schemas) if schemas else None
    application = Application(rewritten(stages, rewrite, rewrite_errors), Behaviour(state), served)
    application.service.unknown_action = unknown_action
    return Running(application, transport=transport, speak=speak, host=host, ports=(https_port, http_port))
