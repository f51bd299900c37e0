"""A hash chain over a recording: each exchange is bound to the run's settings and to all exchanges before it.

It binds and orders; it proves nothing about who made it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

FIELD = "_chain"


def links(run: Any, entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The link of each entry of a HAR file, `run` being the `_run` of its log; both as JSON has them."""
    link = hashlib.sha256(_canonical(run)).hexdigest()
    for entry in entries:
        bare = {key: value for key, value in entry.items() if key != FIELD}
        link = hashlib.sha256(link.encode() + _canonical(bare)).hexdigest()
        yield link


def _canonical(value: Any) -> bytes:
    """The one way to write a value, so that its layout in a file does not count."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
