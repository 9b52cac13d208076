"""Questions that nobody has asked yet, tried before they are offered: only what the documents answer is."""

from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from askcorpus.answer.extractive import ExtractiveAnswerer
from askcorpus.types import Answer, Filters
from askcorpus_ui.chat.conversation import NO_FILTERS

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

_REMEMBERED = 2_000


class Offer(NamedTuple):
    """A question that may be offered, and what its answer must be for that: from the document of an id, where it is
    about one; of a subject or a time that so many documents have, where it asks for an overview. ``name`` is the
    subject, where it is one."""

    question: str
    document_id: str | None = None
    least: int = 0
    name: str = ""


class _Tried(NamedTuple):
    """A question that was tried, by whom, and on which state of the documents."""

    offer: Offer
    filters: Filters
    locale: str
    generation: int


class TriedQuestions:
    """Tries them with one assistant. Threads may share it.

    What came of each is remembered for as long as the documents stay as they are. No language model is asked: nobody
    ordered what it would write, and somebody may pay for it.
    """

    def __init__(self, assistant: "Assistant") -> None:
        self.assistant = copy(assistant)
        self.assistant.answerer = ExtractiveAnswerer()
        self._answered: dict[_Tried, bool] = {}

    def is_answered(self, offer: Offer, locale: str, filters: Filters = NO_FILTERS) -> bool:
        """Whether the assistant answers a question of the page's language as it is offered. Raises as `Assistant.ask`
        does."""
        tried = _Tried(offer, filters, locale, self.assistant.store.generation())
        answered = self._answered.get(tried)
        if answered is None:
            answered = _answers(self.assistant.ask(offer.question, filters=filters, locale=locale), offer)
            if len(self._answered) >= _REMEMBERED:
                self._answered.clear()
            self._answered[tried] = answered
        return answered


def _answers(answer: Answer, offer: Offer) -> bool:
    cited = {citation.document_id for citation in answer.citations}
    copies = {copy.document_id for citation in answer.citations for copy in citation.copies}
    is_of_it = offer.document_id is None or offer.document_id in cited | copies
    return answer.answerable and is_of_it and answer.named_in >= offer.least
