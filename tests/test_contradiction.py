"""Sources that contradict each other are both quoted, with their dates; sources that only stand close are not set
against each other."""

from collections.abc import Iterator

import pytest

from askcorpus.answer.denials import denies
from askcorpus.answer.phrases import documents_differ
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from asking import open_over

DISAGREE = [
    (
        "Where was the treaty of Ormby signed?",
        "The treaty of Ormby was signed in Lviv on Monday, the ministry said.",
        "The treaty of Ormby was signed in Lyon on Monday, a paper wrote.",
    ),
    (
        "Who won the regatta of Lunmark?",
        "Maria won the regatta of Lunmark, the club said.",
        "Mario won the regatta of Lunmark, a paper wrote.",
    ),
    (
        "Which country bought the dockyard of Gorland?",
        "The United States bought the dockyard of Gorland, the seller said.",
        "The United Kingdom bought the dockyard of Gorland, a union said.",
    ),
    (
        "Which country fired at the trawler of Kelm?",
        "North Korea fired at the trawler of Kelm, its owner said.",
        "South Korea fired at the trawler of Kelm, sailors said.",
    ),
    (
        "Combien de manifestants à Lyon ?",
        "La préfecture a compté 8 000 manifestants à Lyon samedi.",
        "Selon les organisateurs, 25 000 personnes ont défilé à Lyon.",
    ),
    (
        "How many people died in the ferry fire?",
        "12 people died in the ferry fire off Molde on Monday, police said.",
        "At least 15 people were killed when a ferry caught fire near Molde.",
    ),
    (
        "Did Norland withdraw its troops?",
        "Norland has withdrawn its troops from the border, its defence ministry said.",
        "Norland denied that it had withdrawn any troops from the border.",
    ),
    (
        "La centrale de Varno a-t-elle été touchée ?",
        "La centrale de Varno a été touchée par un tir, affirme l'exploitant.",
        "Le gouvernement dément que la centrale de Varno ait été touchée.",
    ),
    (
        "Was the plant of Hovik hit?",
        "The plant of Hovik was hit by a shell on Friday, its operator said.",
        "The government denied that the plant of Hovik had been hit.",
    ),
    (
        "Is the museum of Fjordby open on Sundays?",
        "The museum of Fjordby is open on Sundays, its director said.",
        "The museum of Fjordby is not open on Sundays, the town says.",
    ),
    (
        "Who won the presidential election in Arland?",
        "Maria Toth won the presidential election in Arland with 52% of the vote.",
        "The opposition says its candidate Ivan Berg won the presidential election in Arland.",
    ),
    (
        "Wie hoch ist der Schaden durch den Sturm?",
        "Der Sturm richtete in Basel einen Schaden von 3 Millionen Franken an.",
        "Nach Angaben der Versicherung beläuft sich der Sturmschaden in Basel auf 7 Millionen Franken.",
    ),
    (
        "What was the inflation rate in Estland in March?",
        "Inflation in Estland was 7.4 percent in March, the bank said.",
        "The statistics office put March inflation in Estland at 8.1 percent.",
    ),
    (
        "How many people died in the earthquake in Turkey?",
        "The president put the number of dead of the earthquake in Turkey at 3,549.",
        "Le bilan du séisme est désormais de 44 218 morts en Turquie.",
    ),
    (
        "Wie viele Flüchtlinge hat Polen aufgenommen?",
        "Polen hat nach Angaben der Regierung 950 000 Flüchtlinge aufgenommen.",
        "Poland has taken in 1.4 million refugees, the agency said.",
    ),
    (
        "Combien a coûté le stade de Kristel ?",
        "Le stade de Kristel a coûté 120 millions d'euros.",
        "Стадион в Кристеле обошёлся в 165 миллионов евро.",
    ),
    (
        "When did the Tolvik tunnel open?",
        "The Tolvik tunnel was opened on 3 June 2019.",
        "Der Tolvik-Tunnel wurde am 17. September 2020 eröffnet.",
    ),
]
AGREE = [
    (
        "Where was the pact of Varenholm signed?",
        "The pact of Varenholm was signed in Kiev on Monday, a paper wrote.",
        "The pact of Varenholm was signed in Kyiv on Monday, the ministry said.",
    ),
    (
        "Où l'accord de Silmar a-t-il été signé ?",
        "L'accord de Silmar a été signé à Yangon lundi, selon un journal.",
        "L'accord de Silmar a été signé à Rangoun lundi, a dit le ministère.",
    ),
    (
        "Which body called the fever of Ostrava an emergency?",
        "The World Health Organization called the fever of Ostrava an emergency, its head said.",
        "WHO called the fever of Ostrava an emergency on Friday.",
    ),
    (
        "Who opened the fair of Brunsee?",
        "President Emmanuel Macron opened the fair of Brunsee with a speech.",
        "Emmanuel Macron of France opened the fair of Brunsee on Monday.",
    ),
    (
        "Which country bought the shipyard of Torvald?",
        "The United States bought the shipyard of Torvald, the seller said.",
        "America bought the shipyard of Torvald, a union said.",
    ),
    (
        "Who hosts the summit of Sandholm?",
        "The Netherlands hosts the summit of Sandholm, the organisers said.",
        "Holland hosts the summit of Sandholm in June.",
    ),
    (
        "Which country left the pact of Oravia?",
        "Myanmar left the pact of Oravia, its envoy said.",
        "Burma left the pact of Oravia on Friday.",
    ),
    (
        "Did the minister of Sund resign?",
        "The minister of Sund resigned on Tuesday.",
        "The minister of Sund denied that she had taken money from a shipyard.",
    ),
    (
        "When will the bridge reopen?",
        "The bridge of Kerlouan will reopen on 3 May, the mayor announced.",
        "The bridge was closed on 14 January after cracks had been found.",
    ),
    (
        "When was Victor Hugo born?",
        "Victor Hugo was born on 26 February 1802 in Besançon.",
        "Victor Hugo died in Paris on 22 May 1885.",
    ),
    (
        "How many people died in the ferry fire?",
        "12 people died in the ferry fire off Molde on Monday, police said.",
        "The ferry was carrying 230 passengers and 18 crew when the fire broke out.",
    ),
    (
        "Combien de manifestants à Lyon ?",
        "La préfecture a compté 8 000 manifestants à Lyon samedi.",
        "A Marseille, 12 000 personnes ont manifesté samedi.",
    ),
    (
        "What was the inflation rate in Estland in March?",
        "Inflation in Estland was 7.4 percent in March, the bank said.",
        "Inflation in Estland was 6.9 percent in February.",
    ),
    (
        "Who won the presidential election in Arland?",
        "Maria Toth won the presidential election in Arland with 52% of the vote.",
        "Ivan Berg, the opposition's candidate, conceded defeat in Arland.",
    ),
    (
        "How many people died in the floods in Portugal?",
        "The floods in Portugal have left 14 people dead.",
        "Les inondations ont fait 31 morts en Espagne.",
    ),
    (
        "Wie hoch ist der Turm von Aldern?",
        "Der Turm von Aldern ist 84 Meter hoch.",
        "The tower of Aldern was built in 1911.",
    ),
    (
        "Combien de passagers le ferry de Sundby transportait-il ?",
        "Le ferry de Sundby transportait 210 passagers.",
        "Die Fähre von Sundby ist 95 Meter lang und wurde 1998 gebaut.",
    ),
    (
        "When did the Morvik mine close?",
        "The Morvik mine was closed in 1987.",
        "La mine de Morvik employait 640 personnes en 1975.",
    ),
]
FIRST, SECOND = "2022-03-01", "2022-03-05"


def corpus(pairs: list[tuple[str, str, str]]) -> dict[str, str]:
    """One article a sentence: the first of each pair dated on the 1st, the second on the 5th."""
    return {
        f"{kind}{number}": f"date {date} {text}"
        for number, (_, *texts) in enumerate(pairs)
        for kind, date, text in zip(("one", "other"), (FIRST, SECOND), texts, strict=True)
    }


@pytest.fixture(scope="module")
def disagreeing(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("disagree"), embeddings, corpus(DISAGREE)) as assistant:
        yield assistant


@pytest.fixture(scope="module")
def agreeing(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("agree"), embeddings, corpus(AGREE)) as assistant:
        yield assistant


@pytest.mark.parametrize(("question", "one", "other"), DISAGREE)
def test_both_sides_are_quoted_with_their_dates(disagreeing: Assistant, question: str, one: str, other: str) -> None:
    answer = disagreeing.ask(question)
    assert answer.sources_differ
    assert {citation.quote for citation in answer.citations} == {one, other}
    head, *lines = answer.answer.splitlines()
    assert head == documents_differ(answer.language)
    dates = {one: FIRST, other: SECOND}
    assert [dates[citation.quote] for citation in answer.citations] == [SECOND, FIRST], "the newest first"
    assert lines == [f"- {dates[c.quote]}: {c.quote} [{c.marker}]" for c in answer.citations]
    assert answer.unsupported == ()
    assert all(answer.answer[c.answer_start : c.answer_end] == f"[{c.marker}]" for c in answer.citations)


@pytest.mark.parametrize(
    "question",
    [f"How many people died in the ferry fire on {FIRST}?", f"Who won the regatta of Lunmark on {FIRST}?"],
)
def test_of_a_day_that_is_named_the_newest_is_not_the_first(disagreeing: Assistant, question: str) -> None:
    answer = disagreeing.ask(question)
    assert answer.sources_differ
    assert [citation.date for citation in answer.citations] == [FIRST, SECOND]


@pytest.mark.parametrize(("question", "one", "other"), AGREE)
def test_what_only_stands_close_is_no_contradiction(
    agreeing: Assistant,
    question: str,
    one: str,
    other: str,  # noqa: ARG001  the other document says it
) -> None:
    answer = agreeing.ask(question)
    assert not answer.sources_differ
    assert answer.citations[0].quote == one
    assert documents_differ(answer.language) not in answer.answer


@pytest.mark.parametrize(
    ("language", "claim", "denial"),
    [
        ("en", "The plant was hit.", "The plant wasn't hit."),
        ("en", "The plant was hit.", "The ministry denied that the plant was hit."),
        ("fr", "Il a démissionné en mai.", "Il n’a pas démissionné."),
        ("fr", "La ministre a signé.", "La ministre dément avoir signé."),
        ("de", "Er hat im Mai unterschrieben.", "Er hat nicht unterschrieben."),
        ("es", "El puente está abierto.", "El puente no está abierto."),
        ("nl", "De brug is nu open.", "De brug is niet open."),
        ("ru", "Мост открыт.", "Власти опровергли, что мост открыт."),
        ("zh", "大桥已经开放。", "官员否认大桥已经开放。"),
        ("ar", "الجسر مفتوح", "نفى الوزير أن الجسر مفتوح"),
        ("", "The plant was hit.", "Die Anlage wurde nicht getroffen."),
    ],
)
def test_a_denial_is_told_from_a_claim(language: str, claim: str, denial: str) -> None:
    assert denies(denial, language) and not denies(claim, language)
