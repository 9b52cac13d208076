"""Windows of a text: runs of whole sentences, as long as what the reader gets at a time.

Sentences are split at their closing marks alone: that is fast and the same in every language, and a window that
sometimes ends at an abbreviation does no harm in training.
"""

import random
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from askcorpus.types import Span

_CLOSING = re.compile(r"(?<=[.!?።۔؟])\s+|(?<=[。！？।])\s*")

DENSE = frozenset({"ja", "zh", "ko", "th"})
"""Languages that say in half the characters what others say."""

LONGEST_SPAN = 400
"""Characters of an answer; a longer one is a paragraph, and teaches nothing about spans."""


SHORTEST = 60
"""Characters of a passage that still speaks of something."""

ANYWHERE = -2
"""Where an answer begins that is the passage as a whole, or somewhere in it."""


class Window(NamedTuple):
    """Some text, and where in it the answer stands; both -1 where it has none, both `ANYWHERE` where nobody says."""

    text: str
    start: int = -1
    end: int = -1


def bounds(text: str) -> list[int]:
    """Where a window may begin or end: both ends of the text, and the beginning of each sentence."""
    return sorted({0, len(text), *(match.end() for match in _CLOSING.finditer(text) if match.end() > 0)})


def windows(text: str, limit: int) -> list[Span]:
    """All of the text in consecutive windows of at most ``limit`` characters; a longer sentence is one by itself."""
    found: list[Span] = []
    start = 0
    places = bounds(text)
    for begin, end in pairwise(places):
        if end - start > limit and begin > start:
            found.append(Span(start, begin))
            start = begin
    found.append(Span(start, len(text)))
    return [span for span in found if text[span.start : span.end].strip()]


def around(text: str, start: int, end: int, spans: Sequence[Span], limit: int) -> Window:
    """The window that holds an answer whole: one of ``spans``, or where it crosses them, as much on either side."""
    for begin, stop in spans:
        if begin <= start and end <= stop:
            return Window(text[begin:stop], start - begin, end - begin)
    begin, stop = max(0, start - limit // 2), min(len(text), end + limit // 2)
    return Window(text[begin:stop], start - begin, end - begin)


def crop(window: Window, language: str, chance: random.Random) -> Window:
    """A run of its sentences of a length drawn by chance, the answer whole in it: passages come in all sizes."""
    text, start, end = window
    size = chance.choice((120, 200, 300) if language in DENSE else (250, 400, 600, 800))
    if len(text) <= size:
        return window
    places = bounds(text)
    if start < 0:
        begin = chance.choice([at for at in places if at <= len(text) - size])
        stop = max((at for at in places if begin + 40 < at <= begin + size), default=begin + size)
        return Window(text[begin:stop])
    fitting = [at for at in places if max(0, end - size) <= at <= start]
    begin = chance.choice(fitting) if fitting else max(0, start - chance.randint(0, max(1, size - (end - start))))
    whole = max(end, begin + size)
    stop = max((at for at in places if end <= at <= whole), default=min(len(text), whole))
    return Window(text[begin:stop], start - begin, end - begin)


def without_sentence(window: Window, chance: random.Random) -> Window | None:
    """The window less a sentence that has no part of the answer; None where there is no such sentence."""
    places = bounds(window.text)
    sentences = [span for span in pairwise(places) if span[1] <= window.start or span[0] >= window.end]
    if not sentences:
        return None
    begin, stop = chance.choice(sentences)
    moved = stop - begin if stop <= window.start else 0
    return Window(window.text[:begin] + window.text[stop:], window.start - moved, window.end - moved)


def without_answer(window: Window) -> Window | None:
    """The window less the sentences that the answer stands in; None where little is left."""
    places = bounds(window.text)
    begin = max(at for at in places if at <= window.start)
    stop = min(at for at in places if at >= window.end)
    rest = window.text[:begin] + window.text[stop:]
    return Window(rest) if len(rest) >= SHORTEST else None
