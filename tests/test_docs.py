"""The code in the README and in docs/: Python blocks run, and the commands in bash blocks and in the text exist."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus_ui.cli.commands import app
from serving import QUESTION, real_assistant, serving

ROOT = Path(__file__).parents[1]
PAGES = {page.name: page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]}


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and content of every code block in a language."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [(page, block) for page, text in PAGES.items() for block in pattern.findall(text)]


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
    with real_assistant(tmp_path_factory.mktemp("real"), embeddings) as assistant, serving(assistant) as address:
        yield assistant, address


@pytest.mark.usefixtures("one_model")
@pytest.mark.parametrize(("page", "block"), blocks("python"), ids=[page for page, _ in blocks("python")])
def test_a_python_block_runs(
    page: str, block: str, real: tuple[Assistant, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder with an index, a set of questions and the sample corpus, and beside a server."""
    assistant, address = real
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKCORPUS_DATA", str(assistant.settings.data))
    row = {"id": "1", "question": QUESTION, "answers": ["because of a storm"], "doc_ids": ["storm.txt"]}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (tmp_path / "corpus").symlink_to(ROOT / "corpus")

    exec(compile(block.replace("http://127.0.0.1:7860", address), page, "exec"), {"__name__": "__main__"})
