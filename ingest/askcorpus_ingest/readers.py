"""From a file to the records in it. What the text itself says about a document is read later (documents.py)."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from askcorpus.errors import ReadError
from askcorpus_ingest.files import Failure


class Raw(NamedTuple):
    """One document as its file gives it, nothing cleaned or guessed; empty where the file does not say.

    ``origin`` is the file's absolute path, for a record of a file that holds many with ``#`` and its
    id, or its line (``#L12``) when it has none.
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
MAIN_TEXT_CHARS = 5_000_000
"""Of a longer page all text is taken: finding the main text of it would take minutes."""
MIN_MAIN_TEXT_CHARS = 250
"""When less than that is found, the page is taken whole: better a menu too many than a paragraph lost."""

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
_HIDDEN_TAGS = {"script", "style", "noscript", "template", "title", "svg", "math", "object", "iframe"}
_INLINE_TAGS = {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span"}
_INLINE_TAGS |= {"strong", "sub", "sup", "time", "u", "wbr"}
_HTML_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{2,30})", re.IGNORECASE)
_HTML_LANGUAGE = re.compile(r"<html[^<>]{0,500}?\slang\s{0,9}=\s{0,9}[\"']?([A-Za-z-]{2,12})", re.IGNORECASE)
_HTML_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,500})", re.IGNORECASE)


def read_file(path: Path) -> Iterator[Raw | Failure]:
    """The records of one file, one at a time; a record that cannot be used comes as a ``Failure``.

    Raises:
        ReadError: the file as a whole cannot be read: it is gone, locked, empty, no text, or of an unknown ending.
    """
    try:
        match path.suffix.lower():
            case ".jsonl":
                yield from _read_jsonl(path)
            case ".html" | ".htm":
                yield _read_html(path)
            case ".md":
                yield _read_markdown(path)
            case ".txt":
                yield Raw(path.as_posix(), decode(path.read_bytes()))
            case ending:
                raise ReadError(f"has an ending that is not read ({ending or 'none'})")
    except OSError as exc:
        raise ReadError(f"cannot be read: {exc.strerror}") from exc


def holds_questions(path: Path) -> bool:
    """Whether the file is a set of questions (for `askcorpus eval`) and none of documents, by its first record.

    A file that cannot be read holds none: reading it as documents will say why.
    """
    if path.suffix.lower() != ".jsonl":
        return False
    try:
        record = next((_json_object(line) for _, line in _lines(path)), {})
    except (OSError, ReadError):
        return False
    return "question" in record and not {"text", "title"} & record.keys()


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


def _read_markdown(path: Path) -> Raw:
    text = decode(path.read_bytes())
    fields: dict[str, str] = {}
    if match := _FRONT_MATTER.match(text, 0, FRONT_MATTER_CHARS):
        fields = _front_matter(match[1])
        text = text[match.end() :] if fields else text
    heading = _HEADING.match(text)
    title = fields.pop("title", "") or (heading[1].rstrip(" \t#") if heading else "")
    return _raw(path.as_posix(), {**fields, "title": title, "text": text})


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


def _read_html(path: Path) -> Raw:
    """Main text and metadata of a page; all its visible text where no main text stands out."""
    data = path.read_bytes()
    charset = _HTML_CHARSET.search(data, 0, 4096)
    page = decode(data, charset[1].decode("ascii") if charset else "").replace("\0", "")
    fields = _main_text(page) if len(page) <= MAIN_TEXT_CHARS else {}
    text = fields.get("text") or ""
    if len(text) < MIN_MAIN_TEXT_CHARS:
        text = _visible_text(page)
    if not text.strip():
        raise ReadError("holds no text")
    title, language = _HTML_TITLE.search(page), _HTML_LANGUAGE.search(page)
    return Raw(
        origin=path.as_posix(),
        text="\n\n".join(filter(None, map(str.strip, text.split("\n")))),
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


def _visible_text(page: str) -> str:
    """Everything a browser would show, a line for each block."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(page.encode(), parser)
    if root is None:
        return ""
    pieces: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        inline = element.tag in _INLINE_TAGS
        shown = element.tag not in _HIDDEN_TAGS
        if event == "start":
            pieces += ["" if inline else "\n", (element.text or "") if shown else ""]
        else:
            pieces += ["" if inline else "\n", element.tail or ""]
    return "\n".join(" ".join(line.split()) for line in "".join(pieces).split("\n"))


def _read_jsonl(path: Path) -> Iterator[Raw | Failure]:
    """The records; where every line has the same fault, one failure for the file instead of one a line."""
    failures: list[Failure] = []
    records = _records(path)
    for record in records:
        if isinstance(record, Raw):
            yield from failures
            yield record
            yield from records
            return
        failures.append(record)
    if not failures:
        raise ReadError("is empty")
    faults = {failure.reason.split(maxsplit=2)[2] for failure in failures}  # without "line 12"
    if len(failures) > 1 and len(faults) == 1:
        raise ReadError(f"holds no document in its {len(failures)} lines: {failures[0].reason}")
    yield from failures


def _records(path: Path) -> Iterator[Raw | Failure]:
    for number, line in _lines(path):
        try:
            yield _record(path, number, line)
        except ReadError as exc:
            yield Failure(f"{path.as_posix()}#L{number}", f"line {number} {exc.message}")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, in UTF-8 where the file is in UTF-16, with their numbers from 1."""
    with path.open("rb") as file:
        utf16 = file.read(2) in _UTF16_BOMS
        file.seek(0)
        for number, line in enumerate(decode(file.read()).encode().split(b"\n") if utf16 else file, 1):
            if number == 1 and line.startswith(_BINARY_MAGIC[:-3]):
                raise ReadError("is not text")
            if line.strip(_BLANK):
                yield number, line


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


def _record(path: Path, number: int, line: bytes) -> Raw:
    record = _json_object(line)
    text = record.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ReadError('has no "text"')
    raw = _raw(path.as_posix(), record)
    return raw._replace(origin=f"{raw.origin}#{raw.doc_id or f'L{number}'}")


def _raw(origin: str, fields: dict[str, Any]) -> Raw:
    """A ``Raw`` from named fields; unknown names are ignored, numbers become text, other values count as not given."""

    def field(*names: str) -> str:
        values = [fields[name] for name in names if fields.get(name) is not None]
        return next((str(v) for v in values if isinstance(v, str | int | float) and str(v).strip()), "")

    return Raw(
        origin=origin,
        text=str(fields["text"]),
        title=field("title"),
        date=field("date"),
        language=field("language", "lang"),
        source=field("source"),
        place=field("place"),
        doc_id=field("doc_id", "id", "_id"),
    )
