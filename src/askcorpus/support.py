"""Which words of a passage support a sentence of an answer, and from a model's reply to a draft that quotes them.

A language model says only the number of a passage. The quote is found here: the sentence, or two neighbouring ones,
that say most of what the claim says. Where there is none, the marker gets no quote, and verification takes it out.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from askcorpus.fence import BRACKETED_NUMBERS
from askcorpus.sentences import split_sentences
from askcorpus.types import Draft, Hit, Quote, Span
from askcorpus.verify import Marker, Statement, read_markers, statements, write_markers
from askcorpus.words import word_spans, words

Similarity = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
"""Cosine similarities of texts, (number of first, number of second)."""

MIN_COVERAGE = 0.5
MIN_SIMILARITY = 0.86
SECOND_SENTENCE_GAIN = 0.2
"""A second sentence is quoted when it holds at least this much more of the claim's words."""

SMALL_NUMBER = 12
"""Up to here numbers are as often written in letters, so their absence says nothing."""

_LONGEST_RANGE = 10


def draft_reply(reply: str, hits: Sequence[Hit], similarity: Similarity, language: str) -> Draft:
    """A model's reply as a draft: every marker that cites a passage which supports its sentence has a quote.

    Each marker becomes its own, as two sentences may rest on different words of one passage; verification merges those
    that quote the same. A sentence without a marker that stands before one with markers, in the same line, is
    given those of its neighbour that support it too.
    """

    @cache
    def support(claim: str, number: int) -> tuple[Span, tuple[Span, ...]] | None:
        return best_support(claim, hits[number - 1], similarity) if 1 <= number <= len(hits) else None

    bare, markers = read_markers(plain_markers(reply))
    claims = statements(bare, markers, language)
    placed = [(marker, claim.text) for claim in claims for marker in (markers[index] for index in claim.markers)]
    for marker, claim in _lent_markers(bare, claims, markers):
        if support(claim, marker.number):
            placed.append((marker, claim))
    placed.sort(key=lambda item: item[0].place)
    quotes = []
    for own, (marker, claim) in enumerate(placed, start=1):
        if found := support(claim, marker.number):
            span, highlights = found
            hit = hits[marker.number - 1]
            quotes.append(
                Quote(marker=own, passage_id=hit.passage_id, start=span.start, end=span.end, highlights=highlights)
            )
    text, _ = write_markers(bare, [marker._replace(number=own) for own, (marker, _) in enumerate(placed, start=1)])
    return Draft(text=text, quotes=tuple(quotes))


def plain_markers(text: str) -> str:
    """``text`` with all ways of writing citation markers (``[1, 2]``, ``［1］``, ``[^1]``) as ``[1][2]``."""
    return BRACKETED_NUMBERS.sub(lambda match: "".join(f"[{number}]" for number in _numbers(match[1])), text)


def best_support(claim: str, hit: Hit, similarity: Similarity) -> tuple[Span, tuple[Span, ...]] | None:
    """Where in the document the words stand that support ``claim`` best, and which of them it shares.

    A sentence (or two together) supports it when it holds at least half of the claim's content words or, for claims in
    other words or another language, is similar enough in meaning; and when every larger number of the claim is in
    the passage, its title or its date. None when nothing in the passage does.
    """
    spans = split_sentences(hit.text, hit.language)
    wanted = _content_words(claim)
    if not spans or _figures(claim) - _figures(f"{hit.title} {hit.date} {hit.text}"):
        return None
    held = [wanted & set(words(hit.text[start:end])) for start, end in spans]
    coverage = np.array([len(own) / max(1, len(wanted)) for own in held])
    alike = similarity([claim], [hit.text[start:end] for start, end in spans])[0]
    best = int(np.argmax(coverage + alike))
    first = last = best
    for other in (best - 1, best + 1):
        gain = len(held[other] - held[best]) / max(1, len(wanted)) if 0 <= other < len(spans) else 0.0
        if gain >= SECOND_SENTENCE_GAIN and first == last:
            first, last = min(best, other), max(best, other)
    together = len(set().union(*held[first : last + 1])) / max(1, len(wanted))
    if together < MIN_COVERAGE and alike[best] < MIN_SIMILARITY:
        return None
    span = Span(hit.start + spans[first].start, hit.start + spans[last].end)
    return span, _shared_words(wanted, hit, span)


def _lent_markers(bare: str, claims: Sequence[Statement], markers: Sequence[Marker]) -> list[tuple[Marker, str]]:
    """For each sentence without a marker, those of the sentence after it in the same line, set at its own end."""
    lent = []
    for claim, after in zip(claims, claims[1:], strict=False):
        if not claim.markers and "\n" not in bare[claim.span.end : after.span.start]:
            lent += [(Marker(markers[i].number, claim.span.end, " "), claim.text) for i in after.markers]
    return lent


def _numbers(group: str) -> list[int]:
    """``1, 3-5`` → 1, 3, 4, 5."""
    numbers: list[int] = []
    for part in group.replace("^", "").replace("–", "-").translate(_SEPARATORS).split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        upto = int(last) if dash and 0 <= int(last) - int(first) <= _LONGEST_RANGE else int(first)
        numbers += range(int(first), upto + 1)
        if dash and upto == int(first) != int(last):
            numbers.append(int(last))
    return numbers


_SEPARATORS = str.maketrans({";": ",", "、": ",", "，": ",", "；": ","})


def _content_words(text: str) -> set[str]:
    """Words that carry meaning, without a list for every language: not short ones, except numbers and other scripts."""
    return {word for word in words(text) if len(word) > 3 or not word.isascii() or any(map(str.isdigit, word))}


def _figures(text: str) -> set[str]:
    """The larger numbers of ``text`` by their leading digits: 2.5 (million) and 2 500 000 are both 25."""
    digits = (word.replace(".", "") for word in words(text) if word.replace(".", "").isdigit())
    return {number.strip("0") for number in digits if int(number) > SMALL_NUMBER}


def _shared_words(wanted: set[str], hit: Hit, span: Span) -> tuple[Span, ...]:
    """Document offsets of the quote's words that the claim has too; overlapping ones made one."""
    merged: list[Span] = []
    for word, (start, end) in word_spans(hit.text[span.start - hit.start : span.end - hit.start]):
        if word not in wanted:
            continue
        place = Span(span.start + start, span.start + end)
        if merged and place.start < merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, place.end))
        else:
            merged.append(place)
    return tuple(merged)
