"""What somebody may ask next: questions about what the documents tell beside an answer, each of which they answer."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain, islice

from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.types import Document, Hit
from askcorpus_ui.chat.conversation import Conversation, Exchange, Marker, Reply
from askcorpus_ui.chat.title_questions import READ, countries_called, names_in, question_about
from askcorpus_ui.chat.translations import Strings, languages
from askcorpus_ui.chat.tried_questions import Offer, TriedQuestions

MOST = 3
FEWEST = 2
"""Below that, what else is in the documents that answer may be asked."""

_NEIGHBOURS = 40
_STORIES = 8
"""Stories that are tried: of the sample corpus, those further away hardly have to do with the answer."""

_NAMES = 4
"""Names in an answer that are tried."""

_LEAST = 2
"""Documents that must have such a name: the one that answers is read already."""

_NEAR = 2.5
"""The least fused score of a passage, searched for by title and quote, that has to do with them. After the sample
corpus's questions, 26 of 46 documents of the same matter and language have it, and 11 of 352 others; with the quote
alone, 18 of 44 and 12 of 369 had."""


class NextQuestions:
    """Finds them for answers of one assistant. Threads may share it.

    They are made as the questions of an empty chat are (`title_questions`): what the titles of the documents ask whose
    passages are nearest to the quote that answers and the title that it stands under, what else is said of the names
    in these two, and only then what repeats a headline; where these are few, that of the document which answers. A
    title in another language would make a question in two: of it only a country is asked about, by the name that it has
    in the question's language, and nothing where it names none. Each is tried before it is offered.
    """

    def __init__(self, tried: TriedQuestions) -> None:
        self._tried = tried
        self._assistant = tried.assistant
        self._store = tried.assistant.store

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
            (MOST, self._about_more(conversation, exchange, reply, own, asked)),
            (FEWEST, self._about_cited(reply, own)),
        ):
            for offer in offers:
                if len(found) >= most or not may_go_on():
                    break
                if offer.question in found or offer.question.casefold() in asked:
                    continue
                if self._tried.is_answered(offer, own.locale, reply.filters):
                    found.append(offer.question)
        return found

    def _about_more(
        self, conversation: Conversation, exchange: Exchange, reply: Reply, own: Strings, asked: Collection[str]
    ) -> Iterator[Offer]:
        """What may be asked about the stories nearest to the one that answers, and about the names in that."""
        marker = reply.markers[0]
        told = f"{marker.title}\n{marker.quote or exchange.question}"[:LONGEST_QUESTION]
        hits = self._assistant.search(told, filters=reply.filters, top_k=_NEIGHBOURS)
        near = [hit for hit in islice(self._distinct(hits, conversation), _STORIES) if hit.scores.fused >= _NEAR]
        asking = (self._about(hit, own, asked, quoted=False) for hit in near)
        headlines = (self._about(hit, own, asked, quoted=True) for hit in near)
        return filter(None, chain(asking, self._about_names(marker, own, asked), headlines))

    def _about(self, hit: Hit, own: Strings, asked: Collection[str], *, quoted: bool) -> Offer | None:
        """What may be asked about a document: by its title, or about the first country in that."""
        document = self._store.document(hit.document_id)
        if document is None or document.language != own.locale:
            return next(_unasked(countries_called(hit.title, hit.language, own.locale), own, asked), None)
        question = _question_about(document, own, quoted=quoted)
        return Offer(question, hit.document_id) if question else None

    def _about_names(self, marker: Marker, own: Strings, asked: Collection[str]) -> Iterator[Offer]:
        """What else may be asked about the names that an answer and its title have."""
        document = self._store.document(marker.reference.document_id)
        if document is None:
            return
        said = f"{marker.quote}\n{document.title}"
        names = countries_called(said, document.language, own.locale)
        if document.language == own.locale:
            around = document.text[max(0, marker.reference.start - READ // 2) :][:READ]
            names += names_in(said, document.source, around, document.language)
        yield from islice(_unasked(names, own, asked), _NAMES)

    def _about_cited(self, reply: Reply, own: Strings) -> Iterator[Offer]:
        """What may be asked about each document that a reply cites and that is in the language of the question."""
        for document_id in dict.fromkeys(marker.reference.document_id for marker in reply.markers):
            document = self._store.document(document_id)
            if document and document.language == own.locale and (question := _question_about(document, own)):
                yield Offer(question, document_id)

    def _distinct(self, hits: Sequence[Hit], conversation: Conversation) -> Iterator[Hit]:
        """The first passage of each story that the conversation has not come to, and that has a title."""
        copies = self._store.copies(list(dict.fromkeys(hit.document_id for hit in hits)))
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


def _question_about(document: Document, own: Strings, *, quoted: bool = True) -> str:
    return question_about(document.title, document.source, document.text, document.language, own, quoted=quoted)


def _unasked(names: Sequence[str], own: Strings, asked: Collection[str]) -> Iterator[Offer]:
    """What may be asked in a language about those of some names that no question (case-folded) has yet."""
    for name in dict.fromkeys(names):
        if not any(name.casefold() in each for each in asked):
            yield Offer(own.example_name.format(name=name), least=_LEAST, name=name)
