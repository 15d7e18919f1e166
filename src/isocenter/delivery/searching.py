"""One search over a caller's own institution and whatever allies share with her: merged in order, page by page.

Study numbers are unique in the whole region, so that one cursor serves every institution. A study that two of them hold
is found and retrieved at her own.
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
from isocenter.access.sight import patients_in_sight, transaction_of
from isocenter.delivery.contents import StudyContents
from isocenter.delivery.library import Library
from isocenter.index.dicom_query import Attribute, Found, Position, position_of
from isocenter.index.find import MAX_OFFSET, STUDIES_AT_ONCE, DicomQuery, Level, LookedFarEnough, find
from isocenter.index.institutions import names_of
from isocenter.index.queries import known_studies

INSTITUTION_NAME = 0x00080080


def search(library: Library, caller: Caller, query: DicomQuery) -> Iterator[Found]:
    """What matches, as `isocenter.index.find.find`; what is an ally's has its institution_id and Institution Name."""
    guests = doors_open_to(library.database, caller)
    in_sight = patients_in_sight(library.database, caller)
    if not guests:
        return _found(library, caller, replace(query, patient_keys=in_sight))
    offset = min(max(query.offset, 0), MAX_OFFSET)
    most = None if query.limit is None else offset + max(query.limit, 0)
    everywhere = replace(query, offset=0, limit=most)
    own = _until_far_enough(_found(library, caller, replace(everywhere, patient_keys=in_sight)), query)
    allied = [_until_far_enough(_shared(library, guest, everywhere), query) for guest in guests]
    in_order = partial(_place, query.level)
    found = _once(library, caller, query.level, merge(own, *allied, key=in_order))
    return islice(found, offset, most)


def _found(library: Library, caller: Caller, query: DicomQuery) -> Iterator[Found]:
    opening = partial(transaction_of, library.database, caller)
    return find(opening, query, StudyContents(library, caller))


def _shared(library: Library, guest: Caller, query: DicomQuery) -> Iterator[Found]:
    owner: dict[int, Attribute] = {}
    for one in _found(library, guest, query):
        owner = owner or {INSTITUTION_NAME: ("LO", (_name_of(library, guest),))}
        yield replace(one, attributes=owner | one.attributes, institution_id=guest.institution_id)


def _name_of(library: Library, guest: Caller) -> str:
    with library.database.transaction() as connection:
        return names_of(connection, [guest.institution_id])[guest.institution_id]


class _FarEnough(Found):
    """Where one institution's search stopped looking: what others have before this place is still found."""


def _until_far_enough(found: Iterator[Found], query: DicomQuery) -> Iterator[Found]:
    try:
        yield from found
    except LookedFarEnough as error:
        position = position_of(replace(query, cursor=error.cursor))
        assert position is not None
        yield _FarEnough(query.level, {}, position)


def _once(library: Library, caller: Caller, level: Level, found: Iterator[Found]) -> Iterator[Found]:
    """Each study at one institution. Raises LookedFarEnough where one search stopped."""
    holders: dict[str, int | None] = {}
    last: Found | None = None
    while batch := list(islice(found, STUDIES_AT_ONCE if level is Level.STUDY else 1)):
        holders |= dict.fromkeys(_at_home(library, caller, batch, holders))
        for one in batch:
            if isinstance(one, _FarEnough):
                raise LookedFarEnough(one.cursor, studies=len(holders))
            uid = one.study_instance_uid or ""
            # Several rules may show the same; of two allies that both have it, the first in order is shown.
            again = last is not None and (last.institution_id, last.position) == (one.institution_id, one.position)
            if not again and holders.setdefault(uid, one.institution_id) == one.institution_id:
                yield one
            last = one


def _at_home(library: Library, caller: Caller, found: list[Found], known: dict[str, int | None]) -> frozenset[str]:
    """Which of the studies that allies share the caller's own institution has too."""
    uids = {one.study_instance_uid or "" for one in found if one.institution_id is not None} - known.keys()
    if not uids:
        return frozenset()
    with transaction_of(library.database, caller) as connection:
        return known_studies(connection, sorted(uids))


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
