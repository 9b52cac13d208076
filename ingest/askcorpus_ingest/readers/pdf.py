"""PDF: the text of its pages, in PDFium's order of reading."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from askcorpus.errors import Corrupt, Encrypted, NoText
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.hyphens import CUT, mended
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.pdf_page import PageText
from askcorpus_ingest.readers.pdf_tables import Table, ends_with_table, tables_of
from askcorpus_ingest.readers.raised import lowered, raised
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source

FULL_LINE = 0.75
"""A line that ends a sentence and is shorter than so much of its page's longest ends a paragraph."""
MOST_LISTED = 20
SMALL, HIGH, LOW, DESCENT = 0.9, 0.15, 0.05, 0.2
"""A figure of less than that part of the height of the sign before it, and so much of that above or below its line, is
set high or low; so much of a sign's height is below the line."""

_HYPHEN_AT_LINE_END = re.compile("[\ufffe\x02]\\s*")
_FIGURES = re.compile(r"(?<=\S)[0-9]{1,20}+(?!\S{0,40}?[A-Za-z])")
_PARAGRAPH_ENDS = (".", "!", "?", ":", "”", "»", '."')
_ALEFS, _LAM = "\u0622\u0623\u0625\u0627", "\u0644"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u05ff\u0620-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]{2,}")
_SENTENCE_ENDS = '.!?…”»"'
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)")
_DIGITS = re.compile(r"\d+")
_ENCRYPTED = {4: "is encrypted", 5: "is encrypted in a way that is not read"}


def read_pdf(source: Source) -> Iterator[RawRecord | Failure]:
    """Its text with a mark where each page begins; pages without text but with pictures are a failure of their own.

    Raises:
        ReadError: it is encrypted, broken, or holds no text.
    """
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(source.content())
    except pypdfium2.PdfiumError as exc:
        encrypted = _ENCRYPTED.get(getattr(exc, "err_code", 0) or 0)
        raise (Encrypted(encrypted) if encrypted else Corrupt("is a broken PDF")) from exc
    try:
        yield from _records(source, pdf)
    finally:
        pdf.close()


class _Page(NamedTuple):
    """A page's text, the lines of it that tell rows of tables, and the table that it ends with.

    ``state`` is "text", "picture", "empty" or "broken".
    """

    text: str = ""
    rows: frozenset[str] = frozenset()
    last: Table | None = None
    state: str = "text"


def _records(source: Source, pdf: Any) -> Iterator[RawRecord | Failure]:
    pages: list[_Page] = []
    for number in range(len(pdf)):
        pages.append(_page(pdf, number, pages[-1].last if pages else None))
    pictures = [number for number, page in enumerate(pages, 1) if page.state == "picture"]
    broken = [number for number, page in enumerate(pages, 1) if page.state == "broken"]
    texts = _without_running_heads([page.text for page in pages])
    texts = mended(_paragraphs(text, page.rows) for text, page in zip(texts, pages, strict=True))
    text, marks = put_together(Stretch({"page": _label(pdf, n)}, page) for n, page in enumerate(texts))
    if not text:
        raise NoText(_why_no_text(len(texts), pictures, broken))
    about = pdf.get_metadata_dict()
    yield RawRecord(
        source.origin,
        text,
        title=about["Title"],
        date=_date(about["CreationDate"]),
        author=about["Author"],
        marks=marks,
    )
    if pictures:
        yield Failure(source.origin, f"pages {_listed(pictures)} are pictures without text (scanned?)")
    if broken:
        yield Failure(source.origin, f"pages {_listed(broken)} are broken")


def _date(date: str) -> str:
    """``D:20230504102030+02'00'`` as people write it."""
    found = _DATE.match(date)
    return "-".join(found.groups()) if found else date


def _why_no_text(pages: int, pictures: Sequence[int], broken: Sequence[int]) -> str:
    if pictures:
        return f"holds no text: its {pages} pages are pictures (scanned)"
    return "holds no page that can be read" if broken else "holds no text"


def _page(pdf: Any, number: int, above: Table | None) -> _Page:
    import pypdfium2

    try:
        page = pdf[number]
        read = _with_tables(page, above)
    except pypdfium2.PdfiumError:
        return _Page(state="broken")
    if read.text.strip():
        return read
    image = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
    return _Page(state="picture" if next(page.get_objects([image], max_depth=3), None) else "empty")


def _with_tables(page: Any, above: Table | None) -> _Page:
    """The page's text with a line for each row of a table."""
    text_page = page.get_textpage()
    text: str = text_page.get_text_range(errors="replace")
    if text_page.count_chars() != len(text):  # then places in the one are not those in the other
        return _Page(_joined(text))
    signs = _with_scripts(text_page, text)
    _turn_mirrored(text_page, text, signs)
    page_text = PageText(page, text_page, text, signs)
    tables = tables_of(page_text, above)
    told, rows, end = "", set[str](), 0
    for table in tables:
        lines = [_joined(row) for row in table.rows]
        told += _joined("".join(signs[end : table.start])) + "".join(f"\n{line}\n" for line in lines)
        rows.update(lines)
        end = table.end
    return _Page(told + _joined("".join(signs[end:])), frozenset(rows), ends_with_table(page_text, tables))


def _joined(text: str) -> str:
    """The text in lines, but for those that end with a hyphen."""
    return _HYPHEN_AT_LINE_END.sub(CUT, text).replace("\r\n", "\n")


def _with_scripts(page: Any, text: str) -> list[str]:
    """The page's characters, with figures that are smaller than what they follow as high or low as they stand.

    A number set high after the end of a sentence is the mark of a note, and left out.
    """
    signs = list(text)
    for run in _FIGURES.finditer(text):
        base = page.get_charbox(run.start() - 1, loose=True)
        for at in range(run.start(), run.end()):
            box = page.get_charbox(at, loose=True)
            high, small = base[3] - base[1], box[3] - box[1]
            rise = box[1] - base[1] - DESCENT * (high - small)
            if small >= SMALL * high or -LOW * high < rise < HIGH * high:
                base = box
            elif rise < 0:
                signs[at] = lowered(signs[at])
            else:
                signs[at] = "" if text[run.start() - 1] in _SENTENCE_ENDS else raised(signs[at])
    return signs


def _turn_mirrored(page: Any, text: str, signs: list[str]) -> None:
    """Turn what is written from right to left and given the other way: the words of browsers' PDFs, and the two letters
    of an Arabic lam-alef, which is one sign in a font."""
    for word in _RIGHT_TO_LEFT.finditer(text):
        places = range(*word.span())
        boxes = {at: page.get_charbox(at, loose=True) for at in places}
        order = list(places if boxes[places[0]][0] >= boxes[places[-1]][0] else reversed(places))
        for number, (first, second) in enumerate(pairwise(order)):
            if text[first] in _ALEFS and text[second] == _LAM and boxes[first] == boxes[second]:
                order[number : number + 2] = second, first
        signs[word.start() : word.end()] = [signs[at] for at in order]


def _label(pdf: Any, number: int) -> str:
    """What the page is called in the file (iv, A-3), or its number."""
    return pdf.get_page_label(number).strip() or str(number + 1)


def _without_running_heads(pages: Sequence[str]) -> list[str]:
    """The pages without the first and last lines that most of them share but for a number."""
    lines = [page.strip().split("\n") for page in pages]
    shared: set[tuple[int, str]] = set()
    for place in (0, -1):
        counts = Counter(_DIGITS.sub("0", page[place].strip()) for page in lines if len(page) > 1)
        shared |= {(place, line) for line, count in counts.items() if count >= max(3, len(pages) / 2)}
    return ["\n".join(_less(page, shared)) for page in lines]


def _less(page: list[str], shared: set[tuple[int, str]]) -> list[str]:
    if len(page) > 1 and (0, _DIGITS.sub("0", page[0].strip())) in shared:
        page = page[1:]
    if len(page) > 1 and (-1, _DIGITS.sub("0", page[-1].strip())) in shared:
        page = page[:-1]
    return page


def _paragraphs(page: str, rows: frozenset[str]) -> str:
    """The page's lines, with a blank line after one that ends its paragraph, and around one that tells a row."""
    lines = [line.strip() for line in page.split("\n")]
    full = FULL_LINE * max((len(line) for line in lines if line not in rows), default=0)
    return "\n".join(
        f"\n{line}\n" if line in rows else f"{line}\n" if len(line) < full and line.endswith(_PARAGRAPH_ENDS) else line
        for line in lines
    )


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:MOST_LISTED]))
    return f"{shown} and {len(numbers) - MOST_LISTED} more" if len(numbers) > MOST_LISTED else shown
