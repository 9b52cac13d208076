"""What the README says is true: its commands work, or CI runs them."""

import re
import shlex
import shutil
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

import askcorpus
from askcorpus.settings import read_settings
from askcorpus_ui.cli.commands import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BY_CI = {
    "make chat": ".ci/chat",
    "make test": ".ci/run",
    "askcorpus serve": "Makefile",
    "askcorpus eval corpus/questions.jsonl --out eval-out": ".ci/run",
}


def commands() -> list[str]:
    """Every line of the README's bash blocks, without comments."""
    blocks = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    lines = (re.sub(r"\s+# .*", "", line).strip() for line in "".join(blocks).splitlines())
    return [line for line in lines if line]


@pytest.fixture(scope="module")
def index(sample_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of this page's tests, which holds the sample corpus already."""
    return Path(shutil.copytree(sample_index, tmp_path_factory.mktemp("readme") / "index"))


def test_every_command_is_run_somewhere() -> None:
    for line in commands():
        assert line in BY_CI or line.split()[0] in {"askcorpus", "export"}, f"no test runs: {line}"


@pytest.mark.parametrize(("line", "file"), BY_CI.items())
def test_ci_runs(line: str, file: str) -> None:
    assert line in commands()
    assert line in re.sub(r"\$\(BIN\)/|\.venv/bin/", "", (ROOT / file).read_text(encoding="utf-8"))
    assert file in {".ci/run", "Makefile"} or file in (ROOT / ".ci/run").read_text(encoding="utf-8")


@pytest.mark.usefixtures("one_model")
def test_the_askcorpus_commands_work(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ASKCORPUS_DATA", str(index))
    lines = [line for line in commands() if line.startswith("askcorpus ") and line not in BY_CI]
    shown = dict(re.findall(r"`(askcorpus ask [^`]*)` prints\n\n```text\n(.*?)```", README, re.DOTALL))
    assert shown
    assert shown.keys() <= set(lines)

    for line in lines:
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}\n{result.output}"
        assert result.stdout == shown.get(line, result.stdout)


@pytest.mark.usefixtures("one_model")
def test_the_python_prints_what_the_command_prints(
    index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ASKCORPUS_DATA", str(index))
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    [shown] = re.findall(r"`askcorpus ask [^`]*` prints\n\n```text\n(.*?)```", README, re.DOTALL)
    assert CliRunner().invoke(app, ["ingest", "corpus"]).exit_code == 0

    exec(compile(code, "README.md", "exec"), {})

    assert capsys.readouterr().out == shown

    example = (askcorpus.__doc__ or "").partition("::\n")[2].partition("\nImporting")[0]
    exec(compile(textwrap.dedent(example), "askcorpus", "exec"), {})

    assert shown.partition("\n")[0] in capsys.readouterr().out


def test_the_exported_settings_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    exports = [word for line in commands() if line.startswith("export ") for word in shlex.split(line)[1:]]
    assert exports
    for export in exports:
        monkeypatch.setenv(*export.split("=", 1))

    settings = read_settings()

    assert settings.model_fields_set >= {name.split("=")[0].removeprefix("ASKCORPUS_").lower() for name in exports}


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md"], ids=lambda page: page.name)
def test_links_lead_to_a_heading(page: Path) -> None:
    for file, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", page.read_text(encoding="utf-8")):
        assert anchor in anchors(page.parent / file if file else page), f"{file}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub names them in addresses; the second of a name is another."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    names = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return {name if names.index(name) == i else f"{name}-{names[:i].count(name)}" for i, name in enumerate(names)}
