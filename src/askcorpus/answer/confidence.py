"""How likely an answer from this evidence is right: a logistic model over a few readable measurements.

Its numbers were fitted by ``bench/calibrate.py`` on questions with known answers, and stand with how they were
obtained in ``calibration.json``. Nothing in it depends on the corpus: every measurement is relative to what this
corpus does with this question.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.search.mentions import missing
from askcorpus.search.names import Name
from askcorpus.search.query import Query
from askcorpus.text.figures import figures
from askcorpus.types import Hit


@dataclass(frozen=True, slots=True)
class Features:
    """What the evidence for a question looks like, by the sentence that would be quoted (see ``ScoredSentence``).

    ``answer``: how likely the reader finds the words that answer, and ``relevance``: that their passage answers at all,
    both in log-odds; ``passage``: its passage's evidence. 1 if so, else 0: ``name``: the question names something that
    the sentence's passage does not (see ``missing_names``); ``number``: it gives a number that this has not (see
    ``missing_numbers``); ``foreign``: the sentence's document is in another language
    than the question; then ``foreign_passage`` is ``passage`` once more, since what a passage's evidence is worth
    differs there.
    """

    answer: float
    relevance: float
    passage: float
    name: float
    number: float
    foreign: float
    foreign_passage: float


_SPECIAL = frozenset(("name", "number", "foreign", "foreign_passage"))
"""Features that are 0 unless something special is the case: 0 is where they say nothing."""


def measure(query: Query, sentences: Sequence[ScoredSentence]) -> Features:
    """The features of what was found for a question; there must be at least one sentence."""
    best = sentences[0]
    foreign = _differ(query.language, best.hit.language)
    return Features(
        answer=best.answer_score,
        relevance=best.relevance,
        passage=best.passage,
        name=float(bool(missing_names(query, [best.hit]))),
        number=float(bool(missing_numbers(query, [best.hit]))),
        foreign=float(foreign),
        foreign_passage=foreign * best.passage,
    )


def missing_names(query: Query, hits: Iterable[Hit]) -> tuple[Name, ...]:
    """What a question names and none of these passages does, titles included.

    Where one of them is in another language, a name may just be translated: there a country tells, or the lack of all.
    """
    names = query.names
    absent, foreign = names, False
    for hit in hits:
        absent = missing(absent, query.language, f"{hit.title}\n{hit.text}", hit.language)
        foreign = foreign or _differ(query.language, hit.language)
    return absent if not foreign or absent == names else tuple(name for name in absent if name.country)


def missing_numbers(query: Query, hits: Iterable[Hit]) -> tuple[str, ...]:
    """The larger numbers of a question, as it writes them, that no passage has in figures, nor its title or date."""
    if not query.numbers:
        return ()
    held = set[str]().union(*(figures(f"{hit.title} {hit.date} {hit.text}") for hit in hits))
    return tuple(written for digits, written in query.numbers.items() if digits not in held)


def _differ(language: str, other: str) -> bool:
    """Whether both languages are known and are not the same."""
    return bool(language and other) and language != other


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model over standardised features, the confidence from which answers are given, and what each
    measurement of a sentence counts in ``score_sentences``."""

    intercept: float
    weights: dict[str, float]
    means: dict[str, float]
    deviations: dict[str, float]
    operating_point: float
    sentence_weights: dict[str, float]

    def confidence(self, features: Features) -> float:
        """Probability (0 to 1) that an answer from this evidence is right."""
        total = self.intercept
        for name, weight in self.weights.items():
            total += weight * (getattr(features, name) - self.means[name]) / self.deviations[name]
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    @property
    def start(self) -> float:
        """The log-odds of an answer from evidence whose features say nothing."""
        return self.intercept + sum(self._pull(name, self.means[name], self.neutral(name)) for name in self.weights)

    def neutral(self, name: str) -> float:
        """The value at which a feature says nothing: the usual one, or 0 where it need not apply."""
        return 0.0 if name in _SPECIAL else self.means.get(name, 0.0)

    def pulls(self, features: Features) -> dict[str, float]:
        """What each feature adds to the log-odds, beyond ``start``, strongest first: what tipped the decision."""
        found = {
            name: round(self._pull(name, self.neutral(name), getattr(features, name)), 3) + 0.0 for name in self.weights
        }
        return dict(sorted(found.items(), key=lambda item: -abs(item[1])))

    def _pull(self, name: str, before: float, after: float) -> float:
        """What a feature adds to the log-odds when it goes from one value to another."""
        return self.weights[name] * (after - before) / self.deviations[name]


@cache
def load_calibration() -> Calibration:
    """The model that comes with the package."""
    numbers = json.loads(files("askcorpus.answer").joinpath("calibration.json").read_text(encoding="utf-8"))
    return Calibration(**{field.name: numbers[field.name] for field in fields(Calibration)})
