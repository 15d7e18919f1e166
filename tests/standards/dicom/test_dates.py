"""DA, TM, DT and offsets from UTC."""

from __future__ import annotations

import pytest

from isocenter.standards.dicom.dates import date_of, date_time_of, offset_from_utc_of, time_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240229", "20240229"),
        ("20230229", None),
        ("19991231", "19991231"),
        ("2001.04.05", "20010405"),
        ("00000000", None),
        ("20241301", None),
        ("2024", None),
        ("２０２４0101", None),
        ("00010203", "00010203"),
        ("", None),
    ],
)
def test_a_date_is_a_day_of_the_calendar_or_nothing(text: str, expected: str | None) -> None:
    assert date_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", "10"),
        ("1015", "1015"),
        ("101560", "101560"),
        ("101559.123456", "101559.123456"),
        ("10:15:59", "101559"),
        ("24", None),
        ("1060", None),
        ("101559.1234567", None),
        ("1", None),
    ],
)
def test_a_time_is_a_time_of_day_or_nothing(text: str, expected: str | None) -> None:
    assert time_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", "2024"),
        ("20240229101559.5+0800", "20240229101559.5+0800"),
        ("202402", "202402"),
        ("20240230", None),
        ("2024022925", None),
        ("20240229+9900", None),
    ],
)
def test_a_date_time_is_checked_part_by_part(text: str, expected: str | None) -> None:
    assert date_time_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("+0800", "+0800"), ("-0330", "-0330"), ("+1400", "+1400"), ("-0000", None), ("-1300", None)]
)
def test_an_offset_is_one_that_exists(text: str, expected: str | None) -> None:
    assert offset_from_utc_of(text) == expected
