from conformance import reference as reference
from conformance.checks.catalogue import Case as Case
from conformance.checks.catalogue import each as each
from conformance.checks.catalogue import requirement as requirement
from conformance.checks.catalogue import uses as uses
from conformance.checks.judging import Judging as Judging
from conformance.checks.outcome import Breach as Breach
from conformance.checks.outcome import Inconclusive as Inconclusive
from conformance.checks.outcome import NotApplicable as NotApplicable
from conformance.contract.given import ConfigError as ConfigError
from conformance.contract.purpose import Kind as Kind
from conformance.evidence.exchange import Evidence as Evidence
from conformance.evidence.exchange import Exchange as Exchange
from conformance.run import judge as judge
from conformance.run import read_evidence as read_evidence
from conformance.run import record as record
from conformance.target.target import Target as Target
from conformance.verdicts.reading import read_report as read_report
from conformance.verdicts.terms import Terms as Terms
from conformance.verdicts.verdict import Report as Report

__version__: str
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
