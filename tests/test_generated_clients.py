"""Clients that generators make of /openapi.json compile and run, in Python and TypeScript.

The generators are no part of the development environment; where one is on the PATH, this tries it.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from askcorpus.settings import read_settings
from programs import program, run
from scripted import DOCUMENTS, ScriptedAssistant
from serving import serving

PYTHON = """
import sys
from pathlib import Path
from api_client import Client
from api_client.api.ask import ask_api_v1_ask_post as ask
from api_client.api.conversations import listed_api_v1_conversations_get as listed
from api_client.api.documents import documents_api_v1_documents_get as documents
from api_client.models import Answer, AskBody, Problem

client = Client(base_url=sys.argv[1])
answer = ask.sync(client=client, body=AskBody(question="council?", keep=True))
assert isinstance(answer, Answer) and answer.citations[0].document_id == "harbour", answer
assert [one.id for one in listed.sync(client=client).conversations] == [answer.conversation_id]
assert documents.sync(client=client, limit=2).total == int(sys.argv[2])
refused = ask.sync_detailed(client=client, body=AskBody(question=" "))
assert refused.status_code == 400 and isinstance(refused.parsed, Problem), refused
print("ran")
"""

TYPESCRIPT = """
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const client = createClient<paths>({ baseUrl: process.argv[2] });
const answered = await client.POST("/api/v1/ask", { body: { question: "council?" } });
const answer = answered.data as components["schemas"]["Answer"];
const listed = await client.GET("/api/v1/documents", { params: { query: { limit: 2 } } });
const refused = await client.POST("/api/v1/ask", { body: { question: " ", top_k: null } });
if (answer.citations?.[0].document_id !== "harbour" || listed.data?.total !== Number(process.argv[3])) throw answer;
if (refused.error?.code !== "UsageError") throw refused;
console.log("ran");
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = read_settings(data=tmp_path_factory.mktemp("data"))
    with serving(ScriptedAssistant(), settings) as address:
        yield address


@pytest.fixture
def description(address: str, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(httpx.get(f"{address}/openapi.json").text, encoding="utf-8")
    return path


def test_a_client_in_python(address: str, description: Path, tmp_path: Path) -> None:
    generator = program("openapi-python-client")
    made = tmp_path / "api_client"
    told = run(generator, "generate", "--meta", "none", "--path", description, "--output-path", made)
    operations = json.loads(description.read_text("utf-8"))["paths"]
    assert "will not be generated" not in told and "Unable to process" not in told
    assert len(list(made.glob("api/*/[!_]*.py"))) == sum(map(len, operations.values()))
    run(sys.executable, "-m", "compileall", "-q", made)
    beside = generator.resolve().with_name("python")
    python = beside if beside.exists() else Path(sys.executable)  # has what the client imports
    assert run(python, "-c", PYTHON, address, str(len(DOCUMENTS)), cwd=tmp_path) == "ran\n"


def test_a_client_in_typescript(address: str, description: Path, tmp_path: Path) -> None:
    generator, compiler, node = program("openapi-typescript"), program("tsc"), program("node")
    packages = next(one for one in generator.resolve().parents if one.name == "node_modules")
    (tmp_path / "node_modules").symlink_to(packages)
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    (tmp_path / "main.ts").write_text(TYPESCRIPT, "utf-8")
    run(generator, description, "-o", tmp_path / "api.ts", "--default-non-nullable", "false")
    options = ("--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler")
    types = ("--skipLibCheck", "--lib", "es2022,dom")
    (tmp_path / "globals.d.ts").write_text("declare const process: { argv: string[] };\n", "utf-8")
    run(compiler, *options, *types, "main.ts", "globals.d.ts", cwd=tmp_path)
    assert run(node, "main.js", address, str(len(DOCUMENTS)), cwd=tmp_path, env=dict(os.environ)) == "ran\n"
