"""Kill the command line while it writes, again and again, and check whether anything is lost, stale or visible in part.

    python bench/kills.py [--kills 200] [--seed 1]

Each round changes, adds, moves and removes files, starts `askcorpus ingest`, `ingest --prune`, `rebuild` or
`docs remove` over them in a process of its own, and kills that (SIGKILL) at a random instant of the time it takes. Then

- every document is there exactly once and complete: as it was acknowledged before, or as the killed command wrote it;
- every passage is found by its own words, and no word of another version finds anything;
- the next run brings the index up to date with the files, and after it `doctor` ends with 0 and the vector index has
  every passage;
- a question finds the text of a file as it is now, and is answered.

The embedding model is replaced by one that makes vectors from hashes of words: it is no part of what is tested. The
rest is the product. Ends with 1 and the fault at the first round that breaks one of these, and keeps the folder.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding import embeddings as embedding
from askcorpus.embedding.embeddings import EmbeddedText, SentenceEmbeddings
from askcorpus.settings import Settings, read_settings
from askcorpus.types import Span

FILES = 12
LONGEST = 40
"""Sentences of the longest document; about five make a passage."""

Versions = dict[str, int]
"""The version of each file that is there, by name."""


class Hashed(SentenceEmbeddings):
    """Unit vectors that depend on nothing but the words of a text."""

    dimension = 64
    fingerprint = "hashed"

    def warm_up(self) -> None:
        """There is nothing to load."""

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        vector: list[float] = self.embed_sentences([text])[0].tolist()
        return vector

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts."""
        return np.stack([_drawn(text) for text in texts]) if texts else np.empty((0, self.dimension), np.float32)

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[EmbeddedText]:
        """The vectors of texts and of their spans."""
        found = []
        for text, own in zip(texts, spans, strict=True):
            sentences = self.embed_sentences([text[start:end] for start, end in own])
            found.append(EmbeddedText(_drawn(text), sentences.astype(np.float16)))
        return found


def _drawn(text: str) -> NDArray[np.float32]:
    """The sum of the vectors of a text's words, at length 1: texts with the same words are near each other."""
    vector = np.full(Hashed.dimension, 1e-3, np.float32)
    for word in set(text.lower().replace(".", " ").replace("?", " ").split()):
        number = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        vector += np.random.default_rng(number).normal(size=Hashed.dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


class Fault(Exception):
    """What must not happen."""


class Ended(NamedTuple):
    """How a process ended, after how many seconds, and what it printed."""

    code: int  # negative: the signal that killed it
    seconds: float
    out: str
    err: str


def text_of(name: str, version: int) -> str:
    """What a version of a file says; each sentence holds a word that no other version has."""
    length = random.Random(f"{name}/{version}").randint(1, LONGEST)
    return " ".join(
        f"Sentence {n} of the report tells of {word_of(name, version)} and of nothing else." for n in range(length)
    )


def word_of(name: str, version: int) -> str:
    """The word of a version of a file."""
    return f"{name}v{version}"


class Attack:
    """One corpus and its data folder; what is in them, and what has been done to them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.corpus, self.data = folder / "corpus", folder / "data"
        self.corpus.mkdir(parents=True)
        self.random = random.Random(seed)
        self.files: Versions = {}
        self.folders: dict[str, str] = {}
        self.indexed: Versions = {}
        self.last = 0
        self.removed: list[str] = []
        self.seconds: dict[str, float] = {}
        self.counts: Counter[str] = Counter()

    def run(self, kills: int) -> None:
        """Begin, and kill so many processes."""
        self.change(FILES)
        self.level()
        while (killed := self.counts.total() - self.counts["ended before"]) < kills:
            print(f"{killed} of {kills} kills", end="\r", file=sys.stderr, flush=True)
            self.round()

    def round(self) -> None:
        """Change files, kill a command over them, look, and mend."""
        self.change(self.random.randint(1, 5))
        name, arguments, after = self.choose()
        ended = self.command(*arguments, kill_after=self.random.random() * self.seconds.get(name, 1.0))
        if ended.code == -signal.SIGKILL:
            self.counts[name] += 1
            self.look(after)
        else:
            self.counts["ended before"] += 1
            self.seconds[name] = ended.seconds
            if ended.code:
                raise Fault(f"{name} ended with {ended.code}: {ended.err}")
            self.look(after, whole=True)
        self.level()

    def choose(self) -> tuple[str, list[str], Versions]:
        """A command, and what is in the index when it is done."""
        kinds = ["ingest", "ingest --prune", "ingest --prune", "ingest, moved", "rebuild", "docs remove"]
        name = self.random.choice(kinds)
        if name == "ingest, moved":
            self.move(self.random.randint(1, len(self.files)))
            return name, ["ingest", str(self.corpus), "--prune"], dict(self.files)
        if name == "rebuild":
            return name, ["rebuild"], self.indexed
        if name == "docs remove":
            gone = self.random.sample(sorted(self.indexed), 3)
            ids = [hashlib.sha256(f"{one}".encode()).hexdigest()[:12] for one in gone]
            self.removed = ids
            return name, ["docs", "remove", *ids], {k: v for k, v in self.indexed.items() if k not in gone}
        if name == "ingest":
            return name, ["ingest", str(self.corpus)], self.indexed | self.files
        return name, ["ingest", str(self.corpus), "--prune"], dict(self.files)

    def path(self, name: str) -> Path:
        """Where a file is now."""
        return self.corpus / self.folders.get(name, ".") / f"{name}.jsonl"

    def move(self, number: int) -> None:
        """Move files to other folders, some of them back."""
        for name in self.random.sample(sorted(self.files), number):
            before = self.path(name)
            self.folders[name] = self.random.choice([".", "one", "two", "two/three"])
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            before.rename(self.path(name))

    def change(self, number: int) -> None:
        """Write new versions of files, add files and remove some."""
        for _ in range(number):
            name = f"report{self.random.randrange(FILES * 2)}"
            if name in self.files and len(self.files) > FILES and self.random.random() < 0.4:
                del self.files[name]
                self.path(name).unlink()
                continue
            self.last += 1
            self.files[name] = self.last
            record = {
                "doc_id": hashlib.sha256(name.encode()).hexdigest()[:12],
                "title": f"About {name}",
                "text": text_of(name, self.last),
                "language": "en",
            }
            self.path(name).write_text(json.dumps(record) + "\n", encoding="utf-8")

    def level(self) -> None:
        """The next run: the index is what the files are, the doctor is content, and a question is answered.

        What was removed by hand is restored first: whether it was, a killed command does not say.
        """
        if self.removed:
            self.fork(self.restore)
            self.removed = []
        self.succeed("ingest --prune", "ingest", str(self.corpus), "--prune")
        self.indexed = dict(self.files)
        self.look(self.indexed, whole=True)
        checks = json.loads(self.succeed("doctor", "doctor", "--json").out)["checks"]
        vectors = next(check["detail"] for check in checks if check["name"] == "vector index")
        passages = next(check["detail"] for check in checks if check["name"] == "lexical index").split()[0]
        if vectors != f"{passages} passages":
            raise Fault(f"the vector index is not level: {vectors}, of {passages}")
        name = self.random.choice(sorted(self.indexed))
        word = word_of(name, self.indexed[name])
        answer = json.loads(self.succeed("ask", "ask", f"Which report tells of {word}?", "--json").out)
        if not answer["answerable"] or not any(word in passage["text"] for passage in answer["passages"]):
            raise Fault(f"a question about {word} is answered: {answer['answer']}")

    def restore(self) -> None:
        """Let in again what is kept out."""
        from askcorpus.index.opening import open_index

        with open_index(_settings(self.data), Hashed()) as store, store.writer() as writer:
            writer.restore(self.removed)

    def succeed(self, name: str, *arguments: str) -> Ended:
        """Run a command to its end."""
        ended = self.command(*arguments)
        if ended.code:
            raise Fault(f"{name} ended with {ended.code}: {ended.out}{ended.err}")
        self.seconds[name] = ended.seconds
        return ended

    def command(self, *arguments: str, kill_after: float | None = None) -> Ended:
        """The command line in a process of its own."""

        def work() -> None:
            from askcorpus_ui.cli.commands import app

            app([*arguments, "--data", str(self.data)])

        return self.fork(work, kill_after)

    def look(self, after: Versions, *, whole: bool = False) -> None:
        """Compare all that the index holds with what it was, or with what it was to become (``whole``: with that)."""

        def work() -> None:
            print(json.dumps(_held(self.data, sorted({**self.indexed, **after}), [self.indexed, after])))

        ended = self.fork(work)
        if ended.code:
            raise Fault(f"the index cannot be read: {ended.err}")
        held: Versions = json.loads(ended.out)
        for name in {**self.indexed, **after, **held}:
            found = held.get(name)
            allowed = {after.get(name)} if whole else {self.indexed.get(name), after.get(name)}
            if found not in allowed:
                raise Fault(f"{name} is there in version {found} instead of {allowed}")

    def fork(self, work: Callable[[], None], kill_after: float | None = None) -> Ended:
        """Do some work in a child, which begins with everything imported."""
        out, err = self.folder / "out", self.folder / "err"
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            _be_child(work, out, err)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its own
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        seconds = time.monotonic() - begun
        return Ended(status, seconds, out.read_text("utf-8"), err.read_text("utf-8"))


def _be_child(work: Callable[[], None], out: Path, err: Path) -> None:
    """Never returns."""
    code = 70
    try:
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        work()
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 0 if exc.code is None else 1
    except BaseException:  # noqa: BLE001  whatever it is, it belongs to the child
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _held(data: Path, names: Sequence[str], states: Sequence[Versions]) -> Versions:
    """The version in which each file is in the index.

    Raises:
        Fault: a document is there in part or twice, or something is found that is not there.
    """
    from askcorpus.index.damage import damage
    from askcorpus.index.opening import open_index
    from askcorpus.text.words import words
    from askcorpus_ingest.passages import split_passages

    settings = _settings(data)
    held: Versions = {}
    with open_index(settings, Hashed()) as store, store.snapshot() as index:
        documents = store.documents()
        with store._database.reading() as connection:
            if fault := damage(connection, Hashed.dimension):
                raise Fault(fault)
        passages = 0
        for document in documents:
            name = document.title.removeprefix("About ")
            if name in held:
                raise Fault(f"{name} is there twice")
            held[name] = int(document.text.split(f"{name}v")[1].split()[0])
            if document.text != text_of(name, held[name]):
                raise Fault(f"{name} is not whole: {document.text}")
            ids = {passage.id for passage, _ in split_passages(document, settings.passage_chars)}
            if index.stored(sorted(ids)).keys() != ids:
                raise Fault(f"{name} lacks passages")
            if {id_ for id_, _ in index.lexical(words(word_of(name, held[name])), 1000)} != ids:
                raise Fault(f"{name} is not found by its words")
            passages += len(ids)
        if index.info.passages != passages:
            raise Fault(f"there are {index.info.passages} passages instead of {passages}")
        stale = {(name, state[name]) for state in states for name in names if name in state} - set(held.items())
        for name, version in stale:
            if index.lexical(words(word_of(name, version)), 1):
                raise Fault(f"{name} is found in version {version}, which is not there")
        if len(index.dense(_drawn("anything"), 10_000)) != passages:
            raise Fault("not every passage is found by its vector")
    return held


def _settings(data: Path) -> Settings:
    return read_settings(data=data)


def main() -> None:
    """Parse the command line and attack."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    os.environ |= {"ASKCORPUS_MIN_CONFIDENCE": "0", "TOKENIZERS_PARALLELISM": "false"}
    embedding.load_embeddings = lambda settings: Hashed()  # noqa: ARG005  named as in what it replaces
    for module in (
        "askcorpus_ui.cli.doctor",
        "askcorpus_ui.cli.progress",
        "askcorpus_ingest.pipeline",
        "chromadb.api.client",
    ):
        __import__(module)  # once, so that every child begins at once
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    attack, begun = Attack(folder, chosen.seed), time.monotonic()
    try:
        attack.run(chosen.kills)
    except KeyboardInterrupt:
        sys.exit(f"stopped after {dict(attack.counts)}, and nothing was lost until then")
    except Fault as exc:
        sys.exit(f"after {dict(attack.counts)}: {exc}\nThe folder is {folder}.")
    shutil.rmtree(folder)
    print(f"{chosen.kills} kills in {time.monotonic() - begun:.0f} s, and nothing was lost: {dict(attack.counts)}")


if __name__ == "__main__":
    main()
