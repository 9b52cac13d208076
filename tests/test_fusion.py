"""Two scores on one scale: the arithmetic, by numbers that can be worked out by hand."""

import math

import pytest

from askcorpus.search.fusion import fuse, idf, lexical_share
from askcorpus.tuning import TUNING


def test_a_rarer_term_weighs_more() -> None:
    assert idf(1, 9) == pytest.approx(math.log(1 + 8.5 / 1.5))
    assert idf(0, 9) == pytest.approx(math.log(20))
    weights = [idf(frequency, 1000) for frequency in (0, 1, 10, 500, 1000)]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0, "a term that every passage holds may not count against a passage"


def test_bm25_is_read_as_a_share_of_the_whole_questions_weight() -> None:
    assert lexical_share(3.0, [4.0, 1.0, 1.0]) == pytest.approx(0.5)
    assert lexical_share(3.0, (weight for weight in (6.0, 0.0))) == pytest.approx(0.5)
    assert lexical_share(3.0, []) == 0.0


def test_a_share_that_any_passage_may_reach_counts_nothing() -> None:
    assert fuse(1.5, 0.0) == fuse(1.5, TUNING.lexical_floor) == 1.5
    assert fuse(1.5, TUNING.lexical_floor + 0.5) == pytest.approx(1.5 + TUNING.lexical_weight / 2)
