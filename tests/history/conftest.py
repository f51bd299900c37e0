"""What the tests of history share with those of reports."""

from tests.reporting.conftest import matches

__all__ = ["matches"]
