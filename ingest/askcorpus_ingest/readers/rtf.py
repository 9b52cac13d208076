"""RTF, as word processors and mail programs write it (Rich Text Format Specification 1.9.1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from askcorpus.errors import NoText, ReadError
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.raised import lowered, raised
from askcorpus_ingest.readers.records import RawRecord, own_title
from askcorpus_ingest.readers.rows import told_table
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import Cell

MOST_GROUPS = 1000
"""Groups inside each other; no program writes so many."""

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\", re.DOTALL
)
_SIGNS = {
    "par": "\n\n",
    "sect": "\n\n",
    "page": "\n\n",
    "line": "\n",
    "tab": "\t",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
}
_SYMBOLS = {"~": "\u00a0", "_": "\u2011", "{": "{", "}": "}", "\\": "\\", "\n": "\n\n", "\r": "\n\n"}
_UNREAD = {
    *(
        "fonttbl",
        "colortbl",
        "stylesheet",
        "listtable",
        "listoverridetable",
        "pict",
        "object",
        "themedata",
        "datastore",
    ),
    *(
        "header",
        "headerl",
        "headerr",
        "headerf",
        "footer",
        "footerl",
        "footerr",
        "footerf",
        "fldinst",
        "xe",
        "tc",
        "rxe",
    ),
    *("generator", "rsidtbl", "revtbl", "filetbl", "latentstyles", "annotation", "atnid", "atnauthor", "bkmkstart"),
    *("bkmkend", "nonshppict", "listtext", "pntext", "shpinst", "docvar", "mmathPr", "xmlnstbl", "wgrffmtfilter"),
}
_FIELDS = {"title", "author", "creatim", "company"}
_DATE_PARTS = ("yr", "mo", "dy")
_CHARSETS = {
    128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255",
    178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip


def read_rtf(source: Source) -> Iterator[RawRecord | Failure]:
    """Its text; a note stands below the paragraph that refers to it.

    Raises:
        ReadError: it holds no text, or is broken.
    """
    found = _Reading()
    found.read(source.content())
    if not (text := found.text()).strip():
        raise NoText("holds no text")
    about, made = found.about, "-".join(f"{found.date[part]:02}" for part in _DATE_PARTS if found.date.get(part))
    yield RawRecord(
        source.origin, text, title=own_title(about.get("title", "")), author=about.get("author", ""), made=made
    )
    if found.cut_off:
        yield Failure(source.origin, "is cut off; what is there of it is read")


@dataclass
class _State:
    """What holds inside a group: where its text goes to, and how it looks."""

    to: str = "text"
    encoding: str = "cp1252"
    skip: int = 1
    place: str = ""
    hidden: bool = False


@dataclass
class _Reading:
    """A document while it is read."""

    about: dict[str, str] = field(default_factory=dict)
    date: dict[str, int] = field(default_factory=dict)
    cut_off: bool = False
    _pieces: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)
    _row: list[str] = field(default_factory=list)
    _cell: list[str] = field(default_factory=list)
    _in_table: bool = False
    _fonts: dict[int, str] = field(default_factory=dict)
    _font: int = 0
    _encoding: str = "cp1252"
    _bytes: bytearray = field(default_factory=bytearray)
    _skip: int = 0

    def read(self, data: bytes) -> None:
        """Go through all of it."""
        stack: list[_State] = []
        state = _State()
        first = False  # whether a group has just begun
        position = 0
        while token := _TOKEN.search(data, position):
            position = token.end()
            word, number, byte, symbol, brace, plain = token.groups()
            if byte or plain:
                self._take_bytes(bytes.fromhex(byte.decode()) if byte else plain)
                continue
            self._flush(state)
            if brace == b"{":
                stack.append(state)
                state = replace(state)
                if len(stack) > MOST_GROUPS:
                    raise ReadError(f"has more than {MOST_GROUPS} groups inside each other")
            elif brace == b"}":
                state = self._leave(state, stack.pop() if stack else _State())
            elif symbol == b"*":
                state.to = "nowhere" if first else state.to
            elif symbol:
                self._write(_SYMBOLS.get(symbol.decode("latin-1"), ""), state)
            elif word == b"bin":
                position += max(0, int(number or 0))  # bytes of a picture
            elif word:
                self._control(word.decode(), int(number) if number else None, state)
            first = brace == b"{"
        self._flush(state)
        self._end_table()
        self.cut_off = bool(stack)

    def text(self) -> str:
        """What was read."""
        return "".join(self._pieces)

    def _leave(self, inner: _State, outer: _State) -> _State:
        if inner.to == "note" != outer.to:
            self._notes.append("\n\n")
        return outer

    def _control(self, word: str, number: int | None, state: _State) -> None:
        if word in _UNREAD:
            state.to = "fonts" if word == "fonttbl" else "nowhere"
        elif word in _FIELDS and state.to in ("about", "nowhere"):
            state.to = word
        elif word == "info":
            state.to = "about"
        elif word in ("footnote", "endnote"):
            state.to = "note"
        elif word in _DATE_PARTS and state.to == "creatim":
            self.date[word] = number or 0
        elif word == "u" and number is not None:
            self._write(_character(number), state)
            self._skip = state.skip
        else:
            self._format(word, number, state)

    def _format(self, word: str, number: int | None, state: _State) -> None:
        match word:
            case "ansicpg":
                self._encoding = state.encoding = f"cp{number}" if number != 65001 else "utf-8"
            case "mac":
                self._encoding = state.encoding = "mac_roman"
            case "f" | "deff" if state.to == "fonts" or word == "f":
                self._font = number or 0
                state.encoding = self._fonts.get(self._font, self._encoding)
            case "fcharset" if state.to == "fonts":
                if encoding := _CHARSETS.get(number or 0):
                    self._fonts[self._font] = encoding
            case "uc":
                state.skip = number if number is not None else 1
            case "super" | "sub" | "nosupersub":
                state.place = "" if number == 0 or word == "nosupersub" else word
            case "up" | "dn":
                state.place = ("super" if word == "up" else "sub") if number else ""
            case "plain":
                state.place, state.hidden = "", False
            case "v" | "deleted" | "strike" | "striked":
                state.hidden = number != 0
            case _:
                self._table(word, state)

    def _table(self, word: str, state: _State) -> None:
        match word:
            case "intbl" if state.to == "text":
                self._in_table = True
            case "pard" if state.to == "text":
                self._in_table = False
            case "cell" if state.to == "text":
                self._row.append(" ".join("".join(self._cell).split()))
                self._cell.clear()
            case "row" if state.to == "text":
                self._rows.append(self._row)
                self._row = []
            case _ if word in _SIGNS:
                self._write(_SIGNS[word], state)

    def _take_bytes(self, data: bytes) -> None:
        """Bytes of text, less those that stand for a character which was given by its number before."""
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._bytes += data[skipped:]

    def _flush(self, state: _State) -> None:
        if self._bytes:
            try:
                text = self._bytes.decode(state.encoding, "replace")
            except LookupError:
                text = self._bytes.decode("cp1252", "replace")
            self._bytes.clear()
            self._write(
                raised(text) if state.place == "super" else lowered(text) if state.place == "sub" else text, state
            )

    def _write(self, text: str, state: _State) -> None:
        if state.hidden or not text:
            return
        if state.to == "text":
            self._write_text(text)
        elif state.to == "note":
            self._notes.append(text)
        elif state.to in _FIELDS:
            self.about[state.to] = self.about.get(state.to, "") + text

    def _write_text(self, text: str) -> None:
        if self._in_table:
            self._cell.append(" " if text == "\n\n" else text)
            return
        self._end_table()
        self._pieces.append(text)
        if text == "\n\n" and self._notes:
            self._pieces += [*self._notes, "\n\n"]
            self._notes.clear()

    def _end_table(self) -> None:
        if self._rows:
            self._pieces.append(f"\n\n{told_table([[Cell(cell, False) for cell in row] for row in self._rows])}\n\n")
            self._rows = []
        if self._cell or self._row:  # a table that the file breaks off in
            self._pieces.append(" ".join([*self._row, "".join(self._cell)]))
            self._row, self._cell = [], []


def _character(number: int) -> str:
    """The character of a ``\\uN``, whose numbers above 32767 are written as negative ones; half of a pair stays one."""
    return chr(number % 0x10000) if -0x8000 <= number < 0x10000 else chr(number) if 0 < number < 0x110000 else "\ufffd"
