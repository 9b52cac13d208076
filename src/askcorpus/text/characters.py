"""Characters that do not belong in a text, and are removed for readers, for terminals and at ingest."""

import re
import unicodedata
from collections.abc import Iterator

import regex

_TERMINAL_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]")
_LINE_BREAK = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_LINE_END = re.compile(rf"\n|{_LINE_BREAK.pattern}")
# Unicode's Default_Ignorable_Code_Point and the interlinear marks: all that is in a text without being seen
# (bidi controls, zero-width characters, tags, variation selectors, fillers), less the two joiners U+200C and U+200D.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Persian and the scripts of India need joiners between letters; anywhere else, or in a row, they only smuggle.
_STRAY_JOINER = regex.compile(
    r"(?<![[\p{L}\p{M}]--\p{Latin}])[\u200c\u200d] | [\u200c\u200d](?![\p{L}--\p{Latin}])", regex.V1 | regex.VERBOSE
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\ufeff\ufff9-\ufffb]")

# Normalising takes time with the square of a run of marks; Unicode's stream-safe format breaks one after 30 (UAX #15).
_LONG_RUN_OF_MARKS = regex.compile(r"([\p{M}--\u034f]{30})(?=[\p{M}--\u034f])", regex.V1)

_BLANK_LINES = re.compile(r"\n{3,}")

PIECE_CHARS = 100_000
"""A longer stretch of text is handled piece by piece: a list of its words takes ten times its memory."""

_NOT_UTF8 = re.compile("[\udc80-\udcff]")

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With what a cell begins that some spreadsheet computes; the wide ones where the language is Japanese or Chinese."""

# C0 except tab and newline, DEL and C1, and the marks that reorder text on the screen (bidi overrides, isolates).
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """``text`` as a reader sees it: line breaks as ``\\n``, no invisible or control characters, no terminal escapes."""
    text = _LINE_BREAK.sub("\n", _TERMINAL_ESCAPE.sub("", text))
    text = _INVISIBLE.sub("", _CONTROL.sub("", text))
    return _SURROGATE.sub("\ufffd", _STRAY_JOINER.sub("", text))


def spreadsheet_cell(value: str) -> str:
    """A value that no spreadsheet takes for a formula: one that begins as formulas do gets an apostrophe before it."""
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def clean_text(text: str) -> str:
    """NFC, ``\\n`` line ends, no control characters, no spaces at line ends, at most one blank line in a row."""
    return _BLANK_LINES.sub("\n\n", "".join(map(_clean_lines, _pieces(text)))).strip()


def clean_line(text: str) -> str:
    """The same for a field of one line."""
    return " ".join(clean_text(text).split())


def _pieces(text: str) -> Iterator[str]:
    """The text in runs of whole lines, each long enough: a list of all lines takes many times the memory of a text."""
    start = 0
    while start < len(text):
        end = _LINE_END.search(text, start + PIECE_CHARS)
        yield text[start : end.end() if end else len(text)]
        start = end.end() if end else len(text)


def _clean_lines(text: str) -> str:
    text = _LINE_BREAK.sub("\n", text)
    text = _UNPRINTABLE.sub("", _SURROGATE.sub("\ufffd", text))
    text = _LONG_RUN_OF_MARKS.sub("\\1\u034f", text)
    text = "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", text).split("\n"))
    return _BLANK_LINES.sub("\n\n", text)


def printable(name: str) -> str:
    """The name with what is no text in it escaped: a byte that is not UTF-8 as ``\\xe9``, half a pair ``\\ud800``."""
    escaped = _NOT_UTF8.sub(lambda byte: f"\\x{ord(byte[0]) & 0xFF:02x}", name)
    return escaped.encode("utf-8", "backslashreplace").decode("utf-8")


def plain(text: str) -> str:
    """The text without characters that a terminal acts on, and with what is no Unicode in it escaped."""
    return printable(CONTROLS.sub("", text))


def encodable(text: str) -> str:
    """The text with each lone surrogate (JSON can hold them, tokenizers refuse them) as ``?``; offsets stay."""
    return text.encode("utf-8", "replace").decode("utf-8")
