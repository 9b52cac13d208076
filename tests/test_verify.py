"""What a text quotes is told apart: true quotations are exact however they are set, and no planted one passes."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import NothingIngested, UsageError
from askcorpus.types import Claim, Verdict
from askcorpus.verify.claims import find_claims
from asking import ARTICLES, open_over
from planted import Planted, planted_quotations, true_quotations, turned_documents

CORPUS = Path(__file__).parents[1] / "corpus" / "articles"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """Over the sample corpus, with documents of whose sentences a part means something else."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in sorted(CORPUS.glob("*.txt"))}
    with open_over(tmp_path_factory.mktemp("verify"), embeddings, texts | turned_documents()) as assistant:
        yield assistant


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("small"), embeddings, ARTICLES) as assistant:
        yield assistant


def told(assistant: Assistant, quotations: Iterable[Planted]) -> "Told":
    """What is said of each quotation when all stand in one text, a few dozen at a time."""
    every, found = list(quotations), []
    for start in range(0, len(every), 40):
        some = every[start : start + 40]
        claims = assistant.verify("\n\n".join(one.text for one in some)).claims
        place = 0
        for one in some:
            own = [claim for claim in claims if place <= claim.text_start < place + len(one.text)]
            found.append((one, own[0].verdict if own else None))
            place += len(one.text) + 2
    return found


Told = list[tuple[Planted, Verdict | None]]


@pytest.fixture(scope="module")
def planted(assistant: Assistant) -> Told:
    return told(assistant, planted_quotations(assistant.store.documents()))


def test_no_true_quotation_is_accused(assistant: Assistant) -> None:
    found = told(assistant, true_quotations(assistant.store.documents()))

    assert [(one.text, one.how, verdict) for one, verdict in found if verdict != "exact"] == []
    assert len(found) >= 400
    assert len({one.language for one, _ in found}) == 8


def test_every_planted_quotation_is_found(planted: Told) -> None:
    assert [(one.text, one.how, verdict) for one, verdict in planted if verdict in ("exact", None)] == []
    assert len(planted) >= 400
    kinds = Counter(one.how for one, _ in planted)
    assert min(kinds.values()) >= 16
    assert set(kinds) == {
        *("word", "digit", "dropped", "added", "splice", "source", "fabricated", "translated", "curtailed")
    }


def test_planted_quotations_are_called_by_their_name(planted: Told) -> None:
    """A quotation of a sentence that two documents have in other words may be called either; the most are not."""
    assert sum(verdict in one.verdicts for one, verdict in planted) >= 0.98 * len(planted)


def only(assistant: Assistant, text: str) -> Claim:
    claims = assistant.verify(text).claims
    assert len(claims) == 1, claims
    return claims[0]


def test_an_exact_quotation_has_its_place(small: Assistant) -> None:
    claim = only(small, "They wrote that “the ferry to Molde sails again from Tuesday.”")

    document = small.store.document(claim.document_id or "")
    assert document is not None
    assert document.text[claim.start : claim.end] == claim.original == "The ferry to Molde sails again from Tuesday"
    assert (claim.verdict, claim.kind, claim.language) == ("exact", "quote", "en")


@pytest.mark.parametrize(
    ("text", "difference"),
    [
        ("“The new engine had cost 15 million kroner”", "new engine had cost [-12-]{+15+} million kroner"),
        ("“It had lain in the yard for two months”", "It had lain in the yard for [-seven weeks-]{+two months+}"),
        ("„Le pont de Kerlouan a rouvert mardi“", "Le pont de Kerlouan a rouvert [-lundi-]{+mardi+}"),
        ("“the captain, ingrid solberg, said that the new engine”", "captain, [-Ingrid-]{+ingrid+}"),
    ],
)
def test_an_altered_quotation_shows_what_differs(small: Assistant, text: str, difference: str) -> None:
    claim = only(small, text)

    assert claim.verdict == "altered"
    assert difference in claim.difference or difference.split(", ")[-1] in claim.difference


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Ingrid Solberg said: “the new engine had cost 12 million kroner.”", "exact"),
        ("“The new engine had cost 12 million kroner,” said Solberg.", "exact"),
        ("“The new engine had cost 12 million kroner,” said Yann Le Goff.", "misattributed"),
        ("« Le pont de Kerlouan a rouvert lundi », a dit Ingrid Solberg.", "misattributed"),
        ("According to AP, “the ferry to Molde sails again from Tuesday”.", "exact"),
        ("According to AFP, “the ferry to Molde sails again from Tuesday”.", "misattributed"),
        ("“The ferry to Molde sails again from Tuesday” (AP, September 2022).", "exact"),
        ("“The ferry to Molde sails again from Tuesday” (AP, March 2021).", "misattributed"),
        ("He said: “The ferry to Molde sails again from Tuesday.”", "exact"),
        ("> The ferry to Molde sails again\n> from Tuesday.\n>\n> — AP, 2022-09", "exact"),
        ("> The ferry to Molde sails again\n> from Tuesday.\n\n— AFP", "misattributed"),
    ],
)
def test_whose_words_they_are_is_checked(small: Assistant, text: str, verdict: Verdict) -> None:
    assert only(small, text).verdict == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Die Agentur schrieb: „Betroffen waren elf türkische Provinzen.“", "exact"),
        ("Laut Bericht „waren elf türkische Provinzen“ betroffen.", "exact"),
        ("Im Februar 2024 schrieb die Zeitung: „Betroffen waren elf türkische Provinzen.“", "exact"),
        ("„Betroffen waren elf türkische Provinzen“, sagte der Sprecher der Behörde.", "exact"),
        ("„Betroffen waren elf türkische Provinzen“, sagte Olaf Scholz.", "misattributed"),
        ("Ursula von der Leyen sagte: „Betroffen waren elf türkische Provinzen.“", "misattributed"),
        ("In June 2023 the paper wrote: “A warning time of years, preferably decades, would be needed.”", "exact"),
        ("In English the paper said: “A warning time of years, preferably decades, would be needed.”", "exact"),
        ("“A warning time of years, preferably decades, would be needed”, said Angela Merkel.", "misattributed"),
    ],
)
def test_what_is_no_name_accuses_nobody(assistant: Assistant, text: str, verdict: Verdict) -> None:
    assert only(assistant, text).verdict == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("According to AP, the ferry to Molde sails again from Tuesday.", "exact"),
        ("The ferry to Molde sails again from Monday, according to AP.", "altered"),
        ("Ingrid Solberg said that the new engine had cost 12 million kroner.", "exact"),
        ("Selon AFP, le pont de Kerlouan a rouvert lundi après trois ans de travaux.", "altered"),
    ],
)
def test_a_statement_with_its_source_is_a_claim(small: Assistant, text: str, verdict: Verdict) -> None:
    claim = only(small, text)

    assert (claim.kind, claim.verdict) == ("statement", verdict)


def test_names_and_words_in_marks_are_no_claims(small: Assistant) -> None:
    assert small.verify("The “Razoni”, a so-called ‘grain ship’, carried no “ferry”.").claims == ()


def test_a_quotation_within_one_that_is_not_there_is_checked(small: Assistant) -> None:
    claims = small.verify("He wrote: “I heard them say ‘the ferry to Molde sails again’ with joy.”").claims

    assert [claim.verdict for claim in claims] == ["altered", "exact"]


def test_an_empty_corpus_is_not_held_against_a_text(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with open_over(tmp_path, embeddings, {}) as assistant, pytest.raises(NothingIngested):
        assistant.verify("“Nothing is known of this.”")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"' * 1_000_000, id="a million straight marks"),
        pytest.param("“" * 1_000_000, id="a million opening marks"),
        pytest.param("«“„‘" * 250_000, id="nested without end"),
        pytest.param("“a b c” " * 100_000, id="a hundred thousand quotations"),
        pytest.param("‘a’ " * 5_000, id="many short ones"),
        pytest.param("> a\n" * 250_000, id="a long block quote"),
        pytest.param("> a\n\n" * 200_000, id="many block quotes"),
        pytest.param("\n" * 1_000_000, id="blank lines"),
        pytest.param("X said. " * 100_000, id="speech without end"),
        pytest.param("according to " * 70_000, id="sources without end"),
        pytest.param("x" * 1_000_001, id="too long"),
    ],
)
def test_hostile_texts_end_soon(text: str) -> None:
    start = time.perf_counter()
    with suppress(UsageError):  # told to check it in parts
        assert len(find_claims(text)) <= 2000
    assert time.perf_counter() - start < 15


def test_a_long_quotation_of_one_word_ends_soon(small: Assistant) -> None:
    start = time.perf_counter()
    claims = small.verify("“" + "the ferry " * 90_000 + "”").claims

    assert {claim.verdict for claim in claims} <= {"altered", "not_found"}
    assert time.perf_counter() - start < 60
