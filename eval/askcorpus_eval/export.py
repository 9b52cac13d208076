"""Exports of a run to the formats of other tools."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from askcorpus.text.characters import spreadsheet_cell
from askcorpus_eval.figures import METRICS
from askcorpus_eval.gate import Outcome
from askcorpus_eval.metrics.answers import plain
from askcorpus_eval.score import Case

TAG = "askcorpus"
_NOT_A_WORD = re.compile("\\s|%(?=[0-9A-Fa-f]{2})")
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def trec_run(cases: Sequence[Case]) -> str:
    """The documents found, in TREC's run format: query, Q0, document, rank, score (falling), tag."""
    return _lines(
        f"{_word(case.question.id)} Q0 {_word(document)} {rank} {1 / rank:.6f} {TAG}"
        for case in cases
        for rank, document in enumerate(case.ranking, start=1)
    )


def trec_qrels(cases: Sequence[Case]) -> str:
    """The gold documents of the questions that have figures of retrieval, in TREC's qrels format: query, 0, document,
    grade."""
    return _lines(
        f"{_word(case.question.id)} 0 {_word(document)} {grade}"
        for case in cases
        if case.question.has_answer
        for document, grade in case.gold.grades.items()
    )


def ragas(cases: Sequence[Case]) -> str:
    """The samples of a RAGAS ``EvaluationDataset``, one a line; ``reference`` only where there is a gold answer.
    ``answered`` is none of its fields, and tells that the response to a question is no answer to it."""
    return _lines(json.dumps(_sample(case), ensure_ascii=False) for case in cases)


def questions_csv(cases: Sequence[Case]) -> str:
    """A question a line, with its scores, its answer and what that cites; no cell is a formula."""
    scored = {name for case in cases for name in case.scores}
    metrics = [metric.name for metric in METRICS if metric.name in scored]
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    columns = ("id", "question", "languages", "type", "answerable", "answered", "correct", "confidence", "milliseconds")
    writer.writerow((*columns, *metrics, "expected", "answer", "title", "quote"))
    for case in cases:
        question, answer = case.question, case.answer
        first = answer.citations[0] if answer.citations else None
        told = (question.id, question.question, question.languages, question.type)
        judged = (question.answerable, case.answered, case.correct)
        sure, time = ("" if value is None else value for value in (case.confidence, case.milliseconds))
        numbers = (sure, time, *(case.scores.get(name, "") for name in metrics))
        texts = (
            " | ".join(question.answers),
            answer.answer,
            first.title if first else "",
            first.quote if first else "",
        )
        writer.writerow((*map(spreadsheet_cell, told), *map(_yes_no, judged), *numbers, *map(spreadsheet_cell, texts)))
    return table.getvalue()


def _yes_no(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def questions_junit(cases: Sequence[Case]) -> str:
    """A test case a question: a wrong answer (or silence) is a failure, one that cannot be judged is skipped."""
    suite = Element("testsuite", name="questions")
    for case in cases:
        test = SubElement(suite, "testcase", classname="questions", name=_xml(case.question.id))
        if case.milliseconds is not None:
            test.set("time", f"{case.milliseconds / 1000:.3f}")
        if case.correct is None:
            SubElement(test, "skipped", message="its gold does not tell right from wrong")
        elif not case.correct:
            told = "answered" if case.answer.answerable else "not answered"
            failure = SubElement(test, "failure", message=f"{told}, wrongly")
            expected = " | ".join(case.question.answers) or ("no answer" if case.question.answerable is False else "–")
            failure.text = _xml(f"{case.question.question}\nexpected: {expected}\ngiven: {case.answer.answer}")
    return _junit(suite)


def gates_junit(outcomes: Sequence[Outcome]) -> str:
    """A test case a gate."""
    suite = Element("testsuite", name="gates")
    for gate, failed in outcomes:
        test = SubElement(suite, "testcase", classname="gates", name=f"{gate.metric} --fail-{gate.kind} {gate.limit:g}")
        if failed:
            SubElement(test, "failure", message=failed)
    return _junit(suite)


def _junit(suite: Element) -> str:
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f".//{tag}"))))
    indent(suite)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + tostring(suite, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """Text without the characters that XML has no way to write."""
    return _NOT_XML.sub("\ufffd", text)


def _sample(case: Case) -> dict[str, object]:
    sample: dict[str, object] = {
        "user_input": case.question.question,
        "retrieved_contexts": [hit.text for hit in case.answer.passages],
        "response": plain(case.answer.answer),
    }
    sample |= {} if case.answered is None else {"answered": case.answered}
    return sample | ({"reference": case.question.answers[0]} if case.question.answers else {})


def _word(name: str) -> str:
    """TREC's columns are separated by blanks, so in a name they are written as in an address: ``a%20b``. `read_word`
    has it back, so no two names are one."""
    return _NOT_A_WORD.sub(lambda match: quote(match[0]), name)


def read_word(word: str) -> str:
    """The name that is written so in a file of ours."""
    return unquote(word)


def _lines(lines: Iterator[str]) -> str:
    return "".join(line + "\n" for line in lines)
