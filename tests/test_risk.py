"""An ordered error rate holds, is refused where it cannot be promised, and is bound to what it was measured with."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from askcorpus.answer import outcomes as files
from askcorpus.answer.confidence import load_calibration
from askcorpus.answer.outcomes import FILE, Conditions, Measured, conditions, known_outcomes, left_out, write_outcomes
from askcorpus.answer.risk import (
    Outcomes,
    Promise,
    best_rate,
    binomial_tail,
    certify,
    interval,
    least,
    order,
    percent,
    upper_bound,
)
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import IndexMismatch, StorageError, UsageError
from askcorpus.index.opening import index_fingerprint
from askcorpus.settings import Settings, read_settings
from asking import ARTICLES, open_over

QUOTES = "extractive"


def right(count: int, confidence: float = 0.9) -> list[tuple[float, int]]:
    """So many right answers, as sure as that."""
    return [(confidence, 1)] * count


def wrong(count: int, confidence: float = 0.9) -> list[tuple[float, int]]:
    """So many wrong ones."""
    return [(confidence, 0)] * count


# --- bounds ---


def test_the_tail_is_the_sum_of_the_binomial_chances() -> None:
    assert binomial_tail(0, 3, 0.5) == pytest.approx(1 / 8)
    assert binomial_tail(1, 3, 0.5) == pytest.approx(4 / 8)
    assert binomial_tail(3, 3, 0.5) == 1
    assert binomial_tail(0, 59, 0.05) == pytest.approx(0.95**59)
    assert binomial_tail(0, 100_000, 0.2) == 0  # smaller than a float can hold, and no error


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0, 0.3085), (1, 10, 0.0025, 0.4450), (5, 20, 0.0866, 0.4910), (10, 10, 0.6915, 1)],
)
def test_intervals_are_those_of_clopper_and_pearsons_tables(count: int, total: int, low: float, high: float) -> None:
    assert interval(count, total) == pytest.approx((low, high), abs=6e-5)


def test_one_sided_bounds_are_those_of_the_tables() -> None:
    assert upper_bound(0, 20) == pytest.approx(0.1391, abs=5e-5)
    assert upper_bound(2, 10) == pytest.approx(0.5069, abs=5e-5)
    assert upper_bound(0, 59) < 0.05 < upper_bound(0, 58)


@pytest.mark.parametrize(("rate", "answers"), [(0.01, 299), (0.02, 149), (0.05, 59), (0.1, 29), (0.2, 14)])
def test_how_many_answers_without_an_error_a_rate_needs(rate: float, answers: int) -> None:
    assert least(rate) == answers
    assert certify(Outcomes.of(right(answers)), rate)
    assert certify(Outcomes.of(right(answers - 1)), rate) is None


# --- thresholds ---


def test_the_lowest_threshold_that_keeps_the_rate_is_taken() -> None:
    known = Outcomes.of([*right(200, 0.9), *right(195, 0.8), *wrong(5, 0.8), *right(50, 0.3), *wrong(50, 0.3)])

    assert certify(known, 0.05) == Promise(0.05, 0.8, given=400, wrong=5, asked=500)
    assert certify(known, 0.2) == Promise(0.2, 0.3, given=500, wrong=55, asked=500)


def test_the_walk_does_not_pass_over_a_threshold_that_fails() -> None:
    """What is below it looks as good again, as one of many may by chance."""
    known = Outcomes.of([*right(110, 0.9), *wrong(20, 0.8), *right(900, 0.7)])

    assert certify(known, 0.1) == Promise(0.1, 0.9, given=110, wrong=0, asked=1030)


def test_one_wrong_answer_among_the_surest_does_not_end_the_walk() -> None:
    """The first threshold is not that of the surest answer, nor of the fewest that could be certified."""
    known = Outcomes.of([*wrong(1, 0.99), *right(62, 0.98), *right(937, 0.9)])

    promise = certify(known, 0.05)

    assert promise is not None
    assert (promise.threshold, promise.given, promise.wrong) == (0.9, 1000, 1)


def test_where_the_walk_starts_does_not_depend_on_which_answers_are_right() -> None:
    """A tenth of the answers are given there, or some more that allow one more to be wrong (93, 124, … for 5 %)."""
    for sure in (92, 100, 123):
        assert certify(Outcomes.of([*right(sure, 0.95), *wrong(900, 0.5)]), 0.05) is None
    assert certify(Outcomes.of([*right(124, 0.95), *wrong(900, 0.5)]), 0.05) is not None
    assert certify(Outcomes.of([*right(122, 0.95), *wrong(2, 0.95), *wrong(900, 0.5)]), 0.05) is not None
    assert certify(Outcomes.of([*right(121, 0.95), *wrong(3, 0.95), *wrong(900, 0.5)]), 0.05) is None


def test_questions_without_any_answer_count_in_the_coverage_only() -> None:
    promise = certify(Outcomes.of(right(60), asked=240), 0.05)

    assert promise is not None
    assert promise.coverage == 0.25
    assert str(promise).endswith("answered from confidence 0.9 on, which is 25 % of them (20 to 31 %)")


def test_confidences_are_cut_and_never_rounded_up() -> None:
    """At a threshold of .6 an answer of .5999 is not given, and does not count as given."""
    known = Outcomes.of([(0.5999, 1), (0.57, 1), (0.29, 1), (1.0, 0), (0.0, 0)])

    assert known.confidence.tolist() == [0.599, 0.57, 0.29, 1.0, 0.0]
    assert known.pairs() == [(0.599, 1), (0.57, 1), (0.29, 1), (1.0, 0), (0.0, 0)]


# --- refusals ---


def test_too_few_answers_are_refused_with_the_rate_that_they_can_promise() -> None:
    known = Outcomes.of(right(40))

    with pytest.raises(UsageError) as refused:
        order(known, 0.05)

    assert str(refused.value).startswith(
        "An error rate of at most 5 % cannot be promised: 40 answered questions are known, 59 without an error needed. "
        "With 40 answered questions at best 7.3 % can be promised."
    )
    assert order(known, 0.073).threshold == 0.9
    with pytest.raises(UsageError):
        order(known, 0.072)


def test_too_many_wrong_answers_are_refused_with_the_rate_that_they_can_promise() -> None:
    known = Outcomes.of([*right(450), *wrong(50)])

    with pytest.raises(UsageError, match="the surest of 500 known answers are wrong too often") as refused:
        order(known, 0.05)

    best = best_rate(known)
    assert best is not None
    assert best == pytest.approx(0.125, abs=0.001)
    assert f"at best {percent(best)} can be promised" in str(refused.value)
    assert order(known, best)


@pytest.mark.parametrize("known", [[], wrong(100), right(4)], ids=["none", "all wrong", "four"])
def test_nothing_is_promised_where_nothing_can_be(known: list[tuple[float, int]]) -> None:
    with pytest.raises(UsageError) as refused:
        order(Outcomes.of(known), 0.05)

    assert "at best" not in str(refused.value)


# --- does it hold? ---


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-values)))


def logit(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-odds of probabilities below 1."""
    return np.log(confidence / (1 - confidence))


TRUTH: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "confidence is the chance of being right": lambda c: c,
    "too sure of itself": lambda c: sigmoid(0.7 * logit(c)),
    "too modest": lambda c: sigmoid(1.5 * logit(c) + 0.5),
    "never better than 97 %": lambda c: np.minimum(c, 0.97),
    "worse where it is surest": lambda c: np.where(c > 0.98, 0.96, c),
}


def drawn(truth: str, number: int, chance: np.random.Generator) -> Outcomes:
    """So many questions of a kind whose answers are right with a known chance."""
    confidence = sigmoid(chance.normal(1, 3, number))
    return Outcomes.of(
        list(zip(confidence.tolist(), (chance.random(number) < TRUTH[truth](confidence)).tolist(), strict=True))
    )


def error_at(known: Outcomes, threshold: float) -> float:
    """The share of wrong answers among those given."""
    given = known.confidence >= threshold
    return float(np.mean(~known.right[given])) if given.any() else 0.0


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("truth", TRUTH)
def test_what_was_ordered_holds_on_the_half_left_out_in_95_of_100_splits(truth: str, rate: float) -> None:
    chance = np.random.default_rng(3)
    held = promised = 0  # both halves are of fresh questions each time
    for _ in range(100):
        promise = certify(drawn(truth, 600, chance), rate)
        promised += promise is not None
        held += promise is None or error_at(drawn(truth, 600, chance), promise.threshold) <= rate

    assert held >= 95
    if rate >= 0.1:
        assert promised >= 40, "a promise that is never made is always kept"


def test_the_true_rate_is_above_the_ordered_one_in_5_of_100_cases_at_most() -> None:
    """Also where every threshold fails: of answers that are wrong a little too often a promise is false."""
    chance = np.random.default_rng(5)
    false = 0
    for _ in range(400):
        confidence, certain = chance.random(300), chance.random(300) < 0.89
        false += certify(Outcomes.of(list(zip(confidence.tolist(), certain.tolist(), strict=True))), 0.1) is not None

    assert false / 400 <= 0.05


# --- where known answers come from ---


def test_the_packages_own_come_from_its_calibration() -> None:
    known = left_out({"operating_point": 0.2, "left_out": [[0.912, 1], [0.4, 0]]})

    assert (known.confidence.tolist(), known.right.tolist(), known.asked) == ([0.912, 0.4], [True, False], 2)
    with pytest.raises(UsageError, match=r"comes without known answers\. Measure your own: askcorpus eval calibrate"):
        left_out({"operating_point": 0.2})


@pytest.mark.parametrize(
    ("settings", "answerer", "named"),
    [
        ({"embedding_model": "other"}, QUOTES, "embedding_model"),
        ({"reranker": "some/model"}, QUOTES, "reranker"),
        ({"llm": "ollama:qwen3"}, "ollama:qwen3", "llm"),
    ],
)
def test_the_packages_own_are_not_used_for_what_they_were_not_measured_with(
    tmp_path: Path, settings: dict[str, str], answerer: str, named: str
) -> None:
    with pytest.raises(UsageError, match=f"No error rate can be promised with {named} set"):
        known_outcomes(Settings.model_validate({"data": tmp_path} | settings), "index", answerer, load_calibration())


def measured(at: Conditions, answers: int = 60) -> Measured:
    """A file of that many right answers at .5."""
    return Measured(
        questions="q.jsonl",
        date="2026-11-26",
        conditions=at,
        asked=100,
        outcomes=tuple(Outcomes.of(right(answers, 0.5)).pairs()),
    )


def test_those_of_the_user_take_their_place(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, reranker="some/model")
    at = conditions(settings, "index", "ollama:qwen3", load_calibration())
    write_outcomes(tmp_path / FILE, measured(at))

    known = known_outcomes(settings, "index", "ollama:qwen3", load_calibration())

    assert (known.asked, len(known.right)) == (100, 60)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("part", Conditions.model_fields)
def test_those_of_another_index_answerer_or_calibration_are_refused(tmp_path: Path, part: str) -> None:
    settings = Settings(data=tmp_path)
    at = conditions(settings, "index", QUOTES, load_calibration())
    write_outcomes(tmp_path / FILE, measured(at.model_copy(update={part: "another"})))

    with pytest.raises(IndexMismatch, match=f"was measured with another {part}. Measure again: askcorpus eval"):
        known_outcomes(settings, "index", QUOTES, load_calibration())


@pytest.mark.parametrize("fault", ["{", '{"asked": 1}', "[[2.0, 1]]", "[[0.5, 3]]", "asked"])
def test_a_damaged_file_is_told(tmp_path: Path, fault: str) -> None:
    settings = Settings(data=tmp_path)
    good = json.loads(measured(conditions(settings, "index", QUOTES, load_calibration())).model_dump_json())
    if fault.startswith("[["):
        good["outcomes"] = json.loads(fault)
    if fault == "asked":
        good["asked"] = 59
    (tmp_path / FILE).write_text(fault if fault.startswith("{") else json.dumps(good), encoding="utf-8")

    with pytest.raises(StorageError, match=r"risk\.json is damaged\. Remove it\."):
        known_outcomes(settings, "index", QUOTES, load_calibration())


def test_a_folder_that_cannot_be_written_is_told_and_keeps_its_file(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    at = conditions(settings, "index", QUOTES, load_calibration())
    write_outcomes(tmp_path / FILE, measured(at))
    (tmp_path / f".{FILE}.part").mkdir()

    with pytest.raises(StorageError, match=r"risk\.json cannot be written"):
        write_outcomes(tmp_path / FILE, measured(at, answers=1))

    assert len(files.read_outcomes(tmp_path / FILE).outcomes) == 60


# --- the setting ---


@pytest.mark.parametrize("written", ["5%", " 5 % ", "0.05", 0.05])
def test_a_rate_is_written_in_percent_or_as_a_number(written: object) -> None:
    assert read_settings(max_error=written).max_error == 0.05


@pytest.mark.parametrize("written", ["5", "0", "0%", "-5%", "60%", "nan", "five", "%"])
def test_a_rate_that_makes_no_sense_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="Settings: max_error: "):
        read_settings(max_error=written)


def test_a_rate_and_a_confidence_cannot_both_be_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKCORPUS_MAX_ERROR", "5%")

    with pytest.raises(UsageError, match="max_error and min_confidence both say when to answer: set one of them"):
        read_settings(min_confidence=0.3)


# --- the assistant ---


def test_an_assistant_answers_from_the_confidence_that_was_certified(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    question = "What is the name of the new lion of the zoo of Basel?"
    with open_over(tmp_path, embeddings) as anything:
        confidence = anything.ask(question).confidence
    data = tmp_path / "data"
    plain = Settings(data=data)
    at = conditions(plain, index_fingerprint(plain, embeddings), QUOTES, load_calibration())
    for threshold in (confidence - 0.05, confidence + 0.05):
        answers = tuple(Outcomes.of(right(60, threshold)).pairs())
        write_outcomes(data / FILE, measured(at).model_copy(update={"outcomes": answers}))
        (tmp_path / str(threshold)).mkdir()
        with open_over(
            tmp_path / str(threshold), embeddings, {}, data=data, min_confidence=None, max_error="5%"
        ) as ordered:
            answer = ordered.ask(question, explain=True)

        assert answer.answerable == (confidence >= ordered.operating_point)
        assert answer.explain is not None
        assert answer.explain.operating_point == ordered.operating_point == answers[0][0]


def test_an_assistant_whose_order_cannot_be_kept_answers_nothing(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    plain = Settings(data=tmp_path / "data")
    at = conditions(plain, index_fingerprint(plain, embeddings), QUOTES, load_calibration())
    with open_over(tmp_path, embeddings, min_confidence=None, max_error=0.01) as ordered:
        write_outcomes(plain.data / FILE, measured(at))

        with pytest.raises(UsageError, match="at most 1 % cannot be promised: 60 answered questions are known, 299"):
            ordered.ask("What is the name of the lion?")


def test_an_error_rate_can_be_ordered_of_one_answer(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    plain = Settings(data=tmp_path / "data")
    at = conditions(plain, index_fingerprint(plain, embeddings), QUOTES, load_calibration())
    question = "What is the name of the new lion of the zoo of Basel?"
    with open_over(tmp_path, embeddings, {"lion": ARTICLES["lion"]}, min_confidence=0.0) as assistant:
        answers = tuple(Outcomes.of(right(60, 0.999)).pairs())
        write_outcomes(plain.data / FILE, measured(at).model_copy(update={"outcomes": answers}))

        assert assistant.ask(question).answerable
        assert assistant.ask(question, max_error=0.05).abstain_reason == "weak_evidence"
        with pytest.raises(UsageError, match="at most 1 % cannot be promised"):
            assistant.ask(question, max_error=0.01)
