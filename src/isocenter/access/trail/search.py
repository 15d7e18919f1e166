"""Looking into the trail: for auditors only, newest first, and every look into it is recorded too (Audit Log Used)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.trail.anchors import heads_of, last_anchor
from isocenter.access.trail.archives import archives_of
from isocenter.access.trail.events import COLUMNS, event_of_row, named
from isocenter.access.trail.messages import Event
from isocenter.access.trail.shipping import waiting_to_ship
from isocenter.kit.database import Connection, Database

LONGEST_PAGE: Final = 200
LONGEST_EXPORT: Final = 100_000


@dataclass(frozen=True, slots=True)
class TrailQuery:
    """What is looked for; empty is everything. since, until: aware, until is exclusive.

    who: a user name, or the id of a program, application entity or job. patient_id: whoever did something with one of
    that patient's studies. failed: only what was refused or went wrong. before: a sequence number, for the next page.
    """

    since: datetime | None = None
    until: datetime | None = None
    who: str = ""
    actions: tuple[str, ...] = ()
    study_instance_uid: str = ""
    patient_id: str = ""
    failed: bool = False
    before: int | None = None


@dataclass(frozen=True, slots=True)
class TrailState:
    """How the trail is kept. waiting: rows the audit repository has not got. verified_*: the last time it was."""

    events: int
    archived: int
    chains: int
    waiting: int
    anchor: int | None
    anchored_at: datetime | None
    verified_at: datetime | None
    verified_events: int | None
    problems: int | None


def search_trail(database: Database, caller: Caller, query: TrailQuery, limit: int = 50) -> list[Event]:
    """Events of the caller's institution, newest first. Raises Refused unless she may read the trail."""
    caller.require(Right.READ_AUDIT)
    with database.transaction(caller.institution_id) as connection:
        if query.before is None:
            audit.record(connection, caller, audit.Action.AUDIT_SEARCHED, **_recorded(query))
        return named(connection, _found(connection, query, min(limit, LONGEST_PAGE)))


def export_trail(database: Database, caller: Caller, query: TrailQuery) -> Iterator[Event]:
    """The same, to the end of the trail or LONGEST_EXPORT events; read as it is taken. Raises Refused at once."""
    caller.require(Right.READ_AUDIT)
    with database.transaction(caller.institution_id) as connection:
        audit.record(connection, caller, audit.Action.AUDIT_EXPORTED, **_recorded(query))
    return _pages(database, caller.institution_id, query)


def state_of_trail(database: Database, caller: Caller) -> TrailState:
    """How the trail is kept. Raises Refused unless the caller may read it."""
    caller.require(Right.READ_AUDIT)
    with database.transaction(caller.institution_id) as connection:
        heads = heads_of(connection)
        archived = sum(each.last_position - each.first_position + 1 for each in archives_of(connection))
        anchor = last_anchor(connection)
        verified: Any = connection.execute(
            "SELECT at, detail FROM audit_event WHERE action = 'audit-verified' ORDER BY sequence DESC LIMIT 1"
        ).fetchone() or (None, {})
        return TrailState(
            events=sum(head.position for head in heads) - archived,
            archived=archived,
            chains=len(heads),
            waiting=waiting_to_ship(connection),
            anchor=None if anchor is None else anchor[0],
            anchored_at=None if anchor is None else anchor[1],
            verified_at=verified[0],
            verified_events=verified[1].get("events"),
            problems=verified[1].get("problems"),
        )


def _pages(database: Database, institution_id: int, query: TrailQuery) -> Iterator[Event]:
    given = 0
    while given < LONGEST_EXPORT:
        with database.transaction(institution_id) as connection:
            events = named(connection, _found(connection, query, LONGEST_PAGE))
        yield from events
        given += len(events)
        if len(events) < LONGEST_PAGE:
            return
        query = replace(query, before=events[-1].sequence)


def _found(connection: Connection, query: TrailQuery, limit: int) -> list[Event]:
    rows: list[Any] = connection.execute(
        f"""
        SELECT {COLUMNS} FROM audit_event e
        WHERE institution_id = isocenter_institution()
            AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
            AND (%(who)s = '' OR caller_id = %(who)s AND caller_kind <> 'user'
                OR caller_kind = 'user' AND caller_id = %(user_id)s)
            AND (%(actions)s::text[] = '{{}}' OR action = ANY(%(actions)s))
            AND (%(study_instance_uid)s = '' OR study_instance_uid = %(study_instance_uid)s)
            AND (%(patient_id)s = '' OR study_instance_uid = ANY(%(studies)s))
            AND (NOT %(failed)s OR outcome <> 0)
            AND (%(before)s::bigint IS NULL OR sequence < %(before)s)
        ORDER BY sequence DESC LIMIT %(limit)s
        """.encode(),  # noqa: S608 - names of columns, none from outside
        {
            **asdict(query),
            "actions": list(query.actions),
            "user_id": _user_id(connection, query.who),
            "studies": _studies(connection, query.patient_id),
            "limit": limit,
        },
    ).fetchall()
    return [event_of_row(row) for row in rows]


def _user_id(connection: Connection, who: str) -> str | None:
    row: Any = connection.execute(
        "SELECT user_id::text FROM user_account WHERE username = %s", [who.strip().casefold()]
    ).fetchone()
    return None if row is None else str(row[0])


def _studies(connection: Connection, patient_id: str) -> list[str]:
    if not patient_id:
        return []
    connection.execute("SELECT set_config('isocenter.deleted', 'shown', true)")
    rows: list[Any] = connection.execute(
        "SELECT study_instance_uid FROM study WHERE institution_id = isocenter_institution() AND patient_id = %s",
        [patient_id],
    ).fetchall()
    return [row[0] for row in rows]


def _recorded(query: TrailQuery) -> dict[str, Any]:
    """What was looked for, as far as it was said."""
    words = asdict(query)
    moments = {name: words[name].isoformat() for name in ("since", "until") if words[name] is not None}
    asked = {name: words[name] for name in ("who", "actions", "patient_id", "failed") if words[name]}
    if query.study_instance_uid:
        asked["study_instance_uid_asked"] = query.study_instance_uid
    return moments | asked
