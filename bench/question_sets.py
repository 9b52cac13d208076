"""The question sets for measurements: a folder each, with ``corpus.jsonl`` and ``questions.jsonl``.

Indexes, and what the reader read, are kept in a work folder, where all programs of this folder find them again.
"""

import pickle
import random
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from askcorpus.answer.reader import Reader, ReadPassage
from askcorpus.assistant import Assistant, open_assistant
from askcorpus.settings import read_settings
from askcorpus_eval.questions import Question, read_questions
from askcorpus_ingest.pipeline import ingest


def set_folders(sets: Path, only: Sequence[str] | None = None) -> list[Path]:
    """The folders of the sets, or of those that are named, in alphabetical order."""
    found = sorted(path.parent for path in sets.glob("*/questions.jsonl"))
    return [folder for folder in found if not only or folder.name in only]


def sample(folder: Path, most: int) -> list[Question]:
    """Questions whose answerability is known, the same ones every time."""
    questions = [q for q in read_questions(folder / "questions.jsonl").questions if q.answerable is not None]
    return random.Random(0).sample(questions, most) if len(questions) > most else questions


@contextmanager
def opened(folder: Path, work: Path, **changed: Any) -> Iterator[Assistant]:
    """An assistant over the corpus of a set, with some settings ``changed``."""
    settings = read_settings(data=work / folder.name, **changed)
    with closing(open_assistant(settings)) as assistant:
        ingest([folder / "corpus.jsonl"], assistant.store, assistant.embeddings, settings)
        yield assistant


class RememberingReader(Reader):
    """A reader that keeps what it read in the set of a name in the work folder."""

    def __init__(self, work: Path, name: str) -> None:
        super().__init__()
        self._file = work / f"{name}.reads"
        kept = self._file.exists()
        self._known: dict[tuple[str, str], ReadPassage] = pickle.loads(self._file.read_bytes()) if kept else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.write_bytes(pickle.dumps(self._known))

    def read(self, question: str, passages: Sequence[str]) -> list[ReadPassage]:
        """As the reader does, but each pair once."""
        new = [passage for passage in passages if (question, passage) not in self._known]
        self._known |= {(question, text): read for text, read in zip(new, super().read(question, new), strict=True)}
        return [self._known[question, passage] for passage in passages]
