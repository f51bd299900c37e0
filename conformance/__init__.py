"""connect-conformance: says, requirement by requirement, whether an endpoint keeps the Connect API's contract."""

__version__ = "0.1.0"
