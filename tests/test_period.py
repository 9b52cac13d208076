"""The time that a question names."""

import pytest

from askcorpus.period import overlaps, read_period


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("What happened in September 2022?", "2022-09"),
        ("What was decided on 12 October 2022?", "2022-10-12"),
        ("What was decided on October 3, 2022?", "2022-10-03"),
        ("Que s'est-il passé en août 2021 ?", "2021-08"),
        ("Was geschah im März 2019?", "2019-03"),
        ("¿Qué pasó en enero de 2020?", "2020-01"),
        ("Что произошло в сентябре 2022 года?", "2022-09"),
        ("2023年7月发生了什么?", "2023-07"),
        ("2023年7月14日に何がありましたか。", "2023-07-14"),
        ("2021년 3월에 무슨 일이 있었나요?", "2021-03"),
        ("What does the report of 2022-09-29 say?", "2022-09-29"),
        ("What does the report of 2022-09 say?", "2022-09"),
        ("Who governed in 1815?", "1815"),
    ],
)
def test_a_named_time_is_read_as_exactly_as_it_is_named(question: str, period: str) -> None:
    assert read_period(question) == period


@pytest.mark.parametrize(
    "question",
    [
        "Who recognised the republic?",
        "What changed between 2019 and 2022?",
        "Who bought the 12022 shares?",
        "Did it cost 2,022 euros?",
        "Did it cost 2022.50 euros?",
        "What happened in September?",
        "May I ask who leads the party?",
        "",
    ],
)
def test_no_time_or_more_than_one_is_no_period(question: str) -> None:
    assert read_period(question) == ""


def test_a_day_that_is_not_understood_leaves_the_month() -> None:
    assert read_period("Que s'est-il passé le 1er février 2021 ?").startswith("2021-02")


def test_a_month_far_from_the_year_does_not_belong_to_it() -> None:
    assert read_period("In 2022, which of the ministers who had resigned came back in May?") == "2022"


@pytest.mark.parametrize(
    ("date", "period", "same"),
    [
        ("2022-09-29", "2022-09", True),
        ("2022", "2022-09", True),
        ("2022-09", "2022-09-29", True),
        ("2022-10", "2022-09", False),
        ("2021", "2022", False),
        ("", "2022", False),
        ("2022", "", False),
    ],
)
def test_partial_dates_overlap_when_they_can_be_the_same_day(date: str, period: str, same: bool) -> None:
    assert overlaps(date, period) is same
