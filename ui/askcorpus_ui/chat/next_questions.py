"""What somebody may ask next: questions about what the documents tell beside an answer, each of which they answer."""

from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from askcorpus.answer.extractive import ExtractiveAnswerer
from askcorpus.search.countries import country_names
from askcorpus.search.names import countries_of
from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.types import Filters, Hit
from askcorpus_ui.chat.conversation import Conversation, Exchange, Reply
from askcorpus_ui.chat.title_questions import question_about
from askcorpus_ui.chat.translations import Strings, languages

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

MOST = 3
FEWEST = 2
"""Below that, what else is in the documents that answer may be asked."""

_NEIGHBOURS = 40
_STORIES = 8
"""Stories that are tried: of the sample corpus, those further away hardly have to do with the answer."""

_NEAR = 2.5
"""The least fused score of a passage, searched for by title and quote, that has to do with them. After the sample
corpus's questions, 26 of 46 documents of the same matter and language have it, and 11 of 352 others; with the quote
alone, 18 of 44 and 12 of 369 had."""

_REMEMBERED = 2_000


class _Tried(NamedTuple):
    """A question that was tried, and on which state of the documents."""

    question: str
    filters: Filters
    generation: int


class _Offer(NamedTuple):
    """A question, and the document that must answer it: ``None`` where any may."""

    question: str
    document_id: str | None


class NextQuestions:
    """Finds them for answers of one assistant. Threads may share it.

    They are made as the questions of an empty chat are, of titles (`title_questions`): those of the documents whose
    passages are nearest to the quote that answers and the title that it stands under, and where these are few that of
    the document it is from. A title in another language would make a question in two: of it only a country is asked
    about, by the name that it has in the question's language, and nothing where it names none. Each is asked before it
    is offered, and what came of that is remembered for as long as the documents stay as they are. No language model is
    asked: nobody ordered what it would write, and somebody may pay for it.
    """

    def __init__(self, assistant: "Assistant") -> None:
        self._assistant = copy(assistant)
        self._assistant.answerer = ExtractiveAnswerer()
        self._answered: dict[_Tried, bool] = {}

    def after(
        self, conversation: Conversation, exchange: Exchange, strings: Strings, may_go_on: Callable[[], bool]
    ) -> list[str]:
        """Questions to ask after an exchange of a conversation, in its question's language where the page has that.

        None where there was no answer. As soon as ``may_go_on`` says no, those found so far are all. Raises as
        `Assistant.ask` does.
        """
        reply = exchange.reply
        if reply is None or reply.kind != "answered" or not reply.markers:
            return []
        own = languages().get(reply.language, strings)
        asked = {each.question.casefold() for each in conversation.exchanges}
        found: list[str] = []
        for most, offers in (
            (MOST, self._about_near(conversation, exchange, reply, own, asked)),
            (FEWEST, self._about_cited(reply, own)),
        ):
            for question, document_id in offers:
                if len(found) >= most or not may_go_on():
                    break
                if question in found or question.casefold() in asked:
                    continue
                if self._is_answered(question, reply.filters, document_id):
                    found.append(question)
        return found

    def _about_near(
        self, conversation: Conversation, exchange: Exchange, reply: Reply, own: Strings, asked: Collection[str]
    ) -> Iterator[_Offer]:
        """What may be asked about the stories that are nearest to the one that answers."""
        marker = reply.markers[0]
        told = f"{marker.title}\n{marker.quote or exchange.question}"[:LONGEST_QUESTION]
        near = self._assistant.search(told, filters=reply.filters, top_k=_NEIGHBOURS)
        for hit in islice(self._distinct(near, conversation), _STORIES):
            if hit.scores.fused >= _NEAR and (offer := _about(hit, own, asked)):
                yield offer

    def _about_cited(self, reply: Reply, own: Strings) -> Iterator[_Offer]:
        """What may be asked about each document that a reply cites and that is in the language of the question."""
        for document_id in dict.fromkeys(marker.reference.document_id for marker in reply.markers):
            document = self._assistant.store.document(document_id)
            if document and document.language == own.locale:
                question = question_about(document.title, document.source, document.text, document.language, own)
                if question:
                    yield _Offer(question, document_id)

    def _distinct(self, hits: Sequence[Hit], conversation: Conversation) -> Iterator[Hit]:
        """The first passage of each story that the conversation has not come to, and that has a title."""
        copies = self._assistant.store.copies(list(dict.fromkeys(hit.document_id for hit in hits)))
        told: set[str] = set()
        for exchange in conversation.exchanges:
            for reference in exchange.reply.references if exchange.reply else ():
                told.add(reference.document_id)
        titles: set[str] = set()
        for hit in hits:
            story = {hit.document_id, *(copy.document_id for copy in copies.get(hit.document_id, ()))}
            if not story & told and hit.title and hit.title.casefold() not in titles:
                titles.add(hit.title.casefold())
                yield hit
            told |= story

    def _is_answered(self, question: str, filters: Filters, document_id: str | None) -> bool:
        """Whether the assistant answers a question, where it is about one document from that."""
        tried = _Tried(question, filters, self._assistant.store.generation())
        if tried not in self._answered:
            answer = self._assistant.ask(question, filters=filters)
            if len(self._answered) >= _REMEMBERED:
                self._answered.clear()
            cited = {citation.document_id for citation in answer.citations}
            copies = {copy.document_id for citation in answer.citations for copy in citation.copies}
            self._answered[tried] = answer.answerable and (document_id is None or document_id in cited | copies)
        return self._answered[tried]


def _about(hit: Hit, own: Strings, asked: Collection[str]) -> _Offer | None:
    """What may be asked in a language about a document: by its title, or about the first country in that which no
    question (case-folded) has named yet."""
    if hit.language == own.locale:
        question = question_about(hit.title, hit.source, hit.text, hit.language, own)
        return _Offer(question, hit.document_id) if question else None
    names = country_names(own.locale)
    called = (names[each.country][0] for each in countries_of(hit.title, hit.language) if each.country in names)
    name = next((one for one in called if not any(one.casefold() in each for each in asked)), "")
    return _Offer(own.example_name.format(name=name), None) if name else None
