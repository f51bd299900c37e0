"""Mutants of the Timestamp (TIM-01 to TIM-05)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING

from conformance.reference.variants.edits import drop, renamed, set_text
from conformance.reference.variants.variant import after, answer, errors, every, mutant, state, success, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change, When

UNTIMELY = "ENV-02 TIM-02 TIM-03 TIM-04"


def _stamped(stamp: Callable[[float], object], when: When = success) -> Change:
    """Timestamp made otherwise from the time of the answer; Date is left alone."""
    return tree(lambda call, root: set_text(root, "Timestamp", str(stamp(call.now))), when)


def _remembered(stamp: Callable[[Call], float], when: When = success) -> Change:
    return tree(lambda call, root: set_text(root, "Timestamp", str(int(stamp(call)))), when)


def _shifted(seconds: float, when: When = success) -> Change:
    return _stamped(lambda now: int(now + seconds), when)


def _utc(now: float, form: str) -> str:
    return datetime.fromtimestamp(now, UTC).strftime(form)


def _translated(now: float, zero: int) -> str:
    return "".join(chr(zero + int(digit)) for digit in str(int(now)))


def _first(call: Call) -> float:
    first: float = call.memory.setdefault("first", call.now)
    return first


def _slowed(call: Call) -> float:
    return _first(call) + (call.now - _first(call)) / 100


def _counting_down(call: Call) -> float:
    return _first(call) + 200 - call.number


def _cached(call: Call, whole: Answer) -> Answer:
    """As a cache does that knows nothing of Cache-Control."""
    request = call.request
    key = f"{request.scheme} {request.method} {request.target} {request.body!r}"
    kept: Answer = call.memory.setdefault(key, whole)
    return kept


NOT_UNIX_TIME: tuple[tuple[str, str, Callable[[float], object]], ...] = (
    ("timestamp_in_milliseconds", "Timestamp counts milliseconds.", lambda now: int(now * 1000)),
    ("timestamp_in_microseconds", "Timestamp counts microseconds.", lambda now: int(now * 1_000_000)),
    ("timestamp_in_minutes", "Timestamp counts minutes.", lambda now: int(now / 60)),
    ("timestamp_with_fraction", "Timestamp has a fraction.", lambda now: f"{now:.3f}"),
    ("timestamp_with_point_zero", "Timestamp is a floating-point number.", lambda now: float(int(now))),
    ("timestamp_with_exponent", "Timestamp is in scientific notation.", lambda now: f"{now:.9e}"),
    ("timestamp_iso_8601", "Timestamp is an ISO 8601 date.", lambda now: _utc(now, "%Y-%m-%dT%H:%M:%SZ")),
    ("timestamp_of_sql", "Timestamp is a date as SQL prints it.", lambda now: _utc(now, "%Y-%m-%d %H:%M:%S")),
    ("timestamp_of_mail", "Timestamp is a date as mail has it.", lambda now: formatdate(now, usegmt=True)),
    ("timestamp_in_fourteen_digits", "Timestamp is a date of 14 digits.", lambda now: _utc(now, "%Y%m%d%H%M%S")),
    ("timestamp_with_sign", "Timestamp carries a sign.", lambda now: f"+{int(now)}"),
    ("timestamp_negative", "Timestamp is negative.", lambda now: -int(now)),
    ("timestamp_zero_padded", "Timestamp is padded to twelve digits.", lambda now: f"{int(now):012}"),
    ("timestamp_with_leading_space", "A space stands before the Timestamp.", lambda now: f" {int(now)}"),
    ("timestamp_with_line_end", "A line end stands behind the Timestamp.", lambda now: f"{int(now)}\n"),
    ("timestamp_with_commas", "Timestamp is grouped with commas.", lambda now: f"{int(now):,}"),
    ("timestamp_with_unit", "Timestamp names its unit.", lambda now: f"{int(now)}s"),
    ("timestamp_with_zone", "Timestamp names a time zone.", lambda now: f"{int(now)} UTC"),
    ("timestamp_hexadecimal", "Timestamp is hexadecimal.", lambda now: f"{int(now):x}"),
    ("timestamp_quoted", "Timestamp stands in quotation marks.", lambda now: f'"{int(now)}"'),
    ("timestamp_in_arabic_indic_digits", "Timestamp is in Arabic-Indic digits.", lambda now: _translated(now, 0x660)),
    ("timestamp_in_full_width_digits", "Timestamp is in full-width digits.", lambda now: _translated(now, 0xFF10)),
    ("timestamp_empty", "Timestamp is empty.", lambda _: ""),
    ("timestamp_zero", "Timestamp is 0.", lambda _: 0),
)

NOT_THE_TIME: tuple[tuple[str, str, Callable[[float], object]], ...] = (
    ("timestamp_of_the_example", "Timestamp is that of the page's example.", lambda _: 1316512313),
    ("timestamp_an_hour_ahead", "Timestamp is an hour ahead, as in summer time.", lambda now: int(now) + 3600),
    ("timestamp_in_local_time", "Timestamp is that of a time zone west.", lambda now: int(now) - 5 * 3600),
    ("timestamp_six_minutes_slow", "Timestamp is six minutes behind.", lambda now: int(now) - 360),
    ("timestamp_six_minutes_fast", "Timestamp is six minutes ahead.", lambda now: int(now) + 360),
    ("timestamp_of_yesterday", "Timestamp is a day behind.", lambda now: int(now) - 86400),
    ("timestamp_a_year_ahead", "Timestamp is a year ahead.", lambda now: int(now) + 365 * 86400),
    ("timestamp_since_1900", "Timestamp counts from 1900, as NTP does.", lambda now: int(now) + 2208988800),
    ("timestamp_in_ten_digits", "Timestamp is a date of ten digits.", lambda now: _utc(now, "%Y%m%d%H")),
    ("timestamp_largest", "Timestamp is the largest of 32 bits.", lambda _: 2**31 - 1),
)

STUCK: tuple[tuple[str, str, Callable[[Call], float]], ...] = (
    ("timestamp_of_the_start", "Timestamp is that of the first call.", _first),
    ("timestamp_slowed", "Timestamp advances a hundred times too slowly.", _slowed),
)

NOT_UNIX_TIME_IN_ERRORS: tuple[tuple[str, str, Callable[[float], object]], ...] = (
    ("error_timestamp_in_milliseconds", "In errors Timestamp counts milliseconds.", lambda now: int(now * 1000)),
    (
        "error_timestamp_iso_8601",
        "In errors Timestamp is an ISO 8601 date.",
        lambda now: _utc(now, "%Y-%m-%dT%H:%M:%SZ"),
    ),
    ("error_timestamp_empty", "In errors Timestamp is empty.", lambda _: ""),
    ("error_timestamp_with_fraction", "In errors Timestamp has a fraction.", lambda now: f"{now:.3f}"),
    ("error_timestamp_zero", "In errors Timestamp is 0.", lambda _: 0),
)

ERROR_ENVELOPES = "ERR-004-envelope ERR-007-envelope ERR-008-envelope ERR-009-envelope ERR-999-envelope"

VARIANTS = (
    *(mutant(name, title, "TIM-01", _stamped(stamp), also=UNTIMELY) for name, title, stamp in NOT_UNIX_TIME),
    mutant(
        "timestamp_in_milliseconds_every_third_call",
        "Every third Timestamp counts milliseconds.",
        "TIM-01",
        _stamped(lambda now: int(now * 1000), every(3)),
        also=UNTIMELY,
    ),
    *(mutant(name, title, "TIM-02", _stamped(stamp), also="TIM-03 TIM-04") for name, title, stamp in NOT_THE_TIME),
    mutant(
        "timestamp_old_every_fourth_call",
        "Every fourth Timestamp is an hour old.",
        "TIM-02",
        _shifted(-3600, every(4)),
        also="TIM-03 TIM-04",
    ),
    mutant(
        "timestamp_old_for_post",
        "To a POST Timestamp is an hour old.",
        "TIM-02",
        _shifted(-3600, lambda call: success(call) and call.request.method == "POST"),
        also="TIM-03 TIM-04",
        binding="form-xml",
    ),
    mutant(
        "two_clocks",
        "Every other call is answered by a clock a minute slow.",
        "TIM-03",
        _shifted(-60, every(2)),
        also="TIM-04",
    ),
    mutant(
        "timestamp_set_back_once",
        "The clock is set back by two minutes after three calls.",
        "TIM-03",
        _shifted(-120, after(3)),
        also="TIM-04",
    ),
    mutant(
        "timestamp_counts_down",
        "Every Timestamp is a second before the last.",
        "TIM-03",
        _remembered(_counting_down),
        also="TIM-04 TIM-02",
    ),
    *(mutant(name, title, "TIM-04", _remembered(stamp)) for name, title, stamp in STUCK),
    mutant(
        "answers_cached",
        "Every later answer to a request is the first one again.",
        "TIM-04",
        answer(_cached),
        also="CBK-09 TIM-03",
    ),
    mutant(
        "error_timestamp_missing",
        "Errors have no Timestamp.",
        "TIM-05",
        tree(lambda _, root: drop(root, "Timestamp"), errors),
        also=ERROR_ENVELOPES,
    ),
    mutant(
        "error_timestamp_missing_over_http",
        "The error of plain HTTP has no Timestamp.",
        "TIM-05",
        tree(lambda _, root: drop(root, "Timestamp"), state("009")),
        also="ERR-009-envelope",
    ),
    mutant(
        "error_timestamp_renamed",
        "In errors Timestamp is named Time.",
        "TIM-05",
        renamed("Timestamp", "Time", errors),
        also=ERROR_ENVELOPES,
    ),
    *(
        mutant(name, title, "TIM-05", _stamped(stamp, errors), also=ERROR_ENVELOPES)
        for name, title, stamp in NOT_UNIX_TIME_IN_ERRORS
    ),
)
