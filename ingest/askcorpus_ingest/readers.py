"""From a file to the records in it. What the text itself says about a document is read later (documents.py)."""

import html
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from askcorpus.errors import ReadError
from askcorpus.settings import MAX_FILE_MB
from askcorpus.text.characters import PIECE_CHARS, printable
from askcorpus_ingest.files import Failure, origin_of


class RawRecord(NamedTuple):
    """One document as its file gives it, nothing cleaned or guessed; empty where the file does not say.

    ``origin`` is the file's absolute path, for a record of a file that holds many with ``#`` and its
    id, or its line (``#L12``) when it has none; what is no Unicode in it is escaped (`characters.printable`).
    """

    origin: str
    text: str
    title: str = ""
    date: str = ""
    language: str = ""
    source: str = ""
    place: str = ""
    doc_id: str = ""


FRONT_MATTER_CHARS = 20_000
HEAD_CHARS = 1_000_000
"""Title and language of a page are looked for so far."""
MAIN_TEXT_CHARS = 5_000_000
MAIN_TEXT_TAGS = 100_000
"""Of a longer page, or one with more tags, all text is taken: finding the main text of it would take minutes."""
MAIN_TEXT_DEPTH = 200
"""So it is of a page with more tags inside each other: the trees in which the main text is looked for end at 253."""
MIN_MAIN_TEXT_CHARS = 250
"""When less than that is found, the page is taken whole: better a menu too many than a paragraph lost."""

MOST_FAILURES = 1000
"""Wrong lines of one file that are reported one by one; the rest are summed up."""
MEGABYTE = 1_000_000
NO_MEMORY = "is too large for the memory that is left"

RECORD_KEYS = ("doc_id", "id", "title", "text", "date", "lang", "language", "source", "place")

_BINARY_MAGIC = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x7fELF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\xd0\xcf\x11\xe0",
    b"SQLite format 3",
    b"{\\rtf",
    b"OggS",
    b"ID3",
    b"RIFF",
)
_BLANK = b" \t\r\n\0\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_FRONT_MATTER = re.compile(r"\A\s{0,99}---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)", re.DOTALL)
_HEADING = re.compile(r"\A\s{0,99}#[ \t]+([^\r\n]+)")
_BLANKS = re.compile(r"[^\S\n]+")
_LINE_BREAK = re.compile(r" ?\n[ \n]*")
_HIDDEN_TAGS = {"script", "style", "noscript", "template", "title", "svg", "math", "object", "iframe"}
_INLINE_TAGS = {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span"}
_INLINE_TAGS |= {"strong", "sub", "sup", "time", "u", "wbr"}
_HTML_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{2,30})", re.IGNORECASE)
_HTML_LANGUAGE = re.compile(r"<html[^<>]{0,500}?\slang\s{0,9}=\s{0,9}[\"']?([A-Za-z-]{2,12})", re.IGNORECASE)
_HTML_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,500})", re.IGNORECASE)


def read_file(path: Path, max_mb: int = MAX_FILE_MB) -> Iterator[RawRecord | Failure]:
    """The records of one file, one at a time; a record that cannot be used comes as a ``Failure``.

    No file of more than ``max_mb`` million bytes is read, and no such line of a .jsonl file.

    Raises:
        ReadError: the file as a whole cannot be read: it is gone, locked, empty, too large, no text, or of an unknown
            ending.
    """
    try:
        match path.suffix.lower():
            case ".jsonl":
                yield from _read_jsonl(path, max_mb)
            case ".html" | ".htm":
                yield _read_html(path, max_mb)
            case ".md":
                yield _read_markdown(path, max_mb)
            case ".txt":
                yield RawRecord(origin_of(path), decode(_content(path, max_mb)))
            case ending:
                raise ReadError(f"has an ending that is not read ({ending or 'none'})")
    except OSError as exc:
        raise ReadError(f"cannot be read: {exc.strerror}") from exc


def holds_questions(path: Path, max_mb: int = MAX_FILE_MB) -> bool:
    """Whether the file is a set of questions (for `askcorpus eval`) and none of documents, by its first record.

    A file that cannot be read holds none: reading it as documents will say why.
    """
    if path.suffix.lower() != ".jsonl":
        return False
    try:
        record = next((_json_object(line) for _, line in _lines(path, max_mb)), {})
    except (OSError, ReadError, MemoryError):
        return False
    return "question" in record and not {"text", "title"} & record.keys()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, which is an ordinary one: a pipe that has taken its place since it was found could block for ever."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ReadError("is no ordinary file")
        yield file


def _content(path: Path, max_mb: int) -> bytes:
    """All bytes of a file, of one state of it."""
    with _opened(path) as file:
        before = os.fstat(file.fileno())
        if before.st_size > max_mb * MEGABYTE:
            raise ReadError(_too_large(max_mb))
        data = file.read(before.st_size + 1)
        after = os.fstat(file.fileno())
    if (len(data), after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise ReadError("changed while it was read")
    return data


def _too_large(max_mb: int) -> str:
    return f"is larger than {max_mb} MB (the setting max_file_mb)"


def decode(data: bytes, declared: str = "") -> str:
    """Text from bytes: UTF-8 or UTF-16 where they are, else the ``declared`` encoding, else the likeliest one.

    Raises:
        ReadError: the bytes are empty or no text.
    """
    if not data.strip(_BLANK):
        raise ReadError("is empty")
    if data.startswith(_UTF16_BOMS):
        return data.decode("utf-16", errors="replace")
    if data.startswith(_BINARY_MAGIC):
        raise ReadError("is not text")
    if encoding := _utf16_without_bom(data):
        return data.decode(encoding, errors="replace")
    _refuse_binary(data)
    for encoding in ("utf-8-sig", declared):
        try:
            return data.decode(encoding or "ascii")
        except (UnicodeDecodeError, LookupError):
            continue
    return _decode_legacy(data)


def _utf16_without_bom(data: bytes) -> str:
    """UTF-16 of mostly Latin text has a NUL in every other byte."""
    sample = data[:4096]
    half = max(len(sample) // 2, 1)
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else ""


def _refuse_binary(data: bytes) -> None:
    sample = data[:65536]
    control = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if control > 0.02 * len(sample) + 2:
        raise ReadError("is not text")


def _decode_legacy(data: bytes) -> str:
    """An 8-bit or Asian encoding, judged by a sample; Windows-1252 when nothing fits."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:65536]).best()
    encoding = best.encoding if best else "cp1252"
    return data.decode("cp1252" if encoding in ("ascii", "utf_8", "latin_1") else encoding, errors="replace")


def _read_markdown(path: Path, max_mb: int) -> RawRecord:
    text = decode(_content(path, max_mb))
    fields: dict[str, str] = {}
    if match := _FRONT_MATTER.match(text, 0, FRONT_MATTER_CHARS):
        fields = _front_matter(match[1])
        text = text[match.end() :] if fields else text
    heading = _HEADING.match(text)
    title = fields.pop("title", "") or (heading[1].rstrip(" \t#") if heading else "")
    return _raw(origin_of(path), {**fields, "title": title, "text": text})


def _front_matter(block: str) -> dict[str, str]:
    """The fields we know of a YAML block; none when it is no YAML mapping (then it is text)."""
    import yaml

    try:
        loaded = yaml.safe_load(block)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {
        key.lower(): str(value)
        for key, value in loaded.items()
        if isinstance(key, str) and key.lower() in RECORD_KEYS and not isinstance(value, dict | list | type(None))
    }


def _read_html(path: Path, max_mb: int) -> RawRecord:
    """Main text and metadata of a page; all its visible text where no main text stands out."""
    data = _content(path, max_mb)
    charset = _HTML_CHARSET.search(data, 0, 4096)
    page = decode(data, charset[1].decode("ascii") if charset else "").replace("\0", "")
    visible = _visible_text(page)
    small = len(page) <= MAIN_TEXT_CHARS and visible.tags <= MAIN_TEXT_TAGS
    fields = _main_text(page) if small and visible.depth <= MAIN_TEXT_DEPTH else {}
    text = "\n\n".join(filter(None, map(str.strip, (fields.get("text") or "").split("\n"))))
    if len(text) < MIN_MAIN_TEXT_CHARS:
        text = visible.text
    if not text.strip():
        raise ReadError("holds no text")
    title, language = (pattern.search(page, 0, HEAD_CHARS) for pattern in (_HTML_TITLE, _HTML_LANGUAGE))
    return RawRecord(
        origin=origin_of(path),
        text=text,
        title=fields.get("title") or (html.unescape(title[1]) if title else ""),
        date=fields.get("date") or "",
        language=language[1] if language else "",
        source=fields.get("sitename") or "",
    )


def _main_text(page: str) -> dict[str, str]:
    from trafilatura import bare_extraction

    found = bare_extraction(
        page,
        include_comments=False,
        favor_recall=True,
        with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    return found if isinstance(found, dict) else found.as_dict() if found else {}


class _Visible:
    """Everything of a page that a browser would show, a paragraph for each block; lxml tells it what it reads.

    No tree is made of the page, so that it may be nested as deep as it likes.
    """

    def __init__(self) -> None:
        self.tags = self.depth = 0
        self._open: list[str] = []
        self._text = io.StringIO()
        self._last = "\n"

    @property
    def text(self) -> str:
        """What was found so far."""
        return self._text.getvalue().replace("\n", "\n\n")

    def start(self, tag: str, _attributes: object) -> None:
        """A tag opens."""
        self._open.append(tag)
        self.tags += 1
        self.depth = max(self.depth, len(self._open))
        self._break(tag)

    def end(self, tag: str) -> None:
        """A tag closes, or something else closes it."""
        self._open.pop()
        self._break(tag)

    def data(self, text: str) -> None:
        """Text between two tags."""
        if self._open and self._open[-1] not in _HIDDEN_TAGS:
            for start in range(0, len(text), PIECE_CHARS):
                self._write(_LINE_BREAK.sub("\n", _BLANKS.sub(" ", text[start : start + PIECE_CHARS])))

    def close(self) -> "_Visible":
        """The page ends."""
        return self

    def _break(self, tag: str) -> None:
        if tag not in _INLINE_TAGS:
            self._write("\n")

    def _write(self, text: str) -> None:
        """No space after a space, and no empty line."""
        text = text.lstrip({"\n": " \n", " ": " "}.get(self._last, ""))
        if text:
            self._text.write(text)
            self._last = text[-1]


def _visible_text(page: str) -> _Visible:
    from lxml import etree

    visible = _Visible()
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, target=visible)
    etree.fromstring(page.encode(), parser)
    return visible


def _read_jsonl(path: Path, max_mb: int) -> Iterator[RawRecord | Failure]:
    """The records; where every line has the same fault, one failure for the file instead of one a line."""
    failures: list[Failure] = []  # that are not yielded yet
    documents = wrong = 0
    for record in _records(path, max_mb):
        if isinstance(record, RawRecord):
            documents += 1
            yield from failures
            failures = []
            yield record
        else:
            wrong += 1
            failures += [record] if wrong <= MOST_FAILURES else []
    if not documents and not wrong:
        raise ReadError("is empty")
    faults = {failure.reason.split(maxsplit=2)[2] for failure in failures}  # without "line 12"
    if not documents and wrong > 1 and len(faults) == 1:
        raise ReadError(f"holds no document in its {wrong} lines: {failures[0].reason}")
    yield from failures
    if wrong > MOST_FAILURES:
        yield Failure(origin_of(path), f"holds {wrong - MOST_FAILURES} more lines that are no documents")


def _records(path: Path, max_mb: int) -> Iterator[RawRecord | Failure]:
    for number, line in _lines(path, max_mb):
        try:
            if len(line) > max_mb * MEGABYTE:
                raise ReadError(_too_large(max_mb))
            yield _record(path, number, line)
        except ReadError as exc:
            yield Failure(f"{origin_of(path)}#L{number}", f"line {number} {exc.message}")
        except MemoryError:
            yield Failure(f"{origin_of(path)}#L{number}", f"line {number} {NO_MEMORY}")


def _lines(path: Path, max_mb: int) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, in UTF-8 where the file is in UTF-16, with their numbers from 1.

    Of a line that is too large comes the beginning, one byte longer than is allowed. What is added to the file while
    it is read is left for the next time.
    """
    with _opened(path) as file:
        utf16 = file.read(2) in _UTF16_BOMS
        source = io.BytesIO(decode(_content(path, max_mb)).encode()) if utf16 else file
        left = source.seek(0, os.SEEK_END)
        source.seek(0)
        for number in count(1):
            line = source.readline(min(max_mb * MEGABYTE + 1, left))
            if number == 1 and line.startswith(_BINARY_MAGIC[:-3]):
                raise ReadError("is not text")
            if line.strip(_BLANK):
                yield number, line
            left -= len(line)
            while line and left and not line.endswith(b"\n"):
                line = source.readline(min(MEGABYTE, left))
                left -= len(line)
            if not line or not left:
                return


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise ReadError("is not UTF-8") from exc
    except (json.JSONDecodeError, RecursionError, ValueError) as exc:
        raise ReadError("is not JSON") from exc
    if not isinstance(record, dict):
        raise ReadError("is not a JSON object")
    return record


def _record(path: Path, number: int, line: bytes) -> RawRecord:
    record = _json_object(line)
    text = record.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ReadError('has no "text"')
    raw = _raw(origin_of(path), record)
    return raw._replace(origin=f"{raw.origin}#{printable(raw.doc_id) or f'L{number}'}")


def _raw(origin: str, fields: dict[str, Any]) -> RawRecord:
    """A ``RawRecord`` from named fields; unknown names are ignored, numbers become text, other values count as not
    given."""

    def field(*names: str) -> str:
        values = [fields[name] for name in names if fields.get(name) is not None]
        return next((str(v) for v in values if isinstance(v, str | int | float) and str(v).strip()), "")

    return RawRecord(
        origin=origin,
        text=str(fields["text"]),
        title=field("title"),
        date=field("date"),
        language=field("language", "lang"),
        source=field("source"),
        place=field("place"),
        doc_id=field("doc_id", "id", "_id"),
    )
