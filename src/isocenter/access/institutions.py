"""Institutions: the tenants. The first is made at first start; every row, journal member and pack belongs to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isocenter.access.errors import UnknownInstitution
from isocenter.index.institutions import code_from
from isocenter.kit.database import Database


@dataclass(frozen=True, slots=True)
class Institution:
    """One tenant."""

    institution_id: int
    name: str


def ensure_institution(database: Database, name: str) -> Institution:
    """The institution that calling AEs of loopback store into: the first that was made, made now if there is none.

    A home keeps its institution when the setting with its name changes later.
    """
    with database.transaction(None) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('isocenter.institution'))")
        row: Any = connection.execute("select institution_id, name from institution order by 1 limit 1").fetchone()
        if row is None:
            row = connection.execute(
                "insert into institution (code, name) values (%s, %s) returning institution_id, name",
                (code_from(name), name),
            ).fetchone()
        return Institution(*row)


def institution_of(database: Database, institution_id: int) -> Institution:
    """Raises UnknownInstitution."""
    with database.transaction(None) as connection:
        row: Any = connection.execute(
            "select institution_id, name from institution where institution_id = %s", (institution_id,)
        ).fetchone()
    if row is None:
        raise UnknownInstitution("There is no such institution.", institution_id=institution_id)
    return Institution(*row)
