"""What one question costs beside its model: one transaction, and one reading of its text, by every door."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search import follow_up, query, subject
from askcorpus.types import Turn
from serving import QUESTION, real_assistant, serving

READERS = ("names_of", "names_and_figures", "read_period")
HISTORY = (Turn(role="user", text="What happened in Ostende?"), Turn(role="assistant", text="A storm came. [1]"))


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with real_assistant(tmp_path_factory.mktemp("real"), embeddings) as assistant:
        yield assistant


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Transactions begun, and calls of each function that reads a question's text."""
    counts: Counter[str] = Counter()

    def begun(_connection: sa.Connection) -> None:
        counts["transactions"] += 1

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            counts[name] += 1
            return function(*arguments, **options)

        return call

    for name in READERS:
        monkeypatch.setattr(query, name, counting(name, getattr(query, name)))
    sa.event.listen(sa.Engine, "begin", begun)
    yield counts
    sa.event.remove(sa.Engine, "begin", begun)


@pytest.mark.parametrize("history", [(), HISTORY], ids=["question", "follow-up"])
@pytest.mark.parametrize("door", ["library", "search", "HTTP"])
def test_a_question_takes_one_transaction_and_is_read_once(
    assistant: Assistant, counted: Counter[str], door: str, history: tuple[Turn, ...]
) -> None:
    if door == "library":
        assert assistant.ask(QUESTION, history=history).citations
    elif door == "search":
        assert assistant.search(QUESTION)
    else:
        with serving(assistant) as address:
            counted.clear()  # the page looked at the corpus when it was made
            body = {"question": QUESTION, "history": [turn.model_dump() for turn in history]}
            assert httpx.post(f"{address}/api/v1/ask", json=body, timeout=60).json()["citations"]

    assert counted.pop("transactions") == 1
    assert counted == dict.fromkeys(READERS, 1)


def test_nothing_else_reads_a_questions_text() -> None:
    """The functions that do are imported where the query is made, of this question or of the one before it, and nowhere
    else; but for the time of "What happened in July?", which stands for the question there and is told before there is
    a query."""
    homes = {Path(str(module.__file__)).resolve() for module in (query, subject, follow_up)}
    root = Path(__file__).parents[1]
    for path in [*root.glob("src/**/*.py"), *root.glob("ui/**/*.py"), *root.glob("ingest/**/*.py")]:
        if path.resolve() in homes or "verify" in path.parts or path.stem == "title_questions":
            continue  # texts and titles are no questions
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names}
        assert not imported & {*READERS}, path
