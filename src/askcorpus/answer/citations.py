"""From a draft to an answer that can be trusted: only markers that resolve, only quotes that are really there.

The same gate for every answerer. It decides nothing about meaning: an answerer proposes a quote only where it found
support, and what is not proposed, or is not found at its offsets, is not cited.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from askcorpus.text.markers import (
    BRACKETED_NUMBERS,
    WORD,
    Marker,
    Statement,
    defuse_markers,
    read_markers,
    statements,
    write_markers,
)
from askcorpus.types import Citation, Draft, Hit, Quote, Span, locator_at


class Verified(NamedTuple):
    """An answer's text with markers 1..n in order of appearance, each with its citation (one a marker, placed where
    the marker stands first), and the sentences that no citation supports. Every ``[n]`` in ``text`` resolves."""

    text: str
    citations: tuple[Citation, ...]
    unsupported: tuple[str, ...]


def verify(draft: Draft, hits: Sequence[Hit], text_of: Callable[[str], str]) -> Verified:
    """Check every quote of ``draft`` against the documents and keep only markers that lead to one.

    A marker without a quote that stands at its offsets is taken out of the text, and its sentence, like every sentence
    without a marker, is listed as unsupported; except where its words are those of a cited quote, and where it ends in
    a colon and so only announces what follows. Bracketed numbers inside quoted words are the document's, not ours:
    they come out in round brackets.

    Args:
        draft: text with ``[n]`` markers, in its ``language``, and the quotes that they stand for.
        hits: what the draft was made from; a quote outside of them is dropped.
        text_of: the whole text of a document by its id; "" when there is no such document.
    """
    text_of = cache(text_of)
    sound = [quote for quote in draft.quotes if _is_sound(quote, hits, text_of)]
    quoted = {quote: text_of(_hit(quote, hits).document_id)[quote.start : quote.end] for quote in sound}
    bare, markers = read_markers(_defuse_quoted(draft.text.strip(), quoted))
    by_marker: dict[int, list[Quote]] = {}
    for quote in sound:
        by_marker.setdefault(quote.marker, []).append(quote)
    numbers = _number(by_marker[marker.number] for marker in markers if marker.number in by_marker)
    kept = [
        marker._replace(number=number)
        for marker in markers
        for number in dict.fromkeys(numbers[_place_of(quote)] for quote in by_marker.get(marker.number, ()))
    ]
    text, places = write_markers(bare, _inherit_blanks(markers, kept))
    cited = {numbers[_place_of(quote)]: quote for quote in reversed(sound) if _place_of(quote) in numbers}
    citations = tuple(
        _citation(number, places[number], cited[number], _hit(cited[number], hits), quoted[cited[number]])
        for number in sorted(cited)
    )
    return Verified(
        text, citations, _unsupported(bare, kept, [citation.quote for citation in citations], draft.language)
    )


def verbatim(quote: str) -> re.Pattern[str]:
    """Finds the words of ``quote`` however its blanks and line breaks are set."""
    return re.compile(r"\s++".join(map(re.escape, quote.split())))


def _is_sound(quote: Quote, hits: Sequence[Hit], text_of: Callable[[str], str]) -> bool:
    """Whether the quote lies inside a hit and its document has these very words at these offsets."""
    for hit in hits:
        if hit.passage_id == quote.passage_id:
            words = hit.text[max(0, quote.start - hit.start) : max(0, quote.end - hit.start)]
            inside = hit.start <= quote.start < quote.end <= hit.end
            return inside and bool(words.strip()) and text_of(hit.document_id)[quote.start : quote.end] == words
    return False


def _hit(quote: Quote, hits: Sequence[Hit]) -> Hit:
    return next(hit for hit in hits if hit.passage_id == quote.passage_id)


def _place_of(quote: Quote) -> tuple[str, int, int]:
    return quote.passage_id, quote.start, quote.end


def _number(groups: Iterable[Sequence[Quote]]) -> dict[tuple[str, int, int], int]:
    """1, 2, … for each place quoted, in the order in which the text comes to it."""
    places = dict.fromkeys(_place_of(quote) for quotes in groups for quote in quotes)
    return {place: number for number, place in enumerate(places, start=1)}


def _inherit_blanks(markers: Sequence[Marker], kept: Sequence[Marker]) -> list[Marker]:
    """``kept``, where those at one place have, around them all, the blanks that were around all that stood there."""
    lead = {marker.place: marker.lead for marker in reversed(markers)}
    trail = {marker.place: marker.trail for marker in markers}
    places = [marker.place for marker in kept]
    return [
        marker._replace(
            lead=lead[marker.place] if marker.place not in places[:index] else "",
            trail=trail[marker.place] if marker.place not in places[index + 1 :] else "",
        )
        for index, marker in enumerate(kept)
    ]


def _citation(number: int, place: Span, quote: Quote, hit: Hit, words: str) -> Citation:
    return Citation(
        marker=number,
        answer_start=place.start,
        answer_end=place.end,
        document_id=hit.document_id,
        passage_id=hit.passage_id,
        title=hit.title,
        source=hit.source,
        date=hit.date,
        language=hit.language,
        author=hit.author,
        url=hit.url,
        extra=hit.extra,
        copies=hit.copies,
        quote=words,
        start=quote.start,
        end=quote.end,
        locator=locator_at(hit.marks, quote.start),
        highlights=tuple(mark for mark in quote.highlights if quote.start <= mark.start < mark.end <= quote.end),
        verified=True,
    )


def _defuse_quoted(text: str, quoted: Mapping[Quote, str]) -> str:
    """``text``, where bracketed numbers inside quoted words no longer look like markers.

    A quote whose own marker would be lost by that was not repeated with its brackets: a language model saw it without
    them and set the marker itself.
    """
    for quote, words in quoted.items():
        if BRACKETED_NUMBERS.search(words):
            defused = verbatim(words).sub(lambda match: defuse_markers(match[0]), text)
            text = defused if f"[{quote.marker}]" in defused else text
    return text


def _unsupported(bare: str, kept: Sequence[Marker], quotes: Sequence[str], language: str) -> tuple[str, ...]:
    sentences = [s for s in statements(bare, kept, language) if not s.markers and _claims(s.text)]
    if not sentences:
        return ()
    stretches = [match.span() for quote in quotes for match in verbatim(defuse_markers(quote)).finditer(bare)]
    return tuple(s.text for s in sentences if not _lies_within(s, stretches))


def _claims(sentence: str) -> bool:
    return bool(WORD.search(sentence)) and not sentence.endswith((":", "："))


def _lies_within(statement: Statement, stretches: Iterable[tuple[int, int]]) -> bool:
    """Whether the sentence, less its outer punctuation, lies within one of the stretches of the bare text."""
    places = [match.start() for match in WORD.finditer(statement.text)]
    first, last = statement.span.start + places[0], statement.span.start + places[-1]
    return any(start <= first and last < end for start, end in stretches)
