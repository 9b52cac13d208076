"""``pip install askcorpus`` alone, and with one extra: what each can do, and what it says of the rest.

Each is tried in a process of its own, to which every package of this environment is hidden that such an installation
would not bring, directly or through others.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError, UsageError
from askcorpus.extras import MODULES
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus_ingest.pipeline import ingest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OURS = {"askcorpus", "askcorpus_ingest", "askcorpus_eval", "askcorpus_ui"}
ARTICLE = (
    "OSTENDE (Coast Wire) – The harbour of Ostende closed on Friday because of a storm. Ferries sailed elsewhere.\n"
)
QUESTION = "Why did the harbour of Ostende close?"

# Runs commands one after the other in a Python that does not see the hidden modules.
RUN = """
import json, sys

class Hidden:
    def __init__(self, finder, names):
        self.finder, self.names = finder, names

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in self.names else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

task = json.load(sys.stdin)
sys.meta_path[:] = [Hidden(finder, set(task["hidden"])) for finder in sys.meta_path]

from importlib import import_module
from typer.testing import CliRunner
from askcorpus_ui.cli.commands import app

for module in task["modules"]:
    import_module(module)
for command in task["commands"]:
    result = CliRunner().invoke(app, command)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    print(json.dumps([result.exit_code, result.stdout, result.stderr]))
"""


class Outcome(NamedTuple):
    """What became of a command."""

    exit_code: int
    stdout: str
    stderr: str


def brought(requirements: Sequence[str]) -> set[str]:
    """The distributions that installing the requirements brings here, by their normal names."""
    found: set[tuple[str, str]] = set()
    waiting = [part for line in requirements for part in _parts(line)]
    while waiting:
        name, extra = part = waiting.pop()
        if part in found or not _is_here(name):
            continue
        found.add(part)
        waiting += [needed for line in metadata.requires(name) or () for needed in _parts(line, extra)]
    return {name for name, _ in found}


def _parts(line: str, extra: str = "") -> list[tuple[str, str]]:
    """What a requirement asks for, where it is asked for the sake of ``extra``: a name with each of its extras."""
    wanted = Requirement(line)
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
        return []
    return [(canonicalize_name(wanted.name), one) for one in ("", *wanted.extras)]


def _is_here(name: str) -> bool:
    """Whether it is installed, as every package of the lock is that this platform needs."""
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def absent(*extras: str) -> list[str]:
    """The modules of this environment that ``askcorpus[extras]`` would not have."""
    there = brought([*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])])
    owners = metadata.packages_distributions()
    return sorted(
        module
        for module, distributions in owners.items()
        if module not in OURS and not there & {canonicalize_name(one) for one in distributions}
    )


def run(hidden: Sequence[str], *commands: list[str], modules: Sequence[str] = (), **environment: str) -> list[Outcome]:
    """The commands in a process that does not see the hidden modules, after importing ``modules`` there."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps({"hidden": list(hidden), "commands": commands, "modules": list(modules)}),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return [Outcome(*json.loads(line)) for line in done.stdout.splitlines()]


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    return path


@pytest.fixture
def index(article: Path, tmp_path: Path, embeddings: SentenceEmbeddings) -> Path:
    """A data folder that holds the article."""
    settings = Settings(data=tmp_path / "index")
    with open_index(settings, embeddings) as store:
        assert ingest([article], store, embeddings, settings).added == 1
    return settings.data


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps({"id": "1", "question": QUESTION, "answers": ["a storm"]}), encoding="utf-8")
    return path


def test_the_table_of_modules_is_the_extras_of_the_project() -> None:
    owners = metadata.packages_distributions()
    providers = {"langchain-openai"}  # one of many packages that a model may need, and langchain names it then
    for extra, modules in MODULES.items():
        declared = {canonicalize_name(Requirement(line).name) for line in EXTRAS[extra]}
        checked = {canonicalize_name(owner) for module in modules for owner in owners[module.partition(".")[0]]}
        shared = {owner for owner in checked if owner.startswith("opentelemetry-")}  # one folder of many packages
        assert checked - shared == declared - providers - shared and (declared & shared or not shared), extra


def test_all_and_the_lock_have_every_extra() -> None:
    [everything] = EXTRAS["all"]

    assert set(MODULES) == set(EXTRAS) - {"all", "dev", "training"}
    assert Requirement(everything).extras == set(MODULES) - {"ray"}  # large, for few, and with a lock of its own
    assert "--extra all --extra dev " in (ROOT / "scripts/lock").read_text(encoding="utf-8")


def test_the_bare_installation_is_one_without_the_extras() -> None:
    """Else the tests below would hide nothing."""
    assert {"gradio", "fastapi", "prometheus_client", "ir_measures", "langchain", "langchain_openai"} <= set(absent())


def test_the_library_and_its_commands_work_alone(article: Path, tmp_path: Path) -> None:
    data = ["--data", str(tmp_path / "index")]

    outcomes = run(
        absent(),
        ["--help"],
        ["eval", "run", "--help"],
        ["ingest", str(article), *data],
        ["docs", "list", *data],
        ["rebuild", *data],
        ["doctor", *data],
        ["ask", QUESTION, "--explain", *data],
    )

    assert [outcome.exit_code for outcome in outcomes] == [0] * 7, outcomes
    assert "because of a storm" in outcomes[-1].stdout


def test_what_needs_an_extra_says_so_in_one_line_before_it_does_anything(
    index: Path, questions: Path, tmp_path: Path
) -> None:
    data, out = ["--data", str(index)], tmp_path / "out"

    serve, evaluate, compare, ask = run(
        absent(),
        ["serve", *data],
        ["eval", str(questions), "--out", str(out), *data],
        ["eval", "compare", str(out), str(out)],
        ["ask", QUESTION, *data],
        ASKCORPUS_LLM="openai:qwen3",
    )

    for outcome, extra, code in (
        (serve, "chat", UsageError.exit_code),
        (evaluate, "eval", UsageError.exit_code),
        (compare, "eval", UsageError.exit_code),
        (ask, "llm", ModelError.exit_code),
    ):
        assert outcome.stdout == ""
        assert outcome.stderr.count("\n") == 1
        assert outcome.stderr.endswith(f"Install them: pip install 'askcorpus[{extra}]'\n"), outcome
        assert outcome.exit_code == code
    assert not out.exists()


def test_a_database_on_a_server_says_what_to_install_and_not_its_password() -> None:
    address = "postgresql+psycopg://me:hunter2@127.0.0.1/corpus"

    outcomes = run(absent(), ["docs", "list"], ["ask", QUESTION], ASKCORPUS_DATABASE=address)

    for outcome in outcomes:
        assert (outcome.exit_code, outcome.stdout) == (UsageError.exit_code, "")
        assert outcome.stderr.endswith("Install them: pip install 'askcorpus[postgres]'\n"), outcome
        assert outcome.stderr.count("\n") == 1
        assert "hunter2" not in outcome.stderr


def test_ingest_by_ray_says_what_to_install_before_anything_is_written(tmp_path: Path) -> None:
    (outcome,) = run(absent(), ["ingest", str(ROOT / "corpus"), "--engine", "ray", "--data", str(tmp_path / "index")])

    assert (outcome.exit_code, outcome.stdout) == (UsageError.exit_code, "")
    assert outcome.stderr.endswith("Install them: pip install 'askcorpus[ray]'\n") and outcome.stderr.count("\n") == 1
    assert not (tmp_path / "index").exists()


def test_the_demo_tells_to_install_the_chat_before_it_is_opened(sample_index: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(sample_index, tmp_path / "demo"))

    [demo] = run(absent(), ["demo", "--data", str(data)])

    assert demo.exit_code == 0, demo
    steps = demo.stdout.partition("Now ask it yourself")[2].splitlines()
    assert "  pip install 'askcorpus[chat]'" in steps
    assert steps.index("  pip install 'askcorpus[chat]'") < steps.index(f"  askcorpus serve --data {data}")


def test_one_missing_package_is_told_by_its_name(tmp_path: Path) -> None:
    [serve] = run(["gradio"], ["serve", "--data", str(tmp_path)])

    assert serve.stderr.startswith("askcorpus: askcorpus serve needs packages that are not installed (gradio).")


def test_the_chat_needs_no_other_extra() -> None:
    ui = ROOT / "ui"
    files = [path for folder in ("", "web", "chat") for path in (ui / "askcorpus_ui" / folder).glob("*.py")]
    names = [".".join(path.relative_to(ui).with_suffix("").parts).removesuffix(".__init__") for path in files]
    assert {"askcorpus_ui.web.server", "askcorpus_ui.chat.page", "askcorpus_ui.streaming"} <= set(names)

    assert run(absent("chat"), modules=sorted({*names} - {"askcorpus_ui.web.mcp_server"})) == []


def test_the_evaluation_needs_no_other_extra(index: Path, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    [outcome] = run(absent("eval"), ["eval", str(questions), "--out", str(out), "--data", str(index)])

    assert outcome.exit_code == 0, outcome
    assert (out / "report.html").is_file()
