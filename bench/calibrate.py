"""Fit the ranking of sentences and the confidence on question sets with known answers, and print how good both are on
sets left out.

    python bench/calibrate.py SETS --work DIR [--questions 250] [--write]

``SETS`` holds a folder a set, each with ``corpus.jsonl`` and ``questions.jsonl``. First the weights of a sentence's
measurements are fitted (``bench/sentence_weights.py``). Then every question is asked with the operating point at zero,
so that an answer is always drafted; the features of its evidence and whether the answer is right
(``askcorpus_eval.score.is_correct``) are kept in ``DIR``, with the indexes. Every corpus is also asked some questions
of the next set, which it cannot answer: without these strangers there would be no unanswerable question in another
language than the corpus. And it is asked some of its own questions with a name, or a number, replaced by another, as by
somebody who is mistaken about the facts. Then a logistic regression is fitted, with the same weight for each set, and
evaluated on each set's own questions by a model that has not seen that set; how well it separates swapped questions
from those that it answers right is also shown. ``--write`` puts the model fitted on all sets into
``src/askcorpus/answer/calibration.json``, and with it (``left_out``) what was predicted for each set's own questions by
the model that had not seen the set: error rates are guaranteed from these (``askcorpus.answer.risk``). How often such a
guarantee holds on a half, or a set, that it was not computed from is printed too. What the reader read is kept in
``DIR`` and used again; after a change of the reader, remove ``DIR/*.reads``, after a change of the features,
``DIR/*.features.jsonl``.
"""

import argparse
import json
import random
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from question_sets import RememberingReader, opened, sample, set_folders
from sentence_weights import fit_weights, read_set
from sklearn.linear_model import LogisticRegression

from askcorpus.answer import risk
from askcorpus.answer.confidence import Calibration, Features, load_calibration
from askcorpus.answer.risk import Outcomes
from askcorpus.assistant import Assistant
from askcorpus.search.countries import country_names
from askcorpus.search.names import Name, names_of
from askcorpus.text.figures import figures
from askcorpus.text.language import detect_language
from askcorpus.tuning import TUNING
from askcorpus.types import Answer
from askcorpus_eval.gold import Matcher
from askcorpus_eval.metrics.abstention import auroc
from askcorpus_eval.metrics.calibration import ece
from askcorpus_eval.questions import Question
from askcorpus_eval.score import score

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
        with opened(folder, work, min_confidence=0.0) as assistant, RememberingReader(work, folder.name) as reader:
            assistant.reader, assistant.calibration = reader, calibration
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
    folders = set_folders(args.sets)
    calibration = replace(load_calibration(), sentence_weights=weigh_sentences(folders, args.work, args.questions))
    pairs = zip(folders, folders[1:] + folders[:1], strict=True)
    rows = [measure_set(*pair, args.work, args.questions, calibration) for pair in pairs]
    left_out = [predict(fit([other for other in rows if other is not row]), row) for row in rows]
    point = operating_point(np.concatenate(left_out), rows)
    judged = print_judged(rows, left_out, point)
    outcomes = [known(confidence, row) for confidence, row in zip(left_out, rows, strict=True)]
    print_orders(outcomes, [row.name for row in rows])
    numbers = {"obtained": obtained(rows, judged), **fitted_numbers(rows, point, calibration)}
    print(json.dumps(numbers, indent=2))
    if args.write:
        pairs_known = json.dumps(joined(outcomes).pairs(), separators=(",", ":"))
        text = json.dumps(numbers | {"left_out": None}, indent=2)
        TARGET.write_text(text.replace('"left_out": null', f'"left_out": {pairs_known}') + "\n", encoding="utf-8")


def weigh_sentences(folders: Sequence[Path], work: Path, most: int) -> dict[str, float]:
    """The weights of a sentence's measurements, fitted on all sets; how good they are on a set left out is printed."""
    read = [read_set(folder, work, most) for folder in folders]
    for one in read:
        weights = fit_weights([other for other in read if other is not one])
        print(f"{one.name:18} {len(one.questions):4} best sentence holds the answer: {one.share(weights):.3f} left out")
    found = fit_weights(read)
    print("sentence weights", found)
    return found


class Judged(NamedTuple):
    """How good the confidence is on sets that its model has not seen."""

    auroc: float
    ece: float
    against_swapped: float


def print_judged(rows: Sequence[Rows], left_out: Sequence[NDArray[np.float64]], point: float) -> Judged:
    """Print how good the confidence is set by set, and in all."""
    print(
        f"{'set':18} {'n':>4} {'right':>6} {'mean':>6} {'AUROC':>6} {'ECE':>6} {'swapped':>7}"
        "   (by a model that has not seen the set)"
    )
    aurocs, against_swapped = [], []
    for row, confidence in zip(rows, left_out, strict=True):
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
    mine = np.concatenate([row.own for row in rows])
    error = ece(np.concatenate(left_out)[mine], np.concatenate([row.right for row in rows])[mine])
    judged = Judged(float(np.mean(aurocs)), error, float(np.mean(against_swapped)))
    print(
        f"mean AUROC {judged.auroc:.3f} (against swapped names {judged.against_swapped:.3f}), "
        f"pooled ECE {judged.ece:.3f}, operating point {point}"
    )
    return judged


def obtained(rows: Sequence[Rows], judged: Judged) -> dict[str, object]:
    """How the numbers came about, as it stands beside them."""
    return {
        "by": "bench/calibrate.py",
        "date": datetime.now(UTC).date().isoformat(),
        "sets": {row.name: int(row.own.sum()) for row in rows},
        "left_out_mean_auroc": round(judged.auroc, 3),
        "left_out_pooled_ece": round(judged.ece, 3),
        "left_out_mean_auroc_against_swapped_names": round(judged.against_swapped, 3),
    }


def fitted_numbers(rows: Sequence[Rows], point: float, calibration: Calibration) -> dict[str, object]:
    """The model fitted on all sets, and the operating point."""
    model, means, deviations = fit(rows)
    return {
        "intercept": round(float(model.intercept_[0]), 4),
        "weights": _named(model.coef_[0]),
        "means": _named(means),
        "deviations": _named(deviations),
        "operating_point": point,
        "sentence_weights": calibration.sentence_weights,
    }


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
