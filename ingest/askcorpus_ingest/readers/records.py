"""What a file says of one document, before anything in it is cleaned or guessed."""

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from askcorpus.types import Mark

NAMES: Mapping[str, Sequence[str]] = {
    "doc_id": ("doc_id", "id", "_id", "document_id", "article_id", "uuid", "guid"),
    "title": ("title", "headline", "heading", "subject", "web_title"),
    "text": ("text", "body", "content", "article_body", "main_text", "full_text", "content_text", "text_content",
             "page_content", "content_html", "html", "body_html", "plaintext", "article",
             "story", "selftext", "body_text", "lead_paragraph", "abstract", "description", "summary"),
    "date": ("date", "published", "pub_date", "published_at", "publication_date", "date_published", "published_date",
             "publish_date", "published_on", "issued", "dc.date", "created", "created_at", "date_created", "timestamp",
             "web_publication_date", "timestamp_ms", "created_utc", "ts"),
    "language": ("language", "lang", "in_language", "language_code", "locale"),
    "source": ("source", "publisher", "outlet", "newspaper", "site_name", "publication"),
    "place": ("place", "location"),
    "author": ("author", "authors", "byline", "creator", "dc.creator", "writer", "sender_name"),
    "url": ("url", "link", "permalink", "canonical_url", "source_url", "web_url", "href", "uri"),
}  # fmt: skip
"""By what names a field of a document goes in records, the surest first; case, ``_``, ``-`` and ``.`` do not count."""


def _key(name: object) -> str:
    return "".join(letter for letter in str(name).casefold() if letter.isalnum())


_KEYS = {field: [_key(name) for name in names] for field, names in NAMES.items()}
"""The same as they are compared: there are dozens of them, and records by the hundred thousand."""

_TELLING = ("name", "rendered", "processed", "value", "main", "original", "$oid", "$date")
"""Names in an object that tell what it is, the surest first."""

_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")

_KNOWN = frozenset(key for keys in _KEYS.values() for key in keys)

PARAGRAPH = "\n\n"
MOST_EXTRA = 50
EXTRA_CHARS = 2000
"""What else a record says is kept as far as its values are not longer, and no more than so many of them."""


_NO_TITLE = re.compile(
    r"\A(?:microsoft (?:office )?(?:word|excel|powerpoint) -.*+"
    r"|.*\.(?:docx?|odt|rtf|wpd|txt|pdf|e?ps|dvi|tex|html?|mhtml?|pptx?|odp|xlsx?|ods|indd|qxd|qxp|p65|pmd|pub|pages)"
    r"|(?:untitled|unbenannt|ohne titel|sans titre|sin título|sem título|senza titolo)(?:[ -]?document)?[ -]?\d{0,3}"
    r"|(?:word document|document|dokument|documento|presentation|präsentation|présentation|presentación)\d{1,3}"
    r"|word document|powerpoint presentation|powerpoint[ -]präsentation|présentation powerpoint"
    r"|presentación de powerpoint|apresentação do powerpoint|presentazione (?:standard )?di powerpoint"
    r"|(?:slide|folie|diapositive|diapositiva) 1)\Z",
    re.IGNORECASE,
)


class RawRecord(NamedTuple):
    """One document as its file gives it, nothing cleaned or guessed; empty where the file does not say.

    ``origin`` is the file's absolute path, for a record of a file that holds many with ``#`` and its
    id, or its line (``#L12``) when it has none; what is no Unicode in it is escaped (`characters.printable`).
    ``extra`` is whatever else it says of itself, by the names it uses; ``marks`` tell where its
    pages, rows or chapters begin in ``text``. ``made`` is when the file was made, which is the date of a document that
    has none of its own: what was made anew years later, or from a template, says nothing of its text.
    """

    origin: str
    text: str
    title: str = ""
    date: str = ""
    language: str = ""
    source: str = ""
    place: str = ""
    doc_id: str = ""
    author: str = ""
    url: str = ""
    made: str = ""
    extra: Mapping[str, str] = MappingProxyType({})
    marks: tuple[Mark, ...] = ()


class Fields(NamedTuple):
    """What named values say of a document: the fields of a ``RawRecord`` that they give, and the rest."""

    known: dict[str, str]
    extra: dict[str, str]


def own_title(title: str) -> str:
    """A title that somebody gave a document; "" for the name of a file, and for what programs call what has none."""
    return "" if _NO_TITLE.match(title.strip()) else title


def raw_record(origin: str, fields: Mapping[str, Any], names: Mapping[str, str] = MappingProxyType({})) -> RawRecord:
    """A ``RawRecord`` from named values; ``names`` are names that the user gave for fields (``--map``)."""
    known, extra = read_fields(fields, names)
    return RawRecord(origin, known.pop("text", ""), extra=extra)._replace(**known)  # type: ignore[arg-type]


def read_fields(fields: Mapping[str, Any], names: Mapping[str, str] = MappingProxyType({})) -> Fields:
    """The values by the fields of a document that their names mean; numbers become text, lists are joined by commas.

    The first name that has a value wins, and the others are kept as what else is said.
    """
    given: dict[str, str] = {}
    for name in fields:
        given.setdefault(_key(name), name)
    known: dict[str, str] = {}
    used = set()
    for field, usual in _KEYS.items():
        for key in ([_key(names[field])] if field in names else []) + usual:
            if key in given and (value := _told(fields[given[key]], PARAGRAPH if field == "text" else ", ")):
                known[field] = value
                used.add(given[key])
                break
    rest = {name: _kept(value) for name, value in fields.items() if name not in used}
    extra = {str(name): value for name, value in rest.items() if value and len(value) <= EXTRA_CHARS}
    return Fields(known, dict(list(extra.items())[:MOST_EXTRA]))


def is_name_of_field(name: str) -> bool:
    """Whether a field of a document goes by this name."""
    return _key(name) in _KNOWN


def _told(value: Any, between: str) -> str:
    """A value as text: that of an object is its name, what is shown of it (WordPress, Drupal), its one translation, or
    what a database writes for an id or a date."""
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return "" if between == PARAGRAPH else str(value)  # a number is no text
    if isinstance(value, list):
        if any(isinstance(one, str) for one in value) and any(isinstance(one, dict) and "text" in one for one in value):
            return "".join(map(_piece, value))
        return between.join(filter(None, (_told(one, between) for one in value if not isinstance(one, list))))
    if isinstance(value, dict):
        keys = [*_TELLING, *(key for key in value if len(value) == 1 and _LANGUAGE.fullmatch(key))]
        inner = (value[key] for key in keys if isinstance(value.get(key), str | int | dict))
        return next((_told(_unwrapped(one), between) for one in inner), "")
    return ""


def _piece(value: Any) -> str:
    """A piece of a text of which some are marked as links or names (Telegram)."""
    told = value.get("text", "") if isinstance(value, dict) else value
    return told if isinstance(told, str) else ""


def _unwrapped(value: Any) -> Any:
    """A time as MongoDB writes it; nothing for another object inside of one."""
    return value.get("$numberLong", "") if isinstance(value, dict) else value


def _kept(value: Any) -> str:
    """The same for what else is said, where nothing is left out that is short enough to be told."""
    if isinstance(value, bool):
        return str(value).lower()
    if told := _told(value, ", "):
        return told
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) and value else ""
