"""PDF: the text of its pages, in PDFium's order of reading."""

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from askcorpus.errors import Corrupt, Encrypted, NoText
from askcorpus.text.characters import clean_line, printable
from askcorpus.types import Mark
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.hyphens import CUT, mended
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.pdf_fields import filled_in
from askcorpus_ingest.readers.pdf_page import PageText
from askcorpus_ingest.readers.pdf_right_to_left import turn_mirrored
from askcorpus_ingest.readers.pdf_tables import Table, ends_with_table, tables_of
from askcorpus_ingest.readers.raised import lowered, raised
from askcorpus_ingest.readers.records import RawRecord, own_title
from askcorpus_ingest.readers.source import Part, Source

FULL_LINE = 0.75
"""A line that ends a sentence and is shorter than so much of its page's longest ends a paragraph."""
MOST_LISTED = 20
MOST_HEAD_LINES = 3
"""Lines above and below the text of a page that may be repeated on the others."""
SHORT = 2
"""So few pages may share a line by chance."""
LEAST_CONTENTS = 3
"""Lines of a table of contents, at least."""

SMALL, HIGH, LOW, DESCENT = 0.9, 0.15, 0.05, 0.2
"""A figure of less than that part of the height of the sign before it, and so much of that above or below its line, is
set high or low; so much of a sign's height is below the line."""

HEADING = 1.2
"""A line that ends in letters of so many times the size that the next begins with is a heading."""

_HYPHEN_AT_LINE_END = re.compile("[\ufffe\x02]\\s*|(?<=\\w)\u2010\r\n(?=\\w)")
_LINE_END = re.compile(r"(?<=[^\r\n])[^\s\u2010\ufffe-](?=[^\S\r\n]{0,9}\r\n[^\S\r\n]{0,9}(\S))")
_FIGURES = re.compile(r"(?<=\S)[0-9]{1,20}+(?!\S{0,40}?[A-Za-z])")
_PARAGRAPH_ENDS = (".", "!", "?", ":", "”", "»", '."')
_SENTENCE_ENDS = '.!?…”»"'
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)")
_CUT_AT_PAGE_END = re.compile(rf"(?<=[^\W\d_])(?:{CUT}|-|\u2010)\Z")
_REST_OF_WORD = re.compile(r"(\w\S*+)\s*+")
_NUMBER = re.compile(r"\d{1,9}")
_CONTENTS = re.compile(r"(?<![.…·_‥])(?<![.…·_‥]\s)(?:\s?[.…·_‥]){4,}+\s{0,9}(?:(?P<page>\d{1,5})|[ivxlcIVXLC]{1,9})$")
"""The end of a line of a table of contents: what leads to a page, and its number."""
_ENCRYPTED = {4: "is encrypted", 5: "is encrypted in a way that is not read"}


def read_pdf(source: Source) -> Iterator[RawRecord | Failure | Part]:
    """Its text with a mark where each page begins, and the files in it; pages without text but with pictures are a
    failure of their own.

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
        _open_form(pdf)
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


def _records(source: Source, pdf: Any) -> Iterator[RawRecord | Failure | Part]:
    pages: list[_Page] = []
    for number in range(len(pdf)):
        pages.append(_page(pdf, number, pages[-1].last if pages else None))
    pictures = [number for number, page in enumerate(pages, 1) if page.state == "picture"]
    broken = [number for number, page in enumerate(pages, 1) if page.state == "broken"]
    texts = _with_whole_words(_without_contents(_without_running_heads([page.text for page in pages])))
    texts = mended(_paragraphs(text, page.rows) for text, page in zip(texts, pages, strict=True))
    text, marks = put_together(Stretch({"page": _label(pdf, n)}, page) for n, page in enumerate(texts))
    attached = pdf.count_attachments()
    if not text and not attached:
        raise NoText(_why_no_text(len(texts), pictures, broken))
    yield from _told(source, pdf, text, marks)
    if pictures:
        yield Failure(source.origin, f"pages {_listed(pictures)} are pictures without text (scanned?)")
    if broken:
        yield Failure(source.origin, f"pages {_listed(broken)} are broken")
    for number in range(attached):
        yield from _attachment(source, pdf, number)


def _told(source: Source, pdf: Any, text: str, marks: tuple[Mark, ...]) -> Iterator[RawRecord]:
    if not text:
        return
    about = pdf.get_metadata_dict()
    yield RawRecord(
        source.origin,
        text,
        title=own_title(about["Title"]),
        made=_date(about["CreationDate"]),
        author=about["Author"],
        marks=marks,
    )


def _attachment(source: Source, pdf: Any, number: int) -> Iterator[Failure | Part]:
    """A file that is attached to it, as in a portfolio."""
    import pypdfium2

    name = f"attachment {number + 1}"
    try:
        attachment = pdf.get_attachment(number)
        name = clean_line(attachment.get_name()) or name
        yield source.part(name, io.BytesIO(bytes(attachment.get_data())))
    except pypdfium2.PdfiumError:
        yield Failure(f"{source.origin}#{printable(name)}", "is broken")


def _open_form(pdf: Any) -> None:
    """Have its fields told as those of a form, where it is one that can be read; else each is told alone."""
    import pypdfium2

    with suppress(pypdfium2.PdfiumError):
        pdf.init_forms()


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
        if fields := filled_in(page):
            lines = frozenset(fields)
            read = read._replace(text="\n".join([read.text, *fields]), rows=read.rows | lines)
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
    _end_headings(text_page, text, signs)
    turn_mirrored(text_page, text, signs)
    page_text = PageText(page, text_page, text, signs)
    tables = tables_of(page_text, above)
    told, rows, end = "", set[str](), 0
    for table in tables:
        lines = [_unbroken(_joined(row)) for row in table.rows]
        told += _joined("".join(signs[end : table.start])) + "".join(f"\n{line}\n" for line in lines)
        rows.update(lines)
        end = table.end
    return _Page(told + _joined("".join(signs[end:])), frozenset(rows), ends_with_table(page_text, tables))


def _joined(text: str) -> str:
    """The text in lines, those that end with a hyphen marked."""
    return _HYPHEN_AT_LINE_END.sub(f"{CUT}\n", text).replace("\r\n", "\n")


def _unbroken(text: str) -> str:
    return text.replace(f"{CUT}\n", CUT)


def _with_whole_words(pages: Sequence[str]) -> list[str]:
    """The pages, with words that the end of a line cuts on one line, and those that the end of a page cuts on the page
    where they begin."""
    whole = list(map(_unbroken, pages))
    for number in range(len(whole) - 1):
        rest = _REST_OF_WORD.match(whole[number + 1])
        if rest and (cut := _CUT_AT_PAGE_END.search(whole[number])):
            whole[number] = f"{whole[number][: cut.start()]}{CUT}{rest[1]}"
            whole[number + 1] = whole[number + 1][rest.end() :]
    return whole


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


def _end_headings(page: Any, text: str, signs: list[str]) -> None:
    """Put a blank line below each line that is a heading, so that nobody is quoted with it. A sign alone is the large
    first letter of a paragraph."""
    from pypdfium2.raw import FPDFText_GetFontSize

    def size(at: int) -> tuple[float, float]:
        _, low, _, high = page.get_charbox(at, loose=True)
        return FPDFText_GetFontSize(page, at), high - low

    for end in _LINE_END.finditer(text):
        (set_in, height), (next_in, next_height) = size(end.start()), size(end.start(1))
        if set_in >= HEADING * next_in and height >= HEADING * next_height:
            signs[end.start()] += "\n"


def _label(pdf: Any, number: int) -> str:
    """What the page is called in the file (iv, A-3), or its number."""
    return pdf.get_page_label(number).strip() or str(number + 1)


def _without_running_heads(pages: Sequence[str]) -> list[str]:
    """The pages without the first and last lines that most of them share but for the number of the page; where there
    are but two, without those that say "1/2", and what both share beside these."""
    lines = [page.strip().split("\n") for page in pages]
    numbered = set[int]()  # the places of lines that say of how many pages theirs is which
    running = set[Key]()
    for _ in range(MOST_HEAD_LINES):
        counts = Counter(key for number, page in enumerate(lines) for key in _edges(page, number))
        shared = {key for key, count in counts.items() if count >= max(3, len(pages) / 2)}
        if len(pages) == SHORT:
            both = {key for key, count in counts.items() if count == SHORT}
            shared = {key for key in both if key[0] in numbered or _tells_page(key)}
            numbered |= {key[0] for key in shared}
        if not shared:
            break
        lines = [_less(page, number, shared) for number, page in enumerate(lines)]
        running |= shared
    lines = [
        [] if len(page) == 1 and _is_running(page[0], number, running) else page for number, page in enumerate(lines)
    ]
    return ["\n".join(page) for page in lines]


def _is_running(line: str, number: int, running: set["Key"]) -> bool:
    """Whether all that is left of a page is a line that runs above or below the others: else it is blank."""
    return bool((_keys(line, 0, number) | _keys(line, -1, number)) & running)


def _without_contents(pages: Sequence[str]) -> list[str]:
    """The pages without lines that only say on which page a chapter begins: they name all and tell nothing of it."""
    return [_without_leaders(page, len(pages)) for page in pages]


def _without_leaders(page: str, pages: int) -> str:
    """A page without its table of contents: lines in which points lead to pages that there are, in their order. Points
    that lead to prices or sums do not."""
    lines = page.split("\n")
    found = [_CONTENTS.search(line.rstrip()) for line in lines]
    numbers = [int(one["page"] or 0) for one in found if one]
    if len(numbers) < LEAST_CONTENTS or numbers != sorted(numbers) or numbers[-1] > pages:
        return page
    return "\n".join(line for line, one in zip(lines, found, strict=True) if not one)


Key = tuple[int, str, int | None]
"""The place of a line on its page, what it says, and how far a number that is left out there is ahead of the pages."""


def _edges(page: list[str], number: int) -> set[Key]:
    return _keys(page[0], 0, number) | _keys(page[-1], -1, number) if len(page) > 1 else set()


def _keys(line: str, place: int, number: int) -> set[Key]:
    """What lines of other pages may share with this one: all of it, or all but a number that counts the pages."""
    line = line.strip()
    found = _NUMBER.finditer(line)
    counted = {(place, f"{line[: one.start()]}\0{line[one.end() :]}", int(one.group()) - number) for one in found}
    return {(place, line, None), *counted}


def _tells_page(key: Key) -> bool:
    """Whether lines say which page theirs is, and of how many."""
    return key[2] == 1 and str(SHORT) in _NUMBER.findall(key[1])


def _less(page: list[str], number: int, shared: set[Key]) -> list[str]:
    if len(page) > 1 and _keys(page[0], 0, number) & shared:
        page = page[1:]
    if len(page) > 1 and _keys(page[-1], -1, number) & shared:
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
