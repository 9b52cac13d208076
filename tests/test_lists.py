"""Questions with several answers: all the names, each in its own sentence; one answer stays one."""

from collections.abc import Iterator

import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.types import Answer
from asking import ARTICLES, open_over

REPORTS = {
    "face-1": "Marit Dahl was the first to climb the north face of Hestfell, in 1961. She used a rope of hemp.",
    "face-2": "Tomas Reber climbed the north face of Hestfell alone in 1984. It took him two days, and he lost a boot.",
    "face-3": "In 2003 the Japanese mountaineer Aiko Mori reached the top of Hestfell by its north face.",
    "face-4": "Seule femme à l’avoir fait avant elle, Marit Dahl avait gravi la face nord du Hestfell en 1961.",
    "goles-1": "Iker Salas marcó el primer gol del Montalbo contra el Rubiales. El portero no vio llegar el balón.",
    "goles-2": "El segundo gol del Montalbo contra el Rubiales lo marcó Nuno Prado de cabeza.",
    "goles-3": "Beñat Otxoa cerró el marcador del Montalbo ante el Rubiales con un gol de penalti.",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("lists"), embeddings, ARTICLES | REPORTS) as assistant:
        yield assistant


def quoted(answer: Answer) -> list[str]:
    return [citation.quote for citation in answer.citations]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who has climbed the north face of Hestfell?", ["Marit Dahl", "Tomas Reber", "Aiko Mori"]),
        ("¿Quiénes marcaron los goles del Montalbo contra el Rubiales?", ["Iker Salas", "Nuno Prado", "Beñat Otxoa"]),
    ],
)
def test_every_name_is_quoted_once_in_a_whole_sentence_of_its_own(
    assistant: Assistant, question: str, names: list[str]
) -> None:
    answer = assistant.ask(question)
    assert [sum(name in quote for quote in quoted(answer)) for name in names] == [1] * len(names)
    assert len(answer.citations) == len(names), "and no name again in other words"
    assert not answer.sources_differ, "several answers are no contradiction"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who climbed the north face of Hestfell alone in 1984?", "Tomas Reber"),
        ("When did Marit Dahl climb Hestfell?", "1961"),
        ("Who is the captain of the ferry to Molde?", "Ingrid Solberg"),
        ("When does the ferry to Molde sail again?", "Tuesday"),
    ],
)
def test_one_answer_stays_one(assistant: Assistant, question: str, said: str) -> None:
    (quote,) = quoted(assistant.ask(question))
    assert said in quote
