"""`isocenter storage`: where stored objects lie. `isocenter verify`: every copy read again."""

from __future__ import annotations

import dataclasses
import math
import signal
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.options import JsonOption
from isocenter.apps.cli.running import Running, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json
from isocenter.domain.placement import storages as verbs
from isocenter.domain.placement.scrub import ScrubReport
from isocenter.domain.placement.upkeep import count_storages
from isocenter.index.storages import Storage
from isocenter.kit.clock import utc_now
from isocenter.kit.settings import MIB

app = typer.Typer()

NameArgument = Annotated[str, typer.Argument(help="Its name.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    url: Annotated[str, typer.Argument(help="file:///folder, or s3://bucket/prefix?endpoint=https://…")],
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(verbs.ROLES)}.")] = "warm",
    credentials: Annotated[str, typer.Option(help="Of an S3 store: NAME of the file secrets/storage-NAME.")] = "",
    retain_days: Annotated[int, typer.Option(help="Nothing is deleted from it before it lay there for so long.")] = 0,
    max_gib: Annotated[float | None, typer.Option(help="No copy is written beyond so many GiB.")] = None,
    records: Annotated[
        bool, typer.Option("--records", help="Copy facts, corrections, audit files and keys there too.")
    ] = False,
) -> None:
    """Add a storage: it is opened, marked as ours, and used by what policies say."""
    from isocenter.apps.wiring import opening_of

    values: dict[str, object] = {"name": name, "url": url, "role": role, "credentials": credentials}
    values |= {"retain_days": retain_days, "takes_records": records}
    if max_gib is not None:
        values["max_bytes"] = round(max_gib * 1024 * MIB)
    with running_isocenter() as running:
        opening = opening_of(running.settings)
        made = verbs.add_storage(running.caller, running.database, opening.open_storage, values)
    out.print(f"{made.name} is storage {made.storage_id}.", markup=False)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Every storage with its copies, and what somebody has to look at."""
    with running_isocenter() as running:
        found = verbs.overview(running.caller, running.database)
    if as_json:
        tell_json(dataclasses.asdict(found))
        return
    table = Table("Id", "Name", "Role", "State", "Copies", "GiB", "Damaged", "Oldest reading", "Where")
    for each in found.storages:
        table.add_row(*_row(each))
    out.print(table)
    for alarm in found.alarms:
        if alarm.ended_at is None:
            err.print(f"{alarm.kind}: {alarm.subject}, since {_day(alarm.since)}", markup=False)


@app.command()
def test(name: NameArgument, as_json: JsonOption = False) -> None:
    """Write, read, list and delete on a storage; the exit code is 0 when all of it works."""
    from isocenter.apps.wiring import opening_of

    with running_isocenter() as running:
        found = verbs.storage_named(running.caller, running.database, name)
        opening = opening_of(running.settings)
        steps = verbs.try_storage(running.caller, running.database, opening, found.storage_id)
    ok = all(step.reason is None for step in steps)
    if as_json:
        tell_json({"ok": ok, "steps": [dataclasses.asdict(step) for step in steps]})
    else:
        for step in steps:
            out.print(f"{step.name}: {step.message or 'works'} ({step.ms} ms)", markup=False)
    raise typer.Exit(0 if ok else SOME_REFUSED)


@app.command()
def retire(name: NameArgument) -> None:
    """Take every copy in a storage elsewhere, and use it no more."""
    with running_isocenter() as running:
        found = verbs.storage_named(running.caller, running.database, name)
        retired = verbs.retire_storage(running.caller, running.database, found.storage_id)
    out.print(f"{retired.name} is {retired.state}: `isocenter storage list` says when it is empty.", markup=False)


def verify(storage: str, rate_mib: float, days: int, *, repair: bool, as_json: bool) -> int:
    """What `isocenter verify` does; returns its exit code."""
    with running_isocenter() as running:
        storage_id = None
        if storage:
            storage_id = verbs.storage_named(running.caller, running.database, storage).storage_id
        report = _verified(running, storage_id, rate_mib, days, repair)
        count_storages(running.database)
    if as_json:
        tell_json({**dataclasses.asdict(report), "sound": report.sound})
    else:
        _show(report)
    return 0 if report.sound else SOME_REFUSED


def _verified(running: Running, storage_id: int | None, rate_mib: float, days: int, repair: bool) -> ScrubReport:
    from isocenter.apps.placement import placement_of
    from isocenter.apps.wiring import open_object_store
    from isocenter.domain.placement.placing import Shift
    from isocenter.domain.placement.scrub import Scrub
    from isocenter.storage.copying import Pace

    stopped: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: stopped.append(number))
    store = open_object_store(running.settings, running.database)
    return Scrub(
        work=placement_of(running.settings, running.database, store),
        before=utc_now() - timedelta(days=days),
        shift=Shift(math.inf, lambda: bool(stopped)),
        pace=Pace(rate_mib * MIB),
        storage_id=storage_id,
        repair=repair,
    ).run_on_everything()


def _show(report: ScrubReport) -> None:
    out.print(f"{report.read} copies read, {report.read_bytes / MIB:.1f} MiB.", markup=False)
    if report.registered:
        out.print(f"{report.registered} packs were read and counted for the first time.", markup=False)
    if report.damaged or report.missing:
        unsound = f"{report.damaged} damaged, {report.missing} missing, {report.repaired} of them mended."
        err.print(unsound, markup=False)
    if report.away:
        err.print(f"{report.away} copies lie in storages that do not answer.", markup=False)
    if report.busy:
        err.print(f"{report.busy} copies were being worked on.", markup=False)
    for key in report.lost:
        err.print(f"No sound copy is left of {key}.", markup=False)
    if not report.finished:
        err.print("It was stopped; what was read counts.", markup=False)
    elif report.sound:
        out.print("Every copy is sound.", markup=False)


def _row(each: Storage) -> tuple[str, ...]:
    return (
        str(each.storage_id),
        each.name,
        each.role,
        each.state,
        str(each.object_count),
        f"{each.byte_count / (1024 * MIB):.2f}",
        str(each.damaged_count),
        _day(each.oldest_verified_at),
        each.url or "as the settings say",
    )


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "never"
