"""`askcorpus ask --file`: a file of questions in, a table of answers out."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner, Result

from askcorpus.errors import ModelError, UsageError
from askcorpus_ui.cli.answer_table import open_table
from askcorpus_ui.cli.commands import app

pytestmark = pytest.mark.usefixtures("one_model")

ROWS = [
    {
        "doc_id": "harbour",
        "title": "=The harbour",
        "date": "2023-02-03",
        "source": "Coast Wire",
        "url": "https://example.org/harbour",
        "text": "The harbour of Ostende closed on Friday because of a storm. Ferries sailed from Zeebrugge instead.",
    },
    {
        "doc_id": "bridge",
        "title": "Le pont",
        "date": "2021-05",
        "source": "Agence Rhône",
        "text": "Le pont de Verdan a rouvert mardi après deux ans de travaux. La réparation a coûté douze millions.",
    },
]
STORM = "Why did the harbour of Ostende close?"
BRIDGE = "Quand le pont de Verdan a-t-il rouvert ?"
NOTHING = "Who won the chess tournament of Wijk aan Zee?"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batch")
    (folder / "news.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert run("ingest", folder / "news.jsonl", "--data", folder / "data").exit_code == 0
    return folder / "data"


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("questions") / "q.csv"
    file.write_text(f"No;Frage;remark\n1;{STORM};x\n;;\n2;{BRIDGE};\n3;{NOTHING};\n", encoding="utf-8")
    return file


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_row_an_answer_with_its_proof(data: Path, questions: Path, tmp_path: Path) -> None:
    options = ("--map", "question=Frage", "--map", "id=No", "--data", data)
    result = run("ask", "--file", questions, "--out", tmp_path / "a.csv", *options)
    assert result.exit_code == 0
    assert (result.stdout, result.stderr.splitlines()) == (
        "",
        [
            "askcorpus: columns are read by what they mean: 'Frage' as question, 'No' as id",
            "askcorpus: columns that are not read: 'remark'",
            f"askcorpus: 3 questions, 2 answers: {tmp_path / 'a.csv'}",
        ],
    )
    storm, bridge, nothing = read_csv(tmp_path / "a.csv")
    assert (storm["id"], storm["question"], storm["answered"]) == ("1", STORM, "yes")
    assert storm["quote"] in ROWS[0]["text"] and "storm" in storm["quote"]
    assert (storm["title"], storm["date"], storm["source"]) == ("'=The harbour", "2023-02-03", "Coast Wire")
    assert (storm["link"], storm["document_id"]) == ("https://example.org/harbour", "harbour")
    assert ROWS[0]["text"][int(storm["start"]) : int(storm["end"])] == storm["quote"]
    assert 0 < float(storm["confidence"]) <= 1
    assert bridge["link"] == (data.parent / "news.jsonl").as_uri()
    assert (nothing["answered"], nothing["quote"], nothing["link"]) == ("no", "", "")


def test_as_a_workbook_and_as_json_lines(data: Path, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text(f"{STORM}\n\n{NOTHING}\n", encoding="utf-8")
    for out in ("a.xlsx", "a.jsonl"):
        assert run("ask", "--file", tmp_path / "q.txt", "--out", tmp_path / out, "--data", data).exit_code == 0
    head, first, second = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    row = dict(zip(head, first, strict=True))
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]

    assert (row["question"], row["answered"], row["title"]) == (STORM, "yes", "=The harbour")
    assert [line["answered"] for line in lines] == [row["answered"], dict(zip(head, second, strict=True))["answered"]]
    assert row["confidence"] == lines[0]["confidence"]
    assert lines[0]["citations"][0]["quote"] == lines[0]["quote"] == row["quote"]
    assert (lines[1]["citations"], "quote" in lines[1]) == ([], False)


def test_a_grid_of_documents_and_questions(data: Path, questions: Path, tmp_path: Path) -> None:
    options = ("--map", "question=Frage", "--per-document", "--data", data)
    assert run("ask", "--file", questions, "--out", tmp_path / "g.csv", *options).exit_code == 0
    rows = {row["document_id"]: row for row in read_csv(tmp_path / "g.csv")}
    assert set(rows) == {"harbour", "bridge"}
    assert list(rows["harbour"])[:4] == ["title", "source", "date", "document_id"]
    assert "storm" in rows["harbour"][STORM] and rows["harbour"][BRIDGE] == ""
    assert "mardi" in rows["bridge"][BRIDGE] and rows["bridge"][STORM] == ""

    assert (
        run("ask", "--file", questions, "--out", tmp_path / "g.jsonl", *options, "--source", "Coast Wire").exit_code
        == 0
    )
    lines = [json.loads(line) for line in (tmp_path / "g.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["document_id"], line["answered"]) for line in lines] == [
        ("harbour", "yes"),
        ("harbour", "no"),
        ("harbour", "no"),
    ]


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1")


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    for name in ("a.csv", "a.xlsx"):
        with open_table(tmp_path / name, ("=head", "text")) as table:
            for text in FORMULAS:
                table.add({"=head": text, "text": "plain"})
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert [row[0] for row in csv.reader(lines)] == ["'=head", *(f"'{text}" for text in FORMULAS)]
    sheet = ZipFile(tmp_path / "a.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "quotePrefix" in ZipFile(tmp_path / "a.xlsx").read("xl/styles.xml").decode()
    rows = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert [str(row[0]).strip() for row in rows] == ["=head", *(text.strip() for text in FORMULAS)]


def test_what_a_cell_cannot_hold_is_cut_and_what_drives_terminals_taken_out(tmp_path: Path) -> None:
    with open_table(tmp_path / "a.xlsx", ("text",)) as table:
        table.add({"text": "x" * 40_000})
        table.add({"text": "a\x1b[31mb\x07\ud800"})
    rows = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert rows[1] == ["x" * 32_766 + "…"]
    assert rows[2] == ["ab\ufffd"]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.jsonl"])
def test_an_error_keeps_the_rows_so_far(tmp_path: Path, name: str) -> None:
    def add_and_fail() -> Iterator[None]:
        with open_table(tmp_path / name, ("question",)) as table:
            table.add({"question": "Why?"})
            raise ModelError("The server went away.")
        yield

    with pytest.raises(ModelError):
        next(add_and_fail())
    if name.endswith("xlsx"):
        assert CalamineWorkbook.from_path(tmp_path / name).get_sheet_by_index(0).to_python()[1] == ["Why?"]
    else:
        assert "Why?" in (tmp_path / name).read_text()
    with pytest.raises(UsageError, match="exists already"):
        open_table(tmp_path / name, ("question",))


def heed_ctrl_c() -> None:
    """In a process that begins: a background job of a shell ignores it, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_keeps_what_is_done(data: Path, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("".join(f"{STORM} Number {n}?\n" for n in range(2000)))
    out = tmp_path / "a.jsonl"
    files = ("--file", str(tmp_path / "q.txt"), "--out", str(out), "--data", str(data))
    command = [sys.executable, "-m", "askcorpus_ui.cli", "ask", *files]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ, preexec_fn=heed_ctrl_c) as process:
        until = time.monotonic() + 120
        while time.monotonic() < until and not (out.exists() and out.stat().st_size):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.decode().splitlines()[-1] == "askcorpus: stopped."
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert 0 < len(lines) < 2000
    assert [line["id"] for line in lines] == [f"q{n}" for n in range(1, len(lines) + 1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "One question is answered, or a file of them", id="nothing"),
        pytest.param(["Why?", "--file", "q.txt", "--out", "a.csv"], "One question is answered", id="both"),
        pytest.param(["--file", "q.txt"], "--file FILE and --out FILE", id="no-out"),
        pytest.param(["Why?", "--out", "a.csv"], "--file FILE and --out FILE", id="no-file"),
        pytest.param(["--file", "q.txt", "--out", "a.csv", "--json"], "are for one question", id="json"),
        pytest.param(["Why?", "--per-document"], "are for a file of questions", id="grid-of-one"),
        pytest.param(["--file", "q.txt", "--out", "a.pdf"], "written as .csv, .xlsx, .jsonl", id="ending"),
        pytest.param(["--file", "none.txt", "--out", "a.csv"], "No such file", id="no-questions"),
        pytest.param(
            ["--file", "q.txt", "--out", "a.csv", "--per-document", "--source", "Nobody"],
            "No document is from “Nobody”",
            id="none",
        ),
    ],
)
def test_wrong_options_are_one_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "q.txt").write_text("Why?\n")
    result = run("ask", *arguments, "--data", data)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr
    assert not list(tmp_path.glob("a.*"))
