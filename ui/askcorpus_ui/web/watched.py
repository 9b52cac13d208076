"""An assistant whose answers are watched on their way out: by those who count, and those who trace."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from askcorpus.types import Answer, Done, Event

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant


class WatchedAssistant:
    """In all but its questions it is the assistant that it is made of; a subclass says what becomes of these."""

    def __init__(self, assistant: "Assistant") -> None:
        self._assistant = assistant

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # whoever makes a copy asks before there is anything in it
            raise AttributeError(name)
        return getattr(self._assistant, name)

    def ask(self, question: str, **options: Any) -> Answer:
        """As the assistant does."""
        for event in self.stream(question, **options):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ended without its answer")

    def stream(self, question: str, **options: Any) -> Iterator[Event]:
        """As the assistant does."""
        return self._assistant.stream(question, **options)
