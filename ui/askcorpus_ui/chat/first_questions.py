"""Questions to begin with, which an empty chat offers."""

from collections.abc import Sequence

from askcorpus.index.store import Store
from askcorpus.types import Filters
from askcorpus_ui.chat.conversation import NO_FILTERS
from askcorpus_ui.chat.translations import Strings, languages

_OFFERED = 4
_NEWEST = 40
_LONGEST_TITLE = 70


def first_questions(given: Sequence[tuple[str, str]], store: Store, strings: Strings) -> list[str]:
    """Questions in the reader's language: those ``given``, each with its language, then about its documents. In others
    only where there is none of either."""
    own = [question for question, language in given if language == strings.locale]
    if len(own) < _OFFERED:
        own += _about_titles(store, strings, Filters(languages=(strings.locale,)))
    others = own or [question for question, _ in given]
    return (others or _about_titles(store, strings, NO_FILTERS))[:_OFFERED]


def _about_titles(store: Store, strings: Strings, filters: Filters) -> list[str]:
    """What is said about the newest documents that pass, each asked in its own language."""
    newest = store.documents(filters, limit=_NEWEST)
    titled = {document.title: document.language for document in newest if 0 < len(document.title) <= _LONGEST_TITLE}
    return [languages().get(language, strings).example.format(title=title) for title, language in titled.items()]
