"""Alliances: institutions of the region that may give one another something. Membership alone shares nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sharing.errors import AlreadyAllied, InvalidSharing, UnknownAlliance, UnknownAlly
from isocenter.kit.database import Connection, Database

MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Ally:
    """An institution that an alliance joins with others."""

    institution_id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Alliance:
    """One alliance with its members by name."""

    alliance_id: int
    name: str
    created_at: datetime
    members: tuple[Ally, ...]


_MEMBERS = """
    SELECT a.alliance_id, a.name, a.created_at, i.institution_id, i.code, i.name
    FROM alliance a LEFT JOIN alliance_member m ON m.alliance_id = a.alliance_id AND m.until IS NULL
        LEFT JOIN institution i ON i.institution_id = m.institution_id
    WHERE a.ended_at IS NULL ORDER BY a.name, i.name
"""
_ALLIES = """
    SELECT DISTINCT i.institution_id, i.code, i.name FROM alliance_member mine
        JOIN alliance a ON a.alliance_id = mine.alliance_id AND a.ended_at IS NULL
        JOIN alliance_member m ON m.alliance_id = mine.alliance_id AND m.until IS NULL
        JOIN institution i ON i.institution_id = m.institution_id AND i.deactivated_at IS NULL
    WHERE mine.institution_id = isocenter_institution() AND mine.until IS NULL
        AND m.institution_id <> isocenter_institution() ORDER BY i.name
"""


def alliances(database: Database, caller: Caller) -> list[Alliance]:
    """Every alliance of the region, by name. Raises Refused."""
    caller.require(Right.MANAGE_REGION)
    with database.transaction(caller.institution_id) as connection:
        return _alliances(connection)


def add_alliance(database: Database, caller: Caller, name: str, institution_ids: list[int]) -> Alliance:
    """Found an alliance. Raises Refused, InvalidSharing, AlreadyAllied (the name is taken), UnknownAlly."""
    caller.require(Right.MANAGE_REGION)
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidSharing(f"The name of an alliance has 1 to {MAX_NAME} printable characters.", attribute="name")
    with database.transaction(caller.institution_id) as connection:
        try:
            row: Any = connection.execute(
                "INSERT INTO alliance (name, created_by) VALUES (%s, %s) RETURNING alliance_id", [name, caller.id]
            ).fetchone()
        except UniqueViolation:
            raise AlreadyAllied("There is, or was, an alliance of this name.", attribute="name") from None
        audit.record(connection, caller, audit.Action.ALLIANCE_ADDED, alliance_id=row[0])
        for institution_id in dict.fromkeys(institution_ids):
            _join(connection, caller, row[0], institution_id)
        return _alliance(connection, row[0])


def end_alliance(database: Database, caller: Caller, alliance_id: int) -> None:
    """End an alliance: what its members shared because of it is shared no more. Raises Refused, UnknownAlliance."""
    caller.require(Right.MANAGE_REGION)
    with database.transaction(caller.institution_id) as connection:
        _alliance(connection, alliance_id)
        connection.execute("UPDATE alliance SET ended_at = now() WHERE alliance_id = %s", [alliance_id])
        connection.execute(
            "UPDATE alliance_member SET until = now() WHERE alliance_id = %s AND until IS NULL", [alliance_id]
        )
        audit.record(connection, caller, audit.Action.ALLIANCE_ENDED, alliance_id=alliance_id)


def join_alliance(database: Database, caller: Caller, alliance_id: int, institution_id: int) -> Alliance:
    """An institution becomes a member. Raises Refused, UnknownAlliance, UnknownAlly, AlreadyAllied."""
    caller.require(Right.MANAGE_REGION)
    with database.transaction(caller.institution_id) as connection:
        _alliance(connection, alliance_id)
        _join(connection, caller, alliance_id, institution_id)
        return _alliance(connection, alliance_id)


def leave_alliance(database: Database, caller: Caller, alliance_id: int, institution_id: int) -> Alliance:
    """An institution is a member no more. Raises Refused, UnknownAlliance, UnknownAlly."""
    caller.require(Right.MANAGE_REGION)
    with database.transaction(caller.institution_id) as connection:
        _alliance(connection, alliance_id)
        left = connection.execute(
            "UPDATE alliance_member SET until = now() WHERE alliance_id = %s AND institution_id = %s AND until IS NULL"
            " RETURNING 1",
            [alliance_id, institution_id],
        ).fetchone()
        if left is None:
            raise UnknownAlly("The alliance has no such member.", institution_id=institution_id)
        action = audit.Action.ALLIANCE_LEFT
        audit.record(connection, caller, action, alliance_id=alliance_id, member_institution_id=institution_id)
        return _alliance(connection, alliance_id)


def allies(database: Database, caller: Caller) -> list[Ally]:
    """The institutions that alliances join with the caller's, by name. Raises Refused."""
    caller.require(Right.MANAGE_SHARING)
    with database.transaction(caller.institution_id) as connection:
        return allies_in(connection)


def allies_in(connection: Connection) -> list[Ally]:
    """The allies of the transaction's institution, by name."""
    rows: list[Any] = connection.execute(_ALLIES).fetchall()
    return [Ally(*row) for row in rows]


def _join(connection: Connection, caller: Caller, alliance_id: int, institution_id: int) -> None:
    try:
        connection.execute(
            "INSERT INTO alliance_member (alliance_id, institution_id) VALUES (%s, %s)", [alliance_id, institution_id]
        )
    except ForeignKeyViolation:
        raise UnknownAlly("There is no such institution.", institution_id=institution_id) from None
    except UniqueViolation:
        raise AlreadyAllied("The institution is a member already.", institution_id=institution_id) from None
    action = audit.Action.ALLIANCE_JOINED
    audit.record(connection, caller, action, alliance_id=alliance_id, member_institution_id=institution_id)


def _alliance(connection: Connection, alliance_id: int) -> Alliance:
    found = [each for each in _alliances(connection) if each.alliance_id == alliance_id]
    if not found:
        raise UnknownAlliance("There is no such alliance.", alliance_id=alliance_id)
    return found[0]


def _alliances(connection: Connection) -> list[Alliance]:
    rows: list[Any] = connection.execute(_MEMBERS).fetchall()
    members: dict[int, list[Ally]] = {}
    for row in rows:
        members.setdefault(row[0], []).extend([Ally(*row[3:])] if row[3] is not None else [])
    heads: dict[int, tuple[str, datetime]] = {row[0]: (row[1], row[2]) for row in rows}
    return [Alliance(number, name, since, tuple(members[number])) for number, (name, since) in heads.items()]
