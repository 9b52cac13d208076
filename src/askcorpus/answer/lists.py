"""Questions with several answers: the names that stand in further sentences.

"Which states recognized X?" is answered by a name in one report and another in the next. Nothing in the question is
looked at: where one name answers, the reader finds no other nearly as good, and where several do, it finds them.
"""

from collections.abc import Iterable, Sequence

from askcorpus.answer.denials import denies
from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.search.mentions import missing
from askcorpus.search.names import Name, countries_of
from askcorpus.text.words import words
from askcorpus.tuning import TUNING, Tuning

LONGEST_NAME = 8
"""Words of a name."""

SHORT = 3
"""Letters up to which a word is an article or the like, and tells no name from another."""


def further_names(
    sentences: Sequence[ScoredSentence], chosen: Sequence[ScoredSentence], most: int, tuning: Tuning = TUNING
) -> list[ScoredSentence]:
    """Up to ``most`` sentences that answer with a name which no ``chosen`` sentence has, best first.

    ``sentences`` are ordered by score; those that deny what the best one says, or say what it denies, are left out.
    """
    best, found = sentences[0], list[ScoredSentence]()
    if not _is_name(best.answer_text):
        return []
    for one in sentences:
        if len(found) == most or one.score < best.score - tuning.name_score_behind:
            break
        if _answers_too(one, best, tuning) and not _is_named(one, (*chosen, *found)):
            found.append(one)
    return found


def _answers_too(one: ScoredSentence, best: ScoredSentence, tuning: Tuning) -> bool:
    likely = min(one.answer_score, one.relevance) >= tuning.name_likely
    return likely and _is_name(one.answer_text) and _denies(one) == _denies(best)


def _denies(one: ScoredSentence) -> bool:
    return denies(one.text, one.hit.language)


def _is_name(answer: str) -> bool:
    """Whether an answer may be a name: no figure or date, nothing in small letters, no clause."""
    return not any(map(str.isdigit, answer)) and not answer.islower() and len(words(answer)) <= LONGEST_NAME


def _is_named(one: ScoredSentence, others: Iterable[ScoredSentence]) -> bool:
    """Whether most of a sentence's answer stands in the others: in any language for a country, as far as it can be told
    for another name."""
    language = one.hit.language
    countries = countries_of(one.answer_text, language)
    names = countries or tuple(Name(word) for word in _telling(words(one.answer_text)))
    absent = names
    for other in others:
        absent = missing(absent, language, other.text, other.hit.language)
    if countries:
        return not absent
    return 2 * _letters(absent) < _letters(names)


def _telling(found: Sequence[str]) -> Sequence[str]:
    """The words that tell one name from another; all, where they are short."""
    return [word for word in found if len(word) > SHORT or not word.isascii()] or found


def _letters(names: Iterable[Name]) -> int:
    return sum(len(name.text) for name in names)
