"""One vector a passage and one a sentence, from any sentence-transformers model."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
from askcorpus.errors import ModelError
from askcorpus.settings import Settings
from askcorpus.types import Span

RECOGNITION = "Outre Moscou, seuls Damas et Pyongyang tiennent la république de Donetsk pour un État souverain."
OTHERS = (
    "La mairie annonce que la piscine rouvrira ses portes après trois mois de travaux.",
    "Le prix du blé a encore augmenté sur les marchés européens cette semaine.",
    "L'équipe locale s'est imposée deux buts à un dans les dernières minutes.",
)


def tiny_model(folder: Path, pooling: str, prompts: dict[str, str]) -> Path:
    """A sentence-transformers folder with random weights that reads one token a word."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "ask", "doc", "one", "two", "three", "four", "five", "six"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]"
    )
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder / "bert")
    fast.save_pretrained(folder / "bert")
    modules = [Transformer(str(folder / "bert"), max_seq_length=16), Pooling(32, pooling)]
    SentenceTransformer(modules=modules, prompts=prompts).save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def averaging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("mean"), "mean", {"query": "ask ", "passage": "doc "})


@pytest.fixture(scope="module")
def first_token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("cls"), "cls", {})


def cosine(left: ArrayLike, right: ArrayLike) -> float:
    left, right = np.asarray(left, np.float32), np.asarray(right, np.float32)
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def sentence_spans(sentences: tuple[str, ...]) -> tuple[str, list[Span]]:
    text = " ".join(sentences)
    return text, [Span(text.index(s), text.index(s) + len(s)) for s in sentences]


def test_a_question_finds_the_sentence_in_another_language(embeddings: SentenceEmbeddings) -> None:
    question = embeddings.embed_query("Which states recognized Donetsk?")
    right, *wrong = (cosine(question, v) for v in embeddings.embed_documents([RECOGNITION, *OTHERS]))
    assert right > max(wrong) + 0.05


def test_a_sentence_of_a_passage_is_found_too(embeddings: SentenceEmbeddings) -> None:
    text, spans = sentence_spans((OTHERS[0], RECOGNITION, OTHERS[1]))
    (embedded,) = embeddings.embed_passages([text], [spans])
    question = embeddings.embed_query("Which states recognized Donetsk?")
    similarities = [cosine(question, vector) for vector in embedded.sentences]
    assert np.argmax(similarities) == 1


def test_every_vector_has_unit_length_and_the_stated_shape_and_type(embeddings: SentenceEmbeddings) -> None:
    text, spans = sentence_spans(OTHERS)
    first, second = embeddings.embed_passages([text, "Sans phrase."], [spans, []])
    assert (first.vector.shape, first.sentences.shape, second.sentences.shape) == ((384,), (3, 384), (0, 384))
    assert (first.vector.dtype, first.sentences.dtype) == (np.dtype(np.float32), np.dtype(np.float16))
    assert np.linalg.norm(first.vector) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(first.sentences.astype(np.float32), axis=1) == pytest.approx(1, abs=1e-2)
    assert embeddings.dimension == 384
    assert np.linalg.norm(embeddings.embed_query("Où ?")) == pytest.approx(1, abs=1e-5)


def test_the_span_of_a_whole_text_is_nearly_its_vector(embeddings: SentenceEmbeddings) -> None:
    (embedded,) = embeddings.embed_passages([RECOGNITION], [[Span(0, len(RECOGNITION))]])
    assert cosine(embedded.vector, embedded.sentences[0]) > 0.98


def test_results_keep_the_given_order_and_do_not_depend_on_company(embeddings: SentenceEmbeddings) -> None:
    texts = [f"{other} {'Encore. ' * (i % 7)}" for i, other in enumerate(OTHERS * 7)]
    spans = [[Span(0, len(OTHERS[i % 3]))] for i in range(len(texts))]
    together = embeddings.embed_passages(texts, spans)
    assert len(together) == len(texts)
    for text, own, embedded in zip(texts, spans, together, strict=True):
        (alone,) = embeddings.embed_passages([text], [own])
        assert np.array_equal(alone.vector, embedded.vector)
        assert np.array_equal(alone.sentences[0], embedded.sentences[0])
        assert np.array_equal(embeddings.embed_documents([text])[0], embedded.vector)


def test_vectors_do_not_depend_on_how_many_cores_the_process_may_use() -> None:
    code = """
from askcorpus.embedding.bundled_embedder import BundledEmbedder
print(BundledEmbedder(None, None).encode(["Russia recognized the republic in July 2022."], "passage").tobytes().hex())
"""

    def vectors(cores: int) -> str:
        environment = {**os.environ, "OMP_NUM_THREADS": str(cores)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        return done.stdout

    assert vectors(1) == vectors(2)


def test_spans_that_the_window_cuts_off_are_read_alone(embeddings: SentenceEmbeddings) -> None:
    text, spans = sentence_spans((OTHERS[0], "mot " * 600, RECOGNITION))
    (embedded,) = embeddings.embed_passages([text], [spans])
    alone = embeddings.embed_sentences([text[slice(*span)] for span in spans])
    whole, cut, beyond = (cosine(*pair) for pair in zip(embedded.sentences, alone, strict=True))
    assert cut > 0.9999
    assert beyond > 0.9999
    assert whole < 0.9999  # read with its surroundings


def test_offsets_count_code_points_whatever_normalisation_does(embeddings: SentenceEmbeddings) -> None:
    text, spans = sentence_spans(("🙂🙂 ﬁn de l’été 𓀀 ½ ㎏.", RECOGNITION))
    (embedded,) = embeddings.embed_passages([text], [spans])
    question = embeddings.embed_query("Which states recognized Donetsk?")
    assert cosine(question, embedded.sentences[1]) > cosine(question, embedded.sentences[0])


def test_a_span_of_nothing_that_the_model_reads_still_has_a_vector(embeddings: SentenceEmbeddings) -> None:
    (embedded,) = embeddings.embed_passages(["mot \u200b mot"], [[Span(4, 5)]])
    assert np.isfinite(embedded.sentences).all()


def test_a_lone_surrogate_is_read_as_a_question_mark(embeddings: SentenceEmbeddings) -> None:
    broken, mended = embeddings.embed_passages(["Où \ud800 est", "Où ? est"], [[Span(5, 8)], [Span(5, 8)]])
    assert np.allclose(broken.vector, mended.vector, atol=1e-5)
    assert np.allclose(broken.sentences, mended.sentences, atol=2e-3)
    assert embeddings.embed_query("\udfff") == pytest.approx(embeddings.embed_query("?"), abs=1e-5)


def test_nothing_in_nothing_out(embeddings: SentenceEmbeddings) -> None:
    assert embeddings.embed_passages([], []) == []
    assert embeddings.embed_documents([]) == []
    assert embeddings.embed_sentences([]).shape == (0, 384)


def test_threads_share_one_model(embeddings: SentenceEmbeddings) -> None:
    texts = [*OTHERS, RECOGNITION] * 4
    with ThreadPoolExecutor(8) as pool:
        shared = list(pool.map(embeddings.embed_query, texts))
    assert np.allclose(shared, [embeddings.embed_query(text) for text in texts], atol=1e-4)


def test_a_spans_vector_is_the_mean_of_its_tokens_states(averaging: Path) -> None:
    from sentence_transformers import SentenceTransformer

    (embedded,) = SentenceEmbeddings(str(averaging)).embed_passages(["one two three four five"], [[Span(8, 18)]])
    states = SentenceTransformer(str(averaging)).encode(
        "doc one two three four five", output_value="token_embeddings", prompt=""
    )
    expected = (states[4] + states[5]) / 2  # [CLS] doc one two *three four* five [SEP]
    assert cosine(embedded.sentences[0], expected.cpu().numpy()) > 0.99999


def test_the_models_own_prompts_are_used_also_when_it_names_only_passage(averaging: Path) -> None:
    own = SentenceEmbeddings(str(averaging))
    bare = SentenceEmbeddings(str(averaging), query_prompt="", passage_prompt="")
    assert np.allclose(own.embed_query("one two"), bare.embed_query("ask one two"), atol=1e-6)
    assert np.allclose(own.embed_documents(["one two"]), bare.embed_documents(["doc one two"]), atol=1e-6)
    assert not np.allclose(own.embed_documents(["one two"]), bare.embed_documents(["one two"]), atol=1e-3)


def test_settings_override_the_prompts(averaging: Path) -> None:
    settings = Settings(embedding_model=str(averaging), query_prompt="doc ", passage_prompt="ask ")
    swapped, own = load_embeddings(settings), SentenceEmbeddings(str(averaging))
    assert np.allclose(swapped.embed_query("six"), own.embed_documents(["six"])[0], atol=1e-6)
    assert np.allclose(swapped.embed_documents(["six"])[0], own.embed_query("six"), atol=1e-6)


def test_a_model_that_does_not_average_reads_sentences_alone(first_token: Path) -> None:
    embeddings = SentenceEmbeddings(str(first_token))
    text = "one two three four"
    embedded, empty = embeddings.embed_passages([text, "five"], [[Span(0, 7), Span(8, 18)], []])
    alone = embeddings.embed_sentences(["one two", "three four"])
    assert np.allclose(embedded.sentences, alone, atol=2e-3)
    assert np.allclose(embedded.vector, embeddings.embed_documents([text])[0], atol=1e-6)
    assert (embeddings.dimension, empty.sentences.shape) == (32, (0, 32))


def test_the_fingerprint_changes_with_what_changes_the_vectors(averaging: Path, tmp_path: Path) -> None:
    folder = str(averaging)
    first = SentenceEmbeddings(folder).fingerprint
    assert SentenceEmbeddings(folder).fingerprint == first
    assert SentenceEmbeddings(folder, passage_prompt="x ").fingerprint != first
    assert SentenceEmbeddings("org/name").fingerprint != SentenceEmbeddings("org/name", revision="abc").fingerprint
    assert "query: " in SentenceEmbeddings().fingerprint
    (tmp_path / "config.json").write_text(json.dumps({"layers": 1}))
    before = SentenceEmbeddings(str(tmp_path)).fingerprint
    (tmp_path / "config.json").write_text(json.dumps({"layers": 2}))
    assert SentenceEmbeddings(str(tmp_path)).fingerprint != before


def test_the_fingerprint_knows_other_weights_of_the_same_size(averaging: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(averaging, tmp_path / averaging.name))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + bytes(3_000_000))
    before = SentenceEmbeddings(str(folder)).fingerprint
    assert SentenceEmbeddings(str(folder)).fingerprint == before
    content = weights.read_bytes()
    weights.write_bytes(content[:-3_000_000] + os.urandom(3_000_000))
    assert SentenceEmbeddings(str(folder)).fingerprint != before


def test_the_bundled_model_needs_neither_torch_nor_transformers(tmp_path: Path) -> None:
    """From a document to an answer, none of them is imported; the encoder itself waits for the first text."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "ferry.txt").write_text("The ferry to Vik leaves at nine. It carries forty cars.")
    code = f"""
import sys
from askcorpus import Settings, open_assistant
from askcorpus.embedding.embeddings import load_embeddings
from askcorpus_ui.cli import main
embeddings = load_embeddings(Settings())
assert embeddings.fingerprint and embeddings.dimension == 384
assert "onnxruntime" not in sys.modules
try:
    sys.argv = ["askcorpus", "ingest", {str(tmp_path / "corpus")!r}, "--data", {str(tmp_path / "data")!r}]
    main()
except SystemExit as exc:
    assert not exc.code
with open_assistant(Settings(data={str(tmp_path / "data")!r})) as assistant:
    answer = assistant.ask("When does the ferry to Vik leave?")
print(answer.citations[0].quote, sorted({{"torch", "transformers", "sentence_transformers"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "The ferry to Vik leaves at nine. []"


@pytest.mark.parametrize("name", ["./no/such/folder", "two words"])
def test_a_missing_folder_is_told_at_once(name: str) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        SentenceEmbeddings(name)


@pytest.mark.parametrize("content", ["", "{", '{"model_type": "bert"}'], ids=["empty", "not_json", "no_weights"])
def test_a_folder_that_is_no_model_is_told_in_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match="Cannot load the embedding model") as caught:
        SentenceEmbeddings(str(tmp_path)).warm_up()
    assert "\n" not in str(caught.value)
    assert "ASKCORPUS_EMBEDDING_MODEL" in caught.value.hint


def test_a_hub_model_that_cannot_be_reached_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = """
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError
try:
    SentenceEmbeddings("no-such-organisation/no-such-model").warm_up()
except ModelError as error:
    print(error)
"""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("Cannot load the embedding model no-such-organisation/no-such-model")
    assert done.stdout.count("\n") == 1
