"""Where people are signed in: one's own browsers, those of everybody for the security officer, and ending them.

An ended session is felt at once in the process that ended it and within five seconds in every other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sessions import Session
from isocenter.access.sign_in.errors import UnknownSession
from isocenter.access.sign_in.policy import policy_in
from isocenter.kit.database import Connection, Database

MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class SignedInDevice:
    """One session. sitting names it and opens nothing; user_agent is what the browser said of itself."""

    sitting: str
    user_id: int
    username: str
    display_name: str
    method: str
    second_factor: bool
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str


_LIST = """
select left(encode(s.token_hash, 'hex'), 16), s.user_id, u.username, u.display_name, s.method, s.second_factor,
    s.created_at, s.last_seen_at, s.address, s.user_agent
from session s join user_account u using (user_id)
where s.institution_id = %(institution)s and s.expires_at > now() and s.last_seen_at > now() - %(idle)s
    and (%(user)s::integer is null or s.user_id = %(user)s)
order by s.last_seen_at desc limit %(limit)s
"""


def own_devices(database: Database, session: Session) -> list[SignedInDevice]:
    """Where the person herself is signed in, the newest first."""
    return _devices(database, session.user.institution_id, session.user.user_id)


def devices_of_institution(database: Database, caller: Caller) -> list[SignedInDevice]:
    """Where anybody of the institution is signed in, the newest first, at most 500."""
    caller.require(Right.MANAGE_SECURITY)
    return _devices(database, caller.institution_id, None)


def end_own(database: Database, session: Session, sitting: str) -> None:
    """Sign out one of one's own browsers. Raises UnknownSession."""
    _end(database, session.caller, sitting, session.user.user_id)


def end_own_others(database: Database, session: Session) -> int:
    """Sign out every browser of one's own but this one. Returns how many."""
    with database.transaction(session.user.institution_id) as connection:
        ended = connection.execute(
            "delete from session where user_id = %s and left(encode(token_hash, 'hex'), 16) <> %s",
            (session.user.user_id, session.sitting),
        ).rowcount
        audit.record(connection, session.caller, audit.Action.SESSION_ENDED, count=ended)
    return ended


def end_of_anybody(database: Database, caller: Caller, sitting: str) -> None:
    """Sign out somebody's browser. Raises UnknownSession."""
    caller.require(Right.MANAGE_SECURITY)
    _end(database, caller, sitting, None)


def end_all_of(connection: Connection, user_id: int) -> None:
    """Sign a person out everywhere."""
    connection.execute("delete from session where user_id = %s", (user_id,))


def _devices(database: Database, institution_id: int, user_id: int | None) -> list[SignedInDevice]:
    with database.transaction(institution_id) as connection:
        idle = policy_in(connection, institution_id).idle_for
        rows: list[Any] = connection.execute(
            _LIST, {"institution": institution_id, "idle": idle, "user": user_id, "limit": MOST_LISTED}
        ).fetchall()
    return [SignedInDevice(*row) for row in rows]


def _end(database: Database, caller: Caller, sitting: str, user_id: int | None) -> None:
    with database.transaction(caller.institution_id) as connection:
        row: Any = connection.execute(
            "delete from session where institution_id = %(institution)s"
            " and left(encode(token_hash, 'hex'), 16) = %(sitting)s"
            " and (%(user)s::integer is null or user_id = %(user)s) returning user_id",
            {"institution": caller.institution_id, "sitting": sitting, "user": user_id},
        ).fetchone()
        if row is None:
            raise UnknownSession("There is no such session.")
        audit.record(connection, caller, audit.Action.SESSION_ENDED, user_id=row[0], ended=sitting)
