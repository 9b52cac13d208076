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
        ("Que s'est-il passé le 1er février 2022 ?", "2022-02-01"),
        ("What opened on 1st May 2022?", "2022-05-01"),
        ("What opened on May 2nd, 2022?", "2022-05-02"),
        ("What opened on the 3rd of May 2022?", "2022-05-03"),
        ("What closed on the 22nd of November, 2021?", "2021-11-22"),
        ("What closed on May the 31st 2022?", "2022-05-31"),
        ("¿Qué pasó el 1º de mayo de 2022?", "2022-05-01"),
        ("¿Qué pasó el 1ro de mayo del 2022?", "2022-05-01"),
        ("O que aconteceu em 1.º de maio de 2022?", "2022-05-01"),
        ("Che cosa accadde il 1° maggio 2022?", "2022-05-01"),
        ("Was geschah am 1. Mai 2022?", "2022-05-01"),
        ("Wat gebeurde er op 1e mei 2022?", "2022-05-01"),
        ("Vad hände den 1:a maj 2022?", "2022-05-01"),
        ("Что случилось 1-го мая 2022 года?", "2022-05-01"),
        ("Chuyện gì xảy ra ngày 1 tháng 5 năm 2022?", "2022-05-01"),
        ("Chuyện gì xảy ra vào tháng 10 năm 2022?", "2022-10"),
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


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("Que s'est-il passé le premier février 2021 ?", "2021-02"),
        ("What opened on May 32nd, 2022?", "2022-05"),
        ("Which 5G network opened in May 2022?", "2022-05"),
        ("Which 7 ministers resigned in May 2022?", "2022-05"),
        ("Who came 3rd in the race of May 2022?", "2022-05"),
        ("Who was 3rd in 2022?", "2022"),
    ],
)
def test_a_number_that_is_no_day_leaves_the_month(question: str, period: str) -> None:
    assert read_period(question) == period


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
