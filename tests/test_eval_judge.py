"""The judge's and the drafts' plumbing, with a scripted chat model."""

import json
from pathlib import Path

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from askcorpus.errors import ModelError, UsageError
from askcorpus.feedback import Feedback, Reason, read_feedback
from askcorpus.settings import Settings
from askcorpus.types import Answer
from askcorpus_eval.judge import Judge, load_judge
from askcorpus_eval.question_drafts import from_documents, from_feedback, sample_documents, write_drafts
from askcorpus_eval.questions import read_questions
from askcorpus_eval.session import draft
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
    with pytest.raises(UsageError, match="nothing to draft from"):
        draft(Settings(data=tmp_path / "empty"), tmp_path / "new.jsonl", feedback=None, documents=5, language="")
