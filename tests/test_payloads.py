"""Sixty hostile texts in tables of answers: what a spreadsheet would compute or fetch is a text there, everywhere."""

import csv
import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from askcorpus.text.characters import FORMULA_STARTS
from askcorpus.types import Answer, Citation, Document, IndexInfo, ModelFault
from askcorpus_ui.answer_rows import COLUMNS, row_of
from askcorpus_ui.cli.answer_table import open_table
from payloads import FORMULAS, PAYLOADS, token
from scripted import ScriptedAssistant
from serving import serving

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NUMBERS = {"answered", "confidence", "start", "end"}
"""Columns that no document and no question writes."""


def answer(payload: str) -> Answer:
    citations = [
        Citation(
            marker=marker,
            answer_start=0,
            answer_end=1,
            document_id=payload,
            passage_id=payload,
            title=payload,
            source=payload,
            date=payload,
            url=payload,
            quote=payload,
            start=0,
            end=1,
            locator={"page": payload},
            verified=True,
        )
        for marker in (1, 2)
    ]
    index = IndexInfo(fingerprint="x", documents=1, passages=1)
    known = {
        "id": "a",
        "question": payload,
        "standalone_question": payload,
        "model": "x",
        "answered_by": payload,
        "model_fault": ModelFault(kind="failed", detail=payload),
        "index": index,
    }
    return Answer(answer=payload, answerable=True, confidence=0.5, citations=tuple(citations), **known)


ROWS = [row_of(payload, payload, answer(payload), lambda citation: citation.url) for payload in PAYLOADS]


def test_every_column_is_attacked() -> None:
    assert {start for start in FORMULAS if any(payload.startswith(start) for payload in PAYLOADS)} == set(FORMULAS)
    for number, row in enumerate(ROWS):
        assert row.keys() == set(COLUMNS)
        assert all(token(number) in str(row[name]) for name in set(COLUMNS) - NUMBERS), "a column without a payload"


def test_no_cell_of_a_csv_table_is_a_formula(tmp_path: Path) -> None:
    with open_table(tmp_path / "answers.csv", [*COLUMNS, *PAYLOADS]) as table:
        for row in ROWS:
            table.add({**row, **dict(zip(PAYLOADS, PAYLOADS, strict=True))})
    head, *lines = csv.reader(io.StringIO((tmp_path / "answers.csv").read_text("utf-8-sig")))
    assert len(lines) == len(PAYLOADS)
    for line in (head, *lines):
        assert len(line) == len(head)
        assert [cell for cell in line if cell.startswith(FORMULA_STARTS)] == []
    for number, line in enumerate(lines):
        assert sum(token(number) in cell for cell in line) == len(set(COLUMNS) - NUMBERS) + 1


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    with open_table(tmp_path / "answers.xlsx", [*COLUMNS, *PAYLOADS]) as table:
        for row in ROWS:
            table.add({**row, **dict(zip(PAYLOADS, PAYLOADS, strict=True))})
    with zipfile.ZipFile(tmp_path / "answers.xlsx") as book:
        names = book.namelist()
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        texts = ["".join(one.itertext()) for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
        styles = ElementTree.fromstring(book.read("xl/styles.xml")).findall(f"{SHEET}cellXfs/{SHEET}xf")
    assert not any("rels/sheet" in name or "external" in name.lower() for name in names)
    assert sheet.findall(f".//{SHEET}f") == sheet.findall(f".//{SHEET}hyperlink") == []
    cells = [cell for cell in sheet.iter(f"{SHEET}c") if cell.get("t") == "s"]
    assert len(cells) > len(PAYLOADS) ** 2
    for cell in cells:
        text = texts[int(cell.findtext(f"{SHEET}v") or "")]
        line = int("".join(filter(str.isdigit, str(cell.get("r")))))
        if text.startswith(FORMULAS) and line > 1:
            assert styles[int(str(cell.get("s")))].get("quotePrefix") == "1", "else it computes once it is edited"


@pytest.mark.parametrize("per_document", [False, True])
def test_lines_of_a_batch_stay_lines_and_are_whole(per_document: bool) -> None:
    documents = [Document(id=payload, title=payload, source=payload, text=f"{payload} So.") for payload in PAYLOADS[:9]]
    asked = [{"id": payload, "question": payload} for payload in PAYLOADS]
    with serving(ScriptedAssistant(documents)) as address:
        body = {"questions": asked, "per_document": per_document}
        reply = httpx.post(f"{address}/api/v1/ask/batch", json=body, timeout=60)
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert reply.headers["x-content-type-options"] == "nosniff"
    rows = [json.loads(line) for line in reply.text.splitlines()]
    assert [row["id"] for row in rows] == [*PAYLOADS] * (9 if per_document else 1)
    assert reply.content.isascii()
