"""Training: what may be trained on, what examples are made of, and that runs learn, repeat, stop and go on."""

import json
import os
import random
import re
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from askcorpus.embedding.bundled_model import bundled_model
from askcorpus.embedding.encoder import WordVectors, open_session
from askcorpus.embedding.graph_weights import graph_weights
from askcorpus.errors import ModelError, ReadError, UsageError
from training import alignment, evaluate, examples, reader, retrieval, weights
from training.alignment import AlignmentTask, Questions, Sentences
from training.examples import Example, make_examples, read_examples
from training.folder import encoder_folder
from training.loop import Goal, Run, stopping
from training.model import Adapted, Aligner, Reader, learned, restore, shape_of
from training.pairs import Pair, find_translation
from training.reader import UNPLACED, Batch, Item, Mix, ReaderTask, encode
from training.sources import read_lines, refusal
from training.swaps import Swaps, places
from training.weights import read_weights, write_weights
from training.windows import ANYWHERE, Window, crop, windows, without_answer, without_sentence

LAST_LAYER = 11
TOWNS = ("Lorient", "Bergen", "Trieste", "Gdynia", "Aveiro", "Odense", "Vigo", "Tartu", "Split", "Turku")
PEOPLE = ("Ida Moreau", "Olaf Lind", "Pia Conti", "Jan Wolski", "Rui Costa", "Mads Holm", "Eva Lago", "Liis Tamm")
TEXT = (
    "The council met on Monday. It heard Ida Moreau for an hour! Was the quay to be closed? By 3.5 centimetres it had "
    "sunk since March 2021, she said. The harbour of Lorient stays open until 12 October 2022. Nobody spoke of money."
)


def line(question: str, context: str, answer: str, **fields: Any) -> dict[str, Any]:
    """A line of data; without an answer, an unanswerable one."""
    return {
        "lang": "en",
        "question_lang": "en",
        "question": question,
        "context": context,
        "answers": [{"text": answer, "answer_start": context.index(answer)}] if answer else [],
        "answerable": bool(answer),
        "source": "towns",
        "licence": "CC BY 4.0",
        **fields,
    }


def town_lines() -> list[dict[str, Any]]:
    """A few dozen questions on towns, each with its paragraph."""
    found = []
    for i, town in enumerate(TOWNS):
        mayor, year = PEOPLE[i % len(PEOPLE)], str(1901 + 7 * i)
        text = f"The harbour of {town} opened in {year}. {mayor} is the mayor. Ferries leave from the old quay at noon."
        found += [
            line(f"When did the harbour of {town} open?", text, year),
            line(f"Who is the mayor of {town}?", text, mayor),
            line(f"How deep is the harbour of {town}?", text, ""),
        ]
    return found


def example(question: str, passage: str, answer: str, **fields: Any) -> Example:
    start = passage.index(answer) if answer else -1
    end = start + len(answer) if answer else -1
    plain = Example(question, passage, start, end, "en", "en", "towns", "CC BY 4.0", (answer,) if answer else ())
    return replace(plain, **fields)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Batches this small gain nothing from a second thread, and where the machine is busy they wait for it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def shorten(model: Reader | Aligner) -> None:
    """Leave three layers of twelve, the adapted one at the end: what is tested does not hang on what they know."""
    layers = model.body.encoder.layer
    model.body.encoder.layer = torch.nn.ModuleList([layers[0], layers[1], layers[LAST_LAYER]])


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(encoder_folder())


@pytest.fixture(scope="module")
def towns() -> list[Example]:
    return list(make_examples(town_lines()))


# Licences


def test_a_source_that_allows_no_derivatives_is_refused_by_name_and_told_why() -> None:
    assert "derivatives" in refusal("m2qa_additional", "CC BY 4.0"), "whatever its lines say"
    assert "derivatives" in refusal("other", "CC BY-ND 4.0")
    assert "commercial" in refusal("other", "CC BY-NC-SA 4.0")
    assert refusal("other", "") == "it names no licence"
    assert refusal("other", "CC BY-SA 4.0") == ""
    assert refusal("tatoeba", "CC BY 2.0 FR") == ""


def test_refused_lines_are_passed_over_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = line("Who spoke?", TEXT, "Ida Moreau", source="m2qa_additional", licence="CC BY-ND 4.0")
    path = tmp_path / "train1.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in [*town_lines(), refused, refused]), encoding="utf-8")

    assert len(list(read_lines(path))) == len(town_lines())
    assert "2 lines of m2qa_additional are refused" in capsys.readouterr().err


def test_a_refused_example_stops_the_training(tmp_path: Path) -> None:
    path = tmp_path / "examples.jsonl"
    path.write_text(json.dumps(asdict(example("Who spoke?", TEXT, "Ida Moreau", source="m2qa_xx"))), encoding="utf-8")

    with pytest.raises(UsageError, match=r"m2qa_xx is refused: .*no derivatives"):
        read_examples([path])


def test_a_line_without_a_source_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "train1.jsonl"
    path.write_text('{"question": "Who?"}\n', encoding="utf-8")

    with pytest.raises(ReadError, match="line 1"):
        list(read_lines(path))


# Windows and examples


def test_windows_are_whole_sentences_and_together_all_of_the_text() -> None:
    found = [TEXT[start:end] for start, end in windows(TEXT, 80)]

    assert "".join(found) == TEXT
    assert len(found) > 2
    assert all(text.rstrip()[-1] in ".!?" and len(text) <= 90 for text in found)
    assert any("3.5 centimetres" in text for text in found), "a decimal point ends no sentence"


def test_a_crop_keeps_the_answer_whole_and_in_its_place() -> None:
    text = TEXT * 6
    start = text.index("Lorient", 300)
    window = Window(text, start, start + len("Lorient"))
    lengths = set()

    for seed in range(200):
        cut = crop(window, "en", random.Random(seed))
        lengths.add(len(cut.text))
        assert cut.text[cut.start : cut.end] == "Lorient"
        assert cut.text in text
        assert len(crop(Window(text), "en", random.Random(seed)).text) <= 800
    assert len(lengths) > 3


def test_a_window_loses_its_answer_or_keeps_it_whole() -> None:
    start = TEXT.index("Ida Moreau")
    window = Window(TEXT, start, start + len("Ida Moreau"))
    lost, texts = without_answer(window), set()

    assert lost is not None
    assert "Ida Moreau" not in lost.text
    assert lost.text.startswith("The council met on Monday. Was the quay")
    for seed in range(40):
        kept = without_sentence(window, random.Random(seed))
        assert kept is not None
        assert kept.text[kept.start : kept.end] == "Ida Moreau"
        texts.add(kept.text)
    assert len(texts) == 5, "any of the other sentences goes"
    assert without_answer(Window("It was Ida.", 7, 10)) is None
    assert without_sentence(Window("It was Ida.", 7, 10), random.Random(0)) is None


def test_a_passage_that_answers_as_a_whole_teaches_no_span(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    whole = example("Why was the quay closed?", TEXT, "", start=ANYWHERE, end=ANYWHERE)
    path = tmp_path / "examples.jsonl"
    path.write_text(json.dumps(asdict(whole)), encoding="utf-8")
    task = ReaderTask(_Nothing(), tokenizer, read_examples([path]), mix=Mix(general=4, gaps=1, swaps=1))

    (batch,) = task.epoch(0)

    assert (batch.first.tolist(), batch.last.tolist(), batch.answers.tolist()) == ([UNPLACED], [UNPLACED], [1.0])


def test_answers_of_examples_stand_where_they_say_and_near_passages_lack_them() -> None:
    ships = [(ship, town) for ship in ("Alma", "Berta", "Cora") for town in TOWNS]
    lines = [
        line(f"Where does the ferry {ship} sail from {town}?", f"Ferry {ship} of {town} sails to {ship}-{town}.", "")
        for ship, town in ships
    ]
    for one, (ship, town) in zip(lines[5:], ships[5:], strict=True):
        answer = {"text": f"{ship}-{town}", "answer_start": one["context"].index(f"{ship}-{town}")}
        one |= {"answerable": True, "answers": [answer]}
    for one in lines[:5]:
        one["source"] += "+neg"

    found = list(make_examples(lines))

    answerable = [one for one in found if one.answerable]
    assert len(found) == len(lines)
    assert len(answerable) == len(lines) - 5
    assert all(one.passage[one.start : one.end] == one.golds[0] for one in answerable)
    assert all(one.near for one in answerable)
    assert not any(one.golds[0] in text for one in answerable for text in one.near)
    assert not any(one.weight for one in found), "nobody wrote these unanswerable questions"


def test_written_unanswerables_reach_the_batch_uncut(tokenizer: PreTrainedTokenizerBase) -> None:
    text = " ".join(f"{TEXT} {number}." for number in range(9))
    lines = [*town_lines(), line("Who closed the harbour of Lorient?", text, "", source="squad2_en")]
    made = list(make_examples([*lines, line("Who spoke?", text, "Ida Moreau", source="squad2_en")]))
    annotated = [one for one in made if one.weight and one.source == "squad2_en"]
    task = ReaderTask(_Nothing(), tokenizer, made, mix=Mix(general=40, annotated=40))

    drawn = task.draw(random.Random(0))

    assert [one.weight for one in annotated] == [4.0, 1.5]
    whole = {(one.question, one.passage) for one in annotated}
    assert all(len(passage) > 400 for _, passage in whole)
    assert whole <= {(item.question, item.window.text) for item in drawn}


class _Nothing(Reader):
    """A reader that is never asked."""

    def __init__(self) -> None:
        torch.nn.Module.__init__(self)


def test_examples_are_the_same_for_a_seed() -> None:
    assert list(make_examples(town_lines(), 1)) == list(make_examples(town_lines(), 1))
    assert list(make_examples(town_lines(), 1)) != list(make_examples(town_lines(), 2))


# Swaps


def test_a_swap_exchanges_one_name_number_or_month_and_nothing_else() -> None:
    others = [example(f"Is {name} the mayor?", f"Yes, {name} is.", "Yes") for name in PEOPLE]
    asked = example("Did Ida Moreau close it in March 2021 or 12 days later?", TEXT, "Monday")
    swaps = Swaps([*others, asked])
    kinds = {(asked.question[place.start : place.end], place.kind) for place in places(asked)}
    changed = {swaps.swap(asked, random.Random(seed)) for seed in range(300)} - {None}

    assert kinds == {("Ida Moreau", "name"), ("March", "month"), ("2021", "number"), ("12", "number")}
    for question in changed:
        assert question is not None
        pieces = [asked.question[: place.start] for place in places(asked)]
        ends = [asked.question[place.end :] for place in places(asked)]
        fitting = [
            question[len(piece) : len(question) - len(end)]
            for piece, end in zip(pieces, ends, strict=True)
            if question.startswith(piece) and question.endswith(end)
        ]
        assert fitting, question
        assert not any(new in asked.golds for new in fitting)
    assert any("Olaf Lind" in question or "Jan Wolski" in question for question in changed if question)
    assert any("March" not in question for question in changed if question)


def test_a_month_is_swapped_for_another_in_its_form() -> None:
    asked = example("Что было в сентябре?", "Выборы были в сентябре.", "Выборы", language="ru", asked_in="ru")
    changed = Swaps([asked]).swap(asked, random.Random(0))

    assert changed is not None
    assert changed.startswith("Что было в ")
    assert changed.removesuffix("?").endswith(("е", "те"))
    assert "сентябре" not in changed


def test_a_number_is_swapped_for_one_in_the_same_digits() -> None:
    asked = example("در سال ۱۹۷۹ چه شد؟", "در سال ۱۹۷۹ انقلاب شد.", "انقلاب", language="fa", asked_in="fa")
    changed = {Swaps([asked]).swap(asked, random.Random(seed)) for seed in range(9)} - {None}

    assert changed
    assert all(re.fullmatch("در سال [۰-۹]{4} چه شد؟", question) for question in changed if question)


def test_nothing_is_swapped_that_the_passage_does_not_have() -> None:
    absent = example("Who is the mayor of Vigo in 1999?", TEXT, "Ida Moreau")
    unanswered = example("Who is the mayor of Lorient?", TEXT, "")

    assert Swaps([absent, unanswered]).swap(absent, random.Random(0)) is None
    assert Swaps([absent, unanswered]).swap(unanswered, random.Random(0)) is None


# Batches


def test_the_tokens_of_a_span_are_those_of_the_answer(tokenizer: PreTrainedTokenizerBase) -> None:
    start = TEXT.index("12 October 2022")
    long = TEXT * 20
    items = [
        Item("Until when is it open?", Window(TEXT, start, start + len("12 October 2022"))),
        Item("Who pays?", Window(TEXT)),
        Item("x" * 5000, Window(long, len(long) - 6, len(long) - 1)),
    ]

    batch = encode(tokenizer, items, 96)

    ids = batch.ids[0, batch.first[0] : batch.last[0] + 1]
    assert str(tokenizer.decode(ids)).strip() == "12 October 2022"
    assert batch.answers.tolist() == [1, 0, 0], "the last is cut off, though it answers"
    assert batch.first.tolist()[1:] == batch.last.tolist()[1:] == [0, 0]
    assert bool(batch.allowed[:, 0].all())
    assert not bool(batch.allowed[0, 1]), "no span begins in the question"


def test_a_translation_is_found_at_its_place_or_missing() -> None:
    group = [Pair(f"The harbour opened {i} times.", f"Der Hafen öffnete {i} Mal.") for i in range(40)]
    missing = 0

    for seed in range(200):
        question, window = find_translation([group], random.Random(seed))
        translated = dict(group) | {other: one for one, other in group}
        missing += window.start < 0
        assert (translated[question] in window.text) == (window.start >= 0)
        assert window.start < 0 or window.text[window.start : window.end] == translated[question]
    assert 20 < missing < 80


# Runs


def train_reader(
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    towns: list[Example],
    stop_at: int | None = None,
    workers: int = 0,
    **changed: Any,
) -> Run[Batch]:
    """Twenty steps of a reader with few adapters; stopped after ``stop_at``, if given, as by a signal."""
    model = Reader(encoder_folder(), rank=4, first_layer=LAST_LAYER, seed=0)
    shorten(model)
    task = ReaderTask(model, tokenizer, towns, mix=Mix(general=60, annotated=30), batch=6, length=64, seed=0)
    settings = {"batch": 6} | changed
    run = Run(
        task, Goal(steps=20), folder / "reader.ckpt", settings, rate=3e-3, warm_up=5, float32=True, workers=workers
    )
    step = run._step

    def stopped(batch: Batch) -> None:
        step(batch)
        if run.progress.step == stop_at:
            run.stop.set()

    run._step = stopped  # type: ignore[method-assign]
    run.train()
    return run


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerBase, towns: list[Example]
) -> Run[Batch]:
    """A reader of twenty steps."""
    return train_reader(tmp_path_factory.mktemp("run"), tokenizer, towns)


def same(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)


def test_twenty_steps_lower_the_readers_loss(run: Run[Batch]) -> None:
    assert len(run.losses) == 20
    assert sum(run.losses[-5:]) < 0.8 * sum(run.losses[:5])


def test_a_reader_stopped_and_gone_on_with_is_the_one_trained_in_one_go(
    tmp_path: Path, run: Run[Batch], tokenizer: PreTrainedTokenizerBase, towns: list[Example]
) -> None:
    first = train_reader(tmp_path, tokenizer, towns, stop_at=10)
    second = train_reader(tmp_path, tokenizer, towns)

    assert (first.progress.step, len(second.losses), second.progress.step) == (10, 10, 20)
    assert not same(learned(first.task.model), learned(run.task.model))
    assert same(learned(second.task.model), learned(run.task.model))
    assert first.losses + second.losses == run.losses, "two runs, step by step"


def test_batches_made_by_another_process_are_the_same(
    tmp_path: Path, run: Run[Batch], tokenizer: PreTrainedTokenizerBase, towns: list[Example]
) -> None:
    assert train_reader(tmp_path, tokenizer, towns, workers=1).losses == run.losses


def test_a_checkpoint_of_other_settings_is_not_gone_on_with(
    run: Run[Batch], tokenizer: PreTrainedTokenizerBase, towns: list[Example]
) -> None:
    with pytest.raises(UsageError, match="batch 6 → 7"):
        train_reader(run.checkpoint.parent, tokenizer, towns, batch=7)


def noisy_reader() -> Reader:
    """A whole reader whose adapters do something."""
    model = Reader(encoder_folder(), rank=4, first_layer=LAST_LAYER)
    generator = torch.Generator().manual_seed(0)
    for name, value in model.named_parameters():
        if name.endswith(".b"):
            torch.nn.init.normal_(value, std=0.02, generator=generator)
    return model


def test_weights_that_ship_load_again_and_ship_the_same(tmp_path: Path) -> None:
    before, after = noisy_reader(), Reader(encoder_folder(), rank=4, first_layer=LAST_LAYER, seed=7)
    write_weights(learned(before), tmp_path / "reader.safetensors", {"licence": "CC BY-SA 4.0"})
    read = read_weights(tmp_path / "reader.safetensors")
    restore(after, read)
    write_weights(learned(after), tmp_path / "again.safetensors", {})

    assert same(read_weights(tmp_path / "again.safetensors"), read)
    assert shape_of(read) == (4, LAST_LAYER)
    assert read["encoder.layer.11.attention.self.query.b"].shape == (384, 4)
    assert read["encoder.layer.11.output.LayerNorm.weight"].shape == (384,)
    assert {name for name in read if not name.startswith("encoder.")} == {
        "span.weight",
        "span.bias",
        "relevance.0.weight",
        "relevance.0.bias",
        "relevance.2.weight",
        "relevance.2.bias",
    }
    ids = torch.randint(5, 1000, (2, 12), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(after(ids, torch.ones_like(ids))[0], before(ids, torch.ones_like(ids))[0], atol=0.02)


def test_the_strength_multiplies_what_was_learned(tmp_path: Path) -> None:
    whole = {"x.a": torch.ones(2, 3), "x.b": torch.full((4, 2), 0.5)}
    write_weights(whole, tmp_path / "half.safetensors", {}, strength=0.5)

    half = read_weights(tmp_path / "half.safetensors")

    assert torch.allclose(half["x.b"] @ half["x.a"], 0.5 * whole["x.b"] @ whole["x.a"])


def test_weights_are_averaged_with_those_that_they_come_from() -> None:
    some, others = {"x.a": torch.ones(2, 3)}, {"x.a": torch.full((2, 3), 3.0)}

    assert torch.equal(weights.mean_of(some, others)["x.a"], torch.full((2, 3), 2.0))
    with pytest.raises(ModelError, match="another shape"):
        weights.mean_of(some, {"x.a": torch.ones(3, 3)})


def test_other_weights_are_refused(tmp_path: Path) -> None:
    written = learned(noisy_reader())

    with pytest.raises(ModelError, match="of another model"):
        restore(Reader(encoder_folder(), rank=2, first_layer=LAST_LAYER), written)
    with pytest.raises(ModelError, match="of another model"):
        restore(Aligner(encoder_folder(), rank=4, first_layer=LAST_LAYER), written)
    with pytest.raises(ModelError, match="half precision"):
        write_weights({"x.b": torch.tensor([1e9])}, tmp_path / "x.safetensors", {})
    with pytest.raises(ModelError, match="no adapters of the bundled encoder"):
        read_weights(encoder_folder() / "model.safetensors")


def test_the_merged_weight_does_what_the_adapter_does() -> None:
    generator = torch.Generator().manual_seed(0)
    layer = Adapted(torch.nn.Linear(6, 5), 2, generator)
    torch.nn.init.normal_(layer.b, generator=generator)
    states = torch.randn(3, 6, generator=generator)

    merged = torch.nn.functional.linear(states, layer.linear.weight + layer.b @ layer.a, layer.linear.bias)

    assert torch.allclose(layer(states), merged, atol=1e-6)


def test_a_signal_ends_a_run_after_its_step(capsys: pytest.CaptureFixture[str]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        before, stop = signal.getsignal(number), Event()
        with stopping(stop):
            os.kill(os.getpid(), number)
        assert stop.is_set()
        assert signal.getsignal(number) is before
    assert "SIGTERM: stopping after this step." in capsys.readouterr().err


# The alignment


def sentence_lines() -> list[dict[str, Any]]:
    """Sentences in English and German, enough of them for a group."""
    return [
        {
            "lang_a": "en",
            "text_a": f"The harbour of {town} opened in the year {year}.",
            "lang_b": "de",
            "text_b": f"Der Hafen von {town} wurde im Jahr {year} eröffnet.",
            "source": "sentences",
            "licence": "CC BY 4.0",
        }
        for town in TOWNS
        for year in range(1950, 1957)
    ]


def train_alignment(folder: Path, tokenizer: PreTrainedTokenizerBase, towns: list[Example]) -> Run[alignment.Batch]:
    model = Aligner(encoder_folder(), rank=4, first_layer=LAST_LAYER)
    shorten(model)
    near = [replace(one, near=(TEXT,)) for one in towns]
    task = AlignmentTask(model, tokenizer, Sentences(sentence_lines()), Questions(near, []), translated=15, batch=3)
    run = Run(task, Goal(steps=6), folder / "alignment.ckpt", {}, rate=5e-3, warm_up=1, float32=True)
    run.train()
    return run


def test_six_steps_lower_the_alignments_loss_and_repeat(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, towns: list[Example]
) -> None:
    first = train_alignment(tmp_path / "first", tokenizer, towns)
    second = train_alignment(tmp_path / "second", tokenizer, towns)

    assert len(first.losses) == 6
    assert sum(first.losses[-2:]) < sum(first.losses[:2])
    assert first.losses == second.losses
    assert same(learned(first.task.model), learned(second.task.model))
    assert all(name.endswith((".a", ".b")) for name in learned(first.task.model)), "no heads, no norms"


def test_the_encoders_own_vectors_are_there_beside_the_adapted(tokenizer: PreTrainedTokenizerBase) -> None:
    model = Aligner(encoder_folder(), rank=4, first_layer=LAST_LAYER)
    given = tokenizer(["query: Where is the harbour?"], return_tensors="pt")
    ids, mask = given["input_ids"], given["attention_mask"]
    with torch.no_grad():
        plain = model(ids, mask)
        for module in model.modules():
            if isinstance(module, Adapted):
                module.b.add_(0.1)
        changed = model(ids, mask)
    with model.frozen():
        frozen = model(ids, mask)

    assert torch.equal(plain, frozen)
    assert not torch.allclose(plain, changed, atol=0.001)
    assert not frozen.requires_grad


# The commands


def test_the_commands_lead_from_lines_to_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Examples are made, a reader is trained, stopped, gone on with, written, and read a set of questions with."""

    def call(main: Callable[[], None], *arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["training", *map(str, arguments)])
        main()

    data, made, kept = tmp_path / "data", tmp_path / "examples.jsonl", tmp_path / "reader.ckpt"
    data.mkdir()
    (data / "train1.jsonl").write_text("".join(json.dumps(one) + "\n" for one in town_lines()), encoding="utf-8")
    folder = tmp_path / "sets/towns"
    folder.mkdir(parents=True)
    document = {"doc_id": "d", "text": town_lines()[0]["context"]}
    asked = [
        {"question": "Who is the mayor?", "answers": ["Ida Moreau"], "doc_ids": ["d"], "answerable": True},
        {"question": "How deep is it?", "answers": [], "near_doc_ids": ["d"], "answerable": False},
    ]
    (folder / "corpus.jsonl").write_text(json.dumps(document), encoding="utf-8")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    shape = ("--rank", 2, "--first-layer", LAST_LAYER, "--batch", 4, "--length", 64, "--threads", 1, "--float32")

    call(examples.main, data, made)
    call(reader.main, made, "--out", kept, "--steps", 1, *shape)
    call(reader.main, made, "--out", kept, "--steps", 2, *shape)
    call(weights.main, kept, tmp_path / "reader.safetensors", "--licence", "CC BY-SA 4.0", "--data", "towns")
    capsys.readouterr()
    call(evaluate.main, tmp_path / "reader.safetensors", tmp_path / "sets", "--threads", 1)

    assert read_weights(tmp_path / "reader.safetensors")["span.weight"].shape == (2, 384)
    figures = capsys.readouterr().out.splitlines()[-1].split("|")
    assert [cell.strip() for cell in figures[1:3]] == ["towns", "1"]
    call(retrieval.main, files("askcorpus.embedding") / "alignment.safetensors", "--sets", tmp_path / "sets")
    rows = [line.split("|")[1:3] for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["encoder", "1.000 / 1.000"],
        ["alignment.safetensors", "1.000 / 1.000"],
    ]
    with pytest.raises(SystemExit) as ended:
        call(reader.main, made, "--out", kept, "--steps", 3, *shape, "--seed", 1)
    assert ended.value.code == UsageError.exit_code
    assert "seed 0 → 1" in capsys.readouterr().err


# The graph


def test_the_graph_gives_what_the_encoder_gives_with_weights_from_outside() -> None:
    pytest.importorskip("onnx", reason="the extra `training` is not installed")
    from training import graph
    from training.model import load_encoder

    encoder = load_encoder(encoder_folder())
    model = bundled_model()
    weights = graph_weights(model, (), as_int8=False)
    content = graph.encoder_graph(weights).SerializeToString()
    ids = torch.randint(5, 1000, (1, 20), generator=torch.Generator().manual_seed(0))

    (states,) = open_session(content, weights).run(None, {"words": WordVectors(model).of(ids[0].numpy())[None]})

    assert len(content) < 100_000
    with torch.no_grad():
        wanted = encoder(input_ids=ids).last_hidden_state
    assert (torch.from_numpy(states) - wanted).abs().max() < 1e-4


def test_the_graphs_that_ship_are_those_of_the_program() -> None:
    pytest.importorskip("onnx", reason="the extra `training` is not installed")
    from training import graph

    for name, as_int8 in (("encoder.onnx", False), ("encoder-int8.onnx", True)):
        shipped = files("askcorpus.embedding").joinpath(name).read_bytes()
        made = graph.encoder_graph(graph_weights(bundled_model(), (), as_int8=as_int8))
        assert made.SerializeToString(deterministic=True) == shipped


def test_activations_are_measured_channel_by_channel() -> None:
    pytest.importorskip("onnx", reason="the extra `training` is not installed")
    from training.activations import largest

    short, long = np.array([0, 5, 2]), np.array([0, 5, 6, 7, 2])
    found = largest((), [short, long])

    assert {name: values.shape for name, values in found.items() if name.startswith("11.")} == {
        "11.attention": (384,),
        "11.attended": (384,),
        "11.wide": (384,),
        "11.narrow": (1536,),
    }
    alone = largest((), [short])
    assert all((found[name] >= alone[name]).all() for name in found)
    assert (found["0.attention"] > alone["0.attention"]).any()
