"""What a caller may see inside one institution: the transaction in which all reading on her behalf is done.

Row-level security holds it (migration 0014): staff see every patient but the restricted ones they do not care for; who
has no right to every patient sees those she cares for; a guest sees what one sharing rule gives. A search that forgets
its caller has no institution, and finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import RIGHTS, Right
from isocenter.kit.database import Connection, Database


@contextmanager
def transaction_of(database: Database, caller: Caller) -> Iterator[Connection]:
    """A transaction inside the caller's institution that sees what this caller may see and nothing else."""
    if caller.guest is not None:
        with database.transaction() as connection:
            connection.execute(
                "SELECT isocenter_look_as_guest(%s, %s, %s)",
                [caller.institution_id, list(caller.guest.modalities), caller.guest.since],
                prepare=True,
            )
            yield connection
    elif caller.kind is CallerKind.SYSTEM:
        with database.transaction(caller.institution_id) as connection:
            yield connection
    else:
        with database.transaction_with(_look_as(caller)) as connection:
            yield connection


def _look_as(caller: Caller) -> str:
    """As a statement whose parameters are numbers of ours."""
    user_id = user_id_of(caller)
    user = "NULL" if user_id is None else int(user_id)
    return f"SELECT isocenter_look_as({int(caller.institution_id)}, {user}, {_sees_every_patient(caller)})"


def patients_in_sight(database: Database, caller: Caller) -> tuple[int, ...] | None:
    """The only patients that the caller can see, None when she is not bound to some: a hint, so that searches of few
    patients are served by an index. What holds is the sight of the transaction."""
    if caller.guest is not None or _sees_every_patient(caller):
        return None
    with database.transaction(caller.institution_id) as connection:
        rows = connection.execute("SELECT isocenter_patients_of(%s)", [user_id_of(caller)]).fetchall()
    return tuple(int(str(row[0])) for row in rows)


def sees_study(database: Database, caller: Caller, study_instance_uid: str) -> bool:
    """Whether the caller may see this study of her institution."""
    with transaction_of(database, caller) as connection:
        row = connection.execute(
            "SELECT 1 FROM study WHERE study_instance_uid = %s", [study_instance_uid], prepare=True
        )
        return row.fetchone() is not None


def _sees_every_patient(caller: Caller) -> bool:
    """By her roles: scopes narrow what a program may do, not whose rows it may see."""
    return any(Right.READ_EVERY_PATIENT in RIGHTS[role] for role in caller.roles)


def user_id_of(caller: Caller) -> int | None:
    """The account of a person; None for programs and application entities, which care for nobody."""
    return int(caller.id) if caller.kind is CallerKind.USER and caller.id.isdecimal() else None
