"""What ``askcorpus demo`` shows: the sample corpus, a question, its answer with the quotes, and what to type next."""

from importlib.resources import files
from pathlib import Path

from platformdirs import user_cache_path

from askcorpus.embedding.embeddings import load_embeddings
from askcorpus.extras import install_command, missing
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus.types import Answer
from askcorpus_ingest.pipeline import ingest
from askcorpus_ingest.progress import Progress

QUESTION = "Which states recognized Donetsk?"


def default_folder() -> Path:
    """Where the demo keeps its index, so that a second one does not embed anything again."""
    return user_cache_path("askcorpus") / "demo"


def sample_corpus() -> Path:
    """The folder of the sample corpus: inside the package where that was installed, beside ``ui`` in a checkout."""
    package = Path(str(files("askcorpus_ui")))
    packaged = package / "corpus"
    return packaged if packaged.is_dir() else package.parents[1] / "corpus"


def ask_sample_corpus(settings: Settings, progress: Progress) -> Answer:
    """The answer to :data:`QUESTION` from the sample corpus, which is ingested into ``settings.data`` first.

    Raises:
        StorageError: the folder cannot be written.
        ModelError: the embedding model cannot be loaded.
    """
    from askcorpus.assistant import Assistant

    embeddings = load_embeddings(settings)
    with Assistant(settings, open_index(settings, embeddings), embeddings) as assistant:
        ingest([sample_corpus()], assistant.store, embeddings, settings, progress=progress)
        return assistant.ask(QUESTION)


def next_steps(data: Path) -> str:
    """What to type next, as lines for a terminal: where the chat is not installed, first what installs it."""
    steps = [
        f'askcorpus ask "Wann hat Russland Donezk und Luhansk anerkannt?" --data {data}',
        *([install_command("chat")] if missing("chat") else []),
        f"askcorpus serve --data {data}",
        "askcorpus ingest FOLDER && askcorpus serve",
    ]
    lines = "".join(f"\n  {step}" for step in steps)
    return f"\nNow ask it yourself, open the chat, or take documents of your own:\n{lines}"
