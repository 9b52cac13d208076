"""Which documents tell the same story: found from the texts alone, kept right by every change."""

import random
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from askcorpus.index import stories
from askcorpus.index.schema import SCHEMA, STORIES
from askcorpus.index.store import Store
from askcorpus.types import Document
from corpora import document, fill, open_
from looking import look

WORDS = [f"{a}{b}{c}" for a in ("ba", "ko", "lu", "me", "ri", "ta") for b in ("la", "ner", "dit") for c in ("an", "o")]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_(tmp_path / "data") as store:
        yield store


def sentences(seed: int, count: int = 12) -> list[str]:
    """A story that no other seed tells."""
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(WORDS, k=12)).capitalize() + f" {drawn.randint(10, 9999)}." for _ in range(count)]


def told(store: Store) -> list[set[str]]:
    return [{one.id for one in story.documents} for story in store.told_twice(limit=1000).stories]


STORY = sentences(1)
VARIANTS: dict[str, Callable[[list[str]], list[str]]] = {
    "word for word": list,
    "under a headline": lambda story: ["The harbour of Arvik is closed again.", *story],
    "with a dateline of another day": lambda story: ["ARVIK, 2 May 2022 (Wire) –", *story],
    "cut after a half": lambda story: story[: len(story) // 2],
    "with a paper's own lines": lambda story: [*story, *sentences(99, 2)],
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_story_is_known_again(store: Store, variant: str) -> None:
    fill(store, document("a", *STORY), document("b", *VARIANTS[variant](STORY)), document("c", *sentences(2)))
    assert told(store) == [{"a", "b"}]


def test_stories_come_in_stretches_of_so_many_documents(store: Store) -> None:
    """The one that most tell comes first, of each the oldest; a stretch may begin or end within one."""
    dates = {"a": "2022-03", "b": "", "c": "2022-01-05", "d": "2021", "e": "2023"}
    stories = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2}
    plain = {name: document(name, *sentences(seed)) for name, seed in (stories | {"alone": 3}).items()}
    fill(store, *(one.model_copy(update={"date": dates.get(name, "")}) for name, one in plain.items()))

    def stretch(offset: int, limit: int) -> list[tuple[int, str]]:
        found = store.told_twice(offset=offset, limit=limit)
        assert (found.total, found.offset, found.limit) == (5, offset, limit)
        return [(story.number, one.id) for story in found.stories for one in story.documents]

    every = [(1, "c"), (1, "a"), (1, "b"), (2, "d"), (2, "e")]
    assert stretch(0, 5) == stretch(0, 50) == every
    assert stretch(2, 2) == every[2:4]
    assert stretch(5, 5) == []
    (first, *_), whole = store.told_twice(limit=1).stories[0].documents, plain["c"]
    assert (first.characters, first.title, first.date) == (len(whole.text), whole.title, "2022-01-05")


def test_stories_are_told_anew_after_a_change(store: Store) -> None:
    fill(store, document("a", *STORY), document("b", *STORY))
    assert told(store) == [{"a", "b"}]
    fill(store, document("c", *STORY))
    assert told(store) == [{"a", "b", "c"}]
    with store.writer() as writer:
        writer.remove(["a", "b"])
    assert told(store) == []


def test_reports_that_a_form_was_filled_in_for_are_no_story(store: Store) -> None:
    form = (
        "The station reports {} degrees and {} millimetres of rain, and winds came from the west at {} knots all day."
    )
    fill(store, *(document(f"d{n}", form.format(n, n * 7, n * 13)) for n in range(1, 30)))
    assert told(store) == []


def test_a_follow_up_that_quotes_a_third_is_no_copy(store: Store) -> None:
    fill(store, document("a", *STORY), document("b", *sentences(3), *STORY[:4]))
    assert told(store) == []


def test_stories_do_not_depend_on_the_order_in_which_documents_came(tmp_path: Path) -> None:
    family = [document(f"{n}-{name}", *how(sentences(n))) for n in range(6) for name, how in VARIANTS.items()]
    found = []
    for seed in range(3):
        random.Random(seed).shuffle(family)
        with open_(tmp_path / str(seed)) as store:
            fill(store, *family[:20])
            fill(store, *family[20:])
            found.append(told(store))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 6


def test_comparing_holds_little_more_than_the_signatures() -> None:
    engine, count, width = sa.create_engine("sqlite://"), 5000, stories.PERMUTATIONS
    drawn = np.random.default_rng(1).integers(1 << 32, size=(count, width), dtype=np.uint32)
    rows = [
        {"document": n, "signature": row.tobytes(), "runs": 22, "numbers": b"1234"} for n, row in enumerate(drawn, 1)
    ]
    with engine.begin() as connection:
        SCHEMA.create_all(connection)
        connection.execute(sa.insert(STORIES), rows)
        del rows
        tracemalloc.start()
        stories.link(connection)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert connection.scalars(sa.select(STORIES.c.story).order_by(STORIES.c.document)).all() == [
            *range(1, count + 1)
        ]
    engine.dispose()
    assert peak < 2.5 * drawn.nbytes  # the rest is what is held of a thousand rows, whatever the count


def test_a_document_that_changes_or_goes_leaves_its_story(store: Store) -> None:
    fill(store, document("a", *STORY), document("b", *STORY), document("c", *STORY))
    fill(store, document("b", *sentences(5)))
    assert told(store) == [{"a", "c"}]
    with store.writer() as writer:
        writer.remove(["a"])
    assert told(store) == []
    fill(store, document("a", *sentences(5)))
    assert told(store) == [{"a", "b"}]


def test_who_was_linked_by_one_that_goes_is_compared_again(store: Store) -> None:
    """b tells most of a and most of c, which have less in common than is enough."""
    middle = sentences(7, 20)
    first, last = [*middle[:16], *sentences(8, 4)], [*sentences(9, 4), *middle[4:]]
    fill(store, document("a", *first), document("b", *middle), document("c", *last))
    assert told(store) == [{"a", "b", "c"}]
    with store.writer() as writer:
        writer.remove(["b"])
    assert told(store) == []


def test_the_others_of_a_story_come_with_a_document_the_oldest_first(store: Store) -> None:
    fields = {"a": ("Wire", "2022-05-02"), "b": ("Courier", ""), "c": ("Herald", "2022-05-01")}
    fill(store, *(document(name, *STORY, source=source, date=date) for name, (source, date) in fields.items()))
    copies = look(store).copies(["a", "b"])
    assert [(copy.document_id, copy.source, copy.date) for copy in copies["a"]] == [
        ("c", "Herald", "2022-05-01"),
        ("b", "Courier", ""),
    ]
    assert [copy.document_id for copy in copies["b"]] == ["c", "a"]


def test_signatures_of_another_kind_are_made_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, document("a", *STORY), document("b", *STORY))
    monkeypatch.setattr(stories, "_KIND", "another")
    monkeypatch.setattr(stories, "PERMUTATIONS", 30)
    with store.writer():
        pass
    assert told(store) == [{"a", "b"}]


def test_a_crowd_that_shares_a_band_hides_no_story(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "CROWD", 3)
    opening = "As every day the office of the weather service in Arvik says to the press what follows below. " * 3
    crowd: list[Document] = [document(f"d{n}", opening, *sentences(n + 20, 6)) for n in range(30)]
    fill(store, *crowd, document("a", opening, *STORY), document("b", opening, *STORY[:-1]))
    assert told(store) == [{"a", "b"}]


def test_one_document_more_is_compared_with_what_it_may_repeat_and_with_no_other(store: Store) -> None:
    """As all at once: whether little or all is new decides only what is looked at."""
    others = [document(f"d{n}", *sentences(n + 10)) for n in range(40)]
    fill(store, document("a", *STORY), *others)
    for name, variant in VARIANTS.items():
        fill(store, document(name, *variant(STORY)))
    assert told(store) == [{"a", *VARIANTS}]
    with store.writer() as writer:
        writer.remove(["a"])
    with open_(store.folder / "at-once") as other:
        fill(other, *others, *(document(name, *variant(STORY)) for name, variant in VARIANTS.items()))
        assert told(store) == told(other)
