"""Stratified random samples of a question set."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from askcorpus_eval.questions import Question

Stratum = tuple[str, str, bool | None]


class Sample(NamedTuple):
    """So many questions, by this lot: the same seed draws the same ones."""

    size: int
    seed: int = 0


def draw(questions: Sequence[Question], sample: Sample) -> tuple[Question, ...]:
    """The questions drawn, in their order; all of them where there are no more.

    Each pair of languages, type and answerability gets its share of the places, and what is left over by rounding down
    goes to those with the largest remainders (Hamilton's method).
    """
    if sample.size >= len(questions):
        return tuple(questions)
    lot = random.Random(sample.seed)
    strata: dict[Stratum, list[int]] = {}
    for at, question in enumerate(questions):
        strata.setdefault((question.languages, question.type, question.answerable), []).append(at)
    places = _places([len(members) for members in strata.values()], sample.size, lot)
    drawn = [at for members, count in zip(strata.values(), places, strict=True) for at in lot.sample(members, count)]
    return tuple(questions[at] for at in sorted(drawn))


def _places(sizes: Sequence[int], wanted: int, lot: random.Random) -> list[int]:
    """How many of each stratum; equal remainders are decided by lot."""
    total = sum(sizes)
    places = [size * wanted // total for size in sizes]
    by_remainder = sorted(range(len(sizes)), key=lambda at: (-(sizes[at] * wanted % total), lot.random()))
    for at in by_remainder[: wanted - sum(places)]:
        places[at] += 1
    return places
