"""From a ``Document`` to its passages: runs of whole sentences, of about the length that retrieval works best with."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence

from askcorpus.sentences import split_sentences, trimmed
from askcorpus.types import Document, Passage, Span
from askcorpus_ingest.dateline import read_dateline

_CLAUSE_END = re.compile(r"[,;:，、；：،؛–—][\"'”’»」』)]*\s*")
_SPACES = re.compile(r"\s+")
_DENSE_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
_JOINER = "\u200d"


def split_passages(document: Document, target_chars: int) -> list[tuple[Passage, tuple[Span, ...]]]:
    """Passages of about ``target_chars`` characters, each with the document offsets of its sentences.

    In order and without overlap; only whitespace lies outside of them. A paragraph's end is the preferred place to
    break, a sentence is only cut when it is longer than two passages, and what is left over at the end joins the
    passage before it. Chinese, Japanese and Korean say as much in half the characters, so they count double. An
    agency's dateline belongs to the first passage and to none of its sentences: nobody should be quoted with it.
    """
    text = document.text
    target = target_chars // 2 if _is_dense(text) else target_chars
    dateline = read_dateline(text).span
    sentences = [
        piece
        for start, end in ((0, dateline.start), (dateline.end, len(text)))
        for sentence in split_sentences(text[start:end], document.language)
        for piece in _cut(text, Span(sentence.start + start, sentence.end + start), target)
    ]
    units = sorted([*sentences, dateline]) if dateline.end else sentences
    return [_passage(document, group, dateline) for group in _groups(text, units, target)]


def _passage(document: Document, units: Sequence[Span], dateline: Span) -> tuple[Passage, tuple[Span, ...]]:
    span = trimmed(document.text, units[0].start, units[-1].end) or units[0]
    text = document.text[span.start : span.end]
    key = "\n".join((document.id, document.title, str(span.start), str(span.end), text))
    passage = Passage(
        id="p" + hashlib.sha256(key.encode()).hexdigest()[:16],
        document_id=document.id,
        text=text,
        start=span.start,
        end=span.end,
    )
    return passage, tuple(unit for unit in units if unit != dateline) or (span,)


def _groups(text: str, units: Sequence[Span], target: int) -> list[list[Span]]:
    """Consecutive units packed to about ``target`` characters."""
    groups: list[list[Span]] = []
    for paragraph in _paragraphs(text, units):
        length = paragraph[-1].end - paragraph[0].start
        for unit in paragraph:
            current = groups[-1] if groups else []
            filled = current[-1].end - current[0].start if current else 0
            overflows = bool(current) and unit.end - current[0].start > target
            whole_paragraph_next = unit is paragraph[0] and filled + length > target >= length and filled >= target // 2
            if not current or overflows or whole_paragraph_next:
                groups.append([unit])
            else:
                current.append(unit)
    if len(groups) > 1:
        crumb = groups[-1][-1].end - groups[-1][0].start < target // 4
        if crumb and groups[-1][-1].end - groups[-2][0].start <= 2 * target:
            groups[-2].extend(groups.pop())
    return groups


def _paragraphs(text: str, units: Sequence[Span]) -> Iterator[list[Span]]:
    paragraph: list[Span] = []
    for unit in units:
        if paragraph and "\n\n" in text[paragraph[-1].end : unit.start]:
            yield paragraph
            paragraph = []
        paragraph.append(unit)
    if paragraph:
        yield paragraph


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
