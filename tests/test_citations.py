"""What leaves verification resolves; what does not resolve, leaves."""

import re
from random import Random

import pytest

from askcorpus.answer.citations import Verified, verify
from askcorpus.types import Draft, Hit, Quote, Span

TEXT = (
    "Three states recognised the republics in 2022. North Korea was the third [1]. "
    "Russia had been first. Syria followed in June."
)
OTHER = "A second story. Pyongyang denied that it sold weapons.\nIt said so in September."
DOCUMENTS = {"d1": TEXT, "d2": OTHER}


def hit_for(document_id: str, start: int = 0, end: int | None = None) -> Hit:
    text = DOCUMENTS[document_id]
    end = len(text) if end is None else end
    return Hit(
        passage_id=f"p-{document_id}-{start}",
        document_id=document_id,
        title=f"Title of {document_id}",
        source="AP",
        date="2022-09",
        language="en",
        text=text[start:end],
        start=start,
        end=end,
    )


HITS = (hit_for("d1"), hit_for("d2"))


def quote_of(marker: int, hit: Hit, words: str, highlights: tuple[Span, ...] = ()) -> Quote:
    start = hit.start + hit.text.index(words)
    return Quote(marker=marker, passage_id=hit.passage_id, start=start, end=start + len(words), highlights=highlights)


def check(text: str, *quotes: Quote, hits: tuple[Hit, ...] = HITS, language: str = "en") -> Verified:
    """Verify, and assert what is promised of every verified answer."""
    verified = verify(Draft(text=text, quotes=quotes, language=language), hits, lambda id: DOCUMENTS.get(id, ""))
    assert [c.marker for c in verified.citations] == list(range(1, len(verified.citations) + 1))
    places = [c.answer_start for c in verified.citations]
    assert places == sorted(places)
    for citation in verified.citations:
        assert verified.text[citation.answer_start : citation.answer_end] == f"[{citation.marker}]"
        assert DOCUMENTS[citation.document_id][citation.start : citation.end] == citation.quote
        assert citation.verified
    return verified


def test_a_citation_carries_the_quote_and_its_document() -> None:
    verified = check("Russia came first [1].", quote_of(1, HITS[0], "Russia had been first."))
    (citation,) = verified.citations
    assert verified.text == "Russia came first [1]."
    assert (citation.quote, citation.title, citation.date) == ("Russia had been first.", "Title of d1", "2022-09")
    assert verified.unsupported == ()


def test_markers_are_numbered_in_order_of_appearance() -> None:
    verified = check(
        "Denied [7]. First [3].",
        quote_of(3, HITS[0], "Russia had been first."),
        quote_of(7, HITS[1], "Pyongyang denied that it sold weapons."),
    )
    assert verified.text == "Denied [1]. First [2]."
    assert [c.document_id for c in verified.citations] == ["d2", "d1"]


@pytest.mark.parametrize(
    ("draft", "clean"),
    [
        pytest.param("Alpha went home [9].", "Alpha went home.", id="before the full stop"),
        pytest.param("Alpha went home. [9] ", "Alpha went home.", id="at the end"),
        pytest.param("[9] Alpha went home.", "Alpha went home.", id="at the start"),
        pytest.param("- [9] Alpha went home.", "- Alpha went home.", id="after a bullet"),
        pytest.param("Alpha [9] went [8][7] home.", "Alpha went home.", id="in the middle"),
    ],
)
def test_a_marker_without_quote_leaves_no_trace(draft: str, clean: str) -> None:
    verified = check(draft)
    assert verified.text == clean
    assert verified.citations == ()
    assert len(verified.unsupported) == 1


def test_the_first_marker_of_a_group_can_go_without_gluing_the_next_to_the_word() -> None:
    verified = check("Russia came first [9][1].", quote_of(1, HITS[0], "Russia had been first."))
    assert verified.text == "Russia came first [1]."


def test_the_last_marker_of_a_group_at_the_beginning_of_a_line_can_go_too() -> None:
    verified = check("[1] [9] Russia came first.", quote_of(1, HITS[0], "Russia had been first."))
    assert verified.text == "[1] Russia came first."


def test_same_words_cited_twice_are_one_citation() -> None:
    verified = check(
        "Russia was first [1]. Really first [2]. And Syria [3].",
        quote_of(1, HITS[0], "Russia had been first."),
        quote_of(2, HITS[0], "Russia had been first."),
        quote_of(3, HITS[0], "Syria followed in June."),
    )
    assert verified.text == "Russia was first [1]. Really first [1]. And Syria [2]."
    assert len(verified.citations) == 2


def test_one_marker_with_two_quotes_becomes_two_markers() -> None:
    verified = check(
        "Both are there [1].",
        quote_of(1, HITS[0], "Russia had been first."),
        quote_of(1, HITS[0], "Syria followed in June."),
    )
    assert verified.text == "Both are there [1][2]."


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param(Quote(marker=1, passage_id="p-unknown", start=0, end=5), id="passage that was not found"),
        pytest.param(Quote(marker=1, passage_id="p-d1-0", start=0, end=10_000), id="beyond the passage"),
        pytest.param(Quote(marker=1, passage_id="p-d1-0", start=5, end=5), id="empty"),
        pytest.param(Quote(marker=1, passage_id="p-d1-0", start=9, end=3), id="backwards"),
        pytest.param(Quote(marker=1, passage_id="p-d1-0", start=-5, end=3), id="negative"),
        pytest.param(Quote(marker=1, passage_id="p-d1-0", start=5, end=6), id="only a blank"),
    ],
)
def test_a_quote_that_is_not_there_is_not_cited(quote: Quote) -> None:
    verified = check("A claim [1].", quote)
    assert verified == Verified("A claim.", (), ("A claim.",))


def test_a_passage_that_no_longer_matches_its_document_is_not_cited() -> None:
    stale = HITS[0].model_copy(update={"text": HITS[0].text.replace("Russia", "Prussia"), "end": len(TEXT) + 1})
    assert check("First [1].", quote_of(1, stale, "Prussia had been first."), hits=(stale,)).citations == ()
    gone = HITS[0].model_copy(update={"document_id": "d9"})
    assert check("First [1].", quote_of(1, gone, "Russia had been first."), hits=(gone,)).citations == ()


def test_offsets_count_from_the_document_not_from_the_passage() -> None:
    start = TEXT.index("Russia")
    (citation,) = check(
        "First [1].",
        quote_of(1, hit_for("d1", start), "Russia had been first."),
        hits=(hit_for("d1", start),),
    ).citations
    assert citation.start == start


def test_sentences_without_support_are_listed() -> None:
    verified = check(
        "Russia came first [1]. The sky is green. Syria came too. [9]", quote_of(1, HITS[0], "Russia had been first.")
    )
    assert verified.text == "Russia came first [1]. The sky is green. Syria came too."
    assert verified.unsupported == ("The sky is green.", "Syria came too.")


@pytest.mark.parametrize("marked", ["Russia first. [1] Sky green.", "Russia first.[1] Sky green."])
def test_a_marker_after_the_full_stop_belongs_to_the_sentence_before(marked: str) -> None:
    verified = check(marked, quote_of(1, HITS[0], "Russia had been first."))
    assert verified.unsupported == ("Sky green.",)
    assert verified.text == marked


def test_a_marker_at_the_beginning_of_a_line_belongs_to_that_line() -> None:
    verified = check("The sky is green.\n\n- [1] Russia came first.", quote_of(1, HITS[0], "Russia had been first."))
    assert verified.unsupported == ("The sky is green.",)


def test_verbatim_words_of_a_cited_quote_need_no_marker_of_their_own() -> None:
    quote = "Pyongyang denied that it sold weapons.\nIt said so in September."
    verified = check(
        "“Pyongyang denied that it sold weapons. It said so in September.” [1]", quote_of(1, HITS[1], quote)
    )
    assert verified.unsupported == ()
    assert verified.citations[0].quote == quote


def test_an_announcement_is_no_claim() -> None:
    verified = check("The sources say:\n\nRussia had been first. [1]", quote_of(1, HITS[0], "Russia had been first."))
    assert verified.unsupported == ()


def test_bracketed_numbers_of_the_document_never_become_citations() -> None:
    """The document says "[1]" itself; our marker for it is 2 and 1 cites another story."""
    verified = check(
        "It denied [1]. North Korea was the third [1]. [2]",
        quote_of(1, HITS[1], "Pyongyang denied that it sold weapons."),
        quote_of(2, HITS[0], "North Korea was the third [1]."),
    )
    assert verified.text == "It denied [1]. North Korea was the third (1). [2]"
    assert verified.citations[1].quote == "North Korea was the third [1]."
    assert verified.unsupported == ()


def test_a_marker_that_happens_to_stand_where_the_document_has_its_own_still_counts() -> None:
    verified = check("North Korea was the third [1].", quote_of(1, HITS[0], "North Korea was the third [1]."))
    assert len(verified.citations) == 1


def test_highlights_outside_their_quote_are_dropped() -> None:
    start = TEXT.index("Russia")
    inside, outside = Span(start, start + 6), Span(0, 5)
    quote = quote_of(1, HITS[0], "Russia had been first.", (inside, outside))
    assert check("First [1].", quote).citations[0].highlights == (inside,)


def test_years_in_brackets_are_words() -> None:
    verified = check("In [2022] Russia came first [1].", quote_of(1, HITS[0], "Russia had been first."))
    assert verified.text == "In [2022] Russia came first [1]."


def test_sentences_of_scripts_without_spaces() -> None:
    verified = check("俄罗斯最先承认[1]。天是绿的。", quote_of(1, HITS[0], "Russia had been first."), language="zh")
    assert verified.text == "俄罗斯最先承认[1]。天是绿的。"
    assert verified.unsupported == ("天是绿的。",)


@pytest.mark.parametrize("text", ["", "   ", "[1]", "[1][2] [3]"])
def test_nothing_said_is_nothing_verified(text: str) -> None:
    assert check(text) == Verified("", (), ())


def test_whatever_is_drafted_what_comes_out_resolves() -> None:
    """Random texts of words, markers and line breaks, with random quotes: `check` asserts what is promised."""
    random = Random(7)
    pieces = [
        "Russia",
        "first.",
        "[1]",
        "[2]",
        "[3]",
        "[12]",
        " ",
        "\n",
        "\n\n- ",
        "承认。",
        "[1].",
        "(1)",
        "Syria had.",
        ": ",
    ]
    cited = 0
    for _ in range(400):
        text = "".join(random.choice(pieces) for _ in range(random.randrange(1, 25)))
        quotes = []
        for _ in range(random.randrange(5)):
            hit = random.choice(HITS)
            start = random.randrange(-3, len(hit.text))
            quotes.append(
                Quote(
                    marker=random.randrange(1, 5),
                    passage_id=hit.passage_id,
                    start=start,
                    end=start + random.randrange(0, 90),
                )
            )
        verified = check(text, *quotes)
        written = {int(number) for number in re.findall(r"\[(\d+)\]", verified.text)}
        assert written == {citation.marker for citation in verified.citations}
        cited += len(written)
    assert cited > 100
