"""`isocenter status`: the same answer as GET /api/status, from the home."""

from __future__ import annotations

from dataclasses import asdict

from rich.filesize import decimal
from rich.table import Table

from isocenter.apps.cli.running import running_isocenter
from isocenter.apps.cli.terminal import out, tell_json
from isocenter.apps.home import run_state_for_status
from isocenter.domain.nodes.status import Status, status_of_node


def show_status(*, as_json: bool) -> None:
    """Processes, counts, disk, queue."""
    with running_isocenter() as running:
        status = status_of_node(
            running.settings, running.database, running.caller, run_state_for_status(running.settings.home)
        )
        shown = {"home": running.state.home, "http_url": running.state.http_url, **asdict(status)}
    if as_json:
        tell_json(shown)
        return
    _show(status, running.state.home, running.state.http_url, running.state.started_at)


def _show(status: Status, home: str, url: str, started_at: str) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("Isocenter", f"{status.version}, running since {started_at}")
    table.add_row("Web", url)
    table.add_row("DICOM", f"{status.dicom.ae_title} at {status.dicom.host} port {status.dicom.port}")
    table.add_row("Data", home)
    for process in status.processes:
        state = "running" if process.running else "[red]not running[/]"
        table.add_row(process.name, f"{state}, process {process.pid}, {process.restarts} restarts")
    counts = status.counts
    stored = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("studies", "series", "instances"))
    table.add_row("Stored", stored)
    table.add_row("Disk", f"{decimal(status.disk.free_bytes)} free of {decimal(status.disk.total_bytes)}")
    waiting = ", ".join(f"{count} {state}" for state, count in sorted(status.queue.items())) or "nothing waits"
    table.add_row("Queue", waiting)
    if status.warnings:
        table.add_row("Warnings", "[red]" + ", ".join(status.warnings) + "[/]")
    out.print(table)
