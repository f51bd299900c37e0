"""Every behaviour, by name.

Importing a module of behaviours enters them in the list. Most variants of one behaviour differ in a
detail that shows in a single answer: these share a run, a *medley*, in which every answer is another's.
"""

from collections.abc import Callable, Iterator

from . import broken, documents, echoes, floods, framing, honest, lures, slow, texts
from .registry import BEHAVIOURS, At, Behaviour, Script, Step
from .stage import Ask

MODULES = (slow, broken, floods, framing, documents, lures, echoes, texts)


def _mixed(scripts: list[Script]) -> Callable[[Ask], Iterator[Step]]:
    """Another script with each request, two of three; the third, and the first few, are answered honestly."""

    def play(ask: Ask) -> Iterator[Step]:
        turn = ask.number - 5
        honestly = turn < 0 or turn % 3 == 2
        yield from honest.answer(ask) if honestly else scripts[(turn - turn // 3) % len(scripts)](ask)

    return play


def _mixes(behaviour: Behaviour) -> bool:
    return not behaviour.alone and behaviour.at is At.ANSWER and behaviour.certificate is None


def _medleys() -> Iterator[Behaviour]:
    for subject in dict.fromkeys(behaviour.subject for behaviour in BEHAVIOURS.values()):
        mixed = [b for b in BEHAVIOURS.values() if b.subject == subject and _mixes(b)]
        for part, first in enumerate(range(0, len(mixed), 30), 1):
            some = mixed[first : first + 30]
            yield Behaviour(
                name=f"medley_{part}_of_{subject.lower().replace(' ', '_')}",
                subject=subject,
                story=f"Behaves differently with each answer: {len(some)} ways.",
                script=_mixed([behaviour.script for behaviour in some]),
                parts=tuple(behaviour.name for behaviour in some),
            )


BEHAVIOURS.update({medley.name: medley for medley in list(_medleys())})

ALONE = {name: behaviour for name, behaviour in BEHAVIOURS.items() if behaviour.alone}
