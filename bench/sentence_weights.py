"""The weights of a sentence's measurements, fitted on questions whose answer is in one of the sentences.

Imported by ``bench/calibrate.py``. A question's sentences compete: the weights maximise the likelihood that a
sentence with a gold answer is first (conditional logit, McFadden 1974). Every set has the same weight.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from question_sets import RememberingReader, opened, sample
from scipy.optimize import minimize
from scipy.special import logsumexp

from askcorpus.answer.reader import Reader
from askcorpus.answer.sentence_scores import read_sentences
from askcorpus.assistant import Assistant
from askcorpus.search.query import read_query
from askcorpus.types import Filters
from askcorpus_eval.gold import Matcher
from askcorpus_eval.metrics.answers import answer_in_citation
from askcorpus_eval.questions import Question
from askcorpus_eval.score import short_answers

MEASUREMENTS = ("answer_score", "passage", "standing", "length")
"""Of ``ScoredSentence``: what its score is made of. Relevance beside them brings nothing (docs/quality.md, Reader)."""

FEWEST = 20
"""Questions from which a set counts."""

SHRINKAGE = 0.01
"""Strength of the ridge penalty on the weights."""


class ReadSet(NamedTuple):
    """Of each question of a set its sentences' measurements (sentences, measurements), and which hold the answer."""

    name: str
    questions: tuple[tuple[NDArray[np.float64], NDArray[np.bool_]], ...]

    def share(self, weights: dict[str, float]) -> float:
        """The share of questions whose best sentence holds the answer."""
        w = np.array([weights[name] for name in MEASUREMENTS])
        return float(np.mean([right[int((x @ w).argmax())] for x, right in self.questions])) if self.questions else 0.0


def read_set(folder: Path, work: Path, most: int) -> ReadSet:
    """The questions of a set with short answers, of which some sentence that is read holds one and some does not."""
    found = []
    with opened(folder, work) as assistant, RememberingReader(work, folder.name) as reader:
        matcher = Matcher(assistant.store)
        for question in sample(folder, most):
            if question.answerable and short_answers(question):
                x, right = _measured(assistant, reader, question, frozenset(matcher.gold(question).grades))
                if right.any() and not right.all():
                    found.append((x, right))
    return ReadSet(folder.name, tuple(found))


def _measured(
    assistant: Assistant, reader: Reader, question: Question, gold: frozenset[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    with assistant.store.snapshot() as index:
        said = (question.question, question.history, assistant.embeddings, assistant.unrelated_texts)
        query = read_query(*said, latest=index.latest())
        retrieval = assistant.retriever.retrieve(index, query, Filters(), assistant.tuning.read)
    sentences = read_sentences(retrieval, reader, len(query.read_as) - 1)
    language = question.doc_lang or question.lang
    right = [
        (not gold or one.hit.document_id in gold)
        and answer_in_citation([one.text], short_answers(question), language) == 1
        for one in sentences
    ]
    return np.array([[getattr(one, name) for name in MEASUREMENTS] for one in sentences]), np.array(right, bool)


def fit_weights(sets: Sequence[ReadSet]) -> dict[str, float]:
    """The weights by the name of their measurement."""
    sets = [one for one in sets if len(one.questions) >= FEWEST]
    questions = [(x, right, 1 / len(one.questions)) for one in sets for x, right in one.questions]

    def loss(w: NDArray[np.float64]) -> float:
        terms = [share * (logsumexp(x @ w) - logsumexp((x @ w)[right])) for x, right, share in questions]
        return float(np.sum(terms) / len(sets) + SHRINKAGE * (w @ w))

    fitted = minimize(loss, np.full(len(MEASUREMENTS), 0.1), method="L-BFGS-B").x
    return {name: round(float(weight), 4) for name, weight in zip(MEASUREMENTS, fitted, strict=True)}
