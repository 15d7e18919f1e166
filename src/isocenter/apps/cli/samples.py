"""`isocenter samples`: load and remove the sample studies of the running Isocenter."""

from __future__ import annotations

import typer

from isocenter.apps import samples
from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.running import running_isocenter
from isocenter.apps.cli.terminal import out
from isocenter.apps.erasing import erase_studies
from isocenter.domain.archive.keeping import Authority

app = typer.Typer()


@app.command()
def load() -> None:
    """Send the sample studies to the running Isocenter through its DICOM listener."""
    with running_isocenter() as running:
        sent = samples.send_samples(running.settings, lambda line: out.print(line, markup=False))
        samples.remember(running.settings.home, sent)
    for each in sent.refused:
        out.print(f"refused  {each}", markup=False)
    out.print(f"{sent.stored} instances in {len(sent.studies)} studies are here.")
    raise typer.Exit(SOME_REFUSED if sent.refused else 0)


@app.command()
def remove() -> None:
    """Erase the sample studies from the running Isocenter."""
    with running_isocenter() as running:
        studies = samples.remembered(running.settings.home) or []
        erased = erase_studies(
            running.settings,
            running.database,
            running.caller,
            studies,
            reason="sample data",
            authority=Authority.SAMPLE,
        )
        samples.forget(running.settings.home)
    out.print(f"{erased} sample studies are erased.")
