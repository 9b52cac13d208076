"""Where the sentences of a text are.

The boundaries come from ``sentencex``, which knows abbreviations and quotation marks of some 250 languages. Around it:
lines that are no wrapped prose (headings, list items) end where they end, a few splits that cannot be right are undone,
and a quotation that never closes does not swallow the rest of the text.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import regex

from askcorpus.text.expressions import expression
from askcorpus.text.lexicon import Text, Vocabulary, Words, languages, words_anywhere
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
_TAIL = 24  # characters before and after an end that tell whether it is one
_CLOSING_QUOTES = ("”", "’", '"', "'", "」", "』", "»")
_OPENING = regex.compile(r"(?<=[.!?…]\s)[\"”“„«»]$")
_LETTERS = regex.compile(r"(?<!\p{L})\p{L}{1,2}\.$")
_NO_SENTENCE = regex.compile(r"\P{L}{0,9}(?:\d{1,3}|[IVXLC]{1,7}|\p{L})\.")
_NUMBERED = regex.compile(r"(?:^|[:•–-]\s)\p{L}[\p{L}\p{M}]{2,17}\s\d{1,3}\.$")
"""A word and a number that are all of a sentence, or of a list's item: what follows is what is numbered so, as in
*Recommendation 3. Publish the figures.*"""
_DAY = regex.compile(r"(?<!\d)\d{1,2}\.$")
_DATE = regex.compile(  # in figures, and where a full stop in it was taken for an end
    r"(?<!\d)(?:\d{4}\.(?:\s?\d{1,2}\.)?\n\d{1,2}\.|\d{1,2}\.\n\d{1,2}\.\s?\d{2,4}"
    r"|\d{1,2}\.\s?\d{1,2}\.\n\d{4}|\d{4}\.\s\d{1,2}\.\s\d{1,2}\.\n)"
)
_WORD = regex.compile(r"\w")
_PUNCTUATION = regex.compile(r"\p{P}")


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
    pieces = _sentences(text, _boundaries(text[block.start : block.end], block.start, language), language)
    for start, end in pieces:
        if end - start > LONG_QUOTATION and _QUOTES.search(text, start, end):
            bare = _QUOTES.sub("_", text[start:end])
            inner = _sentences(text, _boundaries(bare, start, language), language)
        else:
            inner = iter((Span(start, end),))
        yield from (span for piece in inner if (span := trimmed(text, *piece)))


def _sentences(text: str, pieces: Iterable[Span], language: str) -> Iterator[Span]:
    """The pieces, joined where no sentence ends, and parted where one ends that was not seen."""
    for start, end in _join_false_splits(text, _with_their_quotes(text, pieces), language):
        ends = [start + found.end() for found in _missed_ends(language).finditer(text[start:end])]
        yield from map(Span, [start, *ends], [*ends, end])


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


def _with_their_quotes(text: str, pieces: Iterable[Span]) -> Iterator[Span]:
    """The pieces, each with the quotation mark that opens it, where that was left to the one before."""
    start = 0
    for number, piece in enumerate(pieces):
        start = start if number else piece.start
        opens = _OPENING.match(text, piece.end - 1, piece.end) and text[piece.end : piece.end + 1].strip()
        end = piece.end - bool(opens)
        yield Span(start, end)
        start = end


def _join_false_splits(text: str, pieces: Iterable[Span], language: str) -> Iterator[Span]:
    last: Span | None = None
    for piece in pieces:
        if last and _goes_on(text, last, piece, language):
            last = Span(last.start, piece.end)
        else:
            if last:
                yield last
            last = piece
    if last:
        yield last


def _goes_on(text: str, before: Span, after: Span, language: str) -> bool:
    """Whether the sentence ``before`` cannot have ended where ``after`` begins."""
    if after.start >= after.end or _SPACE.match(text, after.start):
        return True
    first = text[after.start]
    spaced = text[after.start - 1].isspace()
    if first.islower() or first in ",;)]}…" or (first in "»”’" and not (spaced and _WORD.match(text, after.start + 1))):
        return True
    if not spaced and (first == "-" or _LETTERS.search(text, after.start - 3, after.start)):
        return True  # J.-C., O.N.U.
    tail = text[max(before.start, before.end - _TAIL) : before.end].rstrip()
    head = text[after.start : min(after.end, after.start + _TAIL)]
    if not tail.endswith("."):
        return tail.endswith(_CLOSING_QUOTES) and bool(_said(language).search(_PUNCTUATION.split(head, 1)[0]))
    if _NO_SENTENCE.fullmatch(tail) or _NUMBERED.search(tail) or _DATE.search(f"{tail}\n{head}"):
        return True
    if first.isdigit() or first in "§№":
        return bool(_before_a_figure(language).search(tail))
    return bool(_before_a_name(language).search(tail) or (_DAY.search(tail) and _month(language).match(head)))


@cache
def _before_a_figure(language: str) -> "regex.Pattern[str]":
    """What a figure follows: *Sept.* 2022, *No.* 5."""
    short = expression([*words_anywhere(_shortened), *_of_texts(language, lambda one: one.numbered)])
    return regex.compile(rf"(?<![\p{{L}}\p{{M}}])(?:{short})\.$", regex.IGNORECASE)


def _shortened(one: Vocabulary) -> list[str]:
    """The short forms, less those that are whole months of which only a figure tells that they are one (May)."""
    whole = {name.casefold() for names in one.months.values() for name in names}
    return [name for names in one.months_short.values() for name in names if name not in whole]


@cache
def _before_a_name(language: str) -> "regex.Pattern[str]":
    """What a name follows, as it is capitalised: *Mme.*, *J.-C.*, an initial, and an ordinal before a noun."""
    short = expression(_of_texts(language, lambda one: one.abbreviations), fold=str)
    ordinal = expression(_of_texts(language, lambda one: one.before_ordinals))
    return regex.compile(
        rf"(?:^|[\s(«“„\"'’-])(?:{short}|\p{{Lu}}|[A-ZÀ-Ý]\.-[A-ZÀ-Ý])\.$|(?:^|\s)(?i:{ordinal})\s\d{{1,3}}\.$"
    )


@cache
def _month(language: str) -> "regex.Pattern[str]":
    """A month in full, at the beginning."""
    one = languages().get(language)
    months = expression(name for names in one.months.values() for name in names) if one else "(?!)"
    return regex.compile(rf"(?:{months})(?![\p{{L}}\p{{M}}])", regex.IGNORECASE)


@cache
def _said(language: str) -> "regex.Pattern[str]":
    return regex.compile(expression(_of_texts(language, lambda one: one.said)))


@cache
def _missed_ends(language: str) -> "regex.Pattern[str]":
    """Where a sentence ends within a piece: after *etc.* before a capital letter, and after one in brackets."""
    closing = expression(_of_texts(language, lambda one: one.closing), fold=str)
    return regex.compile(
        rf"(?:(?<![\p{{L}}\p{{M}}])(?:{closing})\.|(?:^|(?<=[.!?]\s))\([^()]{{1,{LONG_QUOTATION}}}[.!?]\))\s+(?=[\"“„«(]?\p{{Lu}})"
    )


def _of_texts(language: str, pick: Callable[[Text], Words]) -> list[str]:
    one = languages().get(language)
    return list(pick(one.text)) if one else [word for other in languages().values() for word in pick(other.text)]
