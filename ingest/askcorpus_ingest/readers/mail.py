"""E-mail: single messages (.eml), mailboxes (.mbox), and web pages saved as one (.mhtml)."""

import email
import email.header
import email.message
import email.policy
import email.utils
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

from askcorpus.errors import NoText, ReadError
from askcorpus.text.characters import clean_line, printable
from askcorpus.types import Mark
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.markup import visible_text
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Part, Source

Message: TypeAlias = "email.message.Message[str, str]"

_FROM_LINE = re.compile(rb"\AFrom (?=\S[^\r\n]*? \d{4}|\S++ [^\r\n]*?\d\d:\d\d)[^\r\n]*+\r?\n")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_KEPT = {"to": "To", "cc": "Cc", "message-id": "Message-ID"}


def read_mail(source: Source) -> Iterator["RawRecord | Failure | Part"]:
    """The message, and each file that is attached to it; of a saved web page the page."""
    yield from _message(source, source.content(), source.origin, 0)


def read_mailbox(source: Source) -> Iterator["RawRecord | Failure | Part"]:
    """Its messages; one that cannot be read is a failure.

    Raises:
        ReadError: there is none in it.
    """
    with source.opened() as file:
        number = 0
        for number, data in enumerate(_messages(file, source.max_bytes), 1):
            origin = f"{source.origin}#{number}"
            try:
                if len(data) > source.max_bytes:
                    raise source.too_large()
                yield from _message(source, data, origin, number)
            except ReadError as exc:
                yield Failure.of(origin, exc, f"message {number} ")
    if not number:
        raise NoText("holds no message")


def _messages(file: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """The messages' bytes; of one that is too large the beginning, longer than is allowed."""
    message: list[bytes] | None = None
    size, blank = 0, True
    while line := file.readline(max_bytes + 1):
        if blank and _FROM_LINE.match(line):
            if message is not None:
                yield b"".join(message)
            message, size = [], 0
        elif message is not None and size <= max_bytes:
            message.append(line)
            size += len(line)
        blank = not line.strip()
    if message is not None:
        yield b"".join(message)


def _message(source: Source, data: bytes, origin: str, number: int) -> Iterator["RawRecord | Failure | Part"]:
    try:
        message: Message = email.message_from_bytes(_QUOTED_FROM.sub(rb"\1", data) if number else data)
        parts = list(message.walk())
    except RecursionError as exc:
        raise ReadError("has too many parts inside each other") from exc
    is_page = message.get_content_type() == "multipart/related" and "From" not in message
    is_page = is_page or "Snapshot-Content-Location" in message
    body, others = _body(parts, html_first=is_page)
    if body is not None and body.get_content_type() == "text/html" and is_page:
        yield _page(source, body, message, origin)
        return
    text = _text(body) if body is not None else ""
    if text.strip():
        yield _record(message, text, origin, number)
    for index, other in enumerate(others, 1):
        yield from _attachment(source, other, f"{origin}#", index)
    if not text.strip() and not others:
        raise NoText("holds no text")


def _record(message: Message, text: str, origin: str, number: int) -> RawRecord:
    name, address = email.utils.parseaddr(_header(message, "From"))
    extra = {key: value for key, header in _KEPT.items() if (value := _header(message, header))}
    marks = (Mark(start=0, locator={"message": str(number)}),) if number else ()
    return RawRecord(
        origin,
        text,
        title=_header(message, "Subject"),
        date=_date(message),
        author=name or address,
        language=_header(message, "Content-Language"),
        extra=extra,
        marks=marks,
    )


def _body(parts: list[Message], *, html_first: bool) -> "tuple[Message | None, list[Message]]":
    """The part that holds the text, plain where there is a choice, and the files that are attached."""
    body: Message | None = None
    others: list[Message] = []
    for part in parts:
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        if part.get_content_disposition() == "attachment" or (part.get_filename() and kind != "text/html"):
            others.append(part)
        elif kind in ("text/plain", "text/html"):
            better = "text/html" if html_first else "text/plain"
            if body is None or (kind == better and body.get_content_type() != better):
                body = part
    return body, others


def _attachment(source: Source, part: Message, before: str, index: int) -> Iterator["Part | Failure"]:
    name = clean_line(_decoded(part.get_filename() or "")) or f"attachment {index}"
    origin = before + printable(name)
    try:
        packed = source.part(name, io.BytesIO(_payload(part)))
    except ReadError as exc:
        yield Failure.of(origin, exc)
        return
    yield packed.renamed(origin)


def _page(source: Source, body: Message, message: Message, origin: str) -> RawRecord:
    from askcorpus_ingest.readers.html import read_html

    charset = body.get_content_charset() or ""
    page = source.part("page.html", io.BytesIO(decode(_payload(body), charset).encode("utf-8-sig")))
    try:
        record = next(iter(read_html(page)))
    finally:
        page.close()
    url = _header(message, "Snapshot-Content-Location") or _header(body, "Content-Location")
    return record._replace(
        origin=origin,
        title=record.title or _header(message, "Subject"),
        date=record.date or _date(message),
        url=record.url or url,
    )


def _text(part: Message) -> str:
    data = _payload(part)
    if not data.strip():
        return ""
    text = decode(data, part.get_content_charset() or "")
    return visible_text(text) if part.get_content_type() == "text/html" else text


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _header(message: Message, name: str) -> str:
    return clean_line(_decoded(str(message.get(name, ""))))


def _decoded(value: str) -> str:
    """A header with its encoded words as text."""
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (email.errors.HeaderParseError, LookupError, ValueError):
        return value


def _date(message: Message) -> str:
    """The date of the message, where it was written."""
    try:
        return email.utils.parsedate_to_datetime(_header(message, "Date")).date().isoformat()
    except ValueError:
        return ""
