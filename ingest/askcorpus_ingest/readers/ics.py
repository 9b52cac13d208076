"""Calendars (.ics, RFC 5545): each event, task or note is a document."""

import re
from collections.abc import Iterator, Mapping

from askcorpus.errors import NoText
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.markup import plain_text
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import told_rows

_FOLD = re.compile(r"\r?\n[ \t]")
_END_OF_LINE = re.compile(r"\r\n?|\n")  # and no other sign that Unicode takes for one: a description may hold it
_LINE = re.compile(r"\A([A-Za-z-]{1,60})((?:;[^:;\"\n]*+(?:\"[^\"\n]*+\"[^:;\"\n]*+)*+)*+):(.*)")
_NAMED = re.compile(r";CN=\"?([^\";:]+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([nN,;\\])")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d))?")
_KINDS = {"VEVENT", "VTODO", "VJOURNAL"}
_TOLD = {
    "DTSTART": "Start",
    "DTEND": "End",
    "DUE": "Due",
    "LOCATION": "Location",
    "ORGANIZER": "Organizer",
    "STATUS": "Status",
}
"""What is told of an event in a sentence, and how it is called there."""


def read_ics(source: Source) -> Iterator[RawRecord]:
    """What is said of each event: when and where it is, and its description.

    Raises:
        NoText: there is none.
    """
    found = False
    for number, event in _events(_FOLD.sub("", decode(source.content()))):
        title = event.get("SUMMARY", "")
        told = told_rows(["", *_TOLD.values()], [[title, *(event.get(name, "") for name in _TOLD)]])
        text = "\n\n".join(filter(None, [*told, plain_text(event.get("DESCRIPTION", ""))]))
        if not (title or event.get("DESCRIPTION")):
            continue
        found = True
        yield RawRecord(
            f"{source.origin}#{number}",
            text,
            title,
            date=(event.get("DTSTART") or event.get("DUE", ""))[: len("2014-03-03")],
            place=event.get("LOCATION", ""),
            author=event.get("ORGANIZER", ""),
            url=event.get("URL", ""),
        )
    if not found:
        raise NoText("holds no event")


def _events(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The first value of each kind in each event, with the number of the event."""
    number, event, inside = 0, dict[str, str](), list[str]()
    for line in _END_OF_LINE.split(text):
        if not (said := _LINE.match(line)):
            continue
        name, value = said[1].upper(), said[3].strip()
        if name == "BEGIN":
            inside.append(value.upper())
            if inside[-1] in _KINDS:
                number, event = number + 1, {}
        elif name == "END":
            ended = inside.pop() if inside else ""
            if ended in _KINDS:
                yield number, event
        elif inside and inside[-1] in _KINDS:
            event.setdefault(name, _told(name, said[2], value))


def _told(name: str, about: str, value: str) -> str:
    if name in ("DTSTART", "DTEND", "DUE"):
        time = _TIME.match(value)
        day = "-".join(time.groups()[:3]) if time else value
        return f"{day} {time[4]}:{time[5]}{' UTC' if value.endswith('Z') else ''}" if time and time[4] else day
    if name == "ORGANIZER":
        named = _NAMED.search(about)
        return named[1] if named else value.removeprefix("mailto:").removeprefix("MAILTO:")
    return _ESCAPED.sub(lambda one: "\n" if one[1] in "nN" else one[1], value)
