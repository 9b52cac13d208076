"""A text in pieces: the spans in it that are shown in another way, and what is between them."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeVar

from askcorpus.types import Span

_Thing = TypeVar("_Thing")


def parts(
    text: str, stretch: Span, words: Iterable[Span], places: Sequence[tuple[int, str]] = ()
) -> list[tuple[str, bool, str]]:
    """The text of a stretch in pieces: whether each is one of the words, and what place begins with it."""
    spans = ((word, True) for word in sorted(words))
    return [
        (text[start:end], word is not None, place)
        for part, word in cut(stretch, spans)
        for start, end, place in _placed(part, places)
    ]


def _placed(part: Span, places: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
    """The part in pieces, one for each place that begins in it, and one for what is before."""
    first = bisect_left(places, part.start, key=itemgetter(0))
    begun = places[first : bisect_left(places, part.end, lo=first, key=itemgetter(0))]
    starts = [part.start, *(start for start, _ in begun), part.end]
    for start, end, place in zip(starts, starts[1:], ["", *(place for _, place in begun)], strict=False):
        if start < end:
            yield start, end, place


def cut(window: Span, spans: Iterable[tuple[Span, _Thing]]) -> Iterator[tuple[Span, _Thing | None]]:
    """The window in pieces: the spans in it, with what each stands for, and what is between them."""
    done = window.start
    for span, thing in spans:
        start, end = max(done, span.start), min(window.end, span.end)
        if start < end:
            yield Span(done, start), None
            yield Span(start, end), thing
            done = end
    yield Span(done, window.end), None
