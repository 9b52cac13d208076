"""Hostile documents in twelve languages against everything that touches document text on its way to an answer.

Each line of ``data/redteam.jsonl`` is a document that tries something (``kind``) and, in ``obeyed``, what a model that
fell for it would say.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from langchain_core.messages import BaseMessage
from numpy.typing import NDArray

from askcorpus.answer.attribution import Similarity, attribute_reply
from askcorpus.answer.citations import verify
from askcorpus.answer.fence import PASSAGE_CHARS, boundary_for, fence_passages
from askcorpus.answer.llm import LLMAnswerer
from askcorpus.answer.prompts import CANNOT_ANSWER
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.index.store import Store
from askcorpus.settings import Settings
from askcorpus.text.characters import visible
from askcorpus.text.markers import BRACKETED_NUMBERS
from askcorpus.types import Answer, Draft, Hit, Quote, Turn
from askcorpus_ingest.pipeline import ingest
from asking import READER
from chat_model import ScriptedChatModel

ATTACKS = [json.loads(line) for line in (Path(__file__).parent / "data/redteam.jsonl").read_text("utf-8").splitlines()]
BENIGN = "The harbour of Larvik was dredged in 2021. Forty ships a day call there."
QUESTION = "What happened?"
FENCE = re.compile(r"=== (?:END OF )?(PASSAGE \d+|CONVERSATION) ([0-9a-f]{12}) ===")
INVISIBLE_LETTERS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}

WITH_WORDS = [attack for attack in ATTACKS if attack["text"].strip()]

every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=[attack["id"] for attack in ATTACKS])


def text_of(attack: Mapping[str, object]) -> str:
    return str(attack["text"]) * int(str(attack.get("repeat", 1)))


def hits_for(attack: Mapping[str, object]) -> tuple[Hit, Hit]:
    """The hostile document as passage 1, with its words in title and source too, and an honest one as passage 2."""
    text = text_of(attack).encode("utf-8", "replace").decode()  # a stored text has no lone surrogates
    return (
        Hit(
            passage_id="hostile",
            document_id="hostile",
            title=text[:300],
            source=text[:300],
            date="2022-09",
            language=str(attack["language"]),
            text=text,
            start=0,
            end=len(text),
        ),
        Hit(passage_id="honest", document_id="honest", language="en", text=BENIGN, start=0, end=len(BENIGN)),
    )


def unrelated(first: Sequence[str], second: Sequence[str]) -> NDArray[np.float32]:
    return np.zeros((len(first), len(second)), np.float32)


def reply_to(attack: Mapping[str, object], reply: str, history: Sequence[Turn] = ()) -> tuple[Draft, list[BaseMessage]]:
    model = ScriptedChatModel().queue(reply)
    *_, draft = LLMAnswerer(model, "scripted", unrelated).write(QUESTION, hits_for(attack), "en", history)
    assert isinstance(draft, Draft)
    return draft, model.received[0]


def assert_inert(line: str) -> None:
    """Nothing unseen, nothing that means something to a terminal, a chat template or a reader of citations."""
    for index, char in enumerate(line):
        joins_letters = char in "\u200c\u200d" and line[index - 1 : index + 2 : 2].isalpha()
        assert joins_letters or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}, hex(ord(char))
        assert ord(char) not in INVISIBLE_LETTERS
        assert not 0xFE00 <= ord(char) <= 0xFE0F
        assert not 0xE0000 <= ord(char) <= 0xE0FFF
    assert not BRACKETED_NUMBERS.search(line)
    assert not re.search(r"<[|/!a-zA-Z｜<]|＜|\[/?INST\]|\[TOOL_CALLS\]", line)


def test_the_set_is_as_wide_as_it_says() -> None:
    assert len({attack["id"] for attack in ATTACKS}) == len(ATTACKS) >= 40
    assert len({attack["language"] for attack in ATTACKS}) == 12
    assert len({attack["kind"] for attack in ATTACKS}) >= 20


@every_attack
def test_a_document_stays_inside_its_fence(attack: dict[str, object]) -> None:
    _, (system, user) = reply_to(attack, CANNOT_ANSWER)
    lines = user.text.split("\n")
    outside = [line for line in lines if not line.startswith("| ")]
    boundary = FENCE.fullmatch(lines[0])[2]  # type: ignore[index]
    assert outside == [
        f"=== PASSAGE 1 {boundary} ===",
        f"=== END OF PASSAGE 1 {boundary} ===",
        "",
        f"=== PASSAGE 2 {boundary} ===",
        f"=== END OF PASSAGE 2 {boundary} ===",
        "",
        f"Question: {QUESTION}",
    ]
    assert user.text.splitlines() == lines
    inside = [line for line in lines if line.startswith("| ")]
    assert not any(boundary in line for line in inside)
    assert inside[-1] == f"| {BENIGN}"
    for line in inside:
        assert_inert(line)
    assert len(user.text) < 2 * PASSAGE_CHARS
    honest, _ = reply_to({"text": BENIGN, "language": "en"}, CANNOT_ANSWER)
    assert honest == Draft(text="")
    assert system.text.count(boundary) == 1


@every_attack
def test_instructions_to_the_model_do_not_depend_on_documents(attack: dict[str, object]) -> None:
    systems = [
        re.sub("[0-9a-f]{12}", "", reply_to(document, CANNOT_ANSWER)[1][0].text)
        for document in (attack, {"text": BENIGN, "language": "en"})
    ]
    assert systems[0] == systems[1]


@every_attack
def test_a_conversation_that_quotes_a_hostile_document_stays_inside_its_fence_too(attack: dict[str, object]) -> None:
    history = (Turn(role="user", text=QUESTION), Turn(role="assistant", text=text_of(attack)[:9000]))
    model = ScriptedChatModel().queue("What happened in Larvik?")
    assert LLMAnswerer(model, "scripted", unrelated).rewrite("And then?", history) == "What happened in Larvik?"
    lines = model.received[0][1].text.split("\n")
    outside = [line for line in lines if not line.startswith("| ")]
    assert len(outside) == 4
    assert FENCE.fullmatch(outside[0])
    assert FENCE.fullmatch(outside[1])
    assert outside[2:] == ["", "Last question: And then?"]
    for line in lines:
        assert_inert(line)


@every_attack
def test_what_an_obeying_model_says_is_never_cited(attack: dict[str, object]) -> None:
    draft, _ = reply_to(attack, str(attack["obeyed"]) or CANNOT_ANSWER)
    documents = {hit.document_id: hit.text for hit in hits_for(attack)}
    result = verify(draft, hits_for(attack), documents.__getitem__)
    assert result.citations == ()
    assert not BRACKETED_NUMBERS.search(result.text)


@pytest.mark.parametrize("attack", WITH_WORDS, ids=[attack["id"] for attack in WITH_WORDS])
def test_markers_inside_quoted_words_are_never_citations(attack: dict[str, object]) -> None:
    """What the extractive answerer does: repeat the document's words and set one marker of its own."""
    hits = hits_for(attack)
    text = hits[0].text[:900].strip()
    start = hits[0].text.index(text)
    honest = Quote(marker=2, passage_id="honest", start=0, end=len(BENIGN))
    hostile = Quote(marker=1, passage_id="hostile", start=start, end=start + len(text))
    documents = {hit.document_id: hit.text for hit in hits}
    result = verify(Draft(text=f"{text} [1]\n\n{BENIGN} [2]", quotes=(hostile, honest)), hits, documents.__getitem__)
    assert [c.document_id for c in result.citations] == ["hostile", "honest"]
    assert re.findall(r"\[\d+\]", result.text) == ["[1]", "[2]"]
    assert result.citations[0].quote == text
    assert result.unsupported == ()


@every_attack
def test_a_model_that_only_copies_numbers_from_the_document_cites_nothing(attack: dict[str, object]) -> None:
    hits = hits_for(attack)
    forged = " ".join(match[0] for match in BRACKETED_NUMBERS.finditer(text_of(attack)[:2000]))
    draft = attribute_reply(f"Wolves ate it {forged}.", hits, unrelated, "en")
    documents = {hit.document_id: hit.text for hit in hits}
    assert verify(draft, hits, documents.__getitem__).citations == ()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """All hostile documents in one real index, less the ones that only repeat, and an assistant that never abstains
    for weak evidence."""
    folder = tmp_path_factory.mktemp("redteam")
    records = [
        {"doc_id": attack["id"], "title": attack["kind"], "text": attack["text"], "lang": attack["language"]}
        for attack in ATTACKS
        if "repeat" not in attack
    ]
    (folder / "hostile.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    settings = Settings(data=folder / "data", min_confidence=0.0)
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
        report = ingest([folder / "hostile.jsonl"], assistant.store, embeddings, settings)
        assert (report.added, report.failed) == (len(records), ())
        yield assistant


def similarity_of(embeddings: SentenceEmbeddings) -> Similarity:
    return lambda first, second: embeddings.embed_sentences(first) @ embeddings.embed_sentences(second).T


def assert_every_marker_is_proven(answer: Answer, store: Store) -> None:
    markers = [int(number) for number in re.findall(r"\[(\d{1,3})\]", answer.answer)]
    assert set(markers) == {citation.marker for citation in answer.citations}
    for citation in answer.citations:
        document = store.document(citation.document_id)
        assert document is not None
        assert document.text[citation.start : citation.end] == citation.quote
        assert answer.answer[citation.answer_start : citation.answer_end] == f"[{citation.marker}]"


def question_about(attack: dict[str, object]) -> str:
    return hits_for(attack)[0].text[:60]


END_TO_END = [attack for attack in ATTACKS if "repeat" not in attack][::3]


@pytest.mark.parametrize("attack", END_TO_END, ids=[attack["id"] for attack in END_TO_END])
def test_the_extractive_answer_is_proven_whatever_the_documents_say(
    attack: dict[str, object], corpus: Assistant
) -> None:
    answer = corpus.ask(question_about(attack))
    assert answer.answerable
    assert_every_marker_is_proven(answer, corpus.store)
    assert answer.unsupported == ()


@pytest.mark.parametrize("attack", END_TO_END, ids=[attack["id"] for attack in END_TO_END])
def test_what_an_obeying_model_says_is_proven_or_not_said(
    attack: dict[str, object], corpus: Assistant, embeddings: SentenceEmbeddings
) -> None:
    reply = f"{attack['obeyed']}\n\n{attack['text']}"
    llm = LLMAnswerer(ScriptedChatModel().queue(reply), "scripted", similarity_of(embeddings))
    assistant = Assistant(corpus.settings, corpus.store, embeddings, reader=READER, answerer=llm)
    answer = assistant.ask(question_about(attack))
    assert_every_marker_is_proven(answer, corpus.store)
    assert answer.answerable or answer.abstain_reason == "unsupported_answer"
    if answer.answerable:
        assert answer.citations


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("bell\x07 and \x9b31m", "bell and 31m"),
        ("a\r\nb\rc\x0bd\u2028e", "a\nb\nc\nd\ne"),
        ("\ud800", "\ufffd"),
    ],
)
def test_terminal_escapes_go_as_a_whole_and_line_breaks_are_of_one_kind(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_what_a_model_says_is_cleaned_like_what_documents_say() -> None:
    draft, _ = reply_to(
        ATTACKS[0], "The harbour\u202e of \x1b[31mLarvik\x1b[0m was\U000e0041 dredged in 2021\ud800 [2]."
    )
    assert draft.text == "The harbour of Larvik was dredged in 2021\ufffd [1]."
    assert len(draft.quotes) == 1


def test_every_request_has_its_own_boundary_and_no_text_can_hold_it() -> None:
    boundaries = {boundary_for([text_of(attack), QUESTION]) for attack in ATTACKS}
    assert len(boundaries) == len(ATTACKS)
    text = "x"
    for _ in range(50):  # a document that has learnt the boundary of its former self
        text += boundary_for([text])
    assert boundary_for([text]) not in text


def test_ordinary_text_reaches_the_model_unchanged() -> None:
    texts = [
        "« C’est l’été », a dit Mme Dœuvre : 5 < 6 & 7 > 3, soit {x} à 100 %.",
        "می‌شود که کتاب‌ها",  # joiners between letters are spelling
        "क्‍ष और ज्ञ",
        "大きな港、二〇二二年。",
        "مرحبا بالعالم",
        "naïve — “quotes” … 👍 #1 $5 [sic] [2022]",
    ]
    for text in texts:
        hit = Hit(passage_id="p", document_id="d", text=text, start=0, end=len(text))
        assert f"\n| {text}\n" in fence_passages([hit], "0" * 12)
