"""An assistant that answers from a script: an honest, small implementation of what the evaluation asks of one."""

from collections.abc import Sequence
from typing import NamedTuple

from askcorpus.settings import Settings
from askcorpus.types import Answer, Citation, Document, Filters, Hit, IndexInfo, Turn

ANY = Filters()


class Shelf:
    """A store of a few documents, each its own only passage (``p-`` and its id)."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = {document.id: document for document in documents}

    def info(self) -> IndexInfo:
        return IndexInfo(fingerprint="scripted", documents=len(self._documents), passages=len(self._documents))

    def document(self, document_id: str) -> Document | None:
        return self._documents.get(document_id)

    def documents(self, filters: Filters = ANY, *, offset: int = 0, limit: int | None = None) -> list[Document]:
        everything = list(self._documents.values())
        return everything[offset:] if limit is None else everything[offset : offset + limit]

    def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        return {name: self.hit(name.removeprefix("p-")) for name in passage_ids}

    def hit(self, document_id: str, duplicates: tuple[str, ...] = ()) -> Hit:
        document = self._documents[document_id]
        return Hit(
            passage_id=f"p-{document_id}",
            document_id=document_id,
            title=document.title,
            text=document.text,
            start=0,
            end=len(document.text),
            duplicates=tuple(f"p-{name}" for name in duplicates),
        )


class Reply(NamedTuple):
    """What to answer: the documents found, best first, and the quote from the first of them (none: abstain)."""

    found: tuple[str, ...] = ()
    quote: str | None = None
    confidence: float = 0.5
    text: str | None = None


class ScriptedAssistant:
    """Answers each question with its reply; ``asked`` remembers what was asked, with its history."""

    def __init__(
        self, documents: Sequence[Document], replies: dict[str, Reply], settings: Settings | None = None
    ) -> None:
        self.settings = settings or Settings()
        self.store = Shelf(documents)
        self.replies = replies
        self.asked: list[tuple[str, tuple[Turn, ...], int | None]] = []

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        top_k: int | None = None,
        conversation_id: str | None = None,
        filters: Filters = ANY,
        explain: bool = False,
    ) -> Answer:
        self.asked.append((question, tuple(history), top_k))
        reply = self.replies.get(question, Reply())
        text = reply.text or (f"{reply.quote} [1]" if reply.quote else "The corpus does not say.")
        return Answer(
            id=f"ans_{conversation_id}",
            question=question,
            standalone_question=question,
            answer=text,
            answerable=reply.quote is not None,
            abstain_reason=None if reply.quote else "weak_evidence",
            confidence=reply.confidence,
            citations=(self._citation(reply.found[0], reply.quote, text),) if reply.quote else (),
            passages=tuple(self.store.hit(name) for name in reply.found[:top_k]),
            conversation_id=conversation_id,
            model="scripted",
            answered_by="scripted" if reply.quote else "",
            index=self.store.info(),
            timings_ms={"total": 1.0},
        )

    def _citation(self, document_id: str, quote: str, text: str) -> Citation:
        document = self.store.document(document_id)
        assert document is not None
        start, at = document.text.index(quote), text.index("[1]") if "[1]" in text else 0
        return Citation(
            marker=1,
            answer_start=at,
            answer_end=at + 3,
            document_id=document.id,
            passage_id=f"p-{document.id}",
            title=document.title,
            quote=quote,
            start=start,
            end=start + len(quote),
            verified=True,
        )
