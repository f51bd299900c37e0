"""Every variant of the reference endpoint: mutants, each wrong in one way, and correct ones, each unusual in one.

The suite is proved with them: every mutant must be found, no correct variant may be accused.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from conformance.reference.variants import (
    account_answers,
    accounts,
    anywhere,
    captchas,
    carriage,
    charsets,
    contents,
    documents,
    enforcement,
    envelope,
    errors,
    fronted,
    hostile,
    hygiene,
    layouts,
    lists,
    malformed,
    pairs,
    plain_http,
    requests,
    stability,
    syntax,
    terms,
    timestamps,
    tokens,
    unusual,
    ways,
    wellformed,
    wire,
)
from conformance.reference.variants.variant import Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

_MUTANTS = (
    accounts,
    anywhere,
    requests,
    malformed,
    documents,
    layouts,
    hostile,
    wellformed,
    envelope,
    contents,
    pairs,
    stability,
    timestamps,
    enforcement,
    plain_http,
    tokens,
    errors,
    hygiene,
    ways,
    wire,
)
_CORRECT = (charsets, syntax, unusual, carriage, fronted)
_BOTH = (lists, terms, captchas, account_answers)


def _register() -> Mapping[str, Variant]:
    found: dict[str, Variant] = {}
    for variant in (variant for theme in (*_MUTANTS, *_CORRECT, *_BOTH) for variant in theme.VARIANTS):
        if variant.id in found:
            raise ValueError(f"two variants are named {variant.id}")
        found[variant.id] = variant
    return MappingProxyType(found)


VARIANTS: Mapping[str, Variant] = _register()


def variant_named(name: str) -> Variant:
    """The variant of that id."""
    if name not in VARIANTS:
        raise ValueError(f"no such variant: {name!r}")
    return VARIANTS[name]
