"""The code in the README and in docs/: Python blocks run, and the commands in bash blocks and in the text exist."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from typer.testing import CliRunner

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.extras import MODULES
from askcorpus.settings import Settings
from askcorpus_ui.cli.commands import app
from programs import program, run
from serving import QUESTION, real_assistant, serving

ROOT = Path(__file__).parents[1]
ADDRESS = "http://127.0.0.1:7860"
TOLD = re.compile(r"Ostende|Verdan")  # whatever is asked, these are what the documents are about
OTHERS = ("llama_index", "haystack")  # frameworks that want other versions than the lock has, and are in no extra
AT_HOME = """
import sys

def refuse_strangers(event: str, arguments: tuple) -> None:
    if event in ("socket.connect", "socket.getaddrinfo") and "127.0.0.1" not in str(arguments):
        print("spoke to", arguments)

sys.addaudithook(refuse_strangers)
"""
PAGES = {page.name: page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]}


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and content of every code block in a language."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [(page, block) for page, text in PAGES.items() for block in pattern.findall(text)]


def wants_another(block: str) -> bool:
    """Whether a block imports a framework that is not in the lock."""
    return any(f"from {name}" in block for name in OTHERS)


PYTHON = [(page, block) for page, block in blocks("python") if not wants_another(block)]
FRAMEWORKS = [block for _, block in blocks("python") if wants_another(block)]


def commands() -> list[tuple[str, str]]:
    """Page and line of every command: those of the bash blocks, without comments, and those in the text."""
    lines = [(page, line) for page, block in blocks("bash") for line in block.splitlines()]
    shown = [(page, re.sub(r"\s+# .*", "", line).strip()) for page, line in lines]
    spans = [(page, span) for page, text in PAGES.items() for span in re.findall(r"`(askcorpus(?: [^`\n]+)?)`", text)]
    return sorted({(page, line) for page, line in shown + spans if line})


def refusal(line: str) -> str:
    """What is wrong with a command and its options; nothing is run."""
    program, *arguments = shlex.split(line)
    if program == "askcorpus":
        result = CliRunner().invoke(app, [*arguments, "--help"])
        return result.output if result.exit_code else ""
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return "" if set(arguments) <= set(targets) else "no such target"
    if program == "python":
        return "" if (ROOT / arguments[0]).is_file() else "no such script"
    if program == "pip":
        extra = arguments[-1].removeprefix("askcorpus[").removesuffix("]")
        return "" if extra in MODULES else "no such extra"
    if program == "curl":
        return ""  # those of docs/integrate.md are run below
    return "" if program == "export" else "not known here: teach this test to check it"  # test_readme has the exports


@pytest.mark.parametrize(("page", "line"), commands(), ids=[": ".join(found) for found in commands()])
def test_a_command_exists_with_its_options(page: str, line: str) -> None:  # noqa: ARG001  the page names the case
    assert refusal(line.replace("askcorpus COMMAND", "askcorpus")) == ""


@pytest.mark.parametrize(
    "line", ["askcorpus enquire", "askcorpus ask X --fast", "askcorpus eval x --speed 3", "make tea"]
)
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    assert refusal(line) != ""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[tuple[Assistant, str]]:
    """An assistant over two articles, and the address that serves it."""
    with (
        real_assistant(tmp_path_factory.mktemp("real"), embeddings) as assistant,
        serving(assistant, Settings(mcp=True)) as address,
    ):
        yield assistant, address


@pytest.mark.usefixtures("one_model")
@pytest.mark.parametrize(("page", "block"), PYTHON, ids=[page for page, _ in PYTHON])
def test_a_python_block_runs(
    page: str,
    block: str,
    real: tuple[Assistant, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a folder with an index, a set of questions and the sample corpus, beside a server, and with the command."""
    assistant, address = real
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKCORPUS_DATA", str(assistant.settings.data))
    row = {"id": "1", "question": QUESTION, "answers": ["because of a storm"], "doc_ids": ["storm.txt"]}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (tmp_path / "corpus").symlink_to(ROOT / "corpus")
    (tmp_path / ".askcorpus").symlink_to(assistant.settings.data)
    monkeypatch.setenv("PATH", str(the_command(tmp_path)), prepend=os.pathsep)

    if page == "integrate.md":  # always answered, as by the server, and so are the questions of the blocks
        monkeypatch.setenv("ASKCORPUS_MIN_CONFIDENCE", "0")

    exec(compile(block.replace(ADDRESS, address), page, "exec"), {"__name__": "__main__"})
    if page == "integrate.md":
        assert TOLD.search(capsys.readouterr().out)


def the_command(folder: Path) -> Path:
    """A folder that holds `askcorpus`, which runs the code that is tested here."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "askcorpus"
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = f"PYTHONPATH={paths} ASKCORPUS_MIN_CONFIDENCE=0"
    command.write_text(f'#!/bin/sh\n{environment} exec {sys.executable} -m askcorpus_ui.cli "$@"\n', "utf-8")
    command.chmod(0o755)
    return command.parent


def integrations(language: str) -> list[str]:
    """The blocks of docs/integrate.md in a language."""
    return [block for page, block in blocks(language) if page == "integrate.md"]


@pytest.mark.parametrize("line", "".join(integrations("bash")).splitlines())
def test_a_curl_line_is_answered(line: str, real: tuple[Assistant, str]) -> None:
    command = shlex.split(line.replace(ADDRESS, real[1]))

    told = subprocess.run([*command, "--fail"], capture_output=True, check=True, encoding="utf-8").stdout

    assert '"answerable":true' in told and TOLD.search(told)


@pytest.mark.parametrize("block", integrations("javascript"))
def test_a_javascript_block_runs(block: str, real: tuple[Assistant, str], tmp_path: Path) -> None:
    """By the node that comes with Playwright."""
    node, _ = compute_driver_executable()
    script = tmp_path / "block.mjs"
    script.write_text(block.replace(ADDRESS, real[1]), encoding="utf-8")

    told = subprocess.run([node, script], capture_output=True, check=True, encoding="utf-8").stdout

    assert TOLD.search(told)


@pytest.mark.parametrize("block", FRAMEWORKS, ids=OTHERS)
def test_a_block_of_a_framework_runs_and_speaks_to_nobody_else(
    block: str, real: tuple[Assistant, str], tmp_path: Path
) -> None:
    script = tmp_path / "block.py"
    script.write_text(AT_HOME + block.replace(ADDRESS, real[1]), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "src")}

    told = run(program("framework-python"), script, env=environment, cwd=tmp_path)

    assert TOLD.search(told) and "spoke to" not in told
