"""From bytes to text: in the encoding that the file names, or the one its bytes are likeliest written in."""

import codecs
import io
import re

import regex

from askcorpus.errors import Corrupt, NoText

SAMPLE_BYTES = 65_536
"""Of the lines that are not plain ASCII, an unnamed encoding is judged by so many bytes."""

MOST_WRONG = 0.01
"""The share of the characters beyond ASCII that may be wrong in an encoding that is still taken for the right one."""

WESTERN_FIRST = 0.8
"""Windows-1252 is taken before a likelier encoding when it is at least so likely by comparison: most files are in it,
and a short text with one accent fits many."""

CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("iso8859-2", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-13", "iso8859-15", "iso8859-16"),
    *("koi8-r", "koi8-u", "ibm866"),
    *("gb18030", "big5", "big5hkscs", "euc-jp", "cp932", "cp949"),
)
"""What bytes that name no encoding may be in: what browsers read, less what is hardly met and easily mistaken."""

BINARY_MAGIC = (
    *(b"%PDF-", b"PK\x03\x04", b"\x7fELF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
    *(b"7z\xbc\xaf", b"Rar!", b"\xd0\xcf\x11\xe0", b"SQLite format 3", b"{\\rtf", b"OggS", b"ID3", b"RIFF"),
)
"""What files begin with that are no text."""

BLANK = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
"""A file of nothing but these bytes is empty."""

UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_BOMS = (  # the longer ones first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (UTF16_BOMS[0], "utf-16-le"),
    (UTF16_BOMS[1], "utf-16-be"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_NO_LABELS = ("replacement", "x-user-defined", "utf-8", "utf-16le", "utf-16be")  # nothing, or not what the bytes are
_ESCAPES = re.compile(rb"\x1b(?:\$[@AB]|\([BIJ]|\$\([CDGO])")  # that ISO-2022 changes its alphabet with
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_HEAD_BYTES = 4096
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META_CHARSET = re.compile(rb"<meta\s[^<>]{0,300}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:+-]{2,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"\A\s{0,9}<\?xml\s[^<>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([\w.:+-]{2,40})")

_WRONG = regex.compile("[\x80-\x84\x86-\x9f\ufffd]")  # no legacy encoding writes C1 controls, except NEL
_BEYOND_ASCII = regex.compile(r"[^\x00-\x7f]+")
# Letters of two alphabets in one word: what Italian is in a Cyrillic encoding (cittа).
_OTHER = r"[\p{Cyrillic}\p{Greek}\p{Hebrew}\p{Arabic}]"
_MIXED = regex.compile(rf"(?<=\p{{Latin}}){_OTHER}|{_OTHER}(?=\p{{Latin}})")


def decode(data: bytes, label: str = "") -> str:
    """The text of ``data``, without a byte order mark.

    A byte order mark decides, then UTF-8 where the bytes are that, then ``label``, the name of an encoding as a page,
    an e-mail or a user gives it, read as browsers read it (``latin1`` is Windows-1252). A label that is unknown, or
    that the bytes contradict, counts as none, and the likeliest encoding is taken. Single bytes that are wrong in it
    become U+FFFD.

    Raises:
        ReadError: the bytes are empty or no text.
    """
    if not data.strip(BLANK):
        raise NoText("is empty")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, errors="replace")
    if data.startswith(BINARY_MAGIC):
        raise Corrupt("is not text")
    if encoding := _wide_encoding(data):
        return data.decode(encoding, errors="replace")
    _refuse_binary(data)
    if data.isascii() and _ESCAPES.search(data):
        return _by_escapes(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    if text := _named(data, label):
        return text
    return _decode_lines(data) if _holds_utf8(data) else data.decode(likeliest_encoding(data), errors="replace")


def declared_encoding(markup: bytes) -> str:
    """What a page or an XML document says it is written in, or ""."""
    head = markup[:_HEAD_BYTES]
    found = _XML_ENCODING.match(head) or _META_CHARSET.search(_COMMENT.sub(b"", head))
    return found[1].decode("ascii", errors="replace") if found else ""


def likeliest_encoding(data: bytes) -> str:
    """The encoding, by its Python name, of a text that is not in UTF-8 and does not name one."""
    import chardet

    sample = _sample(data)
    if not sample:
        return "cp1252"
    found = chardet.detect_all(
        sample, ignore_threshold=True, include_encodings=CANDIDATES, no_match_encoding=CANDIDATES[0]
    )
    likely = {codecs.lookup(one["encoding"]).name: one["confidence"] for one in found if one["encoding"]}
    best = next((encoding for encoding in likely if _fits(sample, encoding)), "cp1252")
    western = likely.get("cp1252", 0.0) >= WESTERN_FIRST * likely.get(best, 0.0)
    return "cp1252" if western and _fits(sample, "cp1252") else best


def _named(data: bytes, label: str) -> str:
    """The text in the encoding of that name; empty where it is none, or the bytes contradict it."""
    import webencodings

    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in _NO_LABELS:
        return ""
    text = data.decode(encoding.codec_info.name, errors="replace")
    return text if _few_wrong(text) else ""


def _by_escapes(data: bytes) -> str:
    """The text of ASCII bytes that change their alphabet by escapes."""
    text = data.decode("iso2022_kr" if b"\x1b$)C" in data else "iso2022_jp_2", errors="replace")
    return text if _few_wrong(text) else data.decode("ascii")


def _holds_utf8(data: bytes) -> bool:
    """Whether most lines beyond ASCII are in UTF-8; others were added in another encoding."""
    lines = _lines(_sample(data))
    return 2 * sum(_as_utf8(line) != "" for line in lines) > len(lines)


def _decode_lines(data: bytes) -> str:
    """The text of lines of which some are in UTF-8, and the others in one other encoding."""
    encoding = likeliest_encoding(b"".join(line for line in _lines(data) if not _as_utf8(line)))
    return "".join(_as_utf8(line) or line.decode(encoding, errors="replace") for line in _lines(data))


def _as_utf8(line: bytes) -> str:
    """Its text; empty when more than a few bytes are wrong."""
    text = line.decode("utf-8", errors="replace")
    return text if _few_wrong(text) else ""


def _few_wrong(text: str) -> bool:
    return len(_WRONG.findall(text)) <= MOST_WRONG * sum(map(len, _BEYOND_ASCII.findall(text)))


def _fits(sample: bytes, encoding: str) -> bool:
    """Whether the sample is a text in that encoding: no control characters, and no words of two alphabets."""
    text = sample.decode(encoding, errors="replace")
    beyond = sum(map(len, _BEYOND_ASCII.findall(text)))
    return _few_wrong(text) and 10 * len(_MIXED.findall(text)) <= beyond


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def _sample(data: bytes) -> bytes:
    """The first lines that are not plain ASCII, which says nothing of an encoding."""
    sample = bytearray()
    for line in io.BytesIO(data):
        if not line.isascii():
            sample += line[: SAMPLE_BYTES - len(sample)]
        if len(sample) >= SAMPLE_BYTES:
            break
    return bytes(sample)


def _wide_encoding(data: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark: most texts in them hold NUL bytes."""
    import chardet

    sample = data[:_HEAD_BYTES]
    if b"\0" not in sample:
        return ""
    encoding = chardet.detect(sample, include_encodings=_WIDE, no_match_encoding=_WIDE[0])["encoding"] or _WIDE[0]
    text = sample.decode(encoding, errors="replace")
    shown = sum(character.isprintable() or character.isspace() for character in text)
    return encoding if shown >= (1 - MOST_WRONG) * len(text) - 1 else ""


def _refuse_binary(data: bytes) -> None:
    sample = data[:SAMPLE_BYTES]
    control = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if control > 0.02 * len(sample) + 2:
        raise Corrupt("is not text")
