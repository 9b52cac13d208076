"""First drafts of a question set: from what people said of answers in the chat, and from the documents themselves.

Every row is marked ``"draft": true``, and a report over such rows says so, until somebody has looked at it.
"""

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from askcorpus.answer.fence import PASSAGE_CHARS, boundary_for, fence_passages
from askcorpus.answer.prompts import load_prompt
from askcorpus.errors import ModelError, UsageError
from askcorpus.feedback import Feedback
from askcorpus.types import Document, Hit
from askcorpus_eval.gold import Documents
from askcorpus_eval.metrics.citations import locate
from askcorpus_eval.questions import Question

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_ANSWERABLE = {"should_have_answered": True, "should_not_have_answered": False}
_LABEL = re.compile(r"^.{0,9}?(QUESTION|ANSWER|EVIDENCE):", re.MULTILINE)


def from_feedback(feedback: Iterable[Feedback]) -> Iterator[Question]:
    """A draft a question: the citations of a liked answer are its gold, and of an incomplete one a part of it.

    After another that was disliked the gold is left to find. ``answerable`` is what was said of it, ``type`` why it was
    disliked, where that was said.
    """
    for said in feedback:
        trusted = said.liked or said.reason == "incomplete"
        answer = said.answer if trusted and said.answer and said.answer.answerable else None
        citations = answer.citations if answer else ()
        yield Question(
            id=_id(said.question, *(turn.text for turn in said.history)),
            question=said.question,
            history=said.history,
            doc_ids=tuple(dict.fromkeys(citation.document_id for citation in citations)),
            evidence=tuple(dict.fromkeys(citation.quote for citation in citations)),
            lang=said.answer.language if said.answer else "",
            doc_lang=citations[0].language if citations else "",
            answerable=True if citations else _ANSWERABLE.get(said.reason or ""),
            type="liked" if said.liked else said.reason or "disliked",
            draft=True,
        )


def from_documents(documents: Iterable[Document], model: "BaseChatModel", language: str = "") -> Iterator[Question]:
    """Up to two drafts a document, written by the model; those whose evidence is not in the document are dropped.

    ``language`` is that of the questions; without one, each document's own.

    Raises:
        ModelError: the model cannot be reached or fails.
    """
    for document in documents:
        wanted = language or document.language or "en"
        for question, answer, evidence in _blocks(_ask_model(model, document, wanted)):
            if locate(evidence, [document]):
                yield Question(
                    id=_id(document.id, question),
                    question=" ".join(question.split()),
                    answers=(answer,),
                    doc_ids=(document.id,),
                    evidence=(evidence,),
                    lang=wanted,
                    doc_lang=document.language,
                    answerable=True,
                    type="from_document",
                    draft=True,
                )


def sample_documents(store: Documents, count: int) -> list[Document]:
    """``count`` documents of the store, or all when there are fewer; the same ones each time."""
    total = store.info().documents
    chosen = sorted(random.Random(0).sample(range(total), min(count, total)))
    found = (one for at in chosen for one in store.documents(offset=at, limit=1))
    return [document for one in found if (document := store.document(one.id))]


def write_drafts(path: Path, questions: Sequence[Question]) -> None:
    """The drafts as JSONL, in a new file: one that exists may hold somebody's work.

    Raises:
        UsageError: the file exists or cannot be written.
    """
    lines = (json.dumps(q.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False) for q in questions)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
    except FileExistsError as exc:
        raise UsageError(f"{path} exists already.", "Name another --out.") from exc
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}.") from exc


def _ask_model(model: "BaseChatModel", document: Document, language: str) -> str:
    text = document.text[:PASSAGE_CHARS]
    hit = Hit(
        passage_id=document.id,
        document_id=document.id,
        title=document.title,
        source=document.source,
        date=document.date,
        text=text,
        start=0,
        end=len(text),
    )
    boundary = boundary_for([text])
    messages = load_prompt("draft_questions").invoke(
        {"passages": fence_passages([hit], boundary), "language": language, "boundary": boundary}
    )
    # Chat models share no exception class: whatever one raises here, the model failed.
    try:
        return str(model.invoke(messages).text)
    except Exception as exc:
        raise ModelError(f"The model failed: {str(exc).strip() or type(exc).__name__}") from exc


def _blocks(reply: str) -> list[tuple[str, str, str]]:
    """The questions of a reply, each with its answer and its evidence; what lacks one of them is left out."""
    labelled = _LABEL.split(reply)[1:]
    labels, texts = labelled[::2], [text.strip() for text in labelled[1::2]]
    starts = [at for at in range(len(labels)) if labels[at : at + 3] == ["QUESTION", "ANSWER", "EVIDENCE"]]
    return [(texts[at], texts[at + 1], texts[at + 2]) for at in starts if all(texts[at : at + 3])]


def _id(*parts: str) -> str:
    return "draft-" + sha256("\0".join(parts).encode()).hexdigest()[:12]
