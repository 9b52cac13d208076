"""A whole run over a scripted assistant: figures that can be redone by hand, and nothing lost whatever happens."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from math import log2
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from askcorpus.errors import ModelError, NothingIngested, StorageError, UsageError
from askcorpus.settings import Settings
from askcorpus.types import Answer, Document, Turn
from askcorpus_eval import export
from askcorpus_eval.evaluate import Report, evaluate, masked
from askcorpus_eval.questions import Question, QuestionSet
from askcorpus_eval.run_folder import RunFolder
from askcorpus_eval.score import rank_documents
from askcorpus_eval.session import run_in
from scripted_eval import Reply, ScriptedAssistant

DOCUMENTS = [
    Document(id="rain", title="Rain", text="It rained in Lyon on Monday. Nobody was hurt.", origin="news/rain.txt"),
    Document(id="snow", title="Neige", text="Il a neigé à Lille mardi. Les trains étaient en retard.", language="fr"),
    Document(id="sun", title="Sun", text="The sun shone over Nice all week."),
]
QUESTIONS = [
    Question(
        id="rain",
        question="Where did it rain?",
        answers=("Lyon",),
        doc_ids=("rain.txt",),
        evidence=("It rained in Lyon on Monday.",),
        lang="en",
        doc_lang="en",
        type="place",
        answerable=True,
    ),
    Question(
        id="snow",
        question="When did it snow?",
        answers=("mardi",),
        doc_ids=("snow",),
        evidence=("Il a neigé à Lille mardi.",),
        lang="en",
        doc_lang="fr",
        type="time",
        answerable=True,
        history=(Turn(role="user", text="Was there snow?"),),
    ),
    Question(id="hail", question="Where did it hail?", answerable=False, lang="en", doc_lang="en", type="place"),
    Question(id="fog", question="Was there fog?", answerable=False, lang="en", doc_lang="en", type="place"),
]
REPLIES = {
    "Where did it rain?": Reply(found=("rain", "sun"), quote="It rained in Lyon on Monday.", confidence=0.9),
    "When did it snow?": Reply(found=("sun", "snow"), quote="The sun shone", confidence=0.6),
    "Where did it hail?": Reply(found=("rain",), confidence=0.2),
    "Was there fog?": Reply(found=("sun",), quote="all week.", confidence=0.7),
}


@pytest.fixture
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant(DOCUMENTS, REPLIES)


@pytest.fixture
def report(assistant: ScriptedAssistant) -> Report:
    return evaluate(assistant, QUESTIONS)


@pytest.mark.parametrize(
    ("name", "value", "n"),
    [
        ("hit@1", (1 + 0) / 2, 2),
        ("hit@5", 1, 2),
        ("mrr@10", (1 + 1 / 2) / 2, 2),
        ("ndcg@10", (1 + 1 / log2(3)) / 2, 2),
        ("f1", (2 * 1 / (6 + 1) + 0) / 2, 2),  # "it rained in lyon on monday" against "lyon"
        ("exact_match", 0, 2),
        ("answer_in_citation", 1 / 2, 2),
        ("marked_f1", 0.0, 2),  # the scripted assistant marks nothing
        ("citation_recall", (1 + 0) / 2, 2),
        ("citation_precision", (1 + 0) / 2, 2),
        ("cited_gold", 1 / 2, 2),
        ("citation_verified", 1, 3),
        ("answered", 3 / 4, 4),
        ("correct", 2 / 4, 4),  # rain answered rightly, hail rightly not answered
        ("abstention_precision", 1 / 1, 1),
        ("abstention_recall", 1 / 2, 2),
        ("abstention_f1", 2 * 1 / (1 + 2), 4),
        ("abstention_auroc", 3 / 4, 4),  # of .9 .6 against .2 .7, only .6 > .7 fails
        ("ece", (abs(1 - 0.9) + abs(0 - 0.6) + abs(0 - 0.7)) / 3, 3),
        ("aurc", (0 + 1 / 2 + 2 / 3) / 3, 3),
    ],
)
def test_figures(report: Report, name: str, value: float | None, n: int) -> None:
    assert report.figures[name].value == pytest.approx(value)
    assert report.figures[name].n == n


def test_every_figure_has_its_interval_around_it(report: Report) -> None:
    for figure in report.figures.values():
        if figure.value is not None:
            assert figure.low is not None and figure.high is not None
            assert figure.low <= figure.value <= figure.high


def test_figures_without_gold_are_none_and_say_so(assistant: ScriptedAssistant) -> None:
    report = evaluate(assistant, QUESTIONS[2:])
    assert report.figures["hit@5"].value is None and report.figures["hit@5"].n == 0
    assert any(note.startswith("no question is answerable") for note in report.notes)


def test_splits(report: Report) -> None:
    assert list(report.splits["languages"]) == ["en→en", "en→fr"]
    assert report.splits["languages"]["en→fr"]["mrr@10"].value == 1 / 2
    assert report.splits["type"]["time"]["hit@1"].value == 0
    assert report.splits["answerability"]["unanswerable"]["answered"].value == 1 / 2
    assert "hit@1" not in report.splits["answerability"]["unanswerable"]


@pytest.mark.usefixtures("report")
def test_each_question_is_asked_with_its_history_and_enough_passages(assistant: ScriptedAssistant) -> None:
    assert assistant.asked[0] == assistant.asked[1]  # once more, unmeasured, to load the models
    assert [asked[0] for asked in assistant.asked[1:]] == [question.question for question in QUESTIONS]
    assert assistant.asked[2][1] == QUESTIONS[1].history
    assert {asked[2] for asked in assistant.asked} == {20}


def test_near_duplicates_follow_the_passage_that_stands_for_them(assistant: ScriptedAssistant) -> None:
    answer = assistant.ask("Where did it rain?", top_k=5)
    first = answer.passages[0].model_copy(update={"duplicates": ("p-snow", "p-rain")})
    assert rank_documents(answer.model_copy(update={"passages": (first, *answer.passages)}), assistant.store) == (
        "rain",
        "snow",
        "sun",
    )


def test_without_short_answers_citing_the_gold_document_is_right(assistant: ScriptedAssistant) -> None:
    def correct(**changes: Any) -> bool | None:
        question = QUESTIONS[0].model_copy(update=changes)
        return evaluate(assistant, [question]).questions[0].correct

    assert correct(answers=()) is True
    assert correct(answers=("In Marseille",)) is False
    assert correct(answers=("A long gold answer, far longer than any ten words that a quote could hold",)) is True
    assert correct(answers=(), doc_ids=(), evidence=()) is None
    assert correct(answerable=None) is None


def test_gold_documents_that_are_not_there(assistant: ScriptedAssistant) -> None:
    gone = QUESTIONS[0].model_copy(update={"id": "gone", "doc_ids": ("gone.txt",), "evidence": ("It rained in Rome.",)})
    report = evaluate(assistant, [*QUESTIONS, gone])
    assert report.figures["hit@5"].value == pytest.approx(2 / 3)
    assert report.notes[:2] == [
        "1 gold documents are not in the index and count as missed: gone.txt",
        "1 evidence texts stand in no gold document and are left out",
    ]
    with pytest.raises(UsageError, match=r"None of the 1 gold documents is in the index \(the first: gone.txt\)"):
        evaluate(assistant, [gone])


def test_nothing_to_ask_or_to_ask_about(assistant: ScriptedAssistant) -> None:
    with pytest.raises(UsageError, match="no question"):
        evaluate(assistant, [])
    with pytest.raises(NothingIngested):
        evaluate(ScriptedAssistant([], {}), QUESTIONS)


def test_secrets_are_masked() -> None:
    settings = Settings(api_key=SecretStr("hunter2"), llm_base_url="http://user:hunter2@host:1/v1")
    assert "hunter2" not in json.dumps(masked(settings))
    assert masked(settings)["llm_base_url"] == "http://***@host:1/v1"


def run(
    folder: Path, assistant: ScriptedAssistant, questions: Sequence[Question] = QUESTIONS, **options: Any
) -> Report:
    claimed = RunFolder(folder)
    claimed.claim(resume=options.pop("resume", False))
    return run_in(claimed, assistant, QuestionSet(tuple(questions)), **options)


def steady(path: Path) -> str:
    """The report's figures without what differs from run to run: times and the date."""
    report = json.loads((path / "metrics.json").read_text())
    for row in report["questions"]:
        del row["milliseconds"]
    del report["run"]["date"]
    return json.dumps({**report, "figures": {k: v for k, v in report["figures"].items() if "latency" not in k}})


def test_outputs(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    run(tmp_path / "run", assistant, source="weather.jsonl")
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files == {
        "answers.jsonl",
        "inputs.json",
        "metrics.json",
        "qrels.trec",
        "ragas.jsonl",
        "report.html",
        "report.md",
        "run.trec",
    }
    answers = [Answer.model_validate_json(line) for line in (tmp_path / "run/answers.jsonl").read_bytes().splitlines()]
    assert [answer.conversation_id for answer in answers] == ["rain", "snow", "hail", "fog"]
    assert all(answer.timings_ms["wall"] > 0 for answer in answers)
    recorded = json.loads((tmp_path / "run/metrics.json").read_text())["run"]
    assert {"version", "revision", "model", "settings", "index", "date", "machine"} <= recorded.keys()
    assert recorded["index"]["fingerprint"] == "scripted"


def test_trec_and_ragas(report: Report) -> None:
    spaced = report.cases[0].model_copy(update={"question": QUESTIONS[0].model_copy(update={"id": "the rain"})})
    assert export.trec_run([spaced]) == (
        "the_rain Q0 rain 1 1.000000 askcorpus\nthe_rain Q0 sun 2 0.500000 askcorpus\n"
    )
    assert export.trec_qrels(report.cases) == "rain 0 rain 1\nsnow 0 snow 1\n"
    first, *_, last = (json.loads(line) for line in export.ragas(report.cases).splitlines())
    assert first == {
        "user_input": "Where did it rain?",
        "retrieved_contexts": [DOCUMENTS[0].text, DOCUMENTS[2].text],
        "response": "It rained in Lyon on Monday.",
        "reference": "Lyon",
    }
    assert "reference" not in last


def test_the_same_inputs_give_the_same_figures(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    run(tmp_path / "one", assistant)
    run(tmp_path / "two", assistant)
    assert steady(tmp_path / "one") == steady(tmp_path / "two")


class StopsAt(ScriptedAssistant):
    """Fails at one question, as a server that goes away does."""

    stop_at = ""

    def ask(self, question: str, **options: Any) -> Answer:
        if question == self.stop_at:
            raise ModelError("The server went away.")
        return super().ask(question, **options)


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    stopping = StopsAt(DOCUMENTS, REPLIES)
    stopping.stop_at = "Where did it hail?"
    with pytest.raises(ModelError):
        run(tmp_path / "run", stopping)
    with (tmp_path / "run/answers.jsonl").open("a") as answers:
        answers.write('{"id":"ans_hail","question":"Where did')  # killed in the middle of a line
    run(tmp_path / "run", assistant, resume=True)
    assert [asked[0] for asked in assistant.asked[1:]] == ["Where did it hail?", "Was there fog?"]
    run(tmp_path / "whole", ScriptedAssistant(DOCUMENTS, REPLIES))
    assert steady(tmp_path / "run") == steady(tmp_path / "whole")


SLOW_RUN = """
import sys, time
from pathlib import Path
from askcorpus_eval.run_folder import RunFolder
from askcorpus_eval.questions import QuestionSet
from askcorpus_eval.session import run_in
from scripted_eval import ScriptedAssistant
from test_eval_evaluate import DOCUMENTS, QUESTIONS, REPLIES

class Slow(ScriptedAssistant):
    def ask(self, question, **options):
        time.sleep(60 if question == "Was there fog?" else 0)
        return super().ask(question, **options)

run_in(RunFolder(Path(sys.argv[1])), Slow(DOCUMENTS, REPLIES), QuestionSet(tuple(QUESTIONS)))
"""


def test_a_killed_run_has_kept_every_answer(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    answers = tmp_path / "run" / "answers.jsonl"
    answers.parent.mkdir()
    process = subprocess.Popen([sys.executable, "-c", SLOW_RUN, answers.parent], cwd=Path(__file__).parent)
    deadline = time.monotonic() + 60
    while not answers.exists() or answers.read_bytes().count(b"\n") < 3:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    run(answers.parent, assistant, resume=True)
    assert [asked[0] for asked in assistant.asked[1:]] == ["Was there fog?"]
    run(tmp_path / "whole", ScriptedAssistant(DOCUMENTS, REPLIES))
    assert steady(answers.parent) == steady(tmp_path / "whole")


def test_a_limited_run_can_be_continued(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    run(tmp_path / "run", assistant, limit=1)
    report = run(tmp_path / "run", assistant, resume=True)
    assert len(report.questions) == 4
    assert len((tmp_path / "run/answers.jsonl").read_text().splitlines()) == 4


def test_a_folder_that_holds_something_is_not_overwritten(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    run(tmp_path, assistant)
    before = (tmp_path / "answers.jsonl").read_bytes()
    with pytest.raises(UsageError, match=r"is not empty\. Continue it with --resume"):
        run(tmp_path, assistant)
    assert (tmp_path / "answers.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        pytest.param({"questions": QUESTIONS[:3]}, "questions", id="other-questions"),
        pytest.param(
            {"assistant": ScriptedAssistant(DOCUMENTS, REPLIES, Settings(top_k=3))}, "settings", id="settings"
        ),
        pytest.param({"assistant": ScriptedAssistant(DOCUMENTS[:2], REPLIES)}, "index", id="other-index"),
    ],
)
def test_a_run_is_not_continued_with_other_inputs(
    tmp_path: Path, assistant: ScriptedAssistant, options: dict[str, Any], changed: str
) -> None:
    run(tmp_path, assistant)
    with pytest.raises(UsageError, match=f"was begun with other {changed}"):
        run(tmp_path, **({"assistant": assistant} | options), resume=True)


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").symlink_to("/dev/full")
    folder = RunFolder(tmp_path)
    with pytest.raises(StorageError, match="No space left on device"):
        folder.append("answers.jsonl", "{}")


def test_a_half_written_file_is_never_seen(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("metrics.json", "old")
    (tmp_path / ".metrics.json.part").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="No space left on device"):
        folder.write("metrics.json", "new" * 10_000)
    assert (tmp_path / "metrics.json").read_text() == "old"


class Fixed:
    """A judge that finds half of every answer faithful."""

    name = "fixed"

    def __init__(self) -> None:
        self.judged: list[str | None] = []

    def faithfulness(self, answer: Answer) -> float | None:
        self.judged.append(answer.conversation_id)
        return 0.5 if answer.answerable else None


def test_a_judge_is_asked_once(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    judge = Fixed()
    report = run(tmp_path, assistant, judge=judge)
    assert (report.figures["faithfulness"].value, report.figures["faithfulness"].n) == (0.5, 3)
    assert report.run.judge == "fixed"
    again = run(tmp_path, assistant, judge=judge, resume=True)
    assert judge.judged == ["rain", "snow", "hail", "fog"]
    assert again.figures["faithfulness"] == report.figures["faithfulness"]


def test_the_page_asks_for_nothing_outside_and_escapes_what_it_shows(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }} | x"
    documents = [Document(id="d", title=hostile, text=hostile)]
    question = Question(id="q", question=hostile, answers=("no",), doc_ids=("d",), evidence=(hostile,), answerable=True)
    run(tmp_path, ScriptedAssistant(documents, {hostile: Reply(found=("d",), quote=hostile)}), [question])
    page, text = (tmp_path / "report.html").read_text(), (tmp_path / "report.md").read_text()
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "{{ 7*7 }}" in page
    assert not [mark for mark in ("http://", "https://", "src=", "@import", "url(") if mark in page]
    assert "<script" not in text
