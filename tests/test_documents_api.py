"""Documents over HTTP: listed, read in part, and, for whoever has the key for it, added, replaced and removed."""

import json
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import Settings
from askcorpus.types import Document, Mark
from askcorpus_ingest import uploads
from askcorpus_ingest.pipeline import ingest
from serving import real_assistant, serving

KEY, READ_KEY = "may write", "may read"
HEADERS = {"X-API-Key": KEY}
LIGHT = "The lighthouse of Skerry was painted red on Monday. Its keeper is Una Morrow."
RECORD = {
    "text": LIGHT,
    "title": "Red lighthouse",
    "date": "2024-05-06",
    "language": "en",
    "source": "Isle Post",
    "extra": {"desk": "coast"},
}
PAGED = Document(
    id="reports/harbour 2024",
    title="Harbour",
    text="One. Two. Three. Four.",
    marks=(
        Mark(start=0, locator={"page": "i"}),
        Mark(start=5, locator={"page": "1"}),
        Mark(start=10, locator={"page": "1", "chapter": "II"}),
        Mark(start=17, locator={"page": "2"}),
    ),
)


@contextmanager
def writable(assistant: Assistant) -> Iterator[httpx.Client]:
    with (
        serving(assistant, Settings.model_validate({"write_key": KEY})) as address,
        httpx.Client(base_url=f"{address}/api/v1", headers=HEADERS, timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="module")
def assistant(folder: Path, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """One for all tests, each of which names its own documents."""
    with real_assistant(folder, embeddings) as assistant:
        yield assistant


@pytest.fixture(scope="module")
def client(assistant: Assistant) -> Iterator[httpx.Client]:
    with writable(assistant) as client:
        yield client


def asked(client: httpx.Client, question: str) -> Any:
    return client.post("/ask", json={"question": question}).json()


def send(client: httpx.Client, name: str, content: bytes | str) -> httpx.Response:
    return client.post("/files", params={"name": name}, content=content)


def ids(client: httpx.Client) -> set[str]:
    return {document["id"] for document in client.get("/documents").json()["documents"]}


def put_paged(assistant: Assistant) -> None:
    with assistant.store.writer() as writer:
        writer.put(PAGED, [])


def test_a_document_is_read_by_range_and_by_page(client: httpx.Client, assistant: Assistant) -> None:
    put_paged(assistant)
    path = "/documents/reports%2Fharbour%202024"

    def part(**params: Any) -> tuple[int, int, str]:
        found = client.get(path, params=params).json()
        assert PAGED.text[found["start"] : found["end"]] == found["text"] and found["characters"] == 22
        return found["start"], found["end"], found["text"]

    assert client.get(path).json()["text"] == PAGED.text
    assert part(start=5, end=9) == (5, 9, "Two.")
    assert part(start=17) == (17, 22, "Four.")
    assert part(end=4) == (0, 4, "One.")
    assert part(start=17, end=1000) == (17, 22, "Four.")
    assert part(page="i") == (0, 5, "One. ")
    assert part(page="1") == (5, 17, "Two. Three. ")
    assert part(page="2") == (17, 22, "Four.")
    assert client.get(path, params={"start": 12}).json()["locator"] == {"page": "1", "chapter": "II"}


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"page": "9"}, 400, "There are i, 1, 2."),
        ({"page": "1", "start": 0}, 400, "A page and a range are asked for."),
        ({"start": 22}, 400, "The text has 22."),
        ({"start": 4, "end": 4}, 400, "no characters from 4 to 4"),
        ({"start": -1}, 422, "start"),
        ({"end": 10**30}, 422, "end"),
    ],
)
def test_a_part_that_is_not_there_is_told(
    client: httpx.Client, assistant: Assistant, params: dict[str, Any], status: int, said: str
) -> None:
    put_paged(assistant)
    response = client.get("/documents/reports%2Fharbour%202024", params=params)
    assert response.status_code == status and said in response.text


def repeat(assistant: Assistant, *names: str) -> None:
    """Let several documents tell one story."""
    text = " ".join(f"The boat of pier {n} left at {n}:15 with {n} tons of herring." for n in range(1, 12))
    with assistant.store.writer() as writer:
        for name in names:
            writer.put(Document(id=name, title=name.upper(), text=text, source="Isle Post"), [])


def test_a_parameter_with_a_misspelt_name_is_no_filter_that_limits_nothing(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    with real_assistant(tmp_path, embeddings) as assistant, writable(assistant) as client:
        for address, name in (("documents?langauge=fr&limit=1", "langauge"), ("facets?language=fr", "language")):
            refused = client.get(f"/{address}")
            assert refused.status_code == client.head(f"/{address}").status_code == 422
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["detail"].startswith(f"{name}: no parameter; there are: ")
        assert client.get("/index?x=1").json()["detail"] == "x: no parameter; there are none here."
        assert client.post("/search?top_k=1", json={"query": "Where?"}).status_code == 422


def test_documents_that_tell_the_same_are_listed_in_stretches(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with real_assistant(tmp_path, embeddings) as assistant, writable(assistant) as client:
        assert client.get("/duplicates").json() == {"stories": [], "total": 0, "offset": 0, "limit": 50}
        repeat(assistant, "a", "b", "c")
        found = client.get("/duplicates", params={"offset": 1, "limit": 1}).json()
        assert (found["total"], found["offset"], found["limit"]) == (3, 1, 1)
        ((story,),) = (found["stories"],)
        (document,) = story["documents"]
        assert story["number"] == 1 and "text" not in document
        assert document.items() >= {"id": "b", "title": "B", "characters": len(_text(client, "b"))}.items()
        assert client.get("/duplicates", params={"limit": 1001}).status_code == 422


def _text(client: httpx.Client, name: str) -> str:
    return str(client.get(f"/documents/{name}").json()["text"])


def test_what_tells_the_same_takes_its_turn_among_the_questions(
    tmp_path: Path, embeddings: SentenceEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time and none in line: while it is looked for, nobody else may ask, and all else is served."""
    begun, end = threading.Event(), threading.Event()
    with (
        real_assistant(tmp_path, embeddings) as assistant,
        serving(assistant, Settings(concurrent_questions=1, waiting_questions=0)) as address,
        httpx.Client(base_url=f"{address}/api/v1", timeout=60) as client,
        ThreadPoolExecutor(1) as others,
    ):
        looked_for = assistant.store.told_twice

        def slow(**stretch: int) -> Any:
            begun.set()
            assert end.wait(60)
            return looked_for(**stretch)

        monkeypatch.setattr(assistant.store, "told_twice", slow)
        first = others.submit(client.get, "/duplicates")
        assert begun.wait(60)
        refused = client.get("/duplicates")
        served = client.get("/facets")
        end.set()
        assert first.result().status_code == served.status_code == 200
    assert refused.status_code == 503 and refused.headers["Retry-After"] and refused.json()["code"] == "Busy"


def test_facets_are_what_filters_can_choose_from(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with real_assistant(tmp_path, embeddings) as assistant, writable(assistant) as client:
        assert client.get("/facets").json() == {
            "documents": 2,
            "languages": {"en": 1, "fr": 1},
            "sources": {"Agence Rhône": 1, "Coast Wire": 1},
            "more_sources": 0,
            "date_min": "2021-05-01",
            "date_max": "2023-02-28",
        }
        cut = client.get("/facets", params={"limit": 1}).json()
    assert (list(cut["sources"]), cut["more_sources"]) == (["Agence Rhône"], 1)


def test_a_record_that_is_put_answers_at_once_and_is_replaced_and_removed(client: httpx.Client) -> None:
    made = client.put("/documents/isle%2F1", json=RECORD | {"place": None})
    assert (made.status_code, made.json()["title"]) == (201, "Red lighthouse")
    answer = asked(client, "Who is the keeper of the lighthouse of Skerry?")
    assert answer["citations"][0]["document_id"] == "isle/1" and "Una Morrow" in answer["answer"]
    assert client.get("/documents/isle%2F1").json()["extra"] == {"desk": "coast"}

    again = client.put("/documents/isle%2F1", json=RECORD | {"text": LIGHT.replace("Una Morrow", "Ivo Bay")})
    assert again.status_code == 200
    assert "Ivo Bay" in asked(client, "Who is the keeper of the lighthouse of Skerry?")["answer"]

    assert client.delete("/documents/isle%2F1").json() == {"removed": 1}
    assert client.delete("/documents/isle%2F1").status_code == 404
    assert client.get("/documents/isle%2F1").status_code == 404
    assert "isle/1" not in json.dumps(asked(client, "Who is the keeper of the lighthouse of Skerry?"))
    assert client.put("/documents/isle%2F1", json=RECORD).status_code == 201


def test_many_records_are_added_and_those_that_cannot_be_are_told(client: httpx.Client) -> None:
    before = ids(client)
    body = {"documents": [RECORD, RECORD | {"id": "two", "text": "A second one."}, {"text": " \n", "id": "none"}]}
    changes = client.post("/documents", json=body).json()
    assert (changes["added"], [one["reason"] for one in changes["failed"]]) == (2, ["is empty"])
    assert "two" in ids(client) and len(ids(client)) == len(before) + 2
    again = client.post("/documents", json={"documents": body["documents"][:2]}).json()
    assert (again["added"], again["unchanged"]) == (0, 2)


def test_a_file_is_added_and_replaced_by_the_next_of_its_name(client: httpx.Client, folder: Path) -> None:
    first = send(client, "2024-05-06 lights.md", f"# Red lighthouse\n\n{LIGHT}\n")
    assert first.json()["added"] == 1, first.text
    assert "Una Morrow" in asked(client, "Who is the keeper of the lighthouse of Skerry?")["answer"]
    rows = "\n".join(json.dumps({"id": f"r{n}", "text": f"Row {n} is here."}) for n in range(3))
    assert send(client, "rows.jsonl", rows).json()["added"] == 3
    changes = send(client, "rows.jsonl", "\n".join(rows.splitlines()[:1])).json()
    assert (changes["unchanged"], changes["removed"]) == (1, 2)
    assert {"r0"} < ids(client) and "r1" not in ids(client)
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../evil.txt", "A packed report says that the pier is closed.")
    assert send(client, "reports.zip", archive.getvalue()).json()["added"] == 1
    assert not list(folder.rglob("*evil*"))


@pytest.mark.parametrize(
    ("name", "content", "status", "said"),
    [
        ("empty.txt", b" ", 422, "empty"),
        ("none.pdf", b"%PDF-1.4 broken", 422, "none.pdf"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + b"x" * 100, 422, "image"),
        ("questions.jsonl", b'{"question": "What?"}', 422, "questions"),
        ("..", b"x", 400, "name"),
        ("x" * 201, b"x", 422, "name"),
        ("/", b"x", 400, "name"),
    ],
)
def test_a_file_that_cannot_be_taken_changes_nothing(
    client: httpx.Client, name: str, content: bytes, status: int, said: str
) -> None:
    before = ids(client)
    response = send(client, name, content)
    assert (response.status_code, said in response.text) == (status, True), response.text
    assert ids(client) == before


@pytest.mark.parametrize(
    "name", ["/etc/motd.txt", "..\\..\\secret.txt", "file:///etc/hosts.txt", "a\x00b.txt", "/records.md"]
)
def test_a_name_is_never_a_path(client: httpx.Client, assistant: Assistant, name: str) -> None:
    client.put("/documents/kept", json=RECORD)
    changes = send(client, name, f"Nothing but this was sent under {name!r}.").json()
    assert (changes["added"], changes["removed"]) == (1, 0)
    newest = [one for one in assistant.store.documents() if one.text.startswith("Nothing but this was sent")]
    assert all("/" not in one.origin for one in newest)
    assert "kept" in ids(client)


def test_what_one_file_holds_is_bounded(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_CHARACTERS", 40)
    rows = "\n".join(json.dumps({"id": f"b{n}", "text": f"Row {n} of many is here."}) for n in range(9))
    changes = send(client, "bounded.jsonl", rows).json()
    assert changes["added"] == 1 and "holds more than 40 characters" in changes["failed"][0]["reason"]
    assert send(client, "big.txt", b"x" * 8_000_001).status_code == 413


def test_how_many_documents_one_file_holds_is_bounded(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight megabytes may be half a million rows of a word each: hours, in which nobody else could write."""
    monkeypatch.setattr(uploads, "MOST_DOCUMENTS", 3)
    rows = "\n".join(f"t{n},Row {n} of the table is here." for n in range(9))
    changes = send(client, "rows.csv", f"title,text\n{rows}").json()
    assert changes["added"] == 3 and "holds more than 3 documents" in changes["failed"][0]["reason"]
    failed = send(client, "empty.jsonl", '{"text": "Only this line has a text."}\n' + "{}\n" * 9).json()["failed"]
    assert len(failed) == 3 and "holds more than 3 documents" in failed[-1]["reason"]


def test_a_files_document_that_was_replaced_and_then_removed_stays_out(
    embeddings: SentenceEmbeddings, tmp_path: Path
) -> None:
    with real_assistant(tmp_path, embeddings) as assistant, writable(assistant) as client:
        storm = next(one.id for one in assistant.store.documents() if one.source == "Coast Wire")
        assert client.put(f"/documents/{storm}", json=RECORD).status_code == 200
        assert client.delete(f"/documents/{storm}").json() == {"removed": 1}
        report = ingest([tmp_path / "articles"], assistant.store, embeddings, assistant.settings)
        assert (report.added, report.withheld) == (0, 1) and storm not in ids(client)
        assert client.put(f"/documents/{storm}", json=RECORD).status_code == 201, "who sends it again wants it back"


def test_what_was_sent_stays_when_folders_are_ingested_and_what_was_removed_stays_out(
    embeddings: SentenceEmbeddings, tmp_path: Path
) -> None:
    with real_assistant(tmp_path, embeddings) as assistant, writable(assistant) as client:
        client.put("/documents/kept", json=RECORD)
        send(client, "sent.txt", "The pier of Skerry is closed until June.")
        before = ids(client)
        storm = next(one.id for one in assistant.store.documents() if one.source == "Coast Wire")
        assert client.delete(f"/documents/{storm}").json() == {"removed": 1}
        report = ingest([tmp_path / "articles"], assistant.store, embeddings, assistant.settings, prune=True)
        assert (report.elsewhere, report.removed, report.withheld) == ((), 0, 1)
        assert ids(client) == before - {storm}


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": READ_KEY}, {"Authorization": "Bearer nobody"}])
@pytest.mark.parametrize("read_key", [None, READ_KEY])
def test_only_the_key_for_writing_writes(assistant: Assistant, headers: dict[str, str], read_key: str | None) -> None:
    settings = Settings.model_validate({"write_key": KEY, "api_key": read_key})
    before = assistant.store.generation()
    with serving(assistant, settings) as address:
        for method, path, body in (
            ("POST", "documents", {"documents": [RECORD]}),
            ("POST", "files?name=a.txt", {"text": "x"}),
            ("PUT", "documents/a", RECORD),
            ("DELETE", f"documents/{assistant.store.documents()[0].id}", None),
        ):
            response = httpx.request(method, f"{address}/api/v1/{path}", json=body, headers=headers)
            assert response.status_code in (401, 403), (method, path)
            told = response.json()
            assert told["code"] in ("Unauthorized", "Forbidden") and told["hint"], (method, path)
        opened = httpx.get(f"{address}/api/v1/documents", headers=HEADERS)
        assert opened.status_code == 200, "the key for writing reads as well"
        foreign = httpx.put(
            f"{address}/api/v1/documents/a", json=RECORD, headers=HEADERS | {"Origin": "http://x.example"}
        )
        assert foreign.status_code == 403
    assert assistant.store.generation() == before


@pytest.mark.parametrize(
    ("path", "kind", "body", "detail", "hint"),
    [
        ("files?name=a.pdf", "application/pdf", b"no pdf", "a.pdf is no pdf file.", "See /docs."),
        (
            "documents",
            "application/json",
            b'{"documents": []}',
            "documents: List should have at least 1 item after validation, not 0.",
            "See /docs.",
        ),
        (
            "documents",
            "application/x-www-form-urlencoded",
            b'{"documents": []}',
            "The body was sent as application/x-www-form-urlencoded.",
            "Send JSON, and with it “Content-Type: application/json”.",
        ),
        (
            "documents",
            "application/json",
            b'{"documents": 3}',
            "documents: Input should be a valid list.",
            "See /docs.",
        ),
    ],
)
def test_what_cannot_be_taken_is_told_with_a_hint(
    assistant: Assistant, path: str, kind: str, body: bytes, detail: str, hint: str
) -> None:
    settings = Settings.model_validate({"write_key": KEY})
    with serving(assistant, settings) as address:
        headers = HEADERS | {"Content-Type": kind}
        told = httpx.post(f"{address}/api/v1/{path}", content=body, headers=headers).json()
    assert (told["status"], told["detail"], told["hint"]) == (422, detail, hint)


@pytest.mark.parametrize("key", [None, READ_KEY])
def test_nothing_can_be_written_unless_a_setting_says_so(assistant: Assistant, key: str | None) -> None:
    headers = {"X-API-Key": READ_KEY}
    with serving(assistant, Settings.model_validate({"api_key": key})) as address:
        for method, path, status in (
            ("POST", "documents", 405),
            ("POST", "files?name=a.txt", 404),
            ("PUT", "documents/a", 405),
            ("DELETE", "documents/a", 405),
        ):
            response = httpx.request(method, f"{address}/api/v1/{path}", json=RECORD, headers=headers)
            assert response.status_code == status
        assert '"put":' not in httpx.get(f"{address}/openapi.json", headers=headers).text


def test_a_second_writer_is_told_to_wait(client: httpx.Client, assistant: Assistant) -> None:
    begun, go = threading.Event(), threading.Event()

    def write() -> None:
        with assistant.store.writer():
            begun.set()
            go.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(60)
        response = client.put("/documents/a second", json=RECORD)
    finally:
        go.set()
        thread.join()
    assert (response.status_code, response.json()["code"], "retry-after" in response.headers) == (503, "Busy", True)
    assert client.put("/documents/a second", json=RECORD).status_code == 201


def test_one_request_at_a_time_changes_documents(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while a file is still being read, and nothing is written yet."""
    begun, go, take_file = threading.Event(), threading.Event(), uploads.take_file

    def slow(*arguments: Any) -> Any:
        begun.set()
        assert go.wait(60)
        return take_file(*arguments)

    monkeypatch.setattr("askcorpus_ui.web.writing_api.take_file", slow)
    with ThreadPoolExecutor() as other:
        sent = other.submit(send, client, "slow.txt", "The slipway of Skerry is slow.")
        assert begun.wait(60)
        refused = [send(client, "b.txt", "x"), client.put("/documents/b", json=RECORD), client.delete("/documents/b")]
        go.set()
        assert sent.result().json()["added"] == 1
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(503, "Busy")] * 3
    assert client.put("/documents/b", json=RECORD).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"documents": []},
        {"documents": [{"title": "no text"}]},
        {"documents": [{"text": "x", "tetx": "y"}]},
        {"documents": [{"text": "x", "id": "a\nb"}]},
        {"documents": [{"text": "x", "id": "y" * 201}]},
        {"documents": [{"text": "x", "extra": {f"n{n}": "" for n in range(60)}}]},
    ],
)
def test_records_that_are_none_are_refused_whole(client: httpx.Client, body: Any) -> None:
    before = ids(client)
    assert client.post("/documents", json=body).status_code in (400, 422)
    assert ids(client) == before
