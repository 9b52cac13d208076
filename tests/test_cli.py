"""The command line, run as a user runs it: real store, real model, every way to get it wrong."""

import json
import os
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from askcorpus.answer.confidence import load_calibration
from askcorpus.answer.outcomes import Measured, conditions, write_outcomes
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index import migrations
from askcorpus.index.opening import index_fingerprint
from askcorpus.settings import read_settings
from askcorpus.types import Answer, Document, Hit
from askcorpus_ui.cli.commands import app

ARTICLES = {
    "bridge.txt": "date 2021-05\nLYON (Agence Rhône) – Le pont de Verdan a rouvert mardi après deux ans de travaux. "
    "La réparation a coûté douze millions d'euros.",
    "harbour.txt": "date 2023-02\nOSTENDE (Coast Wire) – The harbour of Ostende closed on Friday because of a storm. "
    "Ferries sailed from Zeebrugge instead, the port authority said.",
    "market.md": "# Market moves\n\nThe fish market of Ostende moves to the old station in March.\n",
}
QUESTION = "Why did the harbour of Ostende close?"


pytestmark = pytest.mark.usefixtures("one_model")


def run(*arguments: str | Path, data: Path | None = None, text: str | bytes | None = None) -> Result:
    """The command in this process; ``exit_code``, ``stdout`` and ``stderr`` are what a user gets."""
    options = ["--data", str(data)] if data else []
    result = CliRunner().invoke(app, [*map(str, arguments), *options], input=text)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def start(*arguments: str | Path, **options: Any) -> "subprocess.Popen[bytes]":
    """The command in a process of its own, to which file permissions apply even where root runs the tests."""
    command = [sys.executable, "-m", "askcorpus_ui.cli", *map(str, arguments)]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def assert_one_line(result: Result, exit_code: int, *words: str) -> None:
    assert result.stdout == ""
    assert result.stderr.startswith("askcorpus: ")
    assert result.stderr.count("\n") == 1, result.stderr
    for word in words:
        assert word in result.stderr
    assert result.exit_code == exit_code


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("articles")
    for name, text in ARTICLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def index(articles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds the articles; tests that write take ``own_index``."""
    data = tmp_path_factory.mktemp("data") / "index"
    assert run("ingest", articles, data=data).exit_code == 0
    return data


@pytest.fixture
def own_index(index: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(index, tmp_path / "index"))


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ASKCORPUS_")]:
        monkeypatch.delenv(name)


# ── ingest ──────────────────────────────────────────────────────────────────────────────────────────────────────────


NONE = {"moved": 0, "missing": 0, "withheld": 0, "undated": 0}
REST = NONE | {"undated": 1}
"""market.md says no date."""


def counts(result: Result) -> dict[str, int]:
    """The counts on the last line of standard output."""
    found: dict[str, int] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_ingest_counts_and_a_second_run_writes_nothing(articles: Path, tmp_path: Path) -> None:
    first = run("ingest", articles, "--json", data=tmp_path / "index")
    second = run("ingest", articles, "--json", data=tmp_path / "index")

    assert counts(first) == {"added": 3, "changed": 0, "unchanged": 0, "removed": 0, "failed": 0, "skipped": 0} | REST
    assert counts(second) == {"added": 0, "changed": 0, "unchanged": 3, "removed": 0, "failed": 0, "skipped": 0} | REST


def test_ingest_of_an_unchanged_folder_loads_no_model(articles: Path, index: Path) -> None:
    code = (
        "import sys\nfrom askcorpus_ui.cli.commands import app\n"
        f"try: app(['ingest', {str(articles)!r}, '--data', {str(index)!r}])\n"
        "finally: print(*{'torch', 'gradio', 'lingua', 'trafilatura'} & sys.modules.keys())"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.splitlines() == ["0 added, 0 changed, 3 unchanged, 0 removed, 0 failed, 0 skipped, 1 undated", ""]


def test_ingest_says_what_a_dry_run_would_do(articles: Path, own_index: Path, tmp_path: Path) -> None:
    newer = Path(shutil.copytree(articles, tmp_path / "articles"))
    (newer / "new.txt").write_text("A ferry named Mercator starts in May.", encoding="utf-8")

    result = run("ingest", newer, "--dry-run", data=own_index)

    assert "1 added" in result.stdout or "4 added" in result.stdout
    assert "(dry run)" in result.stdout
    assert "Mercator" not in run("search", "a ferry named Mercator", data=own_index).stdout


def test_ingest_prunes_on_request_only(articles: Path, tmp_path: Path) -> None:
    folder, data = Path(shutil.copytree(articles, tmp_path / "articles")), tmp_path / "index"
    run("ingest", folder, data=data)
    (folder / "market.md").unlink()

    kept = run("ingest", folder, "--json", data=data)
    pruned = run("ingest", folder, "--prune", "--json", data=data)

    assert counts(kept)["removed"] == 0
    assert counts(pruned) == {"added": 0, "changed": 0, "unchanged": 2, "removed": 1, "failed": 0, "skipped": 0} | NONE


def test_ingest_reports_what_it_cannot_read_and_takes_the_rest(articles: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(articles, tmp_path / "articles"))
    (folder / "empty.txt").touch()
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 20)

    result = run("ingest", folder, "--json", data=tmp_path / "index")

    assert result.exit_code == 1
    assert counts(result) == {"added": 3, "changed": 0, "unchanged": 0, "removed": 0, "failed": 2, "skipped": 0} | REST
    lines = [line for line in result.stderr.splitlines() if line.startswith("askcorpus: not ingested: ")]
    assert len(lines) == 2
    assert "binary.txt" in lines[0]
    assert "empty.txt" in lines[1]


# ── ask and search ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_ask_prints_the_answer_and_its_proof(index: Path) -> None:
    result = run("ask", QUESTION, data=index)

    assert result.exit_code == 0
    answer, proof = result.stdout.split("\n\n[1] ", 1)
    assert "storm" in answer
    assert "[1]" in answer
    quote, place = proof.split("\n")[:2]
    document_id, span = place.split(" · ")[-1].rsplit(":", 1)
    first, last = map(int, span.split("-"))
    document = Document.model_validate_json(run("docs", "show", document_id, "--json", data=index).stdout)
    assert quote == f"“{document.text[first:last]}”"
    assert "2023-02" in place


def test_ask_says_which_time_it_preferred(index: Path) -> None:
    result = run("ask", "Why did the harbour of Ostende close in February 2023?", data=index)

    assert "askcorpus: preferring documents of 2023-02" in result.stderr
    assert "preferring" not in run("ask", QUESTION, data=index).stderr
    overview = run("ask", "What happened in February 2023?", data=index)
    assert overview.stdout.startswith("February 2023")
    assert "preferring" not in overview.stderr, "it has those alone"


def test_ask_json_is_the_answer(index: Path) -> None:
    result = run("ask", QUESTION, "--explain", "--json", data=index)

    answer = Answer.model_validate_json(result.stdout)
    assert result.stdout.count("\n") == 1
    assert answer.question == QUESTION
    assert answer.answerable
    assert answer.explain is not None
    assert answer.explain.verdict.startswith("answers: ")
    assert answer.index.documents == 3


def test_ask_explains_itself_in_tables(index: Path) -> None:
    shown = run("ask", QUESTION, "--explain", "--language", "en", data=index).stdout
    answer = Answer.model_validate_json(
        run("ask", QUESTION, "--explain", "--language", "en", "--json", data=index).stdout
    )

    assert answer.explain is not None
    *_, verdict = shown.splitlines()
    assert verdict == answer.explain.verdict
    assert "languages: en" in shown
    rows = {line.split(" · ")[-1]: line.split() for line in shown.splitlines() if " · p" in line}
    for rank, passage in enumerate(answer.explain.passages, start=1):
        dense, lexical, rerank = passage.scores.dense, passage.scores.lexical, passage.scores.rerank
        assert rows[passage.passage_id][:5] == [
            str(rank),
            "-" if dense is None else f"{dense:.3f}",
            "-" if lexical is None else f"{lexical:.2f}",
            f"{passage.scores.fused:.2f}",
            "-" if rerank is None else f"{rerank:.2f}",
        ]
    for name, feature in answer.explain.features.items():
        assert f"{name} {feature.value:.2f} {feature.neutral:.2f} {feature.pull:+.2f}" in " ".join(shown.split())


def test_a_name_that_the_passages_do_not_have_is_told(index: Path) -> None:
    result = run("ask", "Did the ferry from Ostende sail to Japan?", data=index)
    assert "askcorpus: not named in these passages: Japan" in result.stderr


def test_ask_that_finds_nothing_says_so_and_succeeds(index: Path) -> None:
    result = run("ask", "What is the boiling point of tungsten?", "--json", data=index)

    assert result.exit_code == 0
    answer = Answer.model_validate_json(result.stdout)
    assert not answer.answerable
    assert answer.citations == ()


def test_ask_reads_standard_input(index: Path) -> None:
    result = run("ask", "-", "--json", data=index, text=QUESTION + "\n")

    assert Answer.model_validate_json(result.stdout).answerable


def test_filters_narrow_what_is_asked(index: Path) -> None:
    def found(*options: str) -> set[str]:
        output = json.loads(run("search", "Ostende", "--json", *options, data=index).stdout)
        return {Hit.model_validate(passage).date for passage in output["hits"]}

    assert {"2021-05", "2023-02"} <= found()
    assert found("--language", "fr") == {"2021-05"}
    assert found("--from", "2022") == {"2023-02"}
    assert found("--to", "2021-05-31") == {"2021-05"}


def test_search_ranks_passages(index: Path) -> None:
    result = run("search", "combien a coûté le pont", "--top-k", "2", "--json", data=index)

    passages = [Hit.model_validate(passage) for passage in json.loads(result.stdout)["hits"]]
    assert 1 <= len(passages) <= 2
    assert "douze millions" in passages[0].text
    assert "douze millions" in run("search", "combien a coûté le pont", data=index).stdout


def test_json_is_utf_8_whatever_the_locale_says(index: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C", "PYTHONIOENCODING": "ascii"}

    with start("docs", "list", "--language", "fr", "--json", "--data", index, env=environment) as process:
        out, _ = process.communicate()

    assert process.returncode == 0
    assert json.loads(out.decode("utf-8"))["documents"][0]["source"] == "Agence Rhône"
    assert b"\\u" not in out


def test_an_error_rate_that_cannot_be_promised_is_refused(index: Path) -> None:
    result = run("ask", QUESTION, "--max-error", "0.1%", data=index)

    assert_one_line(result, 2, "rate", "promised", "Measure", "askcorpus eval calibrate QUESTIONS.")


def test_an_error_rate_is_ordered_by_the_answers_that_are_known(
    own_index: Path, embeddings: SentenceEmbeddings
) -> None:
    settings = read_settings(data=own_index)
    at = conditions(settings, index_fingerprint(settings, embeddings), "extractive", load_calibration())
    known = Measured(questions="q", date="2026-11-26", conditions=at, asked=80, outcomes=((0.999, 1),) * 60)
    write_outcomes(own_index / "risk.json", known)

    plain, careful = run("ask", QUESTION, data=own_index), run("ask", QUESTION, "--max-error", "5%", data=own_index)
    checks = CliRunner(env={"ASKCORPUS_MAX_ERROR": "5%"}).invoke(app, ["doctor", "--data", str(own_index)])

    assert "because of a storm" in plain.stdout
    assert careful.exit_code == 0
    assert "Nearest passages" in careful.stdout, "nothing is as sure as .999"
    assert "at most 5 % of the answers are wrong" in careful.stderr
    assert "from confidence 0.999 on, which is 75 % of them" in careful.stderr
    assert "ok      max_error      at most 5 %" in checks.stdout


def test_serve_refuses_an_error_rate_that_cannot_be_promised(index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    result = run("serve", "--port", str(port), "--max-error", "0.1%", data=index)

    assert_one_line(result, 2, "rate", "promised", "Measure", "askcorpus eval calibrate QUESTIONS.")


# ── docs, rebuild, doctor ───────────────────────────────────────────────────────────────────────────────────────────


def listed(data: Path) -> list[dict[str, str]]:
    documents: list[dict[str, str]] = json.loads(run("docs", "list", "--json", data=data).stdout)["documents"]
    return documents


def test_docs_list_newest_first(index: Path) -> None:
    documents = listed(index)

    assert [document["date"] for document in documents][:2] == ["2023-02", "2021-05"]
    assert run("docs", "list", data=index).stdout.count("\n") == 3
    page = json.loads(run("docs", "list", "--limit", "1", "--offset", "1", "--json", data=index).stdout)
    assert (page["total"], [document["id"] for document in page["documents"]]) == (3, [documents[1]["id"]])


def test_docs_show_prints_the_whole_text(index: Path) -> None:
    document_id = listed(index)[0]["id"]

    document = Document.model_validate_json(run("docs", "show", document_id, "--json", data=index).stdout)

    assert document.id == document_id
    assert document.text in run("docs", "show", document_id, data=index).stdout


def test_docs_remove_takes_all_or_nothing(own_index: Path) -> None:
    document_id = listed(own_index)[0]["id"]

    assert_one_line(run("docs", "remove", document_id, "nosuch", data=own_index), 2, "nosuch")
    assert len(listed(own_index)) == 3
    assert run("docs", "remove", document_id, data=own_index).stdout == "1 removed\n"
    assert document_id not in {document["id"] for document in listed(own_index)}


def test_what_was_removed_stays_out_until_it_is_restored(articles: Path, own_index: Path) -> None:
    document_id = listed(own_index)[0]["id"]
    run("docs", "remove", document_id, data=own_index)

    result = run("ingest", articles, "--json", data=own_index)

    assert (counts(result)["added"], counts(result)["unchanged"], counts(result)["withheld"]) == (0, 2, 1)
    assert "1 document left out" in result.stderr
    assert document_id not in {document["id"] for document in listed(own_index)}
    assert_one_line(run("docs", "restore", "nosuch", data=own_index), 2, "nosuch")
    assert "1 will come back" in run("docs", "restore", document_id, data=own_index).stdout
    assert counts(run("ingest", articles, "--json", data=own_index))["added"] == 1
    assert document_id in {document["id"] for document in listed(own_index)}


def test_rebuild_makes_the_indexes_again(own_index: Path) -> None:
    before = run("search", "harbour", "--json", data=own_index).stdout

    result = run("rebuild", data=own_index)

    assert result.exit_code == 0
    assert "3 documents" in result.stdout
    assert run("search", "harbour", "--json", data=own_index).stdout == before


def test_doctor_finds_a_sound_index_sound(index: Path) -> None:
    result = run("doctor", "--json", data=index)

    report = json.loads(result.stdout)
    assert (result.exit_code, report["ok"]) == (0, True)
    assert all(check["ok"] for check in report["checks"])
    assert run("doctor", data=index).stdout.count("\n") == len(report["checks"])


@pytest.mark.parametrize(
    "flipped",
    ["replace(text, 'storm', 'story')", "CAST(x'ff' || CAST(text AS BLOB) AS TEXT)"],
    ids=["letter", "no text"],
)
def test_doctor_names_a_damaged_document_which_can_be_taken_in_anew(
    articles: Path, own_index: Path, flipped: str
) -> None:
    document_id = listed(own_index)[0]["id"]
    with sqlite3.connect(own_index / "catalog.sqlite3") as raw:
        raw.execute(f"UPDATE documents SET text = {flipped} WHERE id = ?", [document_id])
    raw.close()

    result = run("doctor", data=own_index)

    assert result.exit_code == 1
    [failed] = [line for line in result.stdout.splitlines() if line.startswith("FAILED")]
    assert document_id in failed
    assert "askcorpus docs remove" in failed
    assert run("docs", "remove", document_id, data=own_index).exit_code == 0
    assert counts(run("ingest", articles, "--json", data=own_index))["added"] == 1
    assert run("doctor", data=own_index).exit_code == 0


def test_doctor_finds_vectors_that_another_model_made(own_index: Path) -> None:
    drawn = np.random.default_rng(1).normal(size=384).astype(np.float32)
    other = (drawn / np.linalg.norm(drawn)).tobytes()
    with sqlite3.connect(own_index / "catalog.sqlite3") as raw:
        raw.execute("UPDATE vectors SET vector = ?", [other])
    raw.close()

    result = run("doctor", data=own_index)

    assert result.exit_code == 1
    [failed] = [line for line in result.stdout.splitlines() if line.startswith("FAILED") and "Chroma" not in line]
    assert "another model" in failed


def test_rebuild_does_what_a_catalog_of_an_older_version_asks_for(
    own_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_mark(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE documents ADD COLUMN mark TEXT NOT NULL DEFAULT ''")

    before = run("search", "harbour", "--json", data=own_index).stdout
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, add_mark))
    monkeypatch.setattr(migrations, "READABLE_FROM", migrations.newest())
    assert_one_line(run("search", "harbour", data=own_index), 4, "older version", "askcorpus rebuild")

    result = run("rebuild", data=own_index)

    assert (result.exit_code, "3 documents" in result.stdout) == (0, True), result.output
    assert run("search", "harbour", "--json", data=own_index).stdout == before


# ── bad input at the door ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", [("ask", "Why?"), ("search", "why"), ("docs", "list"), ("rebuild",)])
def test_a_data_folder_without_an_index(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()

    assert_one_line(run(*command, data=tmp_path / "none"), 6, "none", "askcorpus ingest", "--data")
    assert_one_line(run(*command, data=tmp_path / "other"), 6, "other", "askcorpus ingest", "--data")
    assert not (tmp_path / "none").exists()
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("command", [("ask", "Why?"), ("search", "why"), ("docs", "list"), ("rebuild",)])
def test_an_index_without_a_document(command: tuple[str, ...], own_index: Path) -> None:
    run("docs", "remove", *(document["id"] for document in listed(own_index)), data=own_index)

    assert_one_line(run(*command, data=own_index), 3, "no documents", "askcorpus ingest")


def test_doctor_tells_a_missing_index_by_its_exit_code(tmp_path: Path) -> None:
    result = run("doctor", data=tmp_path / "none")

    assert result.exit_code == 6
    assert "FAILED  index" in result.stdout
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert_one_line(run("ingest", tmp_path / "empty", data=tmp_path / "index"), 2, "empty")


def test_a_missing_path(tmp_path: Path) -> None:
    assert_one_line(run("ingest", tmp_path / "nosuch", data=tmp_path / "index"), 2, "nosuch")
    assert not (tmp_path / "index").exists()


def test_an_unreadable_file(articles: Path, own_index: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("Not for everybody.", encoding="utf-8")
    (tmp_path / "secret.txt").chmod(0)

    with start("ingest", articles, tmp_path / "secret.txt", "--json", "--data", own_index) as process:
        out, err = process.communicate()

    assert process.returncode == 1
    assert json.loads(out) == {"added": 0, "changed": 0, "unchanged": 3, "removed": 0, "failed": 1, "skipped": 0} | REST
    assert b"secret.txt" in err
    assert b"Traceback" not in err


@pytest.mark.parametrize("question", ["", "  \n", "why " * 25_000], ids=["empty", "blank", "100,000 characters"])
def test_a_question_without_end_or_beginning(question: str, index: Path) -> None:
    assert_one_line(run("ask", question, data=index), 2)
    assert_one_line(run("search", question, data=index), 2)


def test_a_question_from_a_pipe_that_is_no_text(index: Path) -> None:
    assert_one_line(run("ask", "-", data=index, text=b"\xff\xfe\x00"), 2, "UTF-8")
    assert_one_line(run("ask", "-", data=index, text=b"a" * 2_000_000), 2, "too long")


@pytest.mark.parametrize("date", ["yesterday", "2022-13", "2022-02-31", "22-01"])
def test_a_date_that_is_none(date: str, index: Path) -> None:
    assert_one_line(run("ask", "Why?", "--from", date, data=index), 2, date)
    assert_one_line(run("docs", "list", "--to", date, data=index), 2, date)


def test_an_unknown_document(index: Path) -> None:
    assert_one_line(run("docs", "show", "nosuch", data=index), 2, "nosuch")


def test_an_index_made_with_other_settings(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKCORPUS_PASSAGE_PROMPT", "Text: ")

    assert_one_line(run("ask", "Why?", data=index), 4, str(index))


def test_a_taken_port(index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert_one_line(run("serve", "--port", str(port), data=index), 5, str(port))


def test_serve_refuses_examples_that_are_not_there(index: Path, tmp_path: Path) -> None:
    assert_one_line(run("serve", "--examples", tmp_path / "none.jsonl", data=index), 2, "none.jsonl")


def test_a_read_only_data_folder_is_asked_and_takes_nothing(own_index: Path, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("A ferry named Mercator starts in May.", encoding="utf-8")
    everything = [own_index, *own_index.rglob("*")]
    for path in everything:
        path.chmod(0o500 if path.is_dir() else 0o400)

    with start("ask", QUESTION, "--data", own_index, cwd=tmp_path) as asked:
        answer = asked.communicate()[0]
    with start("ingest", "new.txt", "--data", own_index, cwd=tmp_path) as refused:
        out, err = refused.communicate()

    for path in everything:
        path.chmod(0o700)
    assert asked.returncode == 0 and b"because of a storm" in answer
    assert (refused.returncode, out) == (6, b"")
    assert err.startswith(b"askcorpus: ") and b"read-only" in err and err.count(b"\n") == 1
    assert len(listed(own_index)) == 3


def test_a_data_folder_in_the_home_is_found_where_no_shell_reads_its_name(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(index.parent))
    assert len(listed(Path("~/index"))) == 3
    monkeypatch.setenv("ASKCORPUS_DATA", "~/index")
    assert read_settings().data == index
    monkeypatch.delenv("ASKCORPUS_DATA")
    (tmp_path / "askcorpus.toml").write_text('data = "~/index"', encoding="utf-8")
    assert read_settings().data == index
    assert read_settings(data="~nobody-of-that-name/x").data == Path("~nobody-of-that-name/x")


@pytest.mark.parametrize("command", [("docs", "list", "--data"), ("ingest",)], ids=["data folder", "documents"])
def test_a_path_that_is_out_of_bounds(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0)

    with start(*command, tmp_path / "locked" / "inside") as process:
        out, err = process.communicate()

    assert (process.returncode, out) == (6, b"")
    assert err.startswith(b"askcorpus: ")
    assert err.count(b"\n") == 1
    assert b"locked" in err


def test_a_data_folder_that_is_a_file(articles: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")

    assert_one_line(run("ingest", articles, data=tmp_path / "file"), 6, "file")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "not a folder"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("prot = 8000\n", ["prot", "port"]),
        ("port = 'many'\n", ["port"]),
        ("port = 0\n", ["port"]),
        ("port = \n", ["askcorpus.toml"]),
        ("port = true\n", ["port", "true or false"]),
        ("min_confidence = false\n", ["min_confidence", "true or false"]),
        ("llm_timeout = inf\n", ["llm_timeout"]),
    ],
    ids=["unknown name", "no number", "out of range", "not TOML", "a switch", "another", "no end"],
)
def test_a_wrong_settings_file(toml: str, words: list[str], index: Path, tmp_path: Path) -> None:
    (tmp_path / "askcorpus.toml").write_text(toml, encoding="utf-8")

    assert_one_line(run("ask", "Why?", data=index), 2, *words)


def test_a_settings_file_that_an_editor_begins_with_a_mark(index: Path, tmp_path: Path) -> None:
    (tmp_path / "askcorpus.toml").write_text("prot = 8000\r\n", encoding="utf-8-sig")

    assert_one_line(run("ask", "Why?", data=index), 2, "prot", "port")


def test_a_variable_that_is_no_json(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKCORPUS_FIELDS", "{date: seen}")

    assert_one_line(run("ask", "Why?", data=index), 2, "fields", "JSON")


@pytest.mark.parametrize("key", ["", " ", "\t"])
def test_a_blank_key_guards_nothing_and_is_refused(
    key: str, index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASKCORPUS_API_KEY", key)
    assert_one_line(run("docs", "list", data=index), 2, "api_key is blank", "ASKCORPUS_API_KEY")
    monkeypatch.delenv("ASKCORPUS_API_KEY")
    (tmp_path / "askcorpus.toml").write_text(f"api_key = {json.dumps(key)}\n", encoding="utf-8")
    assert_one_line(run("docs", "list", data=index), 2, "api_key is blank")


def test_a_blank_key_for_the_models_server_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKCORPUS_LLM_API_KEY", " ")
    assert_one_line(run("ask", "Why?", data=index), 2, "llm_api_key", "blank")


def test_a_misspelt_variable(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKCORPUS_TOPK", "3")

    done = start("docs", "list", "--data", index)
    said = done.communicate(timeout=60)[1].decode()

    assert done.returncode == 0
    assert said.count("\n") == 1
    assert "ASKCORPUS_TOPK" in said and "ASKCORPUS_TOP_K?" in said


def test_what_a_cluster_sets_for_a_service_does_no_harm(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKCORPUS_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("ASKCORPUS_SERVICE_PORT_HTTP", "7860")
    monkeypatch.setenv("ASKCORPUS_PORT", "tcp://10.0.0.1:7860")
    monkeypatch.setenv("ASKCORPUS_PORT_7860_TCP_ADDR", "10.0.0.1")

    done = start("docs", "list", "--data", index)

    assert done.communicate(timeout=60)[1] == b""
    assert done.returncode == 0
    assert read_settings().port == 7860


def test_a_port_that_is_none_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKCORPUS_PORT", "http://10.0.0.1")

    assert_one_line(run("docs", "list", data=index), 2, "port")


@pytest.mark.parametrize("arguments", [["search"], ["ask", "Why?", "--top-k", "many"], ["nosuch"], ["docs", "nosuch"]])
def test_a_wrong_command_line(arguments: list[str]) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_a_document_cannot_drive_the_terminal(tmp_path: Path) -> None:
    hostile = "The lighthouse\x1b]0;owned\x07 of Nieuport is\x1b[31m red\u202e again since 2020."
    (tmp_path / "a.jsonl").write_text(json.dumps({"doc_id": "x", "text": hostile, "title": "\x1b[2J"}) + "\n")
    run("ingest", tmp_path / "a.jsonl", data=tmp_path / "index")

    for command in (["ask", "What colour is the lighthouse of Nieuport?"], ["docs", "list"], ["docs", "show", "x"]):
        result = run(*command, data=tmp_path / "index")
        assert result.exit_code == 0
        assert not {"\x1b", "\x07", "\u202e"} & set(result.stdout)


def test_ctrl_c_is_one_line(index: Path) -> None:
    def heed_ctrl_c() -> None:  # which a background job of a shell ignores, and so do its children
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with start("ask", "-", "--data", index, stdin=subprocess.PIPE, bufsize=0, preexec_fn=heed_ctrl_c) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(bytes(200_000))  # more than a pipe holds: when this returns, the command is reading,
        time.sleep(1)  # and now it waits for more
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == b"askcorpus: stopped.\n"


def test_a_reader_that_goes_away_is_no_error(index: Path) -> None:
    with start("docs", "list", "--json", "--data", index) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()

        assert process.stderr.read() == b""


def test_the_demo_asks_the_sample_corpus_and_says_what_to_type_next(sample_index: Path, tmp_path: Path) -> None:
    result = run("demo", data=Path(shutil.copytree(sample_index, tmp_path / "demo")))
    assert result.exit_code == 0
    assert result.stdout.startswith("> Which states recognized Donetsk?\n\n")
    assert "[1] “" in result.stdout
    steps = [line.strip() for line in result.stdout.splitlines() if line.startswith("  askcorpus ")]
    assert [step.split()[1] for step in steps] == ["ask", "serve", "ingest"]
    again = run(*shlex.split(steps[0])[1:])
    assert again.exit_code == 0
    assert "Russ" in again.stdout
