"""What readers keep, as rows: drafts of measurements, preferences, hanging protocols, checks of displays, views handed
over. A revision counts up from 1; whoever changes says which one she changed.

Every function runs inside `Database.transaction(institution_id)`, or one of the caller's sight where a study is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection

MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """A document of one reader at one revision."""

    revision: int
    document: Any
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class HangingProtocolRow:
    """reader: whose it is; department_id: which department's; neither: the institution's."""

    hanging_protocol_id: int
    reader: str | None
    department_id: int | None
    name: str
    document: dict[str, Any]
    revision: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class DisplayCheckRow:
    """One check of one display by one reader."""

    workstation: str
    answers: dict[str, bool]
    screen: dict[str, Any]
    note: str | None
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class WorkstationRow(DisplayCheckRow):
    """The last check of one display, whoever looked. reader_name: None where no account of this institution did."""

    reader: str
    reader_name: str | None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A view on its way."""

    study_instance_uid: str
    view: dict[str, Any]
    expires_at: datetime


def draft_of(connection: Connection, study_instance_uid: str, reader: str) -> Kept | None:
    """A reader's draft in a study that the transaction sees; None when she has none."""
    return _kept(
        connection,
        "SELECT d.revision, d.measurements, d.saved_at FROM measurement_draft d JOIN study s USING (study_id)"
        " WHERE s.study_instance_uid = %s AND d.reader = %s",
        [study_instance_uid, reader],
    )


def keep_draft(
    connection: Connection, study_instance_uid: str, reader: str, revision: int, measurements: list[dict[str, Any]]
) -> Kept | None:
    """Keep a draft as revision + 1; None when it is at another revision (or the study is gone).

    The study's row is locked against being erased beside it.
    """
    return _kept(
        connection,
        """
        WITH this AS (SELECT study_id FROM study WHERE study_instance_uid = %(study)s FOR KEY SHARE),
        changed AS (
            UPDATE measurement_draft d SET revision = d.revision + 1, measurements = %(new)s, saved_at = now()
            FROM this s WHERE d.study_id = s.study_id AND d.reader = %(reader)s AND d.revision = %(revision)s
            RETURNING d.revision, d.measurements, d.saved_at
        ),
        added AS (
            INSERT INTO measurement_draft (institution_id, study_id, reader, revision, measurements)
            SELECT isocenter_institution(), s.study_id, %(reader)s, 1, %(new)s FROM this s WHERE %(revision)s = 0
            ON CONFLICT DO NOTHING RETURNING revision, measurements, saved_at
        )
        SELECT * FROM changed UNION ALL SELECT * FROM added
        """,
        {"study": study_instance_uid, "reader": reader, "revision": revision, "new": Jsonb(measurements)},
    )


def preferences_of(connection: Connection, reader: str) -> Kept | None:
    """A reader's preferences; None when she kept none."""
    return _kept(
        connection,
        "SELECT revision, preferences, saved_at FROM reading_preferences WHERE reader = %s",
        [reader],
    )


def keep_preferences(connection: Connection, reader: str, revision: int, document: dict[str, Any]) -> Kept | None:
    """Keep preferences as revision + 1; None when they are at another revision."""
    return _kept(
        connection,
        """
        WITH changed AS (
            UPDATE reading_preferences SET revision = revision + 1, preferences = %(new)s, saved_at = now()
            WHERE reader = %(reader)s AND revision = %(revision)s RETURNING revision, preferences, saved_at
        ),
        added AS (
            INSERT INTO reading_preferences (institution_id, reader, revision, preferences)
            SELECT isocenter_institution(), %(reader)s, 1, %(new)s WHERE %(revision)s = 0
            ON CONFLICT DO NOTHING RETURNING revision, preferences, saved_at
        )
        SELECT * FROM changed UNION ALL SELECT * FROM added
        """,
        {"reader": reader, "revision": revision, "new": Jsonb(document)},
    )


_PROTOCOL = (
    "SELECT hanging_protocol_id, reader, department_id, name, document, revision, changed_at FROM hanging_protocol"
)


def hanging_protocols_for(connection: Connection, reader: str, department_id: int | None) -> list[HangingProtocolRow]:
    """Those that hold for a reader: hers, her department's, the institution's; by name within each."""
    return _protocols(
        connection,
        "WHERE reader = %s OR (reader IS NULL AND (department_id IS NULL OR department_id = %s))"
        " ORDER BY reader IS NULL, department_id IS NULL, name, hanging_protocol_id LIMIT %s",
        [reader, department_id, MAX_LISTED],
    )


def hanging_protocol_of(connection: Connection, hanging_protocol_id: int) -> HangingProtocolRow | None:
    """One of them, whoever's, locked against other changes."""
    found = _protocols(connection, "WHERE hanging_protocol_id = %s FOR UPDATE", [hanging_protocol_id])
    return found[0] if found else None


def insert_hanging_protocol(
    connection: Connection, owner: tuple[str | None, int | None], name: str, document: dict[str, Any], by: str
) -> HangingProtocolRow:
    """A new one. owner: (reader, department); neither is the institution."""
    row: Any = connection.execute(
        "INSERT INTO hanging_protocol (institution_id, reader, department_id, name, document, changed_by)"
        " VALUES (isocenter_institution(), %s, %s, %s, %s, %s) RETURNING hanging_protocol_id",
        [*owner, name, Jsonb(document), by],
    ).fetchone()
    made = hanging_protocol_of(connection, int(row[0]))
    assert made is not None, "it was made in this transaction"
    return made


def change_hanging_protocol(
    connection: Connection, hanging_protocol_id: int, name: str, document: dict[str, Any], by: str
) -> HangingProtocolRow:
    """The next revision of one that is locked."""
    connection.execute(
        "UPDATE hanging_protocol SET name = %s, document = %s, changed_by = %s, changed_at = now(),"
        " revision = revision + 1 WHERE hanging_protocol_id = %s",
        [name, Jsonb(document), by, hanging_protocol_id],
    )
    changed = hanging_protocol_of(connection, hanging_protocol_id)
    assert changed is not None, "it is locked"
    return changed


def delete_hanging_protocol(connection: Connection, hanging_protocol_id: int) -> None:
    """It is no more."""
    connection.execute("DELETE FROM hanging_protocol WHERE hanging_protocol_id = %s", [hanging_protocol_id])


def count_hanging_protocols(connection: Connection, reader: str | None, department_id: int | None) -> int:
    """How many one owner has."""
    row: Any = connection.execute(
        "SELECT count(*) FROM hanging_protocol"
        " WHERE reader IS NOT DISTINCT FROM %s AND department_id IS NOT DISTINCT FROM %s",
        [reader, department_id],
    ).fetchone()
    return int(row[0])


def department_of_user(connection: Connection, user_id: int) -> int | None:
    """The department that an account belongs to."""
    row: Any = connection.execute("SELECT department_id FROM user_account WHERE user_id = %s", [user_id]).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def display_name_of_user(connection: Connection, user_id: int) -> str | None:
    """What a person is called."""
    row: Any = connection.execute("SELECT display_name FROM user_account WHERE user_id = %s", [user_id]).fetchone()
    return None if row is None else str(row[0])


def institution_name(connection: Connection) -> str:
    """What the transaction's institution is called."""
    row: Any = connection.execute(
        "SELECT name FROM institution WHERE institution_id = isocenter_institution()"
    ).fetchone()
    return "" if row is None else str(row[0])


def insert_display_check(
    connection: Connection,
    reader: str,
    workstation: str,
    answers: dict[str, bool],
    screen: dict[str, Any],
    note: str | None,
) -> None:
    """A display was checked now."""
    connection.execute(
        "INSERT INTO display_check (institution_id, reader, workstation, answers, screen, note)"
        " VALUES (isocenter_institution(), %s, %s, %s, %s, %s)",
        [reader, workstation, Jsonb(answers), Jsonb(screen), note],
    )


def last_display_checks(connection: Connection, reader: str) -> list[DisplayCheckRow]:
    """A reader's last check at each workstation, newest first."""
    with connection.cursor(row_factory=class_row(DisplayCheckRow)) as cursor:
        return cursor.execute(
            """
            SELECT workstation, answers, screen, note, checked_at FROM (
                SELECT DISTINCT ON (workstation) * FROM display_check WHERE reader = %s
                ORDER BY workstation, display_check_id DESC
            ) last ORDER BY display_check_id DESC LIMIT 50
            """,
            [reader],
        ).fetchall()


def workstations(connection: Connection) -> list[WorkstationRow]:
    """The last check of each display by whomever, newest first, `MAX_LISTED` at most."""
    with connection.cursor(row_factory=class_row(WorkstationRow)) as cursor:
        return cursor.execute(
            """
            SELECT workstation, answers, screen, note, checked_at, reader, u.display_name AS reader_name FROM (
                SELECT DISTINCT ON (workstation) * FROM display_check ORDER BY workstation, display_check_id DESC
            ) last LEFT JOIN user_account u ON last.reader = 'user ' || u.user_id
            ORDER BY display_check_id DESC LIMIT %s
            """,
            [MAX_LISTED],
        ).fetchall()


def count_workstations(connection: Connection) -> int:
    """How many displays were ever checked."""
    row: Any = connection.execute("SELECT count(DISTINCT workstation) FROM display_check").fetchone()
    return int(row[0])


def check_due_after_days(connection: Connection) -> int | None:
    """After how many days displays are checked again; None where nobody said."""
    row: Any = connection.execute("SELECT due_after_days FROM display_check_rule").fetchone()
    return None if row is None else int(row[0])


def set_check_due_after_days(connection: Connection, days: int, by: str) -> None:
    """From now on."""
    connection.execute(
        """
        INSERT INTO display_check_rule (institution_id, due_after_days, set_by) VALUES (isocenter_institution(), %s, %s)
        ON CONFLICT (institution_id) DO UPDATE SET due_after_days = excluded.due_after_days, set_at = now(),
            set_by = excluded.set_by
        """,
        [days, by],
    )


def insert_handed_over(connection: Connection, id_hash: bytes, reader: str, view: HandedOver, *, most: int) -> None:
    """Keep a view for a while; what is over, and all but the reader's newest, goes."""
    connection.execute("DELETE FROM handed_over_view WHERE expires_at < now()")
    connection.execute(
        "DELETE FROM handed_over_view WHERE reader = %s AND id_hash NOT IN (SELECT id_hash FROM handed_over_view"
        " WHERE reader = %s ORDER BY expires_at DESC LIMIT %s)",
        [reader, reader, most - 1],
    )
    connection.execute(
        "INSERT INTO handed_over_view (institution_id, id_hash, reader, study_instance_uid, view, expires_at)"
        " VALUES (isocenter_institution(), %s, %s, %s, %s, %s)",
        [id_hash, reader, view.study_instance_uid, Jsonb(view.view), view.expires_at],
    )


def handed_over(connection: Connection, id_hash: bytes, reader: str) -> HandedOver | None:
    """The view, for the reader who handed it over, until it is over."""
    with connection.cursor(row_factory=class_row(HandedOver)) as cursor:
        return cursor.execute(
            "SELECT study_instance_uid, view, expires_at FROM handed_over_view"
            " WHERE id_hash = %s AND reader = %s AND expires_at > now()",
            [id_hash, reader],
        ).fetchone()


def _kept(connection: Connection, query: str, values: Any) -> Kept | None:
    row: Any = connection.execute(query.encode(), values).fetchone()
    return None if row is None else Kept(int(row[0]), row[1], row[2])


def _protocols(connection: Connection, condition: str, values: list[object]) -> list[HangingProtocolRow]:
    with connection.cursor(row_factory=class_row(HangingProtocolRow)) as cursor:
        return cursor.execute(f"{_PROTOCOL} {condition}".encode(), values).fetchall()
