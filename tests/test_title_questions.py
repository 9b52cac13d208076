"""What is offered to be asked of a document reads as people ask, whatever its title is like."""

import pytest

from askcorpus_ui.chat.title_questions import LONGEST, question_about
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
