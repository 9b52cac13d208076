"""What ``from askcorpus import …`` gives: everything that is promised, nothing that takes seconds."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

import askcorpus

FACE = Path(askcorpus.__file__)
HEAVY = {"torch", "transformers", "sentence_transformers", "gradio", "chromadb", "fastapi", "pydantic", "numpy"}


class Typed(NamedTuple):
    """A name as the type checker finds it."""

    module: str
    name: str


def typed_names() -> list[Typed]:
    """What the block for the type checker imports."""
    blocks = [node for node in ast.parse(FACE.read_text(encoding="utf-8")).body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return [Typed(node.module or "", alias.name) for node in imports for alias in node.names]


def test_the_type_checker_sees_every_public_name_and_no_other() -> None:
    assert sorted(one.name for one in typed_names()) == sorted(askcorpus.__all__)


@pytest.mark.parametrize("one", typed_names(), ids=lambda one: one.name)
def test_a_name_is_what_the_type_checker_takes_it_for(one: Typed) -> None:
    value = getattr(askcorpus, one.name)

    assert value is getattr(import_module(one.module), one.name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__module__ == one.module, "taken from where it is defined"


def test_an_unknown_name_is_an_import_error() -> None:
    with pytest.raises(ImportError, match="open_asistant"):
        exec("from askcorpus import open_asistant", {})


def test_all_names_can_be_listed_and_imported_at_once() -> None:
    names: dict[str, object] = {}
    exec("from askcorpus import *", names)

    assert names.keys() >= set(askcorpus.__all__)
    assert set(dir(askcorpus)) >= set(askcorpus.__all__)


def test_importing_the_package_imports_no_other() -> None:
    code = f"import sys, askcorpus; print(*sorted({HEAVY!r} & sys.modules.keys()))"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == ""


def test_no_module_goes_through_the_face() -> None:
    """It stands over all others: a module that imports from it would import itself."""
    root = FACE.parents[2]
    for folder in ("src", "ingest", "eval", "ui"):
        for path in (root / folder).rglob("*.py"):
            taken = [
                alias.name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom) and node.module == "askcorpus"
                for alias in node.names
                if alias.name in askcorpus.__all__
            ]
            assert taken == [], path
