"""The error rates that a question set can guarantee, and the share of its questions that each still answers."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel

from askcorpus.answer.outcomes import FILE as OUTCOMES
from askcorpus.answer.outcomes import Measured, conditions, write_outcomes
from askcorpus.answer.risk import Outcomes, best_rate, certify, interval, percent
from askcorpus.index.opening import require_index
from askcorpus.settings import Settings
from askcorpus.types import Answer
from askcorpus_eval.evaluate import Assistant as Asked
from askcorpus_eval.evaluate import check_model, gold_notes, match_gold
from askcorpus_eval.progress import progress_bars
from askcorpus_eval.questions import Question, QuestionSet
from askcorpus_eval.score import score
from askcorpus_eval.target import connected

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""The error rates that are tried whatever is ordered."""


class Offer(BaseModel, frozen=True):
    """What an error rate costs: the confidence from which answers are given, and the share of questions that get one
    with its 95 % interval; all ``None`` where the rate cannot be promised."""

    max_error: float
    threshold: float | None = None
    coverage: float | None = None
    low: float | None = None
    high: float | None = None


class Offers(BaseModel, frozen=True):
    """What the known answers of ``questions`` questions, ``answered`` of them and ``right`` of those, can promise.

    ``best`` is the lowest error rate that they can."""

    questions: int
    answered: int
    right: int
    best: float | None
    offers: tuple[Offer, ...]


def calibrate(asked: QuestionSet, source: str, settings: Settings, note: Callable[[str], None]) -> Outcomes:
    """Measure a question set on the index of ``settings`` and keep its outcomes there, for error rates to be ordered;
    or on a server, whose index's folder is out of reach: nothing is kept. ``source`` names the set; ``note`` is told
    what is amiss with it.

    Raises:
        AskcorpusError: as the error says; the outcomes that were there are kept.
    """
    if settings.server:
        return _calibrate_server(asked, settings, settings.server, note)
    from askcorpus.assistant import open_assistant

    require_index(settings)
    anything = settings.model_copy(update={"min_confidence": 0.0, "max_error": None})
    with closing(open_assistant(anything)) as assistant, progress_bars() as bars:
        assistant.store.filled()
        task = bars.add_task("asked", total=len(asked.questions))
        measured = measure(assistant, asked.questions, source, lambda: bars.advance(task), note)
    write_outcomes(settings.data / OUTCOMES, measured)
    return measured.table()


def _calibrate_server(asked: QuestionSet, settings: Settings, address: str, note: Callable[[str], None]) -> Outcomes:
    """The same by a server's answers, given from its own confidence on, whatever error rate is ordered here."""
    as_it_answers = settings.model_copy(update={"max_error": None})
    with connected(as_it_answers, address) as served, progress_bars() as bars:
        task = bars.add_task("asked", total=len(asked.questions))
        known = known_answers(served, asked.questions, lambda: bars.advance(task), note)
        note(
            f"measured by the answers of the server at {served.address}, from its own confidence on; it is told "
            "nothing: for it to keep a rate, calibrate on its machine, or heed the confidence of each answer"
        )
    return known


def measure(
    assistant: "Assistant",
    questions: Sequence[Question],
    source: str,
    step: Callable[[], None],
    note: Callable[[str], None],
) -> Measured:
    """`known_answers` of an assistant that answers at any confidence, with what they depend on; ``source`` names the
    set.

    Raises:
        UsageError, NothingIngested, ModelError: as `known_answers` does.
    """
    known = known_answers(assistant, questions, step, note)
    return Measured(
        questions=source,
        date=datetime.now(UTC).date().isoformat(),
        conditions=conditions(
            assistant.settings, assistant.store.fingerprint, assistant.answerer.name, assistant.calibration
        ),
        asked=known.asked,
        outcomes=tuple(known.pairs()),
    )


def known_answers(
    assistant: Asked, questions: Sequence[Question], step: Callable[[], None], note: Callable[[str], None]
) -> Outcomes:
    """Ask every question, and keep how sure and how right its answer is.

    Questions whose gold does not tell right from wrong are left out. An assistant that answers only from some
    confidence on can promise nothing below it. ``step`` is called after each question; ``note`` is told what is amiss
    with the set.

    Raises:
        UsageError, NothingIngested: as ``evaluate.match_gold`` does.
        ModelError: the language model fails.
    """
    gold = match_gold(assistant.store, questions)
    given: list[tuple[float, bool]] = []
    cases = []
    for question in questions:
        answer = assistant.ask(question.question, history=question.history)
        check_model(answer)
        cases.append(score(question, answer, gold[question.id], assistant.store))
        step()
    judged = [case for case in cases if case.correct is not None]
    for case in judged:
        given += _outcome(case.answer, bool(case.correct))
    for told in gold_notes(cases):
        note(told)
    if len(judged) < len(cases):
        note(f"{len(cases) - len(judged)} questions are left out: their gold does not tell right from wrong")
    return Outcomes.of(given, len(judged))


def _outcome(answer: Answer, right: bool) -> list[tuple[float, bool]]:
    """Nothing where no answer is given at any threshold: where nothing is found, or a model's claims are not
    there, for which quotes stand in only where no error rate is ordered.
    """
    return [(answer.confidence, right)] if answer.answerable and answer.model_fault is None else []


def offers(outcomes: Outcomes, rates: Iterable[float] = RATES) -> Offers:
    """What these outcomes can promise, rate by rate, the lowest first."""
    return Offers(
        questions=outcomes.asked,
        answered=len(outcomes.right),
        right=int(outcomes.right.sum()),
        best=best_rate(outcomes),
        offers=tuple(_offer(outcomes, rate) for rate in sorted(set(rates))),
    )


def _offer(outcomes: Outcomes, rate: float) -> Offer:
    promise = certify(outcomes, rate)
    if promise is None:
        return Offer(max_error=rate)
    low, high = interval(promise.given, promise.asked)
    return Offer(max_error=rate, threshold=promise.threshold, coverage=promise.coverage, low=low, high=high)


def table(found: Offers) -> str:
    """The same for people: a line a rate."""
    lines = [
        f"{found.questions} questions, {found.answered} answers, {found.right} of them right.",
        "",
        f"{'wrong, at most':>14}  {'from confidence':>15}  {'answered (95 % interval)':>24}",
        *map(_line, found.offers),
    ]
    if found.best is not None:
        lines += ["", f"The lowest error rate that can be promised is {percent(found.best)}."]
    return "\n".join(lines)


def _line(offer: Offer) -> str:
    if offer.threshold is None or offer.coverage is None or offer.low is None or offer.high is None:
        return f"{percent(offer.max_error):>14}  cannot be promised"
    answered = f"{100 * offer.coverage:.0f} % ({100 * offer.low:.0f} to {100 * offer.high:.0f} %)"
    return f"{percent(offer.max_error):>14}  {offer.threshold:15.3f}  {answered:>24}"
