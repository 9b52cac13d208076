"""Overviews: "What do the documents say about X?", "news about X", or the bare name, answered by quotes on X."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from askcorpus.answer.phrases import does_not_say, overview_of
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.mentions import mentions, telling_words, written_as_name
from askcorpus.search.subject import place_of, subject_of, time_of
from askcorpus.text.lexicon import languages
from askcorpus.types import Filters, Turn
from askcorpus_eval.probe_words import ASKING
from askcorpus_ui.chat.conversation import Conversation, Exchange, Reply
from askcorpus_ui.chat.markdown import export_markdown
from askcorpus_ui.chat.render import turn
from askcorpus_ui.chat.translations import languages as page_languages
from askcorpus_ui.web.openai_api import refused_text
from asking import ARTICLES, open_over

SPEAKING = sorted(code for code, one in languages().items() if one.overview.asks)
ROOT = Path(__file__).parents[1]
LEAGUE = {
    "league-fr": (
        "date 2022-07 BRUXELLES (AFP) – La Ligue d’Orval a admis Sorvelan mardi. Le ministre Pavel Donezin a salué "
        "une décision attendue depuis dix ans."
    ),
    "league-de": (
        "date 2022-08 WIEN (dpa) – Der Minister Pavel Donesin besuchte am Freitag die Werft von Sorvelan. Er sprach "
        "zwei Stunden mit den Arbeitern."
    ),
    "league-ru": (
        "date 2022-09 МОСКВА (ТАСС) – Министр Павел Донезин заявил, что Сорвелан закроет порт до октября. Причиной "
        "названы штормы."
    ),
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("overview")
    with open_over(folder, embeddings, ARTICLES | LEAGUE, min_confidence=None) as assistant:
        yield assistant


def test_a_bare_name_is_told_of_in_the_language_of_whoever_asks(assistant: Assistant) -> None:
    for locale, language in (("es", "es"), ("de", "de"), ("", "fr"), ("xx", "fr")):
        answer = assistant.ask("Ligue d'Orval", locale=locale)
        assert (answer.kind, answer.language) == ("overview", language)
        assert answer.answer.startswith(overview_of("Ligue d'Orval", language))
    asked = [Turn(role="user", text="What did the new engine of the ferry cost?")]
    assert assistant.ask("Ligue d'Orval", history=asked, locale="es").language == "en", "the conversation's goes first"
    assert assistant.ask("Ulmanov", locale="es").answer == does_not_say("es")
    assert assistant.ask("ok", locale="de").answer == languages()["de"].phrases.thanks


@pytest.mark.parametrize("language", sorted({*SPEAKING} & {*ASKING} - {"hr", "sl"}))
def test_the_usual_words_ask_for_an_overview_in_every_language(language: str) -> None:
    subject = subject_of(ASKING[language].about.format("Donetsk"))
    assert subject is not None
    assert (subject.text, subject.bare) == ("Donetsk", False)


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        ("What do the documents say about NATO?", "NATO"),
        ("What does the document say about Donetsk?", "Donetsk"),
        ("Does this article mention Syria?", "Syria"),
        ("Qu’est-ce que ce document dit sur la Russie ?", "la Russie"),
        ("Was sagt der Bericht über Donezk?", "Donezk"),
        ("¿Qué dice el informe sobre Donetsk?", "Donetsk"),
        ("Please tell me more about the Iron Dome, thank you.", "the Iron Dome"),
        ("summarize what you have on Grain Exports", "Grain Exports"),
        ("news about Donetsk", "Donetsk"),
        ("What's the latest on al-Assad?", "al-Assad"),
        ("Parlez-moi de l’Ukraine s’il vous plaît", "l’Ukraine"),
        ("Résumé sur Donetsk", "Donetsk"),
        ("Was steht in den Dokumenten über Donezk?", "Donezk"),
        ("Fass zusammen, was du über Donezk hast", "Donezk"),
        ("¿Qué dicen los documentos sobre Donetsk?", "Donetsk"),
        ("Fale-me sobre Donetsk", "Donetsk"),
        ("Что говорится в документах о Донецке?", "Донецке"),
        ("Розкажи мені про Донецьк", "Донецьк"),
        ("ماذا تقول الوثائق عن دونيتسك؟", "دونيتسك"),
        ("Belgeler Donetsk hakkında ne diyor?", "Donetsk"),
        ("मुझे दोनेत्स्क के बारे में बताओ", "दोनेत्स्क"),
        ("文件中关于顿涅茨克说了什么？", "顿涅茨克"),
        ("ドネツクについて教えてください", "ドネツク"),
        ("What do the documents say about the US?", "the US"),
        ("Tell me about the WHO", "the WHO"),
    ],
)
def test_what_is_asked_about_is_found_as_it_is_written(message: str, subject: str) -> None:
    found = subject_of(message)
    assert found is not None
    assert (found.text, found.bare) == (subject, False)


@pytest.mark.parametrize(
    "message",
    [
        "When did Syria recognise Donetsk?",
        "Tell me about when Syria recognised Donetsk",
        "Tell me about it",
        "What did the minister say about the port on Friday evening?",
        "Donetsk?",
        "Who?",
        "why",
        "yes",
        "Parle-moi de lui",
        "Was wurde zu seinen Ehren „die Tesla-Einheit“ genannt?",
        "Расскажи, кто признал Донецк",
        "谁承认了顿涅茨克",
        "news about [1] <b>",
        "TELL ME ABOUT IT",
        "WHO WON",
        "tell me about us",
        "x" * 300,
    ],
)
def test_a_question_of_its_own_asks_for_no_overview(message: str) -> None:
    assert subject_of(message) is None


@pytest.mark.parametrize("message", ["ONU", "US", "WHO"])
def test_an_acronym_alone_is_a_name_though_it_spells_another_word(message: str) -> None:
    subject = subject_of(message)
    assert subject is not None
    assert (subject.text, subject.bare) == (message, True)


def test_no_sample_question_is_taken_for_one() -> None:
    lines = (ROOT / "corpus/questions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [question for line in lines if subject_of(question := json.loads(line)["question"])] == []


@pytest.mark.parametrize("language", SPEAKING)
def test_who_is_understood_in_a_language_is_answered_in_it(language: str) -> None:
    head = overview_of("Sorvelan", language)
    assert head.startswith("Sorvelan") and head[-1] in ":："
    assert language == "en" or head != overview_of("Sorvelan", "en")


@pytest.mark.parametrize(
    ("subject", "language", "text", "text_language", "named"),
    [
        ("Donetsk", "en", "Это случилось в Донецке.", "ru", True),
        ("دونيتسك", "ar", "Donetsk was quiet.", "en", True),
        ("Донецке", "ru", "Le calme règne à Donetsk.", "fr", True),
        ("North Korea", "en", "La Corée du Nord a parlé.", "fr", True),
        ("the Iron Dome", "en", "The Iron Dome held.", "en", True),
        ("Korfu", "no", "La Crimée, Karfa et Carvin.", "fr", False),
        ("Zorblax", "en", "Salomon blaguait.", "fr", False),
        ("NATO", "en", "L’ONU a parlé.", "fr", False),
        ("NATO", "en", "La Suède rejoint l’Otan.", "fr", True),
        ("НАТО", "ru", "La Suède rejoint l’OTAN.", "fr", True),
        ("DNA", "en", "L’ADN a parlé.", "fr", True),
        ("ALS", "en", "Las casas son blancas.", "es", False),
        ("北约", "zh", "The army of Mali.", "en", False),
        ("UN", "en", "Un comité de 24 membres.", "fr", False),
        ("the UN", "en", "A breach of the UN Charter.", "en", True),
        ("the U.N.", "en", "A breach of the UN Charter.", "en", True),
        ("EU", "de", "La signature a eu lieu hier.", "fr", False),
        ("IT", "en", "It rained, and it was cold.", "en", False),
        ("May", "en", "Prices may rise.", "en", False),
        ("war", "en", "Sie war gekommen.", "de", False),
        ("war", "en", "The war goes on.", "en", True),
        ("NASA", "en", "La Nasa a parlé.", "fr", True),
        ("NASA", "en", "THE NASA PROBE WAS LATE.", "en", True),
        ("Сирии", "ru", "La Syrie a parlé.", "fr", True),
        ("Сирии", "ru", "Сирия промолчала.", "ru", True),
        ("Syrii", "pl", "Syria was quiet.", "en", True),
        ("Jamaica", "en", "Jamais une décision n’avait été prise si tôt.", "fr", False),
        ("Jamaica", "en", "Les Jamaïcains ont gagné.", "fr", True),
        ("Turkey", "en", "The Turks voted on Sunday.", "en", True),
    ],
)
def test_a_text_names_a_subject_only_where_it_can_be_told(
    subject: str, language: str, text: str, text_language: str, named: bool
) -> None:
    assert mentions(subject, language, text, text_language) is named


def test_a_dateline_alone_says_nothing_of_whom_it_names(assistant: Assistant) -> None:
    assert assistant.ask("Tell me about AFP").kind == "answer"


def test_the_letters_of_a_subject_are_marked_in_a_quote_where_they_stand(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    texts = {"strasse": "Die Straße nach Großweißstein führt seit Mai 2022 durch Taucha und Orvelsund zum Hafen."}
    with open_over(tmp_path, embeddings, texts, min_confidence=None) as assistant:
        quoted = assistant.ask("orvelsund").citations[0]
        assert [quoted.quote[start - quoted.start : end - quoted.start] for start, end in quoted.highlights] == [
            "Orvelsund"
        ]


def test_an_overview_tells_the_time_of_each_step(assistant: Assistant) -> None:
    assert set(assistant.ask("Tell me about Sorvelan").timings_ms) >= {"embed", "retrieve", "answer", "verify", "total"}


def test_documents_are_counted_by_the_words_that_tell_a_subject() -> None:
    assert telling_words("die Ukraine") == "Ukraine"
    assert telling_words("the UN") == telling_words("Tuesday in May") == telling_words("war") == ""


DOCUMENTS_ABOUT = {  # NATO, Croatia or Bulgaria
    "en": [
        "Which documents do you have about NATO?",
        "What articles mention NATO?",
        "Do you have any documents on NATO?",
        "Show me documents about NATO",
        "List articles on NATO",
    ],
    "fr": [
        "Quels documents avez-vous sur l'Otan ?",
        "Quels articles parlent de l’Otan ?",
        "Y a-t-il des documents sur l'Otan ?",
        "Montre-moi les documents sur l'Otan",
        "As-tu des documents sur l’Otan ?",
        "Quels textes mentionnent l'Otan ?",
    ],
    "de": [
        "Welche Dokumente hast du über die NATO?",
        "Welche Artikel gibt es zu Kroatien?",
        "Welche Texte handeln von Kroatien?",
        "Gibt es Dokumente über die NATO?",
        "Zeig mir alle Artikel über die NATO",
        "Haben Sie einen Artikel zur NATO?",
    ],
    "es": [
        "¿Qué documentos tienes sobre la OTAN?",
        "¿Qué artículos hablan de la OTAN?",
        "¿Hay documentos sobre la OTAN?",
        "Muéstrame los documentos sobre la OTAN",
    ],
    "pt": [
        "Quais documentos você tem sobre a OTAN?",
        "Que artigos falam da OTAN?",
        "Há documentos sobre a OTAN?",
        "Mostre-me os documentos sobre a OTAN",
    ],
    "it": [
        "Quali documenti hai sulla NATO?",
        "Quali articoli parlano della NATO?",
        "Ci sono documenti sulla NATO?",
        "Mostrami i documenti sulla NATO",
        "Quali testi citano la NATO?",
    ],
    "nl": [
        "Welke documenten heb je over de NAVO?",
        "Welke artikelen gaan over de NAVO?",
        "Zijn er documenten over de NAVO?",
        "Toon me alle documenten over de NAVO",
    ],
    "pl": [
        "Jakie masz dokumenty o NATO?",
        "Jakie dokumenty są o NATO?",
        "Które artykuły mówią o NATO?",
        "Czy masz dokumenty o NATO?",
        "Pokaż mi dokumenty na temat NATO",
    ],
    "ru": [
        "Какие документы есть о НАТО?",
        "Какие у вас есть документы о НАТО?",
        "В каких статьях говорится о НАТО?",
        "Есть ли документы о НАТО?",
        "Покажи документы о НАТО",
    ],
    "uk": [
        "Які документи є про НАТО?",
        "Які у вас є документи про НАТО?",
        "У яких статтях йдеться про НАТО?",
        "Чи є документи про НАТО?",
        "Покажи документи про НАТО",
    ],
    "ar": [
        "ما الوثائق التي لديك عن الناتو؟",
        "ما هي المستندات المتوفرة حول الناتو؟",
        "هل لديك وثائق عن الناتو؟",
        "أي مقالات تتحدث عن الناتو؟",
    ],
    "fa": [
        "چه اسنادی درباره ناتو دارید؟",
        "چه مقالاتی در مورد ناتو هست؟",
        "آیا سندی درباره ناتو داری؟",
        "اسناد درباره ناتو را نشان بده",
    ],
    "he": [
        "אילו מסמכים יש לך על נאטו?",
        "איזה מאמרים עוסקים בנאטו?",
        "האם יש מסמכים על נאטו?",
        "הראה לי את המסמכים על נאטו",
    ],
    "hi": [
        "नाटो के बारे में कौन से दस्तावेज़ हैं?",
        "आपके पास नाटो के बारे में कौन से दस्तावेज हैं?",
        "क्या नाटो पर कोई लेख है?",
        "नाटो के बारे में दस्तावेज़ दिखाओ",
    ],
    "zh": [
        "有哪些关于北约的文件？",
        "你有关于北约的文件吗？",
        "哪些文章提到了北约？",
        "列出关于北约的文件",
        "你知道保加利亚什么？",
        "你有什么有关北约的资料？",
    ],
    "ja": [
        "NATOに関するどんな文書がありますか？",
        "NATOについての文書はありますか？",
        "どの記事がNATOについて書いていますか？",
        "NATOに関する文書を見せてください",
    ],
    "ko": [
        "NATO에 대한 어떤 문서가 있나요?",
        "NATO에 대한 문서가 있나요?",
        "어떤 기사가 NATO를 다루나요?",
        "NATO에 관한 문서를 보여줘",
    ],
    "vi": [
        "Bạn có những tài liệu nào về NATO?",
        "Có tài liệu nào về NATO không?",
        "Tài liệu nào nói về NATO?",
        "Liệt kê các tài liệu về NATO",
    ],
    "el": [
        "Ποια έγγραφα έχεις για το ΝΑΤΟ;",
        "Ποια άρθρα μιλούν για το ΝΑΤΟ;",
        "Υπάρχουν έγγραφα για το ΝΑΤΟ;",
        "Δείξε μου τα έγγραφα για το ΝΑΤΟ",
    ],
    "tr": [
        "NATO hakkında hangi belgeler var?",
        "NATO ile ilgili makale var mı?",
        "Hangi belgeler NATO hakkında?",
        "NATO hakkındaki belgeleri göster",
        "NATO HAKKINDA HANGİ BELGELER VAR?",
    ],
    "sw": [
        "Una hati gani kuhusu NATO?",
        "Hati zipi zinahusu NATO?",
        "Je, kuna hati kuhusu NATO?",
        "Nionyeshe hati kuhusu NATO",
    ],
}


@pytest.mark.parametrize("language", DOCUMENTS_ABOUT)
def test_which_documents_there_are_about_something_asks_for_an_overview(language: str) -> None:
    found = {message: subject_of(message) for message in DOCUMENTS_ABOUT[language]}
    assert {message for message, subject in found.items() if subject is None or subject.bare} == set()
    assert {subject.language for subject in found.values() if subject} == {language}
    assert all(len(subject.text.split()) <= 2 for subject in found.values() if subject)


def test_which_documents_there_are_about_something_is_told_by_quotes_of_them(assistant: Assistant) -> None:
    answer = assistant.ask("Welche Dokumente hast du über Sorvelan?")
    assert (answer.kind, answer.subject, answer.language) == ("overview", "Sorvelan", "de")
    assert len({citation.document_id for citation in answer.citations}) > 1


@pytest.mark.parametrize("message", ["Summarize the documents", "Résume les documents", "Resume los documentos"])
def test_the_documents_themselves_are_no_subject(message: str) -> None:
    assert subject_of(message) is None


def test_a_word_that_the_documents_write_small_is_no_name() -> None:
    assert written_as_name("donetsk", ["It rained in Donetsk."])
    assert not written_as_name("Rained", ["Rained again. It rained in Donetsk."])
    assert written_as_name("顿涅茨克", ["昨天顿涅茨克下雨。"])


def test_what_the_documents_say_about_a_name_is_quoted_from_each(assistant: Assistant) -> None:
    answer = assistant.ask("What do the documents say about Hestfell?", explain=True)
    assert (answer.kind, answer.answerable, answer.subject, answer.named_in) == ("overview", True, "Hestfell", 2)
    assert answer.answer.startswith("Hestfell – what the documents say:\n- 202")
    assert {citation.document_id for citation in answer.citations} == {hit.document_id for hit in answer.passages[:2]}
    for citation in answer.citations:
        document = assistant.store.document(citation.document_id)
        assert document is not None and document.text[citation.start : citation.end] == citation.quote
        assert "Hestfell" in citation.quote
    assert not answer.unsupported and not answer.missing_names
    assert answer.explain is not None and answer.explain.verdict.startswith("answers with an overview")


@pytest.mark.parametrize(
    "message",
    [
        "Sorvelan",
        "sorvelan",
        "Tell me about Sorvelan",
        "Que disent les documents sur Sorvelan ?",
        "Was steht in den Dokumenten über Sorvelan?",
        "¿Qué dicen los documentos sobre Sorvelan?",
        "Что говорится в документах о Сорвелане?",
        "ماذا تقول الوثائق عن سورفيلان؟",
        "Belgeler Sorvelan hakkında ne diyor?",
        "文件中关于Sorvelan说了什么？",
    ],
)
def test_a_name_is_found_across_languages_and_scripts(assistant: Assistant, message: str) -> None:
    answer = assistant.ask(message)
    assert (answer.kind, answer.named_in) == ("overview", 3)
    assert len({citation.document_id for citation in answer.citations}) == 3


def test_of_copies_of_a_story_one_is_quoted(assistant: Assistant) -> None:
    answer = assistant.ask("Parle-moi de Kerlouan")
    assert answer.answer.startswith("Kerlouan – ce que disent les documents :")
    assert len({citation.document_id for citation in answer.citations}) == 1
    quotes = [citation.quote for citation in answer.citations]
    assert len(quotes) == len(set(quotes))


@pytest.mark.parametrize(
    "message",
    [
        "What do the documents say about Zorblax?",
        "Zorblax",
        "Que disent les documents sur Brastagne ?",
        "Was steht in den Dokumenten über Quorn-Alben?",
        "Что говорится в документах о Жубрине?",
        "文件中关于北约说了什么？",
        "Tell me about Mongolia",
    ],
)
def test_what_no_document_names_is_not_answered(assistant: Assistant, message: str) -> None:
    answer = assistant.ask(message)
    assert (answer.kind, answer.answerable, answer.named_in) == ("answer", False, 0)
    assert answer.answer == does_not_say(answer.language)


@pytest.mark.parametrize("message", ["Melgundpil", "Pilfetvol", "Oskfethax", "Revoskvol"])
def test_a_name_alone_that_no_document_has_is_no_question(assistant: Assistant, message: str) -> None:
    answer = assistant.ask(message, explain=True)
    assert (answer.answerable, answer.abstain_reason, answer.confidence) == (False, "no_match", 0.0)
    assert answer.missing_names == (message,)
    assert answer.explain is not None and "names what was asked about" in answer.explain.verdict


def test_a_question_of_fact_is_answered_as_before(assistant: Assistant) -> None:
    answer = assistant.ask("What had the new engine of the ferry cost?")
    assert (answer.kind, answer.subject, answer.named_in) == ("answer", "", 0)
    assert "12 million kroner" in answer.answer


def test_filters_hold_for_an_overview(assistant: Assistant) -> None:
    answer = assistant.ask("Tell me about Sorvelan", filters=Filters(languages=("ru",)))
    assert (answer.kind, answer.named_in) == ("overview", 1)
    assert {citation.language for citation in answer.citations} == {"ru"}


def test_in_a_conversation_an_overview_is_given_where_nothing_else_is(assistant: Assistant) -> None:
    history = [
        Turn(role="user", text="When does the ferry to Molde sail again?"),
        Turn(role="assistant", text="The ferry to Molde sails again from Tuesday. [1]"),
    ]
    assert assistant.ask("Parle-moi de Sorvelan", history=history).answerable
    assert assistant.ask("Tell me about its captain", history=history).kind == "answer"


def test_no_overview_is_given_where_its_share_of_right_ones_is_not_enough(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    with open_over(tmp_path, embeddings, LEAGUE, min_confidence=0.99) as assistant:
        assert not assistant.ask("Tell me about Sorvelan").answerable


def test_the_page_says_how_many_documents_name_it_and_not_how_likely_it_is_right(assistant: Assistant) -> None:
    answer = assistant.ask("Tell me about Hestfell")
    reply = Reply.of(answer)
    conversation = Conversation(id="c", title="t", exchanges=(Exchange(question=answer.question, reply=reply),))
    for language, said in (("en", "Overview · in 2 documents"), ("fr", "dans 2 documents")):
        strings = page_languages()[language]
        for shown in (turn(conversation, strings), export_markdown(conversation, assistant.store.document, strings)):
            assert said in " ".join(shown.split())
            assert strings.confidence(answer.confidence) not in shown
    assert "more-quotes" not in turn(conversation, page_languages()["en"])
    assert refused_text(answer) is None


WHAT_HAPPENED = {
    "ar": "ماذا حدث في يوليو 2022؟",
    "bg": "Какво се случи през юли 2022?",
    "ca": "Què va passar el juliol de 2022?",
    "cs": "Co se stalo v červenci 2022?",
    "da": "Hvad skete der i juli 2022?",
    "de": "Was geschah im Juli 2022?",
    "el": "Τι συνέβη τον Ιούλιο 2022;",
    "en": "What happened in July 2022?",
    "es": "¿Qué pasó en julio de 2022?",
    "et": "Mis juhtus juulis 2022?",
    "fa": "در سال 2022 چه شد؟",
    "fi": "Mitä tapahtui heinäkuussa 2022?",
    "fr": "Que s’est-il passé en juillet 2022 ?",
    "he": "מה קרה ביולי 2022?",
    "hi": "जुलाई 2022 में क्या हुआ?",
    "hr": "Što se dogodilo u srpnju 2022.?",
    "hu": "Mi történt 2022 júliusában?",
    "id": "Apa yang terjadi pada Juli 2022?",
    "it": "Che cosa è successo nel luglio 2022?",
    "ja": "2022年7月に何が起きましたか？",
    "ko": "2022년 7월에 무슨 일이 있었나요?",
    "lt": "Kas įvyko 2022 m. liepą?",
    "lv": "Kas notika 2022. gada jūlijā?",
    "nl": "Wat gebeurde er in juli 2022?",
    "no": "Hva skjedde i juli 2022?",
    "pl": "Co się stało w lipcu 2022?",
    "pt": "O que aconteceu em julho de 2022?",
    "ro": "Ce s-a întâmplat în iulie 2022?",
    "ru": "Что произошло в июле 2022 года?",
    "sk": "Čo sa stalo v júli 2022?",
    "sl": "Kaj se je zgodilo julija 2022?",
    "sv": "Vad hände i juli 2022?",
    "sw": "Nini kilitokea mwaka 2022?",
    "th": "เกิดอะไรขึ้นในปี 2022",
    "tr": "Temmuz 2022'de ne oldu?",
    "uk": "Що сталося у липні 2022 року?",
    "vi": "Điều gì đã xảy ra vào tháng 7 năm 2022?",
    "zh": "2022年7月发生了什么？",
}


@pytest.mark.parametrize("language", sorted({code for code, one in languages().items() if one.overview.happened}))
def test_what_happened_at_a_time_is_asked_in_every_language_that_can(language: str) -> None:
    asked = time_of(WHAT_HAPPENED[language])
    assert asked is not None
    assert asked.language == language and asked.period in ("2022-07", "2022")


@pytest.mark.parametrize(
    "message",
    [
        "What happened on 29 June 2022?",
        "What happened on June 29, 2022?",
        "What happened in 2022",
        "news from 2022-07-13",
        "What were the main events of July 2022?",
        "Tell me what happened in July 2022",
        "In July 2022, what happened?",
        "Cos’è successo nel 2022?",
        "Was war 2022 los?",
        "Mitä tapahtui vuonna 2022?",
        "Que s’est-il passé le 29 juin 2022 ?",
        "Was ist am 29. Juni 2022 passiert?",
    ],
)
def test_a_time_may_be_a_day_a_month_or_a_year(message: str) -> None:
    assert time_of(message) is not None


@pytest.mark.parametrize(
    "message",
    [
        "What happened in Donetsk in July 2022?",
        "What happened to the ferry in July 2022?",
        "What happened in Donetsk?",
        "What happened since 2022?",
        "What happened?",
        "What happened on 31 February 2022?",
        "What happened on 12/07/2022?",
        "What happened on 99 July 2022?",
        "What happened on May 5th 6th 7th 2022?",
        "news of the ferry",
        "Who won in 2022?",
        "2022",
    ],
)
def test_what_happened_to_something_is_a_question(message: str) -> None:
    assert time_of(message) is None


WHAT_HAPPENED_LAST_YEAR = {
    "en": "What happened last year?",
    "de": "Was geschah im letzten Jahr?",
    "fr": "Que s'est-il passé l'an dernier ?",
    "es": "¿Qué pasó el año pasado?",
    "pt": "O que aconteceu no ano passado?",
    "it": "Che cosa è successo l'anno scorso?",
    "nl": "Wat gebeurde er vorig jaar?",
    "pl": "Co się stało w zeszłym roku?",
    "ru": "Что произошло в прошлом году?",
    "uk": "Що сталося минулого року?",
    "tr": "Geçen yıl ne oldu?",
    "ar": "ماذا حدث العام الماضي؟",
    "fa": "سال گذشته چه اتفاقی افتاد؟",
    "he": "מה קרה בשנה שעברה?",
    "hi": "पिछले साल क्या हुआ?",
    "zh": "去年发生了什么？",
    "ja": "昨年何が起きましたか？",
    "ko": "작년에 무슨 일이 있었나요?",
    "vi": "Chuyện gì đã xảy ra năm ngoái?",
    "el": "Τι συνέβη πέρυσι;",
    "sw": "Nini kilitokea mwaka jana?",
}


@pytest.mark.parametrize("language", WHAT_HAPPENED_LAST_YEAR)
def test_what_happened_last_year_is_counted_back_from_the_newest_date(language: str) -> None:
    assert time_of(WHAT_HAPPENED_LAST_YEAR[language], "2024-12-08") == ("2023", language)
    assert time_of(WHAT_HAPPENED_LAST_YEAR[language]) is None


@pytest.mark.parametrize(
    ("message", "period"),
    [
        ("Que s’est-il passé l’année dernière ?", "2023"),
        ("Cosa è successo lo scorso anno?", "2023"),
        ("पिछले वर्ष क्या हुआ था?", "2023"),
        ("What happened this year?", "2024"),
        ("What happened last month?", "2024-11"),
        ("上个月发生了什么？", "2024-11"),
        ("What happened in July?", "2024-07"),
        ("Was geschah im Juli?", "2024-07"),
        ("What happened last July?", "2024-07"),
        ("در ژوئیه ۲۰۲۲ چه شد؟", "2022-07"),
        ("ماذا حدث في ٦ فبراير ٢٠٢٣؟", "2023-02-06"),
        ("जुलाई २०२२ में क्या हुआ?", "2022-07"),
    ],
)
def test_a_time_may_be_counted_back_or_written_in_other_figures(message: str, period: str) -> None:
    asked = time_of(message, "2024-12-08")
    assert asked is not None
    assert asked.period == period


@pytest.mark.parametrize(
    "message",
    [
        "What happened in Donetsk last year?",
        "What happened to him last year?",
        "What happened before last year?",
        "What happened in May Day?",
        "Who won last year?",
    ],
)
def test_what_happened_to_something_last_year_is_a_question(message: str) -> None:
    assert time_of(message, "2024-12-08") is None


def test_what_happened_last_year_is_told_by_the_documents_of_that_year(assistant: Assistant) -> None:
    answer = assistant.ask("Was geschah letztes Jahr?")
    assert (answer.kind, answer.period) == ("overview", "2022")
    assert all(citation.date.startswith("2022") for citation in answer.citations)


def test_what_happened_at_a_time_is_told_by_the_documents_of_that_date_in_their_order(assistant: Assistant) -> None:
    answer = assistant.ask("What happened in 2022?", explain=True)
    dates = [citation.date for citation in answer.citations]
    assert (answer.kind, answer.subject, answer.period) == ("overview", "2022", "2022")
    assert dates == sorted(dates) and all(date.startswith("2022") for date in dates)
    assert len({citation.document_id for citation in answer.citations}) == len(dates) > 3
    listed = assistant.store.documents(Filters(date_from="2022", date_to="2022"))
    assert answer.named_in == sum(document.date.startswith("2022") for document in listed)
    assert answer.explain is not None and f"{answer.named_in} are dated 2022" in answer.explain.verdict


def test_a_time_is_written_as_its_language_writes_it(assistant: Assistant) -> None:
    answer = assistant.ask("Что произошло в июле 2022 года?")
    assert answer.subject.split() == ["июль", "2022", "г."]
    assert {citation.date[:7] for citation in answer.citations} == {"2022-07"}


def test_what_happened_when_no_document_is_dated_so_is_a_question(assistant: Assistant) -> None:
    assert assistant.ask("What happened in 1811?").kind == "answer"


def test_filters_hold_for_what_happened(assistant: Assistant) -> None:
    answer = assistant.ask("What happened in 2022?", filters=Filters(languages=("ru",)))
    assert {citation.language for citation in answer.citations} == {"ru"}


def test_a_document_of_a_month_is_not_of_its_days(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    texts = {
        "month": "date 2022-09 ORVIK (AP) – The lighthouse of Sark was painted red on the last day of the month.",
        "day": "date 2022-09-03 ORVIK (AP) – The harbour of Verdan was closed because of a storm.",
    }
    with open_over(tmp_path, embeddings, texts, min_confidence=0.89) as assistant:  # so that the reader is silent
        day, other = (assistant.ask(f"What happened on {n} September 2022?") for n in (3, 4))
        month = assistant.ask("What happened in September 2022?")
        within = assistant.ask("What happened in September 2022?", filters=Filters(date_from="2022-09-02"))
    assert {citation.date for citation in day.citations} == {"2022-09-03"}
    assert other.kind == "answer"
    assert (month.kind, month.named_in) == ("overview", 2)
    assert (within.kind, {citation.date for citation in within.citations} >= {"2022-09-03"}) == ("overview", True)


def test_in_a_conversation_what_happened_is_told_where_nothing_else_is(assistant: Assistant) -> None:
    history = [Turn(role="user", text="Tell me about the ferry"), Turn(role="assistant", text="It sails to Molde. [1]")]
    assert assistant.ask("What happened in 2022?", history=history).answerable


def test_no_headline_stands_for_a_report(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    text = (
        "date 2022-09-03\nWho rules the harbour of Verdan now?\n\nORVIK (AP) – The harbour of Verdan closed on Friday."
    )
    with open_over(tmp_path, embeddings, {"report": text}) as assistant:
        [citation] = assistant.ask("What happened in September 2022?").citations
    assert citation.quote == "The harbour of Verdan closed on Friday."


def test_a_headline_that_was_asked_about_is_not_told_again(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    text = "date 2022-09-03\nVerdan closes its old harbour\n\nORVIK (AP) – A storm broke the mole of Verdan on Friday."
    with open_over(tmp_path, embeddings, {"report": text}) as assistant:
        answer = assistant.ask("What is said about “Verdan closes its old harbour”?")
    assert answer.kind == "overview"
    assert [citation.quote for citation in answer.citations] == ["A storm broke the mole of Verdan on Friday."]


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        ("What do the documents say about Kansas City?", "Kansas City"),
        ("news about TikTok", "TikTok"),
        ("What do the documents say about security, thank you", "security"),
        ("What do the documents say about Alexander the Great?", "Alexander the Great"),
        ("Que disent les documents sur Johnny Bravo ?", "Johnny Bravo"),
        ("Was sagen die Dokumente über Bangkok?", "Bangkok"),
        ("Türkei: Was sagen die Dokumente dazu?", "Türkei"),
        ("Corée du Nord : qu’en disent les documents ?", "Corée du Nord"),
        ("Что говорят документы про Владивосток?", "Владивосток"),
        ("¿Qué documentos hay sobre Vale?", "Vale"),
    ],
)
def test_no_end_of_a_subject_is_taken_for_thanks(message: str, subject: str) -> None:
    found = subject_of(message)
    assert found and found.text == subject


HAPPENED_THERE = {
    "What happened in Sorvelan?": "en",
    "What is going on in Sorvelan?": "en",
    "Que s'est-il passé à Sorvelan ?": "fr",
    "Que se passe-t-il à Sorvelan ?": "fr",
    "Was ist in Sorvelan passiert?": "de",
    "Was passiert in Sorvelan?": "de",
    "¿Qué pasó en Sorvelan?": "es",
    "¿Qué está pasando en Sorvelan?": "es",
    "Что произошло в Сорвелан?": "ru",
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """Over the same documents, one that hardly any sentence answers well enough."""
    folder = tmp_path_factory.mktemp("strict")
    with open_over(folder, embeddings, ARTICLES | LEAGUE, min_confidence=0.89) as assistant:
        yield assistant


@pytest.mark.parametrize(("message", "language"), HAPPENED_THERE.items())
def test_what_happened_somewhere_is_told_by_what_names_it_where_nothing_answers(
    strict: Assistant, message: str, language: str
) -> None:
    for history in ([], [Turn(role="user", text="What did the new engine of the ferry cost?")]):
        answer = strict.ask(message, history=history)
        assert (answer.kind, answer.language) == ("overview", language)
        assert answer.citations
        assert all("orvelan" in one.quote or "орвелан" in one.quote for one in answer.citations)


@pytest.mark.parametrize("message", ["What happened to Sorvelan?", "What happened at the Sorvelan?"])
def test_what_happened_to_something_is_told_of_it_by_its_name_alone(message: str) -> None:
    found = place_of(message)
    assert found and found.text == "Sorvelan"


def test_what_happened_somewhere_is_answered_where_a_sentence_does(assistant: Assistant) -> None:
    answer = assistant.ask("What happened in Hestfell?")
    assert answer.kind == "answer"
    assert "Hestfell" in answer.citations[0].quote


def test_what_happened_to_what_has_no_name_is_no_subject(strict: Assistant) -> None:
    for message in ("What happened in the port?", "What happened in Dorvania?"):
        answer = strict.ask(message)
        assert answer.kind == "answer"
        assert not answer.answerable


def test_what_happened_on_a_weekday_is_no_subject(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    articles = {
        "sailing": "date 2022-07 The ferry of Orvik did not sail on Friday. Its engine was being repaired in the yard."
    }
    with open_over(tmp_path, embeddings, articles, min_confidence=0.89) as assistant:
        assert assistant.ask("What happened in Orvik?").subject == "Orvik"
        assert assistant.ask("What happened on Friday?").kind == "answer"
