"""The sample corpus keeps its promises: its form, its languages, and questions whose evidence is really there."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.store import open_store
from askcorpus.settings import Settings
from askcorpus.types import Document
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.pipeline import ingest
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.report import Report

CORPUS = Path(__file__).parent.parent / "corpus"
FILES = sorted((CORPUS / "articles").iterdir())
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (CORPUS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
ANSWERABLE = [row for row in QUESTIONS if row["answerable"]]
UNANSWERABLE = [row for row in QUESTIONS if not row["answerable"]]

LANGUAGES = {"fr": 19, "en": 8, "de": 2, "es": 2, "pt": 2, "uk": 2, "ar": 2, "zh": 2}
OUTLETS = {
    "fr": {"Fil Exemple", "Dépêche Modèle"},
    "en": {"Sample Wire", "Specimen News"},
    "de": {"Beispieldienst"},
    "es": {"Agencia Muestra"},
    "pt": {"Agência Amostra"},
    "uk": {"Зразок Інформ"},
    "ar": {"وكالة النموذج"},
    "zh": {"样例社"},
}
TYPES = {"who", "when", "where", "how_many", "yes_no", "why", "list", "date_filter", "disagreement"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
each_answerable = pytest.mark.parametrize("row", ANSWERABLE, ids=lambda row: row["id"])


def language_of(name: str) -> str:
    """Of ``grain-razoni-fr-2.txt``: fr."""
    match = re.fullmatch(r"[a-z0-9-]+?-([a-z]{2})(-\d)?\.txt", name)
    assert match, name
    return match[1]


def document(path: Path) -> Document:
    (raw,) = read_file(path)
    assert isinstance(raw, RawRecord)
    return read_document(raw).document


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {path.name: document(path) for path in FILES}


def test_languages_are_those_of_its_page() -> None:
    assert Counter(language_of(path.name) for path in FILES) == LANGUAGES


@each_file
def test_article_has_the_form_of_its_page(path: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    assert re.match(r"date 20\d\d-[01]\d(-[0-3]\d)?\s", text)
    length = len(text) / 2 if language_of(path.name) == "zh" else len(text.split())
    assert 150 <= length <= 350


@each_file
def test_ingest_reads_what_the_article_says_of_itself(path: Path, documents: dict[str, Document]) -> None:
    found = documents[path.name]
    first_words = path.read_text(encoding="utf-8").split(maxsplit=2)
    assert found.date == first_words[1]
    assert found.language == language_of(path.name)
    assert found.source in OUTLETS[found.language]
    assert re.search(rf"^{re.escape(found.place)} ?[(（]{found.source}[)）]", found.text, re.MULTILINE)
    assert found.place
    assert found.title
    assert "(" not in found.title
    assert not found.text.startswith("date")


@each_file
def test_a_headline_line_becomes_the_title(path: Path, documents: dict[str, Document]) -> None:
    first, second, third, *_ = path.read_text(encoding="utf-8").split("\n")
    if re.fullmatch(r"date [\d-]+", first):
        assert third == ""
        assert documents[path.name].title == second


def test_the_folder_as_a_whole_gives_its_articles_and_nothing_else(tmp_path: Path) -> None:
    embeddings = SentenceEmbeddings()
    with open_store(tmp_path / "data", embeddings.fingerprint, embeddings.dimension) as store:
        report = ingest([CORPUS], store, embeddings, Settings(), dry_run=True)
    assert report == Report(added=len(FILES), skipped=1, question_sets=(CORPUS / "questions.jsonl",))


def test_every_article_has_a_question() -> None:
    assert {name for row in QUESTIONS for name in row["doc_ids"]} == {path.name for path in FILES}


def test_ids_and_conversations_are_unique() -> None:
    assert len({row["id"] for row in QUESTIONS}) == len(QUESTIONS)
    assert len({(row["question"], str(row.get("history"))) for row in QUESTIONS}) == len(QUESTIONS)


@each_answerable
def test_every_evidence_is_verbatim_in_a_gold_file_and_every_gold_file_has_some(
    row: dict[str, Any], documents: dict[str, Document]
) -> None:
    texts = [documents[name].text for name in row["doc_ids"]]
    assert texts
    for evidence in row["evidence"]:
        assert any(evidence in text for text in texts), evidence
    for name, text in zip(row["doc_ids"], texts, strict=True):
        assert any(evidence in text for evidence in row["evidence"]), name


@each_answerable
def test_every_answer_is_in_the_evidence(row: dict[str, Any]) -> None:
    assert row["answers"]
    for answer in row["answers"]:
        assert any(answer in evidence for evidence in row["evidence"]), answer


@each_answerable
def test_document_language_is_that_of_the_first_gold_file(row: dict[str, Any]) -> None:
    assert row["doc_lang"] == language_of(row["doc_ids"][0])


def test_at_least_half_are_asked_in_a_language_none_of_their_documents_has() -> None:
    across = [row for row in ANSWERABLE if row["lang"] not in {language_of(name) for name in row["doc_ids"]}]
    assert len(across) >= len(ANSWERABLE) / 2


def test_a_quarter_have_no_answer() -> None:
    assert len(UNANSWERABLE) >= len(QUESTIONS) / 4
    for row in UNANSWERABLE:
        assert (row["answers"], row["doc_ids"], row["evidence"], row["doc_lang"]) == ([], [], [], "")
    assert Counter(row["type"] for row in UNANSWERABLE).keys() == {"unanswerable_near", "unanswerable_far"}
    assert len({row["lang"] for row in UNANSWERABLE}) >= 6


def test_every_type_is_asked() -> None:
    assert {row["type"] for row in ANSWERABLE} == TYPES


def test_follow_ups_have_a_history_that_ends_with_the_assistant() -> None:
    follow_ups = [row for row in QUESTIONS if not row["standalone"]]
    assert len(follow_ups) >= 6
    for row in follow_ups:
        assert [turn["role"] for turn in row["history"]] == ["user", "assistant"] * (len(row["history"]) // 2)
    assert all("history" not in row for row in QUESTIONS if row["standalone"])


@pytest.mark.parametrize("words", ["Brazil", "Brésil", "Brasil", "巴西", "Бразил", "Brasília"])
def test_what_the_far_questions_ask_for_is_nowhere(words: str, documents: dict[str, Document]) -> None:
    assert not any(words.casefold() in found.text.casefold() for found in documents.values())


def test_no_article_tells_the_men_s_world_cup(documents: dict[str, Document]) -> None:
    naming_2018 = [found.text for found in documents.values() if "2018" in found.text]
    assert not any(re.search("World Cup|Coupe du monde|Mundial|世界杯|FIFA", text) for text in naming_2018)


def test_the_counts_of_its_page_are_true() -> None:
    page = (CORPUS.parent / "docs/corpus.md").read_text(encoding="utf-8")
    assert f"{len(FILES)} short articles" in page
    assert f"{len(QUESTIONS)} questions" in page
    table = re.findall(r"^\|.+\| (\d+) \|$", page, re.MULTILINE)
    assert sum(map(int, table)) == len(FILES)
