"""A question that stands alone is not harmed by what was said before it (all of 52: ``bench/followups.py``), and one
that only names another country, name or time is the question before with that in its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import regex

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.search.follow_up import spelled_out
from askcorpus.search.query import conversation_language
from askcorpus.search.subject import another_of
from askcorpus.settings import Settings
from askcorpus.text.lexicon import languages
from askcorpus.types import Turn
from askcorpus_ingest.pipeline import ingest
from asking import READER

CORPUS = Path(__file__).parents[1] / "corpus"

SUBJECTS = (
    "When did Syria recognise Donetsk and Luhansk?",
    "Qui a reçu le prix Nobel de physique en 2022 ?",
    "Why did Turkey hold up Sweden’s accession to NATO?",
    "Who is the president of Germany?",
)
"""Questions on four subjects; the corpus says nothing of the last."""

EXCHANGED = (
    ("How many people died in Turkey?", "And in Syria?", "How many people died in Syria?"),
    ("How many people died in Turkey?", "What about Syria?", "How many people died in Syria?"),
    ("How many died in the US?", "And in the Netherlands?", "How many died in the Netherlands?"),
    ("Combien de morts en Turquie ?", "Et en Syrie ?", "Combien de morts en Syrie ?"),
    ("Combien de morts en Turquie ?", "Et qu’en est-il de l'Iran ?", "Combien de morts en Iran ?"),
    ("Wie viele starben in der Türkei?", "Und was ist mit dem Iran?", "Wie viele starben in der Iran?"),
    ("¿Cuántas personas murieron en Turquía?", "¿Y en Siria?", "¿Cuántas personas murieron en Siria?"),
    ("Quantas pessoas morreram na Turquia?", "E na Síria?", "Quantas pessoas morreram na Síria?"),
    ("Quante persone sono morte in Turchia?", "E in Siria?", "Quante persone sono morte in Siria?"),
    ("Hoeveel mensen stierven in Turkije?", "En in Syrië?", "Hoeveel mensen stierven in Syrië?"),
    ("Ile osób zginęło w Turcji?", "A w Syrii?", "Ile osób zginęło w Syrii?"),
    ("Сколько человек погибло в Турции?", "А в Сирии?", "Сколько человек погибло в Сирии?"),
    ("Скільки людей загинуло в Туреччині?", "А в Сирії?", "Скільки людей загинуло в Сирії?"),
    ("Πόσοι πέθαναν στην Τουρκία;", "Και στη Συρία;", "Πόσοι πέθαναν στην Συρία;"),
    ("Türkiye'de kaç kişi öldü?", "Peki ya Suriye'de?", "Suriye'de kaç kişi öldü?"),
    ("كم عدد القتلى في تركيا؟", "وماذا عن سوريا؟", "كم عدد القتلى في سوريا؟"),
    ("چند نفر در ترکیه کشته شدند؟", "در سوریه چطور؟", "چند نفر در سوریه کشته شدند؟"),
    ("तुर्की में कितने लोग मारे गए?", "और सीरिया में?", "सीरिया में कितने लोग मारे गए?"),
    ("トルコで何人が亡くなりましたか？", "シリアでは？", "シリアで何人が亡くなりましたか？"),
    ("土耳其有多少人死亡？", "叙利亚呢？", "叙利亚有多少人死亡？"),
    ("มีผู้เสียชีวิตในตุรกีกี่คน", "แล้วซีเรียล่ะ", "มีผู้เสียชีวิตในซีเรียกี่คน"),
    ("Có bao nhiêu người chết ở Thổ Nhĩ Kỳ?", "Còn ở Syria thì sao?", "Có bao nhiêu người chết ở Syria?"),
    ("Berapa orang tewas di Turki?", "Bagaimana dengan Suriah?", "Berapa orang tewas di Suriah?"),
    ("How much was stolen in 2020?", "And in 2021?", "How much was stolen in 2021?"),
    ("Сколько человек погибло в 2020 году?", "А в 2021 году?", "Сколько человек погибло в 2021 году?"),
    ("Скільки людей загинуло у 2020 році?", "А у 2021 році?", "Скільки людей загинуло у 2021 році?"),
    ("كم عدد القتلى في عام 2020؟", "وفي عام 2021؟", "كم عدد القتلى في عام 2021؟"),
    ("Wie viele starben 2020?", "Und im Jahr 2021?", "Wie viele starben 2021?"),
    ("How many visitors came in June?", "And in July?", "How many visitors came in July?"),
    ("Who is the sister of Leyla Aksoy?", "And of Juan Perez?", "Who is the sister of Juan Perez?"),
    ("When did Syria recognise Donetsk?", "And North Korea?", "When did North Korea recognise Donetsk?"),
    ("When did Syria recognise Donetsk?", "And Luhansk?", "When did Syria recognise Luhansk?"),
    ("How many people died in Turkey?", "Et en Syrie ?", "How many people died in Syrie?"),
    ("How many people died in Turkey?", "Same for Syria, please?", "How many people died in Syria?"),
    ("How many people died in Turkey?", "And also in Syria?", "How many people died in Syria?"),
    ("Combien de morts en Turquie ?", "Et d'Iran ?", "Combien de morts en Iran ?"),
    ("Combien de morts en Turquie ?", "Même question pour la Syrie", "Combien de morts en Syrie ?"),
    ("Wie viele starben in der Türkei?", "Und wie sieht es im Iran aus?", "Wie viele starben in der Iran?"),
    ("¿Cuántas personas murieron en Turquía?", "¿Qué hay de Siria?", "¿Cuántas personas murieron en Siria?"),
    ("Ilu ludzi zginęło w Turcji?", "A jak w Syrii?", "Ilu ludzi zginęło w Syrii?"),
    ("Kolik lidí zemřelo v Turecku?", "A co Sýrie?", "Kolik lidí zemřelo v Sýrie?"),
    ("土耳其有多少人死亡？", "那么叙利亚呢？", "叙利亚有多少人死亡？"),
    ("Hányan haltak meg Szíriában?", "Na és Iránban?", "Hányan haltak meg Iránban?"),
    ("Berapa orang tewas di Turki?", "Dan di Suriah?", "Berapa orang tewas di Suriah?"),
)

STANDING = (
    ("How many people died in Turkey?", "What happened in Syria?|What is Syria?|And who is the president of Syria?"),
    ("Wie viele starben in der Türkei?", "Wie ist es in Syrien?|Was ist in Syrien passiert?|Was ist in Syrien?"),
    ("Combien de morts en Turquie ?", "Que se passe-t-il en Syrie ?|Où est la Syrie ?|Et qui gouverne la Syrie ?"),
    ("¿Cuántas personas murieron en Turquía?", "¿Qué pasa en Siria?|¿Qué pasó en Siria?|¿Qué hay en Siria?"),
    ("Quante persone sono morte in Turchia?", "Cosa succede in Siria?|Dove si trova la Siria?"),
    ("Quantas pessoas morreram na Turquia?", "O que acontece na Síria?|Como é a Síria?|Como foi na Síria?"),
    ("Hoeveel mensen stierven in Turkije?", "Wat is er met Syrië?|Hoe is het in Syrië?|Hoe staat het met Syrië?"),
    ("Сколько человек погибло в Турции?", "Что в Сирии?|Как в Сирии?"),
    ("Скільки людей загинуло в Туреччині?", "Що в Сирії?|Як у Сирії?"),
    ("Ilu ludzi zginęło w Turcji?", "Jak jest w Syrii?|Co jest w Syrii?"),
    ("Kolik lidí zemřelo v Turecku?", "Co je v Sýrii?|Jak je v Sýrii?"),
    ("Hur många dog i Turkiet?", "Hur är det i Syrien?"),
    ("Hvor mange døde i Tyrkiet?", "Hvordan er det i Syrien?"),
    (
        "How many people died in Turkey?",
        "Mis on Süüria?|Kuidas on Süüria?|Kas yra Sirija?|Kas ir Sīrija?|Kā ir Sīrija?",
    ),
    ("Câți oameni au murit în Turcia?", "Ce este în Siria?|Cum e în Siria?|Ce se întâmplă în Siria?"),
    ("Hányan haltak meg Szíriában?", "Mi van Iránban?|Mi a helyzet Iránban?"),
    ("Berapa orang tewas di Turki?", "Apa kabar Suriah?|Apa Suriah?"),
    ("Türkiye'de kaç kişi öldü?", "Suriye nasıl?|Suriye ne durumda?|Suriye nerede?"),
    ("Πόσοι πέθαναν στην Τουρκία;", "Πώς είναι η Συρία;|Τι ισχύει στη Συρία;"),
    ("तुर्की में कितने लोग मारे गए?", "सीरिया के बारे में|सीरिया कैसा?"),
    ("كم عدد القتلى في تركيا؟", "ماذا في سوريا؟|ماذا حدث في سوريا؟"),
)
"""Questions of their own, however short, though they name a country as the one before does."""

ANSWERED = (
    ("How many people died in Turkey?", "And in Syria?", "Syri"),
    ("Combien de morts en Turquie ?", "Et en Syrie ?", "Syri"),
    ("When did Syria recognise Donetsk?", "And Russia?", "21 February 2022"),
    ("When did North Korea recognise Donetsk?", "What about Syria?", "29 juin"),
    ("Quand la Finlande a-t-elle rejoint l'Otan ?", "Et la Suède ?", "7 mars"),
    ("土耳其有多少人死亡？", "叙利亚呢？", "Syri"),
    ("When did Croatia adopt the euro?", "And Germany?", ""),
    ("When did Finland join NATO?", "And Ukraine?", ""),
)
"""What the first sentence of the answer over the sample corpus holds; nothing where the corpus does not say."""

LEFT = (
    ("How many people died in Turkey?", "What did Mali say?"),
    ("How many people died in Turkey?", "And in Mali, who won?"),
    ("How many people died in Turkey?", "And the injured?"),
    ("How many people died in Turkey?", "And in 2021?"),
    ("How many people died in Turkey?", "And who won?"),
    ("How many people died?", "And in Syria?"),
    ("Which states recognized Donetsk?", "And Syria?"),
    ("Did Turkey attack Syria?", "And Iran?"),
    ("Is Turkey larger than Turkey was?", "And Iran?"),
    ("Wie viele starben in der Türkei?", "Und wer gewann in Mali?"),
    ("What did Turkey say?", "And about Syria?"),
    ("Who wrote “Letters from Iran”?", "And from Syria?"),
    ("How many joined the march in Paris?", "And in July?"),
    ("What may happen to it?", "And in July?"),
)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    settings = Settings(data=tmp_path_factory.mktemp("followups") / "data")
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
        ingest([CORPUS / "articles"], assistant.store, embeddings, settings)
        yield assistant


def test_what_leans_on_the_question_before_says_so(assistant: Assistant) -> None:
    before = assistant.ask(SUBJECTS[0])
    said = [Turn(role="user", text=before.question), Turn(role="assistant", text=before.answer)]
    answer = assistant.ask("And when did North Korea?", history=said)
    assert SUBJECTS[0] in answer.standalone_question


def test_what_stands_alone_is_answered_alike_after_two_other_subjects(assistant: Assistant) -> None:
    alone = [assistant.ask(question) for question in SUBJECTS]
    for place, answer in enumerate(alone):
        before = [alone[(place + step) % len(alone)] for step in (1, 2)]
        said = [(Turn(role="user", text=one.question), Turn(role="assistant", text=one.answer)) for one in before]
        after = assistant.ask(answer.question, history=[turn for turns in said for turn in turns])
        assert after.answerable == answer.answerable, answer.question
        assert [one.quote for one in after.citations] == [one.quote for one in answer.citations], answer.question
        if answer.answerable:
            assert after.standalone_question == answer.question, "it is not said to be read in a context"
    assert [answer.answerable for answer in alone] == [True, True, True, False]


def meant(question: str, *before: str) -> str | None:
    history = [Turn(role="user", text=one) for one in before]
    return spelled_out(question, before, conversation_language(history, "", question))


@pytest.mark.parametrize(("before", "question", "spelled"), EXCHANGED)
def test_what_is_named_stands_in_the_place_of_its_like(before: str, question: str, spelled: str) -> None:
    assert meant(question, before) == spelled


@pytest.mark.parametrize(("before", "question"), LEFT)
def test_what_says_more_or_has_no_plain_place_is_left(before: str, question: str) -> None:
    assert meant(question, before) is None


def test_one_follow_up_leans_on_another() -> None:
    asked = ("How many people died in Turkey?", "And in Syria?", "And in 2021?")
    assert meant("And Lebanon?", *asked[:2]) == "How many people died in Lebanon?"
    assert meant("And Lebanon?", *asked) is None, "the last one asks of no country"
    assert meant("And Lebanon?") is None
    assert meant("And in Lebanon?", "How many died?", "And in the UK?") is None, "nobody knows what of the UK"


@pytest.mark.parametrize(("before", "questions"), STANDING)
def test_a_question_of_its_own_is_none(before: str, questions: str) -> None:
    assert [meant(question, before) for question in questions.split("|")] == [None] * len(questions.split("|"))


@pytest.mark.parametrize("code", sorted(languages()))
def test_no_phrase_hides_another(code: str) -> None:
    """What a message names is what the first phrase that fits makes of it."""
    for phrase in languages()[code].overview.another:
        for said in spelled(phrase):
            message = " ".join(said.replace("SUBJECT", "Zzyx").split())
            assert ("Zzyx", code) in another_of(message, code), message


def spelled(phrase: str) -> list[str]:
    """All that a phrase stands for."""
    if not (found := regex.search(r"\(([^()\[\]]+)\)|\[([^()\[\]]+)\]", phrase)):
        return [phrase]
    one_of = (found[1] or f"{found[2]}|").split("|")
    return [said for one in one_of for said in spelled(phrase[: found.start()] + one + phrase[found.end() :])]


@pytest.mark.parametrize(("before", "question", "holds"), ANSWERED)
def test_it_is_answered_of_what_it_names(assistant: Assistant, before: str, question: str, holds: str) -> None:
    said = [Turn(role="user", text=before), Turn(role="assistant", text=assistant.ask(before).answer)]
    answer = assistant.ask(question, history=said)
    assert answer.answerable == bool(holds)
    assert holds in (answer.citations[0].quote if answer.citations else "")
    assert answer.standalone_question == meant(question, before)


def test_it_is_answered_as_if_it_were_asked_in_full(assistant: Assistant) -> None:
    before = "Who got the Fields Medal in physics in 2021?"
    said = [Turn(role="user", text=before), Turn(role="assistant", text=assistant.ask(before).answer)]
    after, alone = assistant.ask("And in 2022?", history=said), assistant.ask(before.replace("2021", "2022"))
    assert (after.confidence, after.answer) == (alone.confidence, alone.answer)
    assert after.missing_names == alone.missing_names == ("Fields Medal",), "the Nobel Prize is another one"
