"""Institutions: the tenants. Their table is the only one here that every transaction may read."""

from __future__ import annotations

from dataclasses import dataclass

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Institution:
    """A hospital or practice; everything belongs to exactly one."""

    institution_id: int
    name: str


def ensure_institution(connection: Connection, name: str) -> Institution:
    """The institution of that name, made when there is none."""
    connection.execute("INSERT INTO institution (name) VALUES (%s) ON CONFLICT DO NOTHING", [name])
    return next(each for each in institutions(connection) if each.name == name)


def institutions(connection: Connection) -> list[Institution]:
    """Every institution, oldest first."""
    rows = connection.execute("SELECT institution_id, name FROM institution ORDER BY institution_id").fetchall()
    return [Institution(int(str(institution_id)), str(name)) for institution_id, name in rows]
