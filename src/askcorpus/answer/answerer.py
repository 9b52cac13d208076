"""What an answerer is given and what it gives: the corpus's own words and a language model do the same."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.search.query import Query
from askcorpus.types import Draft, Hit, Turn


class Findings(NamedTuple):
    """What was found for a question that is to be answered.

    ``hits`` are the passages that are shown, best first; ``sentences`` are those that may answer, by score;
    ``contradicting`` are those of them that contradict each other, the best one first, if any do; ``rows`` those of a
    table that answers as a whole, the best one first, if one does. ``subject`` is what an overview is asked of: then
    the ``sentences`` are those that are to be quoted; empty for a question.
    """

    query: Query
    history: tuple[Turn, ...]
    hits: tuple[Hit, ...]
    sentences: tuple[ScoredSentence, ...]
    contradicting: tuple[ScoredSentence, ...]
    rows: tuple[ScoredSentence, ...]
    subject: str = ""


class Answerer(Protocol):
    """Makes an answer of findings."""

    @property
    def name(self) -> str:
        """What answers say they were made by."""
        ...

    def rewrite(self, question: str, history: Sequence[Turn]) -> str | None:
        """``question`` as one that stands without ``history``; None where it is to be read below what was said."""
        ...

    def draft(self, findings: Findings) -> Iterator[str | Draft]:
        """The answer's text in pieces as they come, then the draft: one without quotes says that there is no answer."""
        ...
