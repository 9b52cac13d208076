"""A web page: its main text, and what its head says of it."""

import html
import io
import re
from collections.abc import Iterator

from askcorpus.errors import ReadError
from askcorpus.text.characters import PIECE_CHARS
from askcorpus_ingest.encoding import declared_encoding, decode
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source

HEAD_CHARS = 1_000_000
"""Title and language of a page are looked for so far."""
MAIN_TEXT_CHARS = 5_000_000
MAIN_TEXT_TAGS = 100_000
"""Of a longer page, or one with more tags, all text is taken: finding the main text of it would take minutes."""
MAIN_TEXT_DEPTH = 200
"""So it is of a page with more tags inside each other: the trees in which the main text is looked for end at 253."""
MIN_MAIN_TEXT_CHARS = 250
"""When less than that is found, the page is taken whole: better a menu too many than a paragraph lost."""

_BLANKS = re.compile(r"[^\S\n]+")
_LINE_BREAK = re.compile(r" ?\n[ \n]*")
_HIDDEN_TAGS = {"script", "style", "noscript", "template", "title", "svg", "math", "object", "iframe"}
_INLINE_TAGS = {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span"}
_INLINE_TAGS |= {"strong", "sub", "sup", "time", "u", "wbr"}
_HTML_LANGUAGE = re.compile(r"<html[^<>]{0,500}?\slang\s{0,9}=\s{0,9}[\"']?([A-Za-z-]{2,12})", re.IGNORECASE)
_HTML_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,500})", re.IGNORECASE)


def read_html(source: Source) -> Iterator[RawRecord]:
    """Main text and metadata of a page; all its visible text where no main text stands out."""
    data = source.content()
    page = decode(data, declared_encoding(data)).replace("\0", "")
    visible = _visible_text(page)
    small = len(page) <= MAIN_TEXT_CHARS and visible.tags <= MAIN_TEXT_TAGS
    fields = _main_text(page) if small and visible.depth <= MAIN_TEXT_DEPTH else {}
    text = "\n\n".join(filter(None, map(str.strip, (fields.get("text") or "").split("\n"))))
    if len(text) < MIN_MAIN_TEXT_CHARS:
        text = visible.text
    if not text.strip():
        raise ReadError("holds no text")
    title, language = (pattern.search(page, 0, HEAD_CHARS) for pattern in (_HTML_TITLE, _HTML_LANGUAGE))
    yield RawRecord(
        origin=source.origin,
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
