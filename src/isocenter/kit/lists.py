"""Lists that people carry in and out: rows of named columns, as CSV for spreadsheets (RFC 4180) and as JSON.

Exported CSV is UTF-8 with a byte order mark, which Excel needs to read Chinese. A cell that a spreadsheet would take
for a formula gets an apostrophe before it, which reading takes away. An import is all or nothing, each line reported.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import psycopg

from isocenter.kit.database import Connection
from isocenter.kit.errors import Exhausted, Invalid, IsocenterError

MAX_LINES = 5000
MAX_LIST_BYTES = 2 * 1024 * 1024
MAX_CELL = 4000
_BOM = "\ufeff"
_DELIMITERS = (",", ";", "\t")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_WORD_SEPARATOR = re.compile(r"[\s;,|、，；]+")
_YES = frozenset({"yes", "true", "1", "x", "是"})
_NO = frozenset({"no", "false", "0", "否"})

Value = str | int | bool | tuple[str, ...] | None


class InvalidList(Invalid):
    """The text is no list of the expected form; nothing was read."""

    reason = "invalid-list"


class InvalidLine(Invalid):
    """A line holds something that its column does not."""

    reason = "invalid-line"


class Kind(StrEnum):
    """What a column holds. Words are separated by spaces or semicolons in CSV and are an array in JSON."""

    TEXT = "text"
    WORDS = "words"
    FLAG = "flag"  # yes or no in CSV
    NUMBER = "number"  # a whole number


@dataclass(frozen=True, slots=True)
class Column:
    """One column; a required one must be there and filled."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row as read. number: as a spreadsheet counts (the heading is 1); in JSON the first is 1.

    values: by column; a column that is absent from the list is absent here (leave as it is), an empty cell is None, and
    () for words. problem: why the row cannot be used, None when it can.
    """

    number: int
    values: Mapping[str, Value]
    problem: Invalid | None = None

    def text(self, column: str) -> str | None:
        """The text of a column, None when it is absent or empty."""
        value = self.values.get(column)
        return value if isinstance(value, str) else None

    def words(self, column: str) -> tuple[str, ...] | None:
        """The words of a column, None when it is absent."""
        value = self.values.get(column)
        return value if isinstance(value, tuple) else None

    def flag(self, column: str, otherwise: bool) -> bool:
        """The flag of a column, otherwise when it is absent or empty."""
        value = self.values.get(column)
        return value if isinstance(value, bool) else otherwise

    def number_of(self, column: str) -> int | None:
        """The number of a column, None when it is absent or empty."""
        value = self.values.get(column)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


class Outcome(StrEnum):
    """What an import did, or would do, with a line."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LineReport:
    """One line of the report. reason: a stable word, message: a sentence; both '' unless refused."""

    line: int
    outcome: Outcome
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ListReport:
    """What became of a list. applied: everything is written; else nothing is (a dry run, or a refused line)."""

    applied: bool
    lines: tuple[LineReport, ...]

    def count(self, outcome: Outcome) -> int:
        """How many lines had this outcome."""
        return sum(each.outcome is outcome for each in self.lines)


def import_lines(
    connection: Connection, lines: Iterable[Line], write: Callable[[Line], Outcome], *, dry_run: bool
) -> ListReport:
    """Write every line in the connection's transaction, or none of them when one is refused or this is a dry run.

    write raises our errors for what it refuses; each line has a savepoint of its own, so all refused lines are told.
    """
    with connection.transaction() as whole:
        reports = tuple(_write(connection, line, write) for line in lines)
        applied = not dry_run and all(each.outcome is not Outcome.REFUSED for each in reports)
        if not applied:
            raise psycopg.Rollback(whole)
    return ListReport(applied, reports)


def _write(connection: Connection, line: Line, write: Callable[[Line], Outcome]) -> LineReport:
    try:
        if line.problem is not None:
            raise line.problem
        with connection.transaction():
            return LineReport(line.number, write(line))
    except Exhausted:
        raise
    except IsocenterError as error:
        return LineReport(line.number, Outcome.REFUSED, error.reason, error.message)


def csv_of(columns: Sequence[Column], rows: Iterable[Mapping[str, Value]]) -> bytes:
    """The rows under a heading, UTF-8 with a byte order mark, CRLF. Without rows it is a form to fill in."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in columns])
    writer.writerows([_cell(row.get(column.name)) for column in columns] for row in rows)
    return (_BOM + text.getvalue()).encode()


def json_of(columns: Sequence[Column], rows: Iterable[Mapping[str, Value]]) -> bytes:
    """The rows as an array of objects, UTF-8."""
    chosen = [{column.name: row.get(column.name) for column in columns} for row in rows]
    return (json.dumps(chosen, ensure_ascii=False, indent=1) + "\n").encode()


def lines_of_csv(columns: Sequence[Column], data: bytes) -> tuple[Line, ...]:
    """The lines of a CSV text whose first row names columns, in any order, separated by comma, semicolon or tab.

    Raises InvalidList when it is not UTF-8, too long, or its heading is not of these columns.
    """
    text = _decoded(data)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise InvalidList("This is no CSV: a quoted cell does not end, or a cell is too long.") from None
    if not records:
        raise InvalidList("The list is empty; its first line names the columns.")
    heading = _checked_heading([name.strip().casefold() for name in records[0]], columns)
    filled = [(number, row) for number, row in enumerate(records[1:], 2) if any(cell.strip() for cell in row)]
    _check_count(len(filled))
    return tuple(_line_of_row(number, heading, row) for number, row in filled)


def lines_of_json(columns: Sequence[Column], data: bytes) -> tuple[Line, ...]:
    """The lines of a JSON array of objects. Raises InvalidList when it is none."""
    try:
        found = json.loads(_decoded(data))
    except (ValueError, RecursionError):
        raise InvalidList("This is no JSON.") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InvalidList("The list is an array of objects.")
    _check_count(len(found))
    by_name = {column.name: column for column in columns}
    return tuple(_line(number, by_name, each) for number, each in enumerate(found, 1))


def _decoded(data: bytes) -> str:
    if len(data) > MAX_LIST_BYTES:
        raise InvalidList(f"A list has at most {MAX_LIST_BYTES // 1024} KiB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidList("The list is not UTF-8; in Excel, save it as 'CSV UTF-8'.") from None


def _check_count(count: int) -> None:
    if count > MAX_LINES:
        raise InvalidList(f"A list has at most {MAX_LINES} lines; this one has {count}.")


def _checked_heading(names: list[str], columns: Sequence[Column]) -> list[Column]:
    by_name = {column.name: column for column in columns}
    if len(set(names)) != len(names) or not set(names) <= set(by_name):
        raise InvalidList(f"The first line names columns, each once; they are: {', '.join(by_name)}.")
    missing = [column.name for column in columns if column.required and column.name not in names]
    if missing:
        raise InvalidList(f"The first line lacks: {', '.join(missing)}.")
    return [by_name[name] for name in names]


def _line_of_row(number: int, heading: list[Column], row: list[str]) -> Line:
    if any(cell.strip() for cell in row[len(heading) :]):
        return Line(number, {}, InvalidLine("This line has more cells than the heading."))
    cells = [*map(_unescaped, row[: len(heading)]), *[""] * (len(heading) - len(row))]
    return _line(
        number, {column.name: column for column in heading}, {c.name: v for c, v in zip(heading, cells, strict=True)}
    )


def _line(number: int, columns: Mapping[str, Column], cells: Mapping[str, object]) -> Line:
    if not set(cells) <= set(columns):
        return Line(number, {}, InvalidLine(f"The columns are: {', '.join(columns)}."))
    try:
        values = {name: _value(columns[name], cell) for name, cell in cells.items()}
        for column in columns.values():
            if column.required and values.get(column.name) in (None, ()):
                raise InvalidLine(f"{column.name} is empty.")
    except InvalidLine as problem:
        return Line(number, {}, problem)
    return Line(number, values)


def _value(column: Column, cell: object) -> Value:
    if isinstance(cell, str):
        return _value_of_text(column, cell.strip())
    if column.kind is Kind.WORDS and (cell is None or isinstance(cell, list)):
        words = cell or []
        if all(isinstance(word, str) for word in words):
            return tuple(_text(column, word.strip()) for word in words)
    elif cell is None:
        return None
    elif (column.kind is Kind.FLAG and isinstance(cell, bool)) or (
        column.kind is Kind.NUMBER and isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) < 2**31
    ):
        return cell
    raise InvalidLine(f"{column.name} is not of its kind ({column.kind}).")


def _value_of_text(column: Column, text: str) -> Value:
    _text(column, text)
    if column.kind is Kind.WORDS:
        return tuple(word for word in _WORD_SEPARATOR.split(text) if word)
    if not text:
        return None
    if column.kind is Kind.TEXT:
        return text
    if column.kind is Kind.FLAG and text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    if column.kind is Kind.NUMBER and re.fullmatch(r"-?[0-9]{1,9}", text):
        return int(text)
    raise InvalidLine(f"{column.name} is not of its kind ({'yes or no' if column.kind is Kind.FLAG else column.kind}).")


def _text(column: Column, text: str) -> str:
    """Text that a database can keep."""
    if len(text) > MAX_CELL or "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidLine(f"{column.name} is too long or holds characters that are no text.")
    return text


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(value) if isinstance(value, tuple) else str(value)
    return "'" + text if _FORMULA.match(text) and not isinstance(value, int) else text


def _unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
