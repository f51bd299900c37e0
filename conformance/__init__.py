"""Conformance suite for the Connect API: says, requirement by requirement, whether an endpoint keeps the contract.

    from conformance import Target, judge, record
    report = judge(record(Target.of("https://staging.example.com/TOKEN", ca_file="ca.pem")))

`__init__.pyi` beside this file has the types. Names are imported when they are asked for: `--version` needs none.
"""

from importlib import import_module
from typing import Any

__version__ = "0.3.0"

_PLACES = {
    "Breach": "conformance.checks.outcome",
    "Case": "conformance.checks.catalogue",
    "ConfigError": "conformance.contract.given",
    "Evidence": "conformance.evidence.exchange",
    "Exchange": "conformance.evidence.exchange",
    "Inconclusive": "conformance.checks.outcome",
    "Judging": "conformance.checks.judging",
    "Kind": "conformance.contract.purpose",
    "NotApplicable": "conformance.checks.outcome",
    "Report": "conformance.verdicts.verdict",
    "Target": "conformance.target.target",
    "Terms": "conformance.verdicts.terms",
    "each": "conformance.checks.catalogue",
    "judge": "conformance.run",
    "read_evidence": "conformance.run",
    "read_report": "conformance.verdicts.reading",
    "record": "conformance.run",
    "requirement": "conformance.checks.catalogue",
    "uses": "conformance.checks.catalogue",
}
__all__ = [
    "Breach",
    "Case",
    "ConfigError",
    "Evidence",
    "Exchange",
    "Inconclusive",
    "Judging",
    "Kind",
    "NotApplicable",
    "Report",
    "Target",
    "Terms",
    "__version__",
    "each",
    "judge",
    "read_evidence",
    "read_report",
    "record",
    "reference",
    "requirement",
    "uses",
]


def __getattr__(name: str) -> Any:
    if name == "reference":
        return import_module("conformance.reference")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
