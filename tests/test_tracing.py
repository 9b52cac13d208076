"""Traces: a span a question, its steps in it, the request's name on it, and no text of it unless that is asked for."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import read_settings
from askcorpus_ui.web.tracing import TracedAssistant
from scripted import ScriptedAssistant
from serving import QUESTION, real_assistant, serving


def traced(assistant: Any, *, with_text: bool = False) -> tuple[Any, InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return cast(Any, TracedAssistant(assistant, provider, with_text=with_text)), exporter


def test_a_question_is_a_span_with_its_steps_and_its_request(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with real_assistant(tmp_path, embeddings) as real:
        assistant, exporter = traced(real)
        with serving(assistant, read_settings(data=real.settings.data)) as address:
            named = {"X-Request-ID": "desk-7"}
            answer = httpx.post(f"{address}/api/v1/ask", json={"question": QUESTION}, headers=named, timeout=60).json()

    *steps, question = exporter.get_finished_spans()
    assert [step.name for step in steps] == ["understand", "retrieve", "judge", "answer", "verify"]
    assert {step.parent and step.parent.span_id for step in steps} == {question.context.span_id}
    assert question.attributes and question.attributes["askcorpus.request_id"] == "desk-7"
    assert question.attributes["askcorpus.answer_id"] == answer["id"] and question.attributes["askcorpus.answerable"]
    times = [time for step in steps for time in (step.start_time, step.end_time)]
    assert times == sorted(cast(list[int], times)) and times[0] == question.start_time
    told = " ".join(str(span.to_json()) for span in exporter.get_finished_spans())
    assert "Ostende" not in told and "storm" not in told


def test_what_was_asked_is_told_where_that_is_asked_for() -> None:
    assistant, exporter = traced(ScriptedAssistant(), with_text=True)
    assistant.ask("council?")
    *_, span = exporter.get_finished_spans()
    assert span.attributes and span.attributes["askcorpus.question"] == "council?"


@pytest.mark.parametrize(("question", "status"), [("broken model", "ModelError"), (" ", "UsageError")])
def test_a_failure_is_told_by_its_kind(question: str, status: str) -> None:
    assistant, exporter = traced(ScriptedAssistant())
    with pytest.raises(Exception, match=r"server does not answer|question is empty"):
        assistant.ask(question)
    (span,) = exporter.get_finished_spans()
    assert span.status.description == status and not span.events


def test_an_answer_that_is_broken_off_is_over_and_its_work_too() -> None:
    scripted = ScriptedAssistant()
    assistant, exporter = traced(scripted)
    events = assistant.stream("slow council")
    next(events), next(events)
    events.close()
    assert scripted.abandoned == 1 and len(exporter.get_finished_spans()) == 1


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    code = (
        "import sys; from askcorpus.settings import Settings; from askcorpus_ui.web.app import create_app\n"
        "from scripted import ScriptedAssistant; create_app(ScriptedAssistant(), Settings())\n"
        "print(*{'askcorpus_ui.web.tracing', 'opentelemetry.sdk'} & sys.modules.keys())"
    )
    folder = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stdout.strip() == ""
