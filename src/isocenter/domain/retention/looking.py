"""Looking which studies the law keeps no longer, and what keeps again those that were on their way out."""

from __future__ import annotations

from datetime import date
from typing import Final

from isocenter.access.caller import Caller, system_caller
from isocenter.access.roles import Right
from isocenter.access.sight import sees_study
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.retention.clock import check_clock
from isocenter.domain.retention.errors import ClockLeapt
from isocenter.domain.retention.states import Standing, State, World, look
from isocenter.index import destructions as index
from isocenter.index.destructions import Item
from isocenter.index.institutions import institutions
from isocenter.index.retention import Kept, is_kept_by_law, kept_studies, old_studies, policy_in
from isocenter.index.retention_rule import years_after
from isocenter.kit.database import Connection, Database
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

LOOK: Final = "look-for-due-studies"
_AT_ONCE: Final = 500
_MOST_BATCHES: Final = 200_000
ON_THEIR_WAY: Final = (State.DUE, State.PROPOSED, State.APPROVED_ONCE, State.APPROVED, State.HELD)


def look_everywhere(database: Database) -> int:
    """The job: every institution is looked at; how many studies became due. Does nothing while the clock leaps."""
    with database.transaction() as connection:
        every = institutions(connection)
    found = 0
    for one in every:
        try:
            found += look_for_due(database, system_caller(one.institution_id, LOOK))
        except ClockLeapt as error:
            log.warning("retention.clock-leapt", **error.fields)
            break
    return found


def look_for_due(database: Database, caller: Caller) -> int:
    """Look at what is on its way and at everything old; how many studies became due. Raises Refused, ClockLeapt."""
    caller.require(Right.APPROVE_DESTRUCTION)
    with database.transaction(caller.institution_id) as connection:
        today = check_clock(connection)
    _look_again(database, caller, today)
    found, after = 0, ("", 0)
    for _ in range(_MOST_BATCHES):
        with database.transaction(caller.institution_id) as connection:
            policy = policy_in(connection)
            if not policy.applies:
                break
            latest = years_after(today, -policy.outpatient_years).strftime("%Y%m%d")
            old = old_studies(connection, latest, after, _AT_ONCE)
            found += _insert_due(connection, caller, [uid for _, _, uid in old], today)
        if len(old) < _AT_ONCE:
            break
        after = old[-1][:2]
    if found:
        log.info("retention.due", institution_id=caller.institution_id, studies=found)
    return found


def refresh(
    connection: Connection, caller: Caller, items: list[Item], today: date
) -> list[tuple[Item, Kept, Standing]]:
    """Where these studies stand now that the world is looked at again; those that moved are written, and left out.

    Approvals are not in the standings: they are of the proposal. What is destroyed, or just about to be, is left out.
    """
    found = kept_studies(connection, [item.study_instance_uid for item in items])
    unmoved = []
    for item in items:
        kept = found.get(item.study_instance_uid)
        before = Standing(State(item.state))
        if before.state is State.DESTROYED or (kept is None and before.state is State.APPROVED):
            continue
        world = World(is_over=False) if kept is None else world_of(kept, item, today)
        after = look(before, world)
        if after.state is not before.state or not world.is_same:
            index.move_item(connection, item, after.state, None, (str(caller.kind), caller.id), kept=kept)
        if kept is not None and after.state is before.state:
            unmoved.append((item, kept, after))
    return unmoved


def world_of(kept: Kept, item: Item, today: date) -> World:
    """What is true of a study now."""
    is_over = is_kept_by_law(kept) and kept.reckoned.is_over(today)
    return World(is_over, kept.held, is_same=kept.instance_count == item.instance_count)


def _look_again(database: Database, caller: Caller, today: date) -> None:
    after: tuple[date, int] | None = None
    for _ in range(_MOST_BATCHES):
        with database.transaction(caller.institution_id) as connection:
            items = index.items_in(connection, list(ON_THEIR_WAY), limit=_AT_ONCE, after=after)
            locked = index.items_named(connection, [item.study_instance_uid for item in items])
            refresh(connection, caller, locked, today)
        if len(items) < _AT_ONCE:
            return
        after = (items[-1].kept_until, items[-1].item_id)


def _insert_due(connection: Connection, caller: Caller, study_instance_uids: list[str], today: date) -> int:
    found = 0
    for kept in kept_studies(connection, study_instance_uids).values():
        state = look(Standing(State.KEPT), World(kept.reckoned.is_over(today), kept.held)).state
        if kept.until is None or state is State.KEPT:
            continue
        if index.insert_item(connection, kept, kept.until, state) is not None:
            by = (str(caller.kind), caller.id)
            index.note_step(connection, kept.study_instance_uid, None, (State.KEPT, state), by)
            found += state is State.DUE
    return found


def retention_of_study(database: Database, caller: Caller, study_instance_uid: str) -> Kept:
    """What keeps a study that the caller sees. Raises Refused, UnknownStudy."""
    caller.require(Right.READ)
    if not sees_study(database, caller, study_instance_uid):
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    return kept_of(database, caller, [study_instance_uid])[study_instance_uid]


def kept_of(database: Database, caller: Caller, study_instance_uids: list[str]) -> dict[str, Kept]:
    """What keeps studies that the caller was shown, by UID."""
    with database.transaction(caller.institution_id) as connection:
        return kept_studies(connection, study_instance_uids)
