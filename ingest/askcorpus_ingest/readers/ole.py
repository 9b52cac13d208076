"""OLE files: messages of Outlook (.msg), old documents (.doc, .ppt, .xls), and others that are not read."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from askcorpus.errors import Corrupt, Encrypted, ReadError
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.doc import read_doc
from askcorpus_ingest.readers.msg import PROPERTIES, read_message
from askcorpus_ingest.readers.ppt import read_ppt
from askcorpus_ingest.readers.records import RawRecord, own_title
from askcorpus_ingest.readers.sheets import read_sheets
from askcorpus_ingest.readers.source import Part, Source

_SUMMARY = "\x05SummaryInformation"
_SECTION, _MOST_PROPERTIES = 44, 50
_CODE_PAGE, _TITLE, _AUTHOR, _CREATED = 1, 2, 4, 12
_NARROW, _WIDE, _TIME = 30, 31, 64
"""Kinds of properties: bytes of a code page, UTF-16, a time."""
_ENCODINGS = {1200: "utf-16-le", 10000: "mac_roman", 65001: "utf-8"}
_FIRST_DAY, _MOST_DAYS = date(1601, 1, 1), 500_000


def read_ole(source: Source) -> Iterator["RawRecord | Failure | Part"]:
    """A message with the files attached to it, a document, an old presentation or spreadsheet.

    Raises:
        ReadError: it is broken, encrypted, or of a kind that is not read.
    """
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(source.content())) as ole:
            yield from _found(source, ole)
    except (OSError, IndexError, ValueError, TypeError) as exc:
        raise Corrupt("is a broken OLE file") from exc


def _found(source: Source, ole: Any) -> Iterator["RawRecord | Failure | Part"]:
    if ole.exists("EncryptedPackage"):
        raise Encrypted("is encrypted")
    if ole.exists("WordDocument"):
        yield from read_doc(source, ole, _summary(ole))
    elif ole.exists("PowerPoint Document"):
        yield from read_ppt(source, ole, _summary(ole))
    elif ole.exists("Workbook") or ole.exists("Book"):
        yield from read_sheets(source)
    elif ole.exists(PROPERTIES):
        yield from read_message(source, ole)
    else:
        raise ReadError("is an OLE file of a kind that is not read")


def _summary(ole: Any) -> RawRecord:
    """Title, author and date that the properties give, in a record without text."""
    data = ole.openstream(_SUMMARY).read() if ole.exists(_SUMMARY) else b""
    section = data[_number(data, _SECTION) :]
    count = min(_number(section, 4), _MOST_PROPERTIES)
    places = {_number(section, at): _number(section, at + 4) for at in range(8, 8 + 8 * count, 8)}
    page = _number(section, places.get(_CODE_PAGE, len(section)) + 4) & 0xFFFF

    def value(name: int) -> bytes:
        return section[places[name] :] if name in places else b""

    title, author = (_text(value(name), page).strip() for name in (_TITLE, _AUTHOR))
    return RawRecord("", "", title=own_title(title), author=author, made=_day(value(_CREATED)))


def _text(value: bytes, page: int) -> str:
    size, is_wide = _number(value, 4), _number(value, 0) == _WIDE
    encoding = "utf-16-le" if is_wide else _ENCODINGS.get(page, f"cp{page}")
    if not is_wide and _number(value, 0) != _NARROW:
        return ""
    data = value[8 : 8 + (2 * size if is_wide else size)]
    try:
        return data.decode(encoding, "replace").partition("\0")[0]
    except LookupError:
        return data.decode("cp1252", "replace").partition("\0")[0]


def _day(value: bytes) -> str:
    """The day of a time, counted in tenths of a microsecond; "" for none."""
    days = int.from_bytes(value[4:12], "little") // (864_000 * 1_000_000) if _number(value, 0) == _TIME else 0
    return (_FIRST_DAY + timedelta(days)).isoformat() if 0 < days < _MOST_DAYS else ""


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
