"""What all events of the chat page share: what comes with each, and what it may change besides."""

from typing import Any

import gradio as gr

from askcorpus.errors import AskcorpusError
from askcorpus_ui.chat.conversation import Place
from askcorpus_ui.chat.layout import status_line
from askcorpus_ui.chat.translations import Strings, strings_for
from askcorpus_ui.problems import note_fault

Carried = dict[str, Any] | None
"""The place that a page carries: JSON, or nothing yet."""


def place_of(carried: Carried) -> Place | None:
    """The same, read."""
    return Place.model_validate(carried) if carried else None


def strings_of(request: gr.Request) -> Strings:
    """The page's texts in the language of whoever asks."""
    return strings_for(request.headers.get("accept-language", ""))


def number_of(index: object) -> int:
    """The number of the turn that something was chosen at."""
    return index if isinstance(index, int) else 0


def fault_line(exc: AskcorpusError, strings: Strings, said: str = "{reason}") -> str:
    """The status line, which says what went wrong: ``said``, with the reason in it. The log may have it too."""
    note_fault(exc)
    return status_line(said.format(reason=strings.cause(type(exc).__name__)), fault=str(exc))


def box_for(strings: Strings, *, answering: bool = False, **changes: Any) -> dict[str, Any]:
    """What becomes of the box and its button: for the next question, or to stop the answer to the last one."""
    send, stop = (False, strings.stop) if answering else (strings.send, False)
    return gr.update(submit_btn=send, stop_btn=stop, **changes)
