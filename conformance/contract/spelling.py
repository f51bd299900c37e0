"""Words as people spell them: how several of a thing are called, and what a name that nothing has may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, what: str) -> str:
    """So many of a thing, in words: `1 run`, `2 runs`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def meant(name: str, names: Iterable[str], mark: str = "") -> str:
    """` (did you mean NAME?)` with the name that is nearest, or nothing where none is near. mark: put around it."""
    import difflib  # noqa: PLC0415  most commands make no mistake

    dashed = name.startswith("-")
    alike = sorted(names, key=lambda one: one.startswith("-") is dashed)  # the last of a key stays
    by_lower = {one.lower().lstrip("-"): one for one in alike}  # dashes make no two options alike
    close = difflib.get_close_matches(name.lower().lstrip("-"), by_lower, 1)
    return "".join(f" (did you mean {mark}{by_lower[one]}{mark}?)" for one in close)
