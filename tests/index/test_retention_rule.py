"""The years of the law in calendar days: leap days, time zones, wrong dates, and doubt that keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.index.retention_rule import (
    BY_LAW,
    Because,
    Policy,
    Presence,
    day_of_study,
    reckon,
    today_everywhere,
    years_after,
)

ARRIVED = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("presence", "until", "because"),
    [
        (Presence(date(2026, 11, 21)), date(2041, 11, 21), Because.OUTPATIENT),
        (Presence(date(2024, 2, 29)), date(2039, 3, 1), Because.OUTPATIENT),
        (Presence(date(2026, 1, 1), date(2020, 5, 5)), date(2050, 5, 5), Because.INPATIENT),
        (Presence(date(2050, 1, 1), date(2020, 5, 5)), date(2065, 1, 1), Because.OUTPATIENT),
        (Presence(date(2026, 1, 1), date(2020, 5, 5), admitted=True), None, Because.ADMITTED),
        (Presence(date(9999, 1, 1)), date(9999, 1, 1), Because.OUTPATIENT),
    ],
)
def test_fifteen_years_after_the_last_visit_thirty_after_a_discharge(
    presence: Presence, until: date | None, because: Because
) -> None:
    reckoned = reckon(BY_LAW, presence)
    assert (reckoned.until, reckoned.because) == (until, because)


def test_the_last_day_is_kept_to_its_end_everywhere() -> None:
    reckoned = reckon(BY_LAW, Presence(date(2026, 11, 21)))
    assert not reckoned.is_over(date(2041, 11, 21))
    assert reckoned.is_over(date(2041, 11, 22))
    in_china = timezone(timedelta(hours=8))
    assert today_everywhere(datetime(2041, 11, 22, 19, 59, tzinfo=in_china)) == date(2041, 11, 21)
    assert today_everywhere(datetime(2041, 11, 22, 20, 1, tzinfo=in_china)) == date(2041, 11, 22)


def test_who_is_admitted_is_kept_and_a_demo_keeps_nothing() -> None:
    assert not reckon(BY_LAW, Presence(date(1990, 1, 1), admitted=True)).is_over(date.max)
    demo = reckon(Policy(applies=False), Presence(date(2026, 1, 1), admitted=True))
    assert (demo.because, demo.is_over(date.min)) == (Because.NOTHING, True)


@pytest.mark.parametrize(
    ("study_dates", "day"),
    [
        (("20240131", None), date(2024, 1, 31)),
        (("20240131", "20250101"), date(2025, 1, 1)),  # as received; a correction makes nothing older
        (("20270101", None), date(2026, 11, 22)),  # after it came
        (("18950101", ""), date(2026, 11, 22)),
        (("20240231", "2024013x"), date(2026, 11, 22)),
        (("２０２４０１３１",), date(2026, 11, 22)),
        ((), date(2026, 11, 22)),
    ],
)
def test_a_study_date_that_cannot_be_one_counts_as_the_day_of_arrival(
    study_dates: tuple[str | None, ...], day: date
) -> None:
    assert day_of_study(study_dates, ARRIVED) == day


@given(
    visit=st.dates(date(1900, 1, 1), date(2100, 12, 31)),
    discharge=st.none() | st.dates(date(1900, 1, 1), date(2100, 12, 31)),
    later=st.integers(0, 4000),
)
def test_more_presence_never_shortens_and_no_day_is_before_the_laws(
    visit: date, discharge: date | None, later: int
) -> None:
    until = reckon(BY_LAW, Presence(visit, discharge)).until
    assert until is not None
    assert until >= years_after(visit, 15)
    assert discharge is None or until >= years_after(discharge, 30)
    more = reckon(BY_LAW, Presence(visit + timedelta(days=later), discharge)).until
    assert more is not None and more >= until
