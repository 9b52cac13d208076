"""From what a file holds to a ``Document``: clean text, and the date, place, source, title and language it shows."""

import datetime
import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from askcorpus.errors import NoText
from askcorpus.text.characters import clean_line, clean_text
from askcorpus.text.language import detect_language, sure_language
from askcorpus.text.sentences import split_sentences
from askcorpus.types import Document, Mark
from askcorpus_ingest.dateline import Dateline, read_dateline, take_date_marker
from askcorpus_ingest.dates import read_date
from askcorpus_ingest.readers.records import RawRecord

TITLE_CHARS = 120

_SIGN = "\ufdd0"  # no character: Unicode leaves it to programs


FIRST_YEAR = "1500"
"""No text that was written before is read; a document that says so has another calendar, or an error."""

_PATH_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_./]?(0[1-9]|1[0-2])[-_./]?(0[1-9]|[12]\d|3[01])(?!\d)")
_PATH_MONTH = re.compile(r"/((?:19|20)\d\d)[-/](0[1-9]|1[0-2])/[^/]*$")
_PATH_YEAR = re.compile(r"/((?:19|20)\d\d)/[^/]*$")


class Reading(NamedTuple):
    """A document, and what its file says of it that was not believed, a line each."""

    document: Document
    doubts: tuple[str, ...] = ()


def read_document(raw: RawRecord) -> Reading:
    """The document that ``raw`` is, with what its own fields leave open read from the text, its address or its path.

    Its id is ``raw.doc_id``, or comes from title and text. A language that the text surely is not in, and a date that
    cannot be, are not believed.

    Raises:
        ReadError: no text is left after cleaning.
    """
    marked, text, marks = _clean(raw)
    if not text:
        raise NoText("is empty")
    dateline = read_dateline(text)
    story = text[dateline.story :]
    language = sure_language(story) or _language_code(raw.language) or detect_language(story)
    title = clean_line(raw.title) or _title(text, dateline, language)
    own, made = clean_line(raw.date), clean_line(raw.made)
    given = own or made
    in_path = date_in_path(_file_path(raw.origin))
    dates = [read_date(own), marked, dateline.date, date_in_path(raw.url), in_path]
    doubts = tuple(_doubts(given, [read_date(given), *dates]))
    extra = {clean_line(name): clean_text(value) for name, value in raw.extra.items()}
    if doubts and given:
        extra = {"date": given} | extra  # not lost, though not believed
    document = Document(
        id=clean_line(raw.doc_id) or _content_id(title, text),
        title=title,
        text=text,
        date=_surest(dates, read_date(made)),
        language=language,
        source=clean_line(raw.source) or dateline.source,
        place=clean_line(raw.place) or dateline.place,
        author=clean_line(raw.author),
        url=clean_line(raw.url),
        extra=extra,
        origin=raw.origin,
        marks=marks,
    )
    return Reading(document, doubts)


def _doubts(given: str, dates: Sequence[str]) -> Iterator[str]:
    if given and not dates[0]:
        yield f"its date “{given[:60]}” cannot be read"
    for date in dict.fromkeys(dates):
        if date and (why := _why_doubted(date)):
            yield f"its date {date} {why}"


def _surest(dates: Sequence[str], made: str) -> str:
    """The first of the dates that can be, or the day the file was made where that is within it or there is none."""
    date = next((date for date in dates if date and not _why_doubted(date)), "")
    return made if made and made.startswith(date) and not _why_doubted(made) else date


def _why_doubted(date: str) -> str:
    """Why a date cannot be that of a text that is there; tomorrow is today elsewhere."""
    tomorrow = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1)
    if date > tomorrow.isoformat():
        return "lies in the future"
    return f"is before {FIRST_YEAR}" if date[:4] < FIRST_YEAR else ""


def date_in_path(path: str) -> str:
    """The date in an address or a path: of its last part, or of the folders around that; "" when there is none."""
    for pattern in (_PATH_DAY, _PATH_MONTH, _PATH_YEAR):
        found = list(pattern.finditer(path))
        if found and (date := read_date("-".join(found[-1].groups()))):
            return date
    return ""


def _file_path(origin: str) -> str:
    """The path of a file that is one document; that of many says nothing of each. Only its end: folders above tell
    where someone keeps files."""
    return "" if "#" in origin else "/" + "/".join(origin.split("/")[-4:])


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
    story = text[dateline.story : dateline.story + 2000].lstrip()
    first = split_sentences(story, language)[:1]
    return _shortened(story[first[0].start : first[0].end] if first else text)


def _shortened(line: str) -> str:
    line = " ".join(line[: TITLE_CHARS * 4].split())
    if len(line) <= TITLE_CHARS:
        return line
    head = line[: TITLE_CHARS - 1]
    at_word = head.rpartition(" ")[0]
    return (at_word if len(at_word) > TITLE_CHARS // 2 else head).rstrip(" ,;:–—-") + "…"
