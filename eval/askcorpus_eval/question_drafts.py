"""Drafts of a question set: from people's feedback in the chat, and from the documents themselves.

Every row is marked ``"draft": true``, and a report over such rows says so, until somebody has looked at it.
"""

import json
import logging
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from askcorpus.answer.fence import PASSAGE_CHARS, boundary_for, fence_passages
from askcorpus.answer.prompts import load_prompt
from askcorpus.errors import ModelError, UsageError
from askcorpus.feedback import FEEDBACK, Feedback, Note, read_feedback, shared_feedback
from askcorpus.settings import Settings
from askcorpus.types import Document, Hit, Turn
from askcorpus_eval.gold import Documents
from askcorpus_eval.metrics.citations import locate
from askcorpus_eval.questions import MAX_QUESTION_CHARS, Question, read_questions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

log = logging.getLogger(__name__)

_ANSWERABLE = {"should_have_answered": True, "should_not_have_answered": False}
_SAY_NOTHING = ("unreadable_script",)
"""Reasons for which there is no answer that tell nothing of the documents."""

_LABEL = re.compile(r"^.{0,9}?(QUESTION|ANSWER|EVIDENCE):", re.MULTILINE)


def draft(
    settings: Settings,
    out: Path,
    *,
    feedback: Path | None,
    documents: int,
    language: str,
    merge: bool = False,
    note: Note = log.warning,
) -> int:
    """Write drafts from feedback and documents into a new file, or with ``merge`` below the rows of one that exists;
    the number of them. ``note`` is told what is amiss with the feedback.

    Raises:
        UsageError: there is neither feedback nor an LLM to draft from, or the file exists.
    """
    if out.suffix.lower() != ".jsonl":
        raise UsageError(f"{out}: drafts are JSONL.", "Name a file that ends in .jsonl.")
    if out.exists() and not merge:
        raise UsageError(f"{out} exists already.", "Name another --out, or add to it: --merge.")
    from askcorpus.answer.llm import load_chat_model

    said = feedback or settings.data / FEEDBACK
    drafts: list[Question] = []
    if feedback or said.exists():
        drafts += from_feedback(read_feedback(said, note))
    elif settings.database_url:
        drafts += from_feedback(shared_feedback(settings.database_url, note))
    if settings.llm and documents:
        from askcorpus.assistant import open_assistant

        with closing(open_assistant(settings)) as assistant:
            drafts += from_documents(sample_documents(assistant.store, documents), load_chat_model(settings), language)
    if not drafts:
        raise UsageError(f"There is nothing to draft from: no feedback in {said}, no LLM.", "Set ASKCORPUS_LLM.")
    unique = list({question.id: question for question in drafts}.values())
    if merge and out.exists():
        return add_drafts(out, unique)
    write_drafts(out, unique)
    return len(unique)


def from_feedback(feedback: Iterable[Feedback]) -> Iterator[Question]:
    """A draft a question, whoever asked it: the citations of liked answers are its gold, and of an incomplete one a
    part of it.

    After others that were disliked the gold is left to find. ``answerable`` is what was said of it, by a liked silence
    too; ``type`` is why it was disliked, where that was said, or ``disputed`` where readers do not agree. A greeting
    that was well met is no question.
    """
    opinions: dict[tuple[str, tuple[Turn, ...]], list[Feedback]] = {}
    for said in feedback:
        if said.question.strip() and len(said.question) <= MAX_QUESTION_CHARS and not _is_well_met(said):
            opinions.setdefault((said.question, said.history), []).append(said)
    yield from (_drafted(question, history, said) for (question, history), said in opinions.items())


def _is_well_met(said: Feedback) -> bool:
    answer = said.answer
    return bool(said.liked and answer and not answer.answerable and answer.abstain_reason is None)


def _drafted(question: str, history: tuple[Turn, ...], opinions: Sequence[Feedback]) -> Question:
    """What readers said of the answers to one question."""
    answers = [said.answer for said in opinions if said.answer]
    trusted = [said.answer for said in opinions if said.answer and (said.liked or said.reason == "incomplete")]
    citations = [citation for answer in trusted for citation in answer.citations]
    verdicts = {_says_answerable(said) for said in opinions} - {None}
    kinds = list(dict.fromkeys("liked" if said.liked else said.reason or "disliked" for said in opinions))
    several = "disputed" if "liked" in kinds else "disliked"
    return Question(
        id=_id(question, *(turn.text for turn in history)),
        question=question,
        history=history,
        doc_ids=tuple(dict.fromkeys(citation.document_id for citation in citations)),
        evidence=tuple(dict.fromkeys(citation.quote for citation in citations)),
        lang=answers[0].language if answers else "",
        doc_lang=citations[0].language if citations else "",
        answerable=verdicts.pop() if len(verdicts) == 1 else None,
        type=kinds[0] if len(kinds) == 1 else several,
        draft=True,
    )


def _says_answerable(said: Feedback) -> bool | None:
    """What an opinion says of whether the documents answer."""
    answer = said.answer
    if said.liked and answer and answer.abstain_reason in _SAY_NOTHING:
        return None
    if answer and (said.liked or said.reason == "incomplete"):
        return bool(answer.citations)
    return _ANSWERABLE.get(said.reason or "")


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
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_as_lines(questions))
    except FileExistsError as exc:
        raise UsageError(f"{path} exists already.", "Name another --out, or add to it: --merge.") from exc
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}.") from exc


def add_drafts(path: Path, questions: Sequence[Question]) -> int:
    """Add those drafts to a question file that are not in it yet, whatever somebody has made of them since; how many
    that were. Its rows stay as they are, to the last byte.

    Raises:
        UsageError: the file cannot be read or written, or would be read otherwise with drafts below its rows.
    """
    try:
        before = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc
    known = read_questions(path).questions if before.strip() else ()
    ids, asked = {one.id for one in known}, {(one.question, one.history) for one in known}
    new = [one for one in questions if one.id not in ids and (one.question, one.history) not in asked]
    added = ("" if not before or before.endswith(b"\n") else "\n") + _as_lines(new)
    _check_readable(path, before + added.encode(), (*known, *new))
    try:
        with path.open("ab") as file:
            file.write(added.encode() if new else b"")
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}.") from exc
    return len(new)


def _check_readable(path: Path, content: bytes, wanted: Sequence[Question]) -> None:
    """Make sure that a file with this content holds these questions: its columns may have names of their own."""
    with TemporaryDirectory() as folder:
        trial = Path(folder) / path.name
        trial.write_bytes(content)
        if content.strip() and read_questions(trial).questions != tuple(wanted):
            raise UsageError(f"{path} names its fields otherwise than the drafts.", "Name another --out.")


def _as_lines(questions: Iterable[Question]) -> str:
    """Each with its ``answerable``, also where nobody has said: that is left to fill in."""
    rows = ((q.model_dump(mode="json", exclude_defaults=True), q.answerable) for q in questions)
    return "".join(json.dumps(row | {"answerable": told}, ensure_ascii=False) + "\n" for row, told in rows)


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
