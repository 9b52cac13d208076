"""From a ``Document`` to its passages: runs of whole sentences, of about the length that retrieval works best with."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from askcorpus.text.sentences import iter_sentences, trimmed
from askcorpus.types import Document, Passage, Span
from askcorpus_ingest.dateline import read_dateline

_CLAUSE_END = re.compile(r"[,;:，、；：،؛–—][\"'”’»」』)]*\s*")
_SPACES = re.compile(r"\s+")
_DENSE_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
_JOINER = "\u200d"


def split_passages(document: Document, target_chars: int) -> Iterator[tuple[Passage, tuple[Span, ...]]]:
    """Passages of about ``target_chars`` characters, each with the document offsets of its sentences.

    In order and without overlap; only whitespace lies outside of them. A paragraph's end is the preferred place to
    break, a sentence is only cut when it is longer than two passages, and what is left over at the end joins the
    passage before it. Chinese, Japanese and Korean say as much in half the characters, so they count double. An
    agency's dateline, or the day in a line of its own, belongs to the first passage and to none of its sentences:
    nobody should be quoted with it.

    They come one by one, so that the longest document takes no more memory than a few passages.
    """
    text = document.text
    target = target_chars // 2 if _is_dense(text) else target_chars
    asides = read_dateline(text).asides
    for group in _groups(text, _units(document, asides, target), target):
        yield _passage(document, group, asides)


def _units(document: Document, asides: Sequence[Span], target: int) -> Iterator[Span]:
    """What passages are made of: the sentences, and what is told beside them."""
    start = 0
    for aside in asides:
        yield from _pieces(document, Span(start, aside.start), target)
        yield aside
        start = aside.end
    yield from _pieces(document, Span(start, len(document.text)), target)


def _pieces(document: Document, part: Span, target: int) -> Iterator[Span]:
    """The sentences of a part of the document, each cut when it is too long."""
    for start, end in iter_sentences(document.text[part.start : part.end], document.language):
        yield from _cut(document.text, Span(start + part.start, end + part.start), target)


def _passage(document: Document, units: Sequence[Span], asides: Sequence[Span]) -> tuple[Passage, tuple[Span, ...]]:
    span = trimmed(document.text, units[0].start, units[-1].end) or units[0]
    return passage_at(document, span), tuple(unit for unit in units if unit not in asides) or (span,)


def passage_at(document: Document, span: Span) -> Passage:
    """The passage that this stretch of the document is."""
    text = document.text[span.start : span.end]
    key = "\n".join((document.id, document.title, str(span.start), str(span.end), text))
    return Passage(
        id="p" + hashlib.sha256(key.encode()).hexdigest()[:16],
        document_id=document.id,
        text=text,
        start=span.start,
        end=span.end,
    )


def _groups(text: str, units: Iterable[Span], target: int) -> Iterator[list[Span]]:
    """Consecutive units packed to about ``target`` characters."""
    before: list[Span] = []
    group: list[Span] = []
    for unit, paragraph in _with_paragraphs(text, units, target):
        filled = group[-1].end - group[0].start if group else 0
        overflows = bool(group) and unit.end - group[0].start > target
        whole_paragraph_next = filled + paragraph > target >= paragraph > 0 and filled >= target // 2
        if overflows or whole_paragraph_next:
            if before:
                yield before
            before, group = group, []
        group.append(unit)
    if before and group[-1].end - group[0].start < target // 4 and group[-1].end - before[0].start <= 2 * target:
        before, group = before + group, []
    yield from (found for found in (before, group) if found)


def _with_paragraphs(text: str, units: Iterable[Span], target: int) -> Iterator[tuple[Span, int]]:
    """Each unit, with the length of the paragraph that it begins; 0 inside one, and where it is beyond ``target``."""
    waiting: list[Span] = []  # a paragraph's units, until it is known whether it is beyond
    end, beyond = 0, False
    for unit in units:
        if "\n\n" in text[end : unit.start]:
            yield from _with_length(waiting)
            waiting, beyond = [], False
        end = unit.end
        waiting.append(unit)
        beyond = beyond or end - waiting[0].start > target
        if beyond:
            yield from ((one, 0) for one in waiting)
            waiting = []
    yield from _with_length(waiting)


def _with_length(paragraph: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    for number, unit in enumerate(paragraph):
        yield unit, 0 if number else paragraph[-1].end - unit.start


def _cut(text: str, sentence: Span, target: int) -> Iterator[Span]:
    """The sentence itself, or pieces of about ``target`` characters when it is longer than two passages."""
    start = sentence.start
    while sentence.end - start > 2 * target:
        end = _cut_place(text, start + target // 2, start + target)
        if piece := trimmed(text, start, end):
            yield piece
        start = end
    if piece := trimmed(text, start, sentence.end):
        yield piece


def _cut_place(text: str, low: int, high: int) -> int:
    """The last good place to cut between ``low`` and ``high``: after a clause, at a space, else between characters."""
    for pattern in (_CLAUSE_END, _SPACES):
        if ends := [match.end() for match in pattern.finditer(text, low, high)]:
            return ends[-1]
    while high > low and _inside_character(text, high):
        high -= 1
    return high


def _inside_character(text: str, index: int) -> bool:
    """Whether a cut at ``index`` would part a letter from its accents or an emoji from its parts."""
    modifier = "\U0001f3fb" <= text[index] <= "\U0001f3ff"
    return modifier or _JOINER in text[index - 1 : index + 1] or unicodedata.category(text[index]).startswith("M")


def _is_dense(text: str) -> bool:
    sample = text[:2000]
    return 2 * len(_DENSE_SCRIPT.findall(sample)) > len(sample)
