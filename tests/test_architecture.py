"""Heavy packages come late, every module is on the map, and what is imported is declared.

Which way imports point is held by import-linter, what the packages import by deptry: ``make check``.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
FOLDERS = {"askcorpus": "src", "askcorpus_ingest": "ingest", "askcorpus_eval": "eval", "askcorpus_ui": "ui"}
LOCKS = ("requirements.lock", "requirements-torch.lock", "requirements-ray.lock")
# They wrap gradio, and are themselves imported late, by the server when it makes its app; or run the command.
WITH_GRADIO = ("asking", "calls", "events", "filters", "layout", "opinions", "page", "panel", "past", "surface")
LATE = {"askcorpus_ui.cli.__main__", *(f"askcorpus_ui.chat.{module}" for module in WITH_GRADIO)}
HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "gradio",
    "chromadb",
    "lingua",
    "scipy",
    "trafilatura",
    "dateparser",
    "ray",
}


def modules(package: str) -> dict[str, Path]:
    """Dotted name of each module of a package, and its file."""
    root = ROOT / FOLDERS[package]
    files = sorted((root / package).rglob("*.py"))
    return {".".join(f.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): f for f in files}


@cache
def imports(path: Path) -> frozenset[str]:
    """Dotted names that a file imports, anywhere in it."""
    return frozenset(_imported(ast.walk(ast.parse(path.read_text(encoding="utf-8")))))


def _imported(nodes: Iterator[ast.AST] | list[ast.stmt]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", FOLDERS)
def test_heavy_packages_come_late(package: str) -> None:
    """Importing all modules of a package imports none of the packages that take seconds."""
    code = f"import sys, {', '.join(modules(package).keys() - LATE)}; print(*sorted({HEAVY!r} & sys.modules.keys()))"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert out.stdout.strip() == ""


def test_every_module_is_on_the_map() -> None:
    """docs/architecture.md lists each module under its folder, and none that is not there."""
    listed: list[str] = []
    folder = ""
    for line in (ROOT / "docs/architecture.md").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"### `(.+)/`", line):
            folder = heading[1]
        elif row := re.match(r"\| `(\w+)` \|", line):
            listed.append(f"{folder}/{row[1]}.py")
    files = [path for package in FOLDERS for path in modules(package).values()]
    there = [path.relative_to(ROOT).as_posix() for path in files if not path.name.startswith("__")]

    assert sorted(one for one in listed if one.partition("/")[0] in FOLDERS.values()) == sorted(there)


# The extras that the modules of a package or folder may lean on, the nearest name deciding; all others lean on none.
EXTRAS_OF = {
    "askcorpus.answer.llm": ["llm"],
    "askcorpus.embedding.sentence_transformer": ["models"],
    "askcorpus.index.postgres": ["postgres"],
    "askcorpus.search.reranker": ["models"],
    "askcorpus_eval": ["eval"],
    "askcorpus_ingest.ray_driver": ["ray"],
    "askcorpus_ui": ["chat"],
    "askcorpus_ui.cli": [],
    "askcorpus_ui.web.app": ["chat", "mcp"],
    "askcorpus_ui.web.keys": [],  # the command makes them without a server
    "askcorpus_ui.web.mcp_server": ["mcp"],
    "askcorpus_ui.web.tracing": ["otel"],
}


def extras_of(module: str) -> list[str]:
    """The extras that a module may import from."""
    while module not in EXTRAS_OF and module:
        module = module.rpartition(".")[0]
    return EXTRAS_OF.get(module, [])


@pytest.mark.parametrize("package", FOLDERS)
def test_what_is_imported_is_declared(package: str) -> None:
    """Nothing leans on a package that only happens to come along with another, or that an extra of others brings."""
    base, extras = requirements()

    for module, path in modules(package).items():
        declared = base + [line for extra in extras_of(module) for line in extras[extra]]
        assert undeclared([path], declared) == set(), module


def test_what_tests_import_is_declared() -> None:
    base, extras = requirements()
    tests = [path for folder in ("tests", "scripts", "bench", "training") for path in ROOT.glob(f"{folder}/**/*.py")]

    assert undeclared(tests, base + [line for lines in extras.values() for line in lines]) == set()


def requirements() -> tuple[list[str], dict[str, list[str]]]:
    """What every installation brings, and what each extra adds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"], project["optional-dependencies"]


def undeclared(files: list[Path], lines: list[str]) -> set[str]:
    """Modules that the files import, and that belong to no package named in the lines of requirements.

    A module that is not installed here (training needs onnx, nothing else does) is taken for a package of its name.
    """
    declared = {_normal(Requirement(line).name) for line in lines}
    owners = _owners()
    imported = {name.split(".")[0] for path in files for name in imports(path)}
    ours = FOLDERS.keys() | {"training"} | {path.stem for path in files}
    return {
        name
        for name in imported - ours - sys.stdlib_module_names
        if not declared & {_normal(owner) for owner in owners.get(name, [name])}
    }


@cache
def _owners() -> Mapping[str, list[str]]:
    """The distributions that each module here may come from; finding out takes a second."""
    return packages_distributions()


# `all` names other extras; what only training needs is not installed with the rest.
NOT_LOCKED = {"all", "training"}


def test_the_lock_fits_the_project() -> None:
    base, extras = requirements()
    lines = [line for name in LOCKS for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    locked = [Requirement(line.removesuffix("\\")) for line in lines if not line.startswith(("#", "    --hash="))]
    versions = {_normal(one.name): str(one.specifier).removeprefix("==") for one in locked}

    assert all(re.fullmatch(r"==[\w.]+", str(one.specifier)) for one in locked), "exact, and no local versions"
    for line in [*base, *(line for name, lines in extras.items() if name not in NOT_LOCKED for line in lines)]:
        wanted = Requirement(line)
        assert versions[_normal(wanted.name)] in wanted.specifier, f"{line}: make lock"


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
