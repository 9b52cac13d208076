import json
from pathlib import Path
from typing import Any

import pytest

from askcorpus.errors import UsageError
from askcorpus.types import Document, Turn
from askcorpus_eval.gold import Matcher
from askcorpus_eval.metrics.citations import Place
from askcorpus_eval.questions import Question, read_questions
from scripted_eval import Shelf


def write(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def test_jsonl_with_everything(tmp_path: Path) -> None:
    row = {
        "id": "q1",
        "question": "And who won?",
        "answers": ["Ada"],
        "doc_ids": ["d1"],
        "evidence": ["Ada won."],
        "lang": "en",
        "doc_lang": "fr",
        "answerable": True,
        "type": "sport",
        "history": [{"role": "user", "text": "Was there a race?"}],
        "something_else": 7,
    }
    (question,) = read_questions(write(tmp_path / "q.jsonl", json.dumps(row), "")).questions
    assert question.answers == ("Ada",)
    assert question.history == (Turn(role="user", text="Was there a race?"),)
    assert question.languages == "en→fr"


@pytest.mark.parametrize(
    ("row", "answerable"),
    [
        pytest.param({"doc_ids": ["d"]}, True, id="gold-makes-it-answerable"),
        pytest.param({}, None, id="no-gold-makes-it-unknown"),
        pytest.param({"answerable": None, "doc_ids": ["d"]}, None, id="null-stays-unknown"),
        pytest.param({"answerable": False, "answers": ["no"]}, False, id="false-stays-false"),
    ],
)
def test_answerable(row: dict[str, Any], answerable: bool | None) -> None:
    assert Question.model_validate({"id": "q", "question": "Why?"} | row).answerable is answerable


def test_csv_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text(
        "\ufeffid;question;answers;doc_ids;answerable\r\n"
        'a;"Où; quand ?";Paris | Lyon;x.txt;true\r\nb;Qui ?;;;false\r\n',
        encoding="utf-8",
    )
    first, second = read_questions(path).questions
    assert (first.id, first.question, first.answers, first.doc_ids) == (
        "a",
        "Où; quand ?",
        ("Paris", "Lyon"),
        ("x.txt",),
    )
    assert first.answerable is True and second.answerable is False


def test_csv_without_ids_is_numbered(tmp_path: Path) -> None:
    path = write(tmp_path / "q.csv", "question,lang", "Why?,en", '"Who, me?",en')
    assert [(q.id, q.question) for q in read_questions(path).questions] == [("q1", "Why?"), ("q2", "Who, me?")]


def beir(folder: Path, *qrels: str, name: str = "test") -> Path:
    write(folder / "queries.jsonl", '{"_id":"1","text":"Why?"}', '{"_id":"2","text":"Who?"}', '{"_id":"3","text":"?"}')
    write(folder / "corpus.jsonl", '{"_id":"d1","title":"T","text":"Because."}')
    return write(folder / "qrels" / f"{name}.tsv", "query-id\tcorpus-id\tscore", *qrels)


def test_beir_folder(tmp_path: Path) -> None:
    beir(tmp_path, "1\td1\t2", "1\td2\t1", "2\td1\t0")
    questions = read_questions(tmp_path)
    assert questions.corpus == tmp_path / "corpus.jsonl"
    first, second = questions.questions  # the third is not judged
    assert (first.id, first.doc_ids, first.grades) == ("1", ("d1", "d2"), {"d1": 2, "d2": 1})
    assert (second.doc_ids, second.answerable) == ((), None)


def test_beir_judgements_can_be_chosen(tmp_path: Path) -> None:
    dev = beir(tmp_path, "2\td1\t1", name="dev")
    beir(tmp_path, "1\td1\t1", name="train")
    assert [question.id for question in read_questions(dev).questions] == ["2"]
    with pytest.raises(UsageError, match=r"several judgement files \(dev.tsv, train.tsv\)"):
        read_questions(tmp_path)


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        pytest.param("q.jsonl", ['{"id":"a","question":"Why?"}', "{"], r"line 2: not JSON", id="not-json"),
        pytest.param("q.jsonl", ["[1]"], "line 1: not a JSON object", id="not-an-object"),
        pytest.param("q.jsonl", ['{"id":"a","question":" "}'], "line 1: question is empty", id="empty-question"),
        pytest.param("q.jsonl", ['{"question":"Why?"}'], "line 1: id: field required", id="no-id"),
        pytest.param(
            "q.jsonl",
            ['{"id":"a","question":"Why?"}', "", '{"id":"a","question":"Who?"}'],
            "line 3: id 'a' is used twice",
            id="duplicate-id",
        ),
        pytest.param("q.jsonl", ['{"id":"a","question":"W","answers":"x"}'], "line 1: answers: .*list", id="no-list"),
        pytest.param("q.jsonl", ["", ""], "holds no question", id="empty-set"),
        pytest.param("q.csv", ["frage", "Warum?"], "line 1: the header has no column 'question'", id="header"),
        pytest.param("q.csv", ["question,answerable", "Why?,perhaps"], "line 2: answerable: .*boolean", id="csv-value"),
        pytest.param("q.txt", ["Why?"], "not a question set", id="unknown-ending"),
    ],
)
def test_a_wrong_row_is_named_by_line_and_reason(tmp_path: Path, name: str, rows: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_questions(write(tmp_path / name, *rows))
    assert "\n" not in str(caught.value)


def test_many_wrong_rows_are_counted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 5: .*; and 3 more\."):
        read_questions(write(tmp_path / "q.jsonl", *['{"id":"","question":"Why?"}'] * 8))


@pytest.mark.parametrize(
    ("qrels", "message"),
    [
        pytest.param(["1\td1\tvery"], "line 2: not query, document and whole-number score", id="score"),
        pytest.param([], "holds no question", id="nothing-judged"),
    ],
)
def test_wrong_judgements(tmp_path: Path, qrels: list[str], message: str) -> None:
    beir(tmp_path, *qrels)
    with pytest.raises(UsageError, match=message):
        read_questions(tmp_path)


def test_wrong_judgement_header(tmp_path: Path) -> None:
    write(beir(tmp_path), "query corpus score")
    with pytest.raises(UsageError, match="line 1: the header is not query-id, corpus-id, score"):
        read_questions(tmp_path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_questions(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="not a BEIR folder"):
        read_questions(tmp_path)
    (tmp_path / "latin.jsonl").write_bytes('{"id":"a","question":"Où ?"}'.encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        read_questions(tmp_path / "latin.jsonl")


def test_the_fingerprint_follows_the_gold(tmp_path: Path) -> None:
    one = read_questions(write(tmp_path / "a.jsonl", '{"id":"a","question":"Why?"}'))
    same = read_questions(write(tmp_path / "b.jsonl", '{"question":"Why?",  "id":"a"}'))
    other = read_questions(write(tmp_path / "c.jsonl", '{"id":"a","question":"Why?","doc_ids":["d"]}'))
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()


SHELF = Shelf(
    [
        Document(id="d1", title="", text="It rained in Lyon.", origin="news/2022/rain.txt"),
        Document(id="d2", title="", text="It rained in Lyon. Then sun.", origin="news/2023/rain.txt"),
        Document(id="d3", title="", text="Snow.", origin="news/snow.md"),
    ]
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("d1", "d1"),
        ("news/snow.md", "d3"),
        ("./news/snow.md", "d3"),
        ("snow.md", "d3"),
        ("snow", "d3"),
        ("2022/rain", "d1"),
        ("news\\2023\\rain.txt", "d2"),
        ("rain.txt", None),  # fits two
        ("fog.txt", None),
    ],
)
def test_documents_match_by_id_or_path(name: str, found: str | None) -> None:
    document = Matcher(SHELF).document(name)
    assert (document.id if document else None) == found


def test_gold_in_the_index_s_own_ids() -> None:
    question = Question(
        id="q",
        question="Rain?",
        doc_ids=("2022/rain.txt", "d2", "gone"),
        evidence=("It rained in  Lyon.", "Hail."),
        grades={"d2": 3},
    )
    gold = Matcher(SHELF).gold(question)
    assert gold.grades == {"d1": 1, "d2": 3, "gone": 1}
    assert gold.evidence == ((Place("d1", 0, 18), Place("d2", 0, 18)),)
    assert gold.unknown == ("gone",)
    assert gold.unlocated == 1
