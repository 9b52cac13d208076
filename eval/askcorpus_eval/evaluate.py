"""An evaluation: every question is asked once, every answer scored, every figure estimated."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, Field

from askcorpus.errors import ModelError, NothingIngested, UsageError
from askcorpus.settings import Settings
from askcorpus.types import Answer, IndexInfo, Turn
from askcorpus_eval.figures import METRICS, Estimate, Metric, Table, estimate, estimates, given_answers, tabulate
from askcorpus_eval.gold import Documents, Gold, Matcher
from askcorpus_eval.metrics.abstention import risk_curve
from askcorpus_eval.metrics.calibration import Bin, reliability
from askcorpus_eval.provenance import git_revision, machine
from askcorpus_eval.questions import Question
from askcorpus_eval.score import Case, score

DEPTH = 20
"""Passages requested: enough to hold ten documents nearly always. A language model is given every passage requested, so
with one, no more are requested than the product would."""

METRICS_VERSION = 3
"""Of ``metrics.json``: incremented with every incompatible change of its format."""

MOST_FAILURES = 5
"""Failures of the judge in a row after which the run stops."""

SMALLEST_GROUP = 20
"""Questions from which a group of a split gets all figures; smaller groups get means only, the others would be
noise."""

SPLITS: Mapping[str, Callable[[Question], str]] = {
    "languages": lambda question: question.languages,
    "type": lambda question: question.type or "?",
    "answerability": lambda question: {True: "answerable", False: "unanswerable", None: "unknown"}[question.answerable],
    "standalone": lambda question: {True: "standalone", False: "presupposes", None: "unknown"}[question.standalone],
}
LIST_SHOWN = 5
NO_FAILURES: Mapping[str, str] = MappingProxyType({})
NOTHING_UNTOLD: Mapping[str, frozenset[str]] = MappingProxyType({})
_PASSWORD = re.compile(r"//[^/@\s]*@")


class Assistant(Protocol):
    """What is evaluated: anything that answers questions from a store."""

    @property
    def settings(self) -> Settings:
        """The settings it was opened with."""

    @property
    def store(self) -> Documents:
        """The documents it answers from."""

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        top_k: int | None = None,
        conversation_id: str | None = None,
    ) -> Answer:
        """Answer one question."""


class Judge(Protocol):
    """Rates the share of an answer's sentences that the cited passages support."""

    @property
    def name(self) -> str:
        """The judge's model."""

    def faithfulness(self, answer: Answer) -> float | None:
        """The verdict on this answer; ``None`` when there is none."""


class RunInfo(BaseModel, frozen=True):
    """What was measured, when and where; secrets in ``settings`` are masked."""

    version: str
    revision: str | None
    model: str
    settings: dict[str, Any]
    index: IndexInfo
    depth: int
    judge: str | None = None
    source: str = ""
    date: str
    machine: str


class Row(BaseModel, frozen=True):
    """One question's results, as ``metrics.json`` keeps them for comparisons; ``gold`` is its ``gold_digest``."""

    id: str
    question: str
    gold: str
    languages: str
    type: str
    answerable: bool | None
    answered: bool | None
    confidence: float | None
    correct: bool | None
    milliseconds: float | None
    scores: dict[str, float]


class Report(BaseModel, frozen=True):
    """All figures of a run. ``notes`` are caveats, one line each; ``judge_failures`` are the answers without a verdict,
    by question id, and why. ``version`` is that of this format."""

    version: int = METRICS_VERSION
    run: RunInfo
    figures: dict[str, Estimate]
    splits: dict[str, dict[str, dict[str, Estimate]]]
    reliability: list[Bin]
    risk: list[tuple[float, float]]
    notes: list[str]
    questions: list[Row]
    judge_failures: dict[str, str] = Field(default_factory=dict)
    cases: list[Case] = Field(default_factory=list, exclude=True)


def evaluate(
    assistant: Assistant,
    questions: Sequence[Question],
    *,
    answers: Mapping[str, Answer] | None = None,
    untold: Mapping[str, frozenset[str]] = NOTHING_UNTOLD,
    on_answer: Callable[[Answer], None] | None = None,
    judge: Judge | None = None,
    source: str = "",
    warm: bool = False,
) -> Report:
    """Ask every question that has no answer yet, and report the figures.

    ``answers`` are those of an earlier, interrupted run, by question id; ``untold`` is what they lack
    (``score.Case.untold``); ``on_answer`` is called with each new one. ``source`` names the question set in the report.
    ``warm`` means that the models are loaded already, so that the first question need not be asked to load them.

    Raises:
        UsageError: there is no question, or none of the gold documents is in the index.
        NothingIngested: the index is empty.
        ModelError: the language model fails, or the judge on one answer after the other.
    """
    gold = match_gold(assistant.store, questions)
    answers = ask_all(assistant, questions, answers or {}, on_answer or (lambda _: None), warm=warm)
    told = untold.get
    cases = [score(q, answers[q.id], gold[q.id], assistant.store, told(q.id, frozenset())) for q in questions]
    judged, failures = judge_all(cases, judge) if judge else (cases, {})
    return report_on(judged, describe(assistant, cases, judge.name if judge else None, source), failures)


def match_gold(store: Documents, questions: Sequence[Question]) -> dict[str, Gold]:
    """The gold of each question, in the ids of the index.

    Raises:
        UsageError, NothingIngested: as for ``evaluate``.
    """
    if not questions:
        raise UsageError("There is no question to ask.")
    if not store.info().documents:
        raise NothingIngested("There are no documents to answer from.", "Give --corpus PATH, or ingest some first.")
    matcher = Matcher(store)
    gold = {question.id: matcher.gold(question) for question in questions}
    named = {name for question in questions for name in question.doc_ids}
    unknown = _unknown(gold.values())
    if named and len(unknown) == len(named):
        raise UsageError(
            f"None of the {len(named)} gold documents is in the index (the first: {unknown[0]}).",
            "Give the corpus of these questions: --corpus PATH or --data DIR; if that is no document: --map doc_ids=",
        )
    return gold


def ask_all(
    assistant: Assistant,
    questions: Sequence[Question],
    answers: Mapping[str, Answer],
    keep: Callable[[Answer], None],
    *,
    warm: bool = False,
) -> dict[str, Answer]:
    """An answer to every question: those given, and the rest asked one after the other.

    Each new answer carries its question's id as ``conversation_id`` and its measured time as ``timings_ms["wall"]``.

    Raises:
        ModelError: the language model fails.
    """
    everything = dict(answers)
    missing = [question for question in questions if question.id not in answers]
    if missing and not warm:
        _ask(assistant, missing[0])  # once unmeasured: models load at the first question
    for question in missing:
        everything[question.id] = _ask(assistant, question)
        keep(everything[question.id])
    return everything


def _ask(assistant: Assistant, question: Question) -> Answer:
    start = time.perf_counter()
    answer = assistant.ask(
        question.question,
        history=question.history,
        top_k=depth(assistant.settings),
        conversation_id=question.id,
    )
    wall = round((time.perf_counter() - start) * 1000, 3)
    check_model(answer)
    return answer.model_copy(update={"timings_ms": {**answer.timings_ms, "wall": wall}})


def check_model(answer: Answer) -> None:
    """Make sure that an answer comes from what is measured.

    Raises:
        ModelError: the language model failed, and quotes stand in for what it would have written.
    """
    if answer.model_fault and answer.model_fault.kind == "failed":
        raise ModelError(answer.model_fault.detail)


def depth(settings: Settings) -> int:
    """How many passages are asked for."""
    return settings.top_k if settings.llm else max(DEPTH, settings.top_k)


def describe(assistant: Assistant, cases: Sequence[Case], judge: str | None = None, source: str = "") -> RunInfo:
    """What is being measured, here and now."""
    return RunInfo(
        version=version("askcorpus"),
        revision=git_revision(),
        model=cases[0].answer.model,
        settings=masked(assistant.settings),
        index=assistant.store.info(),
        depth=depth(assistant.settings),
        judge=judge,
        source=source,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
    )


def masked(settings: Settings) -> dict[str, Any]:
    """The settings as plain values, without keys and without passwords in addresses."""
    values = settings.model_dump(mode="json")
    return {name: _PASSWORD.sub("//***@", value) if isinstance(value, str) else value for name, value in values.items()}


def report_on(cases: Sequence[Case], run: RunInfo, judge_failures: Mapping[str, str] = NO_FAILURES) -> Report:
    """The figures of these cases."""
    table = tabulate(cases)
    confidence, correct = given_answers(table["confidence"], table["correct"], table["answered"])
    judged = int((~np.isnan(table["correct"])).sum())
    return Report(
        run=run,
        figures=estimates(table),
        splits={name: _split(cases, table, key) for name, key in SPLITS.items()},
        reliability=reliability(confidence, correct),
        risk=risk_curve(confidence, correct, judged),
        notes=[*_notes(cases, run.depth), *_judge_notes(cases, judge_failures)],
        questions=[_row(case) for case in cases],
        judge_failures=dict(judge_failures),
        cases=list(cases),
    )


def _split(cases: Sequence[Case], table: Table, key: Callable[[Question], str]) -> dict[str, dict[str, Estimate]]:
    """The figures of each group, largest group first."""
    names = np.array([key(case.question) for case in cases])
    groups, sizes = np.unique(names, return_counts=True)
    order = sorted(zip(groups.tolist(), sizes.tolist(), strict=True), key=lambda group: (-group[1], group[0]))
    return {
        name: _group(METRICS, {column: values[names == name] for column, values in table.items()}, size)
        for name, size in order
    }


def _group(metrics: Sequence[Metric], table: Table, size: int) -> dict[str, Estimate]:
    wanted = [metric for metric in metrics if metric.is_mean or size >= SMALLEST_GROUP]
    found = {metric.name: estimate(metric, table, means_only=True) for metric in wanted}
    return {name: figure for name, figure in found.items() if figure.value is not None}


def judge_all(cases: Sequence[Case], judge: Judge) -> tuple[list[Case], dict[str, str]]:
    """The cases with the judge's verdicts among their scores, and why those of which it has none failed, by id.

    Raises:
        ModelError: it fails on one answer after the other.
    """
    judged, failures, in_a_row = [], {}, 0
    for case in cases:
        verdict = None
        try:
            verdict = judge.faithfulness(case.answer)
            in_a_row = 0
        except ModelError as exc:
            in_a_row += 1
            if in_a_row == MOST_FAILURES:
                raise
            failures[case.question.id] = str(exc)
        if verdict is not None:
            case = case.model_copy(update={"scores": case.scores | {"faithfulness": verdict}})
        elif case.answer.answerable:
            failures.setdefault(case.question.id, "its reply cannot be read")
        judged.append(case)
    return judged, failures


def gold_notes(cases: Sequence[Case]) -> Iterator[str]:
    """Problems of the gold of these questions, most of which are mistakes in the set."""
    if unknown := _unknown(case.gold for case in cases):
        yield f"{len(unknown)} gold documents are not in the index and count as missed: {listed(unknown)}"
    if unlocated := sum(case.gold.unlocated for case in cases):
        of = listed([case.question.id for case in cases if case.gold.unlocated])
        yield f"{unlocated} evidence texts stand in no gold document and are left out (questions: {of})"
    if unfindable := [case.question.id for case in cases if case.findable is False]:
        told = f"{len(unfindable)} questions have no short answer that stands in a gold document"
        yield f"{told}, for a quote to hold: {listed(unfindable)}"
    if void := [case.question.id for case in cases if not case.question.has_answer and case.question.has_gold_text]:
        yield f"{len(void)} questions are unanswerable, so their gold does not count: {listed(void)}"
    if drafts := sum(case.question.draft for case in cases):
        yield f"{drafts} questions are drafts that nobody has reviewed"


def _notes(cases: Sequence[Case], depth: int) -> Iterator[str]:
    yield from gold_notes(cases)
    questions = [case.question for case in cases]
    if depth < DEPTH:
        yield f"only {depth} passages were asked for: retrieval figures beyond them have nothing to count"
    if not any(question.has_answer and (question.doc_ids or question.has_gold_text) for question in questions):
        yield "no question is answerable and has gold: retrieval, answers and citations have no figures"
    if all(question.answerable is not False for question in questions):
        yield "no question is unanswerable: abstention recall, F1 and AUROC have no figures"
    if quoted := sum(case.answer.model_fault is not None for case in cases):
        yield f"{quoted} answers are quotes: what {cases[0].answer.model} wrote had no support in the passages"
    if 0 < (untimed := sum(case.milliseconds is None for case in cases)) < len(cases):
        yield f"{untimed} answers do not tell how long they took: latency is that of the others"


def _judge_notes(cases: Sequence[Case], failures: Mapping[str, str]) -> Iterator[str]:
    if failures:
        named = [f"{name} ({reason.rstrip('.')})" for name, reason in list(failures.items())[:LIST_SHOWN]]
        more = ", …" if len(failures) > LIST_SHOWN else ""
        asked = sum(case.answer.answerable for case in cases)
        yield f"the judge failed on {len(failures)} of {asked} answers, which have no verdict: {', '.join(named)}{more}"


def listed(names: Sequence[str]) -> str:
    """The first of these names."""
    return ", ".join(names[:LIST_SHOWN]) + (", …" if len(names) > LIST_SHOWN else "")


def _unknown(gold: Iterable[Gold]) -> list[str]:
    return sorted({name for found in gold for name in found.unknown})


def _row(case: Case) -> Row:
    return Row(
        id=case.question.id,
        question=case.question.question,
        gold=case.question.gold_digest(),
        languages=case.question.languages,
        type=case.question.type,
        answerable=case.question.answerable,
        answered=case.answered,
        confidence=case.confidence,
        correct=case.correct,
        milliseconds=case.milliseconds,
        scores=case.scores,
    )
