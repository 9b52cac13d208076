"""Ask a corpus in any language; get an answer with the passages that prove it, or be told that it does not say.

The whole library by its public names: what is not listed here may change. An index, made by ``askcorpus ingest``, is
asked like this::

    from askcorpus import Filters, open_assistant, read_settings

    with open_assistant(read_settings()) as assistant:
        answer = assistant.ask("Which states recognized Donetsk?", filters=Filters(languages=("en",)))

    print(answer.answer)  # where answer.answerable is false: that the corpus does not say
    for citation in answer.citations:
        print(citation.marker, citation.quote)
        print(citation.title, citation.date, citation.document_id, citation.start, citation.end)

Importing it costs nothing: a name brings its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    # What a user can choose
    "Settings",
    "read_settings",
    # The index, and the vectors in it
    "SentenceEmbeddings",
    "Store",
    "load_embeddings",
    "open_index",
    # Who answers: the corpus's own words, a language model, or an answerer of yours
    "Answerer",
    "Draft",
    "ExtractiveAnswerer",
    "Findings",
    "LLMAnswerer",
    "Quote",
    "load_chat_model",
    # Questions in
    "Assistant",
    "Filters",
    "Turn",
    "open_assistant",
    # The same over a running server
    "AsyncClient",
    "Client",
    # Answers out, as a whole or as they come
    "Answer",
    "Citation",
    "Document",
    "Done",
    "Event",
    "Explanation",
    "Hit",
    "IndexInfo",
    "Page",
    "Passage",
    "Retrieved",
    "Scores",
    "Span",
    "Summary",
    "Token",
    # As parts of another LangChain application
    "AssistantRunnable",
    "CorpusRetriever",
    # What can go wrong, by its remedy
    "AskcorpusError",
    "Busy",
    "IndexMismatch",
    "ModelError",
    "NothingIngested",
    "ReadError",
    "StorageError",
    "UsageError",
]

if TYPE_CHECKING:
    from askcorpus.answer.answerer import Answerer, Findings
    from askcorpus.answer.extractive import ExtractiveAnswerer
    from askcorpus.answer.llm import LLMAnswerer, load_chat_model
    from askcorpus.assistant import Assistant, open_assistant
    from askcorpus.client import AsyncClient, Client
    from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
    from askcorpus.errors import (
        AskcorpusError,
        Busy,
        IndexMismatch,
        ModelError,
        NothingIngested,
        ReadError,
        StorageError,
        UsageError,
    )
    from askcorpus.index.opening import open_index
    from askcorpus.index.store import Store
    from askcorpus.langchain_adapters import AssistantRunnable, CorpusRetriever
    from askcorpus.settings import Settings, read_settings
    from askcorpus.types import (
        Answer,
        Citation,
        Document,
        Done,
        Draft,
        Event,
        Explanation,
        Filters,
        Hit,
        IndexInfo,
        Page,
        Passage,
        Quote,
        Retrieved,
        Scores,
        Span,
        Summary,
        Token,
        Turn,
    )
else:  # hidden from the type checker, to which a module with __getattr__ has every name there is
    _ELSEWHERE = {
        "answer.answerer": ("Answerer", "Findings"),
        "answer.extractive": ("ExtractiveAnswerer",),
        "answer.llm": ("LLMAnswerer", "load_chat_model"),
        "assistant": ("Assistant", "open_assistant"),
        "client": ("AsyncClient", "Client"),
        "index.opening": ("open_index",),
        "index.store": ("Store",),
        "langchain_adapters": ("AssistantRunnable", "CorpusRetriever", "SentenceEmbeddings", "load_embeddings"),
        "settings": ("Settings", "read_settings"),
        "errors": (
            "AskcorpusError",
            "Busy",
            "IndexMismatch",
            "ModelError",
            "NothingIngested",
            "ReadError",
            "StorageError",
            "UsageError",
        ),
        "types": (
            "Answer",
            "Citation",
            "Document",
            "Done",
            "Draft",
            "Event",
            "Explanation",
            "Filters",
            "Hit",
            "IndexInfo",
            "Page",
            "Passage",
            "Quote",
            "Retrieved",
            "Scores",
            "Span",
            "Summary",
            "Token",
            "Turn",
        ),
    }
    _MODULES = {name: module for module, names in _ELSEWHERE.items() for name in names}

    def __getattr__(name: str) -> object:
        """The public name, from the module that defines it."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"askcorpus.{_MODULES[name]}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
