"""The description of the API is whole: every response told, an example of each, and each example true."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import Settings
from askcorpus_ui.web.app import create_app
from askcorpus_ui.web.examples import REQUESTS, RESPONSES
from scripted import ScriptedAssistant
from serving import real_assistant, serving

HEADERS = {"X-API-Key": "may write"}
WRITABLE = Settings.model_validate({"write_key": HEADERS["X-API-Key"]})


@pytest.fixture(scope="module")
def app() -> Any:
    assistant: Any = ScriptedAssistant()
    return create_app(assistant, WRITABLE)


@pytest.fixture(scope="module")
def operations(app: Any) -> dict[tuple[str, str], Any]:
    paths = app.openapi()["paths"]
    return {(method, path): operation for path, methods in paths.items() for method, operation in methods.items()}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[httpx.Client]:
    with (
        real_assistant(tmp_path_factory.mktemp("openapi"), embeddings) as assistant,
        serving(assistant, WRITABLE.model_copy(update={"data": assistant.settings.data})) as address,
        httpx.Client(base_url=address, headers=HEADERS, timeout=60) as client,
    ):
        _hold_the_example(client)
        yield client


def _hold_the_example(client: httpx.Client) -> None:
    """The examples are about one document, which is put there, and an index with the server's own settings."""
    assert client.post("/api/v1/documents", json=REQUESTS["post", "/api/v1/documents"]).json()["added"] == 1


def test_every_response_is_told_and_has_an_example(operations: dict[tuple[str, str], Any]) -> None:
    assert len(operations) > 18
    for key, operation in operations.items():
        assert operation["summary"] and operation["description"], key
        for status, response in operation["responses"].items():
            assert response["description"] not in ("Successful Response", "Client Error", "Server Error"), key
            for kind, content in response["content"].items():
                if status == "200":
                    assert "example" in content or (kind == "text/event-stream" and key in RESPONSES), (key, kind)
                if key[1].startswith("/api/") and not status.startswith("2"):
                    assert kind == "application/problem+json", key
        body = operation.get("requestBody", {}).get("content", {})
        assert "application/json" not in body or "example" in body["application/json"], key


def test_every_field_says_what_it_is(app: Any, operations: dict[tuple[str, str], Any]) -> None:
    for name, schema in app.openapi()["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            assert told.get("description"), f"{name}.{field}"
    for key, operation in operations.items():
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (key, parameter["name"])


def test_every_operation_says_which_keys_it_takes(operations: dict[tuple[str, str], Any], app: Any) -> None:
    ways: list[Any] = [{name: []} for name in app.openapi()["components"]["securitySchemes"]]
    assert len(ways) == 3
    for (_, path), operation in operations.items():
        written = "writing" in operation["tags"]
        assert operation["security"] == ([] if path in ("/health", "/ready") else ways if written else [*ways, {}])
    keyed: Any = ScriptedAssistant()
    guarded = create_app(keyed, Settings.model_validate({"api_key": "x"})).openapi()["paths"]
    assert guarded["/api/v1/ask"]["post"]["security"] == ways


def test_failures_are_told_by_examples_that_are_true(app: Any, client: httpx.Client) -> None:
    told = {name: app.openapi()["components"]["schemas"][name]["examples"] for name in ("Problem", "Refusal")}

    assert told["Problem"] == [client.post("/api/v1/ask", json={"question": " "}).json()]
    assert told["Refusal"] == [client.post("/v1/chat/completions", json={"messages": []}).json()]


def test_examples_of_responses_are_of_the_models_that_are_told(operations: dict[tuple[str, str], Any]) -> None:
    for key, example in RESPONSES.items():
        if isinstance(example, BaseModel):
            told = operations[key]["responses"]
            schema = told[next(status for status in told if status[0] == "2")]["content"]["application/json"]["schema"]
            assert f'/{type(example).__name__}"' in json.dumps(schema), key


@pytest.mark.parametrize("key", REQUESTS, ids=" ".join)
def test_examples_of_requests_are_answered_also_with_null_for_what_they_leave_out(
    client: httpx.Client, app: Any, operations: dict[tuple[str, str], Any], key: tuple[str, str]
) -> None:
    schemas = app.openapi()["components"]["schemas"]
    method, path = key[0], key[1].replace("{document_id}", "harbour")
    if "{conversation_id}" in path:
        kept = client.post("/api/v1/ask", json={"question": "barrier?", "keep": True}).json()
        path = path.replace("{conversation_id}", kept["conversation_id"])
    response = client.request(method, path, json=REQUESTS[key])

    assert str(response.status_code) in operations[key]["responses"] and response.is_success, response.text
    body = operations[key]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    left_out = dict.fromkeys(schemas[body]["properties"].keys() - set(schemas[body]["required"]))
    again = client.request(method, path, json=left_out | REQUESTS[key])
    assert again.status_code == response.status_code, f"null is the same as left out: {again.text}"
    while any(job["state"] in ("waiting", "running") for job in client.get("/api/v1/jobs").json()["jobs"]):
        time.sleep(0.05)  # nothing else may write meanwhile
    example = RESPONSES.get(key)
    if isinstance(example, dict):
        assert example.keys() == response.json().keys()
    elif example is not None:
        assert type(example).model_fields.keys() == response.json().keys()


PROOFS, CHECK = REQUESTS["post", "/api/v1/proofs"]["answer"], REQUESTS["post", "/api/v1/proofs/check"]
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("/api/v1/ask", {"question": "council?", "explain": "yes"}),
    ("/api/v1/ask", {"question": "council?", "stream": 0}),
    ("/api/v1/ask", {"question": "council?", "top_k": "3"}),
    ("/api/v1/search", {"query": "council", "top_k": True}),
    ("/api/v1/ask/batch", {"questions": [{"question": "council?"}], "per_document": 0}),
    ("/api/v1/feedback", {"answer_id": "a", "question": "council?", "liked": "true"}),
    ("/api/v1/proofs", {"answer": PROOFS | {"answerable": "yes"}}),
    ("/api/v1/proofs", {"answer": PROOFS | {"citations": [PROOFS["citations"][0] | {"verified": 1}]}}),
    ("/api/v1/proofs/check", CHECK | {"index": CHECK["index"] | {"passages": "1"}}),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "council?"}], "stream": "no"}),
    ("/v1/responses", {"input": "council?", "background": 0}),
    ("/v1/embeddings", {"input": "council", "dimensions": "384"}),
]


@pytest.mark.parametrize(("path", "body"), OTHERS)
def test_a_value_of_another_type_than_is_described_is_refused(
    client: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    response = client.post(path, json=body)
    assert response.status_code in (400, 422) and "Input should be" in response.text, response.text


def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(client: httpx.Client) -> None:
    reply = client.post("/api/v1/search", json={"query": "council", "top_k": 1.0})
    assert reply.status_code == 200 and len(reply.json()["hits"]) == 1


def test_what_may_be_left_out_is_described_as_null_where_it_is_sent_and_never_where_it_is_returned(app: Any) -> None:
    schemas = app.openapi()["components"]["schemas"]
    for name in ("AskBody", "FiltersInput", "ScoresInput", "ProofInput", "ProvenQuoteInput", "ResponseBody"):
        needed = schemas[name].get("required", ())
        for field, told in schemas[name]["properties"].items():
            anything = not {"type", "anyOf", "$ref"} & told.keys()
            assert anything or ({"type": "null"} in told.get("anyOf", ())) == (field not in needed), (name, field)
    assert '"null"' not in json.dumps(schemas["Filters"]) and "Input" not in json.dumps(schemas["Answer"])


def test_null_is_left_out_at_any_depth(client: httpx.Client) -> None:
    question = {"question": "council?", "filters": {"languages": None, "date_from": None}}
    asked = {"questions": [{"question": "council?", "id": None}], "filters": None}
    assert client.post("/api/v1/ask", json=question).status_code == 200
    assert client.post("/api/v1/ask/batch", json=asked).status_code == 200
    cited = PROOFS["citations"][0] | {"author": None, "extra": {"section": None}}
    assert client.post("/api/v1/proofs", json={"answer": PROOFS | {"citations": [cited]}}).status_code == 200
