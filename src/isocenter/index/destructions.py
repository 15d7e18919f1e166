"""Studies on their way to destruction, the proposals they are in, who approved, and every step that was taken.

Every function runs inside `Database.transaction(institution_id)`. What follows from what is decided above
(domain/retention/states.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.rows import class_row

from isocenter.index.deletions import see_deleted
from isocenter.index.retention import Kept
from isocenter.kit.database import Connection

MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One study. destruction_id: the proposal it is in, None while it is in none. instance_count: as it was proposed.

    patient_id: None once the study is destroyed. is_deleted: hidden since somebody deleted it. record_id: of what was
    erased, for its certificate.
    """

    item_id: int
    study_instance_uid: str
    state: str
    destruction_id: int | None
    kept_until: date
    study_date: str
    modalities: list[str]
    instance_count: int
    changed_at: datetime
    record_id: int | None
    patient_id: str | None
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """One approval."""

    approved_by: str
    powers: list[str]
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class Destruction:
    """One proposal. counts: how many of its studies are in which state; what left it is not among them."""

    destruction_id: int
    reason: str
    proposed_at: datetime
    proposed_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_reason: str | None
    approvals: list[dict[str, Any]]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one study, in order of event_id."""

    event_id: int
    study_instance_uid: str
    destruction_id: int | None
    from_state: str
    to_state: str
    at: datetime
    caller_kind: str
    caller_id: str


_ITEM = """
    SELECT d.item_id, d.study_instance_uid, d.state, d.destruction_id, d.kept_until, d.study_date, d.modalities,
        d.instance_count, d.changed_at, d.record_id, s.patient_id,
        s.deleted_at IS NOT NULL AS is_deleted
    FROM destruction_study d LEFT JOIN study s ON s.study_instance_uid = d.study_instance_uid AND d.state <> 'destroyed'
"""
_DESTRUCTION = """
    SELECT d.destruction_id, d.reason, d.proposed_at, d.proposed_by, d.withdrawn_at, d.withdrawn_by,
        d.withdrawn_reason,
        (SELECT coalesce(json_agg(json_build_object('approved_by', a.approved_by, 'powers', a.powers,
            'approved_at', a.approved_at) ORDER BY a.approval_id), '[]') FROM destruction_approval a
            WHERE a.destruction_id = d.destruction_id) AS approvals,
        (SELECT coalesce(json_object_agg(c.state, c.number), '{}') FROM (
            SELECT i.state, count(*) AS number FROM destruction_study i WHERE i.destruction_id = d.destruction_id
            GROUP BY i.state) c) AS counts
    FROM destruction d
"""


def insert_item(connection: Connection, kept: Kept, until: date, state: str) -> int | None:
    """A study that the law keeps no longer; None when it stands somewhere already."""
    row: Any = connection.execute(
        """
        INSERT INTO destruction_study (institution_id, study_instance_uid, state, kept_until, study_date, modalities,
            instance_count)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING item_id
        """,
        [kept.study_instance_uid, state, until, kept.study_date, list(kept.modalities), kept.instance_count],
    ).fetchone()
    return None if row is None else int(row[0])


def items_in(
    connection: Connection, states: Sequence[str], *, limit: int = MAX_LISTED, after: tuple[date, int] | None = None
) -> list[Item]:
    """Studies in these states, those first that were to be kept shortest; behind (kept_until, item_id)."""
    condition, values = "d.state = ANY (%s)", [list(states)]
    if after is not None:
        condition, values = f"{condition} AND (d.kept_until, d.item_id) > (%s, %s)", [*values, *after]  # type: ignore[list-item]
    return _items(connection, f"{condition} ORDER BY d.kept_until, d.item_id LIMIT {limit}", values)


def items_of(connection: Connection, destruction_id: int, *, locked: bool = False) -> list[Item]:
    """The studies of a proposal, destroyed ones too."""
    if locked:
        connection.execute(
            "SELECT FROM destruction_study WHERE destruction_id = %s ORDER BY item_id FOR UPDATE", [destruction_id]
        )
    return _items(connection, "d.destruction_id = %s ORDER BY d.item_id", [destruction_id])


def items_named(connection: Connection, study_instance_uids: Sequence[str]) -> list[Item]:
    """Where these studies stand, locked; those that were destroyed are left out."""
    uids = list(study_instance_uids)
    connection.execute(
        "SELECT FROM destruction_study WHERE study_instance_uid = ANY (%s) AND state <> 'destroyed'"
        " ORDER BY item_id FOR UPDATE",
        [uids],
    )
    return _items(connection, "d.study_instance_uid = ANY (%s) AND d.state <> 'destroyed' ORDER BY d.item_id", [uids])


def item_numbered(connection: Connection, item_id: int) -> Item | None:
    """One of them, locked."""
    connection.execute("SELECT FROM destruction_study WHERE item_id = %s FOR UPDATE", [item_id])
    found = _items(connection, "d.item_id = %s", [item_id])
    return found[0] if found else None


def move_item(
    connection: Connection,
    item: Item,
    state: str,
    destruction_id: int | None,
    caller: tuple[str, str],
    *,
    kept: Kept | None = None,
    record_id: int | None = None,
) -> None:
    """The study stands in another state from now on; `kept` is a state without a row. caller: kind and id."""
    if state == "kept":
        connection.execute("DELETE FROM destruction_study WHERE item_id = %s", [item.item_id])
    else:
        connection.execute(
            """
            UPDATE destruction_study SET state = %s, destruction_id = %s, changed_at = now(),
                record_id = coalesce(%s, record_id), kept_until = coalesce(%s, kept_until),
                instance_count = coalesce(%s, instance_count)
            WHERE item_id = %s
            """,
            [
                state,
                destruction_id,
                record_id,
                None if kept is None else kept.until,
                None if kept is None else kept.instance_count,
                item.item_id,
            ],
        )
    note_step(connection, item.study_instance_uid, destruction_id or item.destruction_id, (item.state, state), caller)


def note_step(
    connection: Connection,
    study_instance_uid: str,
    destruction_id: int | None,
    states: tuple[str, str],
    caller: tuple[str, str],
) -> None:
    """A step of a study: from, to, and by whom."""
    connection.execute(
        """
        INSERT INTO destruction_event (institution_id, study_instance_uid, destruction_id, from_state, to_state,
            caller_kind, caller_id)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s)
        """,
        [study_instance_uid, destruction_id, *states, *caller],
    )


def steps_of(connection: Connection, study_instance_uid: str) -> list[Step]:
    """Every step of a study, first to last."""
    query = """
        SELECT event_id, study_instance_uid, destruction_id, from_state, to_state, at, caller_kind, caller_id
        FROM destruction_event WHERE study_instance_uid = %s ORDER BY event_id LIMIT 1000
    """
    with connection.cursor(row_factory=class_row(Step)) as cursor:
        return cursor.execute(query, [study_instance_uid]).fetchall()


def insert_destruction(connection: Connection, reason: str, proposed_by: str) -> int:
    """A new proposal; its number."""
    row: Any = connection.execute(
        "INSERT INTO destruction (institution_id, reason, proposed_by) VALUES (isocenter_institution(), %s, %s)"
        " RETURNING destruction_id",
        [reason, proposed_by],
    ).fetchone()
    return int(row[0])


def destruction_of(connection: Connection, destruction_id: int, *, locked: bool = False) -> Destruction | None:
    """One proposal; locked against other decisions if so asked."""
    if locked:
        connection.execute("SELECT FROM destruction WHERE destruction_id = %s FOR UPDATE", [destruction_id])
    found = _destructions(connection, "WHERE d.destruction_id = %s", [destruction_id])
    return found[0] if found else None


def destructions(connection: Connection) -> list[Destruction]:
    """Proposals, last first."""
    return _destructions(connection, f"ORDER BY d.destruction_id DESC LIMIT {MAX_LISTED}", [])


def approvals_of(connection: Connection, destruction_id: int) -> list[ApprovalRow]:
    """Who approved a proposal, in order."""
    query = (
        "SELECT approved_by, powers, approved_at FROM destruction_approval WHERE destruction_id = %s"
        " ORDER BY approval_id"
    )
    with connection.cursor(row_factory=class_row(ApprovalRow)) as cursor:
        return cursor.execute(query, [destruction_id]).fetchall()


def insert_approval(connection: Connection, destruction_id: int, approved_by: str, powers: Sequence[str]) -> None:
    """Somebody approves."""
    connection.execute(
        "INSERT INTO destruction_approval (institution_id, destruction_id, approved_by, powers)"
        " VALUES (isocenter_institution(), %s, %s, %s)",
        [destruction_id, approved_by, list(powers)],
    )


def withdraw_destruction(connection: Connection, destruction_id: int, by: str, reason: str) -> None:
    """The proposal is taken back."""
    connection.execute(
        "UPDATE destruction SET withdrawn_at = now(), withdrawn_by = %s, withdrawn_reason = %s"
        " WHERE destruction_id = %s",
        [by, reason, destruction_id],
    )


def approved_items(connection: Connection, limit: int) -> list[Item]:
    """What two people approved and nobody has destroyed yet."""
    return items_in(connection, ["approved"], limit=limit)


def counts(connection: Connection) -> dict[str, int]:
    """How many studies are in which state."""
    rows: list[Any] = connection.execute("SELECT state, count(*) FROM destruction_study GROUP BY state").fetchall()
    return {str(state): int(number) for state, number in rows}


def names_of_people(connection: Connection, found: Sequence[Destruction]) -> dict[str, str]:
    """Names of who proposed, approved or withdrew, by number as text, as far as they are known."""
    numbers = {each.proposed_by for each in found} | {each.withdrawn_by or "" for each in found}
    numbers |= {str(approval["approved_by"]) for each in found for approval in each.approvals}
    rows: list[Any] = connection.execute(
        "SELECT user_id, display_name FROM user_account WHERE user_id = ANY (%s)",
        [[int(number) for number in numbers if number.isdecimal()]],
    ).fetchall()
    return {str(number): str(name) for number, name in rows}


def believed_day(connection: Connection) -> date | None:
    """The last day that was believed; None before the first look."""
    row: Any = connection.execute("SELECT seen_on FROM retention_clock").fetchone()
    return None if row is None else row[0]


def believe(connection: Connection, day: date, confirmed_by: str | None = None) -> None:
    """This day is believed; confirmed_by: who said so after a leap. Without, no day is taken back."""
    connection.execute(
        """
        INSERT INTO retention_clock (seen_on) VALUES (%(day)s) ON CONFLICT (only_one) DO UPDATE SET
            seen_on = CASE WHEN %(by)s::text IS NULL THEN greatest(retention_clock.seen_on, excluded.seen_on)
                ELSE excluded.seen_on END,
            confirmed_at = CASE WHEN %(by)s::text IS NULL THEN retention_clock.confirmed_at ELSE now() END,
            confirmed_by = coalesce(%(by)s, retention_clock.confirmed_by)
        """,
        {"day": day, "by": confirmed_by},
    )


def _items(connection: Connection, condition: str, values: Sequence[object]) -> list[Item]:
    see_deleted(connection)
    with connection.cursor(row_factory=class_row(Item)) as cursor:
        return cursor.execute(f"{_ITEM} WHERE {condition}".encode(), list(values)).fetchall()


def _destructions(connection: Connection, rest: str, values: Sequence[object]) -> list[Destruction]:
    with connection.cursor(row_factory=class_row(Destruction)) as cursor:
        return cursor.execute(f"{_DESTRUCTION} {rest}".encode(), list(values)).fetchall()
