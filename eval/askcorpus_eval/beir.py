"""Question sets in the format of BEIR (Thakur et al. 2021): queries.jsonl, qrels/*.tsv and corpus.jsonl."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from askcorpus.errors import UsageError
from askcorpus_eval.question_rows import Row, json_lines

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"


def qrels_of(folder: Path) -> Path:
    """``test.tsv`` if there is one (BEIR reports on it), else the only file.

    Raises:
        UsageError: it is not a BEIR folder, or has several files and no ``test.tsv``.
    """
    files = sorted((folder / "qrels").glob("*.tsv"))
    if not (folder / QUERIES).is_file() or not files:
        raise UsageError(f"{folder}: not a BEIR folder.", "It needs queries.jsonl and qrels/*.tsv.")
    test = [file for file in files if file.name == "test.tsv"]
    if not test and len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise UsageError(f"{folder}: several judgement files ({names}).", "Name one: qrels/NAME.tsv.")
    return (test or files)[0]


def judged_queries(folder: Path, qrels: Path) -> Iterator[Row]:
    """The judged queries, in the order of ``queries.jsonl``, with our field names."""
    grades, faults = _read_qrels(qrels)
    if faults:
        raise UsageError(f"{qrels}: {'; '.join(faults[:5])}.", "Mend these rows.")
    for number, query in json_lines(folder / QUERIES):
        if (name := str(query.get("_id", ""))) in grades:
            yield Row(number, _fields(query, grades[name]))


def _fields(query: Mapping[str, Any], grades: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": str(query["_id"]),
        "question": query.get("text", ""),
        "doc_ids": list(grades),
        "grades": dict(grades),
        "answerable": bool(grades) or None,
    }


def _read_qrels(path: Path) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Query id → relevant document id → grade; a query judged without any relevant document maps to nothing."""
    grades: dict[str, dict[str, int]] = {}
    faults = []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, delimiter="\t")
        if next(reader, None) != ["query-id", "corpus-id", "score"]:
            raise UsageError(f"{path}: line 1: the header is not query-id, corpus-id, score, separated by tabs.")
        for cells in reader:
            if len(cells) != 3 or not cells[2].lstrip("-").isdigit():
                faults.append(f"line {reader.line_num}: not query, document and whole-number score")
                continue
            judged = grades.setdefault(cells[0], {})
            if int(cells[2]) > 0:
                judged[cells[1]] = int(cells[2])
    return grades, faults
