"""A small corpus in several languages and an assistant over it: real store, real model, real ingest."""

from collections.abc import Mapping
from pathlib import Path

from askcorpus.answer.reader import Reader
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus_ingest.pipeline import ingest

READER = Reader()
"""Loaded by the first question of a session, and shared by all assistants of its tests."""

ARTICLES = {
    "ferry": (
        "date 2022-09 MOLDE, Norway (AP) — The ferry to Molde sails again from Tuesday. It had lain in the yard "
        "for seven weeks. The captain, Ingrid Solberg, said that the new engine had cost 12 million kroner."
    ),
    "pont": (
        "date 2022-07 KERLOUAN, France (AFP) – Le pont de Kerlouan a rouvert lundi après deux ans de travaux. Le "
        "maire, Yann Le Goff, a coupé le ruban à midi. Les camions de plus de 19 tonnes y restent interdits."
    ),
    "pont-copy": (
        "date 2022-07 KERLOUAN, France (AFP) – Le pont de Kerlouan a rouvert lundi après deux ans de travaux. Le "
        "maire, Yann Le Goff, a coupé le ruban à midi. Les camions de plus de 19 tonnes y restent interdits. (Mis "
        "à jour)"
    ),
    "volcano-july": (
        "date 2022-07 The volcano of Hestfell shook its villages. Ash lay on the roofs of Vik and the school "
        "closed for three days."
    ),
    "volcano-march": (
        "date 2021-03 The volcano of Hestfell was quiet again. Farmers of Vik brought their sheep back to the "
        "slopes and counted 40 of them lost."
    ),
    "lion": ("date 2023-01 The zoo of Basel has a new lion named Radja. He came from Leipzig by train."),
    "library": (
        "date 2023-02 The library of Coimbra lends violins. Sixty people waited in the rain for the first of them."
    ),
    "bread": ("date 2021-11 Die Bäckerei in Murten backt seit Montag wieder Roggenbrot. Das Mehl kommt aus Bern."),
}


def open_over(
    folder: Path, embeddings: SentenceEmbeddings, articles: Mapping[str, str] = ARTICLES, **settings: object
) -> Assistant:
    """An assistant over ``articles`` (file name, where no ending is named a .txt's, to text), kept in ``folder``. Close
    it when done."""
    chosen = Settings.model_validate({"data": folder / "data", "min_confidence": 0.0} | settings)
    assistant = Assistant(chosen, open_index(chosen, embeddings), embeddings, reader=READER)
    files = folder / "articles"
    files.mkdir(parents=True)
    for name, text in articles.items():
        (files / (name if "." in name else f"{name}.txt")).write_text(f"{text}\n", encoding="utf-8")
    if articles:
        assert ingest([files], assistant.store, embeddings, chosen).added == len(articles)
    return assistant
