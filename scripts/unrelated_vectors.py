"""Make the vectors of the unrelated texts that come with the package: needed when texts, adapters or prompts
change (a test then says so).

    python scripts/unrelated_vectors.py
"""

from pathlib import Path

from safetensors.numpy import save_file

from askcorpus.embedding import unrelated_texts as made
from askcorpus.embedding.embeddings import SentenceEmbeddings


def main() -> None:
    """Write the file beside the texts."""
    embeddings = SentenceEmbeddings()
    vectors = embeddings.embed_sentences(made.unrelated_texts())
    save_file({made.name_of(embeddings): vectors}, Path(made.__file__).with_name(made.VECTORS))


if __name__ == "__main__":
    main()
