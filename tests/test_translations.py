"""The page's languages: every catalog is whole and true to the English texts, and a file is all that one more takes."""

import re
import shutil
import string
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
from babel.messages.catalog import Catalog, Message

from askcorpus import errors
from askcorpus.errors import AskcorpusError
from askcorpus.settings import read_settings
from askcorpus_ui.chat.browser import NoCookie
from askcorpus_ui.chat.conversations import ShareTaken
from askcorpus_ui.chat.sources import source_page
from askcorpus_ui.chat.translations import (
    CATALOGS,
    TEMPLATE,
    Plural,
    Strings,
    languages,
    read_catalog,
    read_languages,
    strings_for,
)
from scripted import DOCUMENTS, ScriptedAssistant
from serving import serving

FILES = sorted(CATALOGS.glob("*.po"))
CHAT = Path(CATALOGS).parent
SAME = {"copy_markdown", "copy_bibtex", "copy_csl", "labelled", "separator", "seconds"}
"""What may be the same in another language, whatever it is."""


def texts_of(catalog: Catalog) -> dict[str, Message]:
    return {str(message.context): message for message in catalog if message.id}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


TEXTS = texts_of(read_catalog(CATALOGS / TEMPLATE))


def test_the_page_speaks_english_and_what_there_are_files_for() -> None:
    assert list(languages()) == ["en", *(path.stem for path in FILES)]
    assert {"ar", "de", "es", "fr"} <= set(languages())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_catalog_has_every_text_with_its_placeholders(path: Path) -> None:
    catalog = read_catalog(path)
    found = texts_of(catalog)
    assert found.keys() == TEXTS.keys()
    for name, text in TEXTS.items():
        message = found[name]
        assert message.id == text.id, f"{name}: the English text is another by now"
        assert all(forms(message)), f"{name} is not translated"
        assert len(forms(message)) == (catalog.num_plurals if isinstance(text.id, tuple) else 1), name
        assert not message.fuzzy, name
        if isinstance(text.id, tuple):  # "one source" need not say its number
            assert all(placeholders(form) <= {"count"} for form in forms(message)), name
            assert placeholders(forms(message)[-1]) == {"count"}, name
        else:
            assert placeholders(forms(message)[0]) == placeholders(str(text.id)), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_catalog_counts_as_its_language_does(path: Path) -> None:
    catalog = read_catalog(path)
    assert catalog.locale is not None and str(catalog.locale).split("_")[0] == path.stem
    of_babel = catalog.locale.plural_form
    whole = {rule for rule in (*of_babel.tags, "other") if any(of_babel(n) == rule for n in range(1_000))}
    assert catalog.num_plurals == len(whole)


def test_every_text_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in CHAT.rglob("*") if path.suffix in (".py", ".j2"))
    used = set(re.findall(r"(?:strings|strings\)|self|english)\.(\w+)", code)) | set(
        re.findall(r'i18n\("(\w+)"\)', code)
    )
    names = {name for name in TEXTS if not name.startswith(("place_", "reason_", "cause_"))}
    own = {field.name for field in fields(Strings)} - {"locale", "region", "direction", "places", "reasons", "causes"}
    assert names == own
    assert names - used == set()


def test_every_kind_of_error_is_told_in_words_of_the_page() -> None:
    kinds = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, AskcorpusError)}
    assert strings_for("").causes.keys() == {
        each.__name__ for each in kinds - {AskcorpusError} | {NoCookie, ShareTaken}
    }
    for strings in languages().values():
        assert all(strings.cause(name) != strings.failed for name in strings.causes)
        assert strings.cause("of another kind") == strings.failed


def test_a_number_takes_the_form_that_its_language_has_for_it() -> None:
    assert [strings_for("en").documents(n) for n in (0, 1, 2, 1_234)] == [
        "0 documents",
        "1 document",
        "2 documents",
        "1,234 documents",
    ]
    assert [strings_for("fr").documents(n) for n in (0, 1, 2)] == ["0 document", "1 document", "2 documents"]
    assert [strings_for("ar").source_count(n) for n in (0, 1, 2, 3, 10, 11, 99, 100, 102, 103)] == [
        "لا مصادر",
        "مصدر واحد",
        "مصدران",
        "3 مصادر",
        "10 مصادر",
        "11 مصدرًا",
        "99 مصدرًا",
        "100 مصدر",
        "102 مصدر",
        "103 مصادر",
    ]


@pytest.mark.parametrize(
    ("header", "day", "number"),
    [
        ("en", "3 May 2024", "1,234"),
        ("en-US", "May 3, 2024", "1,234"),
        ("fr-CH", "3 mai 2024", "1\u202f234"),
        ("de", "3. Mai 2024", "1.234"),
        ("de-CH", "3. Mai 2024", "1’234"),
        ("es", "3 de mayo de 2024", "1.234"),
        ("es-MX", "3 de mayo de 2024", "1,234"),
        ("ar", "3 مايو 2024", "1,234"),
        ("ar-MA", "3 ماي 2024", "1.234"),
        ("de-XX", "3. Mai 2024", "1.234"),  # there is no such country
        ("fr-u-nu-arab", "3 mai 2024", "1\u202f234"),
    ],
)
def test_dates_and_numbers_are_in_the_readers_form(header: str, day: str, number: str) -> None:
    strings = strings_for(header)
    assert strings.date("2024-05-03") == day
    assert strings.number(1_234) == number
    assert strings.documents(1_234).startswith(number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The catalogs, and one of a made-up translator for a language that no code knows."""
    for path in (CATALOGS / TEMPLATE, *FILES):
        shutil.copy(path, tmp_path)
    (tmp_path / "he.po").write_text(
        'msgid ""\nmsgstr ""\n"Language: he\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=4; plural=(n==1 ? 0 : n==2 ? 1 : n>10 && n%10==0 ? 2 : 3);\\n"\n\n'
        'msgctxt "send"\nmsgid "Ask"\nmsgstr "שאל"\n\n'
        'msgctxt "documents"\nmsgid "{count} document"\nmsgid_plural "{count} documents"\n'
        'msgstr[0] "מסמך אחד"\nmsgstr[1] "שני מסמכים"\nmsgstr[2] "{count} מסמך"\nmsgstr[3] "{count} מסמכים"\n',
        "utf-8",
    )
    return tmp_path


def test_a_language_more_is_a_file_more(folder: Path) -> None:
    found = read_languages(folder)
    hebrew = found["he"]

    assert list(found) == ["en", *sorted([*(path.stem for path in FILES), "he"])]
    assert (hebrew.locale, hebrew.direction, hebrew.send) == ("he", "rtl", "שאל")
    assert [hebrew.documents(n) for n in (1, 2, 20, 3)] == ["מסמך אחד", "שני מסמכים", "20 מסמך", "3 מסמכים"]
    assert hebrew.date("2024-05-03") == "3 במאי 2024"
    assert hebrew.question == "Question"  # what is not translated yet


def test_the_page_is_served_in_that_language_too(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcorpus_ui.chat.translations.CATALOGS", folder)
    languages.cache_clear()
    try:
        (tmp_path / "data").mkdir()
        with serving(ScriptedAssistant(), read_settings(data=tmp_path / "data")) as address:
            reply = httpx.get(address, headers={"Accept-Language": "he-IL, en;q=0.5"})
            source = httpx.get(f"{address}/source/harbour", headers={"Accept-Language": "he-IL, en;q=0.5"})
    finally:
        languages.cache_clear()

    assert 'lang="he" data-lang="he" dir="rtl"' in reply.text.split("<head>")[0]
    assert reply.headers["content-language"] == "he" and "Accept-Language" in reply.headers["vary"]
    assert "\\u05e9\\u05d0\\u05dc" in reply.text
    assert '<html lang="he" dir="rtl">' in source.text


def test_a_source_page_is_in_the_readers_language_and_its_text_in_its_own() -> None:
    page = source_page(None, DOCUMENTS[0], strings_for("ar-EG"))

    assert '<html lang="ar" dir="rtl">' in page and "العودة إلى المحادثة" in page
    assert "3 مايو 2024" in page
    assert '<article lang="en" dir="auto">' in page


def test_what_counts_is_told_from_what_does_not() -> None:
    english = strings_for("en")
    counting = {field.name for field in fields(Strings) if isinstance(getattr(english, field.name), Plural)}
    assert counting == {name for name, message in TEXTS.items() if isinstance(message.id, tuple)}
