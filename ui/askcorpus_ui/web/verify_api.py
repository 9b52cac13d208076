"""The REST door of verification: texts held against the corpus, answers as proofs, and proofs asked again."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BeforeValidator, Field

from askcorpus.types import Answer, Turn, Verification
from askcorpus.verify.claims import MOST_CHARACTERS
from askcorpus.verify.proof import Proof, ProofCheck
from askcorpus_ui.bodies import as_described
from askcorpus_ui.problems import PROBLEMS
from askcorpus_ui.streaming import Questions, unless_left
from askcorpus_ui.web.rest_api import CLIENT_LEFT, Body

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant


class VerifyBody(Body):
    """A text whose quotations are held against the documents."""

    text: str = Field(max_length=MOST_CHARACTERS, description="Any text, such as an article.")


class ProofBody(Body):
    """An answer of this server's, and the history that its question had."""

    answer: Answer = Field(description="As this server gave it.")
    history: tuple[Turn, ...] = Field((), description="What was said before its question.")


def verify_router(assistant: "Assistant", questions: Questions) -> APIRouter:
    """``/api/v1/verify`` and ``/api/v1/proofs`` over one assistant, which is asked through ``questions``."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS)

    @router.post(
        "/verify", response_model=Verification, response_description="The verdict on each claim.", tags=["verify"]
    )
    async def verify(body: VerifyBody, request: Request) -> Verification | Response:
        """What a text quotes, and tells with its source: exact, altered, curtailed, misattributed or not there."""
        checked = await unless_left(request, questions.run(partial(assistant.verify, body.text)))
        return Response(status_code=CLIENT_LEFT) if checked is None else checked

    @router.post("/proofs", response_description="The proof.", tags=["verify"])
    def prove(body: ProofBody) -> Proof:
        """An answer as a proof that others can check, offline and without this server."""
        return assistant.prove(body.answer, body.history)

    @router.post(
        "/proofs/check", response_model=ProofCheck, response_description="What has changed since.", tags=["verify"]
    )
    async def recheck(
        body: Annotated[Proof, BeforeValidator(partial(as_described, Proof))], request: Request
    ) -> ProofCheck | Response:
        """Ask again what a proof answers, and say what has changed."""
        checked = await unless_left(request, questions.run(partial(assistant.recheck, body)))
        return Response(status_code=CLIENT_LEFT) if checked is None else checked

    return router
