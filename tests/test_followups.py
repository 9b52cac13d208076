"""A question that stands alone is not harmed by what was said before it (all of 52: ``bench/followups.py``), and one
that only names another country, name or time is the question before with that in its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.search.follow_up import spelled_out
from askcorpus.search.query import conversation_language
from askcorpus.settings import Settings
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
)

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


@pytest.mark.parametrize(("before", "question", "holds"), ANSWERED)
def test_it_is_answered_of_what_it_names(assistant: Assistant, before: str, question: str, holds: str) -> None:
    said = [Turn(role="user", text=before), Turn(role="assistant", text=assistant.ask(before).answer)]
    answer = assistant.ask(question, history=said)
    assert answer.answerable == bool(holds)
    assert holds in (answer.citations[0].quote if answer.citations else "")
    assert answer.standalone_question == meant(question, before)
