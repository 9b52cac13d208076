"""What people filled into a form that is a PDF, or wrote over its pages: its pages' own text has none of it."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

MOST_NOTES = 10_000
"""Links, fields and notes of a page that are looked at."""


def filled_in(page: Any) -> list[str]:
    """A line for each text or choice in a field and each box that is ticked, with the field's name, and for each text
    written over the page."""
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
        elif kind == raw.FPDF_ANNOT_WIDGET:
            yield from _field(note) if page.formenv is None else _field_of_form(page.formenv, note)
        raw.FPDFPage_CloseAnnot(note)


def _field(note: Any) -> Iterator[str]:
    """What a field says of itself that belongs to no form."""
    if _said(note, b"FT") in ("Tx", "Ch") and (value := _said(note, b"V")):
        name = _said(note, b"TU") or _said(note, b"T")
        yield f"{name}: {value}" if name else value


def _field_of_form(form: Any, note: Any) -> Iterator[str]:
    """What a field of a form is told to hold, some of it by fields that it is a part of."""
    from pypdfium2 import raw

    def told(tell: Callable[..., int]) -> str:
        return _text(lambda buffer, size: tell(form, note, buffer, size))

    kind = raw.FPDFAnnot_GetFormFieldType(form, note)
    name = told(raw.FPDFAnnot_GetFormFieldAlternateName)
    name = name or told(raw.FPDFAnnot_GetFormFieldName).rpartition(".")[2]
    if kind in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        if value := told(raw.FPDFAnnot_GetFormFieldValue):
            yield f"{name}: {value}" if name else value
    elif kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        value = told(raw.FPDFAnnot_GetFormFieldExportValue)
        if name and value and raw.FPDFAnnot_IsChecked(form, note):
            yield f"{name}: {value}"


def _said(note: Any, key: bytes) -> str:
    """What a note says under a key; "" where it says nothing."""
    from pypdfium2 import raw

    return _text(lambda buffer, size: raw.FPDFAnnot_GetStringValue(note, key, buffer, size))


def _text(tell: Callable[[Any, int], int]) -> str:
    """A text that PDFium tells the size of where there is no buffer for it."""
    from pypdfium2 import raw

    size = tell(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    tell(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace").strip()
