"""What an empty chat offers: questions as people ask them, in the reader's language, which the documents answer."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import read_settings
from askcorpus_ingest.pipeline import ingest
from askcorpus_ui.chat.first_questions import FirstQuestions
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.chat.tried_questions import Offer, TriedQuestions
from asking import READER
from scripted import ScriptedAssistant

Shelf = Callable[..., Assistant]

STORM = """date: 2024-03-01
The port of Orvik closed on Friday, and its ferries to Sark stayed away. Orvik had not seen such waves since 1987.
"""
COUNCIL = """date: 2024-03-09
The mayor of Orvik wants to build a higher wall. Orvik would pay for it until 2040, the council was told on Saturday.
"""


@pytest.fixture
def shelf(tmp_path: Path, embeddings: SentenceEmbeddings) -> Iterator[Shelf]:
    """What takes more documents in, each a file's name and text, and gives an assistant over all."""
    folder = tmp_path / "articles"
    folder.mkdir()
    settings = read_settings(data=tmp_path / "index")
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:

        def holding(**texts: str) -> Assistant:
            for name, text in texts.items():
                (folder / f"{name}.md").write_text(text, "utf-8")
            ingest([folder], assistant.store, embeddings, settings)
            return assistant

        yield holding


def found(first: FirstQuestions, language: str) -> list[str]:
    return first.found(strings_for(language), lambda: True)


def titled(title: str, told: str, language: str = "en") -> str:
    dated, text = told.split("\n", 1)
    return f"---\ntitle: {title}\nlanguage: {language}\n{dated}\n---\n{text}"


def test_names_of_several_documents_and_their_month_are_asked_about(shelf: Shelf) -> None:
    assistant = shelf(storm=titled("Waves close port of Orvik", STORM), wall=titled("A wall for Orvik", COUNCIL))
    questions = found(FirstQuestions((), TriedQuestions(assistant)), "en")
    assert questions[:2] == ["What do the documents say about Orvik?", "What happened in March 2024?"]
    assert all(assistant.ask(question).named_in == 2 for question in questions[:2])


@pytest.mark.parametrize("language", ["fr", "de", "es", "ar"])
def test_who_reads_another_language_than_the_documents_is_asked_in_theirs(shelf: Shelf, language: str) -> None:
    assistant = shelf(storm=titled("Waves close port of Orvik", STORM), wall=titled("A wall for Orvik", COUNCIL))
    strings = strings_for(language)
    assert found(FirstQuestions((), TriedQuestions(assistant)), language) == [
        strings.example_month.format(month=strings.date("2024-03"))
    ]


def test_what_a_text_begins_with_is_no_headline_to_ask_about(shelf: Shelf) -> None:
    assistant = shelf(storm=STORM.split("\n", 1)[1])
    assert found(FirstQuestions((), TriedQuestions(assistant)), "en") == []


def test_new_documents_are_looked_at_and_until_then_what_was_found_is_shown(shelf: Shelf) -> None:
    english = strings_for("en")
    assistant = shelf(storm=titled("Waves close port of Orvik", STORM))
    first = FirstQuestions((), TriedQuestions(assistant))
    before = found(first, "en")
    shelf(wall=titled("Who pays for the wall of Orvik?", COUNCIL))
    assert first.known(english) == before == ["What is said about “Waves close port of Orvik”?"]
    assert first.found(english, lambda: False) == before  # others ask
    assert found(first, "en")[0] == "Who pays for the wall of Orvik?"
    assert first.known(english) == found(first, "en")


def test_threads_that_try_questions_lose_no_answer_to_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is forgotten all at once, also between what one of them remembers and what it tells."""
    monkeypatch.setattr("askcorpus_ui.chat.tried_questions._REMEMBERED", 1)
    tried = TriedQuestions(cast(Assistant, ScriptedAssistant()))

    def answered(thread: int) -> list[bool]:
        return [tried.is_answered(Offer(f"Question {thread} of {number}?"), "en") for number in range(2000)]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert [len(found) for found in threads.map(answered, range(4))] == [2000] * 4
    finally:
        sys.setswitchinterval(before)
