"""Lists in and out over HTTP: CSV or JSON of the same columns, imported all or nothing with a report per line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request, Response
from pydantic import BaseModel

from isocenter.kit.lists import (
    MAX_LIST_BYTES,
    Column,
    InvalidList,
    Line,
    ListReport,
    Outcome,
    Value,
    csv_of,
    json_of,
    lines_of_csv,
    lines_of_json,
)

ListForm = Literal["csv", "json"]
IMPORT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    }
}
"""For openapi_extra of a route that imports."""
EXPORT_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        },
        "description": "The list as a file",
    }
}
"""For responses of a route that exports; its response_class is Response."""


class ImportedLine(BaseModel):
    """One line of the list. line: as a spreadsheet counts, the heading is 1. reason, message: '' unless refused."""

    line: int
    outcome: Literal["added", "changed", "same", "refused"]
    reason: str
    message: str


class ImportReport(BaseModel):
    """What became of a list. applied: all of it is written; else nothing is: a dry run, or a line was refused."""

    applied: bool
    dry_run: bool
    added: int
    changed: int
    same: int
    refused: int
    lines: list[ImportedLine]


@dataclass(frozen=True, slots=True)
class ListBody:
    """What was sent: a list in one of the two forms, not yet read."""

    form: ListForm
    data: bytes

    def lines(self, columns: Sequence[Column]) -> tuple[Line, ...]:
        """The lines. Raises InvalidList."""
        return lines_of_json(columns, self.data) if self.form == "json" else lines_of_csv(columns, self.data)


async def list_body(request: Request) -> ListBody:
    """The body of an import, as a dependency. Raises InvalidList unless it is text/csv or application/json."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    forms: dict[str, ListForm] = {"text/csv": "csv", "application/json": "json"}
    if media not in forms:
        raise InvalidList("Send the list as text/csv or application/json.")
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > MAX_LIST_BYTES:
            raise InvalidList(f"A list has at most {MAX_LIST_BYTES // 1024} KiB.")
    return ListBody(forms[media], bytes(data))


def list_file(name: str, form: ListForm, columns: Sequence[Column], rows: Iterable[Mapping[str, Value]]) -> Response:
    """The rows as a file to save; without rows it is a form to fill in. name: ASCII, without ending."""
    write, media = (json_of, "application/json") if form == "json" else (csv_of, "text/csv; charset=utf-8")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(write(columns, rows), media_type=media, headers=headers)


def import_report(report: ListReport, *, dry_run: bool) -> ImportReport:
    """The report as it is answered."""
    return ImportReport(
        applied=report.applied,
        dry_run=dry_run,
        added=report.count(Outcome.ADDED),
        changed=report.count(Outcome.CHANGED),
        same=report.count(Outcome.SAME),
        refused=report.count(Outcome.REFUSED),
        lines=[
            ImportedLine(line=each.line, outcome=each.outcome.value, reason=each.reason, message=each.message)
            for each in report.lines
        ],
    )
