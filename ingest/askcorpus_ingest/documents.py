"""From what a file holds to a ``Document``: clean text, and the date, place, source, title and language it shows."""

import hashlib
from itertools import pairwise

from askcorpus.errors import ReadError
from askcorpus.text.characters import clean_line, clean_text
from askcorpus.text.language import detect_language
from askcorpus.text.sentences import split_sentences
from askcorpus.types import Document, Mark
from askcorpus_ingest.dateline import Dateline, read_dateline, take_date_marker
from askcorpus_ingest.dates import read_date
from askcorpus_ingest.readers.records import RawRecord

TITLE_CHARS = 120

_SIGN = "\ufdd0"  # no character: Unicode leaves it to programs


def to_document(raw: RawRecord) -> Document:
    """The document that ``raw`` is, with what its own fields leave open read from the text.

    Its id is ``raw.doc_id``, or comes from title and text.

    Raises:
        ReadError: no text is left after cleaning.
    """
    marked, text, marks = _clean(raw)
    if not text:
        raise ReadError("is empty")
    dateline = read_dateline(text)
    language = _language_code(raw.language) or detect_language(text[dateline.span.end :])
    title = clean_line(raw.title) or _title(text, dateline, language)
    return Document(
        id=clean_line(raw.doc_id) or _content_id(title, text),
        title=title,
        text=text,
        date=read_date(raw.date) or marked or dateline.date,
        language=language,
        source=clean_line(raw.source) or dateline.source,
        place=clean_line(raw.place) or dateline.place,
        origin=raw.origin,
        marks=marks,
    )


def _clean(raw: RawRecord) -> tuple[str, str, tuple[Mark, ...]]:
    """The date that the text is marked with, the clean text without it, and the marks where they then are.

    A sign that no text has stands for each mark while the text is cleaned around it.
    """
    if not raw.marks:
        return *take_date_marker(clean_text(raw.text)), ()
    ends = [mark.start for mark in raw.marks] + [len(raw.text)]
    pieces = [raw.text[start:end].replace(_SIGN, "") for start, end in pairwise([0, *ends])]
    date, signed = take_date_marker(clean_text(_SIGN.join(pieces)))
    before, *after = signed.split(_SIGN)
    marks, length, lost = [], len(before), len(raw.marks) - len(after)
    for mark, piece in zip(raw.marks[lost:], after, strict=True):
        marks.append(Mark(start=length, locator=mark.locator))
        length += len(piece)
    return date, signed.replace(_SIGN, ""), tuple(marks)


def with_own_id(document: Document) -> Document:
    """The same document with an id of its own, for a second origin with identical content."""
    return document.model_copy(update={"id": _content_id(document.title, document.text, document.origin)})


def _language_code(language: str) -> str:
    """``fr-CA`` and ``FR`` → ``fr``; what is no two-letter code counts as not given."""
    code = language.strip().lower().replace("_", "-").partition("-")[0]
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def _content_id(*parts: str) -> str:
    return "d" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _title(text: str, dateline: Dateline, language: str) -> str:
    """The headline; without one the first sentence of the story, cut at a word to ``TITLE_CHARS``."""
    if dateline.headline:
        return _shortened(dateline.headline.lstrip("# "))
    story = text[dateline.span.end : dateline.span.end + 2000].lstrip()
    first = split_sentences(story, language)[:1]
    return _shortened(story[first[0].start : first[0].end] if first else text)


def _shortened(line: str) -> str:
    line = " ".join(line[: TITLE_CHARS * 4].split())
    if len(line) <= TITLE_CHARS:
        return line
    head = line[: TITLE_CHARS - 1]
    at_word = head.rpartition(" ")[0]
    return (at_word if len(at_word) > TITLE_CHARS // 2 else head).rstrip(" ,;:–—-") + "…"
