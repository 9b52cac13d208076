"""askcorpus as parts of another LangChain application, unchanged."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run

from askcorpus.assistant import Assistant
from askcorpus.client import Client
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError, UsageError
from askcorpus.index.opening import open_index
from askcorpus.langchain_adapters import AssistantRunnable, CorpusRetriever
from askcorpus.settings import Settings
from askcorpus.types import Filters, Turn
from askcorpus_ingest.pipeline import ingest
from asking import READER
from chat_model import ScriptedChatModel
from scripted import ScriptedAssistant
from serving import serving

ARTICLES = {
    "donetsk": "North Korea recognised Donetsk and Luhansk in July 2022. Before it, only Russia and Syria had done so.",
    "pont": "Le pont de Kerlouan a rouvert lundi après deux ans de travaux. Le maire a coupé le ruban à midi.",
    "harbour": "The harbour of Larvik was dredged in 2021. Forty ships a day call there since the works ended.",
    "lion": "The zoo of Basel has a new lion named Radja. Visitors may see him every morning from eight o'clock.",
}
QUESTION = "Which states recognised Donetsk?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("chain")
    articles = folder / "articles"
    articles.mkdir()
    for name, text in ARTICLES.items():
        (articles / f"{name}.txt").write_text(f"date 2022-09 {text}\n", encoding="utf-8")
    settings = Settings(data=folder / "data", min_confidence=0.0)
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
        assert ingest([Path(articles)], assistant.store, embeddings, settings).added == len(ARTICLES)
        yield assistant


class Recorder(BaseTracer):
    """Keeps the finished top-level runs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self.runs.append(run)


def test_the_retriever_gives_langchain_documents_that_can_be_placed(assistant: Assistant) -> None:
    documents = CorpusRetriever(assistant=assistant, top_k=2).invoke(QUESTION)
    assert len(documents) == 2
    best = documents[0]
    whole = assistant.store.document(best.metadata["document_id"])
    assert whole is not None
    assert whole.text[best.metadata["start"] : best.metadata["end"]] == best.page_content
    assert "Donetsk" in best.page_content
    assert best.id in assistant.store.hits([str(best.id)])
    assert best.metadata["scores"]["dense"] > documents[1].metadata["scores"]["dense"]


def test_the_retriever_passes_filters_on(assistant: Assistant) -> None:
    found = CorpusRetriever(assistant=assistant, filters=Filters(languages=("fr",))).invoke(QUESTION)
    assert {document.metadata["language"] for document in found} == {"fr"}


def test_the_retriever_works_in_batches_and_asynchronously(assistant: Assistant) -> None:
    retriever = CorpusRetriever(assistant=assistant, top_k=1)
    both = retriever.batch([QUESTION, "Quand le pont a-t-il rouvert ?"])
    assert ["Donetsk" in both[0][0].page_content, "pont" in both[1][0].page_content] == [True, True]
    assert asyncio.run(retriever.ainvoke(QUESTION)) == both[0]


def test_another_application_builds_its_own_chain_on_the_retriever(assistant: Assistant) -> None:
    model = ScriptedChatModel().queue("North Korea, Russia and Syria.")

    def texts(documents: list[Document]) -> str:
        return "\n".join(document.page_content for document in documents)

    chain = (
        {
            "context": CorpusRetriever(assistant=assistant, top_k=1) | RunnableLambda(texts),
            "question": RunnablePassthrough(),
        }
        | ChatPromptTemplate.from_template("{context}\n\n{question}")
        | model
        | StrOutputParser()
    )
    assert chain.invoke(QUESTION) == "North Korea, Russia and Syria."
    assert "only Russia and Syria had done so" in model.received[0][0].text


def test_the_runnable_gives_the_answer_that_the_assistant_gives(assistant: Assistant) -> None:
    answer = AssistantRunnable(assistant).invoke(QUESTION)
    expected = assistant.ask(QUESTION).model_dump(mode="json")
    varying = {"id", "timings_ms"}
    assert {k: v for k, v in answer.items() if k not in varying} == {
        k: v for k, v in expected.items() if k not in varying
    }
    assert answer["citations"]


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([HumanMessage(QUESTION), AIMessage("North Korea did.")], id="LangChain messages"),
        pytest.param([Turn(role="user", text=QUESTION), Turn(role="assistant", text="North Korea did.")], id="turns"),
        pytest.param([{"role": "user", "text": QUESTION}, {"role": "assistant", "text": "It did."}], id="mappings"),
    ],
)
def test_the_runnable_takes_history_and_options(assistant: Assistant, history: list[Any]) -> None:
    answer = AssistantRunnable(assistant).invoke(
        {
            "question": "When did it do so?",
            "history": history,
            "filters": {"languages": ["en"]},
            "top_k": 1,
            "conversation_id": "c1",
        }
    )
    assert answer["conversation_id"] == "c1"
    assert answer["filters"]["languages"] == ["en"]
    assert ["Donetsk" in passage["text"] for passage in answer["passages"]] == [True]


def test_the_runnable_streams_tokens_and_then_the_answer(assistant: Assistant) -> None:
    *tokens, last = AssistantRunnable(assistant).stream(QUESTION)
    assert tokens
    assert all(set(token) == {"token"} for token in tokens)
    assert last["citations"]
    assert "token" not in last


def test_a_streamed_chain_ends_as_an_invoked_one(assistant: Assistant) -> None:
    chain = AssistantRunnable(assistant) | RunnableLambda(lambda answer: answer["answer"])
    assert "".join(chain.stream(QUESTION)) == chain.invoke(QUESTION) != ""


def test_closing_a_stream_stops_the_assistant(assistant: Assistant) -> None:
    stream = AssistantRunnable(assistant).stream(QUESTION)
    assert "token" in next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert list(stream) == []


def test_an_application_that_traces_sees_retriever_and_assistant_as_steps(assistant: Assistant) -> None:
    recorder = Recorder()
    CorpusRetriever(assistant=assistant, top_k=1).invoke(QUESTION, {"callbacks": [recorder]})
    AssistantRunnable(assistant).invoke(QUESTION, {"callbacks": [recorder]})
    list(AssistantRunnable(assistant).stream(QUESTION, {"callbacks": [recorder]}))
    assert [run.run_type for run in recorder.runs] == ["retriever", "chain", "chain"]
    assert recorder.runs[2].outputs["citations"] == recorder.runs[1].outputs["citations"]  # type: ignore[index]


@pytest.mark.parametrize("wrong", [{}, {"query": "x"}, {"question": "x", "topk": 1}, {"question": 3}])
def test_what_is_no_question_is_refused(assistant: Assistant, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="Not a question"):
        AssistantRunnable(assistant).invoke(wrong)


def test_words_come_one_by_one_also_when_awaited() -> None:
    """Over an assistant that writes word by word; leaving early ends its work."""
    scripted: Any = ScriptedAssistant()
    runnable = AssistantRunnable(scripted)

    async def parts(question: str, most: int = 1000) -> list[dict[str, Any]]:
        found = []
        async with aclosing(cast(AsyncGenerator[dict[str, Any]], runnable.astream(question))) as stream:
            async for part in stream:
                found.append(part)
                if len(found) == most:
                    break
        return found

    *words, answer = asyncio.run(parts("council"))
    assert len(words) > 5 and "".join(word["token"] for word in words).strip() == answer["answer"]
    assert answer["citations"] == scripted.ask("council").model_dump(mode="json")["citations"]
    assert len(asyncio.run(parts("slow council", most=2))) == 2
    assert scripted.abandoned == 1
    with pytest.raises(ModelError):
        asyncio.run(parts("broken model"))


def test_the_real_assistant_streams_when_awaited(assistant: Assistant) -> None:
    async def last() -> dict[str, Any]:
        return [part async for part in AssistantRunnable(assistant).astream(QUESTION)][-1]

    assert asyncio.run(last())["citations"] == AssistantRunnable(assistant).invoke(QUESTION)["citations"]


def test_both_work_over_the_client_of_a_server(assistant: Assistant) -> None:
    with serving(assistant) as address, Client(address) as client:
        found = CorpusRetriever(assistant=client, top_k=2).invoke(QUESTION)
        assert found == CorpusRetriever(assistant=assistant, top_k=2).invoke(QUESTION)
        asked = AssistantRunnable(client).invoke({"question": QUESTION, "history": [HumanMessage("Hello")]})
        assert asked["citations"] == AssistantRunnable(assistant).invoke(QUESTION)["citations"]
        *_, last = AssistantRunnable(client).stream(QUESTION)
        assert last["citations"] == asked["citations"]


def test_the_model_is_one_of_langchain_and_is_loaded_without_it() -> None:
    """An application that knows LangChain finds its own kind; a question at the command line does not wait for it."""
    script = (
        "import sys, askcorpus.assistant, askcorpus_ui.cli.corpus\n"
        "assert 'langchain_core' not in sys.modules\n"
        "from askcorpus import SentenceEmbeddings\n"
        "from langchain_core.embeddings import Embeddings\n"
        "assert isinstance(SentenceEmbeddings(), Embeddings)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_model_embeds_beside_other_work(embeddings: SentenceEmbeddings) -> None:
    assert asyncio.run(embeddings.aembed_query("A pier?")) == embeddings.embed_query("A pier?")
    assert asyncio.run(embeddings.aembed_documents(["A pier."])) == embeddings.embed_documents(["A pier."])
