"""An assistant that answers from a script: an honest, small implementation of what the evaluation asks of one."""

from collections.abc import Sequence
from typing import NamedTuple

from askcorpus.settings import Settings
from askcorpus.types import Answer, Citation, Document, Filters, Hit, IndexInfo

ANY = Filters()


class Shelf:
    """A store of a few documents, each its own only passage (``p-`` and its id)."""

    def __init__(self, documents: Sequence[Document]):
        self._documents = {document.id: document for document in documents}

    def info(self):
        return IndexInfo(fingerprint="scripted", documents=len(self._documents), passages=len(self._documents))

    def document(self, document_id):
        return self._documents.get(document_id)

    def documents(self, filters=ANY, *, offset=0, limit=None):
        everything = list(self._documents.values())
        return everything[offset:] if limit is None else everything[offset : offset + limit]

    def hits(self, passage_ids):
        return {name: self.hit(name.removeprefix("p-")) for name in passage_ids}

    def hit(self, document_id, duplicates=()):
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

    def __init__(self, documents: Sequence[Document], replies: dict[str, Reply], settings: Settings | None = None):
        self.settings = settings or Settings()
        self.store = Shelf(documents)
        self.replies = replies
        self.asked = []

    def ask(self, question, *, history=(), top_k=None, conversation_id=None, filters=ANY, explain=False):
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
            citations=(self._citation(reply, text),) if reply.quote else (),
            passages=tuple(self.store.hit(name) for name in reply.found[:top_k]),
            conversation_id=conversation_id,
            model="scripted",
            index=self.store.info(),
            timings_ms={"total": 1.0},
        )

    def _citation(self, reply, text):
        document = self.store.document(reply.found[0])
        start, at = document.text.index(reply.quote), text.index("[1]") if "[1]" in text else 0
        return Citation(
            marker=1,
            answer_start=at,
            answer_end=at + 3,
            document_id=document.id,
            passage_id=f"p-{document.id}",
            title=document.title,
            quote=reply.quote,
            start=start,
            end=start + len(reply.quote),
            verified=True,
        )
