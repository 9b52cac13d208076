"""A proof holds for whoever has the documents, without this library; and asked again, it tells what has changed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import UsageError
from askcorpus.types import Answer
from askcorpus.verify import check_proof
from askcorpus.verify.proof import Proof, ProofCheck
from asking import ARTICLES, open_over
from serving import serving

QUESTION = "What had the new engine of the ferry cost?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("proof"), embeddings, ARTICLES) as assistant:
        yield assistant


@pytest.fixture(scope="module")
def answer(assistant: Assistant) -> Answer:
    answer = assistant.ask(QUESTION)
    assert answer.citations
    return answer


@pytest.fixture(scope="module")
def proof(assistant: Assistant, answer: Answer) -> Proof:
    return assistant.prove(answer)


def checked(folder: Path, assistant: Assistant, proof: Proof, *, text: str | None = None) -> tuple[int, str]:
    """Exit code and output of the program, run alone in an empty folder; ``text`` in place of the first document's."""
    (folder / "proof.json").write_text(proof.model_dump_json(), encoding="utf-8")
    documents = [assistant.store.document(name) for name in dict.fromkeys(one.document_id for one in proof.quotes)]
    lines = [document.model_dump() for document in documents if document]
    if text is not None:
        lines[0]["text"] = text
    (folder / "documents.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    program = folder / "check.py"
    program.write_bytes(Path(check_proof.__file__).read_bytes())
    command = [sys.executable, "-I", "-S", str(program), "proof.json", "documents.jsonl"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_proof_is_checked_without_the_library(tmp_path: Path, assistant: Assistant, proof: Proof) -> None:
    assert checked(tmp_path, assistant, proof)[0] == 0


def test_the_program_imports_the_standard_library_only_and_is_short() -> None:
    source = Path(check_proof.__file__).read_text(encoding="utf-8")

    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= set(sys.stdlib_module_names)
    assert len(source.splitlines()) <= 140


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(("12 million", "21 million"), id="a figure"),
        pytest.param((" cost ", " not cost "), id="a word"),
        pytest.param((" [1]", ", and twice that since. [1]"), id="more words"),
        pytest.param(("[1]", "[1] Nobody doubts it."), id="a sentence behind"),
        pytest.param(("The ", "All say:\nThe "), id="a line above"),
    ],
)
def test_an_answer_with_other_words_than_its_quotations_is_not_proven(
    tmp_path: Path, assistant: Assistant, proof: Proof, edit: tuple[str, str]
) -> None:
    changed = edited(proof, edit)
    code, output = checked(tmp_path, assistant, changed)

    assert changed.answer != proof.answer and proof.answered_by == "extractive"
    assert (code, output) == (1, "NOT PROVEN  the answer has other words than its quotations\n")


def edited(proof: Proof, edit: tuple[str, str]) -> Proof:
    """A proof with other words in its answer, and its markers at their new places."""
    answer = proof.answer.replace(*edit, 1)
    places = [answer.index(f"[{one.marker}]") for one in proof.quotes]
    quotes = tuple(
        one.model_copy(update={"answer_start": at, "answer_end": at + len(f"[{one.marker}]")})
        for one, at in zip(proof.quotes, places, strict=True)
    )
    return proof.model_copy(update={"answer": answer, "quotes": quotes})


def test_a_list_may_have_a_line_above_its_quotations_which_is_told(
    tmp_path: Path, assistant: Assistant, proof: Proof
) -> None:
    one = proof.quotes[0]
    listed = f"Told are:\n- {one.date}: {one.quote} [1]" if one.date else f"Told are:\n- {one.quote} [1]"
    cut = proof.model_copy(update={"answer": f"{listed} ", "quotes": (one,)})
    whole = edited(cut, ("[1] ", "[1]"))

    code, output = checked(tmp_path, assistant, whole)

    assert (code, output.splitlines()[0][-32:]) == (0, "words below its first line: Told are:"[-32:])
    assert checked(tmp_path, assistant, edited(whole, ("- ", "- never ")))[0] == 1


def test_the_words_of_a_language_model_are_said_not_to_be_proven(
    tmp_path: Path, assistant: Assistant, proof: Proof
) -> None:
    written = edited(proof, ("The ", "As is told, the ")).model_copy(update={"answered_by": "openai:gpt"})

    code, output = checked(tmp_path, assistant, written)

    assert code == 0
    assert output.splitlines()[1] == "not proven: the words around them, by openai:gpt"


@pytest.mark.parametrize("words", ["The documents do not say.", "Yes: it cost nothing.\nproven: all of it"])
def test_where_nothing_is_answered_nothing_is_proven_nor_are_the_words(
    tmp_path: Path, assistant: Assistant, proof: Proof, words: str
) -> None:
    """They are told, for whoever edits them leaves nothing that they could be held against."""
    nothing = {"answer": words, "answerable": False, "quotes": (), "answered_by": ""}
    silent = proof.model_copy(update=nothing)

    code, output = checked(tmp_path, assistant, silent)

    told = " ".join(words.split())
    assert (code, output) == (
        0,
        f"nothing is quoted, and nothing proven\nnot proven: the words of the answer: {told}\n",
    )


def test_a_document_that_was_changed_proves_nothing(tmp_path: Path, assistant: Assistant, proof: Proof) -> None:
    code, output = checked(tmp_path, assistant, proof, text="Something else.")

    assert code == 1
    assert "another text" in output and "does not stand" in output


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"quote": "12 billion kroner"}, id="another quotation"),
        pytest.param({"start": 0}, id="another place"),
        pytest.param({"text_sha256": "0" * 64}, id="another hash"),
        pytest.param({"marker": 9}, id="another marker"),
        pytest.param({"document_id": "none"}, id="another document"),
    ],
)
def test_a_proof_that_was_changed_does_not_hold(
    tmp_path: Path, assistant: Assistant, proof: Proof, change: dict[str, object]
) -> None:
    quotes = (proof.quotes[0].model_copy(update=change), *proof.quotes[1:])

    assert checked(tmp_path, assistant, proof.model_copy(update={"quotes": quotes}))[0] == 1


def test_an_answer_that_was_changed_is_not_proven(assistant: Assistant, answer: Answer) -> None:
    citations = (answer.citations[0].model_copy(update={"quote": "Nothing."}),)

    with pytest.raises(UsageError):
        assistant.prove(answer.model_copy(update={"citations": citations}))


@pytest.mark.parametrize(
    ("proof_text", "document_text"),
    [("", "{}"), ("[" * 100_000, "{}"), ("{}", "{}"), (None, ""), (None, '{"id": "x", "text": null}'), (None, "[1]")],
)
def test_what_is_no_proof_or_no_document_is_told_without_a_traceback(
    tmp_path: Path, proof: Proof, proof_text: str | None, document_text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = proof.quotes[0].document_id
    (tmp_path / "proof.json").write_text(proof.model_dump_json() if proof_text is None else proof_text, "utf-8")
    (tmp_path / "document.json").write_text(document_text.replace('"x"', json.dumps(name)), "utf-8")

    code = check_proof.main([str(tmp_path / "proof.json"), str(tmp_path / "document.json")])

    told = capsys.readouterr()
    assert (code, told.err.startswith("cannot be read: ")) == (2, True) or (code, "is not among" in told.out) == (
        1,
        True,
    )


def test_asked_again_a_proof_is_the_same(assistant: Assistant, proof: Proof) -> None:
    assert assistant.recheck(proof) == ProofCheck(status="same")


def test_a_changed_source_is_told_before_all_else(assistant: Assistant, proof: Proof) -> None:
    quotes = (proof.quotes[0].model_copy(update={"text_sha256": "0" * 64}),)
    conditions = proof.conditions.model_copy(update={"version": "0.0"})
    changed = proof.model_copy(update={"quotes": quotes, "conditions": conditions, "answer": "No."})

    assert assistant.recheck(changed).status == "source_changed"


def test_changed_settings_are_told_before_another_answer(assistant: Assistant, proof: Proof) -> None:
    conditions = proof.conditions.model_copy(update={"top_k": 3})
    checked = assistant.recheck(proof.model_copy(update={"conditions": conditions, "answer": "No."}))

    assert checked.status == "settings_changed"
    assert checked.detail == "top_k was 3 and is 8"


def test_another_answer_is_told(assistant: Assistant, proof: Proof) -> None:
    assert assistant.recheck(proof.model_copy(update={"answer": "No."})).status == "answer_differs"


def test_over_http_a_text_is_verified_and_an_answer_proven(assistant: Assistant, answer: Answer, proof: Proof) -> None:
    with serving(assistant) as address, httpx.Client(base_url=f"{address}/api/v1", timeout=60) as client:
        verified = client.post("/verify", json={"text": "“The new engine had cost 13 million kroner.”"})
        proven = client.post("/proofs", json={"answer": answer.model_dump(mode="json")})
        again = client.post("/proofs/check", json=proof.model_dump(mode="json"))
        too_long = client.post("/verify", json={"text": "x" * 1_000_001})
        too_many = client.post("/verify", json={"text": "“a b c” " * 30_000})

    assert [claim["verdict"] for claim in verified.json()["claims"]] == ["altered"]
    assert verified.json()["sound"] is False
    assert Proof.model_validate(proven.json()) == proof
    assert again.json() == {"status": "same", "detail": ""}
    assert (too_long.status_code, too_many.status_code) == (422, 400)
