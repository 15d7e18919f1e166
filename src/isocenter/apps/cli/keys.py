"""`isocenter keys`: what encrypts stored data; changing it, and keeping it where no disaster of ours reaches."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from isocenter.apps.cli.options import InstitutionOption, JsonOption
from isocenter.apps.cli.running import Running, homes_to_try, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json
from isocenter.apps.settings_from_environment import RECOVERY_PASSPHRASE, settings_from_environment
from isocenter.kit.errors import Conflict

app = typer.Typer()

PassphraseOption = Annotated[str, typer.Option(envvar=RECOVERY_PASSPHRASE, prompt=True, hide_input=True)]


class FileIsThere(Conflict):
    """A recovery file is never written over another."""

    reason = "file-is-there"


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """The versions of the master key and of every institution's key; never the keys."""
    from isocenter.access.keys import verbs
    from isocenter.apps.wiring import open_object_store

    with running_isocenter() as running:
        found = verbs.keys(running.caller, running.database, open_object_store(running.settings, running.database))
    if as_json:
        tell_json(asdict(found))
        return
    out.print(f"New objects are {'encrypted' if found.encrypts else 'not encrypted'}.")
    table = Table("Key", "Version", "State", "Wrapped by")
    for one in found.master:
        table.add_row("master", one.key_id, one.state, "")
    for institution in found.institutions:
        for each in institution.versions:
            state = "current" if each is institution.versions[-1] else "being replaced"
            table.add_row(institution.institution.code, str(each.version), state, ", ".join(each.wrapped_by))
    out.print(table)


@app.command()
def rotate(
    institution: InstitutionOption = "",
    master: Annotated[bool, typer.Option("--master", help="The master key, which wraps every institution's.")] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="With --master: only make the version, to be carried to all nodes.")
    ] = False,
) -> None:
    """Change an institution's key, or the master key; everything stays readable meanwhile."""
    from isocenter.access.keys import verbs
    from isocenter.apps.wiring import open_object_store
    from isocenter.storage.master_keys import master_key_path

    with running_isocenter() as running:
        store, path = open_object_store(running.settings, running.database), master_key_path(running.settings.home)
        if master and prepare:
            key_id = verbs.prepare_master_key(running.caller, running.database, path)
            out.print(f"Version {key_id} of the master key is prepared. Copy {path} to every node, then", markup=False)
            out.print("`isocenter keys rotate --master` on this one.")
        elif master:
            key_id = verbs.rotate_master_key(running.caller, running.database, store, path)
            out.print(f"The master key is {key_id} now. Copy {path} to every node again,", markup=False)
            out.print("and export a recovery file of it.")
        else:
            number = _institution(running, institution)
            version = verbs.rotate_institution_key(running.caller, running.database, store, number)
            out.print(f"Version {version} wraps what is new; what is there is wrapped anew within minutes.")


@app.command("export-recovery")
def export_recovery(
    file: Annotated[Path, typer.Argument(help="File to write; it must not be there.")],
    passphrase: PassphraseOption,
    institution: InstitutionOption = "",
) -> None:
    """Write the master key, or with --institution that one's key, into a file under a passphrase. Keep both apart."""
    from isocenter.access.keys import verbs
    from isocenter.apps.wiring import open_object_store

    if file.exists():
        raise FileIsThere("There is such a file; a recovery file is never written over another.", file=file.name)
    with running_isocenter() as running:
        store = open_object_store(running.settings, running.database)
        number = _institution(running, institution) if institution else None
        data = verbs.export_recovery(running.caller, running.database, store, passphrase, number)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())
    err.print("Whoever has this file and its passphrase can read everything that is stored: keep them apart.")


@app.command("import-recovery")
def import_recovery(
    file: Annotated[Path, typer.Argument(help="A recovery file.", exists=True, dir_okay=False)],
    passphrase: PassphraseOption,
) -> None:
    """Put lost keys back from a recovery file, into a home that cannot start without them."""
    from dataclasses import replace

    from isocenter.access.keys import verbs
    from isocenter.apps.wiring import open_object_store
    from isocenter.storage.master_keys import master_key_path

    settings = replace(settings_from_environment(), home=homes_to_try()[0])
    what = verbs.import_recovery(
        master_key_path(settings.home), open_object_store(settings), file.read_bytes(), passphrase
    )
    out.print(f"Put back: {what}.")


def _institution(running: Running, code: str) -> int:
    from isocenter.access.institutions import institution_coded

    if not code:
        return running.caller.institution_id
    return institution_coded(running.database, code).institution_id
