"""Writing a group of instances whose study, series and segment are known: one call, which is a transaction of its own.

Speaks to libpq directly: binding and loading by psycopg's cursor costs more than the server's work for one row. Why one
function with arrays and not COPY: docs/decisions/0021-one-call-per-ingest-group.md.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from isocenter.index.text import bytea_field, text_field
from isocenter.kit.database import Connection

if TYPE_CHECKING:
    from isocenter.index.first_sight import KnownSeries
    from isocenter.index.ingest_row import IngestRow

_STATEMENT = b"isocenter_record"


@dataclass(slots=True)
class Placed:
    """A row with what is known of its series and segment. number: its place in the group; hash: of its UID, in hex."""

    number: int
    row: IngestRow
    hash: str
    series: KnownSeries
    segment_id: int
    tasks: tuple[str, ...] = ()


def prepare(connection: Connection) -> None:
    """Before the first `write_group` of a connection, outside a transaction; again where it may be gone."""
    result = connection.pgconn.prepare(_STATEMENT, b"SELECT isocenter_record($1, $2, $3, $4, $5)")
    if result.status != ExecStatus.COMMAND_OK:
        error = _error(result)
        if not isinstance(error, psycopg.errors.DuplicatePreparedStatement):
            raise error


def write_group(
    connection: Connection,
    institution_id: int,
    placed: list[Placed],
    meanwhile: Callable[[], None] | None = None,
) -> list[int]:
    """Write the rows, whole or not at all; returns their ordinals. Sorts them by study, the order in which rows of
    studies are locked everywhere.

    meanwhile: done while the server works; when it raises, the rows may be written nonetheless (`WrittenButFailed`).
    Raises psycopg errors with the states that isocenter_record sets.
    """
    arguments, positions = _arguments(institution_id, placed)
    if meanwhile is None:
        result = connection.pgconn.exec_prepared(_STATEMENT, arguments)
    else:
        result = _execute_beside(connection.pgconn, arguments, meanwhile, lambda answer: _ordinals(answer, positions))
    return _ordinals(result, positions)


class WrittenButFailed(Exception):
    """What had to be done meanwhile failed (its error is the cause), and the rows stand in the index by then."""

    def __init__(self, ordinals: list[int]) -> None:
        super().__init__(ordinals)
        self.ordinals = ordinals


def _execute_beside(
    pgconn: PGconn, arguments: Sequence[bytes], meanwhile: Callable[[], None], read: Callable[[PGresult], list[int]]
) -> PGresult:
    pgconn.send_query_prepared(_STATEMENT, arguments)
    pgconn.flush()
    try:
        meanwhile()
    except Exception as error:
        try:
            ordinals = read(_answer(pgconn))
        except psycopg.Error:
            raise error from None
        raise WrittenButFailed(ordinals) from error
    return _answer(pgconn)


def _answer(pgconn: PGconn) -> PGresult:
    """Wait for the server without the interpreter's lock, which libpq's own wait would hold."""
    arrival = select.poll()
    arrival.register(pgconn.socket, select.POLLIN)
    last: PGresult | None = None
    while True:
        while pgconn.is_busy():
            arrival.poll()
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            break
        last = result
    if last is None or pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError("the connection to the database was lost")
    return last


def _arguments(institution_id: int, placed: list[Placed]) -> tuple[list[bytes], list[tuple[int, int]]]:
    """The function's arguments as text, and for each row (place of its study, rank inside the group)."""
    placed.sort(key=_by_study)
    studies: dict[int, int] = {}
    positions: list[tuple[int, int]] = []
    arrivals: list[str] = []
    latest = placed[0].row.received_at
    for each in placed:
        study_id = each.series.study.study_id
        rank = studies.get(study_id, 0)
        studies[study_id] = rank + 1
        positions.append((len(studies) - 1, rank))
        arrivals.append(_arrival(each, len(studies), rank))
        latest = max(latest, each.row.received_at)
    arguments = (
        str(institution_id),
        "{" + ",".join(map(str, studies)) + "}",
        "{" + ",".join(map(str, studies.values())) + "}",
        latest.isoformat(),
        "{" + ",".join(arrivals) + "}",
    )
    return [argument.encode() for argument in arguments], positions


def _by_study(placed: Placed) -> tuple[str, int]:
    return (placed.row.attributes.study_instance_uid, placed.number)


def _ordinals(result: PGresult, positions: list[tuple[int, int]]) -> list[int]:
    if result.status != ExecStatus.TUPLES_OK:
        raise _error(result)
    bases = [int(base) for base in (result.get_value(0, 0) or b"{}").strip(b"{}").split(b",")]
    return [bases[place] + rank for place, rank in positions]


def _error(result: PGresult) -> psycopg.Error:
    """The exception for a failed result; one without a state is libpq's own: the connection is gone."""
    error = psycopg.errors.error_from_result(result)
    return error if error.sqlstate else psycopg.OperationalError(str(error))


def _arrival(placed: Placed, place: int, rank: int) -> str:
    """One isocenter_arrival as an element of an array literal; the order of the fields is that of the type."""
    row = placed.row
    attributes = row.attributes
    return (
        f'"({place},{rank},{placed.hash},{placed.series.series_id},{placed.segment_id},'
        f"{_number(attributes.instance_number)},{attributes.number_of_frames},{_number(attributes.rows)},"
        f"{_number(attributes.columns)},{_number(attributes.bits_allocated)},{_number(attributes.samples_per_pixel)},"
        f"{row.member_offset},{row.data_set_offset},{row.data_set_length},{_number(row.pixel_value_offset)},"
        f"{_number(row.pixel_length)},{row.header_length},{row.received_at.isoformat()},{bytea_field(row.digest)},"
        f"{text_field(attributes.sop_instance_uid) or ''},{text_field(attributes.sop_class_uid) or ''},"
        f"{text_field(row.transfer_syntax_uid) or ''},{text_field(attributes.photometric_interpretation) or ''},"
        f"{text_field(row.calling_ae_title) or ''},{text_field(row.door) or ''},"
        f'{text_field(" ".join(attributes.warnings) or None) or ""})"'
    )


def _number(value: int | None) -> int | str:
    return "" if value is None else value
