"""The sentences that may answer, and how well they do: each as the reader reads it in its passage.

What a sentence is ordered by is a weighted sum of four measurements, whose weights were fitted (``bench/calibrate.py``)
on questions whose answers are known to stand in one of the sentences.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.answer.reader import Reader, ReadPassage
from askcorpus.search.candidates import Retrieval
from askcorpus.search.mentions import missing
from askcorpus.search.period import is_of_other_time, tells_of
from askcorpus.search.query import Query
from askcorpus.text.words import in_whole_words, words
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Hit, Span

SENTENCE_END = " .!?…。！？।։။።؟»”\"'"
"""What closes a sentence and is no part of the words that answer."""

_BETWEEN = " ,;:،؛、，；："
"""What parts words from others, and does not close those that answer."""

_CLOSES_QUOTE = " »”’\"')]"
_QUESTION_MARKS = ("?", "？", "؟")

MOST_WORDS = 30
"""Of a sentence, beyond which more say nothing about it."""

LEAST_DEVIATION = 1e-3
"""What a few sentences that are all alike differ by at least, as cosine similarity."""


class ScoredSentence(NamedTuple):
    """One sentence, weighed.

    ``span`` and ``answer`` are document offsets: of the sentence, and of the words in it that answer best;
    ``answer_score`` is that of the likeliest of its words, as its passage was read, above "no answer in this passage",
    ``relevance`` that the passage answers at all (both log-odds); ``passage`` its evidence (``Scores.fused``);
    ``similarity`` the sentence's cosine similarity to the question, ``standing`` how far that stands above the other
    sentences that were read, in standard deviations; ``score`` what sentences are ordered by; ``tokens`` the scores of
    its words, where it was read.
    """

    hit: Hit
    span: Span
    text: str
    answer: Span
    answer_score: float
    relevance: float
    passage: float
    similarity: float
    standing: float
    score: float = 0.0
    tokens: ReadPassage | None = None

    @property
    def answer_text(self) -> str:
        """The words that answer."""
        return self.text[self.answer.start - self.span.start : self.answer.end - self.span.start]

    @property
    def length(self) -> float:
        """The logarithm of its words, up to thirty: a few that stand by themselves are a heading or a signature."""
        return math.log1p(min(len(words(self.text)), MOST_WORDS))


def score_sentences(
    retrieval: Retrieval,
    reader: Reader,
    weights: Mapping[str, float],
    reading: int = 0,
    tuning: Tuning = TUNING,
) -> tuple[ScoredSentence, ...]:
    """The sentences of the best passages, best first; none when no passage is of the time asked.

    ``reading`` is the one of the question's readings (see ``Query``) that is read with the passages; ``weights`` has
    what each measurement counts, by its name.

    Raises:
        ModelError: the reader cannot be loaded.
    """
    sentences = read_sentences(retrieval, reader, reading, tuning)
    period = retrieval.query.period
    weighed = [
        s._replace(
            score=score(s, weights) + tuning.period_score * tells_of(period, s.hit.date, s.hit.title, s.hit.text)
        )
        for s in sentences
    ]
    return tuple(sorted(weighed, key=lambda sentence: -sentence.score))


def read_alone(
    question: str, sentences: Sequence[ScoredSentence], reader: Reader, tuning: Tuning = TUNING
) -> tuple[ScoredSentence, ...]:
    """The sentences with the words that answer as they are found where each is also read by itself. What they are
    ordered and judged by stays.

    Raises:
        ModelError: the reader cannot be loaded.
    """
    alone = reader.read(question, [sentence.text.rstrip(SENTENCE_END) for sentence in sentences])
    return tuple(_marked(one, by_itself, tuning.alone) for one, by_itself in zip(sentences, alone, strict=True))


def _marked(sentence: ScoredSentence, alone: ReadPassage, weight: float) -> ScoredSentence:
    found = sentence.tokens.read_again(alone, weight).best() if sentence.tokens else None
    if found is None:
        return sentence
    return sentence._replace(answer=_whole(sentence.text, found.span, sentence.span.start))


def _whole(text: str, found: Span, start: int) -> Span:
    """Where in the document the whole words are that were found in a sentence, which begins at ``start``, without what
    parts them from others."""
    whole = in_whole_words(text, found)
    said = text[whole.start : whole.end]
    return Span(start + whole.start, start + whole.start + len(said.rstrip(_BETWEEN) or said))


def score(sentence: ScoredSentence, weights: Mapping[str, float]) -> float:
    """The weighted sum of a sentence's measurements."""
    return sum(weight * float(getattr(sentence, name)) for name, weight in weights.items())


def names_held(query: Query, one: ScoredSentence) -> set[str]:
    """The names and figures of the question that a sentence has: what is said of Lyon says nothing of Marseille."""
    missed = missing(query.names, query.language, one.text, one.hit.language)
    figures = {word for word in query.figures if any(map(str.isdigit, word))}
    return {name.text for name in query.names if name not in missed} | (figures & set(words(one.text)))


def read_sentences(
    retrieval: Retrieval, reader: Reader, reading: int = 0, tuning: Tuning = TUNING
) -> list[ScoredSentence]:
    """Every sentence of the passages that are read, with its measurements and no score yet. One that asks something
    answers nothing: it is left out, unless all of them do."""
    query, vector = retrieval.query, retrieval.query.vectors[reading]
    candidates = [
        candidate
        for candidate in retrieval.found(reading)[: tuning.read]
        if not is_of_other_time(query.year, candidate.hit.date, f"{candidate.hit.title}\n{candidate.hit.text}")
    ]
    texts = [candidate.hit.text for candidate in candidates]
    similarities = [candidate.stored.sentence_vectors.astype(np.float32) @ vector for candidate in candidates]
    read = reader.read(query.read_as[reading], texts)
    found = []
    for candidate, passage, similar, standing in zip(
        candidates, read, similarities, _standardised(similarities), strict=True
    ):
        hit = candidate.hit
        for span, similarity, stands in zip(candidate.stored.sentences, similar, standing, strict=True):
            text = hit.text[span.start - hit.start : span.end - hit.start]
            tokens = passage.part(Span(span.start - hit.start, span.start - hit.start + len(text.rstrip(SENTENCE_END))))
            answer = tokens.best()
            if answer is None:
                continue
            found.append(
                ScoredSentence(
                    hit=hit,
                    span=span,
                    text=text,
                    answer=_whole(text, answer.span, span.start),
                    answer_score=answer.score,
                    relevance=passage.relevance,
                    passage=hit.scores.fused,
                    similarity=float(similarity),
                    standing=float(stands),
                    tokens=tokens,
                )
            )
    return [one for one in found if not _asks(one.text)] or found


def _asks(text: str) -> bool:
    return text.rstrip().rstrip(_CLOSES_QUOTE).endswith(_QUESTION_MARKS)


def _standardised(groups: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Numbers in standard deviations above the mean of all groups."""
    if not groups:
        return []
    together = np.concatenate(groups)
    return [(group - together.mean()) / (together.std() + LEAST_DEVIATION) for group in groups]
