"""Until which day the law keeps a study: pure reckoning with calendar days.

China: outpatient records for 15 years after the patient's last visit, inpatient records for 30 years after her last
discharge (Regulations on medical records of medical institutions, 2013, article 29). Whether a study belongs to the one
or the other record is not known here yet: whoever was ever an inpatient has everything kept for both. Doubt keeps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

OUTPATIENT_YEARS: Final = 15
INPATIENT_YEARS: Final = 30
"""What the law asks for at least."""
EARLIEST: Final = date(1900, 1, 1)
"""A study date before this is no date."""
_FARTHEST_EAST: Final = timedelta(hours=14)
_FARTHEST_WEST: Final = timedelta(hours=12)


class Because(StrEnum):
    """What keeps a study."""

    NOTHING = "nothing"  # an institution of a demo
    OUTPATIENT = "outpatient"  # years after the last visit
    INPATIENT = "inpatient"  # years after the last discharge
    ADMITTED = "admitted"  # a stay that has not ended: no day yet


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds in an institution. applies: False only for a demo, whose samples can be removed."""

    applies: bool = True
    outpatient_years: int = OUTPATIENT_YEARS
    inpatient_years: int = INPATIENT_YEARS

    @property
    def below_the_law(self) -> bool:
        """Whether studies are kept for a shorter time than the law asks for."""
        return not self.applies or self.outpatient_years < OUTPATIENT_YEARS or self.inpatient_years < INPATIENT_YEARS


BY_LAW: Final = Policy()


@dataclass(frozen=True, slots=True)
class Presence:
    """When a patient was last there. admitted: a stay has no end yet. last_discharge: None, never an inpatient."""

    last_visit: date
    last_discharge: date | None = None
    admitted: bool = False


@dataclass(frozen=True, slots=True)
class Reckoned:
    """until: the last day on which the study must be there; None, no day is known (admitted) or asked for (nothing)."""

    until: date | None
    because: Because

    def is_over(self, today: date) -> bool:
        """Whether nothing but people decides from this day on."""
        return self.because is Because.NOTHING or (self.until is not None and today > self.until)


def reckon(policy: Policy, presence: Presence) -> Reckoned:
    """The rule."""
    if not policy.applies:
        return Reckoned(None, Because.NOTHING)
    if presence.admitted:
        return Reckoned(None, Because.ADMITTED)
    as_outpatient = years_after(presence.last_visit, policy.outpatient_years)
    if presence.last_discharge is not None:
        as_inpatient = years_after(presence.last_discharge, policy.inpatient_years)
        if as_inpatient >= as_outpatient:
            return Reckoned(as_inpatient, Because.INPATIENT)
    return Reckoned(as_outpatient, Because.OUTPATIENT)


def years_after(day: date, years: int) -> date:
    """The same day so many years later; after 29 February 1 March where there is none. Never beyond the calendar."""
    year = min(day.year + years, date.max.year)
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def day_of_study(study_dates: Iterable[str | None], received_at: datetime) -> date:
    """The latest of these dates (DICOM DA) that can be one; the day of arrival when none can.

    A study date after the arrival is a wrong one, and so is one before X-rays were taken of many.
    """
    arrived = (received_at.astimezone(UTC) + _FARTHEST_EAST).date()
    days = [day for day in map(_parsed, study_dates) if day is not None and EARLIEST <= day <= arrived]
    return max(days, default=arrived)


def today_everywhere(now: datetime) -> date:
    """The earliest date of any place on Earth at this moment (aware): a day may be over here and not there."""
    return (now.astimezone(UTC) - _FARTHEST_WEST).date()


def _parsed(text: str | None) -> date | None:
    if text is None or len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
