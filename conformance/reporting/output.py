"""All that the commands print: nothing that the stream cannot carry, and no end of a run because nobody reads it."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TextIO

from conformance.reporting import escape

NAME = "connect-conformance"
# How a reader looks who has gone: a pipe or terminal without its other end, a descriptor that was closed.
_LINKING = ("VTE_VERSION", "WT_SESSION", "KONSOLE_VERSION", "TERM_PROGRAM", "DOMTERM")  # set by terminals with links
_GONE = frozenset({errno.EPIPE, errno.EBADF, errno.EIO, errno.ENXIO, errno.ECONNRESET})


class OutputError(Exception):
    """Standard output cannot be written, though somebody may want to read it: says in one line why."""


def open_streams() -> None:
    """Make the null device of standard streams that are closed.

    The next file or socket that is opened would otherwise take their place, and be printed into.
    """
    while (null := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(null)
    for name, number in (("stdout", 1), ("stderr", 2)):
        with contextlib.suppress(OSError):
            os.set_blocking(number, True)  # some parents leave a pipe that is "temporarily unavailable"
        if getattr(sys, name) is None:
            stream = os.fdopen(number, "w", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)  # where pytest looks for a descriptor


def say(text: str, style: str = "") -> None:
    """Print a text, new lines included. Raises OutputError; a reader who has gone is none.

    style: `json` or `html`, which have escapes of their own for what the stream has no characters for, and for what a
    build server takes for a command in its log.
    """
    text = escape.no_command(text, style)
    if style == "json":
        text = escape.ascii_json(text)
    elif style == "html":
        text = text.encode("ascii", "xmlcharrefreplace").decode("ascii")
    command(text)


def command(text: str) -> None:
    """The same for lines that a build server is to act on."""
    try:
        _write(sys.stdout, text)
    except OSError as error:
        raise OutputError(f"the output cannot be written: {error.strerror or error}") from None


def complain(line: str) -> None:
    """Say what went wrong in one line on standard error, if that can be."""
    note(f"{NAME}: {line}")


def note(line: str) -> None:
    """One line beside the output, if that can be said."""
    with contextlib.suppress(OSError):
        _write(sys.stderr, escape.terminal(line, limit=2_000) + "\n")


def progress(line: str, *, over: bool, stream: TextIO | None = None) -> None:
    """A line on a terminal that the next one replaces; nothing elsewhere. stream: standard error, if not given."""
    stream = stream or sys.stderr
    if is_terminal(stream):
        with contextlib.suppress(OSError):
            _write(stream, f"\r{line}" + ("\r\x1b[K" if over else ""))


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at it who can be shown colours and lines that change."""
    with contextlib.suppress(OSError, ValueError):
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    return False


def has_colors(stream: TextIO | None) -> bool:
    """Whether what is written there may have colours: NO_COLOR forbids them, FORCE_COLOR wants them everywhere."""
    if os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("FORCE_COLOR", "0") not in {"", "0", "false"} or is_terminal(stream)


def has_links(stream: TextIO | None) -> bool:
    """Whether a terminal is known to show links (OSC 8); others may print what they do not know."""
    known = any(os.environ.get(name) for name in _LINKING)
    return is_terminal(stream) and (
        known or os.environ.get("TERM", "").endswith(("-kitty", "foot", "alacritty", "ghostty"))
    )


def carried(text: str, encoding: str | None) -> str:
    """The text with escapes for what the encoding has no characters for."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("…", "...").encode(encoding, "backslashreplace").decode(encoding)
    return text


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None or stream.closed:
        return
    try:
        stream.write(carried(text, stream.encoding))
        stream.flush()
    except OSError as error:
        _leave(stream)
        if error.errno not in _GONE:
            raise


def _leave(stream: TextIO) -> None:
    """Write to it no more: what Python has not written yet would fail once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
