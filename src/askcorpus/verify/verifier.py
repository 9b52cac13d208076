"""Verification: from a text to its claims, each with a verdict.

For each claim, the passages that contain its words are examined first. If the words are there verbatim, the words
beside them and the attribution decide. Otherwise the most similar place is shown with what differs; and if no words are
alike, the nearest sentence in another language, of which the claim may be a translation.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import regex

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.index.store import Snapshot, Store
from askcorpus.search.period import read_period
from askcorpus.text.dates import overlaps
from askcorpus.text.figures import figures
from askcorpus.text.language import detect_language
from askcorpus.types import Claim, Document, Verdict, Verification
from askcorpus.verify.alignment import Alignment, Alphabet, Place, Texts, align, places
from askcorpus.verify.attribution import Attribution, fault, known_sources, read_attribution, unconfirmed
from askcorpus.verify.candidates import Documents, Window, alike, holding, windows
from askcorpus.verify.claims import Found, blanked, find_claims
from askcorpus.verify.surroundings import denies, is_turned, turned_by
from askcorpus.verify.tokens import Token, tokens
from askcorpus.verify.wording import Wording, read_wording

MOST_OMITTED = 500
"""Characters that an omission, marked as such, may leave out, and..."""

MOST_BREAKS = 1
"""... ends of paragraphs in them: more of either, and what is put together was not said together. Nor was the beginning
of one sentence with the end of another."""

ALTERED = 0.4
"""Share of a claim's letters that must stand at a place for it to be that place's altered words..."""

RUN = 3
"""... with so many words in a row."""

SHORT = range(4, 7)
"""Words of a claim of which one may be another: more than `RUN` in a row it cannot have..."""

SHORT_ALTERED = 0.6
"""... and so must have this share of its letters at a place as long as it, two words not among the shortest..."""

LONG_WORD = 4
"""... which are of so many letters."""

MOST_TRANSLATED = 200
"""Claims of one text that are looked for in other languages: each has to be embedded."""

MOST_EMBEDDED = 600
"""Characters of such a claim that are read."""

TRANSLATED = 3.0
"""Standard deviations above unrelated sentences from which a sentence of another language is a claim's original."""

RELATED = 2.0
"""The same for a sentence that is near one that is, and shown in its place where it has more of the claim's figures and
its date: the nearest may be of another day."""

TITLE_REACH = 100
"""Characters between a document's title in quotation marks and a quotation from it."""

_RANKS: dict[Verdict, int] = {"exact": 0, "misattributed": 1, "curtailed": 2, "altered": 3, "not_found": 4}


class _Finding(NamedTuple):
    """The verdict on a claim at one place, or at none."""

    verdict: Verdict
    document: Document | None = None
    start: int | None = None
    end: int | None = None
    difference: str = ""
    closeness: float = 0.0

    @property
    def order(self) -> tuple[int, float]:
        return _RANKS[self.verdict], -self.closeness


_NOWHERE = _Finding("not_found")


class Verifier:
    """Checks texts against one store. Threads may share it."""

    def __init__(self, store: Store, embeddings: SentenceEmbeddings, unrelated_texts: UnrelatedTexts) -> None:
        self._store = store
        self._embeddings = embeddings
        self._unrelated = unrelated_texts

    def verify(self, text: str) -> Verification:
        """The claims of ``text``, each with its verdict. Loads the model only for claims whose words are nowhere.

        Raises:
            UsageError: the text is too long or claims too much (see `find_claims`).
            NothingIngested: there is no document to hold it against.
            IndexMismatch: the index was made by other rules for words.
            ModelError: the embedding model cannot be loaded.
            StorageError: the data folder cannot be read.
        """
        found = find_claims(text)
        with self._store.snapshot() as index:
            info = index.filled()
            reading = _Reading(index, text)
            checked = [claim for one in found for claim in reading.check(one)]
            checked = self._translated(index, checked)
        claims = tuple(_claim(text, one) for one in checked)
        return Verification(claims=claims, sound=all(claim.verdict == "exact" for claim in claims), index=info)

    def _translated(self, index: Snapshot, checked: Sequence["_Checked"]) -> list["_Checked"]:
        """The same, those that are nowhere as what they seem to be a translation of."""
        lost = {one.wording.key: one.wording.text for one in checked if one.finding.verdict == "not_found"}
        texts = {key: " ".join(text.split())[:MOST_EMBEDDED] for key, text in list(lost.items())[:MOST_TRANSLATED]}
        if not texts:
            return list(checked)
        unrelated = self._unrelated.among_themselves()
        least, related = (unrelated.mean + each * unrelated.deviation for each in (TRANSLATED, RELATED))
        vectors = self._embeddings.embed_sentences(list(texts.values()))
        originals = {
            key: _original(index, text, vector, least, related)
            for (key, text), vector in zip(texts.items(), vectors, strict=True)
        }
        return [
            one._replace(finding=original)
            if one.finding.verdict == "not_found" and (original := originals.get(one.wording.key))
            else one
            for one in checked
        ]


class _Context(NamedTuple):
    """What a text says around a claim: whose it is, and whether it takes it back itself."""

    attribution: Attribution
    is_turned: bool


class _Checked(NamedTuple):
    found: Found
    wording: Wording
    attribution: Attribution
    finding: _Finding


class _Reading:
    """One text, read against one state of the index."""

    def __init__(self, index: Snapshot, text: str) -> None:
        self._index = index
        self._text = text
        self._documents = Documents(index)
        self._sources = known_sources(index.facets().sources)
        self._seen: dict[tuple[str, _Context], _Finding] = {}
        self._title: tuple[int, str] = (-TITLE_REACH, "")

    def check(self, found: Found) -> Iterator[_Checked]:
        """A claim with its finding; and where it is not exact, the quotations within it."""
        wording = read_wording(blanked(self._text, found))
        if not wording.segments:
            return
        attribution = read_attribution(found, wording.text, self._sources, self._title_before(found))
        context = _Context(attribution, is_turned(found.before, found.after))
        key = (wording.key, context)
        if key not in self._seen:
            self._seen[key] = self._find(wording, context)
        finding = self._seen[key]
        if finding.document and _is_title(wording, finding.document):
            self._title = (found.end, finding.document.title)
        yield _Checked(found, wording, attribution, finding)
        if finding.verdict != "exact":
            for inner in found.inner:
                yield from self.check(inner)

    def _title_before(self, found: Found) -> str:
        end, title = self._title
        return title if 0 <= found.start - end <= TITLE_REACH and "\n" not in self._text[end : found.start] else ""

    def _find(self, wording: Wording, context: _Context) -> _Finding:
        hits = holding(self._index, wording)
        length = len(wording.text)
        looked_at: list[Window] = []
        verbatim: list[_Finding] = []
        for window in windows(hits.values(), self._documents, length):
            looked_at.append(window)
            verbatim += _verbatim(window, wording, context)
            if any(one.verdict == "exact" for one in verbatim):
                break
        if verbatim:
            return min(verbatim, key=lambda one: one.order)
        if titled := [window.document for window in looked_at if _is_title(wording, window.document)]:
            return _Finding("exact", titled[0])
        others = {id_: hit for id_, hit in alike(self._index, wording).items() if id_ not in hits}
        further = list(windows(others.values(), self._documents, length))
        if verbatim := [one for window in further for one in _verbatim(window, wording, context)]:
            return min(verbatim, key=lambda one: one.order)
        looked_at += further
        likely = [one for window in looked_at if (one := _altered(window, wording))]
        return min(likely, key=lambda one: one.order, default=_NOWHERE)


MOST_VERBATIM = 20
"""Places of one document at which a claim stands word for word that are looked at."""


JOINED = ("و", "ف", "ו")
"""Arabic and Hebrew conjunctions, written together with the word behind them: a quotation may begin between the two."""

_MAY_BE_JOINED = regex.compile(r"[\p{Arabic}\p{Hebrew}]")


def _verbatim(window: Window, wording: Wording, context: _Context) -> Iterator[_Finding]:
    """The places of a window at which the claim stands word for word."""
    alphabet = Alphabet()
    there = alphabet.spell(window.tokens)
    first, *others = wording.segments
    for joined in ("", *JOINED) if _MAY_BE_JOINED.match(first[0].key[0]) else ("",):
        whole = (first[0]._replace(key=joined + first[0].key), *first[1:])
        segments = [alphabet.spell(segment) for segment in (whole, *others)]
        for place in places(segments, there, MOST_VERBATIM):
            yield _judged(window, wording, place, context, len(joined))


def _judged(window: Window, wording: Wording, place: Place, context: _Context, joined: int) -> _Finding:
    """What the claim is at a place, of whose first word ``joined`` letters stand before the claim."""
    document, text = window.document, window.document.text
    start, end = window.tokens[place.start].start + joined, window.tokens[place.end - 1].end
    spans = [(window.tokens[first].start, window.tokens[last - 1].end) for first, last in place.omitted if last > first]
    omitted = [text[first:last] for first, last in spans]
    if recased := _recased(window, wording, place):
        return _Finding("altered", document, start, end, recased, 1.0)
    if any(
        len(left) > MOST_OMITTED or left.count("\n\n") > MOST_BREAKS or _joins_sentences(text, span)
        for left, span in zip(omitted, spans, strict=True)
    ):
        longest = max(omitted, key=len)
        return _Finding("altered", document, start, end, f"[-{_shown(longest)}-] is left out", 1.0)
    language, (ahead, *between, behind) = document.language, wording.added
    replaced = []
    for (first, last), added in zip(place.omitted, between, strict=True):
        left = text[window.tokens[first].start : window.tokens[last - 1].end] if last > first else ""
        if denies(_of_kept_sentences(left), language) and not denies(
            added, language
        ):  # "did not" may stand for "didn't"
            return _Finding("curtailed", document, start, end, _shown(left), 1.0)
        if denies(added, language) and not denies(left, language):
            return _Finding("altered", document, start, end, f"{{+{_shown(added)}+}}", 1.0)
        if left and any(map(str.isalnum, added)):
            replaced.append(f"[-{_shown(left)}-]{{+{_shown(added)}+}}")
    cut, added = turned_by(document, start, end), " ".join(one for one in (ahead, behind) if denies(one, language))
    if added and not cut:
        return _Finding("altered", document, start, end, f"{{+{_shown(added)}+}}", 1.0)
    if cut and not added and not context.is_turned:
        return _Finding("curtailed", document, start, end, cut, 1.0)
    if wrong := fault(context.attribution, document, start, end):
        return _Finding("misattributed", document, start, end, wrong, 1.0)
    doubt = unconfirmed(context.attribution, document, start, end)
    return _Finding("exact", document, start, end, " … ".join([*replaced, *filter(None, [doubt])]), 1.0)


_SENTENCE_END = regex.compile(r"[.!?؟][\"”»“’)\]]*\s|[。！？]|\n\n")


def _of_kept_sentences(left: str) -> str:
    """What an omission takes of the sentences before and behind it; not those that it leaves out as a whole."""
    first, *others = _SENTENCE_END.split(f"{left} ")
    return f"{first} {others[-1]}" if others else first


def _joins_sentences(text: str, omitted: tuple[int, int]) -> bool:
    """Whether an omission goes over the end of a sentence, and neither begins nor ends at one."""
    start, end = omitted
    left = text[start:end]
    inner = _SENTENCE_END.search(left) or _SENTENCE_END.match(text, max(start, end - 1))
    return bool(inner) and left[:1] not in (*".!?؟。！？",) and left.rstrip()[-1:] not in (*'.!?؟。！？"”»',)


def _recased(window: Window, wording: Wording, place: Place) -> str:
    """Words that are capitalised otherwise than in the document, first words and shouting apart."""
    if wording.text.isupper():
        return ""
    changed: list[str] = []
    start = place.start
    for number, segment in enumerate(wording.segments):
        there = window.tokens[start : start + len(segment)]
        changed += [
            f"[-{theirs.form}-]{{+{mine.form}+}}"
            for mine, theirs in list(zip(segment, there, strict=True))[1:]
            if mine.form != theirs.form and not _starts_sentence(window, theirs)
        ]
        if number < len(place.omitted):
            start = place.omitted[number][1]
    return " … ".join(changed)


def _starts_sentence(window: Window, token: Token) -> bool:
    return window.document.text[max(0, token.start - 3) : token.start].rstrip(" \"“„«'‘")[-1:] in (*".!?:\n", "")


def _is_title(wording: Wording, document: Document) -> bool:
    mine = [token.key for token in wording.tokens if token.is_word]
    return mine == [token.key for token in tokens(document.title) if token.is_word]


def _altered(window: Window, wording: Wording) -> _Finding | None:
    """The place of a window that the claim is likest to, when it is like it."""
    alphabet = Alphabet()
    quoted = wording.tokens
    spelled, there = alphabet.spell(quoted), alphabet.spell(window.tokens)
    texts = Texts(wording.text, window.document.text)
    found = align(quoted, spelled, wording.gaps, window.tokens, there, texts)
    if found is None or not (_is_alike(found, len(quoted)) or _is_one_word_off(found, quoted, window)):
        return None
    start, end = window.tokens[found.start].start, window.tokens[found.end - 1].end
    return _Finding("altered", window.document, start, end, found.difference, found.coverage)


def _is_alike(found: Alignment, length: int) -> bool:
    return found.coverage >= ALTERED and found.run >= min(RUN, length - 1)


def _is_one_word_off(found: Alignment, quoted: Sequence[Token], window: Window) -> bool:
    """Whether a short claim stands there but for one word, which was put in another's place or in between."""
    said = [token.key for token in quoted if token.is_word]
    there = [token.key for token in window.tokens[found.start : found.end] if token.is_word]
    long_words = sum(len(word) >= LONG_WORD for word in set(said) & set(there))
    return (
        len(said) in SHORT
        and found.lost <= 1
        and abs(len(there) - len(said)) <= 1
        and found.coverage >= SHORT_ALTERED
        and long_words >= 2
    )


class _Near(NamedTuple):
    """A sentence of the corpus, and its similarity to a claim."""

    similarity: float
    document: Document
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]


def _original(index: Snapshot, text: str, vector: np.ndarray, least: float, related: float) -> _Finding | None:
    """The sentence in another language that a claim most likely translates, if any is near enough."""
    language = detect_language(text)
    near = sorted(_near(index, vector), key=lambda one: -one.similarity)
    if not near or near[0].similarity < least or not language or near[0].document.language == language:
        return None
    foreign = [one for one in near if one.similarity >= related and one.document.language != language]
    told = max(foreign, key=lambda one: _agreed(text, one.text))  # of those that agree alike, the nearest
    return _Finding("altered", told.document, told.start, told.end, f"[-{_shown(told.text)}-]", told.similarity)


def _near(index: Snapshot, vector: np.ndarray) -> Iterator[_Near]:
    """The sentences of the passages that are nearest."""
    stored = index.stored([id_ for id_, _ in index.dense(vector, 5)]).values()
    names = dict.fromkeys(one.passage.document_id for one in stored)
    documents = {name: document for name in names if (document := index.document(name))}
    for one in stored:
        if document := documents.get(one.passage.document_id):
            similarities = (one.sentence_vectors.astype(np.float32) @ vector).tolist()
            for similarity, (start, end) in zip(similarities, one.sentences, strict=True):
                yield _Near(similarity, document, start, end)


def _agreed(claim: str, sentence: str) -> int:
    """How many of a claim's figures a sentence has, and whether it has its date."""
    shared = figures(claim).keys() & figures(sentence).keys()
    return len(shared) + bool(shared and overlaps(read_period(claim), read_period(sentence)))


def _shown(text: str) -> str:
    return " ".join(text.split())


def _claim(text: str, checked: _Checked) -> Claim:
    found, finding, document = checked.found, checked.finding, checked.finding.document
    about = document.model_dump(include={"title", "source", "date", "language"}) if document else {}
    placed = document is not None and finding.start is not None
    return Claim(
        text=text[found.start : found.end],
        text_start=found.start,
        text_end=found.end,
        kind=found.kind,
        verdict=finding.verdict,
        attributed_to=checked.attribution.shown,
        document_id=document.id if document else None,
        start=finding.start,
        end=finding.end,
        original=document.text[finding.start : finding.end] if document and placed else "",
        difference=finding.difference,
        **about,
    )
