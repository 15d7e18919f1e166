"""Lists as CSV and JSON: there and back, spreadsheets' habits, hostile cells, imports that leave nothing half done."""

from __future__ import annotations

import pytest

from isocenter.kit.database import Database
from isocenter.kit.errors import Conflict
from isocenter.kit.lists import (
    MAX_LIST_BYTES,
    Column,
    InvalidList,
    Kind,
    Line,
    Outcome,
    Value,
    csv_of,
    import_lines,
    json_of,
    lines_of_csv,
    lines_of_json,
)

COLUMNS = (
    Column("name", required=True),
    Column("roles", Kind.WORDS),
    Column("active", Kind.FLAG),
    Column("port", Kind.NUMBER),
)
ROWS: list[dict[str, Value]] = [
    {"name": "王小明", "roles": ("radiologist", "teacher"), "active": True, "port": 104},
    {"name": "=cmd|' /C calc'!A0", "roles": (), "active": False, "port": -1},
    {"name": '\'+7, "quoted"\nsecond line', "roles": ("x",), "active": None, "port": None},
    {"name": "@home", "roles": (), "active": True, "port": 0},
]


def values(lines: tuple[Line, ...]) -> list[dict[str, Value]]:
    assert [line.problem for line in lines] == [None] * len(lines)
    return [dict(line.values) for line in lines]


def test_what_is_exported_is_imported_as_it_was() -> None:
    assert values(lines_of_csv(COLUMNS, csv_of(COLUMNS, ROWS))) == ROWS
    assert values(lines_of_json(COLUMNS, json_of(COLUMNS, ROWS))) == ROWS


def test_no_exported_cell_is_a_formula_and_excel_sees_that_it_is_utf_8() -> None:
    exported = csv_of((Column("name"),), [{"name": each} for each in ("=1+1", "+1", "-1", "@x", "\t=1", "'=1")])
    assert exported.startswith(b"\xef\xbb\xbf")
    assert all(line.lstrip('"').startswith("'") for line in exported.decode().split("\r\n")[1:-1])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_save_is_read(delimiter: str) -> None:
    text = "Active,Name\r\nJA,x\r\n,\r\nyes, Ada \r\n是,Bob\r\n".replace(",", delimiter).replace("JA", "1")
    lines = lines_of_csv(COLUMNS, b"\xef\xbb\xbf" + text.encode())
    assert [(line.number, line.text("name"), line.flag("active", False)) for line in lines] == [
        (2, "x", True),
        (4, "Ada", True),
        (5, "Bob", True),
    ]
    assert lines[0].words("roles") is None
    assert lines[0].number_of("port") is None


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe\x00", "name\n\xe4".encode("latin-1"), b"nom\nx", b"name,name\nx,y", b"roles\nx", b'name\n"x',
     b"x" * (MAX_LIST_BYTES + 1), b"name\n" + b"x\n" * 5001],
)  # fmt: skip
def test_what_is_no_list_of_these_columns_is_refused_whole(data: bytes) -> None:
    with pytest.raises(InvalidList):
        lines_of_csv(COLUMNS, data)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"[" * 100_000, b'{"name": "x"}', b"[{}", b"[NaN"])
def test_what_is_no_json_array_of_objects_is_refused_whole(data: bytes) -> None:
    with pytest.raises(InvalidList):
        lines_of_json(COLUMNS, data)


@pytest.mark.parametrize(
    "row",
    [b'{"name": ""}', b"{}", b'{"name": 3}', b'{"name": "x", "extra": 1}', b'{"name": "\\u0000"}',
     b'{"name": "\\ud800"}', b'{"name": "x", "roles": [1]}', b'{"name": "x", "port": 1.5}',
     b'{"name": "x", "port": true}', b'{"name": "x", "active": "maybe"}', b'{"name": "x", "port": 99999999999}'],
)  # fmt: skip
def test_a_line_that_cannot_be_used_says_so_and_the_others_are_read(row: bytes) -> None:
    good, bad = lines_of_json(COLUMNS, b'[{"name": "good"},' + row + b"]")
    assert good.problem is None
    assert bad.problem is not None


def test_a_line_with_too_many_cells_is_refused_and_one_with_too_few_is_filled() -> None:
    many, few = lines_of_csv(COLUMNS, b"name,port\nx,1,2\ny\n")
    assert many.problem is not None
    assert few.values == {"name": "y", "port": None}


def written(database: Database) -> list[object]:
    with database.transaction() as connection:
        return [row[0] for row in connection.execute("select name from institution order by name")]


@pytest.mark.parametrize(
    ("names", "dry_run", "kept"),
    [(["a", "b"], False, ["a", "b"]), (["a", "b"], True, []), (["a", "taken", "b"], False, [])],
)
def test_an_import_is_all_or_nothing(database: Database, names: list[str], dry_run: bool, kept: list[str]) -> None:
    def write(line: Line) -> Outcome:
        connection.execute("insert into institution (code, name) values (%(name)s, %(name)s)", dict(line.values))
        if line.text("name") == "taken":
            raise Conflict("This name is taken.")
        return Outcome.ADDED

    lines = [Line(number, {"name": name}) for number, name in enumerate(names)]
    with database.transaction() as connection:
        report = import_lines(connection, lines, write, dry_run=dry_run)
    assert written(database) == kept
    assert report.applied == bool(kept)
    assert [each.outcome for each in report.lines].count(Outcome.REFUSED) == names.count("taken")
    assert report.count(Outcome.ADDED) == 2
