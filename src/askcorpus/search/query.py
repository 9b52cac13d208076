"""A question, ready to be searched for: its vectors, its words, its language."""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.errors import UsageError
from askcorpus.search.follow_up import spelled_out
from askcorpus.search.names import Name, names_and_figures, names_of
from askcorpus.search.period import read_period
from askcorpus.text.figures import figures
from askcorpus.text.language import detect_spoken
from askcorpus.text.markers import without_markers
from askcorpus.text.words import terms, with_ascii_digits
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import History, Turn

LONGEST_QUESTION = 10_000
"""Characters of a question; a longer text is a document, not a question."""

RECENT_TURNS = 50
LONGEST_TURN = 10_000
"""Of a conversation the newest turns are looked at, and so many characters of each."""

_DOTTED = ("az", "tr")
"""Languages in which the capital of ı is I, and that of i is İ."""

_YEAR = re.compile(r"(1[5-9]|20)\d\d")


class Query(NamedTuple):
    """A question with everything that later steps need to know about it: none of them reads its text again.

    ``question`` is what was asked, ``standalone`` what it means in its conversation (equal to ``question`` without
    one). For each reading of the question, the question itself first, ``read_as`` has the text that is read together
    with passages, ``vectors`` (n, dimension) a row, ``terms`` a tuple, and ``baselines`` the mean and standard
    deviation of its similarity to unrelated texts. ``period`` is the time named, ``year`` its year if the question
    gives it. ``last_answer`` is the answer before, verbatim. ``names`` are the names asked about, ``figures`` the words
    that look like names or figures, ``numbers`` the larger numbers (see ``askcorpus.text.figures``).
    """

    question: str
    standalone: str
    language: str
    vectors: NDArray[np.float32]
    terms: tuple[tuple[str, ...], ...]
    baselines: tuple[ScoreBaseline, ...]
    period: str
    year: str
    read_as: tuple[str, ...]
    last_answer: str
    names: tuple[Name, ...]
    figures: frozenset[str]
    numbers: dict[str, str]

    @classmethod
    def read(
        cls,
        question: str,
        standalone: str,
        language: str,
        vectors: NDArray[np.float32],
        *,
        terms: tuple[tuple[str, ...], ...],
        baselines: tuple[ScoreBaseline, ...],
        period: str,
        read_as: tuple[str, ...] = (),
        last_answer: str = "",
        asked: str = "",
    ) -> Self:
        """A query with everything that is read from its text, here and nowhere else; ``asked`` is the full question if
        ``question`` leaves out words of the one before it."""
        asked = asked or question
        said = in_small_letters(asked, language)
        return cls(
            question=question,
            standalone=standalone,
            language=language,
            vectors=vectors,
            terms=terms,
            baselines=baselines,
            period=period,
            year=period[:4] if period[:4] in with_ascii_digits(standalone) else "",
            read_as=read_as or (standalone,),
            last_answer=last_answer,
            names=names_of(said, language),
            figures=names_and_figures(said, language),
            numbers=_numbers(asked, period),
        )


def _numbers(question: str, period: str) -> dict[str, str]:
    """The numbers that a text must contain to answer: not small ones, which are as often written in words, and no years
    but that of the time named."""
    larger = figures(question, TUNING.small_number)
    edges = {year for year in larger.values() if _YEAR.fullmatch(year) and not period.startswith(year)}
    return {digits: written for digits, written in larger.items() if written not in edges}


def in_small_letters(question: str, language: str) -> str:
    """A question of three words or more, all in capitals, in lower case, which models read far better; any other
    unchanged. Of 60 sample questions in capitals, 38 are then answered correctly instead of 30."""
    if not question.isupper() or sum(map(str.isupper, question.split())) < 3:
        return question
    return (question.replace("İ", "i").replace("I", "ı") if language in _DOTTED else question).lower()


def check_question(question: str) -> str:
    """The question without surrounding space, and without lone surrogates, which JSON can carry but no text contains.

    Raises:
        UsageError: it is empty or longer than ``LONGEST_QUESTION``.
    """
    question = _whole_characters(question).strip()
    if not question:
        raise UsageError("The question is empty.", "Ask in a few words, in any language.")
    if len(question) > LONGEST_QUESTION:
        raise UsageError(
            f"The question has {len(question):,} characters; at most {LONGEST_QUESTION:,} are read.",
            "Ask in a few sentences.",
        )
    return question


def recent_turns(history: History) -> tuple[Turn, ...]:
    """The end of a conversation, as much as a question can refer to, so that a chat may have any length.

    Old turns are dropped and long ones cut before anything reads them; lone surrogates are replaced.
    """
    return tuple(
        Turn(role=turn.role, text=_whole_characters(turn.text[:LONGEST_TURN])) for turn in history[-RECENT_TURNS:]
    )


def read_query(
    question: str,
    history: History,
    embeddings: SentenceEmbeddings,
    unrelated_texts: UnrelatedTexts,
    *,
    standalone: str | None = None,
    latest: str = "",
    locale: str = "",
    tuning: Tuning = TUNING,
) -> Query:
    """The query for a question, within the conversation so far.

    ``standalone`` is the question as rewritten by a language model. Without it, a follow-up that only names another
    country or year becomes the previous question with that in its place, and any other is read twice: as it is, and
    after what was said before it (where the noun of a pronoun mostly is). ``latest`` is the newest date in the corpus,
    from which "last July" is counted back; ``locale`` is the language of a question whose words leave it open.
    """
    language = conversation_language(history, locale, question)
    said = in_small_letters(question, language)
    spelled = None if standalone else spelled_out(question, _asked(history), language)
    standalone = standalone or spelled
    readings = read_as = [standalone or said]
    understood = standalone or question
    if standalone is None and history:
        readings = [said, _in_context(said, history, tuning)]
        read_as = [said, _before_the_last(said, history, tuning.remembered_chars)]
        understood = _in_context(question, history, tuning)
    vectors = np.array([embeddings.embed_query(reading) for reading in readings], np.float32)
    return Query.read(
        question,
        understood,
        language,
        vectors,
        terms=tuple(tuple(dict.fromkeys(terms(reading))) for reading in readings),
        baselines=tuple(unrelated_texts.baseline(vector) for vector in vectors),
        period=read_period(standalone or question, latest, language),
        read_as=tuple(read_as),
        last_answer=_last_answer(history),
        asked=spelled or question,
    )


def _whole_characters(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _in_context(question: str, history: Sequence[Turn], tuning: Tuning) -> str:
    """The question below those before it and the beginning of the last answer, which may name what “it” is."""
    asked = [text[: tuning.remembered_chars] for text in _asked(history)]
    answered = without_markers(_last_answer(history))[: tuning.remembered_answer_chars]
    return "\n".join([*asked[-tuning.remembered_turns :], *filter(None, [answered]), question])


def _asked(history: Sequence[Turn]) -> list[str]:
    return [turn.text for turn in history if turn.role == "user"]


def _last_answer(history: Sequence[Turn]) -> str:
    """What was last said to the questions before; "" where nothing was."""
    return next((turn.text for turn in reversed(history) if turn.role == "assistant"), "")


def _before_the_last(question: str, history: Sequence[Turn], chars: int) -> str:
    """The question followed by the one before it: "When? Who won?". In the other order, the reader answers the earlier
    question again."""
    return " ".join([question, *(text[:chars] for text in _asked(history)[-1:])])


def conversation_language(history: Sequence[Turn], locale: str, *said: str) -> str:
    """The language of a message ``said`` after ``history``: one too short to tell ("Et en 2021 ?") is in that of the
    turn before, and a first one in the asker's own language (``locale``), if that is known."""
    return detect_spoken([*_asked(history), *said], locale)
