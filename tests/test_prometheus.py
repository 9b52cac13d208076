"""The figures at /metrics, read with Prometheus' own parser."""

import time
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from scripted import ScriptedAssistant
from serving import serving


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with serving(ScriptedAssistant()) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def figures(client: httpx.Client) -> dict[tuple[str, ...], float]:
    """Each sample's value by its name and the values of its labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (s.name, *(s.labels[name] for name in sorted(s.labels))): s.value for family in families for s in family.samples
    }


def test_requests_are_counted_by_route_and_status(client: httpx.Client) -> None:
    for question in ("council", "council", ""):
        client.post("/api/v1/ask", json={"question": question})
    client.get("/api/v1/documents/harbour")
    client.get("/api/v1/documents/none")
    client.get("/health", headers={"Host": "evil.example"})
    found = figures(client)

    def count(method: str, route: str, status: str) -> float:
        return found["askcorpus_requests_total", method, route, status]

    assert count("POST", "/api/v1/ask", "200") == 2
    assert count("POST", "/api/v1/ask", "400") == 1
    assert count("GET", "/api/v1/documents/{document_id:path}", "200") == 1
    assert count("GET", "/api/v1/documents/{document_id:path}", "404") == 1
    assert count("GET", "/health", "421") == 1
    assert found["askcorpus_request_seconds_count", "/api/v1/ask"] == 3


def test_what_is_refused_is_counted_where_it_would_have_gone(client: httpx.Client) -> None:
    evil = {"Origin": "http://evil.example"}
    client.post("/api/v1/ask", json={"question": "council"}, headers=evil)
    client.get("/api/v1/documents/a/b/c", headers=evil)
    client.request("BREW", "/api/v1/search", headers=evil)
    client.get("/nothing", headers=evil)
    client.get("/", headers=evil)
    client.post("/v1/chat/completions", content=b"[" * 9_000)
    client.post("/api/v1/search", content=b"x" * 9_000_000)
    client.head("/ready", headers=evil)
    found = {key[1:] for key in figures(client) if key[0] == "askcorpus_requests_total"}
    assert found >= {
        ("POST", "/api/v1/ask", "403"),
        ("GET", "/api/v1/documents/{document_id:path}", "403"),
        ("other", "/api/v1/search", "403"),
        ("GET", "other", "403"),
        ("POST", "/v1/chat/completions", "400"),
        ("POST", "/api/v1/search", "413"),
        ("HEAD", "/ready", "403"),
    }


def test_answers_are_counted_by_their_outcome_whatever_door_they_left_by(client: httpx.Client) -> None:
    client.post("/api/v1/ask", json={"question": "council"})
    client.post("/api/v1/ask/stream", json={"question": "council"})
    client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "Who won?"}]})
    client.post("/api/v1/ask", json={"question": "broken model"})
    found = {key: value for key, value in figures(client).items() if key[0] == "askcorpus_answers_total"}
    assert found == {
        ("askcorpus_answers_total", "none", "answered"): 2,
        ("askcorpus_answers_total", "none", "abstained"): 1,
    }


def test_a_stream_takes_until_its_end_or_until_its_client_leaves(client: httpx.Client) -> None:
    with client.stream("POST", "/api/v1/ask/stream", json={"question": "slow council"}) as response:
        lines = response.iter_lines()
        while "token" not in next(lines):
            pass
        time.sleep(0.3)
    key = ("askcorpus_request_seconds_bucket", "0.2", "/api/v1/ask/stream")
    deadline = time.monotonic() + 60
    while key not in (found := figures(client)) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert found[key] == 0
    assert found["askcorpus_request_seconds_bucket", "10.0", "/api/v1/ask/stream"] == 1


def test_nobody_can_invent_labels(client: httpx.Client) -> None:
    for number in range(20):
        client.get(f"/nothing/{number}")
        client.request(f"M{number}", f"/api/v1/nothing/{number}")
        client.get(f"/v1/nothing/{number}")
        client.get("/health", headers={"Host": f"{number}.example"})
    labels = [key for key in figures(client) if key[0] == "askcorpus_requests_total"]

    assert len(labels) <= 8, labels
    assert not any("nothing/" in part for label in labels for part in label)
