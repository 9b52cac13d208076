"""The bundled model as a folder that transformers and sentence-transformers load: where training begins."""

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from askcorpus.embedding.bundled_model import PROMPTS, PackedModel, Shape, Vocabulary, bundled_fingerprint, packed_file
from askcorpus.errors import ModelError

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")


def encoder_folder() -> Path:
    """The folder, in the user's cache; made at the first call, which takes seconds and 470 MB.

    Raises:
        ModelError: the model does not come with this platform's packages.
        OSError: the folder cannot be written.
    """
    source = packed_file()
    if source is None:
        raise ModelError("The bundled encoder is not installed here.", "Train on Linux, on an x86-64 processor.")
    folder = user_cache_path("askcorpus") / f"training-{bundled_fingerprint().rpartition('@')[2]}"
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
        partial.mkdir(parents=True)
        try:
            _write(PackedModel(source), partial)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def _write(model: PackedModel, folder: Path) -> None:
    weights = {name: model.weight(name) for name in model.names()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "tokenizer.json").write_text(_tokenizer(model.vocabulary()).to_str(), "utf-8")
    for name, content in _json_files(model.shape).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=2), "utf-8")


def _tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """XLM-R's: SentencePiece unigrams over Nmt and NFKC normalised text, runs of spaces folded."""
    text, ends = vocabulary.text.tobytes(), vocabulary.ends.tolist()
    words = [text[start:end].decode() for start, end in pairwise(ends)]
    ids = {token: words.index(token) for token in SPECIAL}
    pieces = list(zip(words, vocabulary.scores.tolist(), strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=ids["<unk>"]))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, ids[token]) for token in ("<s>", "</s>")],
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in SPECIAL])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    return tokenizer


def _json_files(shape: Shape) -> dict[str, Any]:
    """The small files that make a folder a transformers model and a sentence-transformers one."""
    return {
        "config.json": {
            "model_type": "bert",
            "architectures": ["BertModel"],
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.types,
            "layer_norm_eps": shape.epsilon,
            "pad_token_id": 1,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "sentence_bert_config.json": {
            "max_seq_length": shape.positions,
            "do_lower_case": False,
            "model_args": {"add_pooling_layer": False},
        },
        "1_Pooling/config.json": {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "prompts": PROMPTS,
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
