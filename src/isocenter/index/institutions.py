"""Institutions: the tenants. Their table is the only one here that every transaction may read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Institution:
    """A hospital or practice; everything belongs to exactly one."""

    institution_id: int
    name: str


def ensure_institution(connection: Connection, name: str) -> Institution:
    """The institution of that name, made when there is none."""
    connection.execute(
        "INSERT INTO institution (code, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", [code_from(name), name]
    )
    return next(each for each in institutions(connection) if each.name == name)


def institutions(connection: Connection) -> list[Institution]:
    """Every institution, oldest first."""
    rows = connection.execute("SELECT institution_id, name FROM institution ORDER BY institution_id").fetchall()
    return [Institution(int(str(institution_id)), str(name)) for institution_id, name in rows]


def coded_institutions(connection: Connection) -> list[tuple[int, str, str]]:
    """(number, code, name) of every institution."""
    rows = connection.execute("SELECT institution_id, code, name FROM institution ORDER BY institution_id").fetchall()
    return [(int(str(number)), str(code), str(name)) for number, code, name in rows]


def code_from(name: str) -> str:
    """A code for an institution that nobody chose one for: the name's letters and digits, or of its hash."""
    words = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:32].strip("-")
    return words if len(words) > 1 else "i" + sha256(name.encode()).hexdigest()[:7]


def names_of(connection: Connection, institution_ids: Iterable[int]) -> dict[int, str]:
    """Names by number; the number as text for one that there is not."""
    wanted = list(institution_ids)
    rows = connection.execute("SELECT institution_id, name FROM institution WHERE institution_id = ANY(%s)", [wanted])
    known = {int(str(number)): str(name) for number, name in rows}
    return {number: known.get(number, str(number)) for number in wanted}
