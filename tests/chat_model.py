"""A chat model that says what the test queued: a real LangChain model, streaming included, without a network."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field


class BreaksOff(NamedTuple):
    """A reply that fails after some of its text."""

    text: str
    error: Exception


class ScriptedChatModel(BaseChatModel):
    """Replies with what is queued, in order, and keeps the messages it was sent. A queued exception is raised."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    replies: list[Any] = Field(default_factory=list)
    received: list[list[BaseMessage]] = Field(default_factory=list)

    def queue(self, *replies: str | Exception | BreaksOff | AIMessage) -> "ScriptedChatModel":
        self.replies.extend(replies)
        return self

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _next(self, messages: list[BaseMessage]) -> BreaksOff | AIMessage:
        self.received.append(messages)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return AIMessage(reply) if isinstance(reply, str) else reply

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self._next(messages)
        if isinstance(reply, BreaksOff):
            raise reply.error
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply = self._next(messages)
        text = reply.text
        for piece in re.findall(r"\s*\S{1,4}|\s+$", str(text)):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        if isinstance(reply, BreaksOff):
            raise reply.error
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=reply.response_metadata))
