"""A whole run over a scripted assistant: figures that can be redone by hand, and nothing lost whatever happens."""

import csv
import hashlib
import json
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Sequence
from math import log2
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from pydantic import SecretStr

from askcorpus.errors import ModelError, NothingIngested, StorageError, UsageError
from askcorpus.settings import Settings
from askcorpus.types import Answer, Document, Turn
from askcorpus_eval import export
from askcorpus_eval.evaluate import Report, evaluate, masked
from askcorpus_eval.figures import BY_NAME, estimate
from askcorpus_eval.gate import check, read_gates
from askcorpus_eval.questions import Question, QuestionSet
from askcorpus_eval.report import html
from askcorpus_eval.run_folder import RunFolder
from askcorpus_eval.sampling import Sample, draw
from askcorpus_eval.score import rank_documents
from askcorpus_eval.session import run_in
from scripted_eval import Reply, ScriptedAssistant, Shelf

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


@pytest.fixture(scope="module")
def report() -> Report:
    return evaluate(ScriptedAssistant(DOCUMENTS, REPLIES), QUESTIONS)


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
        ("wrong", 2 / 3, 3),  # snow, and fog, which is not in the documents
        ("wrong_answers", 2 / 4, 4),
        ("wrong_silence", 0 / 2, 2),
        ("wrong@0.2", 0 / 1, 1),  # rain, the surest, is a quarter of the questions
        ("wrong@0.4", 1 / 2, 2),  # rain and fog
        ("wrong@0.6", 2 / 3, 3),
        ("wrong@0.8", None, 0),  # three of four were answered
    ],
)
def test_figures(report: Report, name: str, value: float | None, n: int) -> None:
    assert report.figures[name].value == (None if value is None else pytest.approx(value))
    assert report.figures[name].n == n


def test_every_figure_has_its_interval_around_it(report: Report) -> None:
    for figure in report.figures.values():
        if figure.value is not None:
            assert figure.low is not None and figure.high is not None
            assert figure.low <= figure.value <= figure.high


def test_a_figure_of_0_or_1_is_not_certain(report: Report) -> None:
    for name in ("hit@5", "citation_verified", "wrong_silence", "wrong@0.2", "abstention_precision"):
        figure = report.figures[name]
        assert figure.low is not None and figure.high is not None and figure.high - figure.low > 0.4


def test_an_unanswerable_question_has_no_gold_whatever_it_names() -> None:
    """Rightly silent, it must not count as evidence that nobody cited, nor wrongly answered as gold that was cited."""
    gold = {"doc_ids": ("sun",), "evidence": ("The sun shone over Nice all week.",), "pages": ("1",)}
    hail, fog = (question.model_copy(update=gold) for question in QUESTIONS[2:])
    report = evaluate(ScriptedAssistant(DOCUMENTS, REPLIES), [*QUESTIONS[:2], hail, fog])
    for case in report.cases[2:]:
        assert {*case.scores} <= {"citation_verified"}
    assert (report.figures["citation_recall"].value, report.figures["citation_recall"].n) == ((1 + 0) / 2, 2)
    assert "2 questions are unanswerable, so their gold does not count: hail, fog" in report.notes


def test_gold_that_stands_in_no_gold_document_is_named() -> None:
    """A question can only be lost whose answer cannot be quoted: more often its writer slipped than the answer."""
    lost = QUESTIONS[0].model_copy(update={"id": "lost", "answers": ("Paris",), "evidence": ("It rained in Paris.",)})
    elsewhere = QUESTIONS[0].model_copy(update={"id": "elsewhere", "doc_ids": ("far.txt",), "evidence": ()})
    notes = evaluate(ScriptedAssistant(DOCUMENTS, REPLIES), [*QUESTIONS, lost, elsewhere]).notes
    assert notes == [
        "1 gold documents are not in the index and count as missed: far.txt",
        "1 evidence texts stand in no gold document and are left out (questions: lost)",
        "1 questions have no short answer that stands in a gold document, for a quote to hold: lost",
    ]


@pytest.mark.parametrize("n", [20, 50, 200])
def test_the_interval_of_a_calibration_error_lies_around_it(n: int) -> None:
    """Each resample of questions has a larger one, so that the plain percentiles can all lie above it."""
    lot = np.random.default_rng(5)
    for _ in range(20):
        confidence = lot.uniform(0.3, 0.95, n)
        right = (lot.uniform(size=n) < confidence).astype(np.float64)
        table = {"confidence": confidence, "correct": right, "answered": np.ones(n)}
        found = estimate(BY_NAME["ece"], table)
        assert found.value is not None and found.low is not None and found.high is not None
        assert 0 <= found.low < found.value < found.high


def test_an_interval_without_width_is_none() -> None:
    """Of two questions rightly told apart the AUROC is 1, which nobody can be certain of; nor of what one shows."""
    report = evaluate(ScriptedAssistant(DOCUMENTS, REPLIES), [QUESTIONS[0], QUESTIONS[2]])
    for name, value in (("abstention_auroc", 1), ("f1", 2 / 7), ("aurc", 0)):
        found = report.figures[name]
        assert found.value == pytest.approx(value)
        assert (found.low, found.high) == (None, None)
    assert html(report, Shelf(DOCUMENTS))


def test_figures_without_gold_are_none_and_say_so(assistant: ScriptedAssistant) -> None:
    report = evaluate(assistant, QUESTIONS[2:])
    assert report.figures["hit@5"].value is None and report.figures["hit@5"].n == 0
    assert any(note.startswith("no question is answerable") for note in report.notes)
    unsure = QUESTIONS[0].model_copy(update={"answerable": None})
    report = evaluate(assistant, [unsure])
    assert report.figures["hit@5"].value == 1
    assert not any(note.startswith("no question is answerable") for note in report.notes)


def test_splits(report: Report) -> None:
    assert list(report.splits["languages"]) == ["en→en", "en→fr"]
    assert report.splits["languages"]["en→fr"]["mrr@10"].value == 1 / 2
    assert report.splits["type"]["time"]["hit@1"].value == 0
    assert report.splits["answerability"]["unanswerable"]["answered"].value == 1 / 2
    assert "hit@1" not in report.splits["answerability"]["unanswerable"]


def test_each_question_is_asked_with_its_history_and_enough_passages(assistant: ScriptedAssistant) -> None:
    evaluate(assistant, QUESTIONS)

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


@pytest.mark.parametrize(
    ("pages", "doc_ids", "value"),
    [
        pytest.param(("12",), ("rain",), 1, id="the-page"),
        pytest.param(("p. 12",), (), 1, id="as-people-write-it"),
        pytest.param(("1", "2"), ("rain",), 0, id="another"),
        pytest.param(("12",), ("snow",), 0, id="of-another-document"),
        pytest.param(("xii",), ("rain",), 0, id="in-other-figures"),
    ],
)
def test_a_gold_page(pages: tuple[str, ...], doc_ids: tuple[str, ...], value: float) -> None:
    question = QUESTIONS[0].model_copy(update={"pages": pages, "doc_ids": doc_ids, "evidence": ()})
    answer = ScriptedAssistant(DOCUMENTS, REPLIES).ask(question.question, conversation_id="rain")
    cited = answer.citations[0].model_copy(update={"locator": {"page": "12"}})
    answers = {"rain": answer.model_copy(update={"citations": (cited,)})}
    report = evaluate(ScriptedAssistant(DOCUMENTS, REPLIES), [question], answers=answers)
    assert (report.figures["cited_page"].value, report.figures["cited_page"].n) == (value, 1)


def test_nuggets_are_counted_in_the_answer_and_its_quotes(assistant: ScriptedAssistant) -> None:
    nuggets = ("Lyon", "on Monday / the first of May", "Nobody was hurt", "In spring")
    question = QUESTIONS[0].model_copy(update={"nuggets": nuggets})
    assert evaluate(assistant, [question]).figures["nugget_recall"].value == 2 / 4
    silent = evaluate(ScriptedAssistant(DOCUMENTS, {}), [question])
    assert silent.figures["nugget_recall"].value == 0


def test_gold_documents_that_are_not_there(assistant: ScriptedAssistant) -> None:
    gone = QUESTIONS[0].model_copy(update={"id": "gone", "doc_ids": ("gone.txt",), "evidence": ("It rained in Rome.",)})
    report = evaluate(assistant, [*QUESTIONS, gone])
    assert report.figures["hit@5"].value == pytest.approx(2 / 3)
    assert report.notes[:2] == [
        "1 gold documents are not in the index and count as missed: gone.txt",
        "1 evidence texts stand in no gold document and are left out (questions: gone)",
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
        "questions.csv",
        "questions.junit.xml",
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
        "the%20rain Q0 rain 1 1.000000 askcorpus\nthe%20rain Q0 sun 2 0.500000 askcorpus\n"
    )
    assert export.trec_qrels(report.cases) == "rain 0 rain 1\nsnow 0 snow 1\n"
    first, *_, last = (json.loads(line) for line in export.ragas(report.cases).splitlines())
    assert first == {
        "user_input": "Where did it rain?",
        "retrieved_contexts": [DOCUMENTS[0].text, DOCUMENTS[2].text],
        "response": "It rained in Lyon on Monday.",
        "answered": True,
        "reference": "Lyon",
    }
    assert "reference" not in last
    told = [json.loads(line)["answered"] for line in export.ragas(report.cases).splitlines()]
    assert told == [case.answered for case in report.cases] and set(told) == {True, False}


@pytest.mark.parametrize("names", [("a b", "a_b", "a  b", "a\u2028b"), ("a%20b", "a b", "a%2520b", "50% off", "%")])
def test_no_two_names_are_one_in_a_trec_run(report: Report, names: tuple[str, ...]) -> None:
    first = report.cases[0]
    cases = [first.model_copy(update={"question": QUESTIONS[0].model_copy(update={"id": name})}) for name in names]

    lines = [line.split() for line in export.trec_run(cases).splitlines()]
    assert {len(line) for line in lines} == {6}
    assert tuple(dict.fromkeys(export.read_word(line[0]) for line in lines)) == names


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


def test_a_run_goes_on_after_a_question_with_a_line_end_of_unicode(
    tmp_path: Path, assistant: ScriptedAssistant
) -> None:
    questions = [QUESTIONS[0].model_copy(update={"question": "Did it\u2028rain,\u0085then?"})]
    run(tmp_path / "run", assistant, questions)
    before = len(assistant.asked)
    run(tmp_path / "run", assistant, questions, resume=True)
    assert len(assistant.asked) == before


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
            {"assistant": ScriptedAssistant(DOCUMENTS, REPLIES, Settings(top_k=3))},
            r"settings \(top_k\)\.",
            id="settings",
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


class Failing(Fixed):
    """A judge whose server fails on some questions, and whose replies to others make no sense."""

    def __init__(self, failing: Sequence[str], unreadable: Sequence[str] = ()) -> None:
        super().__init__()
        self.failing, self.unreadable = failing, unreadable

    def faithfulness(self, answer: Answer) -> float | None:
        if answer.conversation_id in self.failing:
            raise ModelError("The judge fixed failed: timeout.")
        return None if answer.conversation_id in self.unreadable else super().faithfulness(answer)


def test_answers_that_the_judge_fails_on_are_counted_and_named(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    report = run(tmp_path, assistant, judge=Failing(["rain"], ["fog"]))
    assert report.figures["faithfulness"].n == 1
    assert report.judge_failures == {"rain": "The judge fixed failed: timeout.", "fog": "its reply cannot be read"}
    assert report.notes[-1] == (
        "the judge failed on 2 of 3 answers, which have no verdict: "
        "rain (The judge fixed failed: timeout), fog (its reply cannot be read)"
    )
    again = run(tmp_path, assistant, judge=Failing([]), resume=True)  # only the server's failures are tried again
    assert again.judge_failures == {"fog": "its reply cannot be read"}


def test_a_judge_that_always_fails_stops_the_run(tmp_path: Path) -> None:
    questions = [QUESTIONS[0].model_copy(update={"id": f"q{n}"}) for n in range(6)]
    with pytest.raises(ModelError, match="timeout"):
        run(tmp_path, ScriptedAssistant(DOCUMENTS, REPLIES), questions, judge=Failing([q.id for q in questions]))


def test_a_sample_has_each_kind_of_question_in_its_share() -> None:
    kinds = [("en", "place")] * 60 + [("fr", "place")] * 30 + [("fr", "time")] * 10
    questions = [Question(id=str(at), question="?", lang=lang, type=kind) for at, (lang, kind) in enumerate(kinds)]
    drawn = draw(questions, Sample(10, seed=1))
    assert [(q.lang, q.type) for q in drawn] == [("en", "place")] * 6 + [("fr", "place")] * 3 + [("fr", "time")]
    assert drawn == draw(questions, Sample(10, seed=1)) != draw(questions, Sample(10, seed=2))
    assert len(draw(questions, Sample(7))) == 7
    assert draw(questions, Sample(1000)) == tuple(questions)


def test_a_sample_is_said_to_be_one(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    report = run(tmp_path, assistant, sample=Sample(2, seed=3))
    assert len(report.questions) == 2
    assert "2 of 4 questions were asked, drawn by lot, seed 3" in report.notes


def test_questions_as_csv_hold_no_formula(tmp_path: Path) -> None:
    question = Question(id="=q", question="@now", answers=("-1",), answerable=True, lang="+en")
    run(tmp_path, ScriptedAssistant(DOCUMENTS, {"@now": Reply(("rain",), "Nobody was hurt.", 0.9, "=1+1")}), [question])
    (row,) = csv.DictReader((tmp_path / "questions.csv").open(newline="", encoding="utf-8"))
    assert (row["id"], row["question"], row["languages"], row["answer"]) == ("'=q", "'@now", "'+en→?", "'=1+1")
    assert (row["expected"], row["correct"], row["answered"]) == ("'-1", "false", "true")
    assert (row["confidence"], row["f1"], row["quote"]) == ("0.9", "0.0", "Nobody was hurt.")


def test_questions_and_gates_as_junit(tmp_path: Path, assistant: ScriptedAssistant) -> None:
    bell = Question(id="bell\x07", question="Why?")
    report = run(tmp_path, assistant, [*QUESTIONS, bell])
    suite = ElementTree.parse(tmp_path / "questions.junit.xml").getroot()
    assert suite.attrib == {"name": "questions", "tests": "5", "failures": "2", "skipped": "1"}
    failed = {test.get("name"): test.findtext("failure") for test in suite if test.find("failure") is not None}
    assert failed == {
        "snow": "When did it snow?\nexpected: mardi\ngiven: The sun shone [1]",
        "fog": "Was there fog?\nexpected: no answer\ngiven: all week. [1]",
    }
    gates = read_gates("under", ["hit@5=1", "f1=0.9"])
    told = ElementTree.fromstring(export.gates_junit(check(gates, report.figures)))
    assert [(test.get("name"), len(test)) for test in told] == [
        ("hit@5 --fail-under 1", 0),
        ("f1 --fail-under 0.9", 1),
    ]


def test_the_page_asks_for_nothing_outside_and_escapes_what_it_shows(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }} | x"
    documents = [Document(id="d", title=hostile, text=hostile)]
    question = Question(id="q", question=hostile, answers=("no",), doc_ids=("d",), evidence=(hostile,), answerable=True)
    run(tmp_path, ScriptedAssistant(documents, {hostile: Reply(found=("d",), quote=hostile)}), [question])
    page, text = (tmp_path / "report.html").read_text(), (tmp_path / "report.md").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and "{{ 7*7 }}" in page
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'\"" in page.replace("&#39;", "'")  # and no other script may run
    assert not [mark for mark in ("http://", "https://", "src=", "@import", "url(") if mark in page]
    assert "<script" not in text
