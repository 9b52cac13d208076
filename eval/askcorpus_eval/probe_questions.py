"""Probe questions, made without labels: some that a corpus answers, and the same changed so that it does not.

A true probe is a sentence of a document: as it stands, within a question whether it is so, or a question about a name
in it. A false one is that with another number, with the name of something else in the corpus, or with an invented name.
"""

import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

import regex
from pydantic import BaseModel

from askcorpus.search.names import Name, names_of
from askcorpus.text.sentences import split_sentences
from askcorpus.types import Document
from askcorpus_eval.probe_words import ASKING, invent
from askcorpus_eval.questions import Question

Kind = Literal["as_it_stands", "number", "name", "invented"]
Form = Literal["statement", "question", "about"]
FORMS: tuple[Form, ...] = ("statement", "question", "about")
CHANGES: tuple[Kind, ...] = ("number", "name", "invented")
SHORTEST, LONGEST = 30, 220
"""Characters of a sentence: shorter ones say too little, longer ones nobody asks."""

PER_DOCUMENT = 12
"""Sentences of one document that are looked at; there is no need of more."""

_NUMBER = regex.compile(
    r"(?<![\p{L}\p{N}.,:/’'-])\p{Nd}{1,9}"
    r"(?:[.,’']\p{Nd}{1,9}|[ \u00a0\u202f]\p{Nd}{3}(?!\p{Nd})){0,4}"
    r"(?![\p{L}\p{N}:/-]|[.,]\p{N})"
)
_SENTENCE_END = " \t.!…。！।؟?։"


class Probe(BaseModel, frozen=True):
    """One question. ``true`` says whether the corpus answers it; ``original`` is the sentence that it was made of and
    ``change`` what was changed in it (``75 → 45``), both empty where there is none."""

    id: str
    question: str
    true: bool
    kind: Kind
    form: Form
    language: str
    document_id: str
    original: str = ""
    change: str = ""

    def as_question(self) -> Question:
        """As a draft for a question set."""
        gold = (self.document_id,) if self.true else ()
        return Question(
            id=self.id,
            question=self.question,
            doc_ids=gold,
            evidence=(self.original,) if self.true and self.original else (),
            lang=self.language,
            doc_lang=self.language,
            answerable=self.true,
            type=f"{self.form}: {self.kind.replace('_', ' ')}",
            draft=True,
        )


class Fact(NamedTuple):
    """A sentence that can be changed: at a number, at a name, or both."""

    document: Document
    sentence: str
    number: str
    name: Name | None


def make_probes(documents: Sequence[Document], limit: int, seed: int) -> list[Probe]:
    """At most ``limit`` probes, as many true as false ones, each false one beside the true one that it was made of.

    Languages take turns, so that each has two probes before any has more, and then its share. The same documents in
    the same order, limit and seed give the same probes.
    """
    lot = random.Random(seed)
    facts = list(_in_turn([_facts(document, lot) for document in documents]))
    names = [(fact.document, fact.name) for fact in facts if fact.name]
    used: Counter[Kind] = Counter()
    asked: set[str] = set()
    probes: list[Probe] = []
    turns = _Turns(facts)
    while len(probes) + 2 <= limit and (turn := turns.next()):
        pair = _pair(turn.fact, f"p{len(probes) // 2 + 1:03}", turn.form, names, used, lot)
        if pair and not asked & {probe.question for probe in pair}:
            asked |= {probe.question for probe in pair}
            used[pair[1].kind] += 1
            probes += pair
            turns.took(turn)
    return probes


class _Turn(NamedTuple):
    fact: Fact
    form: Form


class _Turns:
    """Whose turn it is: a language that has had none, else the one furthest behind its share, by Sainte-Laguë's
    method; and in it one form after the other."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._left: dict[str, deque[Fact]] = {}
        for fact in facts:
            self._left.setdefault(fact.document.language, deque()).append(fact)
        self._share = {language: len(left) for language, left in self._left.items()}
        self._first = {language: at for at, language in enumerate(self._left)}  # so that not all begin with one form
        self._had: Counter[str] = Counter()

    def next(self) -> _Turn | None:
        """The next one; None where no fact is left."""
        languages = [language for language, left in self._left.items() if left]
        if not languages:
            return None
        language = min(languages, key=lambda one: (self._had[one] > 0, (2 * self._had[one] + 1) / self._share[one]))
        return _Turn(self._left[language].popleft(), FORMS[(self._first[language] + self._had[language]) % len(FORMS)])

    def took(self, turn: _Turn) -> None:
        """A turn that was of use; after one that was not, its language has another."""
        self._had[turn.fact.document.language] += 1


def _in_turn(facts: Iterable[Sequence[Fact]]) -> Iterator[Fact]:
    """The first fact of each document, then the second of each, and so on."""
    for together in zip_longest(*facts):
        yield from (fact for fact in together if fact is not None)


def _facts(document: Document, lot: random.Random) -> list[Fact]:
    spans = split_sentences(document.text, document.language)
    sentences = [" ".join(document.text[start:end].split()) for start, end in spans]
    fitting = [one for one in sentences if SHORTEST <= len(one) <= LONGEST and one[-1] not in "?؟？:"]
    chosen = lot.sample(fitting, min(PER_DOCUMENT, len(fitting)))
    facts = []
    for sentence in chosen:
        numbers = _NUMBER.findall(sentence)
        names = [name for name in names_of(sentence, document.language) if sentence.count(name.text) == 1]
        if numbers or names:
            fact = Fact(
                document, sentence, lot.choice(numbers) if numbers else "", lot.choice(names) if names else None
            )
            facts.append(fact)
    return facts


def _pair(
    fact: Fact,
    name: str,
    form: Form,
    names: Sequence[tuple[Document, Name]],
    used: Counter[Kind],
    lot: random.Random,
) -> tuple[Probe, Probe] | None:
    asking = ASKING.get(fact.document.language)
    if form == "about" and not fact.name:
        form = "question"
    if not asking:
        form = "statement"
    if form == "about" and fact.name and asking:
        invented = invent(fact.name.text, lot)
        change = f"{fact.name.text} → {invented}"
        return (
            _probe(fact, f"{name}-true", asking.about.format(fact.name.text), form),
            _probe(fact, f"{name}-invented", asking.about.format(invented), form, "invented", change),
        )
    changed = {kind: made for kind in CHANGES if (made := _changed(fact, kind, names, lot)) is not None}
    if not changed:
        return None
    kind = min(changed, key=lambda one: (used[one], CHANGES.index(one)))
    old, new = changed[kind]
    true, false = fact.sentence, fact.sentence.replace(old, new, 1)
    if form == "question" and asking:
        true, false = (asking.check.format(one.rstrip(_SENTENCE_END)) for one in (true, false))
    return (
        _probe(fact, f"{name}-true", true, form),
        _probe(fact, f"{name}-{kind}", false, form, kind, f"{old} → {new}"),
    )


def _probe(fact: Fact, name: str, question: str, form: Form, kind: Kind = "as_it_stands", change: str = "") -> Probe:
    return Probe(
        id=name,
        question=question,
        true=kind == "as_it_stands",
        kind=kind,
        form=form,
        language=fact.document.language,
        document_id=fact.document.id,
        original=fact.sentence if form != "about" else "",
        change=change,
    )


def _changed(
    fact: Fact, kind: Kind, names: Sequence[tuple[Document, Name]], lot: random.Random
) -> tuple[str, str] | None:
    """What to replace by what, so that the document no longer says it; None where that cannot be done."""
    if kind == "number":
        other = other_number(fact.number, fact.document.text, lot) if fact.number else ""
        return (fact.number, other) if other else None
    if not fact.name:
        return None
    if kind == "invented":
        return fact.name.text, invent(fact.name.text, lot)
    others = sorted({name.text for document, name in names if _is_another(name, document, fact.name, fact.document)})
    return (fact.name.text, lot.choice(others)) if others else None


def _is_another(name: Name, at: Document, of: Name, document: Document) -> bool:
    """Whether a name can take the place of another: it is of the same language and sort, and not in the document."""
    alike = at.language == document.language and bool(name.country) == bool(of.country)
    other = not name.country or name.country != of.country
    return alike and other and name.text.casefold() not in document.text.casefold()


def other_number(number: str, text: str, lot: random.Random) -> str:
    """A number written like this one that is not in the text: a year stays near, others change their first figure.
    Empty where there is none.

    Figures of any script stay in it: ``٧٥`` becomes ``٤٥``.
    """
    figures = [at for at, char in enumerate(number) if char.isdecimal()]
    value = "".join(str(int(number[at])) for at in figures)
    near = int(value) <= 31 or (len(number) == 4 and 1000 <= int(value) <= 2100)
    at = figures[-1 if near else 0]
    zero = chr(ord(number[at]) - int(number[at]))
    choices = [figure for figure in range(1, 10) if figure != int(number[at])]
    lot.shuffle(choices)
    made = (number[:at] + chr(ord(zero) + figure) + number[at + 1 :] for figure in choices)
    return next((other for other in made if other not in text), "")
