"""A language is understood by its tags and by its names in many languages; what is none is not."""

import pytest

from askcorpus.text.language_codes import language_code, language_name, same_language

CODES = {
    "en": ("EN", "en-US", "en_GB.UTF-8", "eng", "English", "ENGLISH", "anglais", "Englisch", "inglés"),
    "fr": ("fr-CA", "fra", "fre", "français", "Francais", " FRENCH ", "Französisch", "فرانسوی"),
    "de": ("de-Latn-AT-1996", "ger", "deu", "Deutsch", "allemand", "немецкий"),
    "zh": ("zh-Hans", "zh_CN", "cmn", "中文", "Simplified Chinese"),
    "he": ("iw", "heb", "עברית"),
    "sw": ("swa", "Kiswahili"),
    "": ("Elvish", "xx", "", "q", "e" * 1_000_000, "\x00", "5"),
}


@pytest.mark.parametrize(("name", "code"), [(name, code) for code, names in CODES.items() for name in names])
def test_a_language_is_what_it_is_called(name: str, code: str) -> None:
    assert language_code(name) == code


def test_both_written_forms_of_norwegian_are_one_language() -> None:
    assert {same_language(code) for code in ("no", "nb", "NN", "nor")} == {"no"}
    assert same_language("sv") != same_language("no")


def test_a_language_is_told_by_name_and_code() -> None:
    assert (language_name("fr"), language_name("zz")) == ("French (fr)", "zz")
