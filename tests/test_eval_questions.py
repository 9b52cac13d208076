import json
from pathlib import Path
from typing import Any

import pytest

from askcorpus.errors import UsageError
from askcorpus.types import Document, Turn
from askcorpus_eval.columns import chosen_columns
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
    ("name", "content"),
    [
        ("q.jsonl", '{"question": "Why?", "id": 1' + "0" * 5000 + "}"),
        ("q.json", '[{"question": "Why?", "id": 1' + "0" * 5000 + "}]"),
        ("q.jsonl", '{"question": "Why?", "answers": ' + "[" * 900 + "1" + "]" * 900 + "}"),
    ],
)
def test_numbers_and_lists_that_nothing_can_hold_are_told_as_faults_of_the_file(
    tmp_path: Path, name: str, content: str
) -> None:
    with pytest.raises(UsageError, match=name):
        read_questions(write(tmp_path / name, content))


def test_a_large_number_is_what_is_written(tmp_path: Path) -> None:
    number = "1" + "0" * 400
    (question,) = read_questions(write(tmp_path / "q.jsonl", f'{{"id": {number}, "question": "Why?"}}')).questions
    assert question.id == number
    (question,) = read_questions(write(tmp_path / "q.csv", "question,answers", f"Why?,[{number}]")).questions
    assert question.answers == (number,)


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


GOLD_NAMES = {
    "answers": ("answer", "Answers", "gold", "Gold Answer", "expected", "expected_output", "reference", "groundTruth",
                "ground_truths", "ideal", "correct answer"),
    "doc_ids": ("doc_id", "doc", "Document", "documents", "doc-ids", "source", "file", "file name", "URL"),
    "pages": ("page", "Pages", "page_number"),
    "evidence": ("Evidence", "reference_contexts", "quote"),
}  # fmt: skip


@pytest.mark.parametrize(("field", "name"), [(field, name) for field, names in GOLD_NAMES.items() for name in names])
def test_gold_is_read_under_the_names_that_people_give_it(tmp_path: Path, field: str, name: str) -> None:
    questions, _, notes = read_questions(write(tmp_path / "q.csv", f"Question,{name}", "Why?,because"))
    assert getattr(questions[0], field) == ("because",)
    same = name.lower().replace("_", "").replace("-", "") == field.replace("_", "")
    assert list(notes) == ([] if same else [f"columns are read by what they mean: {name!r} as {field}"])


@pytest.mark.parametrize(
    "header",
    [
        "Frage,Antwort,Quelle,Seite",
        "Question,Réponse,Fichier,Page",
        "Pregunta,RESPUESTA,Fuente,Pagina",
        "问题,答案,来源,页",
        "Вопрос,Ответ,Источник,Страница",
        "السؤال,الإجابة,المصدر,صفحة",
        "Q,A,doc,page no.",
    ],
)
def test_columns_in_other_languages(tmp_path: Path, header: str) -> None:
    (question,), *_ = read_questions(write(tmp_path / "q.csv", header, "Why?,because,a.txt,7"))
    assert (question.question, question.answers, question.doc_ids) == ("Why?", ("because",), ("a.txt",))
    assert question.pages == ("7",)


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "q.csv", "question,answrs,ground_truth,answer,remark", "Why?,a,b,c,d")
    (question,), _, notes = read_questions(path)
    assert question.answers == ("b",)  # where both are there, "answer" is the one that a system gave
    assert notes == (
        "columns are read by what they mean: 'ground_truth' as answers",
        "columns that are not read: 'answrs', 'answer', 'remark'",
    )
    *_, notes = read_questions(write(tmp_path / "r.jsonl", '{"question":"Why?","answrs":["a"]}'))
    assert notes == ("columns that are not read: 'answrs' (did you mean answers?)",)


def test_a_column_can_be_chosen_or_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "q.csv", "Frage,Musterlösung,source", "Warum?,darum,SQuAD")
    (question,), _, notes = read_questions(path, {"question": "Frage", "answers": "Musterlösung", "doc_ids": ""})
    assert (question.question, question.answers, question.doc_ids) == ("Warum?", ("darum",), ())
    assert notes[-1] == "columns that are not read: 'source'"
    with pytest.raises(UsageError, match="There is no column 'Antwort'"):
        read_questions(path, {"question": "Frage", "answers": "Antwort"})
    with pytest.raises(UsageError, match=r"--map answer=Key is not FIELD=NAME\. FIELD is one of id, question, answers"):
        chosen_columns(["answer=Key"])
    assert chosen_columns(["answers=Key", "doc_ids="]) == {"answers": "Key", "doc_ids": ""}


def test_numbered_columns_are_alternatives(tmp_path: Path) -> None:
    (question,), *_ = read_questions(write(tmp_path / "q.csv", "question,answer 1,answer 2,doc1,doc2", "Why?,a,b,,d"))
    assert (question.answers, question.doc_ids) == (("a", "b"), ("d",))


@pytest.mark.parametrize(
    ("cell", "answers"),
    [
        pytest.param("75 t | 75 tonnes", ("75 t", "75 tonnes"), id="bars"),
        pytest.param("\"['75 t', '75 tonnes']\"", ("75 t", "75 tonnes"), id="as-pandas-writes-a-list"),
        pytest.param('"[""75 t"", 75]"', ("75 t", "75"), id="json"),
        pytest.param("[sic", ("[sic",), id="no-list"),
        pytest.param("[1", ("[1",), id="half-a-list"),
    ],
)
def test_lists_in_cells(tmp_path: Path, cell: str, answers: tuple[str, ...]) -> None:
    (question,), *_ = read_questions(write(tmp_path / "q.csv", "question,answers", f"Why?,{cell}"))
    assert question.answers == answers


def test_jsonl_as_tools_write_it(tmp_path: Path) -> None:
    rows = [
        '{"id": 7, "question": "How many?", "answers": [75, 7.5], "evidence": null, "lang": null, "history": null}',
        '{"id": 8.0, "question": "Why?", "answers": {"text": ["a", "b"], "answer_start": [1, 2]}, "lang": NaN}',
        '{"id": null, "question": null}',
        '{"question": "Who?", "is_impossible": true, "doc_ids": [{"id": "d"}]}',
        '{"question": "And?", "answerable": null, "history": [{"role": "human", "content": "Hm?"}]}',
    ]
    seven, eight, who, and_ = read_questions(write(tmp_path / "Q.JSONL", *rows)).questions
    assert (seven.id, seven.answers, seven.evidence, seven.lang, seven.history) == ("7", ("75", "7.5"), (), "", ())
    assert (eight.id, eight.answers, eight.lang) == ("8", ("a", "b"), "")
    assert (who.id, who.answerable, who.doc_ids) == ("q3", False, ("d",))
    assert (and_.answerable, and_.history) == (None, (Turn(role="user", text="Hm?"),))


def test_a_json_file_holds_a_list_or_an_object_with_one(tmp_path: Path) -> None:
    bare = read_questions(write(tmp_path / "a.json", '[{"question": "Why?"},', '{"question": "Who?"}]'))
    inside = read_questions(write(tmp_path / "b.json", '{"version": 1, "data": [{"question": "Why?"}]}'))
    assert [q.question for q in bare.questions] == ["Why?", "Who?"]
    assert [q.question for q in inside.questions] == ["Why?"]


def test_lines_are_questions(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_bytes("Où ?\r\n\r\nQui ?\r\n".encode("cp1252"))
    assert [q.question for q in read_questions(tmp_path / "q.txt").questions] == ["Où ?", "Qui ?"]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_csv_in_the_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    text = "sep=;\r\nquestion;answer\r\nOù est-il passé ?;à l’école\r\n;\r\n\r\nÇa va ?;déjà\r\n"
    (tmp_path / "Q.CSV").write_bytes(text.encode(encoding))
    first, second = read_questions(tmp_path / "Q.CSV").questions
    assert (first.question, first.answers, second.question) == ("Où est-il passé ?", ("à l’école",), "Ça va ?")


def test_a_spreadsheet_with_a_title_above_its_table_and_other_sheets(tmp_path: Path) -> None:
    from xlsxwriter import Workbook

    with Workbook(tmp_path / "Q.XLSX") as book:
        book.add_worksheet("About").write_row(0, 0, ["Made by us", "2024"])
        sheet = book.add_worksheet("Questions")
        sheet.write(0, 0, "Questions")
        sheet.write_row(2, 0, ["No", "Question", "Expected answer", "Answerable", "Page"])
        sheet.write_row(3, 0, [1, "How many tonnes?", 75, True, 12])
        sheet.write_row(5, 0, [2, "Who?", "Ada | Ida", False, ""])
    first, second = read_questions(tmp_path / "Q.XLSX", {"id": "No"}).questions
    assert (first.id, first.answers, first.answerable, first.pages) == ("1", ("75",), True, ("12",))
    assert (second.id, second.answers, second.answerable, second.pages) == ("2", ("Ada", "Ida"), False, ())


def test_a_percentage_that_answers_is_read_as_the_sheet_shows_it(tmp_path: Path) -> None:
    from xlsxwriter import Workbook

    with Workbook(tmp_path / "q.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["question", "answers"])
        sheet.write(1, 0, "How many agree?")
        sheet.write_number(1, 1, 0.25, book.add_format({"num_format": "0%"}))
    (question,) = read_questions(tmp_path / "q.xlsx").questions
    assert question.answers == ("25%",)


def test_the_row_of_a_spreadsheet_that_is_wrong_is_named_by_its_number(tmp_path: Path) -> None:
    from xlsxwriter import Workbook

    with Workbook(tmp_path / "q.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["id", "1", "", "1"])
        sheet.write_column(0, 1, ["question", "Why?", "", "Who?"])
    with pytest.raises(UsageError, match="line 4: id '1' is used twice"):
        read_questions(tmp_path / "q.xlsx")


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
        pytest.param("q.jsonl", ['{"id":"a"}'], r"no field is called 'question' \(there are: id\)", id="no-question"),
        pytest.param(
            "q.jsonl", ['{"id":"a","question":"W"}', '{"id":"b"}'], "line 2: question is empty", id="one-without"
        ),
        pytest.param(
            "q.jsonl",
            ['{"id":"a","question":"Why?"}', "", '{"id":"a","question":"Who?"}'],
            "line 3: id 'a' is used twice",
            id="duplicate-id",
        ),
        pytest.param("q.jsonl", ['{"question":"W","answers":{"x":1}}'], "line 1: answers.0: .*string", id="no-text"),
        pytest.param("q.jsonl", ['{"question":"W","history":[1]}'], "line 1: history.0: .*Turn", id="no-turn"),
        pytest.param("q.json", ['{"a":[],"b":[]}'], "not a list of questions", id="two-lists"),
        pytest.param("q.json", ["["], "not JSON", id="broken-json"),
        pytest.param("q.xlsx", ["no zip"], "is a broken spreadsheet", id="broken-spreadsheet"),
        pytest.param("q.jsonl", ["", ""], "holds no question", id="empty-set"),
        pytest.param("q.csv", ["subject", "Why?"], "line 1: the header has no column 'question'", id="header"),
        pytest.param("q.csv", ["question", '"Who?', "Why?"], "line 3: no CSV .unexpected end", id="open-quotation"),
        pytest.param("q.csv", ["question,answerable", "Why?,perhaps"], "line 2: answerable: .*boolean", id="csv-value"),
        pytest.param("q.pdf", ["Why?"], "not a question set", id="unknown-ending"),
    ],
)
def test_a_wrong_row_is_named_by_line_and_reason(tmp_path: Path, name: str, rows: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_questions(write(tmp_path / name, *rows))
    assert "\n" not in str(caught.value)


def test_many_wrong_rows_are_counted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 5: .*; and 3 more\."):
        read_questions(write(tmp_path / "q.jsonl", *['{"id":"a","question":" "}'] * 8))


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
        Document(
            id="d3",
            title="Snow in the News",
            text="Snow.",
            origin="news/snow.md",
            url="https://example.org/snow",
        ),
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
        ("News/SNOW.md", "d3"),
        ("snow in  the NEWS", "d3"),  # its title
        ("https://example.org/snow", "d3"),
    ],
)
def test_documents_match_by_id_or_path(name: str, found: str | None) -> None:
    assert Matcher(SHELF).documents(name) == ((found,) if found else ())


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


def test_a_file_of_many_records_is_gold_as_a_whole() -> None:
    rows = [Document(id=f"r{n}", title="prices", text=f"Row {n}.", origin=f"/data/prices.csv#L{n}") for n in (2, 3, 4)]
    shelf = Shelf([*rows, Document(id="d", title="", text="Other.", origin="/data/other.txt")])
    gold = Matcher(shelf).gold(Question(id="q", question="?", doc_ids=("prices.csv",), evidence=("Row 3.",)))
    assert (gold.grades, gold.unknown) == ({"prices.csv": 1}, ())
    assert gold.evidence == ((Place("r3", 0, 6),),)
    assert gold.ranked(["d", "r4", "r2"]) == ("d", "prices.csv")
    assert gold.holds("r2") and not gold.holds("d")
    assert Matcher(shelf).documents("prices.csv#L3") == ("r3",)
