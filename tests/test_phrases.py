"""What the assistant says itself."""

import pytest

from askcorpus.answer.phrases import documents_differ, does_not_say
from askcorpus.text.language import detect_language

LANGUAGES = [
    "ar",
    "bg",
    "ca",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "es",
    "et",
    "fa",
    "fi",
    "fr",
    "ga",
    "he",
    "hi",
    "hr",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "lt",
    "lv",
    "mt",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "ru",
    "sk",
    "sl",
    "sv",
    "sw",
    "th",
    "tr",
    "uk",
    "vi",
    "zh",
]


# So short a sentence is too close to another language (no, hr), or too rare a one, for the detector to be sure.
UNSURE = {"no", "hr", "mt", "sk", "sl", "sw"}


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - UNSURE))
def test_the_message_is_in_the_language_it_is_kept_under(language: str) -> None:
    assert detect_language(does_not_say(language)) == language


def test_every_language_has_a_message_of_its_own() -> None:
    assert len({does_not_say(language) for language in LANGUAGES}) == len(LANGUAGES)
    assert len({documents_differ(language) for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_announces_a_contradiction_ends_in_a_colon(language: str) -> None:
    """So that verifying takes it for an announcement, not for a claim without support."""
    assert documents_differ(language)[-1] in ":："


@pytest.mark.parametrize("language", ["", "xx", "tlh"])
def test_a_language_that_is_not_known_gets_english(language: str) -> None:
    assert does_not_say(language) == does_not_say("en")
    assert documents_differ(language) == documents_differ("en")
