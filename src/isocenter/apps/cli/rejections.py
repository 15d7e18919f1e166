"""`isocenter rejection`: what rejection notes took out of sight."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer
from rich.table import Table

from isocenter.apps.cli.options import JsonOption
from isocenter.apps.cli.running import running_isocenter
from isocenter.apps.cli.terminal import out, tell_json
from isocenter.standards.dicom.rejection_note import REJECTION_CODES
from isocenter.standards.dicom.uids import check_uid

app = typer.Typer()


@app.command("list")
def list_(
    study: Annotated[str, typer.Argument(help="Its Study Instance UID.")],
    as_json: JsonOption = False,
) -> None:
    """Every rejection note in a study or about it."""
    from isocenter.domain.exchange import rejection as verbs  # reads packs: numpy is for who needs it

    with running_isocenter() as running:
        found = verbs.rejections(running.caller, running.database, check_uid(study, "StudyInstanceUID"))
    if as_json:
        tell_json([dataclasses.asdict(each) for each in found])
        return
    table = Table("Id", "Reason", "Instances", "From", "At", "State")
    for each in found:
        table.add_row(
            str(each.rejection_id),
            REJECTION_CODES[each.code],
            str(each.instance_count),
            each.calling_ae_title,
            f"{each.rejected_at:%Y-%m-%d %H:%M}",
            each.state,
        )
    out.print(table)


@app.command()
def restore(rejection_id: Annotated[int, typer.Argument(help="Its number in `isocenter rejection list`.")]) -> None:
    """Take a rejection back: what it hid is seen again."""
    from isocenter.apps.wiring import open_object_store
    from isocenter.domain.archive.erase import facts_key_path
    from isocenter.domain.exchange import rejection as verbs

    with running_isocenter() as running:
        store = open_object_store(running.settings, running.database)
        key_file = facts_key_path(running.settings.home)
        restored = verbs.restore_rejection(running.caller, running.database, store, key_file, rejection_id)
    out.print(f"Rejection {rejection_id} of {restored.instance_count} instances is taken back.")
