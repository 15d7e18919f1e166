"""`isocenter sender`: what application entities leave unsaid."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from isocenter.apps.cli.options import JsonOption
from isocenter.apps.cli.running import running_isocenter
from isocenter.apps.cli.terminal import out, tell_json
from isocenter.domain.archive import senders
from isocenter.domain.archive.senders import Sender

app = typer.Typer()
_CHARACTER_SET = "Defined term of (0008,0005), such as GB18030; empty: none."


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Every sender that something is known of."""
    with running_isocenter() as running:
        known = senders.senders_of(running.database, running.caller)
    if as_json:
        tell_json([_as_json(each) for each in known])
        return
    table = Table("AE title", "Character set", "Issuer of patient IDs")
    for each in known:
        table.add_row(each.ae_title, each.default_character_set or "", each.issuer_of_patient_id or "")
    out.print(table)


@app.command("set")
def set_(
    ae_title: Annotated[str, typer.Argument(help="Its AE title; * is every other sender.")],
    charset: Annotated[str, typer.Option("--character-set", help=_CHARACTER_SET)] = "",
    issuer: Annotated[str, typer.Option("--issuer", help="Issuer of its patient IDs; empty: none.")] = "",
) -> None:
    """Say what holds for what arrives from this sender from now on; with neither option it is forgotten."""
    with running_isocenter() as running:
        kept = senders.set_sender(running.database, running.caller, Sender(ae_title, charset or None, issuer or None))
    out.print(
        f"{kept.ae_title}: character set {kept.default_character_set or 'as declared'}, "
        f"issuer of patient IDs {kept.issuer_of_patient_id or 'as sent'}.",
        markup=False,
    )


def _as_json(sender: Sender) -> dict[str, str | None]:
    return {
        "ae_title": sender.ae_title,
        "default_character_set": sender.default_character_set,
        "issuer_of_patient_id": sender.issuer_of_patient_id,
    }
