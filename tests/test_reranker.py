"""A cross-encoder over the passages: any folder of sentence-transformers; here one with random weights."""

from pathlib import Path

import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError
from askcorpus.search.reranker import Reranker
from asking import ARTICLES, open_over

QUESTION = "When does the ferry to Molde sail again?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "ferry", "volcano", "zoo", "library", "Molde"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(7)
    config = BertConfig(  # type: ignore[call-arg]  # num_labels is of its base, where it is no field
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=1,
        initializer_range=1.0,
    )
    folder = tmp_path_factory.mktemp("cross-encoder")
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]"
    ).save_pretrained(folder)
    return folder


def test_each_passage_has_a_score_of_its_own_in_its_place(folder: Path) -> None:
    reranker = Reranker(str(folder))
    passages = ["the ferry", "the volcano of the zoo", "the library"]
    scores = reranker.score(QUESTION, passages)
    assert len(set(scores)) == 3
    assert reranker.score(QUESTION, passages[::-1]) == pytest.approx(scores[::-1], abs=1e-5)
    assert all(isinstance(score, float) for score in scores)


def test_hits_are_ordered_by_the_cross_encoder(tmp_path: Path, embeddings: SentenceEmbeddings, folder: Path) -> None:
    with open_over(tmp_path, embeddings, reranker=str(folder)) as assistant:
        hits = assistant.search(QUESTION)
        assert len(hits) == len(ARTICLES) - 1
        reranked = [hit.scores.rerank for hit in hits if hit.scores.rerank is not None]
        assert len(reranked) == len(hits)
        assert reranked == sorted(reranked, reverse=True)
        assert reranked == pytest.approx(Reranker(str(folder)).score(QUESTION, [hit.text for hit in hits]), abs=1e-4)


def test_a_model_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    missing = Reranker(str(tmp_path / "nothing"))
    with pytest.raises(ModelError, match="nothing cannot be loaded") as caught:
        missing.score(QUESTION, ["a passage"])
    assert "\n" not in str(caught.value)
