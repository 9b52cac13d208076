"""Every word of the chat page, in each of its languages, and the names of languages and dates in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from askcorpus.types import Locator


@dataclass(frozen=True, slots=True)
class Strings:
    """The words of one interface language; ``{…}`` are filled with ``str.format``. ``region`` writes the dates."""

    locale: str
    region: str
    tagline: str
    welcome: str
    welcome_text: str
    empty_corpus: str
    example: str
    ask: str
    question: str
    send: str
    stop: str
    stopped: str
    searching: str
    loading: str
    conversation: str
    conversations: str
    new_chat: str
    export: str
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
    one_source: str
    many_sources: str
    nearest: str
    no_sources: str
    open_document: str
    document_gone: str
    document_changed: str
    unknown_date: str
    unverified: str
    unsupported: str
    not_named: str
    no_answer: str
    very_likely: str
    likely: str
    uncertain: str
    confidence_tip: str
    failed: str
    failed_hint: str
    feedback_kept: str
    feedback_lost: str
    one_document: str
    documents: str
    back: str
    source_named: str
    more_quotes: str
    unanswered: str
    searched_some: str
    searched_all: str
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
    busy: str
    offline: str
    kept_days: str
    kept_not: str
    understood: str
    in_context: str
    without_context: str
    export_markdown: str
    export_json: str
    menu: str
    perhaps: str
    remove_limit: str
    copy_source: str
    copy_plain: str
    copy_markdown: str
    copy_bibtex: str
    copy_csl: str
    earlier_turns: str
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
    choose_document: str
    too_many: str
    pages: str
    previous: str
    next: str
    why: str
    reasons: Mapping[str, str]
    places: Mapping[str, str]

    def locator(self, locator: Locator) -> str:
        """``page 3``, ``sheet Budget, row 12``."""
        return ", ".join(f"{self.places.get(name, name)} {value}" for name, value in locator.items())

    def confidence(self, probability: float) -> str:
        """The words for a probability that the answer is right."""
        if probability >= 0.85:
            return self.very_likely
        if probability >= 0.6:
            return self.likely
        return self.perhaps if probability >= 0.5 else self.uncertain

    def source_count(self, count: int) -> str:
        """``1 source``, ``3 sources``."""
        return self.one_source if count == 1 else self.many_sources.format(count=count)

    def document_count(self, count: int) -> str:
        """``1 document``, ``1,250 documents``."""
        return self.one_document if count == 1 else self.documents.format(count=self.number(count))

    def language_name(self, code: str) -> str:
        """The name of an ISO 639-1 language; the code itself where it has none."""
        return str(Locale(self.locale).languages.get(code, code))

    def number(self, number: int) -> str:
        """A whole number as it is written in this language: ``12,345``, ``12 345``."""
        return str(format_decimal(number, locale=self.region))

    def kept(self, days: int) -> str:
        """How long conversations are kept."""
        return self.kept_days.format(days=days) if days else self.kept_not

    def moment(self, seconds: float) -> str:
        """A time since 1970 as a day and, where it is today, an hour."""
        when, now = datetime.fromtimestamp(seconds), datetime.now()
        if when.date() == now.date():
            return format_time(when, "short", locale=self.region)
        return format_date(when.date(), "medium", locale=self.region)

    def date(self, iso: str) -> str:
        """``2022-09`` as “September 2022”; what is not a date comes back as it is."""
        numbers = iso.split("-")
        try:
            if len(numbers) == 2:
                return format_skeleton("yMMMM", date(int(numbers[0]), int(numbers[1]), 1), locale=self.region)
            if len(numbers) == 3:
                return format_date(date.fromisoformat(iso), "long", locale=self.region)
        except ValueError:
            return iso
        return iso or self.unknown_date


ENGLISH = Strings(
    locale="en",
    region="en_GB",
    tagline="Answers from your documents, with the sentence that proves each one",
    welcome="What would you like to know?",
    welcome_text="Every statement links to the sentence it rests on. Where the documents are silent, you are told so.",
    empty_corpus="There are no documents yet. Add some with `askcorpus ingest FOLDER`, then reload this page.",
    example="What is said about “{title}”?",
    ask="Ask about the documents",
    question="Question",
    send="Ask",
    stop="Stop",
    stopped="Stopped before the end; not checked against the sources.",
    searching="Searching the documents…",
    loading="Loading the language model; the first answer takes a few seconds longer.",
    conversation="Conversation",
    conversations="Earlier conversations",
    new_chat="New chat",
    export="Export",
    theme="Light or dark",
    close="Close",
    filters="Filters",
    limited_to="Limited to",
    preferring="preferring documents of {period}",
    languages="Language",
    publishers="Source",
    date_from="From",
    date_to="To",
    sources="Sources",
    one_source="1 source",
    many_sources="{count} sources",
    nearest="Nearest passages",
    no_sources="Click a number in an answer to read the sentence behind it, in its place.",
    open_document="Read the whole document",
    document_gone="This document is no longer in the corpus.",
    document_changed="This document has changed since the answer was given; the quoted place cannot be shown.",
    unknown_date="undated",
    unverified="not verified",
    unsupported="Not verified: no passage found supports this",
    not_named="Not named in these passages: {names}",
    no_answer="No answer in the documents",
    very_likely="Very likely right",
    likely="Likely right",
    uncertain="Uncertain",
    confidence_tip="Of the answers given with this confidence, about {percent} % are right.",
    failed="Something went wrong.",
    failed_hint="It was logged as {reference}.",
    feedback_kept="Noted in feedback.jsonl, beside the index; it is sent nowhere.",
    feedback_lost="This could not be noted; the server’s log says why.",
    one_document="1 document",
    documents="{count} documents",
    back="Back to the chat",
    source_named="Source {number}: {title}",
    more_quotes="More from the sources",
    unanswered="Not answered yet.",
    searched_some="{count} of {all} documents searched",
    searched_all="{count} documents searched",
    without_filters="Ask without filters",
    about_answer="This answer",
    copy="Copy",
    copied="Copied",
    edit="Edit question",
    retry="Retry",
    like="Good answer",
    dislike="Bad answer",
    no_conversations="What you ask is kept here.",
    nothing_found="Nothing found.",
    search_conversations="Search conversations",
    rename="Rename",
    delete="Delete",
    delete_sure="Really delete?",
    busy="The answer is still being written. Stop (Escape) ends it.",
    offline="The server does not answer. Your question is kept; this page goes on by itself when it is back.",
    kept_days="Kept on the server for {days} days after the last question, for this browser alone.",
    kept_not="Kept until the server stops, for this browser alone.",
    understood="Understood as",
    in_context="Read together with what was asked before.",
    without_context="Ask without context",
    export_markdown="Export as Markdown",
    export_json="Export as JSON",
    menu="Earlier conversations",
    perhaps="More likely right than not",
    remove_limit="Remove filter: {name}",
    copy_source="Copy with source",
    copy_plain="Text",
    copy_markdown="Markdown",
    copy_bibtex="BibTeX",
    copy_csl="CSL-JSON",
    earlier_turns="{count} earlier questions are in the export.",
    all_documents="Documents",
    browse="See all {count} documents",
    search_documents="Search titles and texts",
    search="Search",
    by_date="By date",
    all_dates="All dates",
    undated="{count} undated",
    folded="Near-copies folded below another: {count}",
    copies="Also in {count} more",
    more_of="{count} more",
    open="Open",
    ask_these="Ask only these",
    ask_this="Ask only this one",
    ask_chosen="Ask only those chosen",
    choose_document="Choose: {title}",
    too_many="To ask only what you search for, narrow it down to {count} documents.",
    pages="Page {page} of {count}",
    previous="Previous",
    next="Next",
    why="What is wrong with it?",
    reasons={
        "wrong": "Wrong",
        "incomplete": "Incomplete",
        "wrong_source": "Wrong source",
        "should_have_answered": "It is in the documents",
        "should_not_have_answered": "It is not in the documents",
    },
    places={
        "page": "page",
        "chapter": "chapter",
        "sheet": "sheet",
        "row": "row",
        "slide": "slide",
        "message": "message",
        "time": "at",
    },
)

FRENCH = Strings(
    locale="fr",
    region="fr_FR",
    tagline="Des réponses tirées de vos documents, chacune avec la phrase qui la prouve",
    welcome="Que voulez-vous savoir ?",
    welcome_text="Chaque affirmation renvoie à la phrase qui la fonde. S’ils n’en disent rien, on vous le dit.",
    empty_corpus="Aucun document pour l’instant. Ajoutez-en avec `askcorpus ingest DOSSIER`, puis rechargez la page.",
    example="Que dit-on de « {title} » ?",
    ask="Posez une question sur les documents",
    question="Question",
    send="Demander",
    stop="Arrêter",
    stopped="Arrêté avant la fin ; non vérifié dans les sources.",
    searching="Recherche dans les documents…",
    loading="Chargement du modèle de langue ; la première réponse prend quelques secondes de plus.",
    conversation="Conversation",
    conversations="Conversations précédentes",
    new_chat="Nouvelle conversation",
    export="Exporter",
    theme="Clair ou sombre",
    close="Fermer",
    filters="Filtres",
    limited_to="Limité à",
    preferring="période préférée : {period}",
    languages="Langue",
    publishers="Source",
    date_from="Du",
    date_to="Au",
    sources="Sources",
    one_source="1 source",
    many_sources="{count} sources",
    nearest="Passages les plus proches",
    no_sources="Cliquez sur un numéro dans une réponse pour lire, à sa place, la phrase qui la fonde.",
    open_document="Lire tout le document",
    document_gone="Ce document n’est plus dans le corpus.",
    document_changed="Ce document a changé depuis la réponse ; le passage cité ne peut pas être montré.",
    unknown_date="sans date",
    unverified="non vérifié",
    unsupported="Non vérifié : aucun passage trouvé ne l’appuie",
    not_named="Absent de ces passages : {names}",
    no_answer="Pas de réponse dans les documents",
    very_likely="Très probablement juste",
    likely="Probablement juste",
    uncertain="Incertain",
    confidence_tip="Parmi les réponses données avec cette confiance, environ {percent} % sont justes.",
    failed="Une erreur s’est produite.",
    failed_hint="Elle est notée dans le journal sous {reference}.",
    feedback_kept="Noté dans feedback.jsonl, à côté de l’index ; rien n’est envoyé.",
    feedback_lost="Cela n’a pas pu être noté ; le journal du serveur dit pourquoi.",
    one_document="1 document",
    documents="{count} documents",
    back="Retour à la conversation",
    source_named="Source {number} : {title}",
    more_quotes="Autres passages des sources",
    unanswered="Pas encore de réponse.",
    searched_some="{count} documents sur {all} consultés",
    searched_all="{count} documents consultés",
    without_filters="Demander sans filtres",
    about_answer="Cette réponse",
    copy="Copier",
    copied="Copié",
    edit="Modifier la question",
    retry="Réessayer",
    like="Bonne réponse",
    dislike="Mauvaise réponse",
    no_conversations="Ce que vous demandez est gardé ici.",
    nothing_found="Rien trouvé.",
    search_conversations="Chercher une conversation",
    rename="Renommer",
    delete="Supprimer",
    delete_sure="Vraiment supprimer ?",
    busy="La réponse est en cours d’écriture. Arrêter (Échap) y met fin.",
    offline="Le serveur ne répond pas. Votre question est gardée ; la page reprendra d’elle-même à son retour.",
    kept_days="Gardé sur le serveur {days} jours après la dernière question, pour ce navigateur seul.",
    kept_not="Gardé jusqu’à l’arrêt du serveur, pour ce navigateur seul.",
    understood="Compris ainsi",
    in_context="Lu avec ce qui a été demandé avant.",
    without_context="Demander sans contexte",
    export_markdown="Exporter en Markdown",
    export_json="Exporter en JSON",
    menu="Conversations précédentes",
    perhaps="Plutôt juste que faux",
    remove_limit="Retirer le filtre : {name}",
    copy_source="Copier avec la source",
    copy_plain="Texte",
    copy_markdown="Markdown",
    copy_bibtex="BibTeX",
    copy_csl="CSL-JSON",
    earlier_turns="{count} questions plus anciennes sont dans l’export.",
    all_documents="Documents",
    browse="Voir les {count} documents",
    search_documents="Chercher dans les titres et les textes",
    search="Chercher",
    by_date="Par date",
    all_dates="Toutes les dates",
    undated="{count} sans date",
    folded="Quasi-copies repliées sous une autre : {count}",
    copies="Aussi ailleurs : {count}",
    more_of="{count} de plus",
    open="Ouvrir",
    ask_these="Interroger seulement ceux-ci",
    ask_this="Interroger seulement celui-ci",
    ask_chosen="Interroger seulement la sélection",
    choose_document="Choisir : {title}",
    too_many="Pour n’interroger que ce que vous cherchez, réduisez-le à {count} documents.",
    pages="Page {page} sur {count}",
    previous="Précédente",
    next="Suivante",
    why="Qu’est-ce qui ne va pas ?",
    reasons={
        "wrong": "Fausse",
        "incomplete": "Incomplète",
        "wrong_source": "Mauvaise source",
        "should_have_answered": "C’est dans les documents",
        "should_not_have_answered": "Ce n’est pas dans les documents",
    },
    places={
        "page": "page",
        "chapter": "chapitre",
        "sheet": "feuille",
        "row": "ligne",
        "slide": "diapositive",
        "message": "message",
        "time": "à",
    },
)

_PART = re.compile(
    r"(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z0-9-]{1,40})?)(?:[ \t]*;[ \t]*[qQ]=(?P<weight>[01](?:\.[0-9]{0,3})?))?"
)
LANGUAGES = {strings.locale: strings for strings in (ENGLISH, FRENCH)}


def strings_for(accept_language: str) -> Strings:
    """The strings that an ``Accept-Language`` header prefers (RFC 9110); English when it names none of ours."""
    locale = negotiate_locale(_by_weight(accept_language), LANGUAGES, sep="-")
    return LANGUAGES[locale.lower()] if locale else ENGLISH


def _by_weight(accept_language: str) -> list[str]:
    """The languages of the header, most wanted first; a part that is not one (``fr;q=x``) is passed over."""
    parts = (_PART.fullmatch(part.strip()) for part in accept_language.split(","))
    wanted = [(float(part["weight"] or 1), part["language"]) for part in parts if part]
    return [language for weight, language in sorted(wanted, key=lambda one: -one[0]) if weight]
