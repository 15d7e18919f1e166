"""`isocenter import PATH...`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from isocenter.access import audit
from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.running import Running, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json
from isocenter.apps.home import NotOurs
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.domain.migration.import_state import ImportState
from isocenter.domain.migration.importing import ImportReport, import_files
from isocenter.domain.migration.media import Media, MediaFile
from isocenter.kit.errors import NotFound


class NoSuchPath(NotFound):
    """What is to be imported is not there."""

    reason = "no-such-path"


def import_paths(paths: list[Path], *, as_json: bool) -> int:
    """The exit code: 0 when every file was stored, 1 when some were refused."""
    for path in paths:
        if not path.exists():
            raise NoSuchPath(f"There is no file or folder {path}.")
    with running_isocenter() as running, closing(Media()) as media:
        files = media.files(paths)
        report = _import(running, paths, media, files, quiet=as_json)
        _record(running, report)
    if as_json:
        tell_json(_as_json(report))
    else:
        _show(report)
    return SOME_REFUSED if report.refused else 0


def _import(running: Running, paths: list[Path], media: Media, files: list[MediaFile], *, quiet: bool) -> ImportReport:
    """Store the files; an import that breaks off leaves its state in the home and goes on there the next time."""
    settings, caller = running.settings, running.caller
    try:
        archive = open_archive(settings, running.database, open_bytes(settings, running.database))
        state = ImportState(settings.home, paths)
    except PermissionError:
        raise NotOurs(f"{settings.home} belongs to another user: run this command as that user.") from None
    with closing(archive), closing(state), _progress(len(files), quiet=quiet) as advanced:
        report = import_files(
            archive,
            caller,
            media,
            files,
            ae_title=settings.ae_title,
            advanced=advanced,
            state=state,
            done_before=state.done_before(caller, running.database, files),
        )
        state.finished()
    return report


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as progress:
        task = progress.add_task("import", total=total)
        yield lambda count: progress.advance(task, count)


def _record(running: Running, report: ImportReport) -> None:
    with running.database.transaction(running.caller.institution_id) as connection:
        audit.record(
            connection,
            running.caller,
            audit.Action.IMPORTED,
            instances=report.stored,
            studies=len(report.studies),
            refused=len(report.refused),
        )


def _show(report: ImportReport) -> None:
    for each in report.refused:
        out.print(f"refused  {each.name}: {each.message}", markup=False)
    counts = [f"{report.stored} stored", f"{report.already_stored} already here"]
    if report.kept_aside:
        counts.append(f"{report.kept_aside} kept aside (other content under a known UID)")
    if report.passed_over:
        counts.append(f"{report.passed_over} passed over (DICOMDIR, and what is no DICOM beside it)")
    if report.continued:
        counts.append(f"{report.continued} stored before the interruption")
    counts.append(f"{len(report.refused)} refused")
    if report.unlisted:
        out.print(f"note     {report.unlisted} files that the DICOMDIR does not list are stored too.")
    out.print(f"{', '.join(counts)}; {len(report.studies)} studies.")


def _as_json(report: ImportReport) -> dict[str, object]:
    return {
        "stored": report.stored,
        "already_stored": report.already_stored,
        "kept_aside": report.kept_aside,
        "passed_over": report.passed_over,
        "continued": report.continued,
        "unlisted": report.unlisted,
        "refused": [{"path": each.name, "reason": each.reason, "message": each.message} for each in report.refused],
        "studies": sorted(report.studies),
    }
