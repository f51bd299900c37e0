"""How a judgement is named, and which judgements a glob names."""

from __future__ import annotations

from fnmatch import fnmatchcase


def addressed(requirement: str, call: str) -> str:
    """How a judgement is named: `ENV-03@get_list_callback`, or `TLS-01` where it is judged once."""
    return f"{requirement}@{call}" if call else requirement


def names(glob: str, requirement: str, call: str) -> bool:
    """Whether a glob names a judgement: by its requirement, or with @ by its call as well."""
    return fnmatchcase(addressed(requirement, call) if "@" in glob else requirement, glob)
