"""Quotations in a text: between the quotation marks of any language, nested or not, or in block quotes (``> ``).

One pass over each paragraph, because the marks that open and close depend on the language: “…” „…“ ”…” «…» »…« 「…」.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from askcorpus.types import Span

DEEPEST = 8
"""Quotations within each other that are told apart."""

_CLOSERS = {
    "“": '”"',
    "„": '“”"',
    "‟": "”",
    "”": "”",
    "«": "»",
    "»": "«»",
    "‹": "›",
    "›": "‹›",
    "‘": "’",
    "‚": "‘’",
    "’": "’",
    '"': '"”',
    "'": "'",
    "「": "」",
    "『": "』",
    "﹁": "﹂",
    "〝": "〞〟",
    "❝": "❞",
    "＂": "＂",
}
_OTHERS = "".join(sorted({*_CLOSERS, *"".join(_CLOSERS.values())} - {"'", "’"}))
_MARK = re.compile(rf"``|''|[{_OTHERS}]|(?<![^\W\d_])['’]|['’](?![^\W\d_])")  # no apostrophe within a word
_ONLY_ALONE = frozenset("\"'’”＂")
"""Marks that open only where a word begins: they close as well, or are apostrophes."""

_PARAGRAPH = re.compile(r"[^\n]+(?:\n(?![^\S\n]*\n)[^\n]*)*")
_BLOCK_LINE = re.compile(r"[^\S\n]{0,3}(?:(?:[-*+]|\d{1,3}[.)])[^\S\n]{1,3})?>[^\S\n]?")  # an item of a list, too


def count_marks(text: str, most: int) -> int:
    """How many marks of quotation a text has; beyond ``most`` they are not counted."""
    return sum(1 for _ in islice(_MARK.finditer(text), most + 1))


class Quotation(NamedTuple):
    """A quotation without its marks: ``text[start:end]``. ``inner`` are those within it."""

    start: int
    end: int
    is_block: bool
    inner: tuple["Quotation", ...] = ()


class _Open:
    """A quotation whose end has not been seen yet."""

    def __init__(self, mark: str, start: int) -> None:
        self.mark = mark
        self.start = start
        self.inner: list[Quotation] = []


def paragraphs(text: str) -> Iterator[Span]:
    """The paragraphs of a text; no quotation by marks goes on over their ends."""
    for match in _PARAGRAPH.finditer(text):
        yield from _parts(text, match.start(), match.end())


def _parts(text: str, start: int, end: int) -> Iterator[Span]:
    """A paragraph cut where a block quote begins or ends."""
    place, begin, was_block = start, start, bool(_BLOCK_LINE.match(text, start))
    while place < end:
        is_block = bool(_BLOCK_LINE.match(text, place))
        if is_block != was_block:
            yield Span(begin, place)
            begin, was_block = place, is_block
        newline = text.find("\n", place, end)
        place = end if newline < 0 else newline + 1
    yield Span(begin, end)


def is_block_quote(text: str, paragraph: Span) -> bool:
    """Whether the paragraph is a block quote of Markdown or of a mail."""
    return bool(_BLOCK_LINE.match(text, paragraph.start))


def quotations(text: str, paragraph: Span) -> tuple[Quotation, ...]:
    """The outermost quotations of one paragraph, in order; one that nothing closes is none, but those in it are."""
    opened: list[_Open] = []
    found: list[Quotation] = []
    for match in _MARK.finditer(text, paragraph.start, paragraph.end):
        mark = {"``": "“", "''": "”"}.get(match[0], match[0])
        depth = _closes(text, match, mark, opened, paragraph)
        if depth is not None:
            _drop_to(opened, depth, found)
            closed = opened.pop()
            whole = Quotation(closed.start, match.start(), False, tuple(closed.inner))
            (opened[-1].inner if opened else found).append(whole)
        elif _opens(text, match, mark, paragraph):
            if len(opened) == DEEPEST:
                _drop_to(opened, DEEPEST - 2, found)
            opened.append(_Open(mark, match.end()))
    _drop_to(opened, -1, found)
    return tuple(found)


def _closes(text: str, match: re.Match[str], mark: str, opened: list[_Open], paragraph: Span) -> int | None:
    """Which of the open quotations the mark ends; None where it ends none."""
    if mark in "\"'’" and not _may_end(text, match, mark, paragraph):
        return None
    for depth in range(len(opened) - 1, -1, -1):
        if mark in _CLOSERS[opened[depth].mark] and match.start() > opened[depth].start:
            return depth
    return None


def _may_end(text: str, match: re.Match[str], mark: str, paragraph: Span) -> bool:
    before = text[match.start() - 1] if match.start() > paragraph.start else " "
    after = text[match.end()] if match.end() < paragraph.end else " "
    if mark == '"':
        return not (before.isspace() and _is_letter(after))
    return not before.isspace() and not _is_letter(after)


def _opens(text: str, match: re.Match[str], mark: str, paragraph: Span) -> bool:
    if mark not in _CLOSERS:
        return False
    before = text[match.start() - 1] if match.start() > paragraph.start else " "
    after = text[match.end()] if match.end() < paragraph.end else " "
    if mark in _ONLY_ALONE:
        return not after.isspace() and not _is_letter(before)
    return mark not in "»›" or not after.isspace()


def _is_letter(char: str) -> bool:
    return char.isalnum() and ord(char) < 0x2E80  # scripts without spaces have no edge of a word to be seen


def _drop_to(opened: list[_Open], depth: int, found: list[Quotation]) -> None:
    """Forget the open quotations deeper than ``depth``; what is whole within them stays."""
    while len(opened) > depth + 1:
        dropped = opened.pop()
        (opened[-1].inner if opened else found).extend(dropped.inner)
