"""`isocenter migrate-from SOURCE`: everything that another archive has, compared at the end."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from isocenter.access import audit
from isocenter.adapters.peers.dicomweb import DicomwebSource
from isocenter.adapters.peers.http_peer import HttpPeer
from isocenter.adapters.peers.orthanc import Orthanc
from isocenter.adapters.peers.query_retrieve import QueryRetrieve
from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.running import Running, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json
from isocenter.apps.home import NotOurs
from isocenter.apps.settings_from_environment import source_credentials
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.domain.archive.reception import Source as Origin
from isocenter.domain.migration.compare import Report, compare
from isocenter.domain.migration.errors import NotGiven, SourceMisbehaves
from isocenter.domain.migration.held import Held
from isocenter.domain.migration.migrate import Destination, Options, migrate
from isocenter.domain.migration.migration_state import MigrationState, State
from isocenter.domain.migration.source import Source
from isocenter.kit.errors import Exhausted, Invalid
from isocenter.wire.requestor import Remote

_ENTITY = re.compile(r"(?P<ae>[^@\s][^@]{0,15})@(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@/\s]+):(?P<port>\d{1,5})")
SHOWN = 20
"""So many problems are printed; the report file has all."""


class NotASource(Invalid):
    """What is given names no archive, or its credentials cannot be used."""

    reason = "not-a-source"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command's arguments."""

    source: str
    credentials: Path | None = None
    calling_ae_title: str | None = None
    move: bool = False
    parallel: int = 4
    trust_uids: bool = False
    read_back: bool = True
    report: Path | None = None
    as_json: bool = False


def migrate_from(wanted: Wanted) -> int:
    """The exit code: 0 when everything that the source has is here and compares, 1 when something does not."""
    with running_isocenter() as running, closing(open_source(wanted, running.settings.ae_title)) as source:
        with _state(running, wanted) as state:
            report = _migrated(running, source, state, wanted)
            file = wanted.report or state.file.with_suffix(".report.json")
        file.write_text(json.dumps(report.as_json(), indent=1) + "\n", encoding="utf-8")
        _record(running, report)
    if wanted.as_json:
        tell_json(report.as_json() | {"report": str(file)})
    else:
        _show(report, file)
    return 0 if report.whole else SOME_REFUSED


def open_source(wanted: Wanted, our_ae_title: str) -> Source:
    """The archive that is named. Raises NotASource, and what the source answers when it is asked the first time."""
    if wanted.source.startswith(("http://", "https://")):
        return _http_source(HttpPeer(wanted.source, _credentials(wanted.credentials)))
    found = _ENTITY.fullmatch(wanted.source)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise NotASource("The source is an address (http://HOST:PORT/…) or an application entity (AE@HOST:PORT).")
    calling = wanted.calling_ae_title or our_ae_title
    remote = Remote(found["ae"], found["host"].strip("[]"), int(found["port"]), calling_ae_title=calling)
    return QueryRetrieve(remote, move_to=our_ae_title if wanted.move else None)


def _http_source(peer: HttpPeer) -> Source:
    try:
        return Orthanc(peer)
    except (NotGiven, SourceMisbehaves):
        return DicomwebSource(peer)


def _credentials(file: Path | None) -> str | None:
    """From a file that only its owner can read, or from the environment: never from the command line, which all see."""
    if file is None:
        return source_credentials()
    try:
        if os.stat(file).st_mode & 0o077:  # noqa: PTH116
            raise NotASource(f"Others may read {file}: `chmod 600` it first.")
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NotASource(f"{file} cannot be read: {error.strerror}.") from None
    if not text or "\n" in text:
        raise NotASource(f"{file} must hold one line: user:password, or a bearer token.")
    return text


@contextmanager
def _state(running: Running, wanted: Wanted) -> Iterator[MigrationState]:
    try:
        with closing(
            MigrationState(running.settings.home, f"{wanted.source} {'move' if wanted.move else ''}")
        ) as state:
            yield state
    except PermissionError:
        raise NotOurs(f"{running.settings.home} belongs to another user: run this command as that user.") from None


def _migrated(running: Running, source: Source, state: MigrationState, wanted: Wanted) -> Report:
    settings, caller = running.settings, running.caller
    data = open_bytes(settings, running.database)
    held = Held(running.database, data)
    origin = Origin("MIGRATION", settings.ae_title, "127.0.0.1", "import")
    options = Options(parallel=wanted.parallel, trust_uids=wanted.trust_uids)
    if not wanted.as_json:
        err.print(f"From {source.name}", markup=False)
    with closing(open_archive(settings, running.database, data)) as archive, _progress(wanted.as_json) as progress:
        try:
            migrate(Destination(archive, held, caller, origin), source, state, options, progress)
        except Exhausted as error:
            error.message += " What came is stored; the same command goes on."
            raise
        return compare(
            caller, held, source, state, read_back=wanted.read_back, parallel=wanted.parallel, progress=progress
        )


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as progress:
        task = progress.add_task("listing")
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def _record(running: Running, report: Report) -> None:
    counts: dict[str, Any] = {str(state).replace("-", "_"): count for state, count in report.states.items()}
    with running.database.transaction(running.caller.institution_id) as connection:
        audit.record(connection, running.caller, audit.Action.IMPORTED, None, source=report.source, **counts)


def _show(report: Report, file: Path) -> None:
    for each in report.problems[:SHOWN]:
        what = each.message or each.compared or each.state
        out.print(f"{each.state}  {each.object.sop_instance_uid}: {what}", markup=False)
    if len(report.problems) > SHOWN:
        out.print(f"… and {len(report.problems) - SHOWN} more.")
    states = {state: report.states.get(state, 0) for state in State}
    told = [f"{count} {state.replace('-', ' ')}" for state, count in states.items() if count]
    out.print(f"{sum(states.values())} objects in {report.studies} studies: {', '.join(told) or 'nothing'}.")
    compared = [f"{count} {result.replace('-', ' ')}" for result, count in report.comparisons.items()]
    out.print(f"Compared: {', '.join(compared) or 'nothing'}.")
    for how in report.compared_how:
        out.print(f"  - {how}", markup=False)
    out.print(f"Report: {file}", markup=False)
