"""Who a reader is: what she keeps lies under her name in the house, and documents have a bounded size."""

from __future__ import annotations

import json
from typing import Any, Final

from isocenter.access.caller import Caller
from isocenter.domain.reading.errors import TooLarge
from isocenter.kit.errors import Invalid

MAX_DEPTH: Final = 24


class NotKept(Invalid):
    """A document holds what no database keeps: a NUL character, half a character, a number without end."""

    reason = "invalid-document"


def reader_of(caller: Caller) -> str:
    """The name under which a caller keeps things; never a person's name.

    A guest keeps what is about a study at the institution that owns it, under her number and her own institution's.
    """
    home = "" if caller.guest is None else f" of {caller.guest.home_institution_id}"
    return f"{caller.kind} {caller.id}{home}"


def check_document(document: Any, most_bytes: int) -> None:
    """Raise TooLarge or NotKept unless the JSON value can be kept as it is."""
    _check_inside(document, 0)
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, UnicodeEncodeError):
        raise NotKept("It holds a number or a character that cannot be kept.") from None
    if len(text) > most_bytes:
        raise TooLarge("This is larger than is kept here; make it smaller.", bytes=len(text), limit_bytes=most_bytes)


def _check_inside(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotKept("It is nested too deeply to be kept.", limit=MAX_DEPTH)
    if isinstance(value, str) and "\0" in value:
        raise NotKept("It holds a character that cannot be kept.")
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        _check_inside(each, depth + 1)
