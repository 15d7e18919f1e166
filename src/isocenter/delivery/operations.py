"""The operations page: nodes, storages, copies, queues, the other site, what is wrong, and who uses how much.

Who cares for one institution sees how the whole runs and what their own institution uses; who cares for the region or
its storages sees what everybody uses.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.delivery.alerts import Alert, Circumstances, Disk, alerts_of
from isocenter.index.backups import not_backed_up_since
from isocenter.index.institutions import institutions, names_of
from isocenter.index.metering import MeteredDay, metered_days
from isocenter.index.nodes import NodeRow, nodes
from isocenter.index.opaque_packs import opaque_state
from isocenter.index.operations import CopyState, QueueState, copy_state, database_bytes, queue_states
from isocenter.index.placement import StorageAlarm, alarms
from isocenter.index.site_changes import Lag, copied, lag_of
from isocenter.index.sites import leads, missing_count
from isocenter.index.storages import Storage, storages
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Invalid
from isocenter.kit.lists import Column, Kind, Value

LONGEST_PERIOD: Final = timedelta(days=3 * 366)
RECENT: Final = timedelta(days=30)
SEVERAL_INSTITUTIONS: Final = (Right.MANAGE_REGION, Right.MANAGE_STORAGE)
_NUMBERS: Final = (
    "studies",
    "instances",
    "packs",
    "packed_bytes",
    "open_bytes",
    "copy_bytes",
    "first_received",
)
COLUMNS: Final = (
    Column("day"),
    Column("institution_id", Kind.NUMBER),
    Column("institution"),
    *(Column(name, Kind.NUMBER) for name in _NUMBERS),
)
"""Of the meter as a list; days are UTC."""


@dataclass(frozen=True, slots=True)
class SiteState:
    """The other site. known: whether anything is, or was, copied to one; missing: objects a take-over did not find."""

    known: bool
    lag: Lag
    copied_objects: int
    copied_bytes: int
    last_at: datetime | None
    leader: str | None
    led_since: datetime | None
    missing: int


@dataclass(frozen=True, slots=True)
class Use:
    """What one institution holds, as counted last, and how many studies it received in the last 30 days."""

    institution_id: int
    name: str
    last: MeteredDay | None
    recent_studies: int


@dataclass(frozen=True, slots=True)
class Running:
    """How everything runs at one moment, without what institutions use."""

    at: datetime
    nodes: Sequence[NodeRow]
    storages: Sequence[Storage]
    alarms: Sequence[StorageAlarm]
    copies: CopyState
    queues: Sequence[QueueState]
    site: SiteState
    disk: Disk
    database_bytes: int
    not_backed_up_since: datetime | None
    opaque_packs: int
    alerts: Sequence[Alert]


@dataclass(frozen=True, slots=True)
class MeterLine:
    """One day of one institution."""

    institution: str
    day: MeteredDay


def operations(caller: Caller, database: Database, home: Path, warnings: Sequence[str]) -> tuple[Running, list[Use]]:
    """How everything runs, and what institutions use that are the caller's to see. warnings: words about this node.

    Raises Refused, Exhausted.
    """
    caller.require(Right.SEE_OPERATIONS)
    only = None if sees_every_institution(caller) else caller.institution_id
    used = uses(database, None if only is None else [only])
    now = running(database, home, warnings, only)
    names = {str(each.institution_id): each.name for each in used}
    alerts = [replace(each, subject=names.get(each.subject, each.subject)) for each in now.alerts]
    return replace(now, alerts=alerts), used


def sees_every_institution(caller: Caller) -> bool:
    """Whether what other institutions use is the caller's to see."""
    return any(caller.may(right) for right in SEVERAL_INSTITUTIONS)


def running(database: Database, home: Path, warnings: Sequence[str], only_institution: int | None = None) -> Running:
    """How everything runs. only_institution: alarms about another institution are left out."""
    usage = shutil.disk_usage(home)
    disk = Disk(usage.total, usage.free)
    with database.transaction() as connection:
        known = [each for each in alarms(connection) if _is_of(each, only_institution)]
        found = Circumstances(
            at=utc_now(),
            nodes=nodes(connection),
            storages=storages(connection),
            alarms=known,
            lag=lag_of(connection),
            missing=missing_count(connection),
            queues=queue_states(connection),
            disk=disk,
            warnings=warnings,
            not_backed_up_since=not_backed_up_since(connection),
            opaque_packs=opaque_state(connection).waiting,
        )
        return Running(
            at=found.at,
            nodes=found.nodes,
            storages=found.storages,
            alarms=[each for each in known if each.ended_at is None],
            copies=copy_state(connection),
            queues=found.queues,
            site=_site(connection, found),
            disk=disk,
            database_bytes=database_bytes(connection),
            not_backed_up_since=found.not_backed_up_since,
            opaque_packs=found.opaque_packs,
            alerts=alerts_of(found),
        )


def _is_of(alarm: StorageAlarm, institution_id: int | None) -> bool:
    """Alarms about an institution carry its number."""
    return institution_id is None or not alarm.subject.isdigit() or alarm.subject == str(institution_id)


def _site(connection: Connection, found: Circumstances) -> SiteState:
    objects, byte_count, removed, last_at = copied(connection)
    history = leads(connection)
    return SiteState(
        known=bool(objects or removed or found.lag.objects or history),
        lag=found.lag,
        copied_objects=objects,
        copied_bytes=byte_count,
        last_at=last_at,
        leader=history[0].site if history else None,
        led_since=history[0].since if history else None,
        missing=found.missing,
    )


def uses(database: Database, institution_ids: Iterable[int] | None = None) -> list[Use]:
    """What institutions use, in the order of their numbers; None: all."""
    today = utc_now().date()
    return [
        Use(number, name, _last(days), sum(day.first_received for day in days if day.day > today - RECENT))
        for number, name, days in _metered(database, institution_ids, today - RECENT, today)
    ]


def period(first: date | None, last: date | None) -> tuple[date, date]:
    """What is asked for: without an end up to today, without a beginning the 30 days before the end."""
    end = last or utc_now().date()
    return first or end - RECENT, end


def meter(caller: Caller, database: Database, first: date, last: date) -> list[MeterLine]:
    """The days of the institutions that are the caller's to see, first to last (UTC), institution by institution.

    Raises Refused; Invalid when the period is longer than LONGEST_PERIOD or ends before it begins.
    """
    caller.require(Right.SEE_OPERATIONS)
    if not timedelta(0) <= last - first <= LONGEST_PERIOD:
        raise Invalid("The period must begin before it ends and be at most three years long.", first=first, last=last)
    chosen = None if sees_every_institution(caller) else [caller.institution_id]
    return [MeterLine(name, day) for _, name, days in _metered(database, chosen, first, last) for day in days]


def meter_rows(lines: Iterable[MeterLine]) -> list[dict[str, Value]]:
    """The lines as rows of COLUMNS."""
    return [
        {
            "day": line.day.day.isoformat(),
            "institution_id": line.day.institution_id,
            "institution": line.institution,
            **{name: getattr(line.day, name) for name in _NUMBERS},
        }
        for line in lines
    ]


def _metered(
    database: Database, institution_ids: Iterable[int] | None, first: date, last: date
) -> list[tuple[int, str, Sequence[MeteredDay]]]:
    with database.transaction() as connection:
        wanted = (
            {one.institution_id: one.name for one in institutions(connection)}
            if institution_ids is None
            else names_of(connection, institution_ids)
        )
    found = []
    for number, name in sorted(wanted.items()):
        with database.transaction(number) as connection:
            found.append((number, name, metered_days(connection, first, last)))
    return found


def _last(days: Sequence[MeteredDay]) -> MeteredDay | None:
    return next((day for day in reversed(days) if day.counted_at is not None), None)
