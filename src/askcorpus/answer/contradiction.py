"""Where sources disagree: sentences of other documents that answer the same question, as well, but otherwise.

A report of twelve dead and one of fifteen, a claim and its denial: whoever asks must see both, with their dates. Two
sentences count as about the same when they are nearer to each other than to the question and hold the same of its
words; and as saying different things when each has a figure, date or name of the kind asked for and they have none in
common, or when one denies and the other does not. Shallow on purpose: the price of an error is one quote too many.
"""

from collections.abc import Sequence
from functools import cache

import regex

from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.search.answer_type import AnswerType, answer_spans
from askcorpus.search.query import Query
from askcorpus.text.lexicon import known, languages, whole_words_in
from askcorpus.text.words import words

REACH = 0.75
"""Standard deviations of similarity to the question by which the other answer may stay behind the best sentence..."""

SAME_WORDS = 0.8
"""... unless, in the same language, it holds this share of the question's words in that sentence, by weight."""

ALIKE = 2.5
"""How far two sentences' similarity must stand above that of unrelated ones, in standard deviations."""

OPPOSED = 3.5
"""The same for a claim and its negation, which share most of their words..."""

REJECTED = 2.0
"""... and for one that is expressly denied by somebody, who has then been named too, when the question's words are in
both."""


def contradicting_sentences(
    query: Query, sentences: Sequence[ScoredSentence], unrelated: ScoreBaseline
) -> tuple[ScoredSentence, ...]:
    """The best sentence and those that contradict it, best first; none when no source does.

    ``sentences`` is ordered by score, best first; ``unrelated`` is how similar unrelated sentences are to each other.
    """
    if not sentences:
        return ()
    best, *others = sentences
    contrary = [other for other in others if _contradict(query, best, other, unrelated)]
    return (best, *_one_a_document(contrary)) if contrary else ()


def _contradict(query: Query, one: ScoredSentence, other: ScoredSentence, unrelated: ScoreBaseline) -> bool:
    if one.hit.document_id == other.hit.document_id:
        return False
    if not _names_held(query, one.text) <= _names_held(query, other.text):
        return False
    alike = unrelated.z_score(float(one.vector @ other.vector))
    if _is_denied(one, other, alike):
        return True
    return alike >= ALIKE and _same_matter(one, other) and _answers_otherwise(query, one, other)


def _is_denied(one: ScoredSentence, other: ScoredSentence, alike: float) -> bool:
    """Whether one of two sentences about the same says that it is not so."""
    texts = [(sentence.text, sentence.hit.language) for sentence in (one, other)]
    if denies(*texts[0]) == denies(*texts[1]):
        return False
    if alike >= OPPOSED:
        return _is_near(one, other) or _holds_the_words(one, other)
    return alike >= REJECTED and any(rejects(*text) for text in texts) and _holds_the_words(one, other)


def _same_matter(one: ScoredSentence, other: ScoredSentence) -> bool:
    if one.hit.language != other.hit.language:
        return _is_near(one, other)
    nearest = float(one.vector @ other.vector) >= max(one.similarity, other.similarity)
    return nearest and (_holds_the_words(one, other) or _is_near(one, other))


def _is_near(one: ScoredSentence, other: ScoredSentence) -> bool:
    return other.z_score >= one.z_score - REACH


def _holds_the_words(one: ScoredSentence, other: ScoredSentence) -> bool:
    return one.hit.language == other.hit.language and other.coverage >= max(0.2, SAME_WORDS * one.coverage)


def _names_held(query: Query, text: str) -> frozenset[str]:
    """The names and figures of the question that a sentence has: what is said of Lyon says nothing of Marseille."""
    return query.figures & set(words(text))


def _answers_otherwise(query: Query, one: ScoredSentence, other: ScoredSentence) -> bool:
    """Whether both have what is asked for and none of it in common.

    Of dates and amounts only the digits count, and both must have some: whether "twelve" is 12 is not known here. Names
    stand in most sentences, so both must hold the same of the question; where nouns are capitalised they are not told.
    """
    kind = query.asked.kind
    if kind is AnswerType.OTHER:
        return False
    if kind is AnswerType.NAME and (_capitalises_nouns(one.hit.language) or not _holds_the_words(one, other)):
        return False
    answers = [
        {word for start, end in answer_spans(query.asked, e.text, e.hit.language) for word in words(e.text[start:end])}
        for e in (one, other)
    ]
    if kind is not AnswerType.NAME:
        answers = [{word for word in answer if any(map(str.isdigit, word))} for answer in answers]
    return bool(answers[0] and answers[1]) and not answers[0] & answers[1]


def denies(text: str, language: str) -> bool:
    """Whether a sentence in ``language`` says that something is not so; in an unknown one, by the words of all."""
    return rejects(text, language) or bool(_negations(known(language)).search(text.casefold()))


def rejects(text: str, language: str) -> bool:
    """Whether a sentence says that somebody calls something untrue."""
    return bool(_rejections(known(language)).search(text.casefold()))


@cache
def _negations(language: str) -> "regex.Pattern[str]":
    return regex.compile(whole_words_in(language, lambda one: one.denials.negations))


@cache
def _rejections(language: str) -> "regex.Pattern[str]":
    return regex.compile(whole_words_in(language, lambda one: one.denials.rejections))


def _capitalises_nouns(language: str) -> bool:
    one = languages().get(language)
    return one is not None and one.capitalised_nouns


def _one_a_document(sentences: Sequence[ScoredSentence]) -> list[ScoredSentence]:
    return list({one.hit.document_id: one for one in reversed(sentences)}.values())[::-1]
