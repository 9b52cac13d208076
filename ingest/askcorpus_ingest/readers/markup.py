"""HTML as a reader sees it: its text, and simpler markup that says the same.

What a plain text cannot have is told in one line: an exponent with its own figures (10⁶), a table row by row. What
stands over the words of a sentence is left out: the marks of footnotes, and the readings of ruby; so is what is struck
out. A table that only lays the page out is none in the simpler markup. What a figure is called, and a table in one, are
paragraphs beside it there, and who made a picture is left out where its element says that it tells so.
"""

import html
import io
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from askcorpus.text.characters import PIECE_CHARS
from askcorpus_ingest.readers.html_table import HtmlTable
from askcorpus_ingest.readers.raised import LOWERED, RAISED

LONGEST_VALUE = 2000
"""Characters of an attribute that are kept in the simpler markup: longer ones are pictures."""

MOST_TAGS = 3
"""So many tags of HTML in a text are no accident."""

_TAG = re.compile(
    r"(?<!\s)\s*+<(?:/?(?:a|abbr|article|b|blockquote|br|div|em|figure|font|h[1-6]|i|img|li|ol|p|pre|section|small|span|strong"
    r"|sub|sup|table|td|tr|u|ul)\b[^<>]*+|!--(?:(?!<!--).)*?--|!doctype[^<>]*+|/?html[^<>]*+)>",
    re.IGNORECASE | re.DOTALL,
)
_PARAGRAPH_TAG = re.compile(r"<(?:p|br|pre)\b", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{2,6}|#x[0-9A-Fa-f]{2,6});")
_SPACES = re.compile(r"\s+")
_CJK = "\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef"
_UNSPACED_BREAK = re.compile(rf"(?<=[{_CJK}])[^\S\n]*\n\s*(?=[{_CJK}])")  # where the next line goes on without a space
_HIDDEN_TAGS = {"script", "style", "noscript", "template", "title", "svg", "math", "object", "iframe"}
_RAW_TAGS = {"script", "style"}
_INLINE_TAGS = {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em"}
_INLINE_TAGS |= {"font", "i", "img", "ins", "kbd", "label", "mark", "math", "nobr", "q", "rb", "ruby", "s", "samp"}
_INLINE_TAGS |= {"small", "span", "strike", "strong", "sub", "sup", "svg", "time", "tt", "u", "var", "wbr"}
_VOID_TAGS = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_HEADING = re.compile(r"h[1-6]\Z")
_TABLE_TAGS = {"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th"}
_CAPTION_TAGS = ("p", "div", "td", "dd")
_READINGS = {"rt", "rp", "rtc"}
_STRUCK = {"del", "s", "strike"}
_NAME = re.compile(r"\A[A-Za-z][\w:.-]*+\Z")

_CAPTION = re.compile(r"(?:^|[-_\s])(?:caption|caption-text|thumbcaption)(?:$|\s)")
"""How systems call what tells of a picture, where they have no element for it (WordPress, MediaWiki, Blogger)."""
_UNSEEN = frozenset(
    ("visually-hidden", "visuallyhidden", "sr-only", "screen-reader-text", "element-invisible", "mw-editsection")
)
"""What elements are called that only a program which reads aloud tells, or that only somebody who writes sees."""
_CREDIT = re.compile(r"credit|copyright|photographer|attribution", re.IGNORECASE)
_NOTE = re.compile(r"note|cite|reference|footnote|fn", re.IGNORECASE)
_NOTE_MARK = re.compile(r"\A\s*+(?:\[[^\[\]]{1,20}+\][\s,;]*+)++\Z")


class Shown(NamedTuple):
    """What a page shows, a paragraph for each block, and the page as simpler markup ("" when it was not asked for).

    ``tags`` is how many it has, ``depth`` how many of them stand inside each other at most, ``captions`` what its
    figures are called.
    """

    text: str
    markup: str
    tags: int
    depth: int
    captions: frozenset[str] = frozenset()


def shown(page: str, *, with_markup: bool = False) -> Shown:
    """What a browser would show of ``page``. No tree is made of it, so that it may be nested as deep as it likes."""
    from lxml import etree

    target = _Simplifier(_Writer(with_markup))
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, target=target)
    etree.fromstring(page.replace("\0", "").encode("utf-8", "replace"), parser)
    writer = target.writer
    return Shown(writer.text, writer.markup, target.tags, target.depth, frozenset(writer.captions))


def visible_text(page: str) -> str:
    """The text of that."""
    return shown(page).text


def plain_text(text: str) -> str:
    """The text of a field that may hold HTML (a feed's, an export's): what it shows where it does, else it as it is."""
    if not (_TAG.match(text) or len(_TAG.findall(text)) >= MOST_TAGS):
        return html.unescape(text) if _ENTITY.search(text) else text
    return rendered(text)


def rendered(text: str) -> str:
    """What the HTML of a field shows; where it has no tags for paragraphs, these have blank lines between them, as old
    programs of blogs write them."""
    return visible_text(text if _PARAGRAPH_TAG.search(text) else _BLANK_LINE.sub("<p>", text)).strip()


class _Writer:
    """Writes text, and markup where it is asked for."""

    def __init__(self, with_markup: bool) -> None:
        self.captions: list[str] = []
        self._open: list[str] = []
        self._figures = 0
        self._caption: list[str] | None = None
        self._text = io.StringIO()
        self._markup = io.StringIO() if with_markup else None
        self._last = "\n"

    @property
    def text(self) -> str:
        return self._text.getvalue().replace(" \n", "\n").replace("\n", "\n\n")

    @property
    def markup(self) -> str:
        return self._markup.getvalue() if self._markup else ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "button" and any(_HEADING.match(above) for above in self._open[-3:]):
            tag, attributes = "span", {}  # a question that opens its answer, and no menu
        elif tag != "figcaption" and _CAPTION.search(attributes.get("class", "")):
            attributes = {}  # by which the main text would be looked for without it
            tag = "figcaption" if self._caption is None and tag in _CAPTION_TAGS else tag
        if self._caption is not None and tag in _CAPTION_TAGS:
            self.data(" ")
            tag = "span"  # for it is one paragraph
        elif tag in _TABLE_TAGS:
            tag = "div"
        elif tag == "figcaption" and self._caption is None:
            self._caption = []
            self._leave_figure()
            self._write_start("p", {})
        self._open.append(tag)
        self._figures += tag == "figure"
        self._break(tag)
        if tag != "figcaption":
            self._write_start(tag, attributes)

    def _write_start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._markup and _NAME.match(tag):
            kept = (f' {name}="{html.escape(value)}"' for name, value in attributes.items() if _kept(name, value))
            self._markup.write(f"<{tag}{''.join(kept)}>")

    def end(self, tag: str) -> None:
        tag = self._open.pop()  # what it was taken for
        self._figures -= tag == "figure"
        self._break(tag)
        if self._caption is not None and tag == "figcaption":
            self.captions.append(" ".join("".join(self._caption).split()))
            self._caption = None
            self._write_end("p")
            self._enter_figure()
        elif tag != "figcaption":
            self._write_end(tag)

    def _write_end(self, tag: str) -> None:
        if self._markup and _NAME.match(tag) and tag not in _VOID_TAGS:
            self._markup.write(f"</{tag}>")

    def _leave_figure(self) -> None:
        """What follows stands beside a figure, where the main text is looked for; within, nothing is."""
        if self._figures and self._markup:
            self._markup.write("</figure>")

    def _enter_figure(self) -> None:
        if self._figures and self._markup:
            self._markup.write("<figure>")

    def data(self, text: str) -> None:
        inside = self._open[-1] if self._open else ""
        if self._caption is not None:
            self._caption.append(text)
        if self._markup:
            self._markup.write(text if inside in _RAW_TAGS else html.escape(text, quote=False))
        if inside and inside not in _HIDDEN_TAGS:
            for start in range(0, len(text), PIECE_CHARS):
                self._write(_SPACES.sub(" ", _UNSPACED_BREAK.sub("", text[start : start + PIECE_CHARS])))

    def paragraph(self, text: str) -> None:
        self._leave_figure()
        self.start("p", {})
        self.data(text)
        self.end("p")
        self._enter_figure()

    def _break(self, tag: str) -> None:
        if tag not in _INLINE_TAGS:
            self._write("\n")

    def _write(self, text: str) -> None:
        """No space after a space, and no empty line."""
        text = text.lstrip({"\n": " \n", " ": " "}.get(self._last, ""))
        if text:
            self._text.write(text)
            self._last = text[-1]


def _kept(name: str, value: str) -> bool:
    return bool(_NAME.match(name)) and len(value) <= LONGEST_VALUE


class _Simplifier:
    """Takes what lxml reads, and gives a writer what is left of it."""

    def __init__(self, writer: _Writer) -> None:
        self.writer = writer
        self.tags = self.depth = 0
        self._deep = 0
        self._figures = 0
        self._inside = 0  # how many tags are open in what follows, if it is
        self._raised: _Raised | None = None
        self._lines: list[str] | None = None  # of <pre>
        self._is_code = False
        self._skipped = False
        self._table: HtmlTable | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A tag opens."""
        self.tags += 1
        self._deep += 1
        self.depth = max(self.depth, self._deep)
        self._figures += tag == "figure"
        if self._skipped or self._raised is not None or self._lines is not None:
            self._start_inside(tag, attributes)
        elif (
            tag in _READINGS
            or tag in _STRUCK
            or _is_unseen(attributes)
            or (self._is_beside_table and _is_credit(tag, attributes))
        ):
            self._skipped, self._inside = True, 0
        elif tag in ("sup", "sub") or _is_note_mark(tag, attributes):
            self._raised, self._inside = _Raised(tag, attributes), 0
        elif tag == "pre":
            self._lines, self._inside, self._is_code = [], 0, False
        else:
            self._pass_start(tag, attributes)

    def end(self, tag: str) -> None:
        """A tag closes, or something else closes it."""
        self._deep -= 1
        self._figures -= tag == "figure"
        if not (self._skipped or self._raised is not None or self._lines is not None):
            self._pass_end(tag)
        elif self._inside:
            self._inside -= 1
            if self._lines is not None and tag not in _INLINE_TAGS:
                self._lines.append("\n")
        elif self._skipped:
            self._skipped = False
        elif self._raised is not None:
            raised, self._raised = self._raised, None
            self._pass_data(raised.told())
        else:
            lines, self._lines = "".join(self._lines or []), None
            for paragraph in filter(str.strip, lines.split("\n")) if self._is_code else _paragraphs(lines):
                self._pass_start("p", {})
                self._pass_data(paragraph)
                self._pass_end("p")

    def data(self, text: str) -> None:
        """Text between two tags."""
        if self._skipped:
            return
        if self._raised is not None:
            self._raised.text += text
        elif self._lines is not None:
            self._lines.append(text)
        else:
            self._pass_data(text)

    def close(self) -> None:
        """The page ends."""
        if self._table:
            self._table.write(self.writer)

    @property
    def _is_beside_table(self) -> bool:
        """Whether we are in a figure, and not in a table of it, where a column may be one of credits."""
        return self._figures > 0 and self._table is None

    def _start_inside(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._inside += 1
        self._is_code |= tag == "code"
        if self._raised is not None:
            self._raised.is_note |= tag == "a" and bool(_NOTE.search(attributes.get("href", "")))

    def _pass_start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "table":
            self._flush()
            self._table = HtmlTable(attributes)
        elif self._table:
            if not self._table.start(tag, attributes):
                self._flush()
        else:
            self.writer.start(tag, attributes)

    def _pass_end(self, tag: str) -> None:
        if self._table:
            if self._table.end(tag):
                self._table.write(self.writer)
                self._table = None
        else:
            self.writer.end(tag)

    def _pass_data(self, text: str) -> None:
        if self._table:
            self._table.data(text)
        else:
            self.writer.data(text)

    def _flush(self) -> None:
        """What was taken for a table is none, but a way to lay the page out."""
        if self._table:
            self._table.replay(self.writer)
            self._table = None


def _is_unseen(attributes: Mapping[str, str]) -> bool:
    return not _UNSEEN.isdisjoint(attributes.get("class", "").split())


def _is_credit(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether an element of a figure says who made it: by what it is called, or as small print, which is for that."""
    named = f"{attributes.get('class', '')} {attributes.get('itemprop', '')}"
    return tag == "small" or (tag not in ("figure", "figcaption", "table") and bool(_CREDIT.search(named)))


def _is_note_mark(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether it is the mark of a note, as e-books have it, that only a style sets high."""
    return tag == "a" and "noteref" in attributes.get("epub:type", attributes.get("role", "")).lower()


class _Raised:
    """What stands above or below the line."""

    def __init__(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.text = ""
        named = attributes.get("class", "") + " " + attributes.get("id", "")
        self.is_note = tag == "a" or bool(_NOTE.search(named))
        self._to = LOWERED if tag == "sub" else RAISED
        self._sign = "_" if tag == "sub" else "^"

    def told(self) -> str:
        """It on the line: no mark of a footnote, 10⁶ for figures, 10^(2,5) for what has none of its own; else as it is
        (1er, Mme)."""
        text = self.text.strip()
        if _NOTE_MARK.match(text) or (self.is_note and len(text) <= 5):
            return ""
        changed = text.translate(self._to)
        if all(before != after for before, after in zip(text, changed, strict=True)):
            return changed
        return self.text if not any(map(str.isdigit, text)) or len(text) > 20 else f"{self._sign}({text})"


_INDENTED = re.compile(r"\S[^\S\n]*(?: {3}|\t)\S|[{};|]\s*+$|^\s*+[|+*-]{2}")
WRAPPED = range(30, 121)
"""Lengths that the lines of prose have where they were broken by hand."""


def _paragraphs(lines: str) -> Iterator[str]:
    """What <pre> holds: prose whose lines were broken by hand as paragraphs, and anything else line by line."""
    for block in _BLANK_LINE.split(lines.expandtabs(4)):
        rows = [row.rstrip() for row in block.split("\n") if row.strip()]
        if _is_wrapped(rows):
            yield " ".join(row.strip() for row in rows)
        else:
            yield from rows


def _is_wrapped(rows: list[str]) -> bool:
    if any(map(_INDENTED.search, rows)) or len({len(row) - len(row.lstrip()) for row in rows[1:]}) > 1:
        return False
    full = [len(row.strip()) for row in rows[:-1]]
    return all(length in WRAPPED for length in full) and (not full or min(full) > 0.6 * max(full))
