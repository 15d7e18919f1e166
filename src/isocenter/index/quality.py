"""Quality tasks: what a person should look at, raised once per matter by ingest and the rooms above."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from isocenter.index.first_sight import raise_task
from isocenter.kit.database import Connection

__all__ = ["QualityTask", "TaskRow", "list_tasks", "open_tasks", "raise_task", "resolve_task", "task_of"]

MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class QualityTask:
    """One matter. detail holds UIDs and may hold patient data: show it, never log it."""

    task_id: int
    study_id: int
    kind: str
    detail: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One matter as a person sees it. study_instance_uid: None when the study is gone or deleted."""

    task_id: int
    study_id: int
    kind: str
    study_instance_uid: str | None
    detail: dict[str, Any]
    created_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    note: str | None
    fingerprint: str


_TASK = """
    SELECT t.task_id, t.study_id, t.kind, s.study_instance_uid, t.detail, t.created_at, t.resolved_at, t.resolution,
        t.note, t.fingerprint
    FROM quality_task t LEFT JOIN study s USING (institution_id, study_id)
"""


def open_tasks(connection: Connection, *, study_id: int | None = None, limit: int = 100) -> list[QualityTask]:
    """Tasks that nobody has resolved yet, oldest first, of the institution or of one study."""
    query = """
        SELECT task_id, study_id, kind, detail, created_at FROM quality_task
        WHERE resolved_at IS NULL AND (%(study_id)s::integer IS NULL OR study_id = %(study_id)s)
        ORDER BY task_id LIMIT %(limit)s
    """
    with connection.cursor(row_factory=class_row(QualityTask)) as cursor:
        return cursor.execute(query, {"study_id": study_id, "limit": limit}).fetchall()


def list_tasks(
    connection: Connection, *, is_open: bool, kind: str | None, study_instance_uid: str | None, limit: int
) -> tuple[list[TaskRow], int]:
    """(open tasks oldest first, or resolved ones newest first; how many there are, counted up to MAX_COUNTED)."""
    where = f"""
        WHERE t.resolved_at IS {"" if is_open else "NOT"} NULL AND (%(kind)s::text IS NULL OR t.kind = %(kind)s)
            AND (%(uid)s::text IS NULL OR s.study_instance_uid = %(uid)s)
    """
    values = {"kind": kind, "uid": study_instance_uid, "limit": limit, "most": MAX_COUNTED}
    order = "t.task_id" if is_open else "t.resolved_at DESC, t.task_id DESC"
    with connection.cursor(row_factory=class_row(TaskRow)) as cursor:
        found = cursor.execute(f"{_TASK} {where} ORDER BY {order} LIMIT %(limit)s".encode(), values).fetchall()
    counted = f"""
        SELECT count(*) FROM (
            SELECT FROM quality_task t LEFT JOIN study s USING (institution_id, study_id) {where} LIMIT %(most)s) c
    """  # noqa: S608 - fragments are ours
    row = connection.execute(counted.encode(), values).fetchone()
    return found, int(str(row[0])) if row else 0


def task_of(connection: Connection, task_id: int) -> TaskRow | None:
    """One task; lock its study first when something is to be done about it."""
    with connection.cursor(row_factory=class_row(TaskRow)) as cursor:
        return cursor.execute(f"{_TASK} WHERE t.task_id = %s".encode(), [task_id]).fetchone()


def resolve_task(
    connection: Connection, task_id: int, resolution: str = "seen", note: str | None = None, by: str | None = None
) -> bool:
    """Someone has seen to it; False when it was resolved before or is not there."""
    done = connection.execute(
        """
        UPDATE quality_task SET resolved_at = now(), resolution = %s, note = %s, resolved_by = %s
        WHERE task_id = %s AND resolved_at IS NULL
        """,
        [resolution, note, by, task_id],
    )
    return done.rowcount == 1


def resolve_tasks_of_kind(connection: Connection, study_id: int, kind: str, resolution: str, by: str) -> int:
    """What a correction has seen to; returns how many."""
    return connection.execute(
        """
        UPDATE quality_task SET resolved_at = now(), resolution = %s, resolved_by = %s
        WHERE study_id = %s AND kind = %s AND resolved_at IS NULL
        """,
        [resolution, by, study_id, kind],
    ).rowcount
