"""The columns of a question set: the names they go by, and how their cells are read."""

import ast
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple
from unicodedata import normalize

from askcorpus.errors import UsageError

NAMES: Mapping[str, Sequence[str]] = {
    "id": ("id", "_id", "qid", "query_id", "question_id", "uid"),
    "question": ("question", "query", "user_input", "prompt", "input", "questions", "q",
                 "frage", "pregunta", "domanda", "pergunta", "vraag", "fråga", "spørgsmål", "pytanie", "otázka", "soru",
                 "вопрос", "питання", "ερώτηση", "سؤال", "السؤال", "שאלה", "प्रश्न", "问题", "問題", "質問", "질문"),
    "answers": ("answers", "gold", "gold_answer", "gold_answers", "golden_answer", "golden_answers", "ground_truth",
                "ground_truths", "ground_truth_answer", "reference", "references", "reference_answer",
                "reference_answers", "expected", "expected_answer", "expected_answers", "expected_output", "ideal",
                "ideal_answer", "correct_answer", "correct_answers", "solution", "target", "targets", "answer", "a",
                "antwort", "antworten", "réponse", "réponses", "respuesta", "respuestas", "risposta", "risposte",
                "resposta", "respostas", "antwoord", "svar", "odpowiedź", "odpověď", "cevap", "ответ", "відповідь",
                "απάντηση", "جواب", "إجابة", "الإجابة", "תשובה", "उत्तर", "答案", "回答", "答え", "답", "답변"),
    "doc_ids": ("doc_ids", "doc_id", "document_ids", "document_id", "gold_doc_ids", "gold_doc_id", "gold_docs",
                "gold_doc", "gold_documents", "gold_document", "relevant_docs", "relevant_documents", "documents",
                "document", "docs", "doc", "source_documents", "source_document", "source_docs", "source_doc",
                "corpus_ids", "corpus_id", "article_ids", "article_id", "articles", "article", "source_files",
                "source_file", "file_names", "file_name", "files", "file", "path", "sources", "source", "source_url",
                "url", "dokument", "documento", "документ", "وثيقة", "文档", "文書", "문서", "datei", "fichier",
                "archivo", "quelle", "fuente", "fonte", "bron", "źródło", "источник", "джерело", "المصدر", "来源",
                "出典"),
    "pages": ("pages", "page", "page_numbers", "page_number", "page_no", "gold_pages", "gold_page", "seite", "página",
              "pagina", "strona", "strana", "sida", "страница", "сторінка", "صفحة", "页", "页码", "ページ", "쪽"),
    "evidence": ("evidence", "evidences", "gold_evidence", "reference_contexts", "gold_context", "gold_contexts",
                 "gold_passage", "gold_passages", "supporting_text", "quotes", "quote", "gold_quote", "excerpt",
                 "zitat", "cita", "citazione", "citação", "цитата"),
    "nuggets": ("nuggets", "nugget", "key_facts", "facts"),
    "grades": ("grades",),
    "lang": ("lang", "language", "question_lang", "question_language", "query_lang", "query_language", "sprache",
             "langue", "idioma", "lingua"),
    "doc_lang": ("doc_lang", "doc_language", "document_lang", "document_language", "answer_lang", "answer_language"),
    "answerable": ("answerable", "is_answerable", "has_answer"),
    "unanswerable": ("unanswerable", "is_impossible", "impossible", "is_unanswerable"),
    "type": ("type", "question_type", "category", "kind", "kategorie", "catégorie", "categoría", "categoria"),
    "standalone": ("standalone", "is_standalone"),
    "history": ("history", "chat_history", "conversation", "turns"),
    "draft": ("draft",),
    "example": ("example",),
}  # fmt: skip
"""The names of each field of a question, the least ambiguous first; case, accents, spaces, ``_``, ``-`` and ``.`` are
ignored.

In a set with ``answer`` and ``ground_truth``, the former is the answer that some system gave, so it comes last."""

LISTS = ("answers", "doc_ids", "pages", "evidence", "nuggets")
LIST_SEPARATOR = "|"
MOST_DEPTH = 20
"""The depth of nested lists and objects up to which a text is looked for."""

_INNER = ("text", "answer", "value", "id", "name", "content")
_ROLES = {"human": "user", "ai": "assistant", "bot": "assistant", "model": "assistant"}


class Columns(NamedTuple):
    """How a set's columns are read: the columns of each field, and those that are not read."""

    of: Mapping[str, tuple[str, ...]]
    unread: tuple[str, ...]

    def notes(self) -> list[str]:
        """Notes for the report, a line each: columns with other names than ours, and columns that are not read."""
        renamed = [
            f"{name!r} as {field}" for field, names in self.of.items() for name in names if _key(name) != _key(field)
        ]
        notes = [f"columns are read by what they mean: {', '.join(renamed)}"] if renamed else []
        if self.unread:
            notes.append(f"columns that are not read: {', '.join(map(self._unread, self.unread))}")
        return notes

    def _unread(self, name: str) -> str:
        near = [key for key in get_close_matches(_key(name), _FIELD_OF, n=1, cutoff=0.8) if key != _key(name)]
        field = _FIELD_OF[near[0]] if near else ""
        return f"{name!r} (did you mean {field}?)" if field and field not in self.of else repr(name)


def chosen_columns(options: Iterable[str]) -> dict[str, str]:
    """The column of each field, as ``--map FIELD=NAME`` gives it; an empty name means none.

    Raises:
        UsageError: one is not of that form, or there is no such field.
    """
    pairs = [option.partition("=") for option in options]
    if wrong := ["".join(pair) for pair in pairs if pair[0].strip() not in NAMES or not pair[1]]:
        raise UsageError(f"--map {wrong[0]} is not FIELD=NAME.", f"FIELD is one of {', '.join(NAMES)}.")
    return {field.strip(): name.strip() for field, _, name in pairs}


def understand(names: Iterable[str], chosen: Mapping[str, str]) -> Columns:
    """How columns of these names are read. If several mean one field, the least ambiguous is read, or all of a numbered
    series (``answer 1``, ``answer 2``) if the field is a list.

    ``chosen`` gives a field's column if its name does not; an empty name means none.

    Raises:
        UsageError: a chosen column does not exist.
    """
    there = [name for name in dict.fromkeys(names) if name.strip()]
    of: dict[str, tuple[str, ...]] = {}
    for field, name in chosen.items():
        if name and name not in there:
            raise UsageError(f"There is no column {name!r}.", f"There are: {', '.join(there)}.")
        of[field] = (name,) if name else ()
    taken = {name for names in of.values() for name in names}
    for field, usual in NAMES.items():
        if field not in of:
            free = [name for name in there if name not in taken]
            of[field] = _columns_of(field, usual, free)
            taken.update(of[field])
    return Columns({field: found for field, found in of.items() if found}, tuple(n for n in there if n not in taken))


def _columns_of(field: str, usual: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    for key in map(_key, usual):
        if field in LISTS:
            found = tuple(name for name in names if _key(name).rstrip("0123456789") == key)
        else:
            found = tuple(name for name in names if _key(name) == key)[:1]
        if found:
            return found
    return ()


def has_content(fields: Mapping[str, Any]) -> bool:
    """Whether a row has any content."""
    return any(_is_given(value) for value in fields.values())


def read_row(fields: Mapping[str, Any], columns: Columns, *, cells: bool) -> dict[str, Any]:
    """The fields of a question from a raw row; invalid values are left as they are, to be rejected later.

    ``cells`` are those of a table: lists are separated by ``|``, or written as JSON or Python writes them.
    """
    row: dict[str, Any] = {}
    for field, names in columns.of.items():
        given = [fields[name] for name in names if _is_given(fields.get(name))]
        if field == "answerable" and not cells and names[0] in fields and fields[names[0]] is None:
            row[field] = None  # JSON that says null says that it is not known
        if given:
            values = [_cell(value, field) for value in given] if cells else given
            row[field] = _value(field, values)
    if "unanswerable" in row:
        said = row.pop("unanswerable")
        row.setdefault("answerable", _negated(said))
    return row


def _value(field: str, values: Sequence[Any]) -> Any:
    if field in LISTS:
        return [text for value in values for text in texts_of(value)]
    if field == "history":
        return [_turn(turn) for turn in values[0]] if isinstance(values[0], list) else values[0]
    if field in ("id", "question", "lang", "doc_lang", "type"):
        (text,) = texts_of(values[0]) if not isinstance(values[0], list | dict) else (values[0],)
        return text
    return values[0]


def texts_of(value: Any, depth: int = MOST_DEPTH) -> list[Any]:
    """The texts of a value: numbers as they are written, what lists hold, and the text of an object (``{"text": …}``,
    as in SQuAD); none of null. What has no text, or lies deeper than ``depth``, is handed back as it is."""
    if not _is_given(value):
        return []
    if isinstance(value, str):
        return [value.strip()]
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, int | float):
        return [str(int(value)) if isinstance(value, int) or value.is_integer() else repr(value)]
    if isinstance(value, list) and depth:
        return [text for one in value if _is_given(one) for text in texts_of(one, depth - 1)]
    if isinstance(value, dict) and depth:
        inner = next((value[name] for name in _INNER if _is_given(value.get(name))), None)
        if inner is not None:
            return texts_of(inner, depth - 1)
    return [value]


def _cell(cell: str, field: str) -> Any:
    cell = cell.strip()
    if field not in LISTS and field != "history":
        return cell
    if cell[:1] + cell[-1:] == "[]" and (listed := _written_list(cell)) is not None:
        return listed
    return [part.strip() for part in cell.split(LIST_SEPARATOR) if part.strip()]


def _written_list(cell: str) -> list[Any] | None:
    """The list that a cell is in JSON, or as pandas writes it."""
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list):
            return found
    return None


def _turn(turn: Any) -> Any:
    """A turn in our names, where it is one in OpenAI's or LangChain's."""
    if not isinstance(turn, dict):
        return turn
    role = turn.get("role", turn.get("type"))
    return {"role": _ROLES.get(str(role), role), "text": turn.get("text", turn.get("content"))}


def _negated(value: Any) -> Any:
    known = {"true": False, "yes": False, "1": False, "false": True, "no": True, "0": True}
    return known.get(str(value).strip().lower(), value)


def _is_given(value: Any) -> bool:
    """Whether a value says something: blanks, null, NaN and empty lists do not."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, float) and math.isnan(value):
        return False
    return value is not None and value != [] and value != {}


def _key(name: str) -> str:
    return "".join(letter for letter in normalize("NFKD", name.casefold()) if letter.isalnum())


_FIELD_OF = {_key(name): field for field, names in NAMES.items() for name in names}
