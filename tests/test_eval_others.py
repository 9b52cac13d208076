"""Answers that another system gave, held against the same gold."""

import json
from pathlib import Path
from typing import Any

import pytest
from ir_measures import RR

from askcorpus.errors import UsageError
from askcorpus_eval.compare import compare
from askcorpus_eval.evaluate import Report, evaluate
from askcorpus_eval.export import trec_qrels, trec_run
from askcorpus_eval.figures import METRICS
from askcorpus_eval.others import read_answers
from askcorpus_eval.questions import Question
from askcorpus_eval.run_folder import RunFolder
from askcorpus_eval.session import write_outputs
from scripted_eval import ScriptedAssistant
from test_eval_evaluate import DOCUMENTS, QUESTIONS, REPLIES

RAIN = "It rained in Lyon on Monday."


def score(path: Path, questions: list[Question] = QUESTIONS) -> Report:
    assistant = ScriptedAssistant(DOCUMENTS, REPLIES)
    given = read_answers(path, questions, assistant.store)
    report = evaluate(assistant, given.questions, answers=given.answers, untold=given.untold)
    assert assistant.asked == []
    return report.model_copy(update={"notes": [*given.notes, *report.notes]})


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def values(report: Report) -> dict[str, float | None]:
    return {name: figure.value for name, figure in report.figures.items()}


def test_answers_with_documents_and_quotes(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": "rain",
            "response": "Lyon",
            "confidence": 0.9,
            "doc_ids": ["snow", "rain.txt"],
            "quotes": [RAIN, "Not there."],
        },
        {"qid": "snow", "answer": "Tuesday", "probability": "0.4", "retrieved_doc_ids": ["snow"]},
        {"id": "hail", "response": "", "confidence": 0.1},
        {"id": "fog", "response": "no", "answered": False, "confidence": 0.2},
    ]
    report = score(write(tmp_path / "theirs.jsonl", *rows))
    found = values(report)

    assert (found["hit@1"], found["mrr@10"]) == (1 / 2, (1 / 2 + 1) / 2)
    assert (found["f1"], found["exact_match"], found["answered"]) == (1 / 2, 1 / 2, 2 / 4)
    assert (found["citation_recall"], found["citation_verified"]) == (1 / 2, 1)
    assert (found["correct"], found["wrong"], found["wrong_silence"]) == (3 / 4, 1 / 2, 0)
    assert found["abstention_auroc"] == 1
    assert report.run.model == "theirs"
    assert report.notes == []


def test_an_answer_without_a_time_is_none_in_no_time(tmp_path: Path) -> None:
    for name in ("timed", "a"):
        (tmp_path / name).mkdir()
    rows: list[dict[str, Any]] = [
        {"id": "rain", "response": "Lyon", "latency_ms": 400},
        {"id": "snow", "response": "Tuesday", "milliseconds": "100"},
        {"id": "hail", "response": ""},
    ]
    timed = score(write(tmp_path / "timed.jsonl", *rows))
    assert (timed.figures["latency_p50"].value, timed.figures["latency_p50"].n) == (250, 2)
    assert timed.notes[-1] == "2 answers do not tell how long they took: latency is that of the others"
    write_outputs(RunFolder(tmp_path / "timed"), timed, ScriptedAssistant(DOCUMENTS, REPLIES))

    untimed = score(write(tmp_path / "a.jsonl", *({**row, "latency_ms": None, "milliseconds": None} for row in rows)))
    assert (untimed.figures["latency_p50"].value, untimed.figures["latency_p95"].n) == (None, 0)
    write_outputs(RunFolder(tmp_path / "a"), untimed, ScriptedAssistant(DOCUMENTS, REPLIES))
    assert "question to whole answer" not in (tmp_path / "a/report.html").read_text()
    assert 'time="0.400"' in (tmp_path / "timed/questions.junit.xml").read_text()
    assert "time=" not in (tmp_path / "a/questions.junit.xml").read_text()

    (latency,) = [
        one for one in compare(tmp_path / "timed", tmp_path / "timed").differences if one.metric == "latency_p50"
    ]
    assert (latency.a.value, latency.n) == (250, 2)
    assert not [one for one in compare(tmp_path / "timed", tmp_path / "a").differences if "latency" in one.metric]
    for wrong in ("-1", "nan", "soon", 10**400):
        with pytest.raises(UsageError, match="cannot be read"):
            score(write(tmp_path / "b.jsonl", {"id": "rain", "response": "Lyon", "milliseconds": wrong}))


def test_a_ragas_data_set(tmp_path: Path) -> None:
    """Known by the question's text; a context that stands in no gold document still takes its rank."""
    row = {
        "user_input": "Where  did it rain?",
        "retrieved_contexts": ["Something else.", RAIN],
        "response": "In Lyon.",
        "reference": "Lyon",
    }
    report = score(write(tmp_path / "ragas.jsonl", row), QUESTIONS[:1])
    found = values(report)
    assert (found["hit@1"], found["mrr@10"], found["f1"]) == (0, 1 / 2, 2 * 1 / (2 + 1))
    assert report.notes[0].startswith("the file has no confidence")


def test_what_is_not_in_the_file_was_not_answered(tmp_path: Path) -> None:
    report = score(write(tmp_path / "a.jsonl", {"id": "rain", "response": "Lyon", "confidence": 1}))
    assert report.figures["answered"].value == 1 / 4
    assert report.notes[:3] == [
        "the file quotes no document: citations have no figures, correct is told by its own words",
        "the file names no documents and no contexts: retrieval has no figures",
        "3 questions are not in the file and count as not answered",
    ]
    assert report.figures["hit@5"].value is None and report.figures["citation_recall"].value is None


def test_a_trec_run_has_figures_of_retrieval_only(tmp_path: Path) -> None:
    (tmp_path / "bm25.run").write_text(
        "rain Q0 sun 1 3.5 x\nrain Q0 rain 2 2.5 x\nsnow Q0 snow 1 9 x\nother Q0 a 1 1 x\n"
    )
    report = score(tmp_path / "bm25.run")
    found = values(report)
    assert (found["hit@1"], found["mrr@10"], report.figures["hit@1"].n) == (1 / 2, (1 / 2 + 1) / 2, 2)
    assert {metric.group for metric in METRICS if found[metric.name] is not None} == {"Retrieval"}
    assert report.notes == [
        "the file has no answers: only retrieval has figures",
        "1 answers are to no question of the set and are left out (the first: other)",
        "2 questions are not in the file and count as not answered",
    ]


def test_a_run_of_ours_has_the_same_figures_of_retrieval_as_a_run_of_others(tmp_path: Path) -> None:
    """Also where an unanswerable question names a document: it is in none of them, nor in what we hand to trec_eval."""
    hail = QUESTIONS[2].model_copy(update={"doc_ids": ("snow",), "evidence": ("Il a neigé à Lille mardi.",)})
    questions = [*QUESTIONS[:2], hail, QUESTIONS[3]]
    ours = evaluate(ScriptedAssistant(DOCUMENTS, REPLIES), questions)
    (tmp_path / "ours.run").write_text(trec_run(ours.cases))
    theirs = score(tmp_path / "ours.run", questions)
    retrieval = [metric.name for metric in METRICS if metric.group == "Retrieval"]
    assert {name: ours.figures[name] for name in retrieval} == {name: theirs.figures[name] for name in retrieval}
    assert {line.split()[0] for line in trec_qrels(ours.cases).splitlines()} == {"rain", "snow"}


def test_a_run_of_ours_finds_its_questions_again_though_their_names_have_blanks(tmp_path: Path) -> None:
    questions = [one.model_copy(update={"id": f"{one.id} at 50%20"}) for one in QUESTIONS]
    ours = evaluate(ScriptedAssistant(DOCUMENTS, REPLIES), questions)
    (tmp_path / "ours.run").write_text(trec_run(ours.cases))
    theirs = score(tmp_path / "ours.run", questions)
    assert theirs.figures["mrr@10"] == ours.figures["mrr@10"]


def test_documents_that_are_not_in_the_index_keep_their_ranks(tmp_path: Path) -> None:
    """Left out, they would let what stands below them rise."""
    found = ["ghost", "rain", "ghost", "spirit"]
    row = {"id": "rain", "response": "Lyon", "confidence": 1, "retrieved_doc_ids": found}
    (tmp_path / "a.run").write_text("".join(f"rain Q0 {name} 0 {9 - at} x\n" for at, name in enumerate(found)))
    for file in (write(tmp_path / "a.jsonl", row), tmp_path / "a.run"):
        report = score(file, QUESTIONS[:1])
        assert (report.figures["hit@1"].value, report.figures["mrr@10"].value) == (0, 1 / 2)
        assert (
            "2 documents found are not in the index: nobody's gold, at their ranks (the first: ghost)" in report.notes
        )


def test_equal_scores_of_a_run_are_ordered_as_trec_eval_does(tmp_path: Path) -> None:
    (tmp_path / "a.run").write_text("rain Q0 rain 1 2 x\nrain Q0 snow 2 2 x\nrain Q0 sun 3 2 x\n")
    report = score(tmp_path / "a.run", QUESTIONS[:1])
    told = RR.calc_aggregate({"rain": {"rain": 1}}, {"rain": {"rain": 2.0, "snow": 2.0, "sun": 2.0}})
    assert report.figures["mrr@10"].value == told == 1 / 3


def test_what_a_file_does_not_say_has_no_figure(tmp_path: Path) -> None:
    """Without any confidence, nothing tells how well it is calibrated: neither here nor in a comparison."""
    rows = [{"id": "rain", "response": "Lyon"}, {"id": "snow", "response": "Tuesday"}, {"id": "fog", "response": "Yes"}]
    unsure = score(write(tmp_path / "a.jsonl", *rows))
    of_confidence = ("ece", "aurc", "abstention_auroc", "wrong@0.2")
    assert [unsure.figures[name].value for name in of_confidence] == [None] * len(of_confidence)
    assert (unsure.figures["wrong"].value, unsure.figures["abstention_recall"].value) == (2 / 3, 1 / 2)
    assert unsure.reliability == [] and unsure.risk == []
    assert unsure.questions[0].confidence is None

    RunFolder(tmp_path / "a").claim(resume=False)
    write_outputs(RunFolder(tmp_path / "a"), unsure, ScriptedAssistant(DOCUMENTS, REPLIES))
    assert (
        "confidence"
        not in (tmp_path / "a/report.html").read_text().partition("Worst questions")[2].partition("<h2>")[0]
    )
    both = {one.metric for one in compare(tmp_path / "a", tmp_path / "a").differences}
    assert "wrong" in both and not both & {*of_confidence}

    sure = score(write(tmp_path / "b.jsonl", rows[0] | {"confidence": 0.7}, *rows[1:]))
    assert sure.figures["ece"].n == 1
    assert "2 answers have no confidence: calibration, AUROC and risk are those of the others" in sure.notes


def test_answers_without_quotes_have_no_figures_of_citations(tmp_path: Path) -> None:
    """They would be zeros, and beside a run of ours a defeat that nobody measured; marks nobody else has."""
    row = {"id": "rain", "response": "Lyon", "confidence": 1, "doc_ids": ["rain"]}
    cited = {"answer_in_citation", "citation_recall", "cited_gold", "marked_f1"}
    plain, quoting = (score(write(tmp_path / "a.jsonl", row | more)) for more in ({}, {"quotes": [RAIN]}))
    assert {name for name in cited if plain.figures[name].value is not None} == set()
    assert {name for name in cited if quoting.figures[name].value is not None} == cited - {"marked_f1"}
    assert [one.figures["correct"].value for one in (plain, quoting)] == [3 / 4, 3 / 4]


def test_an_answer_that_cannot_quote_is_right_by_its_own_words(tmp_path: Path) -> None:
    """A whole sentence has a low F1 with a name, however right it is."""
    row = {"id": "rain", "response": "It was in the city of Lyon, on a wet Monday, that it rained.", "contexts": [RAIN]}
    report = score(write(tmp_path / "a.jsonl", row), QUESTIONS[:1])
    assert (report.figures["f1"].value, report.figures["correct"].value) == (2 / 13, 1)


def test_our_own_answers_scored_anew_are_the_same(tmp_path: Path) -> None:
    """So a run that an older version left can be compared without asking anything again."""
    ours = evaluate(ScriptedAssistant(DOCUMENTS, REPLIES), QUESTIONS)
    lines = "".join(case.answer.model_dump_json() + "\n" for case in ours.cases)
    (tmp_path / "answers.jsonl").write_text(lines)
    assert score(tmp_path / "answers.jsonl").figures == ours.figures


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("a.jsonl", '{"id": "other", "response": "x"}', "answers none of the questions", id="others"),
        pytest.param("a.jsonl", '{"id": "rain", "confidence": 7}', "confidence 7 is not between 0 and 1", id="percent"),
        pytest.param("a.jsonl", '{"id": "rain", "confidence": "high"}', "could not convert", id="no-number"),
        pytest.param("a.jsonl", '{"id": "rain", "standalone_question": 1}', "cannot be read", id="no-answer-object"),
        pytest.param("a.jsonl", "[", "line 1: not JSON", id="no-json"),
        pytest.param(
            "a.jsonl",
            '{"id": "rain", "response": "x"}\n{"question": "Where did it rain?", "response": "y"}',
            "line 2: 'rain' is answered twice",
            id="twice",
        ),
        pytest.param("a.run", "rain sun 1", "line 1: not query, Q0, document", id="no-run"),
    ],
)
def test_a_file_that_holds_no_answers(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        score(tmp_path / name)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="No such file"):
        score(tmp_path / "none.jsonl")
