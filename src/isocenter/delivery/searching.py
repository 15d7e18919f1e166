"""One search over a caller's own institution and whatever allies share with her: merged in order, page by page.

Study numbers are unique in the whole region, so that one cursor serves every institution. A study that two of them hold
is found at her own, or else at the ally whose rule was given first: that one is retrieved too (`Library.view`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any

from isocenter.access.caller import Caller
from isocenter.access.sharing.doors import doors_open_to
from isocenter.access.sight import transaction_of
from isocenter.delivery.contents import StudyContents
from isocenter.delivery.library import Library
from isocenter.index.dicom_query import Found, Position, position_of
from isocenter.index.find import MAX_OFFSET, DicomQuery, Level, LookedFarEnough, find


def search(library: Library, caller: Caller, query: DicomQuery) -> Iterator[Found]:
    """What matches, as `isocenter.index.find.find`; what is an ally's says so in its institution_id."""
    guests = doors_open_to(library.database, caller)
    if not guests:
        return _found(library, caller, query)
    offset = min(max(query.offset, 0), MAX_OFFSET)
    most = None if query.limit is None else offset + max(query.limit, 0)
    everywhere = replace(query, offset=0, limit=most)
    own = _until_far_enough(_found(library, caller, everywhere), query)
    allied = [_until_far_enough(_shared(library, guest, everywhere), query) for guest in guests]
    in_order = partial(_place, query.level)
    found = _once(library, caller, merge(own, *allied, key=in_order))
    return islice(found, offset, most)


def _found(library: Library, caller: Caller, query: DicomQuery) -> Iterator[Found]:
    opening = partial(transaction_of, library.database, caller)
    return find(opening, query, StudyContents(library, caller))


def _shared(library: Library, guest: Caller, query: DicomQuery) -> Iterator[Found]:
    for one in _found(library, guest, query):
        yield replace(one, institution_id=guest.institution_id)


class _FarEnough(Found):
    """Where one institution's search stopped looking: what others have before this place is still found."""


def _until_far_enough(found: Iterator[Found], query: DicomQuery) -> Iterator[Found]:
    try:
        yield from found
    except LookedFarEnough as error:
        position = position_of(replace(query, cursor=error.cursor))
        assert position is not None
        yield _FarEnough(query.level, {}, position)


def _once(library: Library, caller: Caller, found: Iterator[Found]) -> Iterator[Found]:
    """Each study at one institution. Raises LookedFarEnough where one search stopped."""
    holders: dict[str, int | None] = {}
    for one in found:
        if isinstance(one, _FarEnough):
            raise LookedFarEnough(one.cursor, studies=len(holders))
        uid = one.study_instance_uid or ""
        if uid not in holders:
            holders[uid] = None if one.institution_id is None else library.holder(caller, uid)
        if holders[uid] == one.institution_id:
            yield one


def _place(level: Level, found: Found) -> tuple[Any, ...]:
    """Orders what is found as each search does (`isocenter.index.find`)."""
    position: Position = found.position
    if level is Level.STUDY:
        date, study_id = position
        return (*(-ord(letter) for letter in str(date)), 1), -int(study_id or 0)
    if level is Level.PATIENT:
        return position
    study_id, series_id, *instance = position
    if not instance:
        return -int(study_id or 0), series_id
    number, uid = instance
    return -int(study_id or 0), series_id, number is None, number or 0, uid
