"""Runs held against each other, and conditions that fail a build."""

import json
import re
from pathlib import Path
from typing import Literal

import pytest

from askcorpus.errors import UsageError
from askcorpus.settings import Settings
from askcorpus_eval.compare import Comparison, as_json, compare, html, markdown, write_comparison
from askcorpus_eval.figures import Estimate
from askcorpus_eval.gate import check, check_drops, read_gates
from askcorpus_eval.run_folder import RunFolder
from scripted_eval import Reply, ScriptedAssistant
from test_eval_evaluate import DOCUMENTS, QUESTIONS, REPLIES, run

FOUND = Reply(found=("snow", "sun"), quote="Il a neigé à Lille mardi.", confidence=0.8)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run B answers "When did it snow?" rightly, and abstains from nothing that A did not."""
    folder = tmp_path_factory.mktemp("runs")
    run(folder / "a", ScriptedAssistant(DOCUMENTS, REPLIES))
    run(folder / "b", ScriptedAssistant(DOCUMENTS, REPLIES | {"When did it snow?": FOUND}))
    return folder


@pytest.fixture(scope="module")
def comparison(runs: Path) -> Comparison:
    return compare(runs / "a", runs / "b")


def test_changes(comparison: Comparison) -> None:
    changes = {difference.metric: difference.change for difference in comparison.differences}
    assert comparison.questions == 4
    assert changes["mrr@10"] == pytest.approx(1 - 3 / 4)
    assert changes["correct"] == pytest.approx(3 / 4 - 2 / 4)
    assert changes["hit@5"] == 0


def test_figures_of_answers_are_of_those_that_both_gave(tmp_path: Path) -> None:
    """A answers one question, rightly; B answers it as rightly, and a harder one wrongly."""
    rain = {"Where did it rain?": REPLIES["Where did it rain?"]}
    run(tmp_path / "a", ScriptedAssistant(DOCUMENTS, rain))
    run(tmp_path / "b", ScriptedAssistant(DOCUMENTS, REPLIES))
    found = {each.metric: each for each in compare(tmp_path / "a", tmp_path / "b").differences}

    for name in ("cited_gold", "citation_precision", "citation_verified", "wrong", "ece", "aurc"):
        assert (name, found[name].n, found[name].change) == (name, 1, 0)
        assert found[name].a == found[name].b
    assert (found["answered"].n, found["answered"].change) == (4, 2 / 4)
    assert (found["f1"].n, found["wrong_silence"].change) == (2, -1 / 2)
    assert (found["wrong_answers"].n, found["wrong_answers"].change) == (4, 2 / 4)  # for ``wrong`` does not see them


def test_the_comparison_as_json(comparison: Comparison) -> None:
    (told,) = json.loads(as_json([comparison]))["comparisons"]
    correct = next(each for each in told["differences"] if each["metric"] == "correct")
    assert (told["questions"], correct["n"], correct["change"], correct["verdict"]) == (4, 4, 0.25, "same")
    assert told["flips"][0]["id"] == "snow"


def test_one_flipped_question_of_four_proves_nothing(comparison: Comparison) -> None:
    correct = next(difference for difference in comparison.differences if difference.metric == "correct")
    assert correct.p == 1  # swapping the labels of one question leaves the difference as large, always
    assert correct.low is not None and correct.high is not None
    assert correct.low <= correct.change <= correct.high
    assert correct.verdict == "same"


def test_many_flipped_questions_prove_something(tmp_path: Path) -> None:
    questions = [QUESTIONS[0].model_copy(update={"id": f"q{n}", "question": f"Rain {n}?"}) for n in range(10)]
    run(tmp_path / "a", ScriptedAssistant(DOCUMENTS, {}), questions)
    found = {question.question: REPLIES["Where did it rain?"] for question in questions}
    run(tmp_path / "b", ScriptedAssistant(DOCUMENTS, found), questions)
    correct = next(d for d in compare(tmp_path / "a", tmp_path / "b").differences if d.metric == "correct")
    assert correct.p == pytest.approx(2 / 2**10, abs=0.004)  # all ten swapped, or none
    assert correct.verdict == "better"
    answered = next(d for d in compare(tmp_path / "b", tmp_path / "a").differences if d.metric == "hit@5")
    assert (answered.change, answered.verdict) == (-1, "worse")


def test_what_flipped_is_shown_with_both_answers(comparison: Comparison) -> None:
    (flip,) = comparison.flips
    assert (flip.id, flip.now_right) == ("snow", True)
    assert (flip.before, flip.after) == ("The sun shone [1]", "Il a neigé à Lille mardi. [1]")
    for text in (html([comparison]), markdown([comparison])):
        assert "Il a neigé à Lille mardi." in text
        assert "1 questions flipped" in text


def test_the_page_asks_for_nothing_outside(comparison: Comparison) -> None:
    assert not re.findall(r"https?://|src=|@import|url\(", html([comparison]))


def test_only_shared_questions_count(tmp_path: Path, runs: Path) -> None:
    other = QUESTIONS[3].model_copy(update={"question": "Was there any fog at all?"})  # the same id, another question
    run(tmp_path, ScriptedAssistant(DOCUMENTS, REPLIES), [QUESTIONS[0], other])
    comparison = compare(runs / "a", tmp_path)
    assert comparison.questions == 1
    assert comparison.notes[:2] == [
        "3 questions of A are not in the other run and are left out",
        "1 questions of B are not in the other run and are left out",
    ]
    run(tmp_path / "none", ScriptedAssistant(DOCUMENTS, REPLIES), [other])
    with pytest.raises(UsageError, match="no question in common"):
        compare(runs / "a", tmp_path / "none")


def test_what_was_not_the_same_is_told(tmp_path: Path, runs: Path) -> None:
    """A changed setting, for it is what one wants to know of; other gold, for it changes figures that no answer did."""
    settings = Settings(top_k=30, data=tmp_path)
    other = QUESTIONS[0].model_copy(update={"answers": ("Paris",)})
    run(tmp_path, ScriptedAssistant(DOCUMENTS, REPLIES, settings), [other, *QUESTIONS[1:]])
    assert compare(runs / "a", tmp_path).notes == [
        "1 questions have other gold now, so their change is not the assistant's: rain",
        "settings that differ, A and B: top_k 8, 30",
        "A asked for 20 passages, B for 30: figures of retrieval below the lesser do not compare",
    ]
    assert compare(runs / "a", runs / "b").notes == []


def test_no_slower_run_is_proven_by_its_times(tmp_path: Path, runs: Path) -> None:
    """Its questions share whatever else the machine did, so they are no independent witnesses."""
    for name, factor in (("a", 1), ("b", 3)):
        report = json.loads((runs / "a" / "metrics.json").read_text())
        for row in report["questions"]:
            row["milliseconds"] = 100 * factor
        report["questions"] *= 3
        for at, row in enumerate(report["questions"]):
            row["id"] = f"{row['id']} {at}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text(json.dumps(report))
    found = {one.metric: one for one in compare(tmp_path / "a", tmp_path / "b").differences}
    assert (found["latency_p50"].change, found["latency_p50"].p, found["latency_p50"].verdict) == (200, None, "same")


def test_a_folder_without_a_finished_run(tmp_path: Path, runs: Path) -> None:
    with pytest.raises(UsageError, match="holds no finished run"):
        compare(runs / "a", tmp_path)
    for text, reason in [
        ('{"figures": {}}', "is of version 1, not 3"),
        ('{"version": 2}', "is of version 2, not 3"),
        ('{"version": 3}', "is damaged"),
        ("{", "is damaged"),
    ]:
        (tmp_path / "metrics.json").write_text(text)
        with pytest.raises(UsageError, match=reason):
            compare(runs / "a", tmp_path)
    (tmp_path / "metrics.json").write_text('{"version": 2}')
    with pytest.raises(UsageError, match=rf"eval score QUESTIONS {tmp_path / 'answers.jsonl'}"):
        compare(tmp_path, runs / "a")


def test_the_comparison_is_written(tmp_path: Path, comparison: Comparison) -> None:
    write_comparison(RunFolder(tmp_path), [comparison])
    assert {path.name for path in tmp_path.iterdir()} == {"compare.html", "compare.md"}


def figure(value: float | None) -> Estimate:
    return Estimate(value=value, low=value, high=value, n=0 if value is None else 10)


NOW = {
    "hit@5": figure(0.7),
    "ece": figure(0.2),
    "f1": figure(None),
    "wrong@0.6": figure(0.25),
    "wrong@0.8": figure(None),
    "wrong_silence": figure(0.2),
}
BEFORE = {"hit@5": figure(0.75), "ece": figure(0.1), "f1": figure(0.3)}


@pytest.mark.parametrize(
    ("kind", "condition", "line"),
    [
        ("under", "hit@5=0.8", "hit@5 is 0.7, under 0.8"),
        ("under", "hit@5=0.7", None),
        ("over", "ece=0.1", "ece is 0.2, over 0.1"),
        ("over", "ece=0.2", None),
        ("drop", "hit@5=0.02", "hit@5 went from 0.75 to 0.7, worse by 0.05, more than 0.02"),
        ("drop", "hit@5=0.05", None),
        ("drop", "ece=0.05", "ece went from 0.1 to 0.2, worse by 0.1, more than 0.05"),
        ("under", "f1=0.1", "f1 has no figure: no question has gold for it"),
        ("drop", "f1=0.1", "f1 has no figure on the questions of both runs"),
        ("over", "wrong@0.6=0.1", "wrong@0.6 is 0.25, over 0.1"),
        ("over", "wrong@.6=.3", None),
        ("over", "wrong@coverage=.6", "wrong@0.6 is 0.25, over 0"),
        ("over", "wrong@coverage=0.6=.2", "wrong@0.6 is 0.25, over 0.2"),
        ("over", "wrong@coverage=.6=.3", None),
        (
            "over",
            "wrong@coverage=.8",
            "wrong@0.8 has no figure: so many questions got no answer, or none has gold that tells",
        ),
        (
            "over",
            "wrong@0.8=1",
            "wrong@0.8 has no figure: so many questions got no answer, or none has gold that tells",
        ),
        ("over", "wrong_silence=0.1", "wrong_silence is 0.2, over 0.1"),
    ],
)
def test_gates(kind: Literal["under", "over", "drop"], condition: str, line: str | None) -> None:
    gates = read_gates(kind, [condition])
    ((_, failed),) = check(gates, NOW) + check_drops(gates, BEFORE, NOW)
    assert failed == (line or "")


@pytest.mark.parametrize(
    ("kind", "condition", "message"),
    [
        ("under", "hits@5=0.8", "There is no metric 'hits@5'. There are: hit@1, "),
        ("over", "wrong@coverage=", "There is no metric 'wrong@'. There are: hit@1, "),
        ("over", "wrong@coverage=.7", "There is no metric 'wrong@0.7'. There are: hit@1, "),
        ("over", "wrong@coverage=.6=x", "--fail-over wrong@coverage=.6=x: not of the form metric=number"),
        ("under", "hit@5", "--fail-under hit@5: not of the form metric=number"),
        ("drop", "f1=much", "--fail-drop f1=much: not of the form metric=number"),
        ("under", "hit@5=nan", "--fail-under hit@5=nan: not of the form metric=number"),  # nothing is under it
        ("over", "ece=inf", "--fail-over ece=inf: not of the form metric=number"),
        ("under", "ece=0.1", "--fail-under ece=0.1: lower is better. Use --fail-over."),
        ("over", "f1=0.1", "--fail-over f1=0.1: higher is better. Use --fail-under."),
    ],
)
def test_wrong_gates(kind: Literal["under", "over", "drop"], condition: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        read_gates(kind, [condition])
