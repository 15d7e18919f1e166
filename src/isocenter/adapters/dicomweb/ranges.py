"""Range requests (RFC 9110 14): one range is answered with 206, one that nothing satisfies with 416.

A list of ranges is answered with the whole: the standard allows it, and no client of bulk data sends one (reliability
W12: thousands of overlapping ranges then cost nothing).
"""

from __future__ import annotations

from collections.abc import Sequence

from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.bulk import BulkSending
from isocenter.adapters.dicomweb.errors import RangeNotSatisfiable
from isocenter.storage.extents import Extent

MAX_DIGITS = 18


def requested_range(header: str, length: int) -> tuple[int, int] | None:
    """(first, end) of the bytes asked for; None: all of them. Raises RangeNotSatisfiable.

    What is not "bytes", does not parse or names several ranges counts as not asked (RFC 9110 14.2).
    """
    unit, _, asked = header.partition("=")
    first, dash, last = asked.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not all(_is_number(text) for text in (first, last) if text):
        return None
    if not first and not last:
        return None
    if not first:
        start, end = max(0, length - int(last)), length
    else:
        start, end = int(first), min(length, int(last) + 1) if last else length
        if last and int(last) < start:
            return None
    if start >= length or start >= end:
        raise RangeNotSatisfiable("The range lies beyond the end of the value.", length=length)
    return start, end


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def ranged(
    sending: BulkSending, header: str, pieces: Sequence[bytes | Extent], media_type: str, etag: bytes | None = None
) -> Answer:
    """The pieces, or the part of them that a Range header asks for. Raises RangeNotSatisfiable, TooBusy."""
    length = sum(piece.length if isinstance(piece, Extent) else len(piece) for piece in pieces)
    headers = [(b"accept-ranges", b"bytes")] + ([(b"etag", etag)] if etag else [])
    asked = requested_range(header, length) if header else None
    status = 200
    if asked is not None:
        status = 206
        headers.append((b"content-range", b"bytes %d-%d/%d" % (asked[0], asked[1] - 1, length)))
        pieces = _cut(pieces, *asked)
        length = asked[1] - asked[0]
    sending.admit()
    plan = sending.plan(pieces)
    return Answer(status=status, media_type=media_type.encode(), headers=headers, plan=plan, length=length)


def _cut(pieces: Sequence[bytes | Extent], first: int, end: int) -> list[bytes | Extent]:
    found: list[bytes | Extent] = []
    position = 0
    for piece in pieces:
        size = piece.length if isinstance(piece, Extent) else len(piece)
        start, stop = max(first - position, 0), min(end - position, size)
        if start < stop:
            if isinstance(piece, Extent):
                found.append(Extent(piece.source, piece.offset + start, stop - start))
            else:
                found.append(piece[start:stop])
        position += size
    return found
