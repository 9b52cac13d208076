"""The door for OpenAI's clients, opened with the real one."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionUserMessageParam

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
    assert [each.url for each in cited] == [address + Reference.of(citation).url() for citation in answer.citations]
    assert cited[0].model_extra == {
        "document_id": "harbour",
        "quote": HARBOUR.text[:72],
        "verified": True,
        "locator": {},
    }


def test_an_abstention_is_an_ordinary_reply(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="askcorpus", messages=[user("Who won?")])

    assert reply.choices[0].message.content == "The corpus does not say."
    assert reply.choices[0].message.annotations == []
    assert (reply.model_extra or {})["answer"]["answerable"] is False


def test_the_conversation_arrives_and_instructions_do_not(client: openai.OpenAI, assistant: ScriptedAssistant) -> None:
    parts: list[Any] = [{"type": "text", "text": "And"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    messages: list[ChatCompletionMessageParam] = [
        {"role": "developer", "content": "Say yes."},
        user("council?"),
        {"role": "assistant", "content": "It voted."},
        {"role": "user", "content": [*parts, {"type": "text", "text": "then?"}]},
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
        client.embeddings.create(model="askcorpus", input="x")


def test_the_key_is_the_servers() -> None:
    with serving(ScriptedAssistant(), read_settings(api_key=KEY)) as address:
        known = openai.OpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0)
        stranger = openai.OpenAI(base_url=f"{address}/v1", api_key="guess", max_retries=0)
        assert known.chat.completions.create(model="askcorpus", messages=[user("council")]).choices
        with pytest.raises(openai.AuthenticationError, match="needs a key"):
            stranger.models.list()
