"""The sign-in policy of an institution: data that the security officer changes; the strict one where none is set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Invalid

IDLE_MINUTES = (1, 24 * 60)
SESSION_HOURS = (1, 7 * 24)
PASSWORD_LENGTH = (12, 64)


class SecondFactor(StrEnum):
    """Whether signing in takes more than a password (GB/T 22239-2019 8.1.4.1 asks for two at level 3)."""

    REQUIRED = "required"
    OFFERED = "offered"  # who set one up is asked for it


class InvalidPolicy(Invalid):
    """A sign-in policy out of its bounds."""

    reason = "invalid-sign-in-policy"


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """How people of an institution come in and how long they stay."""

    second_factor: SecondFactor = SecondFactor.REQUIRED
    idle_minutes: int = 30
    session_hours: int = 12
    min_password_length: int = 12

    @property
    def idle_for(self) -> timedelta:
        """A session nobody works in ends after this."""
        return timedelta(minutes=self.idle_minutes)

    @property
    def lasts_for(self) -> timedelta:
        """A session ends after this in any case."""
        return timedelta(hours=self.session_hours)


_INSERT = """
insert into sign_in_policy (institution_id, second_factor, idle_minutes, session_hours, min_password_length, changed_by)
values (%s, %s, %s, %s, %s, %s) on conflict (institution_id) do
"""
_KEEP = "nothing"
_REPLACE = """
update set (second_factor, idle_minutes, session_hours, min_password_length, changed_at, changed_by)
    = (excluded.second_factor, excluded.idle_minutes, excluded.session_hours, excluded.min_password_length, now(),
       excluded.changed_by)
"""

STRICT = SignInPolicy()
OF_A_DEMO = SignInPolicy(SecondFactor.OFFERED, idle_minutes=8 * 60, session_hours=24)


def policy_in(connection: Connection, institution_id: int) -> SignInPolicy:
    """The policy of an institution, inside a transaction of it."""
    row: Any = connection.execute(
        "select second_factor, idle_minutes, session_hours, min_password_length from sign_in_policy"
        " where institution_id = %s",
        (institution_id,),
    ).fetchone()
    return STRICT if row is None else policy_of_row(row)


def policy_of_row(row: tuple[Any, ...]) -> SignInPolicy:
    """second_factor, idle_minutes, session_hours, min_password_length; nulls where nobody chose."""
    return STRICT if row[0] is None else SignInPolicy(SecondFactor(row[0]), *row[1:])


def policy_of(database: Database, institution_id: int) -> SignInPolicy:
    """The policy of an institution."""
    with database.transaction(institution_id) as connection:
        return policy_in(connection, institution_id)


def set_policy(database: Database, caller: Caller, policy: SignInPolicy) -> SignInPolicy:
    """Change the policy of the caller's institution; open sessions feel it within seconds. Raises InvalidPolicy."""
    caller.require(Right.MANAGE_SECURITY)
    _check("idle_minutes", policy.idle_minutes, IDLE_MINUTES)
    _check("session_hours", policy.session_hours, SESSION_HOURS)
    _check("min_password_length", policy.min_password_length, PASSWORD_LENGTH)
    with database.transaction(caller.institution_id) as connection:
        before = policy_in(connection, caller.institution_id)
        _write(connection, caller, policy, _REPLACE)
        audit.record(
            connection, caller, audit.Action.SIGN_IN_POLICY_CHANGED, before=asdict(before), after=asdict(policy)
        )
    return policy


def offer_in_a_demo(database: Database, caller: Caller) -> None:
    """The institution of a demo home offers a second factor instead of requiring it, unless somebody chose already."""
    with database.transaction(caller.institution_id) as connection:
        _write(connection, caller, OF_A_DEMO, _KEEP)


def _write(connection: Connection, caller: Caller, policy: SignInPolicy, on_conflict: str) -> None:
    connection.execute(
        _INSERT + on_conflict,
        (
            caller.institution_id,
            str(policy.second_factor),
            policy.idle_minutes,
            policy.session_hours,
            policy.min_password_length,
            caller.id,
        ),
    )


def _check(name: str, value: int, bounds: tuple[int, int]) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise InvalidPolicy(f"{name} is between {bounds[0]} and {bounds[1]}.", field=name)
