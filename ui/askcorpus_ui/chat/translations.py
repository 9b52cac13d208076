"""Every text of the chat page, in each of its languages, and dates, numbers and names of languages in their form.

The texts stand in ``catalogs/``: the English ones in ``chat.pot``, those of another language in a file named for it,
such as ``fr.po``. A language more is a file more.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_date, format_time
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from askcorpus.text.dates import day_range, written_date
from askcorpus.types import Filters, Locator

CATALOGS = Path(__file__).parent / "catalogs"
TEMPLATE = "chat.pot"
ENGLISH = "en"

_PLACE = "place_"
"""How the names of the texts begin that say what a locator counts."""

_REASON = "reason_"
"""How the names of the texts begin that say what is wrong with an answer."""

_CAUSE = "cause_"
"""How the names of the texts begin that say what went wrong, each by the class of an error."""


@dataclass(frozen=True, slots=True)
class Plural:
    """A text that counts, in as many forms as its language has."""

    translations: GNUTranslations
    region: str
    name: str
    one: str
    many: str

    def __call__(self, count: int) -> str:
        """``1 source``, ``3 sources``."""
        text = self.translations.npgettext(self.name, self.one, self.many, count)
        return text.format(count=format_decimal(count, locale=self.region))


@dataclass(frozen=True, slots=True)
class Strings:
    """The texts of one language; ``{…}`` are filled with ``str.format``. ``region`` writes dates and numbers."""

    locale: str
    region: str
    direction: str
    tagline: str
    welcome: str
    welcome_text: str
    empty_corpus: str
    example: str
    example_name: str
    example_month: str
    ask: str
    question: str
    send: str
    stop: str
    stopped: str
    searching: str
    in_line: str
    loading: str
    conversation: str
    new_chat: str
    theme: str
    close: str
    filters: str
    limited_to: str
    preferring: str
    languages: str
    publishers: str
    date_from: str
    date_to: str
    sources: str
    source_count: Plural
    nearest: str
    no_sources: str
    open_document: str
    previous_citation: str
    next_citation: str
    search_inside: str
    document_gone: str
    document_changed: str
    unknown_date: str
    unverified: str
    unsupported: str
    model_failed: str
    not_named: str
    no_answer: str
    overview: str
    named_in: Plural
    very_likely: str
    likely: str
    perhaps: str
    uncertain: str
    confidence_tip: str
    failed: str
    failed_hint: str
    feedback_kept: str
    feedback_lost: str
    documents: Plural
    back: str
    source_named: str
    more_quotes: str
    unanswered: str
    searched_some: str
    passing: str
    none_pass: str
    not_a_date: str
    no_filters: str
    pick_date: str
    searched_all: Plural
    without_filters: str
    about_answer: str
    copy: str
    copied: str
    edit: str
    retry: str
    like: str
    dislike: str
    no_conversations: str
    nothing_found: str
    search_conversations: str
    rename: str
    delete: str
    delete_sure: str
    not_renamed: str
    not_here: str
    not_deleted: str
    not_exported: str
    busy: str
    offline: str
    kept_days: Plural
    kept_not: str
    unkept: str
    understood: str
    in_context: str
    without_context: str
    export_markdown: str
    export_json: str
    menu: str
    remove_limit: str
    copy_source: str
    copy_plain: str
    copy_markdown: str
    copy_bibtex: str
    copy_csl: str
    earlier_turns: Plural
    labelled: str
    separator: str
    seconds: str
    all_documents: str
    browse: str
    search_documents: str
    search: str
    by_date: str
    all_dates: str
    undated: str
    folded: str
    copies: str
    more_of: str
    open: str
    ask_these: str
    ask_this: str
    ask_chosen: str
    add_files: str
    files: str
    writing_key: str
    files_added: str
    files_changed: str
    files_unchanged: str
    files_removed: str
    files_refused: str
    files_waiting: str
    files_reading: str
    files_doubted: str
    files_stopped: str
    stop_all: str
    key_refused: str
    key_needed: str
    not_sent: str
    too_large: str
    choose_document: str
    too_many: str
    pages: str
    previous: str
    next: str
    next_questions: str
    why: str
    places: Mapping[str, str]
    reasons: Mapping[str, str]
    causes: Mapping[str, str]

    def of_region(self, region: str) -> "Strings":
        """The same texts with dates and numbers as another region writes them: ``en_US``, ``fr_CH``."""
        plurals = ((name, value) for name, value in self._all() if isinstance(value, Plural))
        counting: dict[str, Any] = {name: replace(value, region=region) for name, value in plurals}
        return replace(self, region=region, **counting)

    def labels(self) -> dict[str, str]:
        """The texts that are used as they are, by name."""
        return {name: value for name, value in self._all() if isinstance(value, str) and "{" not in value}

    def _all(self) -> Iterable[tuple[str, Any]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def locator(self, locator: Locator) -> str:
        """``page 3``, ``sheet Budget, row 12``."""
        return self.listed(f"{self.places.get(name, name)} {value}" for name, value in locator.items())

    def cause(self, name: str) -> str:
        """What went wrong, by the name of an error's class; its message says so more exactly, and in English."""
        return self.causes.get(name, self.failed)

    def refused(self, filters: Filters) -> str:
        """Why nothing passes filters that are refused: a date is none, or no document is as they say."""
        odd = [date for date in (filters.date_from, filters.date_to) if date and not day_range(date)]
        return self.not_a_date.format(date=odd[0]) if odd else self.none_pass

    def listed(self, items: Iterable[str]) -> str:
        """The items side by side."""
        return self.separator.join(items)

    def confidence(self, probability: float) -> str:
        """The words for a probability that the answer is right."""
        if probability >= 0.85:
            return self.very_likely
        if probability >= 0.6:
            return self.likely
        return self.perhaps if probability >= 0.5 else self.uncertain

    def number(self, number: float, form: str | None = None) -> str:
        """``1,234``; ``form`` is one of babel's, such as ``0.0``."""
        return format_decimal(number, form, locale=self.region)

    def percent(self, share: float) -> str:
        """0.72 as ``72%``."""
        return format_percent(share, locale=self.region)

    def language_name(self, code: str) -> str:
        """The name of an ISO 639-1 language; the code itself where it has none."""
        return str(Locale.parse(self.region).languages.get(code, code))

    def kept(self, days: int) -> str:
        """How long conversations are kept."""
        return self.kept_days(days) if days else self.kept_not

    def moment(self, seconds: float) -> str:
        """A time since 1970 as a day and, where it is today, an hour."""
        when, now = datetime.fromtimestamp(seconds), datetime.now()
        if when.date() == now.date():
            return format_time(when, "short", locale=self.region)
        return format_date(when.date(), "medium", locale=self.region)

    def date(self, iso: str) -> str:
        """``2022-09`` as “September 2022”; what is not a date comes back as it is."""
        return written_date(iso, self.region) or self.unknown_date


@cache
def languages() -> Mapping[str, Strings]:
    """All that the page speaks, by name, English first."""
    return read_languages(CATALOGS)


def read_languages(folder: Path) -> dict[str, Strings]:
    """The language of the template in a folder, which is English, and of each catalog beside it, by the file's name.

    A catalog's header says in ``Language`` which region writes the dates for who names none, and in ``Plural-Forms``
    which numbers are counted in which form. What it leaves untranslated is shown in English.
    """
    template = read_catalog(folder / TEMPLATE)
    texts = [message for message in template if message.id]
    found = {ENGLISH: _strings(ENGLISH, template, texts)}
    for path in sorted(folder.glob("*.po")):
        found[path.stem.replace("_", "-")] = _strings(path.stem.replace("_", "-"), read_catalog(path), texts)
    return found


def read_catalog(path: Path) -> Catalog:
    """A file of gettext, of which every line must be well formed."""
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def _strings(name: str, catalog: Catalog, texts: Iterable[Message]) -> Strings:
    locale = catalog.locale or Locale.parse(name, sep="-")
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    translations = GNUTranslations(compiled)
    found: dict[str, Any] = {}
    for text in texts:
        key = str(text.context)
        if isinstance(text.id, str):
            found[key] = translations.pgettext(key, text.id)
        else:
            found[key] = Plural(translations, str(locale), key, *text.id)
    grouped: dict[str, Any] = {
        field: {key.removeprefix(prefix): found.pop(key) for key in list(found) if key.startswith(prefix)}
        for field, prefix in (("places", _PLACE), ("reasons", _REASON), ("causes", _CAUSE))
    }
    return Strings(locale=name, region=str(locale), direction=locale.text_direction, **grouped, **found)


_PART = re.compile(
    r"(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z0-9-]{1,40})?)(?:[ \t]*;[ \t]*[qQ]=(?P<weight>[01](?:\.[0-9]{0,3})?))?"
)


def strings_for(accept_language: str) -> Strings:
    """The strings that an ``Accept-Language`` header prefers (RFC 9110); English when it names none of ours."""
    known = {name.lower(): strings for name, strings in languages().items()}
    for tag in _by_weight(accept_language):
        if name := negotiate_locale([tag], known, sep="-"):
            strings = known[name.lower()]
            return strings.of_region(_region(tag, strings.region))
    return known[ENGLISH]


def _region(tag: str, usual: str) -> str:
    """The region that a tag names for its language, as babel writes it; the usual one where it names none we know."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return usual
    return str(locale) if locale.territory and locale.language == Locale.parse(usual).language else usual


def _by_weight(accept_language: str) -> list[str]:
    """The languages of the header, most wanted first; a part that is not one (``fr;q=x``) is passed over."""
    parts = (_PART.fullmatch(part.strip()) for part in accept_language.split(","))
    wanted = [(float(part["weight"] or 1), part["language"]) for part in parts if part]
    return [language for weight, language in sorted(wanted, key=lambda one: -one[0]) if weight]
