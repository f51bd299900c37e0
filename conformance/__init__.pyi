from conformance import reference as reference
from conformance.evidence.exchange import Evidence as Evidence
from conformance.run import judge as judge
from conformance.run import read_evidence as read_evidence
from conformance.run import record as record
from conformance.target.configuration import ConfigError as ConfigError
from conformance.target.target import Target as Target
from conformance.verdicts.reading import read_report as read_report
from conformance.verdicts.terms import Terms as Terms
from conformance.verdicts.verdict import Report as Report

__version__: str
__all__ = [
    "ConfigError",
    "Evidence",
    "Report",
    "Target",
    "Terms",
    "__version__",
    "judge",
    "read_evidence",
    "read_report",
    "record",
    "reference",
]
