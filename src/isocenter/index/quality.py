"""Quality tasks: what a person should look at, raised once per matter by ingest and the rooms above."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from isocenter.index.first_sight import raise_task
from isocenter.kit.database import Connection

__all__ = ["QualityTask", "open_tasks", "raise_task", "resolve_task"]


@dataclass(frozen=True, slots=True)
class QualityTask:
    """One matter. detail holds UIDs and may hold patient data: show it, never log it."""

    task_id: int
    study_id: int
    kind: str
    detail: dict[str, Any]
    created_at: datetime


def open_tasks(connection: Connection, *, study_id: int | None = None, limit: int = 100) -> list[QualityTask]:
    """Tasks that nobody has resolved yet, oldest first, of the institution or of one study."""
    query = """
        SELECT task_id, study_id, kind, detail, created_at FROM quality_task
        WHERE resolved_at IS NULL AND (%(study_id)s::integer IS NULL OR study_id = %(study_id)s)
        ORDER BY task_id LIMIT %(limit)s
    """
    with connection.cursor(row_factory=class_row(QualityTask)) as cursor:
        return cursor.execute(query, {"study_id": study_id, "limit": limit}).fetchall()


def resolve_task(connection: Connection, task_id: int) -> bool:
    """Someone has seen to it; False when it was resolved before or is not there."""
    done = connection.execute(
        "UPDATE quality_task SET resolved_at = now() WHERE task_id = %s AND resolved_at IS NULL", [task_id]
    )
    return done.rowcount == 1
