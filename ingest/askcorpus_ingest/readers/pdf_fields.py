"""What people filled into a form that is a PDF, or wrote over its pages: its pages' own text has none of it."""

import ctypes
from collections.abc import Iterator
from typing import Any

MOST_NOTES = 10_000
"""Links, fields and notes of a page that are looked at."""


def filled_in(page: Any) -> list[str]:
    """A line for each text or choice in a field, with the field's name, and for each text written over the page."""
    return [" ".join(line.split()) for line in _lines(page)]


def _lines(page: Any) -> Iterator[str]:
    from pypdfium2 import raw

    for number in range(min(raw.FPDFPage_GetAnnotCount(page), MOST_NOTES)):
        note = raw.FPDFPage_GetAnnot(page, number)
        if not note:
            continue
        kind = raw.FPDFAnnot_GetSubtype(note)
        if kind == raw.FPDF_ANNOT_FREETEXT and (written := _said(note, b"Contents")):
            yield written
        elif kind == raw.FPDF_ANNOT_WIDGET and _said(note, b"FT") in ("Tx", "Ch") and (value := _said(note, b"V")):
            name = _said(note, b"TU") or _said(note, b"T")
            yield f"{name}: {value}" if name else value
        raw.FPDFPage_CloseAnnot(note)


def _said(note: Any, key: bytes) -> str:
    """What a note says under a key; "" where it says nothing."""
    from pypdfium2 import raw

    size = raw.FPDFAnnot_GetStringValue(note, key, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFAnnot_GetStringValue(note, key, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace").strip()
