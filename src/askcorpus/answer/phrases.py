"""What the assistant itself says, in the language of the question. Everything else it shows are the corpus's words."""

from askcorpus.text.lexicon import Phrases, languages


def documents_differ(language: str) -> str:
    """What announces quotes that contradict each other; in English where ``language`` is not known here."""
    return _phrases(language).documents_differ or _phrases("en").documents_differ


def does_not_say(language: str) -> str:
    """That the corpus does not hold the answer; in English where ``language`` (ISO 639-1) is not known here."""
    return _phrases(language).does_not_say or _phrases("en").does_not_say


def overview_of(subject: str, language: str) -> str:
    """What stands above sentences about a subject; in English where ``language`` is not known here."""
    return (_phrases(language).overview or _phrases("en").overview).format(subject)


def unreadable(language: str) -> str:
    """That the model cannot read a script; in English where ``language`` is not known here."""
    return _phrases(language).unreadable or _phrases("en").unreadable


def _phrases(language: str) -> Phrases:
    return languages().get(language, languages()["en"]).phrases
