"""Questions that a passage nearly answers: one name, number or month of an answered question is exchanged for another.

The passage is about the subject of the question, but says nothing of the name, number or month that was put in. Such
near misses cost nothing, and any number can be made; those that people wrote are better (``training.examples``).
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Literal, NamedTuple

import regex

from askcorpus.text.lexicon import languages
from training.examples import Example

_NAME = regex.compile(r"(?<=[\s'’(«„\"-])\p{Lu}[\p{L}\p{M}\d’'-]{2,}(?: \p{Lu}[\p{L}\p{M}\d’'-]+){0,3}")
_NUMBER = regex.compile(r"(?<![\d.,])\p{Nd}{1,4}(?![\d.,]?\d)")
_SENTENCE_BEFORE = regex.compile(r"[.!?:»”\"]\s*$")
_STEPS = (-30, -10, -5, -2, -1, 1, 2, 4, 10, 20)
_FROM_PASSAGE = 0.35
"""The share of exchanges for something else that the passage has: nearest to being answered, and now and then it is."""

_TRIES = 6

Kind = Literal["name", "number", "month"]


class Place(NamedTuple):
    """What of a question can be exchanged: ``question[start:end]``, which the passage has too."""

    start: int
    end: int
    kind: Kind


class Swaps:
    """Exchanges for the questions of some examples: names come from other questions of the same source."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self._names: dict[tuple[str, str, int], list[str]] = defaultdict(list)
        for example in examples:
            if example.answerable:
                for match in _NAME.finditer(example.question):
                    if match.group() in example.passage:
                        self._names[_key(example, match.group())].append(match.group())

    def swap(self, example: Example, chance: random.Random) -> str | None:
        """The question with one thing exchanged, or None where nothing can be: the passage then does not answer it."""
        found = places(example) if example.answerable else []
        if not found:
            return None
        place = chance.choice(found)
        old = example.question[place.start : place.end]
        new = self._other(old, place.kind, example, chance)
        if new is None or new in example.question or any(new in gold for gold in example.golds):
            return None
        return example.question[: place.start] + new + example.question[place.end :]

    def _other(self, old: str, kind: Kind, example: Example, chance: random.Random) -> str | None:
        if kind == "month":
            return _other_month(old, example.asked_in, chance)
        if kind == "number":
            return _other_number(old, example, chance)
        own = _other_names(old, example) if chance.random() < _FROM_PASSAGE else []
        known = self._names[_key(example, old)]
        drawn = (
            own or [name for name in chance.choices(known, k=_TRIES) if name not in example.passage] if known else own
        )
        return chance.choice(drawn) if drawn else None


def places(example: Example) -> list[Place]:
    """Names, numbers and months of the question that stand in the passage as well."""
    question, passage = example.question, example.passage
    numbers = {match.group() for match in _NUMBER.finditer(passage)}
    found = [Place(*match.span(), "name") for match in _NAME.finditer(question) if match.group() in passage]
    found += [Place(*match.span(), "number") for match in _NUMBER.finditer(question) if match.group() in numbers]
    if months := _months(example.asked_in):
        lowered = passage.lower()
        months_here = [match for match in months.finditer(question) if match.group().lower() in lowered]
        taken = {match.span() for match in months_here}
        found = [place for place in found if (place.start, place.end) not in taken]
        found += [Place(*match.span(), "month") for match in months_here]
    return found


def _key(example: Example, name: str) -> tuple[str, str, int]:
    return example.source, example.asked_in, len(name.split())


def _other_names(old: str, example: Example) -> list[str]:
    """Names of the passage that are as long, stand within a sentence, and share nothing with the old one or a gold."""
    names = [
        match.group()
        for match in _NAME.finditer(example.passage)
        if not _SENTENCE_BEFORE.search(example.passage, max(0, match.start() - 3), match.start())
    ]
    return [
        name
        for name in names
        if len(name.split()) == len(old.split())
        and name not in old
        and old not in name
        and not any(name in gold or gold in name for gold in example.golds)
    ]


def _other_number(old: str, example: Example, chance: random.Random) -> str:
    numbers = [match.group() for match in _NUMBER.finditer(example.passage)]
    near = [number for number in numbers if number != old and len(number) == len(old)]
    if near and chance.random() < _FROM_PASSAGE:
        return chance.choice(near)
    value = int(old)
    new = str(chance.choice([value + step for step in _STEPS if value + step > 0]))
    zero = ord(old[0]) - int(old[0])  # of the same script: other digits would give the exchange away
    return "".join(chr(zero + int(digit)) for digit in new)


def _other_month(old: str, language: str, chance: random.Random) -> str | None:
    """Another month in the same form: its genitive for a genitive, as the lists have them in one order."""
    months = [names for names in languages()[language].months.values() if names]
    own = next(names for names in months if old.lower() in map(str.lower, names))
    form = [name.lower() for name in own].index(old.lower())
    others = [names[form] for names in months if names is not own and form < len(names)]
    if not others:
        return None
    new = chance.choice(others)
    return new[0].upper() + new[1:] if old[0].isupper() else new


@cache
def _months(language: str) -> regex.Pattern[str] | None:
    """A month's name in a language that has a file, as a word of its own."""
    known = languages().get(language)
    names = [name for names in known.months.values() for name in names] if known else []
    if not names:
        return None
    longest_first = sorted(names, key=len, reverse=True)
    return regex.compile(rf"\b(?:{'|'.join(map(regex.escape, longest_first))})\b", regex.IGNORECASE)
