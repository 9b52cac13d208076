"""The judge's and the drafts' plumbing, with a scripted chat model."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from askcorpus.errors import ModelError, UsageError
from askcorpus.feedback import Feedback, FeedbackFile, Reason, read_feedback
from askcorpus.settings import Settings
from askcorpus.types import Answer
from askcorpus_eval.judge import Judge, load_judge
from askcorpus_eval.question_drafts import draft, from_documents, from_feedback, sample_documents, write_drafts
from askcorpus_eval.questions import read_questions
from chat_model import ScriptedChatModel
from scripted_eval import Reply, ScriptedAssistant, Shelf
from test_eval_evaluate import DOCUMENTS

RAIN = "It rained in Lyon on Monday."


def answer(text: str = f"{RAIN} [1] Nobody was hurt. [1]", quote: str | None = RAIN) -> Answer:
    assistant = ScriptedAssistant(DOCUMENTS, {"Rain?": Reply(found=("rain", "sun"), quote=quote, text=text)})
    return assistant.ask("Rain?", top_k=5, conversation_id="q").model_copy(update={"language": "en"})


def test_faithfulness_is_the_share_of_supported_sentences() -> None:
    model = ScriptedChatModel().queue("1: supported\n2: unsupported")
    assert Judge(model, "scripted").faithfulness(answer()) == 1 / 2


def test_the_judge_reads_the_cited_passages_and_the_sentences_without_markers() -> None:
    model = ScriptedChatModel().queue("1: supported\n2: supported")
    Judge(model, "scripted").faithfulness(answer())
    (messages,) = model.received
    user = messages[-1].text
    assert f"| 1. {RAIN}\n| 2. Nobody was hurt." in user
    assert "PASSAGE 1" in user and "| It rained in Lyon on Monday. Nobody was hurt." in user
    assert "The sun shone" not in user


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("1: supported", id="a-sentence-missing"),
        pytest.param("1: supported\n2: supported\n3: supported", id="a-sentence-too-many"),
        pytest.param("Both sentences are supported.", id="prose"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_reply_that_cannot_be_read_is_no_verdict(reply: str) -> None:
    assert Judge(ScriptedChatModel().queue(reply), "scripted").faithfulness(answer()) is None


@pytest.mark.parametrize(
    "reply",
    ["1. Supported\n2. Not supported", "**1: supported**\n**2: unsupported**", "[1] supported\n[2] unsupported."],
)
def test_the_form_may_vary(reply: str) -> None:
    assert Judge(ScriptedChatModel().queue(reply), "scripted").faithfulness(answer()) == 1 / 2


def test_an_abstention_is_not_judged() -> None:
    model = ScriptedChatModel()
    assert Judge(model, "scripted").faithfulness(answer(text="No.", quote=None)) is None
    assert model.received == []


def test_a_judge_that_fails_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="The judge scripted failed: no route"):
        Judge(ScriptedChatModel().queue(OSError("no route")), "scripted").faithfulness(answer())


def test_the_judge_inherits_neither_server_nor_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "judge-key")
    product = Settings(llm="openai:product", llm_base_url="http://127.0.0.1:9/v1", llm_api_key=SecretStr("product-key"))
    judge = load_judge(product, "openai:judge")
    assert judge.name == "openai:judge"
    assert isinstance(judge._model, ChatOpenAI)
    assert judge._model.model_name == "judge"
    assert isinstance(judge._model.openai_api_key, SecretStr)
    assert judge._model.openai_api_key.get_secret_value() == "judge-key"
    assert "127.0.0.1" not in str(judge._model.openai_api_base)


def test_feedback_becomes_drafts() -> None:
    liked, bare = answer(), Feedback(question="Was it cold?", liked=False)
    first, second = from_feedback([Feedback(question="Rain?", liked=True, answer=liked), bare])
    assert (first.doc_ids, first.evidence, first.answerable, first.draft) == (("rain",), (RAIN,), True, True)
    assert (second.doc_ids, second.answerable, second.type, second.draft) == ((), None, "disliked", True)
    (disliked,) = from_feedback([Feedback(question="Rain?", liked=False, answer=liked)])
    assert disliked.evidence == ()


def test_why_an_answer_is_disliked_says_what_is_known_of_its_gold() -> None:
    def drafted(reason: Reason) -> tuple[str, tuple[str, ...], bool | None]:
        (draft,) = from_feedback([Feedback(question="Rain?", liked=False, reason=reason, answer=answer())])
        return draft.type, draft.doc_ids, draft.answerable

    assert drafted("wrong") == ("wrong", (), None)
    assert drafted("wrong_source") == ("wrong_source", (), None)
    assert drafted("incomplete") == ("incomplete", ("rain",), True)
    assert drafted("should_have_answered") == ("should_have_answered", (), True)
    assert drafted("should_not_have_answered") == ("should_not_have_answered", (), False)


def test_the_last_word_on_a_question_counts(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    file.write_text(
        '{"question":"Why?","answer_id":"a","liked":true}\n\n{"question":"Why?","answer_id":"b","liked":false}\n'
    )
    assert [(said.question, said.liked) for said in read_feedback(file)] == [("Why?", False)]
    with file.open("a") as more:
        more.write('{"question":"Why?","liked":null}\n{"question":"How?","liked":true}\n')
    assert [(said.question, said.liked) for said in read_feedback(file)] == [("How?", True)]
    file.write_text('{"question":"Why?"}\n')
    with pytest.raises(UsageError, match="line 1: liked Field required"):
        read_feedback(file)


def test_readers_who_do_not_agree_are_all_heard() -> None:
    """The last one to click has no more to say than the others."""
    first, second = answer().model_copy(update={"id": "ans_1"}), answer().model_copy(update={"id": "ans_2"})
    liked, disliked = Feedback(question="Rain?", liked=True, answer=first), Feedback(question="Rain?", liked=False)
    (question,) = from_feedback([liked, disliked.model_copy(update={"answer": second, "reason": "wrong"})])
    assert (question.type, question.doc_ids, question.answerable) == ("disputed", ("rain",), True)
    (question,) = from_feedback([liked, disliked.model_copy(update={"reason": "should_not_have_answered"})])
    assert (question.type, question.doc_ids, question.answerable) == ("disputed", ("rain",), None)


def test_one_reader_takes_back_nothing_but_his_own(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    mine, yours = (answer().model_copy(update={"id": f"ans_{n}"}) for n in (1, 2))
    opinions = [
        Feedback(question="Rain?", liked=True, answer=mine),
        Feedback(question="Rain?", liked=True, answer=yours),
        Feedback(question="Rain?", liked=None, answer=yours),
    ]
    file.write_text("".join(said.model_dump_json() + "\n" for said in opinions))
    assert [said.answer and said.answer.id for said in read_feedback(file)] == ["ans_1"]
    with file.open("a") as more:  # the server was restarted since: which answer it was is not known
        more.write('{"question":"Rain?","liked":null}\n')
    assert read_feedback(file) == []


def test_a_liked_silence_is_a_question_that_has_no_answer() -> None:
    def drafted(**update: Any) -> list[bool | None]:
        silent = answer().model_copy(update={"answerable": False, "citations": ()} | update)
        return [one.answerable for one in from_feedback([Feedback(question="Rain?", liked=True, answer=silent)])]

    assert drafted(abstain_reason="no_match") == [False]
    assert drafted(abstain_reason="unreadable_script") == [None]
    assert drafted(kind="greeting") == []


def test_a_line_that_is_torn_spoils_no_other(tmp_path: Path) -> None:
    file, told = tmp_path / "feedback.jsonl", list[str]()
    whole = b'{"question":"Why?","liked":true}\n'
    file.write_bytes(
        b"\xef\xbb\xbf" + whole + b'{"question":"H\xff","liked":true}\n{"question":"\\ud800","liked":true}\n{"que'
    )
    assert FeedbackFile(file).add("Where?", (), "", True)
    assert [said.question for said in read_feedback(file, told.append)] == ["Why?", "Where?"]
    assert len(told) == 1 and "3 lines are no feedback" in told[0] and "line 2" in told[0]


def test_what_cannot_be_asked_is_no_draft() -> None:
    said = [Feedback(question=text, liked=True) for text in (" ", "x" * 10_001, "Rain?")]
    assert [question.question for question in from_feedback(said)] == ["Rain?"]


def test_documents_become_drafts_whose_evidence_stands_in_them() -> None:
    model = ScriptedChatModel().queue(
        f"QUESTION: Which city had rain?\nANSWER: Lyon\nEVIDENCE: {RAIN}\n\n"
        "QUESTION: Who was hurt?\nANSWER: Nobody\nEVIDENCE: Nobody at all was hurt.\n"
    )
    (question,) = from_documents(DOCUMENTS[:1], model)
    assert (question.question, question.answers, question.doc_ids) == ("Which city had rain?", ("Lyon",), ("rain",))
    assert (question.evidence, question.answerable, question.draft) == ((RAIN,), True, True)


def test_a_sample_is_the_same_each_time() -> None:
    shelf = Shelf(DOCUMENTS)
    assert [d.id for d in sample_documents(shelf, 2)] == [d.id for d in sample_documents(shelf, 2)]
    assert len(sample_documents(shelf, 99)) == 3


def test_drafts_are_written_once_and_can_be_read_back(tmp_path: Path) -> None:
    said = tmp_path / "feedback.jsonl"
    row = {"question": "Rain?", "liked": True, "answer": answer().model_dump(mode="json")}
    said.write_text(json.dumps(row) + "\n")
    out = tmp_path / "drafts.jsonl"
    assert draft(Settings(), out, feedback=said, documents=5, language="") == 1
    (question,) = read_questions(out).questions
    assert question.draft and question.evidence == (RAIN,)
    with pytest.raises(UsageError, match="exists already"):
        write_drafts(out, [question])
    with pytest.raises(UsageError, match="exists already"):
        draft(Settings(), out, feedback=said, documents=5, language="")
    with pytest.raises(UsageError, match=r"ends in \.jsonl"):
        draft(Settings(), tmp_path / "drafts.csv", feedback=said, documents=5, language="")
    with pytest.raises(UsageError, match="nothing to draft from"):
        draft(Settings(data=tmp_path / "empty"), tmp_path / "new.jsonl", feedback=None, documents=5, language="")


def test_drafts_are_added_below_what_somebody_has_made_of_them(tmp_path: Path) -> None:
    said, out = tmp_path / "feedback.jsonl", tmp_path / "drafts.jsonl"

    def make() -> int:
        return draft(Settings(), out, feedback=said, documents=0, language="", merge=True)

    said.write_text('{"question":"Rain?","liked":false}\n{"question":"Snow?","liked":false}\n')
    assert make() == 2
    rain, snow = out.read_text().splitlines()
    mine = '{"question":  "Fog?", "id": "mine"}'
    edited = (rain.replace("Rain?", "Where did it rain?") + "\r\n" + mine).encode()  # the other one was thrown out
    out.write_bytes(edited)
    said.write_text(said.read_text() + '{"question":"Fog?","liked":true}\n{"question":"Hail?","liked":false}\n')

    assert make() == 2
    assert out.read_bytes().startswith(edited + b"\n" + snow.encode())
    assert [one.question for one in read_questions(out).questions] == ["Where did it rain?", "Fog?", "Snow?", "Hail?"]
    assert make() == 0


def test_drafts_are_not_added_to_a_file_that_names_its_fields_otherwise(tmp_path: Path) -> None:
    """Below rows with `prompt`, rows with `question` would leave the first without a question."""
    said, out = tmp_path / "feedback.jsonl", tmp_path / "drafts.jsonl"
    said.write_text('{"question":"Rain?","liked":false}\n')
    out.write_text('{"prompt": "Fog?"}\n')
    with pytest.raises(UsageError):
        draft(Settings(), out, feedback=said, documents=0, language="", merge=True)
    assert out.read_text() == '{"prompt": "Fog?"}\n'
