"""Dates and times as DICOM writes them: DA, TM, DT (PS3.5 6.2) and the offset from UTC (PS3.3 C.12.1.1.8).

They are civil values as the sender meant them; nothing here converts them to an instant.
"""

from __future__ import annotations

import re
from datetime import date

_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})|(\d{4})\.(\d{2})\.(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")
_DATE_TIME = re.compile(r"(\d{4})(?:(\d{2})(?:(\d{2})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")


def date_of(text: str) -> str | None:
    """YYYYMMDD of a DA value, or None when it is no day of the calendar.

    The ACR-NEMA form YYYY.MM.DD, still sent by old devices, is understood.
    """
    if len(text) == 8 and text.isdecimal() and text.isascii():
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
        # Days every month has need no calendar: nearly every value that is sent passes here.
        if year and 1 <= month <= 12 and 1 <= day <= 28:
            return text
    found = _DATE.fullmatch(text.strip())
    if found is None or not text.isascii():
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day).strftime("%Y%m%d").rjust(8, "0")
    except ValueError:
        return None


def time_of(text: str) -> str | None:
    """HH, HHMM, HHMMSS or HHMMSS.FFFFFF of a TM value, or None when it is no time of day (a leap second 60 is one).

    The ACR-NEMA form with colons is understood.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None or not text.isascii():
        return None
    hour, minute, second, fraction = found.groups()
    if int(hour) > 23 or int(minute or 0) > 59 or int(second or 0) > 60:
        return None
    return hour + (minute or "") + (second or "") + (f".{fraction}" if fraction else "")


def date_time_of(text: str) -> str | None:
    """A DT value trimmed, or None when a part of it is out of range."""
    text = text.strip()
    found = _DATE_TIME.fullmatch(text)
    if found is None or not text.isascii():
        return None
    year, month, day, time, offset = found.groups()
    whole_date = date_of(year + (month or "01") + (day or "01"))
    if whole_date is None or (time and time_of(time) is None) or (offset and offset_from_utc_of(offset) is None):
        return None
    return text


def offset_from_utc_of(text: str) -> str | None:
    """&ZZXX of Timezone Offset From UTC, or None when it is not between -1200 and +1400 (-0000 is not allowed)."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None or not text.isascii():
        return None
    sign, hours, minutes = found.groups()
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > (14 * 60 if sign == "+" else 12 * 60) or (sign == "-" and total == 0):
        return None
    return f"{sign}{hours}{minutes}"
