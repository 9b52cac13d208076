"""Messages that Outlook saved (.msg)."""

import io
import re
from collections.abc import Iterator
from typing import Any

from askcorpus.errors import NoText, ReadError
from askcorpus.text.characters import clean_line, printable
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.markup import visible_text
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import MOST_DEPTH, Part, Source

_SUBJECT, _BODY, _HTML, _SENDER, _ADDRESS, _HEADERS = "0037", "1000", "1013", "0C1A", "0C1F", "007D"
_LONG_NAME, _SHORT_NAME, _DATA = "3707", "3704", "3701"
PROPERTIES = "__properties_version1.0"
_TEXT_KINDS = ("001F", "001E", "0102")
_DATE = re.compile(r"^Date:[ \t]*([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_SENT = re.compile(rb"\x40\x00\x39\x00....(.{8})", re.DOTALL)
_FILETIME_EPOCH = 11_644_473_600


Folder = tuple[str, ...]
"""Where in the file a message lies: () is the file itself."""


def read_message(
    source: Source, ole: Any, folder: Folder = (), origin: str = ""
) -> Iterator["RawRecord | Failure | Part"]:
    """A message with the files and messages attached to it.

    Raises:
        NoText: it holds no text and nothing is attached to it.
    """
    text = _property(ole, folder, _BODY)
    if not text.strip() and (page := _property(ole, folder, _HTML)):
        text = visible_text(page)
    depth = len(folder)
    inside = {entry[depth] for entry in ole.listdir() if len(entry) > depth + 1 and (*entry[:depth],) == folder}
    attached = sorted(name for name in inside if name.startswith("__attach_version1.0_"))
    if text.strip():
        author = clean_line(_property(ole, folder, _SENDER)) or clean_line(_property(ole, folder, _ADDRESS))
        subject = clean_line(_property(ole, folder, _SUBJECT))
        yield RawRecord(origin or source.origin, text, title=subject, date=_date(ole, folder), author=author)
    elif not attached:
        raise NoText("holds no text")
    for index, name in enumerate(attached, 1):
        yield from _attachment(source, ole, (*folder, name), origin or source.origin, index)


def _attachment(
    source: Source, ole: Any, folder: Folder, within: str, index: int
) -> Iterator["RawRecord | Failure | Part"]:
    """A file that is attached to a message, or a message that is."""
    name = clean_line(_property(ole, folder, _LONG_NAME) or _property(ole, folder, _SHORT_NAME))
    name = name or f"attachment {index}"
    beside = f"{within}#{printable(name)}"
    message = (*folder, f"__substg1.0_{_DATA}000D")
    try:
        if not ole.exists([*message, PROPERTIES]):
            packed = source.part(name, io.BytesIO(_bytes(ole, folder, _DATA, "0102")))
            yield packed if within == source.origin else packed.renamed(source.limits.own_name(beside))
            return
        if len(message) > 2 * MOST_DEPTH:
            raise ReadError(f"lies in more than {MOST_DEPTH} messages")
        yield from read_message(source, ole, message, source.limits.own_name(beside))
    except ReadError as exc:
        yield Failure.of(beside, exc)


def _property(ole: Any, folder: Folder, tag: str) -> str:
    for kind in _TEXT_KINDS:
        if data := _bytes(ole, folder, tag, kind):
            try:
                return data.decode("utf-16-le", "replace") if kind == "001F" else decode(data)
            except ReadError:
                return ""
    return ""


def _bytes(ole: Any, folder: Folder, tag: str, kind: str) -> bytes:
    name = [*folder, f"__substg1.0_{tag}{kind}"]
    return ole.openstream(name).read() if ole.exists(name) else b""


def _date(ole: Any, folder: Folder) -> str:
    """When it was sent: as its properties say, or its headers."""
    import datetime

    if sent := _SENT.search(ole.openstream([*folder, PROPERTIES]).read()):
        seconds = int.from_bytes(sent[1], "little") // 10_000_000 - _FILETIME_EPOCH
        if 0 < seconds < 10_000_000_000:
            return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()
    found = _DATE.search(_property(ole, folder, _HEADERS))
    return found[1] if found else ""
