"""Writing copies where they belong and taking them away where they do not, step by step as `tiers` allows.

Each object is worked on by one worker at a time (`one_at_a_time`), and nothing is deleted by a step before the other
copies have been looked at and the index says that this one is leaving.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from isocenter.domain.placement.policies import wanted_storages
from isocenter.domain.placement.tiers import Copies, CopyState, Leave, Step, Write, may_leave, next_step
from isocenter.index import copies, placement
from isocenter.index.copies import CopyRow, PlacedPack
from isocenter.index.deletions import see_deleted
from isocenter.index.storages import PlacementPolicy, Storage, policies, storages
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.logging import get_logger
from isocenter.storage.copying import FULL_SPEED, Content, Pace, UnsoundSource, content_of, copy_object
from isocenter.storage.errors import Damaged, NoSuchObject, StorageFull, StoreAway
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.places import PACKS, PRIMARY_ID, Place, Places, delete_at

log = get_logger(__name__)

TRUSTED_FOR: Final = timedelta(days=1)
"""A copy that was read within this time is only looked up before another one leaves; an older one is read again."""
PACKS_AT_ONCE: Final = 500
_STEPS_OF_ONE_PACK: Final = 8


@dataclass(slots=True)
class Shift:
    """How long a job may go on: until a moment, or until the process is to stop."""

    ends_at: float
    stopping: Callable[[], bool]

    @classmethod
    def of(cls, seconds: float, stopping: Callable[[], bool] = lambda: False) -> Shift:
        """From now on for so long."""
        return cls(time.monotonic() + seconds, stopping)

    def over(self) -> bool:
        """Whether to begin nothing more."""
        return self.stopping() or time.monotonic() >= self.ends_at


@dataclass(frozen=True, slots=True)
class Placement:
    """What placing works with. proven: whether the digests inside a pack hold, as this store has it.

    superfluous: whether all that is in a pack is known to lie elsewhere, or to be erased.
    """

    database: Database
    places: Places
    proven: Callable[[ObjectStore, str], bool]
    superfluous: Callable[[str], bool]

    def place(self, storage_id: int) -> Place | None:
        """An open storage by its number."""
        return next((each for each in self.places.all if each.storage_id == storage_id), None)


@dataclass(slots=True)
class Placed:
    """What a round did. failed: steps that will be tried again."""

    registered: int = 0
    written: int = 0
    left: int = 0
    failed: int = 0


def register_packs(work: Placement, institution_id: int, shift: Shift, done: Placed, pace: Pace = FULL_SPEED) -> None:
    """Write down the first copy of every pack that has none yet, after reading it whole and checking what is in it."""
    with work.database.transaction(institution_id) as connection:
        keys = copies.packs_without_copy(connection, PACKS_AT_ONCE)
    for key in keys:
        if shift.over():
            return
        try:
            found = _first_copy(work, key, pace)
        except (StoreAway, Damaged) as error:
            log.warning("placement.not-registered", key=key, reason=error.reason)
            done.failed += 1
            continue
        place, content = found or (work.places.primary, Content(0, b""))
        if _register(work, institution_id, key, place, content, "damaged" if found else "missing"):
            done.registered += 1


def _first_copy(work: Placement, key: str, pace: Pace) -> tuple[Place, Content] | None:
    """A copy whose digests hold, or one that does not when there is no other. Raises StoreAway, Damaged.

    None: no storage has it.
    """
    unsound: tuple[Place, Content] | None = None
    for place in work.places.all:
        try:
            content = content_of(place.store, key, pace)
        except NoSuchObject:
            continue
        if work.proven(place.store, key):
            return place, content
        unsound = unsound or (place, Content(content.size, b""))  # nobody knows the digest of what it once was
    return unsound


def _register(work: Placement, institution_id: int, key: str, place: Place, content: Content, problem: str) -> bool:
    """Write down a first copy, if the pack was not erased meanwhile; problem: what to say when it does not count."""
    state = CopyState.VERIFIED if content.digest else CopyState.DAMAGED
    with work.database.transaction(institution_id) as connection:
        if not copies.has_pack(connection, key):
            return False
        copies.put_copy(connection, key, place.storage_id, state, content.size, content.digest)
    if state is CopyState.DAMAGED:
        lost(work.database, key, place.storage_id, problem)
    return True


def place_packs(
    work: Placement, institution_id: int, kind: type[Write] | type[Leave], shift: Shift, done: Placed
) -> None:
    """The next packs of an institution, going round: take the steps of this kind that bring them where they belong."""
    job = f"packs-{kind.__name__.lower()}"
    with work.database.transaction(institution_id) as connection:
        see_deleted(connection)
        after = placement.position_of(connection, job)
        packs = copies.placed_packs(connection, after, PACKS_AT_ONCE)
        following = copies.last_pack_within(connection, after, PACKS_AT_ONCE)
        rules, known = policies(connection), storages(connection)
    for pack in packs:
        if shift.over():
            following = after
            break
        after = pack.pack_id
        _place_pack(work, institution_id, pack, rules, known, kind, done)
    with work.database.transaction(institution_id) as connection:
        placement.set_position(connection, job, following)


def _place_pack(
    work: Placement,
    institution_id: int,
    pack: PlacedPack,
    rules: Sequence[PlacementPolicy],
    known: Sequence[Storage],
    kind: type[Write] | type[Leave],
    done: Placed,
) -> None:
    active = {each.storage_id for each in known if each.state == "active"}
    chosen = wanted_storages(rules, institution_id, pack, utc_now())
    wanted = tuple(each for each in chosen if each in active) or (PRIMARY_ID,)
    keeps = _keeps(pack, known)
    states: Copies = dict(zip(pack.storage_ids, map(CopyState, pack.states), strict=True))
    for _ in range(_STEPS_OF_ONE_PACK):
        step = next_step(states, wanted, keeps)
        if not isinstance(step, kind) or not _has_room(work, step, pack, known):
            return
        try:
            took = _take(work, institution_id, pack.object_key, step, wanted)
        except (StoreAway, StorageFull, Damaged) as error:
            log.warning("placement.step-failed", key=pack.object_key, step=str(step), reason=error.reason)
            took = False
        if not took:
            done.failed += 1
            return
        done.written += isinstance(step, Write)
        done.left += isinstance(step, Leave)
        with work.database.transaction(institution_id) as connection:
            states = _states(copies.copies_of(connection, pack.object_key))


def _keeps(pack: PlacedPack, known: Sequence[Storage]) -> list[int]:
    """Storages that may not give their copy up yet."""
    retained = {each.storage_id: timedelta(days=each.retain_days) for each in known if each.retain_days}
    written = zip(pack.storage_ids, pack.written, strict=True)
    return [storage_id for storage_id, at in written if at + retained.get(storage_id, timedelta()) > utc_now()]


def _has_room(work: Placement, step: Step, pack: PlacedPack, known: Sequence[Storage]) -> bool:
    storage = next(each for each in known if each.storage_id == step.storage_id)
    if isinstance(step, Leave) or storage.max_bytes is None:
        return True
    if storage.byte_count + pack.size_bytes <= storage.max_bytes:
        return True
    with work.database.transaction() as connection:
        placement.raise_alarm(connection, "storage-full", storage.name, max_bytes=storage.max_bytes)
    return False


def _take(work: Placement, institution_id: int, key: str, step: Step, wanted: Sequence[int]) -> bool:
    with copies.one_at_a_time(work.database, key) as mine:
        if not mine:
            return False
        if isinstance(step, Write):
            return write_copy(work, institution_id, key, step.storage_id)
        return leave_storage(work, institution_id, key, step.storage_id, wanted)


def write_copy(work: Placement, institution_id: int, key: str, storage_id: int, pace: Pace = FULL_SPEED) -> bool:
    """Write a copy from any sound one and verify it; whether it counts now. Inside `one_at_a_time`.

    Raises StoreAway, StorageFull, Damaged (it reads back otherwise).
    """
    target = work.place(storage_id)
    if target is None:
        return False
    with work.database.transaction(institution_id) as connection:
        sources = [
            row
            for row in copies.copies_of(connection, key)
            if row.state == CopyState.VERIFIED and row.storage_id != storage_id
        ]
    for row in sources:
        source = work.place(row.storage_id)
        if source is None or not _begin_writing(work, institution_id, key, target, row):
            continue
        try:
            copy_object(source.store, target.store, key, Content(row.size_bytes, row.digest), pace)
        except (UnsoundSource, NoSuchObject):
            doubt(work, institution_id, row)
            continue
        return _counts(work, institution_id, key, target)
    return False


def _begin_writing(work: Placement, institution_id: int, key: str, target: Place, source: CopyRow) -> bool:
    with work.database.transaction(institution_id) as connection:
        if not is_wanted(connection, key):
            return False
        copies.put_copy(connection, key, target.storage_id, CopyState.WRITING, source.size_bytes, source.digest)
        placement.deletion_done(connection, key, target.storage_id)
    return True


def _counts(work: Placement, institution_id: int, key: str, target: Place) -> bool:
    with work.database.transaction(institution_id) as connection:
        if is_wanted(connection, key) and copies.set_state(
            connection, key, target.storage_id, CopyState.VERIFIED, of=[CopyState.WRITING]
        ):
            return True
    if delete_at(target, key) is None:  # erased while it was written
        with work.database.transaction(institution_id) as connection:
            copies.remove_copies(connection, [key], target.storage_id)
    return False


def leave_storage(work: Placement, institution_id: int, key: str, storage_id: int, wanted: Sequence[int]) -> bool:
    """Take a copy away when all others that are wanted are sound; whether it has gone. Inside `one_at_a_time`.

    Raises StoreAway.
    """
    place = work.place(storage_id)
    with work.database.transaction(institution_id) as connection:
        rows = {row.storage_id: row for row in copies.copies_of(connection, key)}
    others = [rows[each] for each in wanted if each in rows and each != storage_id]
    if place is None or not all(_is_sound(work, institution_id, row) for row in others):
        return False
    with work.database.transaction(institution_id) as connection:
        states = _states(copies.copies_of(connection, key, lock=True))
        if not is_wanted(connection, key) or not may_leave(states, storage_id, wanted):
            return False
        copies.set_state(connection, key, storage_id, CopyState.LEAVING, of=list(CopyState))
    kept_until = delete_at(place, key)
    with work.database.transaction(institution_id) as connection:
        if kept_until is not None:
            copies.set_state(connection, key, storage_id, CopyState.VERIFIED, of=[CopyState.LEAVING])
            return False
        copies.remove_copies(connection, [key], storage_id)
    return True


def _is_sound(work: Placement, institution_id: int, row: CopyRow) -> bool:
    """Whether a copy is there and sound; read whole unless that was done lately."""
    place = work.place(row.storage_id)
    if place is None or row.state != CopyState.VERIFIED:
        return False
    try:
        if row.verified_at is not None and utc_now() - row.verified_at < TRUSTED_FOR:
            sound = place.store.head(row.object_key).size == row.size_bytes
        else:
            sound = content_of(place.store, row.object_key) == Content(row.size_bytes, row.digest)
    except (NoSuchObject, Damaged):
        sound = False
    if not sound:
        doubt(work, institution_id, row)
    return sound


def doubt(work: Placement, institution_id: int, row: CopyRow) -> None:
    """A copy that was relied on is not sound: it counts no more, and is looked at next."""
    with work.database.transaction(institution_id) as connection:
        if copies.set_state(connection, row.object_key, row.storage_id, CopyState.DAMAGED, of=[CopyState.VERIFIED]):
            placement.suspect(connection, row.object_key, row.storage_id, "unsound")


def is_wanted(connection: Connection, key: str) -> bool:
    """Whether copies of an object should be: the index names the pack; of a record, a copy is written down.

    Deleting a record takes the rows of its copies away before the copies themselves.
    """
    return copies.has_pack(connection, key) if key.startswith(PACKS) else bool(copies.copies_of(connection, key))


def lost(database: Database, key: str, storage_id: int, problem: str) -> None:
    """No sound copy of an object is left: say so to people."""
    log.error("storage.copy-lost", key=key, problem=problem)
    with database.transaction() as connection:
        placement.record_finding(connection, key, storage_id, problem, "no-sound-copy")
        placement.raise_alarm(connection, "copy-lost", key, storage_id=storage_id, problem=problem)


def _states(rows: Sequence[CopyRow]) -> Copies:
    return {row.storage_id: CopyState(row.state) for row in rows}
