"""No text makes a regular expression of ours take more than about linear time: whoever sends it would stop the process.

The interpreter lock is held while a pattern is matched, so one slow pattern stops every thread.
"""

import ast
import importlib
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import regex
from attack_texts import Pattern, attack_texts

from askcorpus.answer.citations import verbatim
from askcorpus.answer.denials import denies, rejects
from askcorpus.answer.small_talk import small_talk
from askcorpus.search.mentions import missing
from askcorpus.search.names import names_of
from askcorpus.search.period import is_date, read_period
from askcorpus.search.subject import another_of, subject_of, time_of
from askcorpus.text.lexicon import languages
from askcorpus.text.sentences import split_sentences
from askcorpus.types import Document
from askcorpus.verify import surroundings
from askcorpus.verify.attribution import known_sources, read_attribution
from askcorpus.verify.claims import find_claims
from askcorpus.verify.speakers import is_heard
from askcorpus_ingest.dateline import parse_date, read_dateline
from askcorpus_ui.chat.sources import source_page
from askcorpus_ui.chat.translations import strings_for

ROOT = Path(__file__).parents[2]
FOLDERS = {"askcorpus": "src", "askcorpus_ingest": "ingest", "askcorpus_eval": "eval", "askcorpus_ui": "ui"}

LENGTHS = (20, 80, 320, 1_250, 5_000, 20_000)
"""Each four times the one before."""

MOST_GROWTH = 8.0
"""Linear time grows by 4 from one length to the next, quadratic by 16."""

UNSUSPICIOUS_SECONDS = 0.010
"""What is never called slow."""

BOUNDED = 1_000
"""Characters up to which it is five times that: a repetition with a limit, as {0,60}, grows until it is reached."""

MOST_TEXTS = 250
"""A pattern of all words of forty languages has thousands of loops of the same form; some of each will do."""

TRIES = 10
"""How often what looks slow is timed again: a busy machine has moments in which all takes three times as long."""

HOPELESS_SECONDS = 5.0
"""Processor time after which a match is given up: one that doubles with each character would never end."""

QUICK_SECONDS = 0.000_5
STEADY_GROWTH = 5.0
"""What at 5,000 characters need not be tried at 20,000: had it quadratic time, that would show by now."""

QUESTIONS = (
    "When did it open?",
    "How many came?",
    "Who was it?",
    "What was said this year?",
    "What was said last July?",
    "On 29 July 2022?",
)
TEXT = (
    "It was in Sept. 2022. On 29 July 2022 Dr. Smith denied it. Twelve were not there. (AFP) PARIS, 3 May – He said so."
    " “Is it so?” She said it was. Am 3. Mai kam er."
)


LONG = 10_000
"""Characters of a pattern."""

ALIKE = (
    "subject._phrases",
    "period._whole_date",
    "surroundings._denied",
    "surroundings._denial",
    "surroundings._limited",
    "surroundings._premised",
)
"""Where patterns are made that are short and differ from language to language by a few words."""


class Named(NamedTuple):
    """A pattern, where it is found, and whether it is asked to match a whole text."""

    place: str
    pattern: Pattern
    whole: bool = False


@cache
def modules() -> dict[str, Path]:
    """Dotted names of all modules of the product, and their files."""
    files = [(ROOT / folder, path) for name, folder in FOLDERS.items() for path in (ROOT / folder / name).rglob("*.py")]
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for root, path in files
    }


@cache
def patterns() -> list[Named]:
    """Every compiled pattern of the product, each once.

    A long one holds the words of all languages and differs from language to language by a few: three are tried. So are
    three of those that ask for an overview, which read 200 characters at most, of those of a date in one, and of those
    that look beside a quotation, at 90.
    """
    found: dict[Any, Named] = {}
    long: Counter[str] = Counter()
    constants = [named for name in sorted(modules()) for named in _patterns_of(name, importlib.import_module(name))]
    for named in (*constants, *made_in_use()):
        key = (type(named.pattern), named.pattern.pattern, named.pattern.flags, named.whole)
        if key not in found and (len(named.pattern.pattern) > LONG or named.place.endswith(ALIKE)):
            long[named.place] += 1
        if long[named.place] <= 3:
            found.setdefault(key, named)
    return list(found.values())


@cache
def made_in_use() -> tuple[Named, ...]:
    """The patterns that functions make from what is known of a language, when texts of every language are read."""
    made: list[Named] = []

    def recording(compile_: Callable[..., Pattern]) -> Callable[..., Pattern]:
        def record(*arguments: Any, **options: Any) -> Pattern:
            pattern = compile_(*arguments, **options)
            caller = sys._getframe(1)
            name = str(caller.f_globals.get("__name__"))
            if name in modules():
                place = f"{name}.{caller.f_code.co_qualname.partition('.')[0]}"
                made.append(Named(place, pattern, whole=name.endswith("mentions")))
            return pattern

        return record

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(re, "compile", recording(re.compile))
        patch.setattr(regex, "compile", recording(regex.compile))
        for name in modules():
            for value in vars(importlib.import_module(name)).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
        for language in ("", *languages()):
            _read_all(language)
    return tuple(made)


def _read_all(language: str) -> None:
    for question in QUESTIONS:
        read_period(question, "2022-09-30", language)
        names_of(question, language)
    months = languages()[language].months if language else {}
    for name in [each for names in months.values() for each in names][:3]:
        read_period(f"{name} 2022", "2022-09-30", language)
        parse_date(f"3 {name} 2022")
    denies(TEXT, language)
    rejects(TEXT, language)
    split_sentences(TEXT, language)
    if language:
        small_talk(
            " ".join(languages()[language].small_talk.greetings[:1])
        )  # its pattern is compiled for its words only
        said = languages()[language].phrases.does_not_say
        subject_of(said)
        time_of(said)
        another_of(said, language)
        is_date("in 2022", language)
        subject_of(" ".join(said.rstrip(".").split()[:4]))  # without a mark it may be a name
    for claim in find_claims("Herald, 3 June 2024: “The museum was open again.” The minister said that it was open."):
        read_attribution(claim, TEXT, known_sources({"Herald": 1}))
    is_heard("he told ")
    source_page(None, Document(id="1", title="", text=TEXT), strings_for(""), sought="was open")
    surroundings.denies(TEXT, language)
    surroundings.turned_by(Document(id="1", title="", text=TEXT, language=language), 20, 30)
    read_dateline(TEXT)
    missing(names_of("What of Iran?", "en"), "en", f"{TEXT} Iranian", language)
    for quote in ("one", "a a a a b", "Two words. (3) of them"):
        verbatim(quote)


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


@contextmanager
def stopped_after(limit: float) -> Iterator[None]:
    """Raise TimeoutError in what takes more than ``limit`` seconds of the processor; both engines heed a signal."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds(named: Named, text: Any, tries: int = 1) -> float:
    """Processor time to find all that matches in ``text``, the best of some tries, so that other work counts little.

    Infinite when the first try has not ended after HOPELESS_SECONDS.
    """
    best = float("inf")
    for _ in range(tries):
        start = time.thread_time()
        try:
            with stopped_after(HOPELESS_SECONDS):
                for _ in named.pattern.finditer(text):
                    pass
                if named.whole:
                    named.pattern.fullmatch(text)
        except TimeoutError:
            break
        best = min(best, time.thread_time() - start)
    return best


def slow_text(named: Named) -> str:
    """A text for which the time grows faster than its length, in words; "" when there is none."""
    everything = list(zip(*(attack_texts(named.pattern, length) for length in LENGTHS), strict=True))
    for texts in everything[:: 1 + len(everything) // MOST_TEXTS]:
        before, quarter = 0.0, named.pattern.pattern[:0]
        for length, text in zip(LENGTHS, texts, strict=True):
            read = text.encode("utf-8") if isinstance(named.pattern.pattern, bytes) else text
            taken = seconds(named, read)
            unsuspicious = UNSUSPICIOUS_SECONDS * (5 if length <= BOUNDED else 1)
            if taken > max(unsuspicious, MOST_GROWTH * before):
                before, taken = (seconds(named, each, tries=TRIES) for each in (quarter, read))
                if taken > max(unsuspicious, MOST_GROWTH * before):
                    return (
                        f"{taken:.3f} s for {text[:30]!r}…, {len(text)} characters, after {before:.4f} s for a quarter"
                    )
            if length == LENGTHS[-2] and taken < max(QUICK_SECONDS, STEADY_GROWTH * before):
                break
            before, quarter = taken, read
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


@pytest.mark.parametrize(("name", "path"), modules().items(), ids=modules().keys())
def test_patterns_are_constants_or_made_where_the_test_sees_it(name: str, path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    taken_out = [node for node in imports if isinstance(node, ast.ImportFrom) and node.module in ("re", "regex")]
    renamed = [name for node in imports for name in node.names if name.name in ("re", "regex") and name.asname]
    assert not [*taken_out, *renamed], "what is called of re and regex is found by these names"
    places = {tuple(named.place.rpartition(".")[::2]) for named in made_in_use()}
    builders = {builder for module, builder in places if module == name}
    assert {(function, called) for function, called in calls(tree)} == {(builder, "compile") for builder in builders}


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
