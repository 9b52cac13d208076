"""Texts on which a regular expression may take long, made from what it is made of.

An engine that goes back over its steps is slow where a loop can begin, or end, at many places. So each text brings
the pattern to one of its loops, feeds the loop, and goes on with a character that nothing expects. What loops there are
is read from the engines' own syntax trees (``re._parser``, ``regex._regex_core``).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from itertools import combinations
from typing import Any, NamedTuple

import regex

# Imported by name: nothing is declared of what is private.
sre: Any = import_module("re._constants")
sre_parser: Any = import_module("re._parser")
core: Any = import_module("regex._regex_core")

Pattern = re.Pattern[Any] | regex.Pattern[Any]

PROBES = " \t\n1aZé中に가عไ\u0301\u200d٣_-.,:;!?'’\"“()[]<>{}/\\*#@%&+=~^|…`$–"
"""One character for each kind that patterns tell apart, and the punctuation that they name."""

UNEXPECTED = "\U0001f6d1"
"""A character after which no pattern of ours goes on."""

LOOP = 10
"""Repetitions from which on a quantifier is a loop."""

CHOSEN = 4
"""Characters of a class that are tried."""

CALLED = 1
"""Ways of a part that a pattern defines and calls."""

ALPHABET = 40
PAIRED = 8
"""Characters of a pattern's loops that are tried alone, and with each other."""


class Piece(NamedTuple):
    """A stretch of a text that a pattern matches, and whether a loop of the pattern takes it."""

    text: str
    loops: bool = False


Example = tuple[Piece, ...]


def attack_texts(pattern: Pattern, length: int) -> Iterator[str]:
    """Texts of about ``length`` characters that are hard for this pattern."""
    found = examples(pattern)
    endings = [UNEXPECTED]
    if isinstance(pattern, regex.Pattern):  # which looks first whether a text has at all what every match must have
        endings.append(UNEXPECTED + "".join(piece.text for piece in found[0]))
    for before, pump in sorted(_pumps(found)):
        for ending in endings:
            yield before + pump * (length // len(pump)) + ending


def _pumps(found: Iterable[Example]) -> set[tuple[str, str]]:
    """What stands before, and what is repeated."""
    pumps: set[tuple[str, str]] = set()
    looped: dict[str, None] = dict.fromkeys(" ")
    for example in found:
        before = ""
        for piece in example:
            if piece.loops and piece.text:
                looped.update(dict.fromkeys(piece.text))
                pumps |= {(before, piece.text), ("", before + piece.text)}
                pumps |= {("", before)} if before else set()
            before += piece.text
        pumps |= {("", before)} if before else set()
    characters = list(looped)
    pumps |= {("", character) for character in characters[:ALPHABET]}
    return pumps | {("", one + other) for one, other in combinations(characters[:PAIRED], 2)}


def examples(pattern: Pattern) -> list[Example]:
    """Texts that the pattern matches, less what looking back or ahead forbids: together they take all of its ways."""
    if isinstance(pattern, re.Pattern):
        return _of_re(sre_parser.parse(pattern.pattern, pattern.flags))
    source = core.Source(pattern.pattern)
    info = core.Info(pattern.flags, source.char_type)
    source.ignore_space = bool(pattern.flags & regex.VERBOSE)
    return _of_regex(core._parse_pattern(source, info))


def _of_re(node: Any) -> list[Example]:
    """The examples of a stretch of ``re``'s syntax tree."""
    if isinstance(node, sre_parser.SubPattern):
        return _in_a_row([_of_re(part) for part in node])
    kind, value = node
    if kind is sre.LITERAL:
        return [(Piece(chr(value)),)]
    if kind in (sre.NOT_LITERAL, sre.IN, sre.ANY):
        return _of_class(lambda char: _takes(kind, value, ord(char)), _named_in(value) if kind is sre.IN else ())
    if kind is sre.BRANCH:
        return [example for branch in value[1] for example in _of_re(branch)]
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return _repeated(_of_re(value[2]), value[0], value[1])
    if kind is sre.SUBPATTERN:
        return _of_re(value[3])
    if kind is sre.ATOMIC_GROUP:
        return _of_re(value)
    if kind is sre.ASSERT:
        return _of_re(value[1])
    assert kind in (sre.ASSERT_NOT, sre.AT, sre.GROUPREF, sre.FAILURE), f"{kind} is not known here"
    return [()]


_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdecimal,
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    sre.CATEGORY_NOT_DIGIT: lambda char: not char.isdecimal(),
    sre.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    sre.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}


def _takes(kind: Any, value: Any, code: int) -> bool:
    """Whether a class of ``re`` has the character."""
    if kind is sre.ANY:
        return True
    if kind is sre.NOT_LITERAL:
        return bool(code != value)
    members = [item for item in value if item[0] is not sre.NEGATE]
    return any(_has(item, code) for item in members) == (len(members) == len(value))


def _has(item: Any, code: int) -> bool:
    kind, value = item
    if kind is sre.CATEGORY:
        return bool(_CATEGORIES[value](chr(code)))
    return bool(value[0] <= code <= value[1] if kind is sre.RANGE else code == value)


def _named_in(items: Any) -> Sequence[str]:
    if items[0][0] is sre.NEGATE:
        return ()
    return [chr(value if kind is sre.LITERAL else value[0]) for kind, value in items if kind is not sre.CATEGORY]


def _of_regex(node: Any) -> list[Example]:
    """The examples of a node of ``regex``'s syntax tree."""
    if isinstance(node, core.Sequence):
        return _in_a_row([_of_regex(item) for item in node.items])
    if isinstance(node, core.Branch):
        return [example for branch in node.branches for example in _of_regex(branch)]
    if isinstance(node, core.String):
        return [(Piece("".join(map(chr, node.characters))),)]
    if isinstance(node, core.Character) and node.positive:
        return [(Piece(chr(node.value)),)]
    if isinstance(node, core.Any):
        return _of_class(lambda _: True)
    if isinstance(node, core.Character | core.Range | core.Property | core.SetBase):
        named = [chr(item.value) for item in getattr(node, "items", ()) if isinstance(item, core.Character)]
        return _of_class(lambda char: bool(node.matches(ord(char))), named)
    if isinstance(node, core.GreedyRepeat):
        return _repeated(_of_regex(node.subpattern), node.min_count, node.max_count)
    if isinstance(node, core.Group | core.Atomic) or (isinstance(node, core.LookAround) and node.positive):
        return _of_regex(node.subpattern)
    if isinstance(node, core.Conditional):  # (?(DEFINE)…): takes nothing where it stands
        node.info.defined = _of_regex(node.yes_item)
        return [()]
    if isinstance(node, core.CallGroup):
        return list(node.info.defined)[:CALLED]
    known = core.ZeroWidthBase | core.LookAround | core.RefGroup
    assert isinstance(node, known), f"{type(node)} is not known here"
    return [()]


def _of_class(takes: Callable[[str], bool], named: Iterable[str] = ()) -> list[Example]:
    """One example for each of some characters that a class has."""
    found = [char for char in dict.fromkeys([*PROBES, *named]) if takes(char)]
    return [(Piece(char),) for char in found[:CHOSEN]] or [()]


def _in_a_row(parts: Sequence[list[Example]]) -> list[Example]:
    """Every example of every part, each in a row with examples of the others."""
    most = max(map(len, parts), default=1)
    return [tuple(piece for part in parts for piece in part[number % len(part)]) for number in range(most)]


def _repeated(body: list[Example], least: int, most: int | None) -> list[Example]:
    """The body once, or as often as it must be there, and nothing where it may be missing."""
    if most is not None and most < LOOP:
        found = [example * max(1, least) for example in body]
    else:
        found = [looped for example in body for looped in _looped(example)]
    return found if least else [*found, ()]


def _looped(example: Example) -> list[Example]:
    """The whole as a loop; and as it is, where there are loops in it."""
    whole = (Piece("".join(piece.text for piece in example), loops=True),)
    return [whole, example] if any(piece.loops for piece in example) else [whole]
