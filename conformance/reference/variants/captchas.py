"""Variants of get_captcha: images that are none, and captchas that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes
from xml.etree import ElementTree as ET

from conformance.reference.variants.edits import set_text, the
from conformance.reference.variants.variant import correct, mutant, of, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change

CAPTCHA = "get_captcha"


def _pictured(edit: Callable[[bytes], bytes]) -> Change:
    """Another image than the honest one."""

    def change(_: Call, root: ET.Element) -> None:
        image = the(root, "Values/Value/captcha_image")
        image.text = quote(edit(unquote_to_bytes((image.text or "").replace("+", " "))), safe="")

    return tree(change, of(CAPTCHA))


def _spoilt(image: bytes) -> bytes:
    middle = len(image) // 2
    return image[:middle] + bytes([image[middle] ^ 1]) + image[middle + 1 :]


def _kept(call: Call, root: ET.Element) -> None:
    """As a cache keeps it."""
    whole = ET.tostring(the(root, "Values"))
    kept = ET.fromstring(call.memory.setdefault("captcha", whole))  # noqa: S314  our own
    the(root, "Values")[:] = list(kept)


VARIANTS = (
    mutant("captcha_cut", "The image is cut off.", "CAP-03", _pictured(lambda image: image[:-20]), call=CAPTCHA),
    mutant("captcha_without_end", "The image has no end.", "CAP-03", _pictured(lambda i: i[:-12]), call=CAPTCHA),
    mutant("captcha_spoilt", "An octet of the image is wrong.", "CAP-03", _pictured(_spoilt), call=CAPTCHA),
    mutant(
        "captcha_is_a_gif",
        "The image is a GIF.",
        "CAP-03",
        _pictured(lambda _: b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
        call=CAPTCHA,
    ),
    mutant(
        "captcha_encoded_twice",
        "The image is encoded twice.",
        "CAP-03",
        _pictured(lambda image: quote(image, safe="").encode()),
        call=CAPTCHA,
    ),
    mutant("captcha_kept", "Every call gives the same captcha.", "CAP-04", tree(_kept, of(CAPTCHA)), call=CAPTCHA),
    correct(
        "captcha_in_small_letters",
        "Escapes of the image are in small letters.",
        tree(
            lambda _, root: set_text(
                root, "Values/Value/captcha_image", "".join(f"%{b:02x}" for b in unquote_to_bytes(_image(root)))
            ),
            of(CAPTCHA),
        ),
        call=CAPTCHA,
    ),
)


def _image(root: ET.Element) -> str:
    return (the(root, "Values/Value/captcha_image").text or "").replace("+", " ")
