"""The one request of a call that changes something."""

from __future__ import annotations

from dataclasses import replace

from conformance.probes import probe as probes
from conformance.probes.probe import FIRST, Probe
from conformance.probes.template import Template
from conformance.target.target import Target


def once(of: Template, target: Target) -> Probe:
    """The documented request, in a binding in which it may be sent."""
    allowed = of.call.row.bindings
    binding = target.binding if not allowed or target.binding in allowed else allowed[0]
    title = f"{of.name}: the documented request, the only one"
    codes = {code for p in of.call.parameters for code in p.locked}
    if codes:  # what has no such state logs nobody in
        codes |= {code for p in of.call.parameters if p.secret and p.required for code in p.errors}
    base = probes.documented(of, binding)
    return replace(base, id=f"{FIRST}@{of.name}", title=title, failed_login=frozenset(codes))
