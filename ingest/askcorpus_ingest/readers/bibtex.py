"""References as BibTeX (.bib), which Zotero and libraries export: each is a document."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from askcorpus.errors import Corrupt, NoText
from askcorpus.text.characters import printable
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.records import EXTRA_CHARS, RawRecord
from askcorpus_ingest.readers.source import Source

_ENTRY = re.compile(r"@[ \t]{0,9}([A-Za-z]{1,30})\s{0,20}[{(]\s{0,20}([^\s,{}()=]{0,200})\s{0,20},")
_STRING = re.compile(r"@[ \t]{0,9}string\s{0,20}[{(]\s{0,20}([^\s,{}()=#]{1,200})\s{0,20}=\s{0,20}", re.IGNORECASE)
"""How a name begins to be given to a value, which may stand for it below: ``@string{jpo = "Journal of Ports"}``."""
MOST_NAMED = 2000
"""Characters that a name may stand for: names stand for names, and would for more than there is memory."""
_FIELD = re.compile(r"[\s,]{0,99}([A-Za-z][\w-]{0,60})\s{0,20}=\s{0,20}")
_VALUE = re.compile(r'[{"]|[^\s,(){}"#]+')
_JOINED = re.compile(r"\s{0,20}#\s{0,20}")
_BLANK_LINE = re.compile(r"\n[^\S\n]{0,50}\n")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_QUOTE = re.compile(r'\\.|[{}"]', re.DOTALL)
_ACCENT = re.compile(r"\{?\\([\"'`^~=.]|[cvuHkr](?![A-Za-z]))\s*(?:\{\s*\\?([A-Za-z])\s*\}|\\?([A-Za-z]))\}?")
_ACCENTS = {
    '"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328", "r": "\u030a",
}  # fmt: skip
_SIGN = re.compile(r"\{?\\(ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j)(?![A-Za-z])\s*(?:\{\})?\}?")
_SIGNS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø", "O": "Ø", "l": "ł",
    "L": "Ł", "i": "i", "j": "j",
}  # fmt: skip
_SPACE = re.compile(r"\\[,;:]")
_COMMAND = re.compile(r"\\[A-Za-z]+\s*(?=\{)|\\(?=[&%$#_{}])")
_NO_ENTRIES = {"string", "comment", "preamble"}
_ADDRESSES = ("url", "howpublished")
_SOURCES = ("journal", "journaltitle", "newspaper", "booktitle", "publisher", "school", "institution")
_KEPT = ("doi", "keywords", "note", "volume", "number", "pages")

Reference = Mapping[str, str]
"""The values of a reference by their names."""


def read_bibtex(source: Source) -> Iterator[RawRecord]:
    """Each reference: its abstract, or else its title, with what it says of itself.

    Raises:
        ReadError: there is none, or one does not end.
    """
    found = False
    for key, reference in _references(decode(source.content())):
        title = reference.get("title", "")
        text = reference.get("abstract") or title
        if not text:
            continue
        found = True
        yield RawRecord(
            source.limits.own_name(f"{source.origin}#{printable(key)}"),
            text,
            title,
            date=_date(reference),
            language=reference.get("language") or reference.get("langid", ""),
            source=_first(reference, _SOURCES),
            author=reference.get("author", "").replace("\n", " ").replace(" and ", "; "),
            url=_first(reference, _ADDRESSES),
            extra={name: value for name in _KEPT if 0 < len(value := reference.get(name, "")) <= EXTRA_CHARS},
        )
    if not found:
        raise NoText("holds no reference")


def _references(text: str) -> Iterator[tuple[str, Reference]]:
    at, strings = 0, dict[str, str]()
    for named in _STRING.finditer(text):
        value, _ = _value(text, named.end(), strings)
        if len(value) > MOST_NAMED:
            raise Corrupt("holds a name that stands for too much")
        strings[named[1].lower()] = value
    while entry := _ENTRY.search(text, at):
        at = entry.end()
        if entry[1].lower() in _NO_ENTRIES:
            continue
        reference: dict[str, str] = {}
        while field := _FIELD.match(text, at):
            value, at = _value(text, field.end(), strings)
            reference[field[1].lower()] = _plain(value)
        yield entry[2], reference


def _value(text: str, at: int, strings: Mapping[str, str]) -> tuple[str, int]:
    """A value and where it ends; those joined by ``#`` are one, and a name in ``strings`` stands for its own.

    Raises:
        Corrupt: it does not end, or has more characters than the file, as names stand for many.
    """
    parts, length = list[str](), 0
    while found := _VALUE.match(text, at):
        if found[0] in ("{", '"'):
            part, at = _enclosed(text, found.end(), found[0])
        else:
            part, at = strings.get(found[0].lower(), found[0]), found.end()
        parts.append(part)
        length += len(part)
        if length > len(text):
            raise Corrupt("holds a name that stands for too much")
        joined = _JOINED.match(text, at)
        if not joined:
            break
        at = joined.end()
    return "".join(parts), at


def _enclosed(text: str, start: int, opening: str) -> tuple[str, int]:
    depth = 1 if opening == "{" else 0
    for sign in (_BRACE if opening == "{" else _QUOTE).finditer(text, start):
        depth += {"{": 1, "}": -1}.get(sign[0], 0)
        if (depth == 0 and sign[0] == ("}" if opening == "{" else '"')) or depth < 0:
            return text[start : sign.start()], sign.end()
    raise Corrupt("holds a reference that does not end")


def _plain(value: str) -> str:
    """A value as it is read: *{\\'e}* is é, and braces that keep capitals are no part of it."""
    value = _ACCENT.sub(lambda one: unicodedata.normalize("NFC", (one[2] or one[3]) + _ACCENTS[one[1]]), value)
    value = _SPACE.sub(" ", value)
    value = _COMMAND.sub("", _SIGN.sub(lambda one: _SIGNS[one[1]], value))
    paragraphs = (" ".join(part.split()) for part in _BLANK_LINE.split(value))
    return "\n\n".join(paragraphs).replace("{", "").replace("}", "").replace("~", " ").replace("--", "–").strip()


def _first(reference: Reference, names: Sequence[str]) -> str:
    return next((reference[name] for name in names if reference.get(name)), "")


def _date(reference: Reference) -> str:
    """Its date, or its year with the month and day that stand beside it."""
    if date := reference.get("date"):
        return date
    parts = (reference.get(name, "") for name in ("day", "month", "year"))
    day, month, year = (part.strip() for part in parts)
    if not (month and year):
        return year
    return "-".join(filter(None, (year, month, day))) if month.isdecimal() else f"{day} {month} {year}".strip()
