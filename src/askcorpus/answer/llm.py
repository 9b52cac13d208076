"""Answers by a language model: any chat model that LangChain knows, given numbered passages and nothing else.

The model writes; what it may claim is decided afterwards, by :mod:`askcorpus.answer.attribution` and
:mod:`askcorpus.answer.citations`.
"""

import logging
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from langchain_core import exceptions as langchain_errors
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.prompt_values import PromptValue
from numpy.typing import NDArray

from askcorpus.answer.answerer import Findings
from askcorpus.answer.attribution import Similarity, attribute_reply
from askcorpus.answer.bounded_transport import BoundedTransport, OutOfTime, in_time
from askcorpus.answer.fence import boundary_for, fence_history, fence_passages, inert
from askcorpus.answer.prompts import CANNOT_ANSWER, load_prompt
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError, UsageError
from askcorpus.extras import require
from askcorpus.settings import Settings
from askcorpus.text.characters import visible
from askcorpus.types import Draft, Hit, Turn

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

log = logging.getLogger(__name__)

HISTORY_TURNS = 6
"""Earlier turns that a model is shown."""

QUESTION_CHARS = 10_000

MAX_REWRITE_CHARS = 500
"""A longer stand-alone question is no question; the original is used instead."""

READ_AGAIN = 100
"""A reply that is still coming is read again, from its beginning, when it has grown by this fraction of its length (one
hundredth): at every piece, a long one would take time with the square of its length."""

LONGEST_REPLY = 100_000
"""Characters, thoughts included: a model that has not ended by then goes round in circles."""

PATIENCE = 10
"""A whole reply may take as many times the seconds that the model's server may be silent."""

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_REWRITE_LABEL = re.compile(r"^(?:stand-?alone |rewritten |last )?question\s*[:：]\s*", re.IGNORECASE)
_PACKAGE = re.compile(r"pip install ([\w-]+)")
_TAKE_A_CLIENT = frozenset(
    {"langchain_openai", "langchain_deepseek", "langchain_groq", "langchain_together", "langchain_xai"}
)
"""Packages whose models take the HTTP client that asks their server, as `http_client`. Where others have such a field,
it may be one that signs their requests."""
_SAYS_WHY_IT_ENDS = frozenset({"openai-chat", "azure-openai-chat"})
"""Kinds of model whose every whole reply carries a reason for its end. One without it was cut off on the way: a server
that simply closes the connection looks like the end of the stream to the HTTP client."""


class LLMAnswerer:
    """Drafts answers with a chat model and makes follow-up questions stand alone."""

    def __init__(self, model: "BaseChatModel", name: str, similarity: Similarity, seconds: float = 600.0) -> None:
        """``name`` is what answers say they were made by; ``similarity`` finds the quotes behind the markers; a reply
        may take ``seconds`` as a whole.

        Raises:
            UsageError: a prompt file is missing or wrong.
        """
        self.name = name
        self._model = model
        self._similarity = similarity
        self._seconds = seconds
        self._answer_prompt = load_prompt("answer")
        self._rewrite_prompt = load_prompt("rewrite")

    def draft(self, findings: Findings) -> Iterator[str | Draft]:
        """What the model writes from the passages. Raises as :meth:`write` does."""
        query = findings.query
        return self.write(query.question, findings.hits, query.language, findings.history)

    def write(
        self, question: str, hits: Sequence[Hit], language: str, history: Sequence[Turn] = ()
    ) -> Iterator[str | Draft]:
        """The reply's text in pieces as they come, then the draft; an empty draft when the passages do not answer.

        Markers in the pieces are numbers of ``hits``, from 1; those in the draft are its own.

        Raises:
            ValueError: there are no hits: a model is never asked without evidence.
            ModelError: the model cannot be reached, breaks off, or says nothing.
        """
        if not hits:
            raise ValueError("a language model is not asked without passages")
        return self._write(self._answer_messages(question, hits, language, history), hits, language)

    def rewrite(self, question: str, history: Sequence[Turn]) -> str:
        """``question`` as one that stands without ``history``; unchanged where the model gives no usable one.

        Raises:
            ModelError: the model cannot be reached or fails.
        """
        if not history:
            return question
        reply = "".join(self._pieces(self._rewrite_messages(question, history)))
        lines = [line.strip() for line in shown(reply, whole=True).splitlines() if line.strip()]
        rewritten = _REWRITE_LABEL.sub("", lines[0]).strip("\"“”«»' \t\u00a0\u202f") if len(lines) == 1 else ""
        return rewritten if 0 < len(rewritten) <= MAX_REWRITE_CHARS else question

    def _write(self, messages: PromptValue, hits: Sequence[Hit], language: str) -> Iterator[str | Draft]:
        reply, read, sent = "", 0, 0
        for piece in self._pieces(messages):
            reply += piece
            if len(reply) - read < len(reply) // READ_AGAIN:
                continue
            read = len(reply)
            ready = shown(reply, whole=False)
            if len(ready) > sent:
                yield ready[sent:]
                sent = len(ready)
        answer = shown(reply, whole=True)
        if not answer and CANNOT_ANSWER not in reply.upper():  # nothing, or thoughts alone
            raise ModelError(f"The model {self.name} sent an empty reply.", "Try again, or choose another model.")
        if len(answer) > sent:
            yield answer[sent:]
        yield attribute_reply(answer, hits, self._similarity, language)

    def _answer_messages(
        self, question: str, hits: Sequence[Hit], language: str, history: Sequence[Turn]
    ) -> PromptValue:
        turns = history[-HISTORY_TURNS:]
        boundary = boundary_for([question, *(hit.text for hit in hits), *(turn.text for turn in turns)])
        return self._answer_prompt.invoke(
            {
                "passages": fence_passages(hits, boundary),
                "history": fence_history(turns, boundary),
                "question": inert(question, QUESTION_CHARS),
                "language": language,
                "boundary": boundary,
                "cannot_answer": CANNOT_ANSWER,
            }
        )

    def _rewrite_messages(self, question: str, history: Sequence[Turn]) -> PromptValue:
        turns = history[-HISTORY_TURNS:]
        boundary = boundary_for([question, *(turn.text for turn in turns)])
        return self._rewrite_prompt.invoke(
            {
                "history": fence_history(turns, boundary),
                "question": inert(question, QUESTION_CHARS),
                "boundary": boundary,
            }
        )

    def _pieces(self, messages: PromptValue) -> Iterator[str]:
        """The reply as it comes.

        Raises:
            ModelError: it cannot be had, or only a part of it.
        """
        begun, length, ending = False, 0, ""
        # Not all chat models share an exception class: whatever one raises here, the model failed.
        try:
            with closing(in_time(self._model.stream(messages), self._seconds)) as chunks:
                for chunk in chunks:
                    ending = _ending(chunk) or ending
                    text = str(chunk.text)
                    length += max(1, len(text))  # so that one without text counts as well: some send thoughts apart
                    if length > LONGEST_REPLY:
                        raise OutOfTime
                    if text:
                        begun = True
                        yield text
        except OutOfTime as exc:
            raise ModelError(f"The model {self.name} does not come to an end.", "Choose another model.") from exc
        except Exception as exc:
            raise (_broke_off(self.name) if begun else _model_error(self.name, exc)) from exc
        if ending in ("length", "max_tokens", "content_filter"):
            raise ModelError(
                f"The model {self.name} stopped in the middle of its reply ({ending}).",
                "Allow it longer replies, or ask for less.",
            )
        if not ending and self._model._llm_type in _SAYS_WHY_IT_ENDS:
            raise _broke_off(self.name)


def load_answerer(settings: Settings, embeddings: SentenceEmbeddings) -> LLMAnswerer:
    """The answerer that the settings name; ``embeddings`` tell which words of a passage a sentence rests on.

    Raises: as :func:`load_chat_model` does.
    """

    def similarity(left: Sequence[str], right: Sequence[str]) -> NDArray[np.float32]:
        return embeddings.embed_sentences(left) @ embeddings.embed_sentences(right).T

    return LLMAnswerer(load_chat_model(settings), settings.llm or "", similarity, PATIENCE * settings.llm_timeout)


def load_chat_model(settings: Settings) -> "BaseChatModel":
    """The chat model that ``settings.llm`` names (``provider:model``), or the one of that name on the OpenAI-compatible
    server at ``settings.llm_base_url``. Connects to nothing yet.

    Raises:
        UsageError: ``settings.llm`` is not set.
        ModelError: the packages for language models are not installed, its provider is unknown or not installed, or
            it needs a key.
    """
    if not settings.llm:
        raise UsageError("No language model is named.", "Set ASKCORPUS_LLM, for example to ollama:qwen3.")
    require("llm", f"The model {settings.llm}", ModelError)
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {"timeout": settings.llm_timeout, "max_retries": 1, "temperature": 0}
    if settings.llm_api_key:
        options["api_key"] = settings.llm_api_key.get_secret_value()
    name = settings.llm
    if settings.llm_base_url:
        name = "openai:" + name.removeprefix("openai:")
        options |= {"base_url": settings.llm_base_url, "api_key": options.get("api_key", "none")}
    if name.startswith("ollama:"):
        options["client_kwargs"] = {"timeout": settings.llm_timeout}
    # Every provider's package has its own errors for a missing key or a bad option.
    try:
        model: BaseChatModel = init_chat_model(name, **options)
        if bounds := _bounds(type(model), settings):
            model = init_chat_model(name, **options, **bounds)
        else:
            log.warning(
                "The package for %s takes no client of ours: a reply may have any size, and redirects be followed.",
                name,
            )
    except Exception as exc:
        raise _load_error(settings.llm, exc) from exc
    return model


def _bounds(kind: "type[BaseChatModel]", settings: Settings) -> dict[str, Any]:
    """What makes a kind of model ask its server in our own way, where its package can be given one.

    Redirects are not followed: a server that lies would choose what else of this network is asked, and is told.
    """
    transport = BoundedTransport(PATIENCE * settings.llm_timeout)
    package = kind.__module__.partition(".")[0]
    if package in _TAKE_A_CLIENT:
        return {"http_client": httpx.Client(transport=transport)}
    if package == "langchain_ollama":
        return {"sync_client_kwargs": {"transport": transport, "follow_redirects": False}}
    return {}


def shown(reply: str, *, whole: bool) -> str:
    """What of a model's reply is answer: what can be seen of it, without its thoughts and the phrase for "cannot".

    While the reply is not yet ``whole``, a beginning that may turn out to be one of these is held back.
    """
    reply = visible(reply).lstrip()
    if whole and "</think>" in reply:
        text = reply.rpartition("</think>")[2]
    else:
        thoughts = _THOUGHTS.match(reply)
        text = reply[thoughts.end() :] if thoughts else reply
    text = text.lstrip()
    start = text.lstrip("*_\"'`“«").upper()
    if start.startswith(CANNOT_ANSWER):
        return ""
    if not whole:
        return "" if CANNOT_ANSWER.startswith(start) or "<thinking>".startswith(text) else text
    return text.replace(CANNOT_ANSWER, "").rstrip()


def _ending(chunk: AIMessage | AIMessageChunk) -> str:
    """Why the reply ends, in the provider's word; "" while it goes on."""
    told = chunk.response_metadata
    return str(told.get("finish_reason") or told.get("done_reason") or told.get("stop_reason") or "").lower()


def _load_error(name: str, exc: Exception) -> ModelError:
    reason = _first_line(exc)
    if isinstance(exc, ImportError):
        package = _PACKAGE.search(str(exc))
        hint = f"Install it: pip install {package[1]}" if package else ""
        return ModelError(f"The package for the model {name} is not installed.", hint)
    if isinstance(exc, ValueError) and "provider" in reason:
        return ModelError(
            f"ASKCORPUS_LLM={name} names no provider that LangChain knows.",
            "Write provider:model, for example ollama:qwen3; for your own server also set ASKCORPUS_LLM_BASE_URL.",
        )
    if "api_key" in str(exc).lower():
        return ModelError(f"The model {name} needs a key.", "Set ASKCORPUS_LLM_API_KEY.")
    return ModelError(f"The model {name} cannot be loaded: {reason}")


_FAILURES: tuple[tuple[type[Exception], str, str], ...] = (
    (langchain_errors.ModelTimeoutError, "did not answer in time", "Try again, or raise ASKCORPUS_LLM_TIMEOUT."),
    (langchain_errors.ModelConnectionError, "cannot be reached", "Is its server running? See ASKCORPUS_LLM_BASE_URL."),
    (langchain_errors.ModelAuthenticationError, "refused the key", "Check ASKCORPUS_LLM_API_KEY."),
    (langchain_errors.ModelPermissionDeniedError, "is not open to this key", "Check ASKCORPUS_LLM_API_KEY."),
    (langchain_errors.ModelNotFoundError, "is not known to its server", "Check ASKCORPUS_LLM."),
    (langchain_errors.ModelRateLimitError, "is asked too often", "Wait a moment and try again."),
    (langchain_errors.ContextOverflowError, "cannot read that much at once", "Lower ASKCORPUS_TOP_K."),
    # Packages that have not yet joined LangChain's classes pass on what their HTTP client raised.
    (httpx.TimeoutException, "did not answer in time", "Try again, or raise ASKCORPUS_LLM_TIMEOUT."),
    (httpx.TransportError, "cannot be reached", "Is its server running?"),
    (TimeoutError, "did not answer in time", "Try again, or raise ASKCORPUS_LLM_TIMEOUT."),
    (ConnectionError, "cannot be reached", "Is its server running?"),
)


def _model_error(name: str, exc: Exception) -> ModelError:
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(exc)):
        hint = "Name the file of the authority that does in SSL_CERT_FILE."
        return ModelError(f"The server of the model {name} shows a certificate that nobody vouches for.", hint)
    for kind, what, hint in _FAILURES:
        if isinstance(exc, kind):
            return ModelError(f"The model {name} {what}.", hint)
    if str(getattr(exc, "status_code", "")).startswith("3"):
        hint = "Set ASKCORPUS_LLM_BASE_URL (for ollama: OLLAMA_HOST) to that one."
        return ModelError(f"The model {name} is at another address.", hint)
    return ModelError(f"The model {name} failed: {_first_line(exc)}", "Try again.")


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _broke_off(name: str) -> ModelError:
    return ModelError(f"The model {name} broke off in the middle of its reply.", "Try again.")


def _first_line(exc: Exception) -> str:
    lines = visible(str(exc)).strip().splitlines() or [type(exc).__name__]
    return lines[0][:200]
