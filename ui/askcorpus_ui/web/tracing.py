"""Traces by OpenTelemetry: a span for each question, in it one for each step of its way, with the request they are of.

Nothing that was asked or answered is in them, unless the setting for that (``log_questions``) says so.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, StatusCode, Tracer, set_span_in_context

from askcorpus.errors import AskcorpusError
from askcorpus.types import Answer, Done, Event
from askcorpus_ui.web.logs import request_name
from askcorpus_ui.web.watched import WatchedAssistant

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

STEPS = {
    "embed": "understand",
    "retrieve": "retrieve",
    "read": "judge",
    "judge": "judge",
    "answer": "answer",
    "verify": "verify",
}
"""The span that each of the measured times of an answer is part of, in the order in which they pass."""

_NAME = "askcorpus"
_MILLISECOND = 1_000_000


def exporting() -> TracerProvider:
    """Sends spans to where OpenTelemetry's own variables say (``OTEL_EXPORTER_OTLP_ENDPOINT`` and others)."""
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: _NAME}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class TracedAssistant(WatchedAssistant):
    """An assistant whose questions are traced."""

    def __init__(self, assistant: "Assistant", provider: TracerProvider, *, with_text: bool) -> None:
        super().__init__(assistant)
        self._tracer: Tracer = provider.get_tracer(_NAME)
        self._with_text = with_text

    def stream(self, question: str, **options: Any) -> Iterator[Event]:
        """As the assistant does; the span ends with the answer, or with whatever else came of the question."""
        began = time.time_ns()
        attributes = {"askcorpus.request_id": request_name()} | (
            {"askcorpus.question": question} if self._with_text else {}
        )
        span = self._tracer.start_span("question", attributes=attributes, start_time=began)
        try:
            with closing(cast(Any, self._assistant.stream(question, **options))) as events:
                for event in events:
                    if isinstance(event, Done):
                        self._tell(span, began, event.answer)
                    yield event
        except AskcorpusError as exc:
            span.set_status(StatusCode.ERROR, type(exc).__name__)  # what it says may have words of the question
            raise
        finally:
            span.end()

    def _tell(self, span: Span, began: int, answer: Answer) -> None:
        """What came of a question, and how long each step took."""
        span.set_attributes(
            {
                "askcorpus.answer_id": answer.id,
                "askcorpus.answerable": answer.answerable,
                "askcorpus.confidence": answer.confidence,
                "askcorpus.model": answer.model,
                "askcorpus.answered_by": answer.answered_by,
                "askcorpus.model_fault": answer.model_fault.kind if answer.model_fault else "none",
                "askcorpus.language": answer.language,
                "askcorpus.citations": len(answer.citations),
            }
        )
        taken: dict[str, float] = {}
        for time_of, step in STEPS.items():
            if time_of in answer.timings_ms:
                taken[step] = taken.get(step, 0.0) + answer.timings_ms[time_of]
        start, inside = began, set_span_in_context(span)
        for step, milliseconds in taken.items():
            end = start + round(milliseconds * _MILLISECOND)
            self._tracer.start_span(step, context=inside, start_time=start).end(end)
            start = end
