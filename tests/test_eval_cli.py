"""`askcorpus eval` as people type it, over the sample corpus and the bundled model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from askcorpus.errors import AskcorpusError
from askcorpus_eval.cli import app
from askcorpus_eval.questions import read_questions

ROOT = Path(__file__).parents[1]
Call = Callable[..., Result]
Lions = tuple[Path, Path, dict[str, Any]]
"""Questions, their index and what `calibrate` printed."""
QUESTIONS = ROOT / "corpus" / "questions.jsonl"
CORPUS = [
    part for file in sorted((ROOT / "corpus" / "articles").glob("recognition-*.txt")) for part in ("--corpus", file)
]
"""The seven articles that the first eight questions are about."""


@pytest.fixture(scope="module")
def call() -> Call:
    """The sub-app under a root, as the product mounts it; a caught error gives its exit code."""
    root = typer.Typer(pretty_exceptions_enable=False)
    root.add_typer(app, name="eval")
    root.callback()(lambda: None)

    def invoke(*arguments: object) -> Result:
        result = CliRunner().invoke(root, ["eval", *map(str, arguments)])
        if isinstance(result.exception, AskcorpusError):
            result.exit_code = result.exception.exit_code
        elif result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture(scope="module")
def finished(call: Call, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run of eight questions, its corpus ingested on the way."""
    out = tmp_path_factory.mktemp("eval") / "run"
    result = call(QUESTIONS, "--out", out, *CORPUS, "--limit", "8", "--json")
    assert result.exit_code == 0, result.output
    return out, json.loads(result.stdout)


def test_a_question_file_is_the_default_command(finished: tuple[Path, dict[str, Any]]) -> None:
    out, figures = finished
    assert figures["hit@5"]["n"] == 8
    assert figures["hit@5"]["value"] >= 0.7
    assert figures["citation_verified"]["value"] == 1
    assert len((out / "answers.jsonl").read_text().splitlines()) == 8
    assert "<svg" in (out / "report.html").read_text()


def test_a_run_is_continued_with_its_index(call: Call, finished: tuple[Path, dict[str, Any]]) -> None:
    out, before = finished
    again = call("--resume", "--json", QUESTIONS, "--out", out, *CORPUS, "--limit", "8")
    figures = json.loads(again.stdout)
    assert figures == before  # nothing was asked again: even the times are the same


def test_compare(call: Call, finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out, _ = finished
    result = call("compare", out, out, "--out", tmp_path, "--fail-drop", "hit@5=0.01")
    assert result.exit_code == 0
    assert "0 questions flipped" in result.stdout
    assert (tmp_path / "compare.html").exists()
    assert call("compare", out).exit_code == 2
    told = json.loads(call("compare", out, out, "--out", tmp_path, "--json").stdout)
    assert [each["questions"] for each in told["comparisons"]] == [8]


def test_gates_set_the_exit_code(call: Call, finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out, _ = finished
    same = ("--data", out / "data", "--limit", "2", "--baseline", out)
    passed = call(QUESTIONS, "--out", tmp_path / "a", *same, "--fail-under", "hit@10=0.1", "--fail-drop", "hit@10=0.9")
    assert passed.exit_code == 0
    assert (tmp_path / "a" / "compare.html").exists()
    failed = call(QUESTIONS, "--out", tmp_path / "a", "--resume", *same, "--fail-over", "latency_p50=0.001")
    assert failed.exit_code == 1
    assert "askcorpus: failed: latency_p50 is" in failed.stderr
    assert "<failure" in (tmp_path / "a" / "gates.junit.xml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fail-under", "hits=1"], "There is no metric 'hits'"),
        (["--fail-drop", "f1=0.1"], "--fail-drop compares with an earlier run"),
        (["--judge-url", "http://127.0.0.1:1"], "--judge-url needs a judge"),
        (["--baseline", "nowhere"], "nowhere holds no finished run"),
        (["--set", "top_k"], "--set top_k: not of the form key=value"),
        (["--set", "topk=3"], "topk"),
        (["--set", "data=x"], "Use --data DIR"),
        (["--corpus", "a", "--data", "b"], "Give one of --corpus, --data and --server"),
        (["--limit", "1", "--sample", "1"], "--limit and --sample do not go together"),
        (["--map", "answers"], "--map answers is not FIELD=NAME"),
        (["--map", "answers=key"], "There is no column 'key'"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_made(
    call: Call, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = call(QUESTIONS, "--out", tmp_path / "run", *arguments)
    assert result.exit_code == 2
    assert message in str(result.exception)
    assert not (tmp_path / "run").exists()


def test_an_empty_index_is_said_so(call: Call, tmp_path: Path) -> None:
    result = call(QUESTIONS, "--out", tmp_path / "run", "--data", tmp_path / "nothing")
    assert result.exit_code == 3
    assert "There are no documents" in str(result.exception)


def test_a_corpus_that_cannot_be_read_in_full_is_said_so(
    call: Call, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, _ = finished
    (tmp_path / "a.jsonl").write_text('{"doc_id":"a","title":"no text"}\n')
    call(QUESTIONS, "--out", out, "--resume", *CORPUS, "--corpus", tmp_path, "--limit", "8")
    (note,) = [note for note in json.loads((out / "metrics.json").read_text())["notes"] if "cannot be read" in note]
    assert note.startswith("1 inputs of the corpus cannot be read; the first: ")
    assert note.endswith('line 1 has no "text"')


def test_questions_that_lie_in_their_own_corpus_are_said_to(call: Call, tmp_path: Path) -> None:
    from xlsxwriter import Workbook

    with Workbook(tmp_path / "q.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Question", "Answer"])
        sheet.write_row(1, 0, ["What does the crane of Orla lift?", "75 tonnes"])
    (tmp_path / "crane.txt").write_text("The crane of Orla lifts 75 tonnes.")
    result = call(tmp_path / "q.xlsx", "--out", tmp_path / "run", "--corpus", tmp_path)
    assert result.exit_code == 0, result.output
    assert "q.xlsx is itself among the documents: answers may be found in it" in result.stderr


def test_a_beir_folder_brings_its_corpus_and_settings_can_be_overridden(call: Call, tmp_path: Path) -> None:
    def write(name: str, *rows: str) -> None:
        (tmp_path / "beir" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "beir" / name).write_text("\n".join(rows) + "\n")

    write("corpus.jsonl", '{"_id":"d1","title":"Rain","text":"It rained."}', '{"_id":"d2","text":"Snow fell."}')
    write("queries.jsonl", '{"_id":"q1","text":"Did snow fall?"}')
    write("qrels/test.tsv", "query-id\tcorpus-id\tscore", "q1\td2\t1")
    result = call(tmp_path / "beir", "--out", tmp_path / "run", "--json", "--set", "min_confidence=1")
    figures = json.loads(result.stdout)
    assert figures["mrr@10"] == {"value": 1.0, "low": pytest.approx(0.2065, abs=1e-4), "high": 1.0, "n": 1}
    assert figures["answered"]["value"] == 0
    assert json.loads((tmp_path / "run/metrics.json").read_text())["run"]["settings"]["min_confidence"] == 1


def test_a_probe_asks_the_index_about_itself(call: Call, finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    options = ("--data", finished[0] / "data", "--limit", "8", "--seed", "1")
    result = call("probe", *options, "--out", tmp_path / "probe", "--fail-over", "true_silent=1", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [one["probe"]["true"] for one in report["probed"]] == [True, False] * 4
    assert report["figures"]["false_answered"]["n"] == report["figures"]["true_silent"]["n"] == 4
    assert {path.name for path in (tmp_path / "probe").iterdir()} == {
        "answers.jsonl",
        "probe.json",
        "probe.md",
        "questions.jsonl",
    }
    assert len(read_questions(tmp_path / "probe" / "questions.jsonl").questions) == 8
    failed = call("probe", *options, "--fail-over", "true_silent=-1")
    assert (failed.exit_code, failed.stdout[:7]) == (1, "# Probe")
    assert call("probe", *options, "--fail-over", "f1=1").exit_code == 2


def test_answers_of_another_system_are_scored(
    call: Call, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, ours = finished
    data = ("--data", out / "data")
    again = call("score", QUESTIONS, out / "answers.jsonl", "--out", tmp_path / "same", *data, "--json")
    assert again.exit_code == 0, again.output
    figures = json.loads(again.stdout)
    assert figures["f1"]["n"] > ours["f1"]["n"]  # of all questions: those that were not asked are silences
    run = call("score", QUESTIONS, out / "run.trec", "--out", tmp_path / "run", *data, "--json", "--baseline", out)
    found = json.loads(run.stdout)
    assert found["f1"]["value"] is None
    assert "the file has no answers: only retrieval has figures" in run.stderr
    (told,) = json.loads(call("compare", out, tmp_path / "run", "--json").stdout)["comparisons"]
    changes = {each["metric"]: each["change"] for each in told["differences"]}
    assert changes["hit@5"] == changes["mrr@10"] == changes["map"] == 0


def test_make_needs_something_to_draft_from(call: Call, tmp_path: Path) -> None:
    result = call("make", "--out", tmp_path / "new.jsonl", "--data", tmp_path)
    assert result.exit_code == 2
    assert "nothing to draft from" in str(result.exception)


@pytest.fixture(scope="module")
def lions(call: Call, tmp_path_factory: pytest.TempPathFactory) -> Lions:
    """Fifteen questions that are answered rightly, and the index of their corpus: as many as certify 20 %."""
    folder = tmp_path_factory.mktemp("lions")
    (folder / "lion.txt").write_text("The zoo of Basel has a new lion named Radja. He came from Leipzig by train.\n")
    row = {"question": "What is the new lion of the zoo of Basel called?", "answers": ["Radja"]}
    questions = folder / "questions.jsonl"
    questions.write_text("\n".join(json.dumps(row | {"id": str(number)}) for number in range(15)))
    call(questions, "--out", folder / "run", "--corpus", folder / "lion.txt", "--limit", "1")
    result = call("calibrate", questions, "--data", folder / "run/data", "--json")
    assert result.exit_code == 0, result.output
    return questions, folder / "run/data", json.loads(result.stdout)


def test_calibrate_says_what_can_be_promised_and_keeps_what_it_measured(lions: Lions) -> None:
    _, data, found = lions
    kept = json.loads((data / "risk.json").read_text())

    assert [offer["max_error"] for offer in found["offers"]] == [0.01, 0.02, 0.05, 0.1, 0.2]
    assert [offer["coverage"] for offer in found["offers"]] == [None, None, None, None, 1.0]
    assert (found["questions"], found["answered"], found["right"], found["best"]) == (15, 15, 15, 0.182)
    assert (kept["asked"], len(kept["outcomes"]), kept["questions"]) == (15, 15, "questions.jsonl")
    assert kept["outcomes"][0] == [found["offers"][-1]["threshold"], 1]


def test_an_error_rate_that_was_measured_can_be_ordered(call: Call, lions: Lions, tmp_path: Path) -> None:
    questions, data, found = lions
    result = call("--max-error", "20%", questions, "--out", tmp_path / "run", "--data", data, "--limit", "2", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["answered"]["value"] == 1
    assert "askcorpus: at most 20 % of the answers are wrong, with 95 % confidence" in result.stderr
    assert (
        f"from confidence {found['offers'][-1]['threshold']:g} on, which is 100 % of them (78 to 100 %)"
        in result.stderr
    )
    assert json.loads((tmp_path / "run/metrics.json").read_text())["run"]["settings"]["max_error"] == 0.2


def test_an_error_rate_that_so_few_cannot_promise_is_refused_before_anything_is_made(
    call: Call, lions: Lions, tmp_path: Path
) -> None:
    questions, data, _ = lions
    result = call(questions, "--out", tmp_path / "run", "--data", data, "--max-error", "5%")

    assert result.exit_code == 2
    assert str(result.exception).startswith(
        "An error rate of at most 5 % cannot be promised: 15 answered questions are known, 59 without an error needed. "
        "With 15 answered questions at best 18.2 % can be promised."
    )
    assert not (tmp_path / "run").exists()


def test_calibrate_tries_the_rate_that_is_ordered_too(call: Call, lions: Lions) -> None:
    questions, data, _ = lions
    result = call("calibrate", questions, "--data", data, "--max-error", "19%")
    assert result.exit_code == 0
    assert [line[:14].strip() for line in result.stdout.splitlines()[3:9]] == [
        "1 %",
        "2 %",
        "5 %",
        "10 %",
        "19 %",
        "20 %",
    ]
    refused = call("calibrate", questions, "--data", data, "--max-error", "0.15")
    assert (refused.exit_code, "15 %  cannot be promised" in refused.stdout) == (2, True)
    assert "at best 18.2 % can be promised" in str(refused.exception)


def test_calibrate_needs_an_index_and_makes_none(call: Call, lions: Lions, tmp_path: Path) -> None:
    result = call("calibrate", lions[0], "--data", tmp_path / "nothing")
    assert result.exit_code == 6
    assert not (tmp_path / "nothing").exists()


def test_a_wrong_answer_to_a_question_without_answer_is_an_error(call: Call, lions: Lions, tmp_path: Path) -> None:
    """Answering what the corpus does not say counts as wrong, and so does another sentence."""
    _, data, _ = lions
    rows = [
        {"id": "1", "question": "What is the new lion of the zoo of Basel called?", "answerable": False},
        {
            "id": "2",
            "question": "What is the new lion of the zoo of Basel called?",
            "answers": ["Leo"],
            "doc_ids": ["lion"],
        },
        {"id": "3", "question": "What is the new lion of the zoo of Basel called?"},
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    kept = (data / "risk.json").read_text()
    try:
        result = call("calibrate", tmp_path / "q.jsonl", "--data", data, "--json")
    finally:
        (data / "risk.json").write_text(kept)
    found = json.loads(result.stdout)
    assert (found["questions"], found["answered"], found["right"], found["best"]) == (2, 2, 0, None)
    assert result.stderr.splitlines() == [
        "askcorpus: 1 questions have no short answer that stands in a gold document, for a quote to hold: 2",
        "askcorpus: 1 questions are left out: their gold does not tell right from wrong",
    ]


def test_help_shows_all_commands(call: Call) -> None:
    shown = call("--help").stdout
    assert "QUESTIONS --out DIR" in shown
    assert all(name in shown for name in ("run", "compare", "calibrate", "make"))
