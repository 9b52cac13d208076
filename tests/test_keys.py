"""Keys of the server: made, listed and revoked by the command, and what each opens, until when and how often."""

import json
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from askcorpus.errors import IndexMismatch, StorageError, UsageError
from askcorpus.settings import Settings
from askcorpus_ui.cli.commands import app
from askcorpus_ui.web.keys import FILE, Keys
from askcorpus_ui.web.rates import Rates
from askcorpus_ui.web.server import serve
from scripted import ScriptedAssistant
from serving import serving

ASKED = {"question": "council"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "index"
    made.mkdir()
    return made


@pytest.fixture
def keys(folder: Path) -> Iterator[Keys]:
    with closing(Keys(folder)) as keys:
        yield keys


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    """Of a server that began without any key."""
    with serving(ScriptedAssistant(), Settings(data=folder)) as address, httpx.Client(base_url=address) as client:
        yield client


def run(*arguments: str, data: Path) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments, "--data", str(data)])


def asked(client: httpx.Client, key: str | None) -> httpx.Response:
    return client.post("/api/v1/ask", json=ASKED, headers={"X-API-Key": key} if key else {})


def test_from_the_first_key_on_the_server_needs_one_and_a_revoked_one_is_refused_at_once(
    client: httpx.Client, folder: Path
) -> None:
    assert asked(client, None).status_code == 200
    added = run("add", "Newsroom", data=folder)
    key = added.stdout.strip()
    assert asked(client, None).status_code == 401
    assert asked(client, key).status_code == 200
    assert client.get("/", auth=("anyone", key)).status_code == 200, "in a browser it is the password"
    listed = run("list", data=folder)
    assert listed.stdout.split()[1:3] == ["valid", "Newsroom:"] and "_" not in listed.stdout
    assert run("revoke", listed.stdout.split()[0], data=folder).stdout == "1 revoked\n"
    assert asked(client, key).status_code == 401
    assert asked(client, None).status_code == 401, "the last one gone does not open the door again"
    assert client.get("/health").status_code == 200


def test_a_key_is_told_once_and_only_its_digest_is_kept(folder: Path) -> None:
    told = json.loads(
        run("add", "CI", "--scope", "ingest", "--days", "30", "--rate", "9", "--json", data=folder).stdout
    )
    listed = json.loads(run("list", "--json", data=folder).stdout)["keys"]
    key = told.pop("key")
    assert listed == [told]
    assert told["scopes"] == ["ingest"] and told["per_minute"] == 9 and told["state"] == "valid"
    secret = key.split("_", 2)[2]
    assert len(secret) == 43, "256 bits"
    for file in folder.iterdir():
        assert secret.encode() not in file.read_bytes(), file
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600


def test_a_scope_opens_its_part_only(folder: Path, keys: Keys) -> None:
    made = {scope: keys.add(scope, [scope])[0] for scope in ("ask", "ingest", "admin")}
    expected = {"ask": (200, 403, 403), "ingest": (403, 200, 403), "admin": (200, 200, 200)}

    with serving(ScriptedAssistant(), Settings(data=folder, root_path="/askcorpus")) as address:

        def status(method: str, path: str, key: str) -> int:
            return httpx.request(method, f"{address}{path}", headers={"Authorization": f"Bearer {key}"}).status_code

        for scope, key in made.items():
            reads, writes, figures = expected[scope]
            assert status("GET", "/api/v1/documents", key) == reads
            assert status("GET", "/", key) == reads
            for path in ("/metrics", "/askcorpus/metrics", "/askcorpus/askcorpus/metrics"):
                assert status("GET", path, key) == figures, path
            # A body that is none, so that the door alone is asked.
            written = [status("PUT", "/api/v1/documents/a", key), status("POST", "/api/v1/documents", key)]
            assert written == [422 if writes == 200 else 403] * 2, scope
        both = keys.add("both", ["ask", "ingest"])[0]
        assert status("GET", "/api/v1/documents", both) == 200 and status("PUT", "/api/v1/documents/a", both) == 422


def test_the_keys_of_the_settings_go_on_working_beside(folder: Path, keys: Keys) -> None:
    key = keys.add("one", ["ask"])[0]
    settings = Settings.model_validate({"data": folder, "api_key": "reads", "write_key": "writes"})
    with serving(ScriptedAssistant(), settings) as address, httpx.Client(base_url=address) as client:
        assert [asked(client, one).status_code for one in ("reads", "writes", key, "other")] == [200, 200, 200, 401]
        assert client.get("/metrics", headers={"X-API-Key": "reads"}).status_code == 200
        statuses = [
            client.put("/api/v1/documents/a", headers={"X-API-Key": one}).status_code
            for one in ("reads", "writes", key)
        ]
        assert statuses == [403, 422, 403]


def test_a_key_is_valid_until_it_expires(client: httpx.Client, keys: Keys) -> None:
    key, known = keys.add("brief", ["ask"], days=4 / 86_400)
    assert asked(client, key).status_code == 200 and known.state == "valid"
    time.sleep(4.1)
    assert asked(client, key).status_code == 401
    assert [one.state for one in keys.listed()] == ["expired"]


def test_beyond_its_rate_a_key_is_told_when_to_come_again_and_others_are_not(client: httpx.Client, keys: Keys) -> None:
    slow, fast = keys.add("slow", ["ask"], per_minute=2)[0], keys.add("fast", ["ask"])[0]
    assert client.get("/", headers={"X-API-Key": slow}).status_code == 200
    responses = [asked(client, slow) for _ in range(3)]
    assert [one.status_code for one in responses] == [200, 200, 429]
    assert 0 < int(responses[2].headers["retry-after"]) <= 30
    assert responses[2].json()["code"] == "TooManyRequests"
    assert client.get("/", headers={"X-API-Key": slow}).status_code == 200, "the page itself does not count"
    openais = client.post("/v1/chat/completions", headers={"X-API-Key": slow}, json={}).json()
    assert openais["error"]["code"] == "TooManyRequests"
    assert asked(client, fast).status_code == 200


def test_each_question_of_a_batch_counts_and_the_next_waits_until_it_may_be_asked(
    client: httpx.Client, keys: Keys
) -> None:
    header = {"X-API-Key": keys.add("many", ["ask"], per_minute=60)[0]}
    questions = [{"question": "council?"}] * 61
    began = time.monotonic()
    many = client.post("/api/v1/ask/batch", json={"questions": questions}, headers=header, timeout=30)
    assert many.text.count('"answered": "yes"') == 61 and "error" not in many.text
    assert time.monotonic() - began >= 1, "60 may be asked at once, and the 61st a second later"
    assert client.post("/api/v1/search", json={"query": "x"}, headers=header).status_code == 429


def test_a_bucket_fills_again_up_to_its_size() -> None:
    now = 0.0
    rates = Rates(lambda: now)
    assert [rates.wait("a", 3) for _ in range(4)] == [0, 0, 0, 20]
    now = 20.0
    assert [rates.wait("a", 3) for _ in range(2)] == [0, 20]
    now = 10_000.0
    assert [rates.wait("a", 3) for _ in range(4)] == [0, 0, 0, 20]


@pytest.mark.parametrize(
    "change", [lambda k: k[:-1] + ("A" if k[-1] != "A" else "B"), lambda k: k + "A", lambda k: k[:17], str.upper]
)
def test_nearly_a_key_is_none(client: httpx.Client, keys: Keys, change: Callable[[str], str]) -> None:
    assert asked(client, change(keys.add("one", ["ask"])[0])).status_code == 401


def test_without_its_file_a_server_that_had_keys_lets_nobody_in(client: httpx.Client, folder: Path, keys: Keys) -> None:
    key = keys.add("one", ["ask"])[0]
    assert asked(client, key).status_code == 200
    for file in folder.glob(f"{FILE}*"):
        file.unlink()
    assert [asked(client, one).status_code for one in (key, None)] == [401, 401]


def test_a_damaged_file_of_keys_lets_nobody_in(client: httpx.Client, folder: Path) -> None:
    (folder / FILE).write_bytes(b"no database at all, but long enough for a header" * 100)
    response = asked(client, None)
    assert response.status_code == 503 and response.json()["code"] == "StorageError"
    assert client.get("/health").status_code == 200


def test_beyond_loopback_a_made_key_lets_the_server_start(folder: Path, keys: Keys) -> None:
    settings = Settings(data=folder, host="192.0.2.1")  # an address of no machine, so that it fails at the next step
    with pytest.raises(UsageError, match="let others read"):
        serve(settings)
    keys.add("one", ["ask"])
    with pytest.raises(UsageError, match="Cannot listen"):
        serve(settings)


def test_what_no_key_can_be_is_told(folder: Path, keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="scope write"):
        keys.add("x", ["ask", "write"])
    with pytest.raises(UsageError, match="name"):
        keys.add(" \n", ["ask"])
    with pytest.raises(StorageError, match="no data folder"):
        Keys(tmp_path / "mistyped").add("x", ["ask"])
    assert not (tmp_path / "mistyped").exists() and keys.listed() == []
    result = run("revoke", "0123456789ab", data=folder)
    assert result.exit_code == 2 and "No such key: 0123456789ab." in result.stderr


def test_the_description_of_the_api_says_that_keys_are_needed(folder: Path, keys: Keys) -> None:
    key = keys.add("one", ["admin"])[0]
    with serving(ScriptedAssistant(), Settings(data=folder)) as address:
        paths = httpx.get(f"{address}/openapi.json", headers={"X-API-Key": key}).json()["paths"]
    assert {} not in paths["/api/v1/ask"]["post"]["security"]
    assert "post" in paths["/api/v1/documents"], "a key for writing makes the addresses for it"


def test_keys_that_a_newer_version_wrote_are_left_as_they_are(tmp_path: Path) -> None:
    Keys(tmp_path).add("app", ["ask"])
    with closing(sqlite3.connect(tmp_path / "keys.sqlite3")) as file:
        file.execute("PRAGMA user_version = 9")
        file.commit()

    with pytest.raises(IndexMismatch, match=r"has keys that a newer version wrote"):
        Keys(tmp_path).listed()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de-CH,en;q=0.5", "Dieser Server verlangt einen Schlüssel."),
        ("ar", "يتطلب هذا الخادم مفتاحًا."),
        ("", "This server"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/c/abcdefghijklmnopqrstuv", "/source/x/y", "/documents", "/api/v1/documents"])
def test_who_comes_with_a_browser_and_without_a_key_is_told_in_the_readers_language(
    folder: Path, path: str, language: str, said: str
) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": language}
    with serving(ScriptedAssistant(), Settings(data=folder, api_key=SecretStr("secret"))) as address:
        told = httpx.get(f"{address}{path}", headers=browser)
        assert told.status_code == 401
        assert told.headers["www-authenticate"].startswith("Basic")
        assert told.headers["content-type"].startswith("text/html")
        assert "script-src" not in told.headers["content-security-policy"]
        assert f"<h1>{said}" in told.text
        root = "../" * (path.count("/") - 1) or "./"
        assert f'href="{root}' in told.text
        assert len(httpx.get(f"{address}{path}{'/' * 20_000}", headers=browser).content) < 1_000
        for program in ({}, {"Accept": "application/json"}):
            assert httpx.get(f"{address}{path}", headers=program).json()["code"] == "Unauthorized"
        assert httpx.post(f"{address}/api/v1/ask", json=ASKED, headers=browser).json()["code"] == "Unauthorized"


def test_a_key_for_something_else_is_told_to_a_browser_too(folder: Path, keys: Keys) -> None:
    key, _ = keys.add("Import", ["ingest"])
    with serving(ScriptedAssistant(), Settings(data=folder)) as address:
        told = httpx.get(address, headers={"Accept": "text/html", "Accept-Language": "fr"}, auth=("", key))
        assert (told.status_code, "Cette clé ne donne pas accès" in told.text) == (403, True)
