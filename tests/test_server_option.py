"""`--server`: the reading commands and `eval` ask a running server, and say what they say of a folder."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import Settings
from askcorpus.types import Answer, Document
from askcorpus_ui.cli.commands import app
from scripted import ScriptedAssistant
from serving import QUESTION, real_assistant, serving

pytestmark = pytest.mark.usefixtures("one_model")

KEY = "open sesame"


class Place:
    """The same corpus as a folder and behind a server that wants a key."""

    def __init__(self, assistant: Assistant, address: str) -> None:
        self.folder = ("--data", str(assistant.settings.data))
        self.server = ("--server", address)
        self.address = address


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Place]:
    settings = Settings.model_validate({"api_key": KEY})
    with (
        real_assistant(tmp_path_factory.mktemp("served"), embeddings) as assistant,
        serving(assistant, settings) as address,
    ):
        yield Place(assistant, address)


@pytest.fixture(scope="module")
def repeating(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Place]:
    """A corpus of which three documents tell one story."""
    text = " ".join(f"The boat of pier {n} left at {n}:15 with {n} tons of fish." for n in range(1, 12))
    with (
        real_assistant(tmp_path_factory.mktemp("repeating"), embeddings) as assistant,
        serving(assistant, Settings.model_validate({"api_key": KEY})) as address,
    ):
        with assistant.store.writer() as writer:
            for day in ("2022-03-01", "2022-03-02", ""):
                writer.put(Document(id=f"herring-{day}", title="Landings", text=text, date=day), [])
        yield Place(assistant, address)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without an index, with the server's key; a folder is asked as the server was made to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKCORPUS_API_KEY", KEY)
    monkeypatch.setenv("ASKCORPUS_MIN_CONFIDENCE", "0")


def run(*arguments: str | Path, text: str | None = None) -> Result:
    result = CliRunner().invoke(app, list(map(str, arguments)), input=text)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize(
    "command",
    [
        ("ask", QUESTION),
        ("ask", QUESTION, "--from", "2022", "--top-k", "1", "--explain"),
        ("ask", QUESTION, "--language", "tlh"),
        ("search", "pont", "--top-k", "1", "--source", "agence rhone", "--json"),
        ("docs", "list", "--limit", "1"),
        ("docs", "list", "--offset", "1"),
        ("docs", "show", "none"),
        ("verify", "-"),
    ],
    ids=" ".join,
)
def test_a_server_is_asked_as_a_folder_is(place: Place, command: tuple[str, ...]) -> None:
    text = "“Ferries sailed from Calais instead”, Coast Wire reported."
    here, there = run(*command, *place.folder, text=text), run(*command, *place.server, text=text)

    assert here.stdout or here.exit_code
    assert (there.stdout, there.stderr, there.exit_code) == (here.stdout, here.stderr, here.exit_code)


def test_documents_come_as_from_a_folder(place: Place) -> None:
    listed, served = (json.loads(run("docs", "list", "--json", *at).stdout) for at in (place.folder, place.server))

    assert served["total"] == listed["total"] == 2
    for told, known in zip(served["documents"], listed["documents"], strict=True):
        assert told.items() <= known.items() and told.keys() >= {"id", "title", "origin", "url", "characters"}
        shown = run("docs", "show", told["id"], "--json", *place.server)
        assert shown.stdout == run("docs", "show", told["id"], "--json", *place.folder).stdout


def test_an_answer_of_a_server_is_proven_and_checked_there(place: Place, tmp_path: Path) -> None:
    proof = tmp_path / "proof.json"

    assert run("ask", QUESTION, "--proof", proof, *place.server).exit_code == 0
    assert json.loads(proof.read_text(encoding="utf-8"))["quotes"]
    assert run("verify", "--proof", proof, *place.server).stdout == "same\n"


@pytest.mark.parametrize("grid", [(), ("--per-document",)], ids=["rows", "grid"])
def test_a_file_of_questions_is_asked_there(place: Place, tmp_path: Path, grid: tuple[str, ...]) -> None:
    (tmp_path / "questions.txt").write_text(f"{QUESTION}\nCombien a coûté la réparation ?\n", encoding="utf-8")
    tables = []
    for name, at in (("here.csv", place.folder), ("there.csv", place.server)):
        result = run("ask", "--file", "questions.txt", "--out", name, *grid, *at)
        assert result.exit_code == 0, result.stderr
        tables.append((tmp_path / name).read_text(encoding="utf-8-sig"))

    assert tables[0] == tables[1] and "because of a storm" in tables[0]


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["lines", "csv", "json"])
def test_what_tells_the_same_there_is_listed_as_of_a_folder(
    repeating: Place, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a server that gives fewer documents at a time than a story has."""
    monkeypatch.setattr("askcorpus_ui.cli.corpus.MOST_LISTED", 2)
    here, there = (run("docs", "duplicates", *form, *at) for at in (repeating.folder, repeating.server))

    assert (there.stdout, there.exit_code) == (here.stdout, 0) and here.stdout.count("herring-") == 3
    if form == ("--json",):
        ((*told,),) = json.loads(there.stdout)["stories"]
        assert [one["title"] for one in told] == ["Landings"] * 3 and all(one["characters"] for one in told)


def test_where_nothing_is_told_twice_a_server_says_so(place: Place) -> None:
    here, there = (run("docs", "duplicates", *at) for at in (place.folder, place.server))
    assert there.stdout == here.stdout == "No two documents tell the same story.\n"


def test_the_variable_names_the_server_and_a_folder_on_the_line_has_the_last_word(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASKCORPUS_SERVER", place.address)

    assert "because of a storm" in run("ask", QUESTION).stdout
    assert run("ask", QUESTION, "--data", tmp_path / "none").exit_code == 6
    both = run("ask", QUESTION, *place.folder, *place.server)
    assert both.exit_code == 2 and "do not go together" in both.stderr


def test_faults_of_the_way_are_one_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = run("ask", "x", "--server", "http://127.0.0.1:9")
    assert (nobody.exit_code, nobody.stdout) == (2, "") and nobody.stderr.count("\n") == 1
    assert nobody.stderr.startswith("askcorpus: No server answers at http://127.0.0.1:9: ")

    monkeypatch.delenv("ASKCORPUS_API_KEY")
    locked = run("search", "x", *place.server)
    assert locked.exit_code == 2 and locked.stderr.startswith("askcorpus: This server needs a key.")


def test_no_model_and_no_index_is_loaded(place: Place) -> None:
    """The command in a process of its own."""
    code = (
        "import sys; from askcorpus_ui.cli import main\n"
        "try: main()\n"
        "finally: print(*{'onnxruntime', 'chromadb', 'askcorpus.assistant'} & sys.modules.keys(), file=sys.stderr)"
    )

    asked = subprocess.run([sys.executable, "-c", code, "ask", QUESTION, *place.server], capture_output=True, text=True)

    assert "because of a storm" in asked.stdout
    assert asked.stderr.strip() == ""


def test_an_evaluation_asks_the_server_and_finds_the_same(place: Place, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "question": QUESTION, "answers": ["because of a storm"], "doc_ids": ["storm.txt"]},
        {"id": "2", "question": "Combien a coûté la réparation ?", "answers": ["douze millions"], "doc_ids": ["pont"]},
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    def figures(name: str, *at: str) -> Any:
        result = run("eval", "q.jsonl", "--out", name, *at)
        assert result.exit_code == 0, result.stderr
        report = json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8"))
        return {key: one["value"] for key, one in report["figures"].items() if "ms" not in key and "second" not in key}

    here, there = figures("here", *place.folder), figures("there", *place.server)
    timed = {key for key in here if "latency" in key or "p95" in key or "p50" in key}
    assert {k: v for k, v in there.items() if k not in timed} == {k: v for k, v in here.items() if k not in timed}
    assert place.address in (tmp_path / "there" / "report.md").read_text(encoding="utf-8")
    answers = (tmp_path / "there" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(Answer.model_validate_json(line).citations for line in answers)


def test_an_evaluation_asks_a_server_one_question_more_than_there_are(tmp_path: Path) -> None:
    """To learn who answers there, which also has its models loaded."""
    assistant = ScriptedAssistant()
    (tmp_path / "q.jsonl").write_text(json.dumps({"id": "1", "question": "council?", "answers": ["31"]}), "utf-8")
    with serving(assistant) as address:
        result = run("eval", "q.jsonl", "--out", "out", "--server", address)
    assert result.exit_code == 0, result.stderr
    assert [question for question, *_ in assistant.asked] == ["council?"] * 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--corpus", "."), "--corpus makes its own index"),
        (("--data", "."), "do not go together"),
        (("--set", "min_confidence=0.5"), "min_confidence is the server's to set"),
    ],
)
def test_what_only_a_folder_has_is_refused(place: Place, tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps({"id": "1", "question": QUESTION}), encoding="utf-8")

    result = run("eval", "q.jsonl", "--out", "run", *place.server, *options)

    assert result.exit_code == 2 and told in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_probe_asks_the_server_and_finds_the_same(place: Place, tmp_path: Path) -> None:
    def told(*at: str) -> Any:
        result = run("eval", "probe", "--limit", "8", "--json", *at)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    report = told(*place.server, "--out", str(tmp_path / "probe"))
    assert report == told(*place.folder)
    assert {one["probe"]["language"] for one in report["probed"]} == {"en", "fr"}
    assert len((tmp_path / "probe" / "answers.jsonl").read_text(encoding="utf-8").splitlines()) == len(report["probed"])


def test_a_probe_leaves_to_the_server_what_is_the_servers(place: Place, tmp_path: Path) -> None:
    refused = run("eval", "probe", "--set", "min_confidence=1", "--out", tmp_path / "probe", *place.server)
    assert refused.exit_code == 2 and "min_confidence is the server's to set" in refused.stderr
    nobody = run("eval", "probe", "--server", "http://127.0.0.1:9", "--out", tmp_path / "probe")
    assert nobody.exit_code == 2 and "No server answers" in nobody.stderr
    assert not (tmp_path / "probe").exists()


def test_error_rates_are_measured_by_the_answers_of_the_server(place: Place, tmp_path: Path) -> None:
    """Which here answers at any confidence, as calibration does of a folder; nothing is kept of it."""
    row = {"question": QUESTION, "answers": ["because of a storm"]}
    (tmp_path / "q.jsonl").write_text("\n".join(json.dumps(row | {"id": str(n)}) for n in range(15)), encoding="utf-8")

    there = run("eval", "calibrate", "q.jsonl", "--json", *place.server)
    kept = Path(place.folder[1]) / "risk.json"
    assert not kept.exists()
    try:
        here = run("eval", "calibrate", "q.jsonl", "--json", *place.folder)
    finally:
        kept.unlink()

    assert there.exit_code == 0, there.stderr
    assert there.stdout == here.stdout and json.loads(there.stdout)["offers"][-1]["coverage"] == 1
    assert place.address in there.stderr and "it is told nothing" in there.stderr and not here.stderr


def test_below_its_own_confidence_a_server_promises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that it withholds is none; the rate that is asked for is not what it is asked to keep."""
    monkeypatch.delenv("ASKCORPUS_MIN_CONFIDENCE")
    assistant = ScriptedAssistant()
    rows = [{"id": str(n), "question": "council?", "answers": ["31"]} for n in range(15)]
    rows.append({"id": "silent", "question": "nothing?", "answers": ["31"]})
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with serving(assistant) as address:
        result = run("eval", "calibrate", "q.jsonl", "--json", "--max-error", "20%", "--server", address)
        refused = run("eval", "calibrate", "q.jsonl", "--max-error", "5%", "--server", address)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["questions"], found["answered"]) == (16, 15)
    assert found["offers"][-1]["coverage"] == 15 / 16
    assert refused.exit_code == 2 and "59 without an error needed" in refused.stderr


def test_answers_of_another_system_are_held_against_the_documents_of_the_server(place: Place, tmp_path: Path) -> None:
    row = {"id": "1", "question": QUESTION, "answers": ["because of a storm"], "doc_ids": ["storm.txt"]}
    (tmp_path / "q.jsonl").write_text(json.dumps(row), encoding="utf-8")
    theirs = {"id": "1", "response": "because of a storm", "retrieved_doc_ids": ["storm.txt"]}
    (tmp_path / "theirs.jsonl").write_text(json.dumps(theirs), encoding="utf-8")

    here, there = (
        run("eval", "score", "q.jsonl", "theirs.jsonl", "--out", name, "--json", *at)
        for name, at in (("here", place.folder), ("there", place.server))
    )

    assert there.exit_code == 0, there.stderr
    assert there.stdout == here.stdout and json.loads(there.stdout)["f1"]["value"] == 1
