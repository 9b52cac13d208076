"""A file and a PostgreSQL server: the same steps over both end in the same answers, to the last digit."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from random import Random
from traceback import format_exception
from typing import Any, NamedTuple

import numpy as np
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import AskcorpusError, Busy, IndexMismatch, NothingIngested, ReadError, StorageError, UsageError
from askcorpus.feedback import FeedbackFile, shared_feedback
from askcorpus.index import lexical, migrations, pgvector, schema
from askcorpus.index import postgres as postgres_module
from askcorpus.index.archive import export_index, import_index
from askcorpus.index.opening import open_index, require_index
from askcorpus.index.store import Store, open_store
from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.settings import Settings, read_settings
from askcorpus.text.words import terms, words
from askcorpus.types import Filters
from askcorpus_ingest.pipeline import ingest
from askcorpus_ui.chat import conversations
from askcorpus_ui.chat.conversation import Reply
from askcorpus_ui.chat.conversations import Conversations, ShareTaken
from askcorpus_ui.web.keys import Keys
from asking import READER
from corpora import assert_exact, book, document, fill, many, open_, passages, put, vector
from looking import look
from postgres_server import PASSWORD, PostgresServer

CORPUS = Path(__file__).parents[1] / "corpus"
QUESTIONS = [json.loads(line)["question"] for line in (CORPUS / "questions.jsonl").read_text("utf-8").splitlines()]
FILTERS = (
    Filters(),
    Filters(languages=("fr",)),
    Filters(date_from="2022-07", date_to="2023"),
    Filters(languages=("en", "uk"), date_to="2022-12"),
)


def silent(_step: str, _done: int, _total: int) -> None:
    """Nobody is told."""


class Sample(NamedTuple):
    """The sample corpus, and an assistant over it."""

    store: Store
    assistant: Assistant


@pytest.fixture(scope="module")
def both(
    postgres: PostgresServer,
    sample_index: Path,
    embeddings: SentenceEmbeddings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Sample, Sample]]:
    """The sample corpus in a file, and carried from there to a server."""
    folder = tmp_path_factory.mktemp("both")
    shutil.copytree(sample_index, folder / "file")
    with ExitStack() as stack:
        samples: list[Sample] = []
        for name, url in (("file", None), ("server", postgres.new_database())):
            settings = Settings(data=folder / name, database=SecretStr(url) if url else None)
            store = open_index(settings, embeddings)
            if url:
                export_index(samples[0].store, folder / "export", silent)
                import_index(store, folder / "export", silent)
            ingest([CORPUS], store, embeddings, settings)
            assistant = Assistant(settings, store, embeddings, reader=READER)
            samples.append(Sample(store, stack.enter_context(assistant)))
        yield samples[0], samples[1]


@pytest.fixture(params=["file", "server"])
def database(request: pytest.FixtureRequest) -> str | None:
    """No address, or that of an empty database on a server."""
    if request.param == "file":
        return None
    return str(request.getfixturevalue("postgres").new_database())


# --- the same answers ---


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_words_are_ranked_alike_to_the_last_bit(both: tuple[Sample, Sample], filters: Filters) -> None:
    """Real articles in seven languages, all questions about them: ids, order and scores, ties included."""
    file, server = (look(each.store) for each in both)
    found = 0
    for question in QUESTIONS:
        asked = terms(question)
        ranked = file.lexical(asked, 40, filters)
        assert server.lexical(asked, 40, filters) == ranked
        found += len(ranked)
        assert server.document_frequency(asked) == file.document_frequency(asked)
    assert found > 3 * len(QUESTIONS)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_what_the_rarest_words_find_is_ranked_alike_and_scored_as_by_all(
    both: tuple[Sample, Sample], filters: Filters, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, server = (look(each.store) for each in both)
    whole = [dict(file.lexical(terms(question), 10_000, filters)) for question in QUESTIONS]
    monkeypatch.setattr(lexical, "READ", 20)
    monkeypatch.setattr(lexical, "ENOUGH", 1)
    fewer = 0
    for question, scores in zip(QUESTIONS, whole, strict=True):
        ranked = file.lexical(terms(question), 5, filters)
        assert server.lexical(terms(question), 5, filters) == ranked
        assert [scores[id_] for id_, _ in ranked] == [score for _, score in ranked]
        assert len(ranked) == min(5, len(scores))
        fewer += len(file.lexical(terms(question), 10_000, filters)) < len(scores)
    assert fewer == 0  # whoever asks for more than the rarest find has all


def test_phrases_are_found_alike(both: tuple[Sample, Sample]) -> None:
    file, server = (look(each.store) for each in both)
    phrases = 0
    for one in both[0].store.documents():
        of_text = words(one.text)
        for at in range(0, len(of_text) - 3, 40):
            wanted = of_text[at : at + 3]
            found = sorted(file.phrase(wanted, 1000))
            assert sorted(server.phrase(wanted, 1000)) == found
            assert sorted(server.phrase(wanted[::-1], 1000)) == sorted(file.phrase(wanted[::-1], 1000))
            phrases += bool(found)
    assert phrases > 100


def told(answer: Any) -> dict[str, Any]:
    """An answer without what differs from one asking to the next."""
    shown: dict[str, Any] = answer.model_dump(mode="json")
    return {name: value for name, value in shown.items() if name not in {"id", "timings_ms"}}


def test_questions_are_answered_alike(both: tuple[Sample, Sample]) -> None:
    file, server = (each.assistant for each in both)
    answered = 0
    for question in QUESTIONS[::12]:
        answer = file.ask(question)
        assert told(server.ask(question)) == told(answer)
        answered += answer.answerable
    assert answered > 1


def test_lists_are_alike(both: tuple[Sample, Sample]) -> None:
    file, server = (each.store for each in both)
    for filters in FILTERS:
        assert server.listing(filters, limit=20) == file.listing(filters, limit=20)
        page = file.page(filters, 1, 20)
        assert server.page(filters, 1, 20) == page
        whole = file.listing(filters, offset=1, limit=20).documents
        assert [(one.id, one.characters) for one in page.documents] == [(one.id, len(one.text)) for one in whole]
        for search in ("", "Donetsk", "notre dame", "reconn", "grain accord", "no such words"):
            assert server.inventory(search, filters) == file.inventory(search, filters)
            assert server.matching(search, filters, limit=50) == file.matching(search, filters, limit=50)
    assert server.facets() == file.facets()
    assert server.told_twice() == file.told_twice()
    assert server.held() == file.held()
    assert server.known_files().keys() == file.known_files().keys()
    assert server.check(deep=True) == file.check(deep=True)
    wrong = Filters(sources=("Nobody",))
    for refused in (wrong, Filters(languages=("xx",)), Filters(document_ids=("a\0b", "\ud800"))):
        said = []
        for store in (file, server):
            with pytest.raises(UsageError) as error:
                store.listing(refused)
            said.append(str(error.value))
        assert said[0] == said[1]


def steps(store: Store, folder: Path, embeddings: SentenceEmbeddings) -> Iterator[Any]:
    """A corpus comes in, changes, is asked, and goes; what is to be seen after each step."""
    settings = Settings(data=folder)
    files = folder.parents[1] / "articles"
    files.mkdir(exist_ok=True)

    def run(prune: bool = False) -> dict[str, Any]:
        report = ingest([files], store, embeddings, settings, prune=prune)
        return {name: getattr(report, name) for name in ("added", "changed", "unchanged", "removed")}

    def seen() -> Any:
        ids = [one.id for one in store.documents()]
        return ids, store.info(), store.facets(), store.withheld(ids), store.inventory("harbour")

    (files / "storm.txt").write_text("date 2023-02\nThe harbour of Ostende closed because of a storm.\n", "utf-8")
    (files / "bridge.txt").write_text("date 2021-05\nLe pont de Verdan a rouvert après deux ans.\n", "utf-8")
    (files / "copy.txt").write_text("date 2023-03\nThe harbour of Ostende closed because of a storm.\n", "utf-8")
    yield run(), seen()
    yield run(), seen()
    (files / "bridge.txt").write_text("date 2021-05\nLe pont de Verdan reste fermé.\n", "utf-8")
    (files / "storm.txt").rename(files / "gale.txt")
    yield run(), seen(), sorted(Path(path).name for path in store.held())
    first = store.inventory("Verdan").entries[0].document_id
    with store.writer() as writer:
        yield writer.withhold([first]), store.document(first)
    yield run(), seen(), store.withheld([first])
    with store.writer() as writer:
        yield writer.restore([first])
    yield run(), seen()
    (files / "copy.txt").unlink()
    yield run(), seen()
    yield run(prune=True), seen()
    store.rebuild()
    yield seen(), look(store).lexical(terms("harbour storm"), 5), [check.ok for check in store.check(deep=True)]


def test_the_same_steps_are_the_same_to_see(
    tmp_path: Path, postgres: PostgresServer, embeddings: SentenceEmbeddings
) -> None:
    fingerprint, dimension = embeddings.fingerprint, embeddings.dimension
    places = []
    for name, url in (("file", None), ("server", postgres.new_database())):
        folder = tmp_path / name / "index"
        with Store(folder, fingerprint, dimension, database=url) as store:
            places.append(list(steps(store, folder, embeddings)))
        shutil.rmtree(tmp_path / "articles")  # and at the same paths again: ids of documents come from them
    assert places[0] == places[1]
    assert [step[0]["added"] for step in places[0][:1]] == [3]


def test_together_is_all_or_nothing_and_what_fails_inside_leaves_the_rest(tmp_path: Path, database: str | None) -> None:
    with open_(tmp_path / "index", database=database) as store, open_(tmp_path / "other", database=database) as reader:
        with store.writer() as writer, writer.together():
            put(writer, document("a"))
            with pytest.raises(ReadError):
                writer.put(document("b", "half a pair: \ud800"), [])
            put(writer, document("c"))
            if database:
                assert reader.documents() == []
        assert [one.id for one in store.documents()] == ["a", "c"]
        with store.writer() as writer:
            with suppress(ZeroDivisionError), writer.together():
                put(writer, document("d"))
                _ = 1 / 0
            put(writer, document("c"))
        assert [one.id for one in store.documents()] == ["a", "c"]


def test_what_is_told_twice_comes_in_the_same_order(tmp_path: Path, database: str | None) -> None:
    landings = [f"The boat of pier {n} left at {n}:15 with {n} tons of fish." for n in range(1, 12)]
    with open_(tmp_path / "index", database=database) as store:
        fill(store, *(document(name, *landings, date=date) for name, date in (("a", ""), ("B", "2022"), ("é", "2021"))))
        (story,) = store.told_twice(limit=2).stories
        assert [one.id for one in story.documents] == ["é", "B"] and story.documents[0].characters == len(
            " ".join(landings)
        )


def test_a_snapshot_stays_as_it_was_while_others_write(tmp_path: Path, database: str | None) -> None:
    with open_(tmp_path / "index", database=database) as store:
        fill(store, *many(5))
        with store.snapshot() as index:
            assert index.filled().documents == 5
            with store.writer() as writer:
                put(writer, *many(5, start=5))
                writer.remove(["d0"])
            assert index.document("d0") is not None
            assert index.facets().languages == {"en": 3, "fr": 2}
            assert len(index.lexical(terms("Report"), 50)) == 5
        assert store.info().documents == 9
        assert_exact(store, [vector("q")])


def test_a_long_title_and_a_book_are_kept(tmp_path: Path, database: str | None) -> None:
    long = document("a", title=" ".join(f"word{n}" for n in range(2000)))
    with open_(tmp_path / "index", database=database) as store:
        fill(store, long, book("b", 300))
        assert store.document("a") == long
        assert store.info().passages == len(passages(long)) + 300


def test_an_export_of_each_engine_is_imported_by_the_other(both: tuple[Sample, Sample], tmp_path: Path) -> None:
    """Documents carried from a file to a server and back are the same file again."""
    file, server = (each.store for each in both)
    paths = [tmp_path / name for name in ("file", "server")]
    for store, path in zip((file, server), paths, strict=True):
        export_index(store, path, silent)
    assert paths[0].read_bytes() == paths[1].read_bytes()


# --- one that writes ---


def test_a_second_writer_is_told_and_readers_go_on(tmp_path: Path, database: str | None) -> None:
    """Two committers at once, from two stores as from two processes, and twice in one."""
    folders = (tmp_path / "index", tmp_path / ("other" if database else "index"))
    with open_(folders[0], database=database) as store, open_(folders[1], database=database) as other:
        fill(store, *many(3))
        with store.writer() as writer:
            for late in (other, store):
                with pytest.raises(Busy, match=r"^Another process is writing to .*\. Wait until it is done") as error:
                    fill(late, *many(4))
                assert "\n" not in str(error.value)
            assert other.info().documents == 3
            put(writer, *many(2, start=10))
            assert other.info().documents == 5
        fill(other, *many(1, start=20))
        assert store.info().documents == 6


def test_a_writer_gives_its_lock_back_before_its_session_is_over(tmp_path: Path, postgres: PostgresServer) -> None:
    """Else the next of two ingests finds the first one's, until the server has noticed that its session is over."""
    database = postgres.new_database()
    watcher = sa.create_engine(database, isolation_level="AUTOCOMMIT")
    held = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    with open_(tmp_path, database=database) as store, watcher.connect() as connection:
        connection.execute(held)
        for number in range(20):
            fill(store, *many(1, start=number))
            assert connection.scalar(held) == 0
    watcher.dispose()


# --- versions ---


def test_an_older_catalog_is_carried_over_by_the_first_write(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_mood(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE documents ADD COLUMN mood TEXT NOT NULL DEFAULT ''")
        connection.exec_driver_sql("UPDATE documents SET mood = upper(title)")

    with open_(tmp_path / "index", database=database) as store:
        fill(store, *many(3))
        before = store.listing()
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, add_mood))
            assert store.listing() == before
            with store.writer():
                pass
            with store._database.reading() as connection:
                assert (
                    connection.exec_driver_sql("SELECT mood FROM documents ORDER BY id LIMIT 1").scalar() == "ABOUT D0"
                )
            assert store.listing() == before
        # Now this program is the older one: a replica that was left behind.
        with pytest.raises(IndexMismatch, match="was written by a newer version"):
            store.listing()
        with pytest.raises(IndexMismatch, match="was written by a newer version"), store.writer():
            pass
    with pytest.raises(IndexMismatch, match="was written by a newer version"):
        open_(tmp_path / "index", database=database)


def test_an_index_made_with_other_settings_is_refused(tmp_path: Path, database: str | None) -> None:
    with open_(tmp_path / "index", database=database) as store:
        fill(store, document("a"))
    with pytest.raises(IndexMismatch, match=r"the settings now are other-model.*another (folder|database)"):
        open_(tmp_path / "index", "other-model", database=database)
    require_index(Settings(data=tmp_path / "index", database=SecretStr(database) if database else None))


def test_a_database_made_anew_with_other_settings_is_refused_by_who_runs(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database()
    with open_(tmp_path, database=url) as running:
        fill(running, *many(3))
        assert running.info().documents == 3
        with sa.create_engine(url).begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA askcorpus CASCADE")
        with open_(tmp_path, fingerprint="another", database=url) as other:
            fill(other, document("foreign"))
            with pytest.raises(IndexMismatch, match="made with another"):
                running.info()
            with pytest.raises(IndexMismatch, match="made with another"):
                fill(running, document("own"))
            assert [one.id for one in other.documents()] == ["foreign"]


FIELDS = ["title", "text", "source", "place", "language", "author", "url", "origin"]


@pytest.mark.parametrize("field", FIELDS)
def test_a_character_that_a_server_cannot_keep_costs_its_document_only(
    tmp_path: Path, postgres_url: str, field: str
) -> None:
    costs_its_document_only(tmp_path, postgres_url, {field: "a\0b"})


@pytest.mark.parametrize("field", ["source", "language", "origin"])
def test_a_field_that_is_too_long_for_a_server_costs_its_document_only(
    tmp_path: Path, postgres_url: str, field: str
) -> None:
    costs_its_document_only(tmp_path, postgres_url, {field: "".join(map(str, range(3000)))})


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The address of an empty database."""
    return postgres.new_database()


def costs_its_document_only(tmp_path: Path, url: str, fields: dict[str, str]) -> None:
    bad = document("bad").model_copy(update=fields)
    with open_(tmp_path, database=url) as store:
        with store.writer() as writer, writer.together():
            put(writer, document("before"))
            with pytest.raises(ReadError):
                writer.put(bad, [])
            put(writer, document("behind"))
        assert {one.id for one in store.documents()} == {"before", "behind"}


def test_vectors_that_pgvector_cannot_take_are_told(tmp_path: Path, postgres_url: str) -> None:
    with open_store(tmp_path, "long", 2001, database=postgres_url, vectors="pgvector") as store:
        long = np.zeros(2001, np.float32)
        with store.writer() as writer:
            writer.put(
                document("d"),
                [
                    one._replace(
                        vector=long, sentences=(), sentence_vectors=long[:0].reshape(0, 2001).astype(np.float16)
                    )
                    for one in passages(document("d"))
                ],
            )
        with pytest.raises(StorageError, match="2000 numbers at most, and these have 2001"):
            store.rebuild()


def test_a_rebuild_that_could_not_erase_the_vectors_says_so(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "WAITING_SECONDS", 1)
    with open_(tmp_path, database=postgres_url, vectors="pgvector") as store:
        fill(store, *many(3))
        with sa.create_engine(postgres_url).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE askcorpus.neighbours (seq BIGINT)")  # looked into by a question
        with store._reading() as connection:
            noted = {"neighbours": pgvector._noted(schema.state(connection))}
        with store._database.writing() as connection:
            schema.take_note(connection, noted)
        with sa.create_engine(postgres_url).begin() as connection:
            connection.exec_driver_sql("LOCK TABLE askcorpus.neighbours IN ACCESS SHARE MODE")
            with pytest.raises(StorageError, match=r"could not be made anew: .* takes too long"):
                store.rebuild()
        with store._reading() as connection:
            assert connection.scalar(sa.text("SELECT to_regclass('neighbours') IS NOT NULL"))


def test_nothing_is_there_until_something_is_written(tmp_path: Path, database: str | None) -> None:
    settings = Settings(data=tmp_path / "index", database=SecretStr(database) if database else None)
    with open_(tmp_path / "index", database=database) as store:
        assert store.documents() == []
        with pytest.raises(NothingIngested, match="There is no index in"):
            store.filled()
        with pytest.raises(StorageError, match="There is no index in"):
            store.rebuild()
        with pytest.raises(StorageError, match="There is no index in"):
            require_index(settings)
        fill(store, document("a"))
        require_index(settings)
        with store.writer() as writer:
            writer.remove(["a"])
        with pytest.raises(NothingIngested, match="There are no documents in"):
            store.filled()


# --- what servers share beside the corpus ---


def test_conversations_are_shared(tmp_path: Path, database: str | None) -> None:
    with closing(Conversations(tmp_path, 90, database)) as one, closing(Conversations(tmp_path, 90, database)) as other:
        assert other.listed("anna") == []
        place = one.ask("anna", None, "Who won 100%_of it?")
        assert place.turn == 1
        assert other.reply("anna", place, Reply(kind="answered", id="ans_1", text="Nobody did."))
        assert one.ask("anna", place.id, "And later?").turn == 2
        kept = other.read("anna", place.id)
        assert kept is not None
        assert [exchange.question for exchange in kept.exchanges] == ["Who won 100%_of it?", "And later?"]
        assert [entry.id for entry in other.listed("anna", "nobody")] == [place.id]
        assert [entry.id for entry in other.listed("anna", "%_OF")] == [place.id]
        assert other.listed("anna", "everybody") == other.listed("bert") == []
        assert other.read("bert", place.id) is None
        forked = other.ask("anna", place.id, "Instead?", before=2)
        assert (forked.id != place.id, forked.turn) == (True, 2)
        other.rename("anna", place.id, "The match")
        other.delete("anna", forked.id)
        assert [entry.title for entry in one.listed("anna")] == ["The match"]


def long_questions() -> Callable[[], str]:
    """Questions as long as may be, each another, and not to be compressed."""
    drawn = Random(1)
    return lambda: "".join(chr(drawn.randrange(0x4E00, 0x9FFF)) for _ in range(LONGEST_QUESTION))


def test_who_asks_all_day_takes_no_more_than_a_share_of_the_room(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "MAX_BYTES", 4_000_000)
    long = long_questions()
    with closing(Conversations(tmp_path, 30, database)) as kept:
        place = kept.ask("greedy", None, long())
        theirs = [place.id]
        with suppress(ShareTaken):
            for turn in range(2, 100):  # each with a copy of what was said before
                place = kept.ask("greedy", place.id, long(), before=turn)
                theirs.append(place.id)
        assert 2 < len(theirs) < 10
        with pytest.raises(ShareTaken, match=r"No more of your conversations .* Delete some"):
            kept.ask("greedy", place.id, "And so on?")
        assert sorted(one.id for one in kept.listed("greedy")) == sorted(theirs)  # nothing is lost
        assert kept.ask("other", None, long()).turn == 1
        kept.delete("greedy", theirs[-1])
        assert kept.ask("greedy", theirs[0], "And so on?").turn == 2


def test_room_for_conversations_comes_back_when_some_go(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index").mkdir()
    monkeypatch.setattr(conversations, "MAX_BYTES", 400_000)
    monkeypatch.setattr(conversations, "_SHARE", 1.0)
    long = long_questions()

    with closing(Conversations(tmp_path / "index", 30, database)) as kept:

        def fill_up() -> list[str]:
            places: list[str] = []
            with suppress(StorageError):
                places.extend(kept.ask("me", None, long()).id for _ in range(100))
            assert len(places) < 100
            return places

        for conversation in fill_up():
            kept.delete("me", conversation)
        assert len(fill_up()) > 3
        later = time.time() + 31 * 86_400
        monkeypatch.setattr(time, "time", lambda: later)
        kept.ask("me", None, long())  # what is too old makes room by itself
        assert len(kept.listed("me")) == 1


def test_keys_are_shared(tmp_path: Path, database: str | None) -> None:
    with closing(Keys(tmp_path, database)) as one, closing(Keys(tmp_path, database)) as other:
        assert not other.any()
        assert other.known(b"askc_0123456789ab_" + b"x" * 43) is None
        secret, key = one.add("A newsroom", ["ask"], per_minute=30)
        assert other.known(secret.encode()) == key
        assert other.listed() == [key]
        with pytest.raises(UsageError, match="No such key: nobody"):
            other.revoke(["nobody"])
        assert other.revoke([key.id]) == 1
        assert one.known(secret.encode()) is None
        assert one.any()


def test_keys_that_lost_their_version_do_not_pass_for_none(tmp_path: Path, postgres_url: str) -> None:
    with closing(Keys(tmp_path, postgres_url)) as keys:
        keys.add("me", ["ask"])
    with sa.create_engine(postgres_url).begin() as connection:
        connection.exec_driver_sql("COMMENT ON TABLE askcorpus.keys IS NULL")  # as pg_dump --no-comments has it
    with closing(Keys(tmp_path, postgres_url)) as keys, pytest.raises(StorageError, match="has lost its comment"):
        keys.any()


def test_feedback_on_one_server_is_read_with_that_on_another(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.new_database()
    assert shared_feedback(url) == []
    with closing(FeedbackFile(tmp_path / "a", url)) as one, closing(FeedbackFile(tmp_path / "b", url)) as other:
        assert one.add("Who won?", [], "ans_1", True)
        assert other.add("Who lost?", [], "ans_2", False, "incomplete")
        assert other.add("Who won?", [], "ans_1", None)
    assert [(said.question, said.liked, said.reason) for said in shared_feedback(url)] == [
        ("Who lost?", False, "incomplete")
    ]
    assert list(tmp_path.iterdir()) == []


# --- addresses ---


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace(PASSWORD, "wr0ng-password"),
        lambda url: url.rsplit("/", 1)[0] + "/nowhere",
        lambda url: url.replace("tester:", "nobody-here:"),
        lambda url: url.replace("127.0.0.1", "127.0.0.1:1/x"),
        lambda url: url.replace("postgresql", "mysql"),
        lambda url: url.replace("@", ""),
    ],
    ids=["password", "database", "user", "port", "kind", "form"],
)
def test_a_wrong_address_is_one_line_without_the_password(
    tmp_path: Path, postgres: PostgresServer, change: Callable[[str], str]
) -> None:
    url = change(postgres.new_database())
    with pytest.raises(AskcorpusError) as error:
        open_(tmp_path / "index", database=url)
    traceback = "".join(format_exception(error.value))
    assert PASSWORD not in traceback and "wr0ng-password" not in traceback
    assert "\n" not in str(error.value)
    assert isinstance(error.value, StorageError | UsageError)
    assert PASSWORD not in repr(Settings(database=SecretStr(url)))


def test_a_folder_that_is_named_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "postgresql+psycopg://me:secret@127.0.0.1/corpus"
    monkeypatch.setenv("ASKCORPUS_DATABASE", address)
    assert read_settings().database_url == address
    assert read_settings(data=tmp_path).database_url is None
