"""Where sources disagree: sentences of other documents that answer the same question, as well, but otherwise.

A report of twelve dead and one of fifteen, a claim and its denial: whoever asks must see both, with their dates. Two
sentences count as about the same when they are nearer to each other than to the question or hold the same of its
words, and, in two languages, when the reader is sure that both answer; and as saying different things when the words
that answer in them have no figure, date or name in common, or when one denies and the other does not. Names that differ
are no contradiction where there are more than two of them: then several things answer. Nor are rows of tables with
other columns, in any of which the reader finds an answer of the right kind. Shallow on purpose: the price of an error
is one quote too many.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from askcorpus.answer.denials import denies, rejects
from askcorpus.answer.lists import further_names
from askcorpus.answer.sentence_scores import ScoredSentence, names_held
from askcorpus.answer.table_rows import headers
from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.candidates import Retrieval
from askcorpus.search.cities import cities_named
from askcorpus.search.mentions import mentions
from askcorpus.search.names import countries_named
from askcorpus.text.lexicon import languages
from askcorpus.text.words import terms, words
from askcorpus.tuning import TUNING, Tuning

_ACRONYM = regex.compile(r"(?<!\w)\p{Lu}{2,10}(?!\w)")


class _Claim(NamedTuple):
    """A sentence, read alone: its vector (dimension,), how near it is to the question, in standard deviations, and the
    share of the question's words, by weight, that it holds."""

    sentence: ScoredSentence
    vector: NDArray[np.float32]
    similarity: float
    z_score: float
    coverage: float


def contradicting_sentences(
    retrieval: Retrieval,
    sentences: Sequence[ScoredSentence],
    embeddings: SentenceEmbeddings,
    unrelated: ScoreBaseline,
    tuning: Tuning = TUNING,
) -> tuple[ScoredSentence, ...]:
    """The best sentence and those that contradict it, best first; none when no source does.

    ``sentences`` is ordered by score, best first; ``unrelated`` is how similar unrelated sentences are to each other.

    Raises:
        ModelError: the embedding model cannot be loaded.
    """
    if not sentences:
        return ()
    best, query = sentences[0], retrieval.query
    names_tell = len(further_names(sentences, (best,), 2, tuning)) < 2
    held = names_held(query, best)
    otherwise = _one_a_document(
        one
        for one in sentences
        if one.hit.document_id != best.hit.document_id
        and (_one_denies(best, one) or _answers_otherwise(best, one, names_tell=names_tell))
        and held <= names_held(query, one)
        and headers(one) in ((), headers(best))
    )[: tuning.most_claims]
    if not otherwise:
        return ()
    vectors = embeddings.embed_sentences([one.text for one in (best, *otherwise)])
    claim, *others = (
        _claim(retrieval, sentence, vector) for sentence, vector in zip((best, *otherwise), vectors, strict=True)
    )
    contrary = [
        other.sentence for other in others if _contradict(claim, other, unrelated, tuning, names_tell=names_tell)
    ]
    return (best, *contrary) if contrary else ()


def _one_a_document(sentences: Iterable[ScoredSentence]) -> list[ScoredSentence]:
    """The first sentence of each document."""
    first: dict[str, ScoredSentence] = {}
    for one in sentences:
        first.setdefault(one.hit.document_id, one)
    return list(first.values())


def _claim(retrieval: Retrieval, sentence: ScoredSentence, vector: NDArray[np.float32]) -> _Claim:
    reading, held = retrieval.readings[0], set(terms(sentence.text))
    similarity = float(vector @ reading.vector)
    covered = sum(weight for term, weight in reading.weights.items() if term in held)
    return _Claim(
        sentence,
        vector,
        similarity,
        reading.baseline.z_score(similarity, sentence.hit.language),
        covered / (sum(reading.weights.values()) or 1.0),
    )


def _contradict(one: _Claim, other: _Claim, unrelated: ScoreBaseline, tuning: Tuning, *, names_tell: bool) -> bool:
    alike = unrelated.z_score(float(one.vector @ other.vector))
    if _one_denies(one.sentence, other.sentence) and _is_denied(one, other, alike, tuning):
        return True
    same = alike >= tuning.alike and _same_matter(one, other, tuning)
    return same and _answers_otherwise(one.sentence, other.sentence, names_tell=names_tell)


def _one_denies(one: ScoredSentence, other: ScoredSentence) -> bool:
    return denies(one.text, one.hit.language) != denies(other.text, other.hit.language)


def _is_denied(one: _Claim, other: _Claim, alike: float, tuning: Tuning) -> bool:
    """Whether one of two sentences about the same says that it is not so."""
    if alike >= tuning.opposed:
        return _is_near(one, other, tuning) or _holds_the_words(one, other, tuning)
    rejected = any(rejects(claim.sentence.text, claim.sentence.hit.language) for claim in (one, other))
    return alike >= tuning.alike and rejected and _holds_the_words(one, other, tuning)


def _same_matter(one: _Claim, other: _Claim, tuning: Tuning) -> bool:
    """Whether both answer the question: in another language, where words cannot be compared, the reader may be sure of
    it; else both hold the same of the question's words, or are nearer to each other than to the question."""
    likely = other.sentence.answer_score
    known = {one.sentence.hit.language, other.sentence.hit.language} - {""}
    if len(known) > 1 and likely >= tuning.sure:
        return True
    nearest = float(one.vector @ other.vector) >= max(one.similarity, other.similarity)
    same = _holds_the_words(one, other, tuning) or (nearest and _is_near(one, other, tuning))
    return same and likely >= one.sentence.answer_score - tuning.behind


def _is_near(one: _Claim, other: _Claim, tuning: Tuning) -> bool:
    return other.z_score >= one.z_score - tuning.reach


def _holds_the_words(one: _Claim, other: _Claim, tuning: Tuning) -> bool:
    same_language = one.sentence.hit.language == other.sentence.hit.language
    return same_language and other.coverage >= tuning.same_words * one.coverage


def _answers_otherwise(one: ScoredSentence, other: ScoredSentence, *, names_tell: bool) -> bool:
    """Whether the words that answer in both have no figure in common, or, where neither has figures and ``names_tell``,
    no name.

    Whether "twelve" is 12 is not known here, so of answers with figures both must have some. Names are not told where
    nouns are capitalised too, and America is the United States.
    """
    answers = [set(words(found.answer_text)) for found in (one, other)]
    figures = [{word for word in answer if any(map(str.isdigit, word))} for answer in answers]
    if any(figures):
        return all(figures) and not figures[0] & figures[1]
    named = all(found.answer_text[:1].isupper() for found in (one, other))
    if not names_tell or not named or one.hit.language != other.hit.language or _capitalises_nouns(one.hit.language):
        return False
    return bool(answers[0] and answers[1]) and _names_others(one.answer_text, other.answer_text, one.hit.language)


def _names_others(one: str, other: str, language: str) -> bool:
    """Whether two texts have no name in common: no country or city, be it called otherwise, none that is written out in
    one and shortened in the other, and no word but of the names of two (the United States, the United Kingdom)."""
    if _is_short_for(one, other) or _is_short_for(other, one):
        return False
    if cities_named(one, language) & cities_named(other, language):
        return False
    countries = [countries_named(text, language) for text in (one, other)]
    if {name.country for name in countries[0]} & {name.country for name in countries[1]}:
        return False
    pairs = zip(countries, ((one, other), (other, one)), strict=True)
    if any(named and mentions(text, language, there, language) for named, (text, there) in pairs):
        return False
    theirs = (set(words(" ".join(name.text for name in named))) for named in countries)
    return set(words(one)) & set(words(other)) <= set.intersection(*theirs)


def _is_short_for(text: str, other: str) -> bool:
    """Whether a text has an acronym of a name in the other: WHO of the World Health Organization."""
    initials = "".join(filter(str.isupper, other))
    return any(len(word) > 1 and word in initials and word not in other for word in _ACRONYM.findall(text))


def _capitalises_nouns(language: str) -> bool:
    one = languages().get(language)
    return one is not None and one.capitalised_nouns
