"""The reference endpoint: the Connect API to the letter of the page, on loopback, for the suite to judge.

It imports nothing of the suite, so that one bug cannot acquit itself. Importing this package is cheap:
servers and certificates are loaded when an endpoint is started.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.reference.app import Application, Behaviour
    from conformance.reference.listen import Running
    from conformance.reference.starting import application, start

_HOMES = {
    "Application": "conformance.reference.app",
    "Behaviour": "conformance.reference.app",
    "Running": "conformance.reference.listen",
    "application": "conformance.reference.starting",
    "start": "conformance.reference.starting",
}

__all__ = ["Application", "Behaviour", "Running", "application", "start"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
