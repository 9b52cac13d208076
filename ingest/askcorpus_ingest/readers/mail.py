"""E-mail: single messages (.eml, .emlx), mailboxes (.mbox), and web pages saved as one (.mhtml)."""

import codecs
import email
import email.header
import email.message
import email.policy
import email.utils
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, TypeAlias

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
_LENGTH = re.compile(rb"\A(\d{1,10})[ \t]*\r?\n(?=[A-Za-z-]{1,80}:)")
"""What stands above a message of Apple Mail (.emlx), below which its notes on it follow."""
_QUOTED = re.compile(r"(?:>[ \t]?)+(?!From )")
_QUOTED_LINE = re.compile(r"^>", re.MULTILINE)
_STUB = 0.5
"""A plain text of so many fewer words than the page beside it says where to read it."""
_FRAMES = re.compile(rb"<frameset[\s>]", re.IGNORECASE)
_KEPT = {"to": "To", "cc": "Cc", "message-id": "Message-ID"}


def read_mail(source: Source) -> Iterator["RawRecord | Failure | Part"]:
    """The message, and each file that is attached to it; of a saved web page the page."""
    data = source.content()
    if counted := _LENGTH.match(data):
        data = data[counted.end() :][: int(counted[1])]
    yield from _message(source, data, source.origin, 0)


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
        data = _QUOTED_FROM.sub(rb"\1", data) if number else data.removeprefix(codecs.BOM_UTF8)
        message: Message = email.message_from_bytes(data)
        pages = _pages_of(message)
        texts, attached = _parts(message) if pages is None else ([], [])
    except RecursionError as exc:
        raise ReadError("has too many parts inside each other") from exc
    if pages is not None:
        for number, page in enumerate(pages, 1):
            yield from _page(source, page, message, origin if len(pages) == 1 else f"{origin}#{number}")
        return
    text = "\n\n".join(texts)
    if text:
        yield _record(message, text, origin, number)
    for index, other in enumerate(attached, 1):
        yield from _attachment(source, other, origin, index)
    if not text and not attached:
        raise NoText("holds no text")


def _record(message: Message, text: str, origin: str, number: int) -> RawRecord:
    name, address = map(_decoded, email.utils.parseaddr(_as_written(message, "From")))
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


def _pages_of(message: Message) -> list[Message] | None:
    """The page that a browser saved as a message, of a workbook that Excel did its sheets; none where somebody wrote
    it."""
    is_page = message.get_content_type() == "multipart/related" and not _is_written(message)
    if not is_page and "Snapshot-Content-Location" not in message:
        return None
    pages = [part for part in message.walk() if part.get_content_type() == "text/html"]
    framed = pages[1:] if pages and _FRAMES.search(_payload(pages[0])) else []
    shown = [page for page in framed if _payload(page).strip() and visible_text(_decoded_page(page)).strip()]
    return shown or pages[:1] or None


def _is_written(message: Message) -> bool:
    """Whether somebody wrote it: browsers say of a page ``<Saved by Microsoft Internet Explorer 5>``."""
    writer = _header(message, "From").lower()
    return writer != "" and not writer.removeprefix("<").startswith("saved by ")


class _Parts(NamedTuple):
    """The texts of a message in their order, and the files and messages that are attached to it."""

    texts: list[str]
    attached: list[Message]


def _parts(part: Message) -> _Parts:
    """What a part of a message holds; of alternatives the plain text, where there is one that is no stub.

    Raises:
        RecursionError: they lie too deep inside each other.
    """
    kind = part.get_content_type()
    named = part.get_content_disposition() == "attachment" or (part.get_filename() and kind != "text/html")
    if kind == "message/rfc822" or (named and not part.is_multipart()):
        return _Parts([], [part])
    if not part.is_multipart():
        text = _text(part).strip("\r\n") if kind in ("text/plain", "text/html") else ""
        return _Parts([text] if text.strip() else [], [])
    inner = [_parts(one) for one in part.get_payload() if not isinstance(one, str)]
    chosen = inner
    if kind == "multipart/alternative":
        told = [(one, found) for one, found in zip(part.get_payload(), inner, strict=True) if found.texts]
        plain = [found for one, found in told if one.get_content_type() == "text/plain"]
        others = [found for _, found in told if found not in plain]
        is_stub = plain and others and _words(plain[0]) < _STUB * _words(others[0])
        chosen = (others if is_stub else plain + others)[:1]
    return _Parts(
        [text for found in chosen for text in found.texts], [other for found in inner for other in found.attached]
    )


def _words(parts: _Parts) -> int:
    return sum(len(text.split()) for text in parts.texts)


def _attachment(source: Source, part: Message, within: str, index: int) -> Iterator["Part | Failure"]:
    is_message = part.get_content_type() == "message/rfc822"
    name = clean_line(_decoded(part.get_filename() or "")) or f"attachment {index}{'.eml' if is_message else ''}"
    origin = f"{within}#{printable(name)}"
    try:
        inner = part.get_payload(0) if is_message and part.is_multipart() else None
        data = inner.as_bytes() if isinstance(inner, email.message.Message) else _payload(part)
        packed = source.part(name, io.BytesIO(data))
    except (LookupError, ValueError):  # a message that cannot be written as it was read
        yield Failure(origin, "is a broken message")
        return
    except ReadError as exc:
        yield Failure.of(origin, exc)
        return
    yield packed if within == source.origin else packed.renamed(source.limits.own_name(origin))


def _page(source: Source, body: Message, message: Message, origin: str) -> Iterator[RawRecord]:
    from askcorpus_ingest.readers.html import read_html

    page = source.part("page.html", io.BytesIO(_decoded_page(body).encode("utf-8-sig")))
    try:
        records = list(read_html(page))
    finally:
        page.close()
    url = _header(message, "Snapshot-Content-Location") or _header(body, "Content-Location")
    for record in records:
        yield record._replace(
            origin=origin + record.origin.removeprefix(page.origin),
            title=record.title or ("" if len(records) > 1 else _header(message, "Subject")),
            made=_date(message),
            url=record.url or url,
        )


def _decoded_page(part: Message) -> str:
    return decode(_payload(part), part.get_content_charset() or "")


def _text(part: Message) -> str:
    data = _payload(part)
    if not data.strip():
        return ""
    text = decode(data, part.get_content_charset() or "")
    return visible_text(text) if part.get_content_type() == "text/html" else _unbroken(text)


def _unbroken(text: str) -> str:
    """A text with the marks of what is quoted (``>``) at the first line of each paragraph of it only, so that none
    stands within a sentence."""
    if not _QUOTED_LINE.search(text):
        return text
    lines, before = list[str](), 0
    for line in text.replace("\r\n", "\n").split("\n"):
        quoted = _QUOTED.match(line)
        depth = quoted[0].count(">") if quoted else 0
        said = line[quoted.end() :] if quoted else line
        if depth != before:
            lines += ["", f"{'>' * depth} {said}" if depth and said else said]
        elif depth and lines[-1] == "" and said:
            lines.append(f"{'>' * depth} {said}")
        else:
            lines.append(said)
        before = depth
    return "\n".join(lines)


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _header(message: Message, name: str) -> str:
    """A header as text."""
    return clean_line(_decoded(_as_written(message, name)))


def _as_written(message: Message, name: str) -> str:
    """A header with its encoded words as they are: a comma in one is no end of a name. Bytes in it that nothing names
    the encoding of are in that of the text, or the likeliest."""
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if any("\udc80" <= character <= "\udcff" for character in value):
        data = value.encode("utf-8", "surrogateescape")
        try:
            value = decode(data, next(filter(None, message.get_charsets()), ""))
        except ReadError:
            value = data.decode("utf-8", "replace")
    return clean_line(value)


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
