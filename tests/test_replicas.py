"""Two real servers over one PostgreSQL and one Chroma server are as one: none knows what the other does not."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from pydantic import SecretStr

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.feedback import shared_feedback
from askcorpus.index.opening import open_index
from askcorpus.index.store import Store
from askcorpus.settings import Settings
from askcorpus_ingest.pipeline import ingest
from askcorpus_ingest.uploads import remove
from askcorpus_ui.web.keys import Keys
from chroma_process import chroma_process
from postgres_server import PostgresServer
from replica_servers import Balancer, Replica, replicas
from serving import ARTICLES, QUESTION

ASKED = (QUESTION, "Combien a coûté la réparation du pont de Verdan ?", "Who is the mayor of Lyon?")
READERS = 2
Pair = tuple[httpx.Client, httpx.Client]


class Corpus(NamedTuple):
    """What the servers share, in the hands of another process."""

    settings: Settings
    store: Store
    embeddings: SentenceEmbeddings

    def take(self, path: Path) -> None:
        ingest([path], self.store, self.embeddings, self.settings)


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_process(tmp_path_factory.mktemp("chroma")) as server:
        yield server.url


@pytest.fixture(scope="module")
def corpus(database: str, chroma: str, embeddings: SentenceEmbeddings) -> Iterator[Corpus]:
    """A third process beside the servers, as a run of `ingest` is."""
    settings = Settings(database=SecretStr(database), vectors=chroma)
    with open_index(settings, embeddings) as store:
        yield Corpus(settings, store, embeddings)


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory, database: str, chroma: str, corpus: Corpus
) -> Iterator[list[Replica]]:
    """They run before there is a key, or anything to ask."""
    folder = tmp_path_factory.mktemp("replicas")
    with replicas(folder, 2, DATABASE=database, VECTORS=chroma, MIN_CONFIDENCE="0", DRAIN_SECONDS="2") as found:
        for one in found:
            one.wait_until_started()
        (folder / "articles").mkdir()
        for name, text in ARTICLES.items():
            (folder / "articles" / name).write_text(text, "utf-8")
        corpus.take(folder / "articles")
        for one in found:
            one.wait_until_ready()
        yield found


@pytest.fixture(scope="module")
def keys(servers: list[Replica], database: str) -> Iterator[Keys]:
    assert [httpx.get(f"{one.address}/api/v1/documents").status_code for one in servers] == [200, 200]
    with closing(Keys(Path(), database)) as keys:
        yield keys


@pytest.fixture(scope="module")
def key(keys: Keys) -> str:
    return keys.add("Clients", ["admin"])[0]


@pytest.fixture(scope="module")
def pair(servers: list[Replica], key: str) -> Iterator[Pair]:
    with both(servers, key) as clients:
        yield clients


@contextmanager
def both(servers: list[Replica], key: str) -> Iterator[Pair]:
    """A client of each, with that key."""
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(httpx.Client(base_url=each.address, headers={"X-API-Key": key}, timeout=120))
            for each in servers
        )
        yield one, other


def ask(client: httpx.Client, question: str = QUESTION, **more: Any) -> Any:
    response = client.post("/api/v1/ask", json={"question": question} | more)
    assert response.status_code == 200, response.text
    return response.json()


def told(answer: Any) -> Any:
    """An answer without what differs from one asking to the next."""
    return {name: value for name, value in answer.items() if name not in {"id", "timings_ms"}}


def test_both_give_the_same_answers_with_the_chroma_servers_neighbours(pair: Pair) -> None:
    one, other = pair
    for question in ASKED:
        assert told(ask(one, question)) == told(ask(other, question))
    for client in pair:
        checks = {check["name"]: check["detail"] for check in client.get("/ready").json()["checks"]}
        assert " passages on " in checks["vector index"]


@pytest.mark.parametrize("by", ["another process", "one of them", "a job"])
def test_what_is_taken_in_is_found_by_both_at_the_next_question_and_what_is_removed_is_gone(
    corpus: Corpus, pair: Pair, tmp_path: Path, by: str
) -> None:
    """Asked before, so that whatever is remembered of the corpus is there to be wrong."""
    one, other = pair
    name = {"another process": "Aldebera", "one of them": "Brastow", "a job": "Cormond"}[by]
    question = f"Who rebuilt the lighthouse of {name}?"
    text = f"The lighthouse of {name} was rebuilt by the engineer Ilva Sorrent in 1987."
    before = [told(ask(client, question)) for client in pair]
    assert before[0] == before[1] and text not in str(before)
    if by == "another process":
        (tmp_path / "lighthouse.txt").write_text(text, "utf-8")
        corpus.take(tmp_path)
    elif by == "one of them":
        changes = one.post("/api/v1/documents", json={"documents": [{"text": text}]}).json()
        assert changes.get("added") == 1, changes
    else:
        job = one.post("/api/v1/jobs", json={"documents": [{"text": text}]}).json()
        assert "id" in job, job
        while (seen := other.get(f"/api/v1/jobs/{job['id']}").json())["state"] in ("waiting", "running"):
            time.sleep(0.05)
        assert (seen["state"], seen["added"]) == ("done", 1)
        assert one.get("/api/v1/jobs").json() == other.get("/api/v1/jobs").json() == {"jobs": [seen]}
    after = [ask(client, question) for client in pair]
    assert told(after[0]) == told(after[1])
    [document] = {citation["document_id"] for citation in after[0]["citations"] if name in citation["quote"]}

    if by == "another process":
        remove([document], corpus.store)
    else:
        assert other.delete(f"/api/v1/documents/{document}").json() == {"removed": 1}
    again = [told(ask(client, question)) for client in pair]
    assert again == before
    assert all(client.get(f"/api/v1/documents/{document}").status_code == 404 for client in pair)


def test_a_conversation_is_listed_and_goes_on_at_the_other(pair: Pair) -> None:
    one, other = pair
    begun = ask(one, keep=True)["conversation_id"]
    assert [entry["id"] for entry in other.get("/api/v1/conversations").json()["conversations"]] == [begun]
    follow_up = ask(other, "And where did ferries sail from instead?", keep=True, conversation_id=begun)
    assert "Zeebrugge" in str(follow_up["citations"])
    turns = one.get(f"/api/v1/conversations/{begun}").json()["turns"]
    assert [turn["question"] for turn in turns] == [QUESTION, "And where did ferries sail from instead?"]
    assert turns[1]["answer_id"] == follow_up["id"]
    other.patch(f"/api/v1/conversations/{begun}", json={"title": "Storms"})
    assert one.get(f"/api/v1/conversations/{begun}").json()["title"] == "Storms"
    assert other.delete(f"/api/v1/conversations/{begun}").status_code == 204
    assert one.get(f"/api/v1/conversations/{begun}").status_code == 404


def test_feedback_is_one(pair: Pair, database: str) -> None:
    one, other = pair
    answer = ask(one, keep=True)
    said = {"answer_id": answer["id"], "conversation_id": answer["conversation_id"], "liked": True}
    assert other.post("/api/v1/feedback", json=said).status_code == 204
    [kept] = shared_feedback(database)
    assert (kept.question, kept.liked) == (QUESTION, True)
    assert one.post("/api/v1/feedback", json=said | {"liked": None}).status_code == 204
    assert shared_feedback(database) == []


def test_a_key_counts_at_both_from_when_it_is_made_until_it_is_revoked(
    servers: list[Replica], pair: Pair, keys: Keys
) -> None:
    for scope, path in (("ask", "/api/v1/conversations"), ("ingest", "/api/v1/jobs")):
        secret, key = keys.add("Another", [scope])
        with both(servers, secret) as clients:
            assert [client.get(path).status_code for client in clients] == [200, 200]
            keys.revoke([key.id])
            assert [client.get(path).status_code for client in clients] == [401, 401]
    assert [client.get("/api/v1/conversations").status_code for client in pair] == [200, 200]


def test_a_rolling_restart_under_load_loses_no_request(servers: list[Replica], key: str) -> None:
    """Readers ask and one client writes, through a balancer that looks at `/ready`, while first one server and then the
    other is told to stop and started again."""
    with both(servers, key) as (client, _):
        before = len(client.get("/api/v1/conversations").json()["conversations"])
    balancer, over = Balancer(servers), threading.Event()
    statuses: list[int | str] = []
    written: list[str] = []

    def send(method: str, path: str, **body: Any) -> None:
        try:
            response = balancer.send(method, path, json=body, headers={"X-API-Key": key})
            statuses.append(response.status_code)
        except httpx.HTTPError as exc:
            statuses.append(repr(exc))

    def read() -> None:
        while not over.wait(0.05):
            send("POST", "/api/v1/ask", question=QUESTION, keep=True)

    def write() -> None:
        while not over.wait(0.2):
            written.append(f"buoy{len(written)}")
            document = {"id": written[-1], "text": f"Buoy {len(written)} of the row was painted on Monday."}
            send("POST", "/api/v1/documents", documents=[document])

    threads = [threading.Thread(target=each) for each in (write, *[read] * READERS)]
    try:
        for thread in threads:
            thread.start()
        for server in servers:
            server.wait_until_ready()
            seen = len(statuses)
            while len(statuses) < seen + 3 * len(threads):
                time.sleep(0.05)
            assert server.stop() == 0, server.log()
            server.start()
    finally:
        over.set()
        for thread in threads:
            thread.join()
        balancer.close()
    assert set(statuses) == {200}
    with both(servers, key) as (client, _):
        assert all(client.get(f"/api/v1/documents/{name}").status_code == 200 for name in written)
        kept = client.get("/api/v1/conversations").json()["conversations"]
        assert len(kept) == min(200, len(statuses) - len(written) + before)
    assert "Traceback" not in "".join(server.log() for server in servers)
