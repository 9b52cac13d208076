"""The door for programs that want vectors, as OpenAI's embeddings API gives them: ``/v1/embeddings``."""

import base64
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from numpy.typing import NDArray
from pydantic import Field
from starlette.exceptions import HTTPException

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import UsageError
from askcorpus_ui.problems import REFUSALS
from askcorpus_ui.streaming import Questions, unless_left
from askcorpus_ui.web.openai_api import MODEL, Lenient
from askcorpus_ui.web.rest_api import CLIENT_LEFT

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

MOST_TEXTS = 1_000
MOST_CHARACTERS = 20_000
"""Of one text; a model reads no more than its beginning anyway."""

MOST_IN_ALL = 300_000
"""Characters of all texts together: about ten seconds' work on two cores."""

AT_ONCE = 16
"""Texts that take a turn among the questions together."""

_Text = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
_VECTORS: dict[int | str, dict[str, Any]] = {200: {"description": "A vector for each text, in their order."}}


class EmbeddingBody(Lenient):
    """Texts to embed."""

    input: _Text | Annotated[tuple[_Text, ...], Field(min_length=1, max_length=MOST_TEXTS)] = Field(
        description="A text, or texts; 300,000 characters in all."
    )
    encoding_format: Literal["float", "base64"] = Field("float", description="Numbers, or base64 of 32-bit floats.")
    dimensions: int | None = Field(None, description="Only those that the model has.")
    input_type: Literal["passage", "query"] = Field(
        "passage",
        description="How to embed them (ours): models as the bundled one embed a question otherwise than a passage.",
    )

    def texts(self) -> Sequence[str]:
        """The texts, of which there is one at least.

        Raises:
            HTTPException: they are too long together.
        """
        texts = [self.input] if isinstance(self.input, str) else self.input
        if sum(map(len, texts)) > MOST_IN_ALL:
            message = f"The texts have more than {MOST_IN_ALL:,} characters together: send fewer at once."
            raise HTTPException(413, message)
        return texts


def embeddings_router(assistant: "Assistant", questions: Questions) -> APIRouter:
    """``/v1/embeddings`` by the model of one assistant; a few texts at a time take a turn among the ``questions``."""
    router = APIRouter(prefix="/v1", tags=["openai"], responses=REFUSALS)

    @router.post("/embeddings", response_model=None, responses=_VECTORS)
    async def embed(body: EmbeddingBody, request: Request) -> Response:
        """The vectors that documents and questions are compared by. Any `model` means the server's."""
        vectors = await unless_left(request, _vectors(assistant, questions, body))
        if vectors is None:
            return Response(status_code=CLIENT_LEFT)
        data = [
            {"object": "embedding", "index": n, "embedding": _encoded(vector, body.encoding_format)}
            for n, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return JSONResponse({"object": "list", "data": data, "model": MODEL, "usage": usage})

    return router


async def _vectors(assistant: "Assistant", questions: Questions, body: EmbeddingBody) -> NDArray[np.float32]:
    """The vectors (number of texts, dimension). Cancelled, it embeds no more than the few texts that it is at."""
    embeddings, texts = assistant.embeddings, body.texts()
    if body.dimensions not in (None, embeddings.dimension):
        raise UsageError(
            f"dimensions cannot be {body.dimensions}.", f"The model's vectors have {embeddings.dimension}."
        )
    embed = partial(_embed_queries, embeddings) if body.input_type == "query" else embeddings.embed_sentences
    parts = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
    return np.concatenate([await questions.run(partial(embed, part)) for part in parts])


def _embed_queries(embeddings: SentenceEmbeddings, texts: Sequence[str]) -> NDArray[np.float32]:
    return np.array([embeddings.embed_query(text) for text in texts], np.float32)


def _encoded(vector: NDArray[np.float32], form: str) -> list[float] | str:
    if form == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    numbers: list[float] = vector.tolist()
    return numbers
