"""Who writes an answer: the language model where one is set, and the corpus's own words where that fails."""

import logging
from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

from askcorpus.answer.answerer import Answerer, Findings
from askcorpus.answer.citations import Verified, verify
from askcorpus.answer.extractive import NAME as QUOTES
from askcorpus.answer.extractive import ExtractiveAnswerer
from askcorpus.errors import ModelError
from askcorpus.tuning import Tuning
from askcorpus.types import Draft, Event, Hit, ModelFault, Token, Turn

log = logging.getLogger(__name__)


class Rewritten(NamedTuple):
    """A follow-up as a question that stands alone, or None where it is to be read below what was said; ``fault`` is why
    the model did not put it in words."""

    question: str | None
    fault: ModelFault | None = None


class Written(NamedTuple):
    """An answer as it was drafted and held against its sources.

    ``by`` is who wrote it; ``fault`` is why that is not the model that is set, None where it is.
    """

    draft: Draft
    verified: Verified
    by: str
    fault: ModelFault | None = None


class Writer:
    """Has an answer written. Where a language model is down, breaks off or writes nothing that the passages support,
    those that were judged to answer are quoted instead, as they are where no model is set."""

    def __init__(self, answerer: Answerer, tuning: Tuning, *, strict: bool) -> None:
        """``strict`` says that nothing may stand in for what the answerer writes."""
        self._answerer = answerer
        self._name = answerer.name
        self._strict = strict or answerer.name == QUOTES
        self._quotes = ExtractiveAnswerer(tuning)

    def rewrite(self, question: str, history: Sequence[Turn]) -> Rewritten:
        """``question`` as one that stands without ``history``.

        Raises:
            ModelError: the model fails, and nothing may stand in for it.
        """
        try:
            return Rewritten(self._answerer.rewrite(question, history) if history else None)
        except ModelError as exc:
            if self._strict:
                raise
            return Rewritten(None, _failed(exc))

    def write(
        self,
        findings: Findings,
        hits: Sequence[Hit],
        text_of: Callable[[str], str],
        *,
        fault: ModelFault | None,
        lap: Callable[[str], None],
    ) -> Generator[Event, None, Written]:
        """The answer's text as it comes, and what was made of it. Where quotes stand in for what a model had begun to
        write, they are not told piece by piece: the text so far is void.

        Args:
            findings: what was found.
            hits: every passage that may be cited.
            text_of: a document's text, by its id.
            fault: why the model has failed this question already; then it is not asked again.
            lap: told ``answer`` and ``verify`` as these steps end.

        Raises:
            ModelError: the model fails, and nothing may stand in for it.
        """
        begun = False
        if fault is None:
            draft = Draft(text="")
            try:
                for piece in self._answerer.draft(findings):
                    if isinstance(piece, Draft):
                        draft = piece
                    else:
                        begun = True
                        yield Token(text=piece)
            except ModelError as exc:
                if self._strict:
                    raise
                fault = _failed(exc)
            else:
                lap("answer")
                verified = verify(draft, hits, text_of)
                lap("verify")
                if verified.citations or not draft.text or self._strict:
                    return Written(draft, verified, self._name)
                log.info("The language model wrote nothing that the passages support; they are quoted instead.")
                detail = f"The model {self._name} wrote nothing that the passages support. Try again, or another model."
                fault = ModelFault(kind="unsupported", detail=detail)
        draft = Draft(text="")
        for piece in self._quotes.draft(findings):
            if isinstance(piece, Draft):
                draft = piece
            elif not begun:
                yield Token(text=piece)
        lap("answer")
        verified = verify(draft, hits, text_of)
        lap("verify")
        return Written(draft, verified, QUOTES, fault)


def _failed(exc: ModelError) -> ModelFault:
    """What went wrong, for the answer. The log gets its kind alone: a server's own words may repeat what was asked."""
    log.info("The language model failed (%s); quotes are given instead.", type(exc.__cause__ or exc).__name__)
    return ModelFault(kind="failed", detail=str(exc))
