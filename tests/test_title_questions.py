"""What is offered to be asked of a document reads as people ask, whatever its title is like."""

import pytest

from askcorpus_ui.chat.title_questions import LONGEST, names_in, question_about
from askcorpus_ui.chat.translations import languages

TELLS = "The port of Orvik told it on Friday."


@pytest.mark.parametrize(
    ("language", "title", "question"),
    [
        ("en", "Is squatting legal in Belgium?", "Is squatting legal in Belgium?"),
        ("en", "Why was 'Batgirl' shelved? The studio's chief explains ...", "Why was 'Batgirl' shelved?"),
        ("fr", "Pourquoi le prix du pain augmente-t-il ?", "Pourquoi le prix du pain augmente-t-il ?"),
        ("de", "Orvik: Wem gehört der Hafen?", "Orvik: Wem gehört der Hafen?"),
        ("es", "¿Cuánto cuesta el agua en Barcelona?", "¿Cuánto cuesta el agua en Barcelona?"),
        ("ar", "لماذا ارتفع سعر الخبز؟", "لماذا ارتفع سعر الخبز؟"),
    ],
)
def test_a_title_that_asks_is_asked_as_it_is(language: str, title: str, question: str) -> None:
    assert question_about(title, "", TELLS, language, languages()[language]) == question


@pytest.mark.parametrize(
    ("title", "source", "named"),
    [
        ("Talks held in Kyiv", "", "Talks held in Kyiv"),
        ("Why Netflix is raising prices - CNN", "cnn.com", "Why Netflix is raising prices"),
        ("Why Netflix is raising prices - CNN", "North Post", "Why Netflix is raising prices - CNN"),
        ("NHL's Hart Trophy race too close to call | USA Today", "", "NHL's Hart Trophy race too close to call"),
        ("Stores have too much stuff. That means discounts are coming | CNN ...", "", "Stores have too much stuff"),
        ("Harbour closes after storm, cranes and ferries stand still, port says", "", "Harbour closes after storm"),
        ("Giuliani seeks to delay his grand jury, cites ...", "", "Giuliani seeks to delay his grand jury"),
        ("The ferry of Orvik sails again.", "", "The ferry of Orvik sails again"),
    ],
)
def test_of_a_headline_is_asked_what_it_tells_without_its_site_and_what_was_cut_off(
    title: str, source: str, named: str
) -> None:
    question = question_about(title, source, TELLS, "en", languages()["en"])
    before, after = languages()["en"].example.split("{title}")
    assert question.startswith(before + named) and question.endswith(after)
    assert len(question) <= LONGEST + len(before + after) and "..." not in question


@pytest.mark.parametrize("title", ["", "Supreme Court backs praying coach who knelt on ...", "x" * 100, "So?"])
def test_there_may_be_no_question(title: str) -> None:
    assert question_about(title, "", TELLS, "en", languages()["en"]) == ""


@pytest.mark.parametrize("language", languages())
def test_a_name_stands_in_a_question_as_it_is(language: str) -> None:
    strings = languages()[language]
    question = question_about("Ann Orvik: a life", "", "It was told that Ann Orvik sails.", language, strings)
    assert question == strings.example_name.format(name="Ann Orvik")
    assert not set('“”„«»"') & set(question)


def test_a_sentence_in_a_script_without_capitals_is_not_taken_for_a_name() -> None:
    strings = languages()["ar"]
    title, text = "البلدية توقف بناء الجدار", "قال الرئيس إن البلدية سوف توقف بناء الجدار بسبب العاصفة."
    assert question_about(title, "", text, "ar", strings) == strings.example.format(title=title)
    assert question_about("العاصفة", "", text, "ar", strings) == strings.example_name.format(name="العاصفة")


def test_a_headline_is_only_quoted_and_what_a_text_begins_with_is_none() -> None:
    strings = languages()["en"]
    title, text = "Orvik opens its port again", "Orvik opens its port again\n\nThe first ferry came."
    assert title in question_about(title, "", text, "en", strings)
    assert question_about(title, "", text, "en", strings, quoted=False) == ""
    assert question_about(title, "", f"{title}, the mayor said.", "en", strings) == ""
    assert question_about(f"{title}…", "", f"ORVIK (Coast Wire) – {title}, the mayor said.", "en", strings) == ""
    assert question_about("Who pays for the port?", "", text, "en", strings, quoted=False) == "Who pays for the port?"


@pytest.mark.parametrize(
    ("title", "text", "names"),
    [
        ("Waves close port of Orvik", "The port of Orvik is closed.", ["Orvik"]),
        ("Harbour closes after storm", "The harbour is closed since the storm.", []),
        ("Notre-Dame rouvre ses portes", "La cathédrale Notre-Dame de Paris.", ["Notre-Dame"]),
        ("Five months after Ann Orvik left", "It was Ann Orvik who left, five months ago.", ["Ann Orvik"]),
        ("The Harbour Of Orvik Closes After Storm", "The port of Orvik is closed.", []),
        ("Directors Adil El Arbi were sad", "The directors Adil El Arbi were sad.", []),
        ("What Finland wants", "What do they want in Finland?", []),
        ("Talks in Orvik, North Post reports", "There were talks in Orvik, the North Post reports.", ["Orvik"]),
    ],
)
def test_names_are_told_from_titles_as_the_text_writes_them(title: str, text: str, names: list[str]) -> None:
    assert list(names_in(title, "North Post", text, "en")) == names
