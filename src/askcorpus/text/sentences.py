"""Where the sentences of a text are.

The boundaries come from ``sentencex``, which knows abbreviations and quotation marks of some 250 languages. Around it:
lines that are no wrapped prose (headings, list items) end where they end, a few splits that cannot be right are undone,
and a quotation that never closes does not swallow the rest of the text.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

import regex

from askcorpus.text.lexicon import Vocabulary, expression, languages, words_anywhere
from askcorpus.types import Span

WRAPPED_LINE = range(40, 121)
"""Lengths at which a line that a single newline ends is taken for hard-wrapped prose that goes on below."""

LONG_QUOTATION = 500
"""Sentences of one quotation stay together up to this many characters; beyond, each stands alone."""

_WINDOW = 2000  # sentencex takes time with the square of a paragraph's length

_PARAGRAPH_GAP = re.compile(r"\n[^\S\n]*\n")
_LIST_ITEM = re.compile(r"[^\S\n]{0,99}(?:[-*•–—#>|]|\d{1,3}[.)])\s")
_QUOTES = re.compile(r"[\"“”„‟«»‹›‘‚「」『』]")
_SPACE = re.compile(r"\s")


def split_sentences(text: str, language: str) -> list[Span]:
    """Sentences of ``text`` in order: trimmed, not overlapping, and together holding every non-space character.

    ``language`` is an ISO 639-1 code; unknown or empty is split by general rules.
    """
    return list(iter_sentences(text, language))


def iter_sentences(text: str, language: str) -> Iterator[Span]:
    """The same one by one: a list of the sentences of a long text takes several times its memory."""
    for block in _blocks(text):
        yield from _split_block(text, block, language or "en")


def _blocks(text: str) -> Iterator[Span]:
    """Stretches that no sentence crosses: paragraphs, and lines that are not wrapped prose."""
    start = 0
    for end in _block_ends(text):
        if block := trimmed(text, start, end):
            yield block
        start = end


def _block_ends(text: str) -> Iterator[int]:
    line_start = 0
    while (newline := text.find("\n", line_start)) >= 0:
        wrapped = newline - line_start in WRAPPED_LINE and _short_line_follows(text, newline)
        if not wrapped or _LIST_ITEM.match(text, newline + 1):
            yield newline
        line_start = newline + 1
    yield len(text)


def _short_line_follows(text: str, newline: int) -> bool:
    """Whether the next line could be the rest of a wrapped one: not blank, and not a whole paragraph on one line."""
    if _PARAGRAPH_GAP.match(text, newline):
        return False
    next_newline = text.find("\n", newline + 1, newline + 1 + WRAPPED_LINE.stop)
    return next_newline >= 0 or len(text) - newline - 1 < WRAPPED_LINE.stop


def trimmed(text: str, start: int, end: int) -> Span | None:
    """The span without the whitespace at its ends; ``None`` when nothing else is in it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if start < end else None


def _split_block(text: str, block: Span, language: str) -> Iterator[Span]:
    pieces = _join_false_splits(text, _boundaries(text[block.start : block.end], block.start, language))
    for start, end in pieces:
        if end - start > LONG_QUOTATION and _QUOTES.search(text, start, end):
            bare = _QUOTES.sub("_", text[start:end])
            inner = _join_false_splits(text, _boundaries(bare, start, language))
        else:
            inner = iter((Span(start, end),))
        yield from (span for piece in inner if (span := trimmed(text, *piece)))


def _boundaries(block: str, offset: int, language: str) -> Iterator[Span]:
    """What sentencex makes of ``block``, which begins at ``offset`` of the text; pieces follow each other without gap.

    A long block is read window by window, each beginning with the last, maybe unfinished sentence of the one before.
    """
    from sentencex import get_sentence_boundaries

    start = 0
    while start < len(block):
        found = get_sentence_boundaries(language, block[start : start + _WINDOW])
        ends = [start + piece["end_index"] for piece in found]
        if start + _WINDOW < len(block) and len(ends) > 1:
            ends.pop()
        for end in ends:
            yield Span(offset + start, offset + end)
            start = end


def _join_false_splits(text: str, pieces: Iterable[Span]) -> Iterator[Span]:
    last: Span | None = None
    for piece in pieces:
        if last and _goes_on(text, last, piece):
            last = Span(last.start, piece.end)
        else:
            if last:
                yield last
            last = piece
    if last:
        yield last


def _goes_on(text: str, before: Span, after: Span) -> bool:
    """Whether the sentence ``before`` cannot have ended where ``after`` begins."""
    if after.start >= after.end or _SPACE.match(text, after.start):
        return True
    first = text[after.start]
    if first.islower() or first in ",;)]}»”’…":
        return True
    if first == "-" and not text[after.start - 1].isspace():  # J.-C.
        return True
    tail = text[max(before.start, before.end - 12) : before.end].rstrip()
    return bool((_short_month() if first.isdigit() else _before_a_name()).search(tail))


@cache
def _short_month() -> "regex.Pattern[str]":
    """A month of which a full stop is a part, where a figure follows: *4 Sept. 2022*."""
    short = expression(words_anywhere(_shortened))
    return regex.compile(rf"\b(?:{short})\.$", regex.IGNORECASE)


def _shortened(one: Vocabulary) -> list[str]:
    """The short forms, less those that are whole months of which only a figure tells that they are one (May)."""
    whole = {name.casefold() for names in one.months.values() for name in names}
    return [name for names in one.months_short.values() for name in names if name not in whole]


@cache
def _before_a_name() -> "regex.Pattern[str]":
    """An abbreviation that a name follows, as it is capitalised: *Mme.*, *J.-C.*"""
    found = expression((short for one in languages().values() for short in one.text.abbreviations), fold=str)
    return regex.compile(rf"(?:^|[\s(«“\"'’])(?:{found}|[A-ZÀ-Ý]\.-[A-ZÀ-Ý])\.$")
