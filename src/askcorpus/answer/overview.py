"""An overview: what the documents say about a subject, in sentences of different documents where there are.

A time is a subject of its own kind: what happened then is told by the documents of that date (`chronicle`). Another
subject is in the corpus where a passage names it (`askcorpus.search.mentions`). Nearness alone does not tell:
the passages nearest to a name that no document has stand as far above unrelated ones as those nearest to one that many
have (docs/quality.md, Overviews). What is not named is left to the ordinary way, unless it can be nothing but a name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np

from askcorpus.answer.extractive import repeats
from askcorpus.answer.sentence_scores import ScoredSentence, score
from askcorpus.search.candidates import Candidate, Retrieval
from askcorpus.search.mentions import mentions, written_as_name
from askcorpus.search.subject import Subject, Time
from askcorpus.text.dates import written_date
from askcorpus.text.lexicon import languages
from askcorpus.text.words import word_spans, words
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Span

RIGHT = 0.9
"""Share of overviews that are of their subject (docs/quality.md, Overviews): the confidence of each."""

SEARCHED = 40
"""Passages that are looked through for the subject, nearest first."""

SHORTEST = 5
"""Words from which a sentence says something of what it names; fewer are a heading."""

MOST_WORDS_OF_A_NAME = 2
"""Words up to which a message without a mark of a question is taken for a name, although no document has it."""

MOST_COUNTED = 10_000
"""Documents up to which those that name a subject are counted."""

_FULL_STOPS = (".", "!", "…", "。", "！", "।", "։", "።", "۔")
_CLOSING = " \n\"'”“»«’)]）」』"


class Overview(NamedTuple):
    """What is quoted of a subject, best first, and the documents found that name it; or of a time (``of_time``), in the
    order of their dates, and those that are dated then."""

    subject: Subject
    sentences: tuple[ScoredSentence, ...]
    documents: frozenset[str]
    of_time: bool = False

    def language(self, locale: str) -> str:
        """The language to speak in: that of the words around the subject, or else of whoever asks, where that is known,
        or of the documents that write it so."""
        if not self.subject.bare or not self.subject.text.isascii():
            return self.subject.language
        return (locale if locale in languages() else self.sentences[0].hit.language) or self.subject.language

    def counting(self, more: Iterable[str]) -> Self:
        """With further documents that name it."""
        return self._replace(documents=self.documents | frozenset(more))


def survey(
    subject: Subject, retrieval: Retrieval, weights: Mapping[str, float], tuning: Tuning = TUNING
) -> Overview | None:
    """The sentences about a subject among the passages found for it; None where none names it.

    One that can only be a name must be what the documents write as one: "yes" and "why not" stand in many.
    """
    naming = [one for one in retrieval.candidates if _names(subject, _titled(one), one.hit.language)]
    if not naming or (subject.is_name and not written_as_name(subject.text, map(_titled, naming))):
        return None
    wanted = set(words(subject.text))
    sentences = sorted(
        _sentences(subject, naming, retrieval, weights),
        # As it is written, before what sounds like it.
        key=lambda one: (not wanted <= set(words(one.text)), -one.score),
    )
    chosen = _choose(sentences, tuning)
    if not chosen:
        return None
    return Overview(subject, tuple(chosen), frozenset(one.hit.document_id for one in naming))


def chronicle(
    time: Time, retrieval: Retrieval, weights: Mapping[str, float], tuning: Tuning = TUNING
) -> Overview | None:
    """A sentence of each of the best documents found that are dated within a time, in the order of their dates; None
    where there is none. A document of a month is not of any of its days.

    What a report is about stands at its beginning: it is the first whole sentence found of each.
    """
    subject = Subject(written_date(time.period, time.language), time.language)
    dated = [one for one in retrieval.candidates if one.hit.date.startswith(time.period)]
    first: dict[str, ScoredSentence] = {}
    for _, sentences in _telling(subject, dated, retrieval, weights):
        for one in ([each for each in sentences if _is_whole(each)] or sentences)[:1]:
            known = first.setdefault(one.hit.document_id, one)
            if one.span.start < known.span.start:
                first[one.hit.document_id] = one
    chosen = _choose(list(first.values()), tuning)
    if not chosen:
        return None
    return Overview(subject, tuple(sorted(chosen, key=lambda one: one.hit.date)), frozenset(first), of_time=True)


def _is_whole(sentence: ScoredSentence) -> bool:
    """Whether a full stop ends a sentence, as it ends no headline."""
    return sentence.text.rstrip(_CLOSING).endswith(_FULL_STOPS)


def is_unnamed(subject: Subject, retrieval: Retrieval) -> bool:
    """Whether a subject that stands alone, and is too short to be a question, is named in no passage found for it. The
    reader is no judge of that: it is made for questions, and finds an answer to many a name that does not exist."""
    short = subject.bare and len(words(subject.text)) <= MOST_WORDS_OF_A_NAME
    return short and not any(_names(subject, _titled(one), one.hit.language) for one in retrieval.candidates)


def _names(subject: Subject, text: str, language: str) -> bool:
    return mentions(subject.text, subject.language, text, language)


def _titled(candidate: Candidate) -> str:
    return f"{candidate.hit.title}\n{candidate.hit.text}"


def _sentences(
    subject: Subject, naming: Sequence[Candidate], retrieval: Retrieval, weights: Mapping[str, float]
) -> Iterator[ScoredSentence]:
    """The sentences that name the subject; of a passage whose title or a heading alone does, all. What only stands
    outside of sentences, as a news agency does in front of a report, says nothing of it."""
    for candidate, telling in _telling(subject, naming, retrieval, weights):
        named = [one for one in telling if _names(subject, one.text, one.hit.language)]
        yield from named or (telling if _is_headed(subject, candidate) else [])


def _is_headed(subject: Subject, candidate: Candidate) -> bool:
    """Whether the title of a passage or one of its headings names the subject."""
    hit = candidate.hit
    texts = [hit.text[span.start - hit.start : span.end - hit.start] for span in candidate.stored.sentences]
    return any(_names(subject, text, hit.language) for text in (hit.title, *texts))


def _telling(
    subject: Subject, candidates: Sequence[Candidate], retrieval: Retrieval, weights: Mapping[str, float]
) -> Iterator[tuple[Candidate, list[ScoredSentence]]]:
    """Each of the passages with those of its sentences that are no headings and say more than the subject, in their
    order: of a headline nobody wants to read itself again."""
    if not candidates:
        return
    asked = set(words(subject.text))
    similarities = [one.stored.sentence_vectors.astype(np.float32) @ retrieval.query.vectors[0] for one in candidates]
    together = np.concatenate(similarities)
    mean, deviation = float(together.mean()), float(together.std()) + 1e-3
    for candidate, similar in zip(candidates, similarities, strict=True):
        found = [
            _sentence(candidate, span, float(similarity), (float(similarity) - mean) / deviation, subject, weights)
            for span, similarity in zip(candidate.stored.sentences, similar, strict=True)
        ]
        said = [words(one.text) for one in found]
        yield (
            candidate,
            [one for one, own in zip(found, said, strict=True) if len(own) >= SHORTEST and not asked.issuperset(own)],
        )


def _sentence(
    candidate: Candidate, span: Span, similarity: float, standing: float, subject: Subject, weights: Mapping[str, float]
) -> ScoredSentence:
    hit = candidate.hit
    text = hit.text[span.start - hit.start : span.end - hit.start]
    named = _place(text, subject.text)
    answer = Span(span.start + named.start, span.start + named.end)
    one = ScoredSentence(hit, span, text, answer, 0.0, 0.0, hit.scores.fused, similarity, standing)
    return one._replace(score=score(one, weights))


def _place(text: str, subject: str) -> Span:
    """Where a text has the words of a subject one after the other; empty where it has not."""
    wanted, found = words(subject), word_spans(text)
    for first in range(len(found) - len(wanted) + 1):
        taken = found[first : first + len(wanted)]
        if [word for word, _ in taken] == wanted:
            return Span(taken[0][1].start, taken[-1][1].end)
    return Span(0, 0)


def _choose(sentences: Sequence[ScoredSentence], tuning: Tuning) -> list[ScoredSentence]:
    """The best sentence of each document, then further ones while there are few; none that repeats another."""
    chosen: list[ScoredSentence] = []
    for most, once in ((tuning.most_overview, True), (tuning.least_overview, False)):
        for one in sentences:
            if len(chosen) >= most:
                break
            seen = once and any(one.hit.document_id == other.hit.document_id for other in chosen)
            if not seen and not any(repeats(one.text, other.text, tuning.repeats) for other in chosen):
                chosen.append(one)
    return chosen


def quoted_first(retrieval: Retrieval, sentences: Sequence[ScoredSentence]) -> Retrieval:
    """What was found, the passages that are quoted before the others."""
    places = {one.hit.passage_id: place for place, one in reversed(list(enumerate(sentences)))}
    ordered = sorted(retrieval.candidates, key=lambda one: places.get(one.hit.passage_id, len(sentences)))
    return retrieval._replace(candidates=tuple(ordered))
