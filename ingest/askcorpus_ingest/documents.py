"""From what a file holds to a ``Document``: clean text, and the date, place, source, title and language it shows."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator

import regex

from askcorpus.errors import ReadError
from askcorpus.text.language import detect_language
from askcorpus.text.sentences import split_sentences
from askcorpus.types import Document
from askcorpus_ingest.dateline import Dateline, parse_date, read_dateline, take_date_marker
from askcorpus_ingest.readers import PIECE_CHARS, Raw

TITLE_CHARS = 120

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_LINE_END = re.compile(f"\n|{_LINE_ENDS.pattern}")
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\ufeff\ufff9-\ufffb]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Normalising takes time with the square of a run of marks; Unicode's stream-safe format breaks one after 30 (UAX #15).
_LONG_RUN_OF_MARKS = regex.compile(r"([\p{M}--\u034f]{30})(?=[\p{M}--\u034f])", regex.V1)
_BLANK_LINES = re.compile(r"\n{3,}")


def to_document(raw: Raw) -> Document:
    """The document that ``raw`` is, with what its own fields leave open read from the text.

    Its id is ``raw.doc_id``, or comes from title and text.

    Raises:
        ReadError: no text is left after cleaning.
    """
    marked, text = take_date_marker(clean_text(raw.text))
    if not text:
        raise ReadError("is empty")
    dateline = read_dateline(text)
    language = _language_code(raw.language) or detect_language(text[dateline.span.end :])
    title = clean_line(raw.title) or _title(text, dateline, language)
    return Document(
        id=clean_line(raw.doc_id) or _content_id(title, text),
        title=title,
        text=text,
        date=parse_date(raw.date) or marked or dateline.date,
        language=language,
        source=clean_line(raw.source) or dateline.source,
        place=clean_line(raw.place) or dateline.place,
        origin=raw.origin,
    )


def with_own_id(document: Document) -> Document:
    """The same document with an id of its own, for a second origin with identical content."""
    return document.model_copy(update={"id": _content_id(document.title, document.text, document.origin)})


def clean_text(text: str) -> str:
    """NFC, ``\\n`` line ends, no control characters, no spaces at line ends, at most one blank line in a row."""
    return _BLANK_LINES.sub("\n\n", "".join(map(_clean_lines, _pieces(text)))).strip()


def clean_line(text: str) -> str:
    """The same for a field of one line."""
    return " ".join(clean_text(text).split())


def _pieces(text: str) -> Iterator[str]:
    """The text in runs of whole lines, each long enough: a list of all lines takes many times the memory of a text."""
    start = 0
    while start < len(text):
        end = _LINE_END.search(text, start + PIECE_CHARS)
        yield text[start : end.end() if end else len(text)]
        start = end.end() if end else len(text)


def _clean_lines(text: str) -> str:
    text = _LINE_ENDS.sub("\n", text)
    text = _UNPRINTABLE.sub("", _SURROGATE.sub("\ufffd", text))
    text = _LONG_RUN_OF_MARKS.sub("\\1\u034f", text)
    text = "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", text).split("\n"))
    return _BLANK_LINES.sub("\n\n", text)


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
