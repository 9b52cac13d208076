"""A question that stands alone is not harmed by what was said before it. All of 52: ``bench/followups.py``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
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
