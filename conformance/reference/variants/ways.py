"""Mutants that are right with most clients, and wrong in one way of asking: a binding, an encoding, a header field."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from conformance.reference.answer import ACTION, Outcome
from conformance.reference.request import Asked
from conformance.reference.variants.edits import pair, set_text, the, with_body
from conformance.reference.variants.requests import refused
from conformance.reference.variants.variant import answer, mutant, outcome, reading, state, success, tree

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change, When

_WAYS: tuple[tuple[str, str, When], ...] = (
    ("forms", "In forms", lambda call: call.asked.binding == "form-xml"),
    ("bodies", "In a body", lambda call: call.asked.binding == "body-xml"),
    ("parameters", "As a parameter", lambda call: call.asked.binding == "query-params"),
    ("segments", "Behind a last segment that names the call", lambda call: call.request.path.endswith(f"/{ACTION}")),
)
_STATES = ("004", "007", "008", "999")
_FAILED = "REQ-01 REQ-02 REQ-05 ENV-01 ENV-02 ENV-03 TLS-03"


def _any_action(when: When) -> Change:
    return reading(lambda call, asked: Asked(asked.binding, ACTION) if asked.action and when(call) else asked)


def _let_in(when: When, *codes: str) -> Change:
    def lets_in(call: Call) -> bool:
        return when(call) and any(state(code)(call) for code in codes)

    return outcome(lambda call, honest: Outcome(action=ACTION) if lets_in(call) else honest)


def _is_posted(call: Call) -> bool:
    return call.request.method == "POST"


def _compresses(call: Call) -> bool:
    return success(call) and "gzip" in call.request.header("accept-encoding")


def _zipped(body: Callable[[bytes], bytes], *, said: bool = True) -> Change:
    """Bodies that are compressed where that is asked for."""

    def edit(_: Call, whole: Answer) -> Answer:
        return with_body(whole, body(whole.body), **({"content_encoding": "gzip"} if said else {}))

    return answer(edit, _compresses)


def _kept(call: Call, root: ET.Element) -> None:
    """As a cache does that keeps one answer compressed."""
    set_text(root, "Timestamp", str(int(call.now) - 86_400))


def _lacking(_: Call, root: ET.Element) -> None:
    the(root, "Values").remove(pair(root, "6"))


_TWICE = _zipped(lambda body: gzip.compress(gzip.compress(body)))
# What becomes of answers to clients that ask for compression: id, title, what it breaks, how.
ZIPPED: tuple[tuple[str, str, str, Change], ...] = (
    ("cut_short", "Compressed bodies end too early.", "ENV-01", _zipped(lambda body: gzip.compress(body)[:-12])),
    ("unannounced", "Bodies are compressed, which no header says.", "ENV-01", _zipped(gzip.compress, said=False)),
    ("announced_alone", "Bodies are said to be compressed, and are not.", "ENV-01", _zipped(bytes)),
    ("twice", "Compressed bodies are compressed twice.", "ENV-01", _TWICE),
    ("lacks_a_pair", "Compressed answers lack a pair.", "CBK-04", tree(_lacking, _compresses)),
    ("is_a_day_old", "Compressed answers are a day old.", "TIM-02", tree(_kept, _compresses)),
)

VARIANTS = (
    *(
        mutant(
            f"any_action_taken_in_{name}", f"{title} any action is answered with the list.", "REQ-03", _any_action(when)
        )
        for name, title, when in _WAYS
    ),
    *(
        mutant(
            f"state_{code}_open_to_forms",
            f"In state {code} what is posted is answered with success.",
            f"ERR-{code}-data",
            _let_in(_is_posted, code),
            also=f"ERR-{code}-code ERR-{code}-message ERR-{code}-stable",
        )
        for code in _STATES
    ),
    *(
        mutant(
            f"states_open_to_{name}",
            f"{title} success is answered in every state.",
            f"ERR-{code}-data",
            _let_in(when, *_STATES),
            also=" ".join(f"ERR-{other}-*" for other in _STATES),
        )
        for (name, title, when), code in zip(_WAYS, ("007", "004", "008", "999"), strict=True)
    ),
    *(
        mutant(f"gzip_asked_for_{name}", title, breaks, how, also=f"{_FAILED} CBK-09 TIM-03 TIM-04")
        for name, title, breaks, how in ZIPPED
    ),
    mutant(
        "small_hexadecimal_refused",
        "Only capitals are read behind a percent sign.",
        "REQ-02",
        refused(lambda call: re.search("%([a-f]|.[a-f])", call.request.query) is not None),
        also="REQ-05",
    ),
    mutant(
        "slash_in_a_query_refused",
        "A slash in a query has to be percent-encoded.",
        "REQ-02",
        refused(lambda call: "/" in call.request.query),
        also="REQ-05",
    ),
    mutant(
        "kept_connections_refused",
        "A client that asks for a kept connection is refused.",
        "REQ-02",
        refused(lambda call: "keep-alive" in call.request.header("connection").lower()),
        also="REQ-05",
    ),
)
