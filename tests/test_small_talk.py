"""Greetings, thanks and "what is in here?": a short, true reply, and no quote."""

import json
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from askcorpus.answer.phrases import does_not_say
from askcorpus.answer.small_talk import small_talk, without_small_talk
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.text.language import detect_language
from askcorpus.text.lexicon import languages
from askcorpus.types import Filters, Turn
from askcorpus_ui.chat.conversation import Conversation, Exchange, Reply
from askcorpus_ui.chat.markdown import export_markdown
from askcorpus_ui.chat.translations import languages as page_languages
from asking import ARTICLES, open_over

SPEAKING = sorted(code for code, one in languages().items() if one.small_talk.greetings)
ROOT = Path(__file__).parents[1]
SAID = tomllib.loads((ROOT / "tests/data/small_talk.toml").read_text(encoding="utf-8"))


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
    ("message", "locale", "language"),
    [
        ("ok", "fr", "fr"),
        ("ok", "de", "de"),
        ("ok", "ar", "ar"),
        ("ok", "mt", "en"),  # which has no such word
        ("hi", "de", "de"),
        ("hi", "fr", "en"),
        ("merci", "de", "fr"),
        ("Salut", "ro", "ro"),
        ("شكرا", "en", "ar"),
        ("ok", "", "en"),
    ],
)
def test_words_that_languages_share_are_in_that_of_whoever_asks(message: str, locale: str, language: str) -> None:
    found = small_talk(message, locale=locale)
    assert found is not None and found.language == language


@pytest.mark.parametrize("language", SAID)
def test_what_people_say_without_asking_is_known_in_their_language(language: str) -> None:
    expected = {message: (kind, language) for kind, messages in SAID[language].items() for message in messages}
    assert {message: small_talk(message) for message in expected} == expected


WHAT_ABOUT = {
    "ar": ["عن ماذا تتحدث الوثائق؟", "لخص الوثائق"],
    "bg": ["За какво са документите?", "Обобщи документите"],
    "ca": ["De què tracten els documents?", "Quins temes hi ha?"],
    "cs": ["O čem jsou dokumenty?", "Shrň dokumenty"],
    "da": ["Hvad handler dokumenterne om?", "Hvilke emner er der?"],
    "de": [
        "Worum geht es in den Dokumenten?",
        "Fass die Dokumente zusammen",
        "Welche Themen gibt es?",
        "Worum geht es hier?",
    ],
    "el": ["Για τι μιλούν τα έγγραφα;", "Ποια θέματα υπάρχουν;"],
    "en": [
        "What are these documents about?",
        "What is this corpus about?",
        "What do the documents say?",
        "Summarize the documents",
        "Could you please give me a short summary of the articles?",
        "What topics are covered?",
        "Which topics do the documents cover?",
        "Tell me about the documents.",
    ],
    "es": ["¿De qué tratan los documentos?", "Resume los documentos", "¿Qué temas hay?"],
    "et": ["Millest dokumendid räägivad?", "Millised teemad siin on?"],
    "fa": ["این اسناد درباره چیست؟", "این اسناد را خلاصه کن"],
    "fi": ["Mistä asiakirjat kertovat?", "Tiivistä asiakirjat"],
    "fr": [
        "De quoi parlent ces articles ?",
        "De quoi parle ce document ?",
        "Résume les documents",
        "Quels sujets sont abordés ?",
    ],
    "he": ["על מה המסמכים?", "סכם את המסמכים"],
    "hi": ["ये दस्तावेज़ किस बारे में हैं?", "दस्तावेज़ों का सारांश दो"],
    "hr": ["O čemu govore dokumenti?", "Sažmi dokumente"],
    "hu": ["Miről szólnak a dokumentumok?", "Foglald össze a dokumentumokat"],
    "id": ["Dokumen ini tentang apa?", "Ringkas dokumen ini"],
    "it": ["Di che cosa parlano questi documenti?", "Riassumi i documenti"],
    "ja": ["この文書は何についてですか？", "文書を要約してください"],
    "ko": ["이 문서는 무엇에 관한 것인가요?", "문서를 요약해 줘"],
    "lt": ["Apie ką dokumentai?", "Apibendrink dokumentus"],
    "lv": ["Par ko ir šie dokumenti?", "Apkopo dokumentus"],
    "nl": ["Waar gaan de documenten over?", "Geef me een overzicht"],
    "no": ["Hva handler dokumentene om?", "Oppsummer dokumentene"],
    "pl": ["O czym są te dokumenty?", "Streść dokumenty"],
    "pt": ["De que tratam os documentos?", "Resuma os documentos"],
    "ro": ["Despre ce sunt documentele?", "Rezumă documentele"],
    "ru": ["О чём эти документы?", "О чем говорится в документах?"],
    "sk": ["O čom sú dokumenty?", "Zhrň dokumenty"],
    "sl": ["O čem so dokumenti?", "Povzemi dokumente"],
    "sv": ["Vad handlar dokumenten om?", "Sammanfatta dokumenten"],
    "sw": ["Hati hizi zinahusu nini?", "Fupisha hati hizi"],
    "th": ["เอกสารเหล่านี้เกี่ยวกับอะไร", "สรุปเอกสารทั้งหมด"],
    "tr": ["Bu belgeler ne hakkında?", "Belgeleri özetle"],
    "uk": ["Про що ці документи?", "Підсумуй документи"],
    "vi": ["Các tài liệu này nói về gì?", "Tóm tắt tài liệu"],
    "zh": ["这些文档是关于什么的？", "总结一下这些文档"],
}


def test_what_the_documents_are_about_is_asked_in_every_language_spoken() -> None:
    assert set(WHAT_ABOUT) == set(SPEAKING)


@pytest.mark.parametrize("language", WHAT_ABOUT)
def test_what_the_documents_are_about_is_no_question_of_fact(language: str) -> None:
    found = {message: small_talk(message) for message in WHAT_ABOUT[language]}
    assert found == dict.fromkeys(WHAT_ABOUT[language], ("contents", language))


@pytest.mark.parametrize(
    "message",
    [
        "What are the documents about Donetsk that were found?",
        "What is this war about?",
        "De quoi parle le président ?",
        "What topics did the ministers discuss?",
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


def test_how_it_works_and_yes_may_be_of_what_was_said_before() -> None:
    said = (
        Turn(role="user", text="What is the James Webb Space Telescope?"),
        Turn(role="assistant", text="It is the largest observatory ever sent into space. [1]"),
    )
    leaning = ["How does it work?", "Wie funktioniert das?", "¿Cómo funciona?", "誰ですか", "Yes", "Non", "Нет"]
    assert {message: small_talk(message, said) for message in leaning} == dict.fromkeys(leaning)
    assert {talk.kind for message in leaning if (talk := small_talk(message))} == {"greeting"}
    assert small_talk("No, thanks", said) == ("thanks", "en")


@pytest.mark.parametrize(
    "message",
    [
        "Super",
        "Vale",
        "Legal",
        "Toll",
        "Klasse",
        "Bravo",
        "Great",
        "Top",
        "Cool",
        "Perfect",
        "Ade",
        "टाटा",
        "Papa",
        "Bones",
    ],
)
def test_a_name_that_stands_alone_is_looked_for(message: str) -> None:
    assert small_talk(message) is None


@pytest.mark.parametrize("message", ["Jane", "Cook", "Dada", "Sisi", "Sino", "Coco", "Jada", "Dane", "Nook", "CODA"])
def test_no_word_is_cut_into_two_phrases(message: str) -> None:
    assert small_talk(message) is None


def test_an_answer_is_approved_of_where_something_was_said() -> None:
    greeted = (Turn(role="user", text="Hello"), Turn(role="assistant", text="Hello."))
    said = (Turn(role="user", text="When did the ferry sail?"), Turn(role="assistant", text="On Tuesday. [1]"))
    assert small_talk("Great!", said) == small_talk("Great!", begins=False) == ("thanks", "en")
    assert small_talk("Great, thanks!") == small_talk("OK") == ("thanks", "en")
    approved = (*said, Turn(role="user", text="Great!"), Turn(role="assistant", text="You are welcome."))
    assert without_small_talk((*greeted, *approved)) == said
    assert without_small_talk((*greeted, *approved[2:])) == ()


@pytest.mark.parametrize("phrase", ["不对", "不是", "ไม่ใช่", "不", "sawa ", "bye ", "không phải "])
def test_no_message_is_cut_into_phrases_in_all_the_ways_there_are(phrase: str) -> None:
    """Each 不对 is one phrase or two: sixty of them were tried in 2^60 ways."""
    small_talk(phrase)  # makes the patterns
    start = time.process_time()
    assert small_talk((phrase * 20)[:110] + "x") is None
    assert time.process_time() - start < 1


def test_a_word_of_several_languages_is_in_that_of_the_conversation() -> None:
    asked = (Turn(role="user", text="Vilka stater erkände Donetsk som en självständig stat?"),)
    assert small_talk("Hej!", asked) == ("greeting", "sv")


@pytest.mark.parametrize("language", SPEAKING)
def test_who_is_greeted_in_a_language_answers_in_it(language: str) -> None:
    phrases = languages()[language].phrases
    assert all(
        (
            phrases.greeting,
            phrases.thanks,
            phrases.goodbye,
            phrases.documents,
            phrases.languages,
            phrases.dates,
            phrases.sources,
        )
    )
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
    assert "Dates: 2021 – 2023" in answer.answer
    assert "AFP (2), AP (1)" in answer.answer
    assert "Sprachen: Englisch (5)" in assistant.ask("Was gibt es hier?").answer


@pytest.mark.parametrize(
    "message", ["Give me a summary", "What does the article say?", "Worum geht es?", "De quoi parle ce document ?"]
)
def test_what_may_be_of_what_was_said_before_is_a_question_then(message: str) -> None:
    said = (
        Turn(role="user", text="When does the ferry to Molde sail?"),
        Turn(role="assistant", text="On Tuesday. [1]"),
    )
    greeted = (Turn(role="user", text="Hello"), Turn(role="assistant", text="Hello."))
    assert small_talk(message, said) is None
    assert small_talk(message, without_small_talk(greeted)) == small_talk(message)
    assert small_talk(message) is not None
    assert without_small_talk((*said, Turn(role="user", text=message)))[-1].text == message


def test_what_the_documents_are_about_is_told_of_those_that_pass_the_filters(assistant: Assistant) -> None:
    told = assistant.ask("What are these documents about?", filters=Filters(languages=("fr",))).answer
    assert "Languages: French (2)\n" in told and "Documents: 2\n" in told
    [one] = assistant.store.documents(limit=1)
    told = assistant.ask("What is this document about?", filters=Filters(document_ids=(one.id,))).answer
    assert told.endswith(f"Documents: 1\n- {one.date}: {one.title}")


def test_what_the_documents_are_about_is_told_by_the_titles_of_the_newest(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    texts = {f"ferry-{day:02}": f"2021-03-{day:02}. The ferry number {day} sailed to Molde." for day in range(1, 11)}
    with open_over(tmp_path, embeddings, texts) as assistant:
        titles = [one.title for one in assistant.store.documents()]
        told = assistant.ask("What are these documents about?").answer.splitlines()
    listed = told[told.index("Documents: 10") + 1 :]
    assert listed[:-1] == [f"- {title}" for title in titles[:8]]
    assert listed[-1] == "- … (+2)"


def test_an_export_has_a_list_of_titles_as_a_list_and_the_titles_as_they_are() -> None:
    told = "Languages: English (1)\nDocuments: 2\n- 2022: # No *heading*\n- 1. No list"
    reply = Reply(kind="small_talk", text=told)
    conversation = Conversation(id="c", title="t", exchanges=(Exchange(question="What is in here?", reply=reply),))
    out = export_markdown(conversation, lambda _id: None, page_languages()["en"])
    assert "Languages: English (1)  \nDocuments: 2  \n- 2022: # No \\*heading\\*\n- 1\\. No list" in out


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


def test_a_title_that_is_listed_is_no_image_and_turns_nothing_around(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    texts = {"hostile": "![p](http://evil.example/x.png) \u202eevil\n\nThe ferry sailed to Molde on Friday."}
    with open_over(tmp_path, embeddings, texts) as assistant:
        told = assistant.ask("What are these documents about?").answer
    assert "evil.example" in told and "](" not in told and "\u202e" not in told


@pytest.mark.parametrize("name", ["Папа", "Sisi", "Nono"])
def test_a_name_that_phrases_run_together_would_spell_is_a_name(name: str) -> None:
    assert small_talk(name) is None


def test_phrases_run_together_where_no_spaces_are_written() -> None:
    assert [small_talk(message) for message in ("你好谢谢", "こんにちはありがとう")] == [
        ("thanks", "zh"),
        ("thanks", "ja"),
    ]
