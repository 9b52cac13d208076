"""Tables as text."""

import pytest

from askcorpus_ingest.readers.table import is_header, told_rows


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        (["Day", "Open"], ["Monday", "10:00–18:00"], "Day: Monday, Open: 10:00–18:00."),
        (["Day", "Open"], ["Monday", " "], "Day: Monday."),
        (["Day"], ["Monday", "closed"], "Day: Monday, closed."),
        (["", "Open:"], ["Monday", "10:00\n to 18:00"], "Monday, Open: 10:00 to 18:00."),
        ([], ["Monday", "10:00"], "Monday, 10:00."),
        (["Day", "Open", "Until"], ["Monday"], "Day: Monday."),
        (["Day", "Open"], ["Day", "x"], "Day, Open: x."),
    ],
)
def test_a_row_is_told_with_its_header(header: list[str], row: list[str], told: str) -> None:
    assert list(told_rows(header, [["", ""], row])) == [told]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["name", "place"], ["Anna", "Kyiv"], True),
        (["Land", "2021", "2022"], ["Malta", "5", "6"], True),
        (["id", "T1 (°C)"], ["1", "4.5"], True),
        (["Anna", "1990-05-01"], ["Ben", "1991-06-02"], False),
        (["a", ""], ["1", "2"], False),
        (["a", "A"], ["1", "2"], False),
        (["12", "13"], ["1", "2"], False),
        (["name"], ["Anna"], False),
    ],
)
def test_a_header_names_each_column(first: list[str], second: list[str], expected: bool) -> None:
    assert is_header(first, second) is expected
