"""Sentences with their translation, in groups: of one source and in two languages, in the order of their text."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from training.sources import Line
from training.windows import Window

_NEIGHBOURHOOD = [distance for distance in range(-6, 7) if distance]


class Pair(NamedTuple):
    """A sentence in two languages."""

    one: str
    other: str


Group = Sequence[Pair]


def translations(lines: Iterable[Line], fewest: int = 200, shortest: int = 20) -> list[Group]:
    """The groups of some lines of ``parallel.jsonl.xz`` with more than ``fewest`` sentences of more than ``shortest``
    characters: of fewer the same would come again and again."""
    groups: dict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    for line in lines:
        if min(len(line["text_a"]), len(line["text_b"])) > shortest:
            key = line["source"], line["lang_a"], line["lang_b"]
            groups[key].append(Pair(line["text_a"], line["text_b"]))
    return [group for group in groups.values() if len(group) > fewest]


def find_translation(groups: Sequence[Group], chance: random.Random) -> tuple[str, Window]:
    """A sentence as the question, and its translation among its neighbours as the answer; or, one in four, missing.

    This teaches a reader to look across languages, for which there are few questions.
    """
    group = chance.choice(groups)
    at, flipped = chance.randrange(len(group)), chance.random() < 0.5
    question, answer = reversed(group[at]) if flipped else group[at]
    near = chance.sample(_NEIGHBOURHOOD, chance.randint(2, 5))
    neighbours = [group[(at + distance) % len(group)] for distance in near]
    others = [text for pair in neighbours if (text := pair.one if flipped else pair.other) != answer]
    if chance.random() < 0.25:
        return question, Window(" ".join(others))
    before = chance.randint(0, len(others))
    texts = [*others[:before], answer, *others[before:]]
    start = sum(len(text) + 1 for text in texts[:before])
    return question, Window(" ".join(texts), start, start + len(answer))
