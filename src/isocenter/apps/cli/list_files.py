"""Lists in and out on the command line: the same columns and forms as in the web client."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import typer

from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.terminal import out
from isocenter.kit.errors import Invalid
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


def print_list(columns: Sequence[Column], rows: Iterable[Mapping[str, Value]], form: str) -> None:
    """Write the rows to standard output as csv or json."""
    if form not in ("csv", "json"):
        raise Invalid("--as is csv or json.")
    sys.stdout.buffer.write(json_of(columns, rows) if form == "json" else csv_of(columns, rows))
    sys.stdout.buffer.flush()


def read_list(columns: Sequence[Column], file: Path) -> tuple[Line, ...]:
    """The lines of a file: JSON by its name, else CSV. Raises InvalidList."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_LIST_BYTES + 1)
    except OSError as error:
        raise InvalidList(f"The list cannot be read: {error.strerror}.") from None
    return lines_of_json(columns, data) if file.suffix.lower() == ".json" else lines_of_csv(columns, data)


def show_report(report: ListReport) -> None:
    """Name each refused line, then the counts. Exits with SOME_REFUSED when a line was refused."""
    for each in report.lines:
        if each.outcome is Outcome.REFUSED:
            out.print(f"refused  line {each.line}: {each.message}", markup=False)
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in Outcome)
    out.print(f"{counts}; {'written' if report.applied else 'nothing was written'}.")
    if report.count(Outcome.REFUSED):
        raise typer.Exit(SOME_REFUSED)
