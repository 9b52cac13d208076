"""Questions to begin with, which an empty chat offers."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import NamedTuple

from askcorpus.index.store import Store
from askcorpus.types import Document, Filters
from askcorpus_ui.chat.title_questions import READ, countries_called, names_in, question_about
from askcorpus_ui.chat.translations import Strings, languages
from askcorpus_ui.chat.tried_questions import Offer, TriedQuestions

_OFFERED = 4
_NEWEST = 40

_TRIED = 12
"""Questions that are tried at most: an answer each, in the background."""

_LEAST = 2
"""Documents that an overview must be of to be offered: of one, its own title is the better question."""

_MONTH = len("2023-01")


class _Found(NamedTuple):
    """What was found to be answered, on which state of the documents."""

    questions: list[str]
    generation: int


class FirstQuestions:
    """Finds them in the corpus, each tried before it is offered. Threads may share it.

    The page is there before they are: it shows what was found last for a language, and asks for it where nothing was.
    """

    def __init__(self, given: Sequence[tuple[str, str]], tried: TriedQuestions) -> None:
        self._given = given
        self._tried = tried
        self._store: Store = tried.assistant.store
        self._found: dict[str, _Found] = {}

    def known(self, strings: Strings) -> list[str]:
        """What is known without asking anything: the questions that were given, in the reader's language, and what was
        found last, which newer documents may have made old; those given in others where there is none of either."""
        found = self._found.get(strings.region)
        own = [*self._own(strings), *(found.questions if found else ())]
        return list(dict.fromkeys(own or (self._others() if found else ())))[:_OFFERED]

    def found(self, strings: Strings, may_go_on: Callable[[], bool]) -> list[str]:
        """The same of the documents as they are now. As soon as ``may_go_on`` says no, it is what is known.

        Raises as `Assistant.ask` does.
        """
        generation, found = self._store.generation(), self._found.get(strings.region)
        if len(self._own(strings)) < _OFFERED and (found is None or found.generation != generation):
            questions = self._answered(_offers(self._store, strings), strings, may_go_on)
            if not questions and may_go_on() and not self._own(strings) and not self._others():
                questions = self._answered(_headlines(_newest(self._store), strings), strings, may_go_on)
            if may_go_on():
                self._found[strings.region] = _Found(questions, generation)
        return self.known(strings)

    def _own(self, strings: Strings) -> list[str]:
        return [question for question, language in self._given if language == strings.locale]

    def _others(self) -> list[str]:
        return [question for question, _ in self._given]

    def _answered(self, offers: Iterator[Offer], strings: Strings, may_go_on: Callable[[], bool]) -> list[str]:
        """The first of them that the documents answer; of one name no more than one."""
        found: list[str] = []
        for offer in islice(offers, _TRIED):
            if len(found) == _OFFERED or not may_go_on():
                break
            told = offer.question in found or (offer.name and any(offer.name in one for one in found))
            if not told and self._tried.is_answered(offer, strings.locale):
                found.append(offer.question)
        return found


def _offers(store: Store, strings: Strings) -> Iterator[Offer]:
    """Questions in a language, those that read best first and of each kind one in turn: what titles ask, names that
    several documents have, and the month of most; what only repeats a headline comes last."""
    own, newest = _newest(store, strings.locale), _newest(store)
    kinds = (_asked(own, strings), _named(own, newest, strings), _dated(newest, strings))
    in_turn = chain.from_iterable(zip_longest(*kinds))
    return chain(filter(None, in_turn), _headlines(own, strings))


def _newest(store: Store, language: str = "") -> list[Document]:
    """The newest documents, in one language or in any, each title once."""
    filters = Filters(languages=(language,) if language else ())
    return list({document.title: document for document in store.documents(filters, limit=_NEWEST)}.values())


def _asked(documents: Sequence[Document], strings: Strings) -> Iterator[Offer]:
    """What the titles of documents ask themselves, or would be asked about the name that they are."""
    for one in documents:
        if question := question_about(one.title, one.source, one.text, one.language, strings, quoted=False):
            yield Offer(question, one.id)


def _headlines(documents: Sequence[Document], strings: Strings) -> Iterator[Offer]:
    """What may be asked about each document, in its own language where the page has that."""
    for one in documents:
        own = languages().get(one.language, strings)
        if question := question_about(one.title, one.source, one.text, one.language, own):
            yield Offer(question, one.id)


def _named(own: Sequence[Document], newest: Sequence[Document], strings: Strings) -> Iterator[Offer]:
    """What may be asked about the names in titles, those in most of them first: of documents in the page's language
    any name, of the others countries, which are called so in it as well."""
    names = Counter[str]()
    for one in own:
        names.update(set(names_in(one.title, one.source, one.text[:READ], one.language)))
    for one in {one.id: one for one in (*own, *newest)}.values():
        names.update(set(countries_called(one.title, one.language, strings.locale)))
    for name, _ in names.most_common():
        yield Offer(strings.example_name.format(name=name), least=_LEAST, name=name)


def _dated(documents: Sequence[Document], strings: Strings) -> Iterator[Offer]:
    """What may be asked about the month of most documents."""
    months = Counter(one.date[:_MONTH] for one in documents if len(one.date) >= _MONTH)
    for month, _ in months.most_common(1):
        yield Offer(strings.example_month.format(month=strings.date(month)), least=_LEAST)
