"""What keeps the knowledge of copies true: deletions that wait, records, counts, last use, retiring, alarms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from isocenter.domain.placement.placing import Placed, Placement, Shift, leave_storage, write_copy
from isocenter.domain.placement.register import MARKER
from isocenter.domain.placement.scrub import every_institution
from isocenter.domain.placement.tiers import CopyState
from isocenter.index import copies, placement
from isocenter.index import storages as index
from isocenter.index.copies import CopyCount
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.logging import get_logger
from isocenter.storage.copying import content_of
from isocenter.storage.errors import Damaged, NoSuchObject, StorageFull, StoreAway
from isocenter.storage.places import PRIMARY_ID, Place, delete_at

log = get_logger(__name__)

RECORDS: Final = ("facts", "corrections", "restrictions", "institutions", "audit", "certificates", "keys")
"""Folders of what is not a pack; below each lies a folder for each institution."""
LATE: Final = timedelta(days=1)
_AT_ONCE: Final = 1000


def follow_deletions(work: Placement, shift: Shift) -> int:
    """Delete where a deletion has not reached yet, and what erased packs left; returns how many copies went."""
    with work.database.transaction() as connection:
        waiting = placement.waiting_deletions(connection, _AT_ONCE)
    gone = 0
    for each in waiting:
        if shift.over():
            return gone
        gone += _deleted(work, each.object_key, each.storage_id)
    for institution_id in every_institution(work.database):
        with work.database.transaction(institution_id) as connection:
            left = copies.copies_without_pack(connection, _AT_ONCE)
        for key, storage_id in left:
            if shift.over():
                return gone
            gone += _taken_away(work, institution_id, key, storage_id)
    return gone


def _taken_away(work: Placement, institution_id: int, key: str, storage_id: int) -> bool:
    """A copy of a pack that is no more: its row goes at once, the copy now or when its storage lets it.

    An index that is older than the storages is no reason to delete anything.
    """
    try:
        work.places.head(key)
        if not work.superfluous(key):
            log.error("storage.unknown-pack-kept", key=key)
            return False
    except NoSuchObject:
        pass
    except (StoreAway, Damaged) as error:
        log.warning("storage.deletion-waits", key=key, reason=error.reason)
        return False
    with work.database.transaction(institution_id) as connection:
        placement.ask_deletion(connection, key, [storage_id])
        placement.end_alarm(connection, "copy-lost", key)
        copies.remove_copies(connection, [key], storage_id)
    return _deleted(work, key, storage_id)


def _deleted(work: Placement, key: str, storage_id: int) -> bool:
    place = work.place(storage_id)
    if place is None:
        return False
    try:
        kept_until = delete_at(place, key)
    except StoreAway as error:
        log.warning("storage.deletion-waits", storage=place.name, key=key, reason=error.reason)
        return False
    with work.database.transaction() as connection:
        if kept_until is None:
            placement.deletion_done(connection, key, storage_id)
        else:
            placement.retain_deletion(connection, key, storage_id, kept_until)
    return kept_until is None


def copy_records(work: Placement, shift: Shift, done: Placed) -> None:
    """Facts, corrections, audit files and keys: from the primary to every storage that takes records."""
    targets = [place for place in work.places.all[1:] if place.takes_records]
    if not targets:
        return
    for institution_id in every_institution(work.database):
        for folder in RECORDS:
            heads = work.places.primary.store.list(f"{folder}/{institution_id}")
            while keys := [head.key for head in islice(heads, _AT_ONCE)]:
                for target in targets:
                    _copy_records(work, institution_id, keys, target, shift, done)


def _copy_records(
    work: Placement, institution_id: int, keys: Sequence[str], target: Place, shift: Shift, done: Placed
) -> None:
    with work.database.transaction(institution_id) as connection:
        missing = sorted(set(keys) - copies.known_keys(connection, keys, target.storage_id))
        counted = copies.known_keys(connection, missing, PRIMARY_ID)
    for key in missing:
        if shift.over():
            return
        with copies.one_at_a_time(work.database, key) as mine:
            try:
                ready = mine and (key in counted or _register_record(work, institution_id, key))
                if ready and write_copy(work, institution_id, key, target.storage_id):
                    done.written += 1
            except (StoreAway, StorageFull, Damaged) as error:
                done.failed += 1
                log.warning("placement.record-waits", storage=target.name, key=key, reason=error.reason)


def leave_records(work: Placement, shift: Shift, done: Placed) -> None:
    """Take records away from storages that take them no more; the primary's copies are looked at first."""
    for place in work.places.all[1:]:
        for institution_id in every_institution(work.database) if not place.takes_records else ():
            with work.database.transaction(institution_id) as connection:
                keys = copies.records_in(connection, place.storage_id, _AT_ONCE)
            for key in keys:
                if shift.over():
                    return
                done.left += _left(work, institution_id, key, place)


def _left(work: Placement, institution_id: int, key: str, place: Place) -> bool:
    with copies.one_at_a_time(work.database, key) as mine:
        try:
            return mine and leave_storage(work, institution_id, key, place.storage_id, [PRIMARY_ID])
        except StoreAway as error:
            log.warning("placement.record-waits", storage=place.name, key=key, reason=error.reason)
            return False


def _register_record(work: Placement, institution_id: int, key: str) -> bool:
    """Write down the primary's copy of a record; not of one that is deleted meanwhile."""
    store = work.places.primary.store
    try:
        content = content_of(store, key)
        with work.database.transaction(institution_id) as connection:
            copies.put_copy(connection, key, PRIMARY_ID, CopyState.VERIFIED, content.size, content.digest)
        store.head(key)
    except NoSuchObject:
        with work.database.transaction(institution_id) as connection:
            copies.remove_copies(connection, [key])
        return False
    return True


def count_storages(database: Database) -> None:
    """Count the copies in every storage, and retire those that have been emptied."""
    found: dict[int, list[CopyCount]] = defaultdict(list)
    for institution_id in every_institution(database):
        with database.transaction(institution_id) as connection:
            for each in copies.count_copies(connection):
                found[each.storage_id].append(each)
    with database.transaction() as connection:
        waiting = {each.storage_id for each in placement.waiting_deletions(connection, _AT_ONCE, retained=True)}
        for storage in index.storages(connection):
            counts = found[storage.storage_id]
            index.set_counts(connection, storage.storage_id, _sums(counts), _oldest(counts))
            if storage.state == "retiring" and not counts and storage.storage_id not in waiting:
                index.update_storage(connection, storage.storage_id, {"state": "retired"})
                log.info("storage.retired", storage=storage.name)
            room = storage.max_bytes is None or _sums(counts)[1] < storage.max_bytes
            if room:
                placement.end_alarm(connection, "storage-full", storage.name)


def _sums(counts: Sequence[CopyCount]) -> tuple[int, int, int, int]:
    return (
        sum(each.objects for each in counts),
        sum(each.bytes for each in counts),
        sum(each.unverified for each in counts),
        sum(each.damaged for each in counts),
    )


def _oldest(counts: Sequence[CopyCount]) -> datetime | None:
    return min((each.oldest_verified_at for each in counts if each.oldest_verified_at), default=None)


def read_uses(database: Database) -> int:
    """Bring the days of last use up to date from the audit trail; how many studies were used anew."""
    used = 0
    for institution_id in every_institution(database):
        with database.transaction(institution_id) as connection:
            used += placement.read_uses(connection)
    return used


def watch(work: Placement, deletion_alarm: int) -> None:
    """Raise and end alarms: storages that do not answer, deletions that wait for long, deletion in masses.

    deletion_alarm: so many studies deleted or erased by people and programs of one institution within an hour.
    """
    for place in work.places.all:
        _watch_place(work.database, place)
    _watch_waiting(work)
    since = utc_now() - timedelta(hours=1)
    for institution_id in every_institution(work.database):
        with work.database.transaction(institution_id) as connection:
            count = placement.deletions_since(connection, since)
            subject = str(institution_id)
            if count < deletion_alarm:
                placement.end_alarm(connection, "mass-deletion", subject)
            elif placement.raise_alarm(connection, "mass-deletion", subject, studies=count):
                log.error("storage.mass-deletion", institution_id=institution_id, studies=count)


def _watch_place(database: Database, place: Place) -> None:
    try:
        place.store.head(MARKER)
    except NoSuchObject:  # the primary has none
        away = place.storage_id != PRIMARY_ID
    except (StoreAway, Damaged):
        away = True
    else:
        away = False
    with database.transaction() as connection:
        if not away:
            placement.end_alarm(connection, "storage-away", place.name)
        elif placement.raise_alarm(connection, "storage-away", place.name):
            log.error("storage.away", storage=place.name)


def _watch_waiting(work: Placement) -> None:
    with work.database.transaction() as connection:
        late: dict[int, int] = defaultdict(int)
        for each in placement.waiting_deletions(connection, _AT_ONCE):
            late[each.storage_id] += each.asked_at < utc_now() - LATE
        for place in work.places.all:
            if late[place.storage_id]:
                placement.raise_alarm(connection, "deletions-late", place.name, objects=late[place.storage_id])
            else:
                placement.end_alarm(connection, "deletions-late", place.name)
