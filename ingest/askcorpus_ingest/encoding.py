"""Text from bytes, in whatever encoding they are."""

from askcorpus.errors import ReadError

BINARY_MAGIC = (
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
BLANK = b" \t\r\n\0\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))


def decode(data: bytes, declared: str = "") -> str:
    """Text from bytes: UTF-8 or UTF-16 where they are, else the ``declared`` encoding, else the likeliest one.

    Raises:
        ReadError: the bytes are empty or no text.
    """
    if not data.strip(BLANK):
        raise ReadError("is empty")
    if data.startswith(UTF16_BOMS):
        return data.decode("utf-16", errors="replace")
    if data.startswith(BINARY_MAGIC):
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
