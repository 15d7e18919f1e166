"""`isocenter up`: start, and say where everything is."""

from __future__ import annotations

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from isocenter.apps.cli.terminal import out
from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.apps.up import Started, Supervisor


def start(*, demo: bool) -> int:
    """Run until stopped; the exit code."""
    settings = settings_from_environment(demo=demo)
    return Supervisor(settings, out, demo=demo).run(show_started)


def show_started(started: Started) -> None:
    """The addresses, the folder, and the first administrator's link, as plain lines that can be copied."""
    settings = started.settings
    table = Table.grid(padding=(0, 2))
    table.add_row("Web", Text(started.http_url, style="bold"))
    table.add_row(
        "DICOM", Text(f"{settings.ae_title} at {settings.dicom_host} port {settings.dicom_port}", style="bold")
    )
    if settings.dicom_tls_port is not None:
        host = settings.dicom_tls_host or settings.dicom_host
        table.add_row("DICOM TLS", Text(f"{settings.ae_title} at {host} port {settings.dicom_tls_port}", style="bold"))
    table.add_row("Institution", started.institution.name)
    table.add_row("Data", str(settings.home))
    out.print(Panel(table, title="Isocenter is ready", title_align="left", expand=False))
    if started.enrolment_url is not None:
        out.print("There is no administrator yet. This link creates the first one; it works once, for 24 hours:")
        out.print(started.enrolment_url, style="bold", markup=False)
    out.print("Ctrl-C stops it. Not a certified medical device.")
