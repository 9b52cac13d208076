"""What a file is: by its content wherever that says so, else by its ending."""

import re
import zipfile

from askcorpus.errors import Corrupt, NoText, NotRead, ReadError
from askcorpus_ingest.encoding import BLANK, UTF16_BOMS, decode
from askcorpus_ingest.files import READABLE_ENDINGS
from askcorpus_ingest.readers.package import BROKEN_ZIP
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.whatsapp import is_whatsapp

HEAD_BYTES = 4096

_BY_ENDING = {
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
    ".adoc": "text",
    ".asciidoc": "text",
    ".org": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".srt": "subtitles",
    ".vtt": "subtitles",
    ".xml": "xml",
    ".rss": "xml",
    ".atom": "xml",
    ".nitf": "xml",
    ".eml": "mail",
    ".emlx": "mail",
    ".mht": "mail",
    ".mhtml": "mail",
    ".mbox": "mailbox",
    ".ris": "ris",
    ".enw": "ris",
    ".bib": "bibtex",
    ".ics": "ics",
}
_TEXT_INSTEAD = {
    **dict.fromkeys((".doc", ".docx", ".docm", ".odt", ".rtf"), "text"),
    **dict.fromkeys((".xls", ".xlsx", ".xlsm", ".xlsb", ".ods"), "csv"),
}
"""What a file is that has the ending of an office file and holds text: many a server writes a table under ``.xls``."""
_SHEETS_IN_LETTERS = (b"ID;P", b"TABLE\r\n0,1", b"TABLE\n0,1")
_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "compressed"),
    (b"BZh", "compressed"),
    (b"\xfd7zXZ", "compressed"),
)
_OTHERS = (
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"BM", "an image"),
    (b"II*\0", "an image"),
    (b"MM\0*", "an image"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3", "a database"),
    (b"OggS", "a recording"),
    (b"ID3", "a recording"),
    (b"fLaC", "a recording"),
    (b"RIFF", "a recording or an image"),
    (b"\0\0\0", "a recording or an image"),
)
_PACKAGES = (
    ("word/", "docx"),
    ("ppt/", "pptx"),
    ("xl/", "sheets"),
)
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."
_OTHER_OFFICE = "is an office file of a kind that is not read"
_MIMETYPES = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.presentation": "odt",
    b"application/vnd.oasis.opendocument.graphics": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "sheets",
}
_TEXTS = (
    (re.compile(r"WEBVTT\b"), "subtitles"),
    (re.compile(r"window\.YTD\.[\w.]{1,99} = [\[{]"), "json"),
    (re.compile(r"\d{1,6}[ \t]*\n(?:\d{1,3}:)?\d\d:\d\d[,.]\d{3}[ \t]+-->"), "subtitles"),
    (re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE), "html"),
    (
        re.compile(r"\A<\?xml[^>]*\?>(?>\s|<!--.*?-->)*+(?:<!doctype\s++html|<html[\s>])", re.IGNORECASE | re.DOTALL),
        "html",
    ),
    (
        re.compile(
            r"<\?xml\s|<(?:rss|feed|nitf|newsItem|newsMessage|rdf:RDF|Workbook|office:document|w:wordDocument)[\s>]"
        ),
        "xml",
    ),
    (re.compile(r"TY {2}- [A-Z]{2,9}\s*\n[A-Z][A-Z0-9] {2}- "), "ris"),
    (re.compile(r"\A%0 [A-Z][a-z]++[^\n]*+\n%[A-Z] "), "ris"),
    (re.compile(r"BEGIN:VCALENDAR\n"), "ics"),
    (re.compile(r"\AFrom \S++ [^\n]*\d{4}\n[\w-]++:"), "mailbox"),
)
_FRAGMENT = re.compile(
    r"<(?:body|center|div|font|h[1-6]|head|meta|ol|p|section|span|style|table|ul)(?:\s[^<>]*+)?>", re.IGNORECASE
)
"""How a page begins that nothing but a browser takes for one: programs write tables for Excel so."""
_LIST_OF_RECORDS = re.compile(r"\[|\{[^\S\n]*+\n")
"""How a JSON file begins that is no record a line."""
_HEADER_LINE = re.compile(r"\A(?:[A-Za-z][A-Za-z0-9-]*+:[ \t]|[ \t]++\S|From \S)")
_MAIL_HEADERS = re.compile(
    r"^(From|Date|Subject|Message-ID|MIME-Version|Content-Type|Return-Path|Received|To):", re.I | re.M
)
_OF_PROGRAMS = {"message-id", "mime-version", "content-type", "return-path"}


def kind_of(source: Source) -> str:
    """The name of the format that a file is in.

    Raises:
        NotRead: it is none that is read.
        ReadError: it is not what its ending says.
        OSError: it cannot be opened.
    """
    kind = outer_kind(source)
    return _package_kind(source) if kind == "zip" else kind


def outer_kind(source: Source) -> str:
    """The same by its first bytes alone: office files and books are "zip" too. Raises as `kind_of` does."""
    head = source.head(HEAD_BYTES)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[257:262] == b"ustar":
        return "tar"
    if b"%PDF-" in head[:1024]:  # where other programs look for it, too, but an archive may begin with a PDF
        return "pdf"
    ending = source.path.suffix.lower()
    by_ending = _BY_ENDING.get(ending) or (_TEXT_INSTEAD.get(ending, "") if _is_plain_text(head) else "")
    if kind := _text_kind(head, by_ending) or by_ending:
        return kind
    if ending in READABLE_ENDINGS:
        raise Corrupt(f"is no {ending[1:]} file") if head.strip(BLANK) else NoText("is empty")
    if other := next((name for magic, name in _OTHERS if head.startswith(magic)), ""):
        raise NotRead(f"is {other}, which is not read")
    raise NotRead(f"has an ending that is not read ({ending or 'none'})")


def _package_kind(source: Source) -> str:
    """What a ZIP archive is: an office file, a book, or just an archive.

    Raises:
        NotRead: it is an office file of another kind, such as a drawing, whose parts alone tell nothing.
    """
    try:
        with source.opened() as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "mimetype" in names[:3]:
                with archive.open("mimetype") as part:
                    said = part.read(100).strip().removesuffix(b"-template")
                if said.startswith(_OPEN_DOCUMENT) and said not in _MIMETYPES:
                    raise NotRead(_OTHER_OFFICE)
                return _MIMETYPES.get(said, "zip")
    except BROKEN_ZIP:
        return "zip"
    if "META-INF/container.xml" in names:
        return "epub"
    if "[Content_Types].xml" in names:
        for folder, kind in _PACKAGES:
            if any(name.startswith(folder) for name in names):
                return kind
        raise NotRead(_OTHER_OFFICE)
    return "zip"


def _is_plain_text(head: bytes) -> bool:
    """Whether it is text that people wrote, and not a spreadsheet whose cells are told in letters (SYLK, DIF)."""
    if head.startswith(_SHEETS_IN_LETTERS):
        return False
    try:
        decode(head)
    except ReadError:
        return False
    return True


def _text_kind(head: bytes, by_ending: str) -> str:
    """What a text says it is, where it says so more clearly than its ending; "" where it does not."""
    encoding = "utf-16" if head.startswith(UTF16_BOMS) else "utf-8"
    start = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n").replace("\r\n", "\n")
    for pattern, kind in _TEXTS:
        if pattern.match(start) and not (kind == "xml" and by_ending == "html"):
            return kind
    if by_ending in ("text", "csv") and _FRAGMENT.match(start):
        return "html"
    if by_ending == "jsonl" and _LIST_OF_RECORDS.match(start):
        return "json"
    if by_ending not in ("markdown", "jsonl", "json") and _is_mail(start, by_program=by_ending == "csv"):
        return "mail"
    if by_ending == "text" and is_whatsapp(start):
        return "whatsapp"
    return ""


def _is_mail(start: str, *, by_program: bool) -> bool:
    """Whether a text begins with the headers of a message: nothing else before the first empty line, and two of those
    that every message has; ``by_program``, also one that nobody but a program writes: many a table tells above it from
    which day to which it goes."""
    headers = start.partition("\n\n")[0].split("\n")
    complete = headers[:-1] if "\n\n" not in start else headers
    found = {match.lower() for match in _MAIL_HEADERS.findall("\n".join(complete))}
    if by_program and not found & _OF_PROGRAMS:
        return False
    return len(found) >= 2 and all(map(_HEADER_LINE.match, complete))
