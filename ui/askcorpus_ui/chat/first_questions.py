"""Questions to begin with, which an empty chat offers."""

from collections.abc import Sequence
from itertools import islice

from askcorpus.index.store import Store
from askcorpus.types import Filters
from askcorpus_ui.chat.conversation import NO_FILTERS
from askcorpus_ui.chat.title_questions import question_about
from askcorpus_ui.chat.translations import Strings, languages

_OFFERED = 4
_NEWEST = 40
_READ = 5_000


def first_questions(given: Sequence[tuple[str, str]], store: Store, strings: Strings) -> list[str]:
    """Questions in the reader's language: those ``given``, each with its language, then about its documents. In others
    only where there is none of either."""
    own = [question for question, language in given if language == strings.locale]
    if len(own) < _OFFERED:
        own += _about_titles(store, strings, Filters(languages=(strings.locale,)))
    others = own or [question for question, _ in given]
    return (others or _about_titles(store, strings, NO_FILTERS))[:_OFFERED]


def _about_titles(store: Store, strings: Strings, filters: Filters) -> list[str]:
    """What somebody would ask of the newest documents that pass, each in its own language."""
    newest = {document.title: document for document in store.documents(filters, limit=_NEWEST)}
    asking = (
        question_about(one.title, one.source, one.text[:_READ], one.language, languages().get(one.language, strings))
        for one in newest.values()
    )
    return list(islice(dict.fromkeys(filter(None, asking)), _OFFERED))
