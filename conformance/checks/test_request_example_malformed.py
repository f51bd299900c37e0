"""Request example: documents that are no XML are not this request."""

from __future__ import annotations

from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.refusals import refused
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Exchange


@requirement("REQ-04")
@uses(Kind.MALFORMED_TAGS)
def test_tags_that_do_not_match_do_not_succeed(exchange: Exchange, judging: Judging) -> None:
    """A document whose tags do not match is not answered with Success."""
    refused(exchange, judging)


@requirement("REQ-04")
@uses(Kind.MALFORMED_ATTRIBUTES, first=True)
def test_attributes_that_xml_does_not_allow_do_not_succeed(exchange: Exchange, judging: Judging) -> None:
    """A document with an attribute that XML does not allow is not answered with Success."""
    refused(exchange, judging)


@requirement("REQ-04")
@uses(Kind.MALFORMED_REFERENCES, first=True)
def test_references_to_nothing_do_not_succeed(exchange: Exchange, judging: Judging) -> None:
    """A document with a reference to nothing is not answered with Success."""
    refused(exchange, judging)


@requirement("REQ-04")
@uses(Kind.MALFORMED_CHARACTERS, first=True)
def test_characters_that_xml_does_not_have_do_not_succeed(exchange: Exchange, judging: Judging) -> None:
    """A document with bytes or characters that XML does not have is not answered with Success."""
    refused(exchange, judging)


@requirement("REQ-04")
@uses(Kind.MALFORMED_MARKUP, first=True)
def test_broken_markup_does_not_succeed(exchange: Exchange, judging: Judging) -> None:
    """A document with a broken comment, section or declaration is not answered with Success."""
    refused(exchange, judging)


@requirement("REQ-04")
@uses(Kind.MALFORMED_AROUND)
def test_more_or_less_than_one_root_does_not_succeed(exchange: Exchange, judging: Judging) -> None:
    """A document with more or less than one root is not answered with Success."""
    refused(exchange, judging)


@requirement("REQ-04")
@uses(Kind.MALFORMED, first=True)
def test_what_is_generated_malformed_does_not_succeed(exchange: Exchange, judging: Judging) -> None:
    """A generated document that is not well-formed is not answered with Success."""
    refused(exchange, judging)
