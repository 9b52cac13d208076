"""The door for OpenAI's clients, opened with the real one."""

import base64
import json
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionUserMessageParam

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import UsageError
from askcorpus.settings import read_settings
from askcorpus.types import Answer, Turn
from askcorpus_ui.chat.references import Reference
from scripted import DOCUMENTS, ScriptedAssistant
from serving import serving

HARBOUR = DOCUMENTS[0]
KEY = "s3cret"


@pytest.fixture(scope="module")
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture(scope="module")
def address(assistant: ScriptedAssistant) -> Iterator[str]:
    with serving(assistant) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=30)


def user(text: str) -> ChatCompletionUserMessageParam:
    return {"role": "user", "content": text}


def test_there_is_one_model(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["askcorpus"]
    assert client.models.retrieve("askcorpus").owned_by == "askcorpus"
    with pytest.raises(openai.NotFoundError, match="There is no model gpt"):
        client.models.retrieve("gpt")


def test_a_completion_carries_answer_and_citations(client: openai.OpenAI, address: str) -> None:
    reply = client.chat.completions.create(model="any", messages=[user("council and pêcheurs")], temperature=0.2)

    message, answer = reply.choices[0].message, Answer.model_validate((reply.model_extra or {})["answer"])
    assert (reply.model, reply.id, reply.choices[0].finish_reason) == ("askcorpus", answer.id, "stop")
    assert message.content == answer.answer
    cited = [annotation.url_citation for annotation in message.annotations or ()]
    assert [message.content[each.start_index : each.end_index] for each in cited] == ["[1]", "[2]"]
    assert [each.title for each in cited] == [DOCUMENTS[0].title, DOCUMENTS[1].title]
    assert [each.url for each in cited] == [
        f"{address}/" + Reference.of(citation).url() for citation in answer.citations
    ]
    assert cited[0].model_extra == {
        "document_id": "harbour",
        "quote": HARBOUR.text[:72],
        "verified": True,
        "locator": {},
    }


def test_behind_a_proxy_links_begin_with_its_path() -> None:
    """Whether the proxy takes the path off or not; no header puts another address there."""
    with serving(ScriptedAssistant(), read_settings(root_path="/desk/ask", api_key=KEY)) as address:
        for prefix in ("", "/desk/ask"):
            headers = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example"}
            client = openai.OpenAI(base_url=f"{address}{prefix}/v1", api_key=KEY, default_headers=headers)
            reply = client.chat.completions.create(model="askcorpus", messages=[user("council")])
            url = (reply.choices[0].message.annotations or [])[0].url_citation.url
            assert url.startswith(f"{address}/desk/ask/source/harbour?")
            page = httpx.get(url, headers={"X-API-Key": KEY})
            assert "<mark" in page.text and page.status_code == 200
            assert httpx.get(f"{address}{prefix}/health").status_code == 200
            for path in ("/api/v1/documents", "/health/../v1/models", "/desk/ask/metrics"):
                assert httpx.get(f"{address}{prefix}{path}").status_code == 401, path
        for path in ("/desk/asked/health", "//desk/ask/health"):
            assert httpx.get(f"{address}{path}", headers={"X-API-Key": KEY}).status_code == 404, path
        described = httpx.get(f"{address}/desk/ask/openapi.json", headers={"X-API-Key": KEY}, timeout=60).json()
        assert described["servers"] == [{"url": "/desk/ask"}]


@pytest.mark.parametrize("root", ["desk", "/", "/desk/", "/a//b", "/a b", "https://x", "/..", "/a\n"])
def test_a_path_that_is_none_is_refused(root: str) -> None:
    with pytest.raises(UsageError, match="root_path"):
        read_settings(root_path=root)


@pytest.mark.parametrize("root", ["/api", "/v1", "/source", "/c", "/documents", "/api/v1"])
def test_a_path_that_the_servers_own_addresses_begin_with_is_no_root_path(root: str) -> None:
    with (
        pytest.raises(UsageError, match=rf"root_path cannot be {root}: {root}"),
        serving(ScriptedAssistant(), read_settings(root_path=root, api_key=KEY)),
    ):
        pass


def test_an_abstention_is_an_ordinary_reply(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="askcorpus", messages=[user("Who won?")])

    assert reply.choices[0].message.content == "The corpus does not say."
    assert reply.choices[0].message.annotations == []
    assert reply.choices[0].message.refusal == "The corpus does not say.", "all that OpenAI's own fields can tell"
    answered = client.chat.completions.create(model="askcorpus", messages=[user("council")])
    assert answered.choices[0].message.refusal is None
    assert (reply.model_extra or {})["answer"]["answerable"] is False


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "file", "file": {"file_id": "x"}},
    ],
    ids=lambda part: str(part["type"]),
)
@pytest.mark.parametrize("earlier", [False, True], ids=["asked", "earlier"])
def test_what_is_no_text_in_a_message_is_refused(
    client: openai.OpenAI, assistant: ScriptedAssistant, part: Any, *, earlier: bool
) -> None:
    """Beside a text, too: who asks what a picture shows is not to be told what the documents say without it."""
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "council?"}, part]}]
    if earlier:
        messages += [{"role": "assistant", "content": "It voted."}, user("council?")]
    before = len(assistant.asked)
    with pytest.raises(openai.BadRequestError, match=f"'{part['type']}' cannot be read") as caught:
        client.chat.completions.create(model="askcorpus", messages=messages)

    assert caught.value.type == "invalid_request_error" and "content" in str(caught.value.param)
    assert len(assistant.asked) == before


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "detail": "auto", "image_url": "data:,"},
        {"type": "input_file", "file_id": "x"},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
    ],
    ids=lambda part: str(part["type"]),
)
def test_what_is_no_text_in_the_input_of_a_response_is_refused(client: openai.OpenAI, part: Any) -> None:
    said: Any = [{"role": "user", "content": [{"type": "input_text", "text": "council?"}, part]}]
    with pytest.raises(openai.BadRequestError, match=f"'{part['type']}' cannot be read") as caught:
        client.responses.create(model="askcorpus", input=said)

    assert caught.value.type == "invalid_request_error"


def test_a_streamed_abstention_is_told_as_a_refusal(client: openai.OpenAI) -> None:
    """As in a whole completion, so that OpenAI's own fields can tell; an answer has none."""
    said = {}
    for question in ("Who won?", "council"):
        chunks = client.chat.completions.create(model="askcorpus", messages=[user(question)], stream=True)
        deltas = [chunk.choices[0].delta for chunk in chunks]
        said[question] = ["".join(getattr(one, field) or "" for one in deltas) for field in ("content", "refusal")]

    assert said["Who won?"] == ["The corpus does not say."] * 2
    assert said["council"][0] and said["council"][1] == ""
    with client.chat.completions.stream(model="askcorpus", messages=[user("Who won?")]) as stream:
        whole = stream.get_final_completion().choices[0]
    assert (whole.message.refusal, whole.finish_reason) == ("The corpus does not say.", "stop")


def test_the_conversation_arrives_and_instructions_do_not(client: openai.OpenAI, assistant: ScriptedAssistant) -> None:
    messages: list[ChatCompletionMessageParam] = [
        {"role": "developer", "content": "Say yes."},
        user("council?"),
        {"role": "assistant", "content": "It voted."},
        {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "then?"}]},
    ]
    client.chat.completions.create(
        model="askcorpus", messages=messages, extra_body={"filters": {"languages": ["en"]}, "top_k": 3}
    )

    question, history, filters = assistant.asked[-1]
    assert question == "And\nthen?"
    assert history == (Turn(role="user", text="council?"), Turn(role="assistant", text="It voted."))
    assert filters.languages == ("en",)


def test_a_stream_says_the_verified_answer_and_ends_with_its_proof(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="askcorpus", messages=[user("council")], stream=True, stream_options={"include_usage": True}
        )
    )

    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    text = "".join(delta.content or "" for delta in deltas)
    assert deltas[0].role == "assistant" and len([delta for delta in deltas if delta.content]) > 5
    assert text == f"{HARBOUR.text[:72]} [1]"
    assert any("annotations" in (delta.model_extra or {}) for delta in deltas)
    proofs = [chunk.model_extra["answer"] for chunk in chunks if chunk.model_extra and "answer" in chunk.model_extra]
    assert [Answer.model_validate(proof).answer for proof in proofs] == [text]
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage and chunks[-1].usage.total_tokens == 0
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_clients_own_stream_helper_gathers_the_citations(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="askcorpus", messages=[user("council")]) as stream:
        message = stream.get_final_completion().choices[0].message

    assert message.content == f"{HARBOUR.text[:72]} [1]"
    assert [annotation.url_citation.title for annotation in message.annotations or ()] == [HARBOUR.title]


def test_langchains_client_works(address: str) -> None:
    model = ChatOpenAI(base_url=f"{address}/v1", api_key="none", model="askcorpus")

    assert str(model.invoke("council").text) == f"{HARBOUR.text[:72]} [1]"
    assert "".join(str(chunk.text) for chunk in model.stream("council")) == f"{HARBOUR.text[:72]} [1]"


@pytest.mark.parametrize(
    ("messages", "extra", "said"),
    [
        ([], {}, "messages"),
        ([{"role": "assistant", "content": "Hello."}], {}, "must be the user's question"),
        ([{"role": "king", "content": "?"}], {}, "role"),
        ([user(" ")], {}, "The question is empty"),
        ([user("x")], {"top_k": 0}, "top_k"),
        ([user("x")], {"filters": {"date_from": "May"}}, "May is not a date"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_request_is_told_what_is_wrong(
    client: openai.OpenAI, messages: Any, extra: dict[str, Any], said: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError, match=said) as caught:
        client.chat.completions.create(model="askcorpus", messages=messages, extra_body=extra, stream=stream)
    assert caught.value.type == "invalid_request_error"


def test_a_failure_of_the_model_is_named(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError, match="server does not answer") as caught:
        client.chat.completions.create(model="askcorpus", messages=[user("broken model")])
    assert (caught.value.status_code, caught.value.code) == (502, "ModelError")


@pytest.mark.parametrize(("question", "said"), [("broken model", "does not answer"), ("bug", "Something went wrong")])
def test_a_stream_that_fails_says_so(client: openai.OpenAI, question: str, said: str) -> None:
    with pytest.raises(openai.APIError, match=said) as caught:
        list(client.chat.completions.create(model="askcorpus", messages=[user(question)], stream=True))
    assert "hunter2" not in str(caught.value)


def test_what_is_not_offered_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="no such address"):
        client.moderations.create(input="x")


TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    "asked",
    [
        {"tools": [TOOL]},
        {"functions": [TOOL["function"]]},
        {"response_format": SCHEMA},
        {"response_format": {"type": "json_object"}},
        {"n": 2},
        {"logprobs": True},
        {"modalities": ["text", "audio"]},
        {"tool_choice": "required"},
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    ],
)
def test_a_reply_of_another_form_is_refused(client: openai.OpenAI, asked: dict[str, Any]) -> None:
    (name,) = asked
    with pytest.raises(openai.BadRequestError, match=f"{name} cannot be honoured"):
        client.chat.completions.create(model="askcorpus", messages=[user("council")], extra_body=asked)


def test_what_changes_nothing_is_taken(client: openai.OpenAI) -> None:
    asked = {"tools": [], "response_format": {"type": "text"}, "n": 1, "logprobs": False, "functions": None}
    options = {"tool_choice": None, "modalities": ["text"], "seed": 1, "stop": ["x"], "temperature": None}
    assert client.chat.completions.create(model="x", messages=[user("council")], extra_body=asked | options).choices


# ---- the Responses API


def test_a_response_carries_answer_and_citations(client: openai.OpenAI, address: str) -> None:
    reply = client.responses.create(model="any", input="council and pêcheurs", instructions="Say yes.", temperature=0)

    answer = Answer.model_validate((reply.model_extra or {})["answer"])
    assert (reply.status, reply.model, reply.error, reply.output_text) == (
        "completed",
        "askcorpus",
        None,
        answer.answer,
    )
    (message,) = reply.output
    assert message.type == "message" and message.content[0].type == "output_text"
    cited = message.content[0].annotations
    assert [reply.output_text[one.start_index : one.end_index] for one in cited] == ["[1]", "[2]"]  # type: ignore[union-attr]
    assert [one.url for one in cited] == [f"{address}/" + Reference.of(one).url() for one in answer.citations]  # type: ignore[union-attr]
    assert cited[0].model_extra is not None and cited[0].model_extra["quote"] == HARBOUR.text[:72]


def test_a_response_to_a_conversation_reads_it(client: openai.OpenAI, assistant: ScriptedAssistant) -> None:
    said: Any = [
        {"role": "developer", "content": "Say yes."},
        {"role": "user", "content": "council?"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It voted."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "And then?"}]},
    ]
    client.responses.create(model="askcorpus", input=said, extra_body={"filters": {"languages": ["en"]}, "top_k": 2})

    question, history, filters = assistant.asked[-1]
    assert question == "And then?"
    assert history == (Turn(role="user", text="council?"), Turn(role="assistant", text="It voted."))
    assert filters.languages == ("en",)


def test_an_abstention_is_a_response_that_refuses(client: openai.OpenAI) -> None:
    (message,) = client.responses.create(model="askcorpus", input="Who won?").output
    assert message.type == "message"
    assert [part.type for part in message.content] == ["output_text", "refusal"]


@pytest.mark.parametrize("question", ["council and pêcheurs", "Who won?"])
def test_a_streamed_response_is_the_whole_one_in_events(client: openai.OpenAI, question: str) -> None:
    whole = client.responses.create(model="askcorpus", input=question)
    events = list(client.responses.create(model="askcorpus", input=question, stream=True))

    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:3]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
    ]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole.output_text
    marked = [event.annotation for event in events if event.type == "response.output_text.annotation.added"]
    assert len(marked) == len((whole.model_extra or {})["answer"]["citations"])
    last = events[-1]
    assert last.type == "response.completed" and last.response.output_text == whole.output_text
    with client.responses.stream(model="askcorpus", input=question) as stream:
        assert stream.get_final_response().output_text == whole.output_text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"input": []}, "input"),
        ({"input": " "}, "The question is empty"),
        ({"input": "x", "tools": [{"type": "web_search"}]}, "tools cannot be honoured"),
        ({"input": "x", "text": {"format": SCHEMA}}, "text.format cannot be honoured"),
        ({"input": "x", "previous_response_id": "resp_1"}, "previous_response_id cannot be honoured"),
        ({"input": "x", "background": True}, "background cannot be honoured"),
        ({"input": [{"role": "assistant", "content": "Hello."}]}, "must be the user's question"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_response_that_cannot_be_is_refused(
    client: openai.OpenAI, asked: dict[str, Any], said: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError, match=said):
        client.post("/responses", body=asked | {"stream": stream}, cast_to=object)


@pytest.mark.parametrize(("question", "said"), [("broken model", "does not answer"), ("bug", "Something went wrong")])
def test_a_streamed_response_that_fails_says_so(client: openai.OpenAI, question: str, said: str) -> None:
    with pytest.raises(openai.APIError, match=said) as caught:
        list(client.responses.create(model="askcorpus", input=question, stream=True))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(openai.InternalServerError):
        client.responses.create(model="askcorpus", input=question)


def test_langchain_reads_the_citations_of_a_response(address: str) -> None:
    model = ChatOpenAI(base_url=f"{address}/v1", api_key="none", model="askcorpus", use_responses_api=True)
    reply = model.invoke("council")
    assert str(reply.text) == f"{HARBOUR.text[:72]} [1]"
    assert HARBOUR.title in str(reply.content)


def _parts(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


_DEEP = "[" * 190 + "]" * 190


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("null", 400, "body"),
        ("[]", 400, "body"),
        ("{}", 400, "input: Field required"),
        ({"input": None}, 400, "input: Field required"),
        ({"input": 5}, 400, "input.str"),
        ({"input": []}, 400, "at least 1 item"),
        ({"input": [None]}, 400, "input"),
        ({"input": [[user("council")]]}, 400, "input"),
        ({"input": [{"role": "king", "content": "council"}]}, 400, "role"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, 400, "role"),
        ({"input": [{"role": "user", "content": False}]}, 400, "content"),
        ({"input": _parts({"text": {"council": 1}})}, 400, "text of a part is no string"),
        ({"input": _parts({"text": 0}, {"text": "council"})}, 400, "text of a part is no string"),
        ({"input": _parts({"text": None}, None, 7, {"type": "input_image", "image_url": "x"})}, 400, "input_image"),
        ({"input": _parts({"text": None}, None, 7)}, 400, "empty"),
        ('{"input": "\\ud800 council"}', 400, "not JSON in UTF-8"),
        ('{"input": "council", "temperature": NaN}', 400, "not JSON in UTF-8"),
        (f'{{"input": [{{"role": "user", "content": {_DEEP}}}]}}', 400, "no string|recursion|empty"),
        (f'{{"input": "council", "metadata": {"[" * 100_000}', 413, "more than 100,000"),
        (f'{{"input": "council", "top_k": {"9" * 5000}}}', 400, "out of range"),
        ({"input": _parts(*[{"text": "x"}] * 50_000)}, 413, "more than 100,000"),
        ({"input": "council", "tools": [None]}, 400, "tools cannot be honoured"),
        ({"input": "council", "tools": [{"type": "web_search"}]}, 400, "tools cannot be honoured"),
        ({"input": "council", "tools": {}}, 400, "tools"),
        ({"input": "council", "tool_choice": "required"}, 400, "tool_choice cannot be honoured"),
        ({"input": "council", "tool_choice": {"type": "file_search"}}, 400, "tool_choice cannot be honoured"),
        ({"input": "council", "text": {"format": {"type": ["text"]}}}, 400, "text.format cannot be honoured"),
        ({"input": "council", "previous_response_id": 5}, 400, "previous_response_id"),
        ({"input": "council", "filters": {"languages": "en"}}, 400, "filters"),
        ({"input": "council", "stream": 2}, 400, "stream"),
    ],
)
def test_hostile_input_to_responses_is_refused_and_never_a_fault_of_the_server(
    address: str, body: Any, status: int, said: str
) -> None:
    sent = body if isinstance(body, str) else json.dumps(body)
    for stream in (False, True):
        if stream and not isinstance(body, str) and "stream" not in body:
            sent = json.dumps(body | {"stream": True})
        reply = httpx.post(f"{address}/v1/responses", content=sent, headers={"Content-Type": "application/json"})
        error = reply.json()["error"]
        assert (reply.status_code, error["type"]) == (status, "invalid_request_error")
        assert re.search(said, error["message"])


def test_a_stream_of_a_response_that_is_broken_off_ends_the_work(address: str, assistant: ScriptedAssistant) -> None:
    before = assistant.abandoned
    with httpx.stream("POST", f"{address}/v1/responses", json={"input": "slow council", "stream": True}) as reply:
        assert next(reply.iter_bytes()).startswith(b"event: response.created")
    deadline = time.monotonic() + 60
    while assistant.abandoned == before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert assistant.abandoned == before + 1


# ---- vectors


@pytest.fixture(scope="module")
def embedder(embeddings: SentenceEmbeddings) -> Iterator[openai.OpenAI]:
    assistant = ScriptedAssistant()
    assistant.embeddings = embeddings
    with serving(assistant) as address:
        yield openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=60)


def test_vectors_are_those_that_documents_and_questions_are_compared_by(
    embedder: openai.OpenAI, embeddings: SentenceEmbeddings
) -> None:
    texts = ["The harbour is closed.", "Le port est fermé."]
    for form in ("float", "base64"):  # the client reads both
        given = embedder.embeddings.create(model="askcorpus", input=texts, encoding_format=form)
        assert [one.index for one in given.data] == [0, 1]
        assert np.allclose(_read(given.data[1].embedding), embeddings.embed_documents(texts)[1], atol=1e-6)
    asked = embedder.embeddings.create(model="x", input=texts[0], extra_body={"input_type": "query"})
    assert np.allclose(asked.data[0].embedding, embeddings.embed_query(texts[0]), atol=1e-6)


def _read(vector: Any) -> Any:
    return np.frombuffer(base64.b64decode(vector), "<f4") if isinstance(vector, str) else vector


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": [1, 2, 3]}, "input"),
        ({"input": ["x", ""]}, "input"),
        ({"input": "x" * 20_001}, "input"),
        ({"input": ["x"] * 1_001}, "input"),
        ({"input": "x", "dimensions": 7}, "dimensions cannot be 7"),
        ({"input": "x", "encoding_format": "int8"}, "encoding_format"),
    ],
)
def test_texts_that_cannot_be_embedded_are_refused(embedder: openai.OpenAI, body: Any, said: str) -> None:
    with pytest.raises(openai.BadRequestError, match=said):
        embedder.post("/embeddings", body=body, cast_to=object)


def test_more_text_than_is_embedded_at_once_is_refused(embedder: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError, match="more than 300,000 characters together: send fewer") as caught:
        embedder.embeddings.create(model="x", input=["x" * 20_000] * 16)
    assert caught.value.status_code == 413


class CountedEmbeddings(SentenceEmbeddings):
    """The real ones, and how many texts they were given."""

    given = 0

    def embed_sentences(self, texts: Sequence[str]) -> Any:
        self.given += len(texts)
        return super().embed_sentences(texts)


@pytest.fixture
def counted(embeddings: SentenceEmbeddings) -> CountedEmbeddings:
    counted = CountedEmbeddings()
    counted.__dict__ |= embeddings.__dict__  # the model is loaded once
    return counted


MANY = ["The harbour of Ostende closed because of a storm. " * 6] * 500


def test_nothing_more_is_embedded_for_a_client_that_left(counted: CountedEmbeddings) -> None:
    assistant = ScriptedAssistant()
    assistant.embeddings = counted
    with serving(assistant) as address:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/v1/embeddings", json={"input": MANY}, timeout=0.5)
        begun = -1
        while begun != counted.given:
            begun = counted.given
            time.sleep(0.7)
        assert begun < len(MANY)


def test_a_question_is_answered_between_the_texts(counted: CountedEmbeddings) -> None:
    assistant = ScriptedAssistant()
    assistant.embeddings = counted
    with (
        serving(assistant, read_settings(concurrent_questions=1)) as address,
        ThreadPoolExecutor(1) as beside,
    ):
        embedding = beside.submit(httpx.post, f"{address}/v1/embeddings", json={"input": MANY[:200]}, timeout=60)
        while not counted.given and not embedding.done():
            time.sleep(0.01)
        assert httpx.post(f"{address}/api/v1/ask", json={"question": "council"}, timeout=60).status_code == 200
        assert not embedding.done() and counted.given < 200
        assert len(embedding.result().json()["data"]) == 200


def test_the_key_is_the_servers() -> None:
    with serving(ScriptedAssistant(), read_settings(api_key=KEY)) as address:
        known = openai.OpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0)
        stranger = openai.OpenAI(base_url=f"{address}/v1", api_key="guess", max_retries=0)
        assert known.chat.completions.create(model="askcorpus", messages=[user("council")]).choices
        with pytest.raises(openai.AuthenticationError, match="needs a key"):
            stranger.models.list()
