"""Greetings, thanks and "what is in here?": a short, true reply, and no quote."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from askcorpus.answer.phrases import does_not_say
from askcorpus.answer.small_talk import small_talk, without_small_talk
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.text.language import detect_language
from askcorpus.text.lexicon import languages
from askcorpus.types import Turn
from asking import ARTICLES, open_over

SPEAKING = sorted(code for code, one in languages().items() if one.small_talk.greetings)
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("talk"), embeddings) as assistant:
        yield assistant


@pytest.mark.parametrize(
    ("message", "kind", "language"),
    [
        ("Hello", "greeting", "en"),
        ("hi there!", "greeting", "en"),
        ("Bonjour !", "greeting", "fr"),
        ("Guten Tag.", "greeting", "de"),
        ("¡Hola!", "greeting", "es"),
        ("مرحبًا", "greeting", "ar"),
        ("Привет", "greeting", "ru"),
        ("你好！", "greeting", "zh"),
        ("こんにちは", "greeting", "ja"),
        ("Thanks a lot 🙏", "thanks", "en"),
        ("Merci beaucoup", "thanks", "fr"),
        ("Vielen Dank!", "thanks", "de"),
        ("Muchas gracias", "thanks", "es"),
        ("شكرا", "thanks", "ar"),
        ("Большое спасибо", "thanks", "ru"),
        ("谢谢", "thanks", "zh"),
        ("Hello, thank you!", "thanks", "en"),
        ("What is in here?", "contents", "en"),
        ("Hello! What documents do you have?", "contents", "en"),
        ("Qu’y a-t-il ici ?", "contents", "fr"),
        ("Welche Dokumente hast du?", "contents", "de"),
        ("Que documentos hay?", "contents", "es"),
        ("ماذا يوجد هنا؟", "contents", "ar"),
        ("Что здесь есть?", "contents", "ru"),
        ("这里有什么？", "contents", "zh"),
    ],
)
def test_what_asks_nothing_of_the_documents_is_known_as_such(message: str, kind: str, language: str) -> None:
    assert small_talk(message) == (kind, language)


@pytest.mark.parametrize(
    "message",
    [
        "Hello, when does the ferry to Molde sail again?",
        "Thanks. And in Mali?",
        "What is in the letter?",
        "Who said hello?",
        "Merci de me dire qui a coupé le ruban.",
        "?",
        "🦁",
    ],
)
def test_a_question_beside_a_greeting_is_a_question(message: str) -> None:
    assert small_talk(message) is None


def test_no_sample_question_is_taken_for_small_talk() -> None:
    lines = (ROOT / "corpus/questions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [question for line in lines if small_talk(question := json.loads(line)["question"])] == []


def test_a_word_of_several_languages_is_in_that_of_the_conversation() -> None:
    asked = (Turn(role="user", text="Vilka stater erkände Donetsk som en självständig stat?"),)
    assert small_talk("Hej!", asked) == ("greeting", "sv")


@pytest.mark.parametrize("language", SPEAKING)
def test_who_is_greeted_in_a_language_answers_in_it(language: str) -> None:
    phrases = languages()[language].phrases
    assert all((phrases.greeting, phrases.thanks, phrases.documents, phrases.languages, phrases.dates, phrases.sources))
    assert detect_language(phrases.greeting) in (language, "", {"no": "da"}.get(language))


def test_a_greeting_gets_a_line_and_no_quote(assistant: Assistant) -> None:
    answer = assistant.ask("Bonjour")
    assert answer.answer == languages()["fr"].phrases.greeting
    assert (answer.kind, answer.answerable, answer.abstain_reason, answer.confidence) == ("greeting", False, None, 0.0)
    assert not answer.citations and not answer.passages


def test_what_is_in_here_is_told_from_the_catalog(assistant: Assistant) -> None:
    answer = assistant.ask("What is in here?")
    assert answer.kind == "contents"
    assert f"Documents: {len(ARTICLES)}" in answer.answer
    assert "English (5), French (2), German (1)" in answer.answer
    assert "2021-03 – 2023-02" in answer.answer
    assert "AFP (2), AP (1)" in answer.answer
    assert "Sprachen: Englisch (5)" in assistant.ask("Was gibt es hier?").answer


def test_a_stream_of_small_talk_has_no_passages(assistant: Assistant) -> None:
    assert [event.kind for event in assistant.stream("Thanks!")] == ["passages", "done"]


def test_thanks_are_nothing_that_a_follow_up_leans_on(assistant: Assistant) -> None:
    history = [
        Turn(role="user", text="When does the ferry to Molde sail again?"),
        Turn(role="assistant", text="The ferry to Molde sails again from Tuesday. [1]"),
        Turn(role="user", text="Thanks!"),
        Turn(role="assistant", text="You’re welcome."),
    ]
    assert without_small_talk(history) == tuple(history[:2])
    answer = assistant.ask("And what did its engine cost?", history=history)
    assert "Molde" in answer.standalone_question and "welcome" not in answer.standalone_question
    assert "12 million kroner" in answer.answer


TIBETAN = "བོད་ཀྱི་རྒྱལ་ས་ནི་ལྷ་ས་ཡིན། དེ་ནི་གྲོང་ཁྱེར་ཆེན་པོ་ཞིག་ཡིན།"


def test_a_question_in_a_script_that_cannot_be_read_is_told_so(assistant: Assistant) -> None:
    answer = assistant.ask("ལྷ་ས་ག་པར་ཡོད་དམ།", explain=True)
    assert (answer.answerable, answer.abstain_reason) == (False, "unreadable_script")
    assert "script" in answer.answer and answer.answer != does_not_say("en")
    assert answer.explain is not None and "script" in answer.explain.verdict


def test_documents_in_such_a_script_are_not_said_to_be_silent(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with open_over(tmp_path, embeddings, {"lhasa": TIBETAN}, min_confidence=None) as assistant:
        answer = assistant.ask("Quelle est la capitale du Tibet ?")
    assert answer.abstain_reason == "unreadable_script"
    assert answer.answer == "Le modèle ne sait pas lire cette écriture."
