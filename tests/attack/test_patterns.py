"""No text makes a regular expression of ours take more than about linear time: whoever sends it would stop the process.

The interpreter lock is held while a pattern is matched, so one slow pattern stops every thread.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import regex
from attack_texts import Pattern, attack_texts

ROOT = Path(__file__).parents[2]
FOLDERS = {"askcorpus": "src", "askcorpus_ingest": "ingest", "askcorpus_eval": "eval", "askcorpus_ui": "ui"}

LENGTHS = (20, 80, 320, 1_250, 5_000, 20_000)
"""Each four times the one before."""

MOST_GROWTH = 8.0
"""Linear time grows by 4 from one length to the next, quadratic by 16."""

UNSUSPICIOUS_SECONDS = 0.010
"""What is never called slow."""

QUICK_SECONDS = 0.000_5
STEADY_GROWTH = 5.0
"""What at 5,000 characters need not be tried at 20,000: had it quadratic time, that would show by now."""

Builder = Callable[[ModuleType], Iterable[Pattern]]
BUILDERS: dict[str, Builder] = {
    "verbatim": lambda module: map(module.verbatim, ("one", "a a a a b", "Two words. (3) of them")),
    "_pattern": lambda module: [
        module._pattern(language, negations=negations)
        for language in ("", *module._NEGATIONS)
        for negations in (True, False)
    ],
    "_compiled": lambda module: map(module._compiled, [said for speech in module._SPEECH.values() for said in speech]),
}
"""The functions that make patterns, by name, and how each makes all that differ."""


class Named(NamedTuple):
    """A pattern, where it is found, and whether it is asked to match a whole text."""

    place: str
    pattern: Pattern
    whole: bool = False


def modules() -> dict[str, Path]:
    """Dotted names of all modules of the product, and their files."""
    files = [(ROOT / folder, path) for name, folder in FOLDERS.items() for path in (ROOT / folder / name).rglob("*.py")]
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for root, path in files
    }


@cache
def patterns() -> list[Named]:
    """Every compiled pattern of the product, each once."""
    found: dict[Any, Named] = {}
    for name in sorted(modules()):
        module = importlib.import_module(name)
        for named in (*_patterns_of(name, module), *_made_in(name, module)):
            key = (type(named.pattern), named.pattern.pattern, named.pattern.flags, named.whole)
            found.setdefault(key, named)
    return list(found.values())


def _patterns_of(name: str, module: ModuleType) -> Iterator[Named]:
    tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
    whole = {
        ast.unparse(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "fullmatch"
    }
    for attribute, value in vars(module).items():
        if not attribute.startswith("__"):
            for named in _patterns_in(f"{name}.{attribute}", value, name):
                yield named._replace(whole=attribute in whole)


def _made_in(name: str, module: ModuleType) -> Iterator[Named]:
    """What the builders of a module make."""
    for builder, make in BUILDERS.items():
        if getattr(vars(module).get(builder), "__module__", "") == name:
            yield from (Named(f"{name}.{builder}", pattern) for pattern in make(module))


def _patterns_in(place: str, value: object, module: str) -> Iterator[Named]:
    if isinstance(value, re.Pattern | regex.Pattern):
        yield Named(place, value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _patterns_in(f"{place}[{key!r}]", key, module)
            yield from _patterns_in(f"{place}[{key!r}]", inner, module)
    elif isinstance(value, list | tuple | set | frozenset):
        for number, inner in enumerate(value):
            yield from _patterns_in(f"{place}[{number}]", inner, module)
    elif isinstance(value, type) and value.__module__ == module:
        for attribute, inner in vars(value).items():
            yield from _patterns_in(f"{place}.{attribute}", inner, module) if not attribute.startswith("__") else ()


def seconds(named: Named, text: Any, tries: int = 1) -> float:
    """Processor time to find all that matches in ``text``, the best of some tries, so that other work counts little."""
    best = float("inf")
    for _ in range(tries):
        start = time.thread_time()
        for _ in named.pattern.finditer(text):
            pass
        if named.whole:
            named.pattern.fullmatch(text)
        best = min(best, time.thread_time() - start)
    return best


def slow_text(named: Named) -> str:
    """A text for which the time grows faster than its length, in words; "" when there is none."""
    for texts in zip(*(attack_texts(named.pattern, length) for length in LENGTHS), strict=True):
        before = 0.0
        for length, text in zip(LENGTHS, texts, strict=True):
            read = text.encode("utf-8") if isinstance(named.pattern.pattern, bytes) else text
            taken = seconds(named, read)
            if taken > max(UNSUSPICIOUS_SECONDS, MOST_GROWTH * before):
                taken = seconds(named, read, tries=3)
                if taken > max(UNSUSPICIOUS_SECONDS, MOST_GROWTH * before):
                    return (
                        f"{taken:.3f} s for {text[:30]!r}…, {len(text)} characters, after {before:.4f} s for a quarter"
                    )
            if length == LENGTHS[-2] and taken < max(QUICK_SECONDS, STEADY_GROWTH * before):
                break
            before = taken
    return ""


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What functions call of ``re`` and ``regex``: the function's name, and what it calls."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    of, called = call.func.value, call.func.attr
                    if isinstance(of, ast.Name) and of.id in ("re", "regex") and called != "escape":
                        yield getattr(function, "name", "lambda"), called


@pytest.mark.parametrize("path", modules().values(), ids=modules().keys())
def test_patterns_are_constants_or_come_from_known_builders(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    taken_out = [node for node in imports if isinstance(node, ast.ImportFrom) and node.module in ("re", "regex")]
    renamed = [name for node in imports for name in node.names if name.name in ("re", "regex") and name.asname]
    assert not [*taken_out, *renamed], "what is called of re and regex is found by these names"
    assert {(function, called) for function, called in calls(tree)} <= {(name, "compile") for name in BUILDERS}


def test_every_builder_is_there_and_makes_patterns() -> None:
    made = {named.place.rpartition(".")[2] for named in patterns()}
    assert made >= BUILDERS.keys()


@pytest.mark.parametrize("named", patterns(), ids=lambda named: named.place)
def test_no_text_takes_a_pattern_more_than_linear_time(named: Named) -> None:
    assert not slow_text(named)


@pytest.mark.parametrize(
    "pattern",
    [
        re.compile(r"\s*\[\d+\]"),
        re.compile(r"\s*#[ \t]+(.+?)[ \t#]*(?:\r?\n|$)"),
        re.compile(r"\[\\\[(\d+)\\\]\]\([^)\s]*(?: \"[^\"]*\")?\)"),
        re.compile(r"A:\s*(.+?)\s*\n\s*B:", re.DOTALL),
        re.compile(rb"a[^>]*=b"),
        re.compile(r"^(?:a+)+$"),
        regex.compile(r"(?<=\p{Latin}\p{M}*)\p{M}"),
        regex.compile(r"(?<!\p{L})(?:one|\w+teen)"),
        regex.compile(r"[\p{L}--[z]]*!", regex.V1),
    ],
    ids=lambda pattern: str(pattern.pattern),
)
def test_a_pattern_with_the_fault_is_found_out(pattern: Pattern) -> None:
    assert slow_text(Named("", pattern))
