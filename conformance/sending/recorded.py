"""What a sending session recorded, and the evidence that is made of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.contract.purpose import Wishes
from conformance.evidence.exchange import Evidence, Exchange, Handshake
from conformance.target.described import Described, SecretNote, settings_of
from conformance.target.target import Target


@dataclass(frozen=True)
class Recording:
    """What a sending session recorded. gaps: label of a purpose -> why nothing was sent for it."""

    exchanges: tuple[Exchange, ...]
    handshakes: tuple[Handshake, ...]
    gaps: dict[str, str]
    notes: tuple[str, ...]
    canary: int | None
    interrupted: bool
    canary_url: str = ""
    stand_ins: Mapping[str, str] = field(default_factory=dict)  # for secrets, by placeholder


def evidence_of(
    judged: Target,
    recording: Recording,
    *,
    seed: int,
    started: float,
    wishes: Wishes | None = None,
    nonce: str = "",
    smoke: int = 0,
) -> Evidence:
    """The evidence of a session: what was recorded, and the terms of the target that judging needs.

    wishes: what the plan was made for, so that it can be made again. nonce: of the challenge that the run answers.
    smoke: of how many requests a smoke run was to be.
    """
    return Evidence(
        exchanges=recording.exchanges,
        target=judged.name,
        endpoint=judged.shown_endpoint,
        binding=judged.binding,
        calls=judged.calls,
        left_out=judged.left_out,
        labels=judged.labels,
        accept=judged.accept,
        clock_tolerance=judged.clock_tolerance,
        error_elements=judged.error_elements,
        answer_budget=judged.answer_budget,
        seed=seed,
        started=started,
        finished=time.time(),
        handshakes=recording.handshakes,
        gaps=recording.gaps,
        canary=recording.canary,
        notes=recording.notes,
        interrupted=recording.interrupted,
        nonce=nonce,
        described=None if wishes is None else _described(judged, recording, wishes, smoke),
        secrets=judged.secrets,
    )


def _described(judged: Target, recording: Recording, wishes: Wishes, smoke: int) -> Described:
    """How the run was set up. Of the secrets, those that stand in the settings: requests are made from these."""
    settings = settings_of(judged)
    used = judged.secrets.placeholders(repr(settings))
    every = judged.secrets.all_placeholders
    last = max(map(every.index, used), default=-1)
    notes = (SecretNote(*judged.secrets.note(one), recording.stand_ins.get(one, "")) for one in every[: last + 1])
    return Described(
        target=settings,
        secrets=tuple(notes),
        wishes=tuple(sorted((wish.label, wish.call) for wish in wishes)),
        canary=recording.canary_url,
        smoke=smoke,
    )
