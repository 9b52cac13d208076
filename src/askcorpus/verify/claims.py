"""Claims: what a text quotes, or reports with its source; each with the words around it that say whose it is.

A quotation is between quotation marks or in a block quote; a statement is beside words that name its source ("according
to X, …", "X said that …"). One or two quoted words are a name or irony, and no claim.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Literal, NamedTuple

import regex

from askcorpus.errors import UsageError
from askcorpus.text.lexicon import whole_words_in
from askcorpus.types import Span
from askcorpus.verify.quotations import Quotation, count_marks, is_block_quote, paragraphs, quotations
from askcorpus.verify.speakers import CAPITALISED, is_speech, named_in, speaker
from askcorpus.verify.tokens import tokens

MOST_CHARACTERS = 1_000_000
"""Characters of a text that is checked."""

MOST_CLAIMS = 2_000
"""Quotations and statements of one text."""

MOST_MARKS = 20_000
"""Quotation marks of one text."""

LONGEST = 5_000
"""Characters of one claim: a longer quotation is checked paragraph by paragraph, or in pieces of this length."""

FEWEST_WORDS = 3
FEWEST_SIGNS = 6
"""Words, or characters of a script without spaces, from which a quotation is a claim; two words with a figure are one
too."""

IN_PARTS = "Check it in parts."

REACH = 240
"""Characters before and after a quotation in which its source is looked for."""

Kind = Literal["quote", "block_quote", "statement"]


class Found(NamedTuple):
    """A claim as it stands in the text: ``text[start:end]``, and the words of its sentence before and after it.

    ``inner`` are quotations within it; ``person`` is who is said to have said it, "" where nobody is named.
    """

    start: int
    end: int
    kind: Kind
    before: str
    after: str
    person: str
    inner: tuple["Found", ...] = ()


def find_claims(text: str) -> list[Found]:
    """The claims of a text, in its order.

    Raises:
        UsageError: the text is longer than `MOST_CHARACTERS`, or has more than `MOST_CLAIMS` claims or `MOST_MARKS`
            quotation marks.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"The text has more than {MOST_CHARACTERS:,} characters.", IN_PARTS)
    if count_marks(text, MOST_MARKS) > MOST_MARKS:
        raise UsageError(f"The text has more than {MOST_MARKS:,} quotation marks.", IN_PARTS)
    found: list[Found] = []
    for claim in _claims(text):
        found.append(claim)
        if len(found) > MOST_CLAIMS:
            raise _too_many()
    return found


def _too_many() -> UsageError:
    return UsageError(f"The text makes more than {MOST_CLAIMS:,} quotations.", IN_PARTS)


def _claims(text: str) -> Iterator[Found]:
    previous: Span | None = None
    waiting: list[Found] = []
    blocks = 0
    for paragraph in paragraphs(text):
        if is_block_quote(text, paragraph):
            blocks += 1
            if blocks > MOST_CLAIMS:
                raise _too_many()
            yield from waiting
            waiting = list(_block(text, paragraph, previous))
        else:
            if waiting and (signature := _SIGNATURE.match(text, paragraph.start, paragraph.end)):
                waiting = [_signed(claim, signature[1]) for claim in waiting]
            yield from waiting
            waiting = []
            yield from _of_paragraph(text, paragraph)
        previous = paragraph
    yield from waiting


# --- block quotes ---

_MARKERS = regex.compile(r"(?m)^[^\S\n]{0,3}(?:>[^\S\n]?)+")
_SIGNATURE = regex.compile(r"[^\S\n]{0,99}+(?:[—–―]|--?+)\s{0,99}+([^\n]{2,200}+)[^\S\n]*+$", regex.MULTILINE)
_SIGNED = regex.compile(r"\n\s{0,99}+(?:[—–―]|--?+)\s{0,99}+([^\n]{2,200}+)\s*+$")
_PIECE = regex.compile(r"\S(?:[^\n]|\n(?![^\S\n]*+\n))*+")


def _block(text: str, paragraph: Span, previous: Span | None) -> Iterator[Found]:
    """The claims of a block quote; its markers count as blanks, so that offsets stay those of the text."""
    stretch = _MARKERS.sub(lambda match: " " * len(match[0]), text[paragraph.start : paragraph.end])
    before = _last_sentence(text[max(previous.start, previous.end - REACH) : previous.end]) if previous else ""
    signature = _SIGNED.search(stretch)
    after = signature[1] if signature else ""
    stretch = stretch[: signature.start()] if signature else stretch
    for piece in _PIECE.finditer(stretch):
        for start, end in _pieces(piece.start(), piece.end()):
            if _is_claim(stretch[start:end]):
                place = (paragraph.start + start, paragraph.start + end)
                yield _signed(Found(*place, "block_quote", before, "", speaker(before, "")), after)


def _signed(claim: Found, signature: str) -> Found:
    return claim._replace(after=f" — {signature}", person=named_in(signature) or claim.person) if signature else claim


def _pieces(start: int, end: int) -> Iterator[Span]:
    while start < end:
        yield Span(start, min(end, start + LONGEST))
        start += LONGEST


def blanked(text: str, claim: Found) -> str:
    """The words of a claim, at its length: what marks the lines of a block quote is blank."""
    words = text[claim.start : claim.end]
    return _MARKERS.sub(lambda match: " " * len(match[0]), words) if claim.kind == "block_quote" else words


# --- quotations by marks ---


def _of_paragraph(text: str, paragraph: Span) -> Iterator[Found]:
    outermost = _claimed(text, quotations(text, paragraph))
    if len(outermost) > MOST_CLAIMS:
        raise _too_many()
    quoted = _quoted(text, paragraph, outermost)
    yield from sorted((*quoted, *_statements(text, paragraph, outermost)), key=lambda claim: claim.start)


def _claimed(text: str, found: Iterable[Quotation]) -> list[Quotation]:
    """The quotations that claim something, in order; in place of one that does not, those within it."""
    kept: list[Quotation] = []
    for one in found:
        inner = _claimed(text, one.inner)
        kept += [one._replace(inner=tuple(inner))] if _is_claim(text[one.start : one.end]) else inner
    return sorted(kept)


def _quoted(text: str, around: Span, beside: Sequence[Quotation]) -> Iterator[Found]:
    """The claims of quotations that stand beside each other, each with the words of its sentence around it."""
    for place, one in enumerate(beside):
        first = max(around.start, one.start - REACH, beside[place - 1].end + 1 if place else 0)
        last = min(around.end, one.end + REACH, beside[place + 1].start - 1 if place + 1 < len(beside) else len(text))
        before = _last_sentence(text[first : max(first, one.start - 1)])
        ended = text[one.start : one.end].rstrip()[-1:] in (*".!?。！？…",)
        after = _first_sentence(text[min(last, one.end + 1) : last].removeprefix("'"), ended=ended)
        person = speaker(before, after)
        inner = tuple(_quoted(text, Span(one.start, one.end), one.inner))
        for start, end in _pieces(one.start, one.end):
            yield Found(start, end, "quote", before, after, person, inner)


_SENTENCE_END = regex.compile(r"(?:(?<!\b\p{Lu}\p{Ll}{0,2})[.!?؟][\"”»'’)\]]*\s+(?=[\p{Lu}\p{Lo}\"“«„‘])|[。！？]|\n)")


def _last_sentence(text: str) -> str:
    if text.rstrip()[-1:] in (*".!?。！？",):
        return ""
    found = list(_SENTENCE_END.finditer(text))
    return text[found[-1].end() :] if found else text


def _first_sentence(text: str, *, ended: bool) -> str:
    bare = text.lstrip()
    if ended and bare[:1].isupper():
        return ""
    found = _SENTENCE_END.search(text)
    return text[: found.start() + 1] if found else text


def _is_claim(words: str) -> bool:
    found = [token for token in tokens(words[:400]) if token.is_word]
    signs = sum(len(token.key) == 1 and ord(token.key) >= 0x2E80 for token in found)
    if signs:
        return signs >= FEWEST_SIGNS or len(found) - signs >= FEWEST_WORDS
    return len(found) >= FEWEST_WORDS or (len(found) == 2 and any(token.key[0].isdigit() for token in found))


# --- statements with a source ---


@cache
def _statement_patterns() -> tuple["regex.Pattern[str]", ...]:
    according = whole_words_in("", lambda one: one.quoting.according)
    then_verb = whole_words_in("", lambda one: one.quoting.according if one.quoting.verb_second else ())
    behind = whole_words_in("", lambda one: one.quoting.behind)
    just_as = whole_words_in("", lambda one: one.quoting.just_as)
    tells = whole_words_in("", lambda one: one.quoting.tells)
    says = whole_words_in("", lambda one: one.quoting.says) + f"|{tells}"
    says_bare = whole_words_in("", lambda one: one.quoting.says if one.quoting.clause_openers else ())
    that = whole_words_in("", lambda one: one.quoting.that)
    openers = whole_words_in("", lambda one: one.quoting.clause_openers)
    prepositions = whole_words_in("", lambda one: one.quoting.prepositions)
    source = r"(?P<source>[^,;:.!?\n，：。]{2,100}?)"
    small = r"(?-i:\p{Ll}[\p{L}\p{M}\-]{0,30})"
    capitalised = rf"(?-i:{CAPITALISED})"
    named = rf"(?P<source>(?:{small}\s){{0,3}}{capitalised}(?:\s(?:(?:{prepositions}|der|des)\s)?{capitalised}){{0,5}})"
    words = r"(?P<words>[^\n]{12,}?)"
    end = r"[.!?。]?$"
    return tuple(
        regex.compile(pattern, regex.IGNORECASE)
        for pattern in (
            rf"^\s*+(?:{just_as})\s{{1,9}}+{source}\s{{1,9}}+(?:{says})[^,\n]{{0,60}}+,\s{{1,9}}+{words}{end}",
            rf"^\s*+(?:{just_as})\s{{1,9}}+(?:\p{{L}}{{1,3}}['’])?(?:{says})\s{{1,9}}+{source},\s{{1,9}}+{words}{end}",
            rf"^\s*+(?:{then_verb})\s{{1,9}}+{named}\s{{1,9}}+(?=(?-i:\p{{Ll}})){words}{end}",
            rf"^\s*+{named}\s{{1,9}}+(?:{behind})\s{{1,9}}+(?=(?-i:\p{{Ll}})){words}{end}",
            rf"^\s*+(?:{according})\s{{0,9}}+{source}\s{{0,9}}+(?:[,，:：]|(?:{says})\s{{0,9}}+[,，])\s{{0,9}}+{words}{end}",
            rf"^\s*+{words},\s{{1,9}}+(?:{according})\s{{1,9}}+{source}{end}",
            rf"^\s*+{words},\s{{1,9}}+{named}\s{{1,9}}+(?:{behind}){end}",
            rf"^\s*+{source}(?:,[^,\n]{{1,100}}+,)?\s{{0,9}}+(?:{says})\s{{0,9}}+(?:,?\s{{0,9}}+(?:{that})[\s'’]|[，：]|:\s)\s{{0,9}}+{words}{end}",
            rf"^\s*+{source}(?:,[^,\n]{{1,100}}+,)?\s{{1,9}}+(?:{says})[\s,][^.:;!?\n]{{1,60}}?\s(?:{that})[\s'’]\s{{0,9}}+{words}{end}",
            rf"^\s*+(?:{says})\s{{1,9}}+{source}\s{{1,9}}+(?:{that})\s{{1,9}}+{words}{end}",
            rf"^\s*+{words},\s{{1,9}}+(?:(?:{just_as})\s{{1,9}}+)?(?:\p{{L}}{{1,3}}['’])?(?:{says})\s{{1,9}}+{source}{end}",
            rf"^\s*+{words},\s{{1,9}}+(?:(?:{just_as})\s{{1,9}}+)?{source}\s{{1,9}}+(?:{says}){end}",
            rf"^\s*+{named}\s{{1,9}}+(?:{says_bare})\s{{1,9}}+(?={openers}|(?-i:\p{{Lu}})){words}{end}",
            rf"^\s*+{named}\s{{1,9}}+(?:{says}),\s{{1,9}}+(?!(?:{that})[\s'’]){words}{end}",
            rf"^\s*+{words}\s{{1,9}}+\({capitalised}[^(),\d\n]{{0,60}}+,[^()\d\n]{{0,30}}+\d[^()\n]{{0,20}}+\){end}",
            rf"^\s*+(?:{according})\s{{1,9}}+{named}\s{{1,9}}+(?=(?-i:\p{{Ll}})){words}{end}",
        )
    )


LONGEST_STATEMENT = 1_000

_BRACKETED = regex.compile(r"\)[.!?。]?$")


def _statements(text: str, paragraph: Span, quoted: Sequence[Quotation]) -> Iterator[Found]:
    """Sentences that tell what a named source says, in the author's words."""
    start = paragraph.start
    ends = [match.end() for match in _SENTENCE_END.finditer(text, paragraph.start, paragraph.end)]
    waiting = iter(quoted)
    next_quote = next(waiting, None)
    for end in (*ends, paragraph.end):
        while next_quote and next_quote.end < start:
            next_quote = next(waiting, None)
        is_quoting = next_quote is not None and next_quote.start < end and next_quote.end - next_quote.start > 12
        if not is_quoting and end - start <= LONGEST_STATEMENT and (claim := _statement(text, start, end)):
            yield claim
        start = end


def _statement(text: str, start: int, end: int) -> Found | None:
    sentence = text[start:end].rstrip()
    if not (is_speech(sentence) or _BRACKETED.search(sentence)):
        return None
    for pattern in _statement_patterns():
        match = pattern.match(sentence)
        if match and _is_claim(match["words"]):
            before, after = sentence[: match.start("words")], sentence[match.end("words") :]
            person = named_in(match.groupdict().get("source") or "")
            place = (start + match.start("words"), start + match.end("words"))
            return Found(*place, "statement", before, after, person)
    return None
