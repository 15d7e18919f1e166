"""Moving a civil date and time by minutes, for whoever asks from another time zone (PS3.4 C.2.2.2.9)."""

from __future__ import annotations

from datetime import datetime, timedelta

Values = tuple[str, ...]


def shifted(date: Values, time: Values, minutes: int) -> tuple[Values, Values]:
    """(date, time) so many minutes later. A time keeps its precision; without a date nothing moves.

    A date without a time moves as midnight does, and stays without a time.
    """
    if not date or not minutes:
        return date, time
    text = time[0] if time else ""
    whole, _, fraction = text.partition(".")
    try:
        moment = datetime.strptime(date[0] + whole[:4].ljust(4, "0"), "%Y%m%d%H%M")
        moment += timedelta(minutes=minutes)
    except (ValueError, OverflowError):
        return date, time
    if not text:
        return (moment.strftime("%Y%m%d"),), ()
    clock = moment.strftime("%H%M") + whole[4:]
    if len(whole) < 4 and minutes % 60 == 0:
        clock = clock[: len(whole)]
    return (moment.strftime("%Y%m%d"),), (clock + (f".{fraction}" if fraction else ""),)
