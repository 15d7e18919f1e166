"""The study list: a caller's own institution and what allies share with her, in one order and under one cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from isocenter.access.caller import Caller
from isocenter.access.restriction.restrictions import restricted_studies
from isocenter.access.roles import Right
from isocenter.access.sharing.doors import doors_open_to
from isocenter.access.sight import patients_in_sight, transaction_of
from isocenter.index.institutions import names_of
from isocenter.index.locators import SeriesRow, series_of
from isocenter.index.queries import (
    StudyPage,
    StudyQuery,
    StudyRow,
    StudySort,
    count_studies,
    cursor_after,
    known_studies,
    search_studies,
    sorted_by,
    study_by_uid,
)
from isocenter.kit.database import Database


@dataclass(frozen=True, slots=True)
class ListedStudy:
    """A line of the list. shared_by: name of the ally that owns it, None at home. restricted: seen by few at home."""

    row: StudyRow
    shared_by: str | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class StudyList:
    """Studies in order. count stops at 1000 for each institution: count_is_exact tells."""

    studies: tuple[ListedStudy, ...]
    next_cursor: str | None
    count: int
    count_is_exact: bool


@dataclass(frozen=True, slots=True)
class _Part:
    institution_id: int
    page: StudyPage
    count: int
    exact: bool


def list_studies(
    database: Database, caller: Caller, query: StudyQuery, sort: StudySort, limit: int, cursor: str | None
) -> StudyList:
    """One page of what the caller sees. Raises Refused, InvalidQuery, Exhausted."""
    caller.require(Right.READ)
    guests = doors_open_to(database, caller)
    allied = [_part(database, guest, query, sort, limit, cursor) for guest in guests]
    own = replace(query, patient_keys=patients_in_sight(database, caller))
    with transaction_of(database, caller) as connection:
        page = search_studies(connection, own, sort=sort, limit=limit, cursor=cursor)
        count, exact = count_studies(connection, own)
        restricted = restricted_studies(connection, [row.study_instance_uid for row in page.studies])
        shared = [row.study_instance_uid for part in allied for row in part.page.studies]
        at_home = known_studies(connection, shared) if shared else frozenset()
        names = names_of(connection, {guest.institution_id for guest in guests}) if shared else {}
    listed = [ListedStudy(row, None, row.study_instance_uid in restricted) for row in page.studies]
    for guest, part in zip(guests, allied, strict=True):
        there = [row for row in part.page.studies if row.study_instance_uid not in at_home]
        listed += [ListedStudy(row, names[guest.institution_id]) for row in there]
    parts = [_Part(caller.institution_id, page, count, exact), *allied]
    return _cut(listed, parts, sort, limit)


def study_in_list(
    database: Database, looking: Caller, study_instance_uid: str
) -> tuple[ListedStudy, list[SeriesRow]] | None:
    """One study and its series by number; None when it is not there. looking: as `Library.looking_as` says."""
    with transaction_of(database, looking) as connection:
        row = study_by_uid(connection, study_instance_uid)
        if row is None:
            return None
        series = series_of(connection, row.study_id)
        restricted = bool(restricted_studies(connection, [study_instance_uid]))
        owner = looking.institution_id
        shared_by = None if looking.guest is None else names_of(connection, [owner])[owner]
    return ListedStudy(row, shared_by, restricted), series


def _part(
    database: Database, guest: Caller, query: StudyQuery, sort: StudySort, limit: int, cursor: str | None
) -> _Part:
    with transaction_of(database, guest) as connection:
        page = search_studies(connection, query, sort=sort, limit=limit, cursor=cursor)
        return _Part(guest.institution_id, page, *count_studies(connection, query))


def _cut(listed: Sequence[ListedStudy], parts: Sequence[_Part], sort: StudySort, limit: int) -> StudyList:
    """The first of all parts together; each study once, at the institution that comes first among the parts."""
    once = {each.row.study_instance_uid: each for each in reversed(listed)}
    ordered = sorted(once.values(), key=lambda each: sorted_by(each.row, sort), reverse=sort.startswith("-"))
    more = len(ordered) > limit or any(part.page.next_cursor is not None for part in parts)
    shown = tuple(ordered[:limit])
    return StudyList(
        shown,
        cursor_after(shown[-1].row, sort) if more and shown else None,
        sum(_most(parts).values()),
        # Two rules of one ally may give the same studies, which nobody counts one by one.
        len(_most(parts)) == len(parts) and all(part.exact for part in parts),
    )


def _most(parts: Sequence[_Part]) -> dict[int, int]:
    """How many studies each institution has for the caller, at least."""
    counts: dict[int, int] = {}
    for part in parts:
        counts[part.institution_id] = max(part.count, counts.get(part.institution_id, 0))
    return counts
