"""Questions to begin with, which an empty chat offers."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import NamedTuple

from askcorpus.index.store import Store
from askcorpus.types import Document, Filters
from askcorpus_ui.chat.conversation import NO_FILTERS
from askcorpus_ui.chat.title_questions import READ, countries_called, names_in, question_about
from askcorpus_ui.chat.translations import Strings, languages
from askcorpus_ui.chat.tried_questions import Offer, TriedQuestions

_OFFERED = 4
_NEWEST = 40

_TRIED = 12
"""Questions that are tried at most: an answer each, in the background."""

_NAMES = 4
"""Names that are tried, those in most titles first."""

_LEAST = 2
"""Documents that an overview must be of to be offered: of one, its own title is the better question."""

_MONTH = len("2023-01")

_REMEMBERED = 100
"""Filters, and languages, for which is remembered what was found."""


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
        self._found: dict[tuple[str, Filters], _Found] = {}

    def known(self, strings: Strings, filters: Filters = NO_FILTERS) -> list[str]:
        """What is known without asking anything: the questions that were given, in the reader's language, and what was
        found last, which newer documents may have made old; those given in others where there is none of either. What
        was given is not for some of the documents alone."""
        found = self._found.get((strings.region, filters))
        if filters:
            return found.questions if found else []
        own = [*self._own(strings), *(found.questions if found else ())]
        return list(dict.fromkeys(own or (self._others() if found else ())))[:_OFFERED]

    def found(self, strings: Strings, may_go_on: Callable[[], bool], filters: Filters = NO_FILTERS) -> list[str]:
        """The same of the documents as they are now, those that pass. As soon as ``may_go_on`` says no, it is what is
        known.

        Raises as `Assistant.ask` does.
        """
        generation, found = self._store.generation(), self._found.get((strings.region, filters))
        given = not filters and len(self._own(strings)) >= _OFFERED
        if not given and (found is None or found.generation != generation):
            questions = self._look(strings, filters, may_go_on)
            if may_go_on():
                if len(self._found) >= _REMEMBERED:
                    self._found.clear()
                self._found[strings.region, filters] = _Found(questions, generation)
        return self.known(strings, filters)

    def _look(self, strings: Strings, filters: Filters, may_go_on: Callable[[], bool]) -> list[str]:
        questions = self._answered(_offers(self._store, strings, filters), strings, filters, may_go_on)
        if questions or (not filters and (self._own(strings) or self._others())):
            return questions
        headlines = _headlines(_newest(self._store, filters), strings)
        return self._answered(headlines, strings, filters, may_go_on)

    def _own(self, strings: Strings) -> list[str]:
        return [question for question, language in self._given if language == strings.locale]

    def _others(self) -> list[str]:
        return [question for question, _ in self._given]

    def _answered(
        self, offers: Iterator[Offer], strings: Strings, filters: Filters, may_go_on: Callable[[], bool]
    ) -> list[str]:
        """The first of them that the documents answer; of one name no more than one."""
        found: list[str] = []
        for offer in islice(offers, _TRIED):
            if len(found) == _OFFERED or not may_go_on():
                break
            told = offer.question in found or (offer.name and any(offer.name in one for one in found))
            if not told and self._tried.is_answered(offer, strings.locale, filters):
                found.append(offer.question)
        return found


def _offers(store: Store, strings: Strings, filters: Filters) -> Iterator[Offer]:
    """Questions in a language, those that read best first and of each kind one in turn: what titles ask, names that
    several documents have, and the month of most; what only repeats a headline comes last."""
    newest = _newest(store, filters)
    locale = strings.locale
    is_left_out = filters.languages and locale not in filters.languages
    own = [] if is_left_out else _newest(store, filters.model_copy(update={"languages": (locale,)}))
    kinds = (_asked(own, strings), _named(own, newest, strings), _dated(newest, strings))
    in_turn = chain.from_iterable(zip_longest(*kinds))
    return chain(filter(None, in_turn), _headlines(own, strings))


def _newest(store: Store, filters: Filters) -> list[Document]:
    """The newest documents that pass, each title once."""
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
    for name, _ in names.most_common(_NAMES):
        yield Offer(strings.example_name.format(name=name), least=_LEAST, name=name)


def _dated(documents: Sequence[Document], strings: Strings) -> Iterator[Offer]:
    """What may be asked about the month of most documents."""
    months = Counter(one.date[:_MONTH] for one in documents if len(one.date) >= _MONTH)
    for month, _ in months.most_common(1):
        yield Offer(strings.example_month.format(month=strings.date(month)), least=_LEAST)
