"""Captchas: made for whoever asks, good for fifteen minutes, one attempt and one use."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import quote_plus

from conformance.reference.picture import png

LIFE_S = 15 * 60
LETTERS = 5  # of a code; the guide allows six
KEPT = 10_000  # the oldest are forgotten then

# Made before anybody asked, for lines that are tried by hand: each is good once, whenever that is.
PREPARED = ("c0ffee00000000000000000000000001", "c0ffee00000000000000000000000002")
SOLVES_ANY = "A1B2C3"  # a code that is right for every captcha, for those who cannot read an image


@dataclass(slots=True)
class Captcha:
    """born: in Unix time. failed: whether a wrong code was tried. redeemed: whether it was used."""

    born: float
    failed: bool = False
    redeemed: bool = False


def code_of(captcha_id: str) -> str:
    """What the image shows: the first five digits of the id, in capitals, so that tests need not read images."""
    return captcha_id[:LETTERS].upper()


class Captchas:
    """Those of one endpoint."""

    def __init__(self) -> None:
        self._made = {captcha_id: Captcha(born=float("inf")) for captcha_id in PREPARED}

    def make(self, now: float) -> tuple[str, str]:
        """A new one: its id, and its image as it travels (URL-encoded, with a plus sign for a space)."""
        captcha_id = secrets.token_hex(16)
        if len(self._made) >= KEPT:
            del self._made[next(iter(self._made))]
        self._made[captcha_id] = Captcha(now)
        return captcha_id, quote_plus(png(code_of(captcha_id), bytes.fromhex(captcha_id)))

    def redeem(self, captcha_id: str, code: str, now: float) -> str:
        """Uses a captcha up. The code of the error that forbids it, or ""."""
        captcha = self._made.get(captcha_id)
        if captcha is None:
            return "400"
        if captcha.redeemed:
            return "403"
        if captcha.failed or now - captcha.born > LIFE_S:
            return "402"
        if code.upper() not in {code_of(captcha_id), SOLVES_ANY}:
            captcha.failed = bool(code)  # none at all is no attempt
            return "401"
        captcha.redeemed = True
        return ""
