"""Which words of a passage support a sentence of an answer, and from a model's reply to a draft that quotes them.

A language model says only the number of a passage. The quote is found here: the sentence, or two neighbouring ones,
that say most of what the claim says. Where there is none, the marker goes.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from askcorpus.text.figures import figures
from askcorpus.text.markers import (
    Marker,
    Statement,
    plain_markers,
    read_markers,
    statements,
    write_markers,
)
from askcorpus.text.sentences import split_sentences
from askcorpus.text.words import word_spans, words
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Draft, Hit, Quote, Span

Similarity = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
"""Cosine similarities of texts, (number of first, number of second)."""


def attribute_reply(
    reply: str, hits: Sequence[Hit], similarity: Similarity, language: str, tuning: Tuning = TUNING
) -> Draft:
    """A model's reply as a draft: every marker that cites a passage which supports its sentence has a quote.

    A marker without support has none, and so have all those of a sentence with a larger number that no passage it cites
    has. Each marker becomes its own, as two sentences may rest on different words of one passage; verification
    merges those that quote the same. A sentence without a marker that stands before one with markers, in the same
    line, is given those of its neighbour that support it too.
    """

    bare, markers = read_markers(plain_markers(reply))
    claims = statements(bare, markers, language)
    placed: list[Marker] = []
    quotes: list[Quote] = []
    for claim in claims:
        own = [markers[index] for index in claim.markers]
        candidates = own or _lent_markers(claim, claims, markers, bare)
        for marker, quote in zip(candidates, _quotes(claim.text, candidates, hits, similarity, tuning), strict=True):
            if quote or own:
                placed.append(marker._replace(number=len(placed) + 1))
            if quote:
                quotes.append(quote.model_copy(update={"marker": len(placed)}))
    text, _ = write_markers(bare, sorted(placed, key=lambda marker: marker.place))
    return Draft(text=text, quotes=tuple(quotes), language=language if text else "")


def best_support(claim: str, hit: Hit, similarity: Similarity, tuning: Tuning = TUNING) -> Quote | None:
    """The words of a passage that support ``claim`` best, with those that it shares highlighted; its marker is 0.

    A sentence (or two together) supports it when it holds enough of the claim's content words or, for claims in other
    words or another language, is similar enough in meaning, which is only looked at where words do not decide. None
    when nothing in the passage does.
    """
    spans = split_sentences(hit.text, hit.language)
    wanted = _content_words(claim)
    if not spans:
        return None
    held = [wanted & set(words(hit.text[start:end])) for start, end in spans]
    most = int(np.argmax([len(own) for own in held]))
    first, last, coverage = _best_window(held, most, len(wanted), tuning)
    if coverage < tuning.min_coverage:
        alike = similarity([claim], [hit.text[start:end] for start, end in spans])[0]
        best = int(np.argmax(alike))
        if alike[best] < tuning.min_support:
            return None
        first, last, _ = _best_window(held, best, len(wanted), tuning)
    span = Span(hit.start + spans[first].start, hit.start + spans[last].end)
    return Quote(
        marker=0,
        passage_id=hit.passage_id,
        start=span.start,
        end=span.end,
        highlights=_shared_words(wanted, hit, span),
    )


def _best_window(held: Sequence[set[str]], best: int, wanted: int, tuning: Tuning) -> tuple[int, int, float]:
    """First and last sentence to quote, ``best`` and perhaps a neighbour, and the share of the wanted words in them."""
    window = [best]
    gain, other = max(
        ((len(held[other] - held[best]), other) for other in (best - 1, best + 1) if 0 <= other < len(held)),
        default=(0, best),
    )
    if gain and gain >= tuning.second_sentence_gain * wanted:
        window = sorted((best, other))
    return window[0], window[-1], len(set().union(*(held[i] for i in window))) / max(1, wanted)


def _quotes(
    claim: str, markers: Sequence[Marker], hits: Sequence[Hit], similarity: Similarity, tuning: Tuning
) -> list[Quote | None]:
    """For each marker what it quotes in support of ``claim``; None where it finds nothing to quote."""
    cited = {marker.number: hits[marker.number - 1] for marker in markers if 1 <= marker.number <= len(hits)}
    if not _holds_figures(claim, cited.values(), tuning.small_number):
        return [None] * len(markers)
    found = {number: best_support(claim, hit, similarity, tuning) for number, hit in cited.items()}
    return [found.get(marker.number) for marker in markers]


def _lent_markers(claim: Statement, claims: Sequence[Statement], markers: Sequence[Marker], bare: str) -> list[Marker]:
    """For a sentence without a marker, those of the sentence after it in the same line, set at its own end."""
    after = next((other for other in claims if other.span.start >= claim.span.end), None)
    if after is None or "\n" in bare[claim.span.end : after.span.start]:
        return []
    return [Marker(markers[index].number, claim.span.end, " ") for index in after.markers]


def _holds_figures(claim: str, cited: Iterable[Hit], small: int) -> bool:
    """Whether every larger number of the claim is in one of the passages that it cites, in its title or its date."""
    held = set[str]().union(*(figures(f"{hit.title} {hit.date} {hit.text}") for hit in cited))
    return figures(claim, small).keys() <= held


def _content_words(text: str) -> set[str]:
    """Words that carry meaning, without a list for every language: not short ones, except numbers and other scripts."""
    return {word for word in words(text) if len(word) > 3 or not word.isascii() or any(map(str.isdigit, word))}


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
