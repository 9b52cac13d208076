"""Fit what sentences are ordered by and the confidence on question sets with known answers, and say how well both do on
sets left out.

    python bench/calibrate.py SETS --work DIR [--questions 250] [--write]

``SETS`` holds a folder a set, each with ``corpus.jsonl`` and ``questions.jsonl``. First what each measurement of a
sentence counts is fitted (``bench/sentence_weights.py``). Then every question is asked with the
operating point at zero, so that an answer is always drafted; the features of its evidence and whether the answer is
right (``askcorpus_eval.score.is_correct``) are kept in ``DIR``, with the indexes. Every corpus is also asked some
questions of the next set, which it cannot answer: without these strangers there would be no unanswerable question in
another language than the corpus. And it is asked some of its own questions with a name, or a number, swapped for
another, as a reader might who believes what the corpus does not say. Then a logistic regression is fitted, each set
weighing the same, and judged on each set's own questions by a model that has not seen that set; how well it tells
swapped questions from those it answers right is shown beside it. ``--write`` puts the model fitted on all sets into
``src/askcorpus/answer/calibration.json``, and with it (``left_out``) what was predicted for each set's own questions by
the model that had not seen the set: error rates are ordered by these (``askcorpus.answer.risk``). How often such an
order holds on a half, or a set, that it was not made from is printed too. What the reader read is kept in
``DIR`` and used again; after a change of the reader, remove ``DIR/*.reads``, after a change of the features,
``DIR/*.features.jsonl``.
"""

import argparse
import json
import random
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentence_weights import RememberingReader, fit_weights, read_set, sample
from sklearn.linear_model import LogisticRegression

from askcorpus.answer import risk
from askcorpus.answer.confidence import Calibration, Features, load_calibration
from askcorpus.answer.risk import Outcomes
from askcorpus.assistant import Assistant, open_assistant
from askcorpus.search.countries import country_names
from askcorpus.search.names import Name, names_of
from askcorpus.settings import read_settings
from askcorpus.text.figures import figures
from askcorpus.text.language import detect_language
from askcorpus.tuning import TUNING
from askcorpus.types import Answer
from askcorpus_eval.gold import Matcher
from askcorpus_eval.metrics.abstention import auroc
from askcorpus_eval.metrics.calibration import ece
from askcorpus_eval.questions import Question
from askcorpus_eval.score import score
from askcorpus_ingest.pipeline import ingest

NAMES = [field.name for field in fields(Features)]
TARGET = Path(__file__).parents[1] / "src/askcorpus/answer/calibration.json"
STRANGERS = 0.3
"""Questions of the next set that are asked for each of a set's own."""

SWAPPED = 60
"""Questions of each set that are asked with another name in the place of one of theirs, at most, and as many with
another number."""

WEIGHTS = {"own": 1.0, "stranger": 0.1, "swapped": 0.15}
"""What a question of each kind counts in the fit. A swapped one can still be answered now and then; and more of them
teach the model more about names than about the rest (docs/quality.md, Confidence)."""

TOLERANCE = 0.01

STRENGTH = 1.0
"""Inverse of the regularisation's strength."""


ORDERED = (0.05, 0.1, 0.2)
"""Error rates that are ordered of the left-out predictions, to see whether they hold."""

SPLITS = 100
"""Random halves for which that is tried."""


class Rows:
    """The measured questions of one set: features (n, len(NAMES)), whether right, whether answerable."""

    def __init__(self, name: str, lines: Sequence[dict[str, Any]]) -> None:
        self.name = name
        self.features = np.array([[line["features"][key] for key in NAMES] for line in lines], np.float64)
        self.right = np.array([line["right"] for line in lines], bool)
        self.answerable = np.array([line["answerable"] for line in lines], bool)
        self.kinds = np.array([line["kind"] for line in lines])
        self.own = self.kinds == "own"
        self.weights = np.array([WEIGHTS[str(kind)] for kind in self.kinds]) / len(lines)

    def has_both(self) -> bool:
        """Whether some of its own questions have an answer in its corpus and some have none."""
        return bool(self.answerable[self.own].any() and not self.answerable[self.own].all())


def measure_set(folder: Path, other: Path, work: Path, most: int, calibration: Calibration) -> Rows:
    """The rows of one set, with strangers from another, measured now unless they are there already."""
    kept = work / f"{folder.name}.features.jsonl"
    if not kept.exists():
        settings = read_settings(data=work / folder.name, min_confidence=0.0)
        with closing(open_assistant(settings)) as assistant, RememberingReader(work / f"{folder.name}.reads") as reader:
            assistant.reader, assistant.calibration = reader, calibration
            ingest([folder / "corpus.jsonl"], assistant.store, assistant.embeddings, settings)
            own = sample(folder, most)
            strangers = [_unanswerable(question) for question in sample(other, int(STRANGERS * len(own)))]
            swapped = swap(own, sample(other, most)) + swap_numbers(own)
            asked = {"own": own, "stranger": strangers, "swapped": swapped}
            lines = [
                line | {"kind": kind}
                for kind, questions in asked.items()
                for question in questions
                if (line := measure_question(assistant, question))
            ]
        kept.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return Rows(folder.name, [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()])


def measure_question(assistant: Assistant, question: Question) -> dict[str, object] | None:
    """Features, whether the drafted answer is right, whether there is one to give."""
    answer: Answer = assistant.ask(question.question, history=question.history, top_k=20, explain=True)
    features = {name: feature.value for name, feature in answer.explain.features.items()} if answer.explain else {}
    right = score(question, answer, Matcher(assistant.store).gold(question), assistant.store).correct
    if not features or right is None:
        return None
    return {
        "id": question.id,
        "features": features,
        "right": right,
        "answerable": question.answerable,
    }


def swap(questions: Sequence[Question], others: Sequence[Question]) -> list[Question]:
    """Answerable ``questions`` that ask about another country, or a name of ``others``, instead of their own."""
    chance = random.Random(0)
    strange = [
        name.text for q in others for name in names_of(q.question, detect_language(q.question)) if not name.country
    ]
    swapped = []
    for question in (q for q in questions if q.answerable):
        language = detect_language(question.question)
        names = names_of(question.question, language)
        name = chance.choice(names) if names else Name("")
        known = [called[0] for code, called in country_names(language).items() if code != name.country]
        choice = known if name.country else strange
        if name.text and choice:
            text = _replaced(question.question, name.text, chance.choice(choice))
            swapped.append(_unanswerable(question).model_copy(update={"question": text}))
    return swapped[:SWAPPED]


def swap_numbers(questions: Sequence[Question]) -> list[Question]:
    """Answerable ``questions`` that give another number, of as many digits, instead of one of their own."""
    chance = random.Random(0)
    swapped = []
    for question in (q for q in questions if q.answerable):
        numbers = [one for one in figures(question.question, TUNING.small_number).values() if one.isdecimal()]
        if numbers:
            number = chance.choice(numbers)
            least, most = 10 ** (len(number) - 1), 10 ** len(number) - 1
            other = chance.choice([n for n in (chance.randint(least, most) for _ in range(9)) if n != int(number)])
            text = _replaced(question.question, number, str(other))
            swapped.append(_unanswerable(question).model_copy(update={"question": text}))
    return swapped[:SWAPPED]


def _replaced(text: str, word: str, other: str) -> str:
    """``text`` with ``other`` wherever ``word`` stands by itself."""
    return other.join(re.split(rf"(?<!\w){re.escape(word)}(?!\w)", text))


def _unanswerable(question: Question) -> Question:
    """The question without its gold, which another corpus does not hold."""
    return question.model_copy(update={"answerable": False, "answers": (), "doc_ids": (), "evidence": (), "grades": {}})


def fit(rows: Sequence[Rows]) -> tuple[LogisticRegression, NDArray[np.float64], NDArray[np.float64]]:
    """The model, and the means and standard deviations by which its features are standardised."""
    features = np.concatenate([row.features for row in rows])
    weights = np.concatenate([row.weights for row in rows])
    means = np.average(features, axis=0, weights=weights)
    deviations = np.sqrt(np.average((features - means) ** 2, axis=0, weights=weights)) + 1e-9
    model = LogisticRegression(C=STRENGTH, max_iter=1000)
    right = np.concatenate([row.right for row in rows])
    model.fit((features - means) / deviations, right, sample_weight=weights * len(right) / weights.sum())
    return model, means, deviations


def predict(
    fitted: tuple[LogisticRegression, NDArray[np.float64], NDArray[np.float64]], row: Rows
) -> NDArray[np.float64]:
    """Confidence of each question."""
    model, means, deviations = fitted
    confidence: NDArray[np.float64] = model.predict_proba((row.features - means) / deviations)[:, 1]
    return confidence


def operating_point(confidence: NDArray[np.float64], rows: Sequence[Rows]) -> float:
    """The lowest threshold whose mean, over all sets, of the F1 of answering and the F1 of abstaining is within
    ``TOLERANCE`` of the best: a quote can be checked, a silence cannot."""
    ends = np.cumsum([len(row.right) for row in rows])
    asked = [row.kinds != "swapped" for row in rows]
    parts = [
        (part[kept], row.answerable[kept])
        for part, row, kept in zip(np.split(confidence, ends[:-1]), rows, asked, strict=True)
    ]
    points = [float(point) for point in np.round(np.arange(0.05, 0.8, 0.01), 2)]
    balance = [float(np.mean([_balance(c >= point, answerable) for c, answerable in parts])) for point in points]
    return next(point for point, found in zip(points, balance, strict=True) if found >= max(balance) - TOLERANCE)


def _balance(answered: NDArray[np.bool_], answerable: NDArray[np.bool_]) -> float:
    return (_f1(answered, answerable) + _f1(~answered, ~answerable)) / 2


def _f1(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    return 2 * int(np.sum(found & wanted)) / max(1, int(np.sum(found)) + int(np.sum(wanted)))


def main() -> None:
    """Measure, fit, judge, and on request write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=250)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    folders = sorted(path.parent for path in args.sets.glob("*/questions.jsonl"))
    others = folders[1:] + folders[:1]
    read = [read_set(folder, args.work, args.questions) for folder in folders]
    for one in read:
        weights = fit_weights([other for other in read if other is not one])
        print(f"{one.name:18} {len(one.questions):4} best sentence holds the answer: {one.share(weights):.3f} left out")
    sentence_weights = fit_weights(read)
    print("sentence weights", sentence_weights)
    calibration = replace(load_calibration(), sentence_weights=sentence_weights)
    rows = [measure_set(*pair, args.work, args.questions, calibration) for pair in zip(folders, others, strict=True)]

    print(
        f"{'set':18} {'n':>4} {'right':>6} {'mean':>6} {'AUROC':>6} {'ECE':>6} {'swapped':>7}"
        "   (by a model that has not seen the set)"
    )
    left_out, aurocs, against_swapped = [], [], []
    for row in rows:
        confidence = predict(fit([other for other in rows if other is not row]), row)
        left_out.append(confidence)
        own, shown, told = row.own, "     –", "      –"
        if row.has_both():
            aurocs.append(auroc(confidence[own], row.answerable[own]))
            shown = f"{aurocs[-1]:6.3f}"
        compared = (row.own & row.right) | (row.kinds == "swapped")
        if not row.own[compared].all():
            against_swapped.append(auroc(confidence[compared], row.own[compared]))
            told = f"{against_swapped[-1]:7.3f}"
        print(
            f"{row.name:18} {own.sum():4} {row.right[own].mean():6.3f} {confidence[own].mean():6.3f} {shown} "
            f"{ece(confidence[own], row.right[own]):6.3f} {told}"
        )
    pooled = np.concatenate(left_out)
    mine = np.concatenate([row.own for row in rows])
    error = ece(pooled[mine], np.concatenate([row.right for row in rows])[mine])
    point = operating_point(pooled, rows)
    print(
        f"mean AUROC {np.mean(aurocs):.3f} (against swapped names {np.mean(against_swapped):.3f}), "
        f"pooled ECE {error:.3f}, operating point {point}"
    )

    outcomes = [known(confidence, row) for confidence, row in zip(left_out, rows, strict=True)]
    print_orders(outcomes, [row.name for row in rows])

    model, means, deviations = fit(rows)
    numbers = {
        "obtained": {
            "by": "bench/calibrate.py",
            "date": datetime.now(UTC).date().isoformat(),
            "sets": {row.name: int(row.own.sum()) for row in rows},
            "left_out_mean_auroc": round(float(np.mean(aurocs)), 3),
            "left_out_pooled_ece": round(error, 3),
            "left_out_mean_auroc_against_swapped_names": round(float(np.mean(against_swapped)), 3),
        },
        "intercept": round(float(model.intercept_[0]), 4),
        "weights": _named(model.coef_[0]),
        "means": _named(means),
        "deviations": _named(deviations),
        "operating_point": point,
        "sentence_weights": sentence_weights,
    }
    print(json.dumps(numbers, indent=2))
    if args.write:
        pairs = json.dumps(joined(outcomes).pairs(), separators=(",", ":"))
        text = json.dumps(numbers | {"left_out": None}, indent=2).replace('"left_out": null', f'"left_out": {pairs}')
        TARGET.write_text(text + "\n", encoding="utf-8")


def known(confidence: NDArray[np.float64], row: Rows) -> Outcomes:
    """What is known of a set's own questions, all of which were answered."""
    return Outcomes.of(list(zip(confidence[row.own].tolist(), row.right[row.own].tolist(), strict=True)))


def joined(outcomes: Sequence[Outcomes]) -> Outcomes:
    """Those of several sets together."""
    return Outcomes(
        np.concatenate([one.confidence for one in outcomes]),
        np.concatenate([one.right for one in outcomes]),
        sum(one.asked for one in outcomes),
    )


def print_orders(outcomes: Sequence[Outcomes], names: Sequence[str]) -> None:
    """Order error rates of halves and of all sets but one; say how often, in what was left out, they hold."""
    everything = joined(outcomes)
    for rate in ORDERED:
        print(f"{risk.percent(rate)} ordered: {risk.certify(everything, rate) or 'cannot be promised'}")
        found = [kept for kept in halves(everything, rate) if kept is not None]
        held = sum(wrong <= rate for wrong, _ in found)
        answered = float(np.mean([share for _, share in found])) if found else 0.0
        print(f"  random halves: {len(found)} of {SPLITS} promise it, {held} others keep it, answering {answered:.0%}")
        for number, (name, one) in enumerate(zip(names, outcomes, strict=True)):
            rest = joined([*outcomes[:number], *outcomes[number + 1 :]])
            if (kept := try_order(rest, one, rate)) is not None:
                print(f"  {name:18} left out: {kept[0]:6.1%} wrong, {kept[1]:4.0%} answered")


def halves(outcomes: Outcomes, rate: float) -> list[tuple[float, float] | None]:
    """``try_order`` for random halves, the same every time."""
    chance = np.random.default_rng(0)
    tried = []
    for _ in range(SPLITS):
        order = chance.permutation(outcomes.asked)
        one, other = np.array_split(order, 2)
        tried.append(try_order(_rows_of(outcomes, one), _rows_of(outcomes, other), rate))
    return tried


def try_order(base: Outcomes, other: Outcomes, rate: float) -> tuple[float, float] | None:
    """The share wrong, and the share answered, of ``other`` when ``rate`` is ordered by ``base``; None if refused."""
    promise = risk.certify(base, rate)
    if promise is None:
        return None
    given = other.confidence >= promise.threshold
    return float(np.mean(~other.right[given])) if given.any() else 0.0, float(given.mean())


def _rows_of(outcomes: Outcomes, rows: NDArray[np.intp]) -> Outcomes:
    return Outcomes(outcomes.confidence[rows], outcomes.right[rows], len(rows))


def _named(values: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(NAMES, values, strict=True)}


if __name__ == "__main__":
    main()
