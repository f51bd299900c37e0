"""A line of a history: what one run came to, with a letter for every judgement.

The names that the letters belong to are the `terms` of a run. They stand in full in the first line that has them, and
by their digest in those that follow: with sixteen calls they are thirty times as long as the letters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

import msgspec

from conformance.contract.levels import Level
from conformance.verdicts.claim import amounts_to
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, ExitCode, required

FORMAT = 1
LETTERS = {
    Verdict.PASS: "p",
    Verdict.FAIL: "f",
    Verdict.INCONCLUSIVE: "i",
    Verdict.NOT_APPLICABLE: "n",
    Verdict.ERROR: "e",
}
WAIVED, LEFT_OUT = "w", "-"  # a failure that is excused; what the run was not asked, or not in full
WORDS = {letter: verdict.value for verdict, letter in LETTERS.items()} | {WAIVED: "waived"}
CONCLUSIVE = frozenset("pfw")
_VERDICTS = {letter: verdict for verdict, letter in LETTERS.items()}
_ALL = "".join(LETTERS.values()) + WAIVED + LEFT_OUT
LEVEL_OF: dict[str, Level] = {"m": "must", "s": "should", "a": "advisory"}
_MOST_LABELS, _LONGEST = 100, 1_000  # characters of a name or a label; a run's own are shorter


class LineError(ValueError):
    """What is no line of a history: says in a few words why."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged and how. names: of the judgements, a word each; levels: a letter each (m, s, a).

    elements: of the error envelope. states: codes that were provisioned. hostile: whether hostile requests were sent.
    whole: whether all of the catalogue was asked for. id: the digest of all else, by which other lines name it.
    """

    id: str = ""
    binding: str
    calls: tuple[str, ...]
    accept: tuple[str, ...]
    clock_tolerance: float
    elements: tuple[str, ...]
    states: tuple[str, ...]
    hostile: bool
    whole: bool
    names: str
    levels: str

    @property
    def digest(self) -> str:
        """What `id` has to be."""
        return digest(msgspec.json.encode(msgspec.structs.replace(self, id="")))

    def settings(self, letters: str) -> str:
        """A digest of what makes two runs comparable, whichever suite and contract: settings and selection.

        Where another state is provisioned, more can be seen, and what was seen stays comparable: that is told apart.
        """
        names = zip(self.names.split(" "), letters, strict=True)
        chosen = [] if self.whole else [name for name, letter in names if letter != LEFT_OUT]
        return digest(
            msgspec.json.encode([self.binding, self.calls, self.accept, self.clock_tolerance, self.elements, chosen])
        )


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run.

    history: the version of this format. editions: documents that state the calls judged. settings: a digest of what
    makes two runs comparable. judged: a letter a judgement. ms: median and 95th percentile of the answer times, in
    milliseconds. evidence: SHA-256 of evidence.har. live: whether the endpoint was asked, and not a recording judged.
    obstacle: why nothing could be judged.
    """

    history: int
    when: str
    target: str
    labels: dict[str, str]
    contract: str
    editions: tuple[str, ...]
    suite: str
    seed: int
    level: Level
    settings: str
    verdict: Claim
    exit: int
    judged: str
    sent: int
    lost: int
    ms: tuple[float, float] | None = None
    evidence: str = ""
    live: bool
    obstacle: str = ""
    terms: Terms | str

    @property
    def at(self) -> int:
        """When it began, in Unix seconds."""
        return int(datetime.fromisoformat(self.when).timestamp())

    @property
    def terms_id(self) -> str:
        return self.terms if isinstance(self.terms, str) else self.terms.id

    def written(self, *, whole: bool) -> bytes:
        """The line, its end included. whole: with its terms in full."""
        return msgspec.json.encode(self if whole else self.referring(self.terms_id)) + b"\n"

    def referring(self, terms: str) -> Line:
        """The same with its terms named only."""
        return msgspec.structs.replace(self, terms=terms)


def digest(data: bytes) -> str:
    """Sixteen hexadecimal digits that tell settings apart."""
    return sha256(data).hexdigest()[:16]


_decoder = msgspec.json.Decoder(Line)


def read_line(data: bytes) -> Line:
    """One line. Raises LineError."""
    try:
        line = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LineError(_what_else(data) or str(error)) from None
    if line.history != FORMAT:
        raise LineError(f"it has format {line.history}, and this version reads format {FORMAT}")
    for fault in _faults(line):
        raise LineError(fault)
    return line


def _what_else(data: bytes) -> str:
    """What a line that is none seems to be."""
    if data.startswith((b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")):
        return "a conflict marker of a merge"
    return "it is torn" if data.startswith(b'{"history":') and not data.rstrip().endswith(b"}") else ""


def _faults(line: Line) -> Iterator[str]:
    """What of a line cannot be, though its types are right."""
    try:
        if len(line.when) != 20 or line.when[-1] != "Z" or line.at < 0:
            raise ValueError
    except (ValueError, OverflowError):
        yield "`when` is no time such as 2026-01-01T00:00:00Z"
    if not line.judged or line.judged.strip(_ALL):
        yield f"`judged` has other letters than {' '.join(_ALL)}"
    if not 0 < len(line.target) <= _LONGEST or not _are_labels(line.labels):
        yield "a name or a label is empty or too long"
    if line.evidence and (len(line.evidence) != 64 or line.evidence.strip("0123456789abcdef")):
        yield "`evidence` is no SHA-256"
    if line.ms and not all(math.isfinite(number) and number >= 0 for number in line.ms):
        yield "`ms` are no times"
    if line.exit not in _CODES or line.sent < 0 or not 0 <= line.lost <= line.sent:
        yield "`exit`, `sent` or `lost` cannot be"
    if isinstance(line.terms, Terms):
        yield from _faults_of_terms(line.terms)


_CODES = frozenset(int(code) for code in ExitCode)


def _are_labels(labels: dict[str, str]) -> bool:
    if not labels:
        return True
    return len(labels) <= _MOST_LABELS and max(map(len, (*labels, *labels.values()))) <= _LONGEST


def _faults_of_terms(terms: Terms) -> Iterator[str]:
    names = terms.names.split(" ")
    if not all(names) or len(set(names)) < len(names) or len(terms.levels) != len(names):
        yield "`terms` have no name and level for each judgement"
    if terms.levels.strip("msa"):
        yield "`terms` have other levels than m, s, a"
    if terms.id != terms.digest:
        yield "`terms` are not what their digest says"


@lru_cache(maxsize=100_000)
def contradiction(letters: str, levels: str, names: str, level: Level, verdict: Claim) -> str:
    """Why a line cannot be what a run came to: the verdict that it says does not follow from its letters."""
    if len(letters) != len(levels):
        return f"it has {len(letters)} letters for {len(levels)} judgements"
    stopped = "e" in (letter for letter, name in zip(letters, names.split(" "), strict=True) if "/" not in name)
    follows = claim_of(counted_letters(letters, levels, names, level), stopped=stopped)
    # A policy that is not kept, and an interruption, leave open what would conform.
    if verdict is follows or (follows is Claim.CONFORMING and verdict is Claim.INCONCLUSIVE):
        return ""
    return f"it says {verdict.value}, and its letters come to {follows.value}"


def counted_letters(letters: str, levels: str, names: str, level: Level) -> set[str]:
    """Those of the judgements that may fail a run at this level: of the contract, and not of somebody's own."""
    words = required(level)
    judged = zip(letters, levels, names.split(" "), strict=True)
    return {a for a, b, name in judged if a != LEFT_OUT and LEVEL_OF[b] in words and "/" not in name}


def claim_of(letters: Iterable[str], *, stopped: bool) -> Claim:
    """What letters of counted judgements amount to, as the suite decides it."""
    found = set(letters)
    verdicts = {_VERDICTS[letter] for letter in found if letter in _VERDICTS}
    return amounts_to(verdicts, excused=WAIVED in found, stopped=stopped)
