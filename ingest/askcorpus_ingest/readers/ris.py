"""References as RIS (.ris) or for EndNote (.enw), which libraries and Google Scholar export: each is a document."""

import re
from collections.abc import Iterator, Mapping, Sequence

from askcorpus.errors import NoText
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.markup import plain_text
from askcorpus_ingest.readers.records import EXTRA_CHARS, RawRecord
from askcorpus_ingest.readers.source import Source

_LINE = re.compile(r"([A-Z][A-Z0-9]) {2}- ?(.*)")
_REFER_LINE = re.compile(r"%([0A-Z8@])[ \t](.*)")
_REFER = {
    "0": "TY", "T": "TI", "A": "AU", "X": "AB", "8": "DA", "D": "PY", "J": "JO", "B": "T2", "I": "PB", "U": "UR",
    "K": "KW", "R": "DO", "V": "VL", "N": "IS", "P": "SP", "G": "LA",
}  # fmt: skip
"""The tags of EndNote's own form, which Google Scholar has, by the RIS tags that say the same."""
_BEGIN, _END = "TY", "ER"
_TITLES, _AUTHORS, _TEXTS = ("TI", "T1", "CT"), ("AU", "A1"), ("AB", "N2")
_DATES, _SOURCES = ("DA", "PY", "Y1"), ("JO", "JF", "T2", "JA", "PB")
_NAMES = {"KW": "keywords", "DO": "DOI", "N1": "notes", "VL": "volume", "IS": "issue", "SP": "page", "DB": "database"}
"""What else is kept, by the names that it is told by."""

Reference = Mapping[str, Sequence[str]]
"""The values of a reference by their tags."""


def read_ris(source: Source) -> Iterator[RawRecord]:
    """Each reference: its abstract, or else its title, with what it says of itself.

    Raises:
        NoText: there is none.
    """
    found = False
    for line, reference in _references(decode(source.content())):
        title, abstract = _first(reference, _TITLES), _first(reference, _TEXTS)
        if not (title or abstract):
            continue
        found = True
        yield RawRecord(
            f"{source.origin}#L{line}",
            plain_text(abstract) or title,
            title,
            date=_date(next(filter(None, (_first(reference, (tag,)) for tag in _DATES)), "")),
            language=_first(reference, ("LA",)),
            source=_first(reference, _SOURCES),
            author="; ".join(value for tag in _AUTHORS for value in reference.get(tag, ())),
            url=_first(reference, ("UR",)),
            extra=_kept(reference),
        )
    if not found:
        raise NoText("holds no reference")


def _references(text: str) -> Iterator[tuple[int, Reference]]:
    """Each reference with the line that it begins in, which need not have an end; a line without a tag goes on with the
    one above."""
    began, reference, lines = 0, dict[str, list[list[str]]](), list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not (tagged := _tagged(line)):
            if lines and line.strip():
                lines.append(line.strip())
            continue
        tag, value = tagged
        if tag in (_BEGIN, _END) and reference:
            yield began, _joined(reference)
            reference, lines = {}, []
        if tag == _END:
            continue
        if not reference:
            began = number
        lines = [value.strip()]
        reference.setdefault(tag, []).append(lines)
    if reference:
        yield began, _joined(reference)


def _tagged(line: str) -> tuple[str, str] | None:
    """The tag of a line, as RIS has it, and what stands behind it."""
    if of_ris := _LINE.match(line):
        return of_ris[1], of_ris[2]
    of_endnote = _REFER_LINE.match(line)
    return (_REFER.get(of_endnote[1], of_endnote[1]), of_endnote[2]) if of_endnote else None


def _joined(reference: Mapping[str, Sequence[Sequence[str]]]) -> Reference:
    return {tag: ["\n".join(lines) for lines in values] for tag, values in reference.items()}


def _kept(reference: Reference) -> dict[str, str]:
    told = {name: ", ".join(reference.get(tag, ())) for tag, name in _NAMES.items()}
    return {name: value for name, value in told.items() if 0 < len(value) <= EXTRA_CHARS}


def _first(reference: Reference, tags: Sequence[str]) -> str:
    return next((value for tag in tags for value in reference.get(tag, ()) if value), "")


def _date(date: str) -> str:
    """*2014/03/03/* as other dates are written."""
    return "-".join(filter(None, date.split("/")[:3])) if "/" in date else date
