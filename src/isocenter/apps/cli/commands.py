"""The commands and their arguments; what they do is in the modules beside this one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from isocenter import __version__
from isocenter.apps.cli.groups import add_groups
from isocenter.apps.cli.options import InstitutionOption, JsonOption

app = typer.Typer(
    name="isocenter",
    help="Isocenter: an open regional medical imaging archive, from the scanner to the screen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Use the demo home and fill it with sample studies.")] = False,
) -> None:
    """Start everything in the foreground: database, DICOM listener, web server, worker. Ctrl-C stops it."""
    from isocenter.apps.cli.start import start

    raise typer.Exit(start(demo=demo))


@app.command()
def standby() -> None:
    """Follow the site that leads, and take over when `isocenter promote` says so. Ctrl-C stops it."""
    from isocenter.apps.cli import sites

    raise typer.Exit(sites.standby())


@app.command()
def promote(
    other_is_down: Annotated[
        bool, typer.Option("--the-other-site-is-down", help="Your word, needed where there is no witness.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take over: from here on this site leads, and the other one, should it come back, follows."""
    from isocenter.apps.cli import sites

    sites.promote(other_is_down=other_is_down, as_json=as_json)


@app.command()
def drill(
    count: Annotated[int, typer.Option(min=1, max=10000, help="Objects read back for each institution.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Rehearse taking over on a copy, measure RTO and RPO, and file the signed evidence. Touches no service."""
    from isocenter.apps.cli import sites

    raise typer.Exit(sites.drill(count=count, as_json=as_json))


@app.command("sign-in-policy")
def sign_in_policy(
    second_factor: Annotated[str | None, typer.Option(help="required, or offered.")] = None,
    idle_minutes: Annotated[int | None, typer.Option(help="A session nobody works in ends after this.")] = None,
    session_hours: Annotated[int | None, typer.Option(help="A session ends after this in any case.")] = None,
    min_password_length: Annotated[int | None, typer.Option(help="Characters of a password, at least 12.")] = None,
    institution: InstitutionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show how people of an institution sign in; with options, change it first."""
    from isocenter.apps.cli import sign_in

    changes = {
        "second_factor": second_factor,
        "idle_minutes": idle_minutes,
        "session_hours": session_hours,
        "min_password_length": min_password_length,
    }
    sign_in.sign_in_policy(institution, changes, as_json=as_json)


@app.command("import")
def import_(
    paths: Annotated[
        list[Path], typer.Argument(help="DICOM files, folders, a DICOMDIR, or ZIP files.", metavar="PATH...")
    ],
    as_json: JsonOption = False,
) -> None:
    """Store DICOM files, media and ZIP files through the same verb as every modality; names each refused file.

    An import that was interrupted goes on where it was when the same command is given again.
    """
    from isocenter.apps.cli.import_files import import_paths

    raise typer.Exit(import_paths(paths, as_json=as_json))


@app.command()
def send(
    study: Annotated[str, typer.Argument(help="Its Study Instance UID.")],
    to: Annotated[str, typer.Option(help="Name or AE title of a destination (`isocenter destination list`).")],
    series: Annotated[list[str] | None, typer.Option(help="Only this series; may be repeated.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is sent or has failed for good.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send a study to a destination, in the background."""
    from isocenter.apps.cli.sending import send as send_study

    raise typer.Exit(send_study(study, to=to, series=series or [], wait=wait, as_json=as_json))


@app.command()
def download(
    studies: Annotated[list[str], typer.Argument(help="Study Instance UIDs.", metavar="STUDY...")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write, or a folder: required for several studies.")
    ],
    form: Annotated[
        str, typer.Option(help="zip: files by series; pdi: portable media with a DICOMDIR; files: a folder of files.")
    ] = "zip",
    as_json: JsonOption = False,
) -> None:
    """Write studies, corrections applied, as ZIP, portable media (IHE PDI) or files."""
    from isocenter.apps.cli.download import Form, download_studies

    if form not in set(Form):
        raise typer.BadParameter(f"{form} is none of {', '.join(Form)}", param_hint="--form")
    raise typer.Exit(download_studies(studies, Form(form), output, as_json=as_json))


@app.command("certificate-of-destruction")
def certificate_of_destruction(
    study: Annotated[str, typer.Argument(help="Its Study Instance UID.")],
    instance: Annotated[str, typer.Option(help="SOP Instance UID, of an instance that was erased alone.")] = "",
    page: Annotated[Path | None, typer.Option(help="Write a page to print, HTML, to this file.")] = None,
    institution: InstitutionOption = "",
) -> None:
    """What was erased, why, by whom and when, and whether anything is left of it. Exit code 1 as long as there is."""
    from isocenter.apps.cli.destruction import show_certificate

    raise typer.Exit(show_certificate(study, instance, page, institution))


@app.command("migrate-from")
def migrate_from_(
    source: Annotated[
        str, typer.Argument(help="http(s)://… of an Orthanc or a DICOMweb server, or AE@HOST:PORT.", metavar="SOURCE")
    ],
    credentials: Annotated[
        Path | None, typer.Option(help="File with one line: user:password, or a bearer token. Not for others to read.")
    ] = None,
    calling_ae: Annotated[str | None, typer.Option(help="Our AE title towards AE@HOST:PORT.")] = None,
    move: Annotated[bool, typer.Option("--move", help="C-MOVE to our listener instead of C-GET.")] = False,
    parallel: Annotated[int, typer.Option(min=1, max=16, help="Series fetched at one time.")] = 4,
    trust_uids: Annotated[bool, typer.Option("--trust-uids", help="Do not fetch what is here by its UID.")] = False,
    no_read_back: Annotated[
        bool, typer.Option("--no-read-back", help="Compare with recorded digests; do not read everything again.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Where to write the report (JSON).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in everything that another archive has, and compare it at the end.

    A migration that was interrupted goes on where it was when the same command is given again.
    """
    from isocenter.apps.cli.migrate import Wanted, migrate_from

    wanted = Wanted(source, credentials, calling_ae, move, parallel, trust_uids, not no_read_back, report, as_json)
    raise typer.Exit(migrate_from(wanted))


@app.command()
def backup(
    to: Annotated[
        str, typer.Argument(help="A folder, or the URL of an object store, for backups alone.", metavar="TO")
    ],
    without_packs: Annotated[
        bool, typer.Option("--without-packs", help="Leave the packs to their copies elsewhere.")
    ] = False,
    keep: Annotated[int | None, typer.Option(min=1, help="So many backups stay there; older ones go.")] = None,
    database: Annotated[
        str | None, typer.Option(help="Address of a role that sees every row, for a PostgreSQL of yours.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Make none: read every byte of the newest one there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Back up index, facts, keys, configuration, journals and packs, while everything goes on."""
    from isocenter.apps.cli import recovery

    if check:
        raise typer.Exit(recovery.check_backup(to, None, as_json=as_json))
    raise typer.Exit(recovery.backup(to, with_packs=not without_packs, keep=keep, database=database, as_json=as_json))


@app.command()
def restore(
    source: Annotated[str, typer.Argument(help="Folder or URL with backups.", metavar="FROM")],
    backup_id: Annotated[str | None, typer.Option("--backup", help="Which one; the newest when not told.")] = None,
    secrets: Annotated[Path | None, typer.Option(help="Folder with the secrets, when they were kept apart.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a home of a backup. ISOCENTER_HOME must be empty; nothing is ever written over."""
    from isocenter.apps.cli import recovery

    raise typer.Exit(recovery.restore(source, backup_id, secrets, as_json=as_json))


@app.command("rebuild-index")
def rebuild_index_(
    replace: Annotated[bool, typer.Option("--replace", help="Set an index that is there aside.")] = False,
    forward: Annotated[
        bool, typer.Option("--forward", help="Only take in what the index that is there does not know.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the index anew of packs, journals and facts, when it is lost and there is no backup of it."""
    from isocenter.apps.cli import recovery

    raise typer.Exit(recovery.rebuild(replace_index=replace, forward_only=forward, as_json=as_json))


@app.command()
def verify(
    storage: Annotated[str, typer.Option(help="Only this storage; empty: all.")] = "",
    rate: Annotated[float, typer.Option(min=0, help="MiB a second; 0 is as fast as it goes.")] = 0,
    older_than_days: Annotated[int, typer.Option(min=0, help="Only copies that nobody read for so many days.")] = 0,
    no_repair: Annotated[bool, typer.Option("--no-repair", help="Only tell; mend nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read every stored copy again, compare it with its digest, and mend it from another copy.

    The exit code is 0 when every copy is sound. Ctrl-C stops it; what was read counts.
    """
    from isocenter.apps.cli.storages import verify as verify_copies

    raise typer.Exit(verify_copies(storage, rate, older_than_days, repair=not no_repair, as_json=as_json))


@app.command()
def status(as_json: JsonOption = False) -> None:
    """What is running, how much is stored, how full the disk is, what waits."""
    from isocenter.apps.cli.status import show_status

    show_status(as_json=as_json)


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"isocenter {__version__}\n")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the web server."""
    from isocenter.apps.web import openapi_document

    sys.stdout.write(openapi_document())


add_groups(app)
