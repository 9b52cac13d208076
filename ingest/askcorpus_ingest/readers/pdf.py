"""PDF: the text of its pages, in PDFium's order of reading."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from askcorpus.errors import ReadError
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source

FULL_LINE = 0.75
"""A line that ends a sentence and is shorter than so much of its page's longest ends a paragraph."""
MOST_LISTED = 20

_HYPHEN_AT_LINE_END = re.compile("[\ufffe\x02]\\s*")
_DIGITS = re.compile(r"\d+")
_FATES = {4: "is encrypted", 5: "is encrypted in a way that is not read"}


def read_pdf(source: Source) -> Iterator[RawRecord | Failure]:
    """Its text with a mark where each page begins; pages without text but with pictures are a failure of their own.

    Raises:
        ReadError: it is encrypted, broken, or holds no text.
    """
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(source.content())
    except pypdfium2.PdfiumError as exc:
        raise ReadError(_FATES.get(getattr(exc, "err_code", 0) or 0, "is a broken PDF")) from exc
    try:
        yield from _records(source, pdf)
    finally:
        pdf.close()


def _records(source: Source, pdf: Any) -> Iterator[RawRecord | Failure]:
    texts: list[str] = []
    pictures: list[int] = []
    broken: list[int] = []
    for number in range(len(pdf)):
        text, state = _page(pdf, number)
        texts.append(text)
        pictures += [number + 1] if state == "picture" else []
        broken += [number + 1] if state == "broken" else []
    texts = [_paragraphs(page) for page in _without_running_heads(texts)]
    text, marks = put_together(Stretch({"page": _label(pdf, n)}, page) for n, page in enumerate(texts))
    if not text:
        raise ReadError(_why_no_text(len(texts), pictures, broken))
    about = pdf.get_metadata_dict()
    yield RawRecord(
        source.origin, text, title=about["Title"], date=about["CreationDate"], author=about["Author"], marks=marks
    )
    if pictures:
        yield Failure(source.origin, f"pages {_listed(pictures)} are pictures without text (scanned?)")
    if broken:
        yield Failure(source.origin, f"pages {_listed(broken)} are broken")


def _why_no_text(pages: int, pictures: Sequence[int], broken: Sequence[int]) -> str:
    if pictures:
        return f"holds no text: its {pages} pages are pictures (scanned)"
    return "holds no page that can be read" if broken else "holds no text"


def _page(pdf: Any, number: int) -> tuple[str, str]:
    """A page's text, and whether it is "text", a "picture", "empty" or "broken"."""
    import pypdfium2

    try:
        page = pdf[number]
        text = page.get_textpage().get_text_range(errors="replace")
    except pypdfium2.PdfiumError:
        return "", "broken"
    text = _HYPHEN_AT_LINE_END.sub("", text).replace("\r\n", "\n")
    if text.strip():
        return text, "text"
    image = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
    return "", "picture" if next(page.get_objects([image], max_depth=3), None) else "empty"


def _label(pdf: Any, number: int) -> str:
    """What the page is called in the file (iv, A-3), or its number."""
    return pdf.get_page_label(number).strip() or str(number + 1)


def _without_running_heads(pages: Sequence[str]) -> list[str]:
    """The pages without the first and last lines that most of them share but for a number."""
    lines = [page.strip().split("\n") for page in pages]
    shared: set[tuple[int, str]] = set()
    for place in (0, -1):
        counts = Counter(_DIGITS.sub("0", page[place].strip()) for page in lines if len(page) > 2)
        shared |= {(place, line) for line, count in counts.items() if count >= max(3, len(pages) / 2)}
    return ["\n".join(_less(page, shared)) for page in lines]


def _less(page: list[str], shared: set[tuple[int, str]]) -> list[str]:
    if len(page) > 2 and (0, _DIGITS.sub("0", page[0].strip())) in shared:
        page = page[1:]
    if len(page) > 2 and (-1, _DIGITS.sub("0", page[-1].strip())) in shared:
        page = page[:-1]
    return page


def _paragraphs(page: str) -> str:
    """The page's lines, with a blank line after one that ends its paragraph."""
    lines = [line.strip() for line in page.split("\n")]
    full = FULL_LINE * max(map(len, lines))
    return "\n".join(
        f"{line}\n" if len(line) < full and line.endswith((".", "!", "?", ":", "”", "»", '."')) else line
        for line in lines
    )


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:MOST_LISTED]))
    return f"{shown} and {len(numbers) - MOST_LISTED} more" if len(numbers) > MOST_LISTED else shown
