"""`isocenter audit`: whether the audit trail is whole; anchoring, sending and archiving it now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.options import JsonOption
from isocenter.apps.cli.running import running_isocenter
from isocenter.apps.cli.terminal import complain, err, out, tell_json

if TYPE_CHECKING:
    from isocenter.access.institutions import Institution
    from isocenter.access.trail.jobs import TrailWork
    from isocenter.access.trail.verify import Report

app = typer.Typer()


@contextmanager
def _every_trail() -> Iterator[tuple[TrailWork, tuple[Institution, ...]]]:
    """What there is to work with, and whose trails there are. Imported here: other commands start without it."""
    from isocenter.access.institutions import institutions_of
    from isocenter.apps.audit_trail import trail_work
    from isocenter.apps.wiring import open_object_store

    with running_isocenter() as running:
        work = trail_work(running.settings, running.database, open_object_store(running.settings, running.database))
        yield work, institutions_of(running.database, running.caller)


@app.command()
def verify(as_json: JsonOption = False) -> None:
    """Look for any gap, edit, removal or exchange in every institution's trail; exit code 1 when there is one."""
    from isocenter.access.trail.jobs import verify_and_record

    with _every_trail() as (work, every):
        reports = [(one, verify_and_record(work, one.institution_id)) for one in every]
    if as_json:
        tell_json([asdict(report) | {"institution": one.code, "sound": report.sound} for one, report in reports])
    else:
        for one, report in reports:
            _show(one, report)
    if not all(report.sound for _, report in reports):
        raise typer.Exit(SOME_REFUSED)


@app.command()
def anchor() -> None:
    """Anchor every trail now, instead of within five minutes."""
    from isocenter.access.trail.anchors import anchor_trail

    with _every_trail() as (work, every):
        for one in every:
            number = anchor_trail(work.database, work.store, one.institution_id, work.key)
            out.print(f"{one.code}: " + ("nothing new" if number is None else f"anchor {number}"), markup=False)


@app.command()
def send() -> None:
    """Send what waits to the audit repository now, instead of within ten seconds."""
    from isocenter.access.trail.messages import AuditSource
    from isocenter.access.trail.shipping import ship_trail

    with _every_trail() as (work, every):
        if work.repository is None:
            complain("no audit repository is set (ISOCENTER_AUDIT_SYSLOG).")
            raise typer.Exit(2)
        for one in every:
            source = AuditSource(work.node, work.ae_title, one.name)
            count = ship_trail(work.database, one.institution_id, source, work.repository)
            out.print(f"{one.code}: {count} messages sent", markup=False)


@app.command()
def archive() -> None:
    """Seal and remove now what is older than ISOCENTER_AUDIT_KEPT_FOR, instead of at night."""
    from isocenter.access.trail.archives import archive_trail

    with _every_trail() as (work, every):
        for one in every:
            count = archive_trail(work.database, work.store, one.institution_id, work.key, work.kept_for)
            out.print(f"{one.code}: {count} events archived", markup=False)


def _show(one: Institution, report: Report) -> None:
    out.print(
        f"{one.code}: {report.events} events, {report.archived} archived ones, {report.anchors} anchors: "
        + ("sound." if report.sound else f"{report.problem_count} problems."),
        markup=False,
    )
    for problem in report.problems:
        place = f"chain {problem.chain}, row {problem.position}: " if problem.chain >= 0 else ""
        err.print(f"  {problem.kind}: {place}{problem.detail}", style="red", markup=False)
