"""An example of each request and response of the API, for its documentation; all of one small corpus."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from askcorpus.types import (
    Answer,
    Citation,
    Claim,
    Document,
    Hit,
    IndexInfo,
    Page,
    Scores,
    Span,
    Stories,
    Story,
    Verification,
)
from askcorpus.verify.proof import Conditions, Proof, ProofCheck, ProvenQuote, text_hash
from askcorpus_ui.listings import Hits, summary
from askcorpus_ui.web.conversations_api import KeptCitation, KeptConversation, KeptEntry, KeptList, KeptTurn
from askcorpus_ui.web.documents_api import Facets
from askcorpus_ui.web.job_records import Job
from askcorpus_ui.web.jobs_api import JobList
from askcorpus_ui.web.openai_api import completion
from askcorpus_ui.web.responses_api import response
from askcorpus_ui.web.rest_api import Health, Readiness
from askcorpus_ui.web.writing_api import Changes, Removed

_QUESTION = "What did the council vote for?"
_QUOTE = "The council voted 31 to 12 on Thursday night to build the tidal barrier."
_DOCUMENT = Document(
    id="harbour",
    title="Council backs tidal barrier",
    text=f"{_QUOTE} Work is to start in March 2025.",
    date="2024-05-03",
    language="en",
    source="Northport Gazette",
    place="Northport",
    origin="/corpus/harbour.txt",
)
_FACTS = _DOCUMENT.model_dump(include={"title", "source", "date", "language"})
_INDEX = IndexInfo(fingerprint="bundled passages=800", documents=1, passages=1)
_HIT = Hit(
    passage_id="p51c0ffee51c0ffee",
    document_id=_DOCUMENT.id,
    text=_DOCUMENT.text,
    start=0,
    end=len(_DOCUMENT.text),
    scores=Scores(dense=0.86, lexical=4.2, fused=6.1, rerank=7.4),
    **_FACTS,
)
_ANSWER = Answer(
    id="ans_0f1e2d3c4b5a6978",
    question=_QUESTION,
    standalone_question=_QUESTION,
    language="en",
    answer=f"{_QUOTE} [1]",
    answerable=True,
    confidence=0.93,
    citations=(
        Citation(
            marker=1,
            answer_start=len(_QUOTE) + 1,
            answer_end=len(_QUOTE) + 4,
            document_id=_DOCUMENT.id,
            passage_id=_HIT.passage_id,
            quote=_QUOTE,
            start=0,
            end=len(_QUOTE),
            highlights=(Span(46, len(_QUOTE) - 1),),
            verified=True,
            **_FACTS,
        ),
    ),
    passages=(_HIT,),
    model="extractive",
    answered_by="extractive",
    index=_INDEX,
    timings_ms={"embed": 9.1, "retrieve": 4.7, "total": 41.3},
)
_CONDITIONS = Conditions(
    version="0.1.0", model="extractive", operating_point=0.5, top_k=8, reranker="", fingerprint=_INDEX.fingerprint
)
_PROOF = Proof(
    question=_QUESTION,
    answer=_ANSWER.answer,
    answerable=True,
    answered_by=_ANSWER.answered_by,
    quotes=(
        ProvenQuote(
            **_ANSWER.citations[0].model_dump(include=set(ProvenQuote.model_fields)),
            text_sha256=text_hash(_DOCUMENT.text),
        ),
    ),
    conditions=_CONDITIONS,
    index=_INDEX,
)
_CLAIM = Claim(
    text="The council voted 31 to 14",
    text_start=1,
    text_end=27,
    kind="quote",
    verdict="altered",
    document_id=_DOCUMENT.id,
    start=0,
    end=26,
    original=_QUOTE[:26],
    difference="The council voted 31 to [-12-]{+14+}",
    **_FACTS,
)
_CHANGES = Changes(added=1, changed=0, unchanged=0, removed=0, withheld=0, failed=[], doubted=[])
_CONTENT = _DOCUMENT.model_dump(include={"title", "text", "date", "language", "source"})
_ASKED = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
_CONVERSATION = KeptConversation(
    id="3q2x7wVd0kq0mXxJ9sYb1A",
    title=_QUESTION,
    turns=(
        KeptTurn(
            question=_QUESTION,
            asked=_ASKED,
            outcome="answered",
            answer=_ANSWER.answer,
            answer_id=_ANSWER.id,
            confidence=_ANSWER.confidence,
            citations=(KeptCitation(**_ANSWER.citations[0].model_dump(include=set(KeptCitation.model_fields))),),
        ),
    ),
)
_JOB = Job(
    id="8f14e45fceea167a",
    state="running",
    name="documents",
    total=9600,
    done=2400,
    added=2390,
    unchanged=10,
    sent=_ASKED,
    began=_ASKED,
    per_second=41.7,
)
_BASE = "http://127.0.0.1:7860/"
_MODEL = {"id": "askcorpus", "object": "model", "created": 0, "owned_by": "askcorpus"}
_EVENTS = f"event: passages\ndata: {Hits(hits=(_HIT,)).model_dump_json()}\n\nevent: done\ndata: {{…}}\n\n"

REQUESTS: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/ask"): {"question": _QUESTION, "filters": {"languages": ["en"], "date_from": "2024"}},
    ("post", "/api/v1/ask/stream"): {"question": _QUESTION},
    ("post", "/api/v1/ask/batch"): {"questions": [{"id": "q1", "question": _QUESTION}]},
    ("post", "/api/v1/search"): {"query": "tidal barrier", "top_k": 3},
    ("post", "/api/v1/verify"): {"text": "“The council voted 31 to 14”, the Northport Gazette wrote."},
    ("post", "/api/v1/proofs"): {"answer": _ANSWER.model_dump(mode="json")},
    ("post", "/api/v1/proofs/check"): _PROOF.model_dump(mode="json"),
    ("post", "/api/v1/documents"): {"documents": [{"id": _DOCUMENT.id, **_CONTENT}]},
    ("post", "/api/v1/jobs"): {"documents": [{"id": _DOCUMENT.id, **_CONTENT}]},
    ("put", "/api/v1/documents/{document_id}"): _CONTENT,
    ("patch", "/api/v1/conversations/{conversation_id}"): {"title": "The tidal barrier"},
    ("post", "/api/v1/feedback"): {
        "answer_id": _ANSWER.id,
        "question": _QUESTION,
        "liked": False,
        "reason": "incomplete",
    },
    ("post", "/v1/chat/completions"): {"model": "askcorpus", "messages": [{"role": "user", "content": _QUESTION}]},
    ("post", "/v1/responses"): {"model": "askcorpus", "input": _QUESTION},
    ("post", "/v1/embeddings"): {"model": "askcorpus", "input": ["The council voted."]},
}

RESPONSES: dict[tuple[str, str], BaseModel | dict[str, Any]] = {
    ("post", "/api/v1/ask"): _ANSWER,
    ("post", "/api/v1/search"): Hits(hits=(_HIT,)),
    ("post", "/api/v1/verify"): Verification(claims=(_CLAIM,), sound=False, index=_INDEX),
    ("post", "/api/v1/proofs"): _PROOF,
    ("post", "/api/v1/proofs/check"): ProofCheck(status="same"),
    ("get", "/api/v1/documents"): Page(documents=(summary(_DOCUMENT),), total=1, offset=0, limit=50),
    ("get", "/api/v1/documents/{document_id}"): _DOCUMENT,
    ("get", "/api/v1/duplicates"): Stories(
        stories=(
            Story(
                number=1,
                documents=(
                    summary(_DOCUMENT),
                    summary(_DOCUMENT.model_copy(update={"id": "harbour-2", "source": "Coast Wire"})),
                ),
            ),
        ),
        total=2,
        offset=0,
        limit=50,
    ),
    ("get", "/api/v1/index"): _INDEX,
    ("get", "/api/v1/passages"): Hits(hits=(_HIT.model_copy(update={"scores": Scores()}),)),
    ("get", "/api/v1/facets"): Facets(
        documents=1,
        languages={"en": 1},
        sources={_DOCUMENT.source: 1},
        more_sources=0,
        date_min=_DOCUMENT.date,
        date_max=_DOCUMENT.date,
    ),
    ("post", "/api/v1/documents"): _CHANGES,
    ("post", "/api/v1/files"): _CHANGES,
    ("put", "/api/v1/documents/{document_id}"): summary(_DOCUMENT),
    ("delete", "/api/v1/documents/{document_id}"): Removed(removed=1),
    ("get", "/api/v1/conversations"): KeptList(
        conversations=[KeptEntry(id=_CONVERSATION.id, title=_CONVERSATION.title, changed=_ASKED)]
    ),
    ("get", "/api/v1/conversations/{conversation_id}"): _CONVERSATION,
    ("post", "/api/v1/jobs"): _JOB,
    ("post", "/api/v1/files/jobs"): _JOB,
    ("get", "/api/v1/jobs"): JobList(jobs=[_JOB]),
    ("get", "/api/v1/jobs/{job_id}"): _JOB,
    ("delete", "/api/v1/jobs/{job_id}"): _JOB,
    ("get", "/v1/models"): {"object": "list", "data": [_MODEL]},
    ("get", "/v1/models/{name}"): _MODEL,
    ("post", "/v1/chat/completions"): completion(_ANSWER, _BASE),
    ("post", "/v1/responses"): response(_ANSWER, _BASE),
    ("post", "/v1/embeddings"): {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.031, -0.052, 0.118]}],
        "model": "askcorpus",
        "usage": {"prompt_tokens": 0, "total_tokens": 0},
    },
    ("get", "/health"): {"status": "ok"},
    ("get", "/ready"): Readiness(ready=True, checks=[Health(name="catalog", ok=True, detail="1 documents")]),
}

TEXTS: dict[tuple[str, str], str] = {
    ("post", "/api/v1/ask"): _EVENTS,
    ("post", "/api/v1/ask/stream"): _EVENTS,
    (
        "post",
        "/api/v1/ask/batch",
    ): f'{{"id": "q1", "question": "{_QUESTION}", "answered": "yes", "quote": "{_QUOTE}", …}}\n',
    ("get", "/api/v1/conversations/{conversation_id}/export"): f"# {_QUESTION}\n\n## {_QUESTION}\n\n{_ANSWER.answer}\n",
}
"""Of responses that are no JSON."""
