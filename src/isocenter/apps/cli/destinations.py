"""`isocenter destination`: where studies are sent."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer
from rich.table import Table

from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.options import JsonOption
from isocenter.apps.cli.running import Running, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json
from isocenter.apps.wiring import tls_files_of
from isocenter.domain.exchange import destinations as verbs
from isocenter.domain.exchange.destinations import EchoAnswer
from isocenter.domain.exchange.peers import Echo
from isocenter.index.destinations import Destination

app = typer.Typer()

NameArgument = Annotated[str, typer.Argument(help="Its name or AE title.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    ae: Annotated[str, typer.Option("--ae", help="Its AE title.")],
    host: Annotated[str, typer.Option(help="Its host name or address.")],
    port: Annotated[int, typer.Option(help="Its port.")],
    calling_ae: Annotated[str, typer.Option(help="What we call ourselves there; empty for our usual AE title.")] = "",
    decoded: Annotated[
        bool, typer.Option("--decoded", help="Always send Explicit VR Little Endian, never a stored compressed form.")
    ] = False,
    associations: Annotated[int, typer.Option(help="Associations held with it at one time, 1 to 8.")] = 1,
    notify: Annotated[bool, typer.Option("--notify", help="Tell it which studies are complete.")] = False,
    tls: Annotated[bool, typer.Option("--tls", help="Call it over TLS.")] = False,
    certificate: Annotated[
        str, typer.Option(help="SHA-256 of the only certificate that is its own; empty: any of an authority for it.")
    ] = "",
) -> None:
    """Add a destination and ask whether it answers."""
    values = {
        "name": name,
        "ae_title": ae,
        "host": host,
        "port": port,
        "calling_ae_title": calling_ae,
        "transfer_syntaxes": "decoded" if decoded else "stored",
        "associations": associations,
        "notify_availability": notify,
        "tls": tls,
        "certificate": certificate,
    }
    with running_isocenter() as running:
        made = verbs.add_destination(running.caller, running.database, values)
        echo_scu = _echo_scu(running)
        answer = verbs.echo_destination(running.caller, running.database, echo_scu, made.destination_id)
    out.print(f"{made.name} is destination {made.destination_id}.", markup=False)
    if not answer.ok:
        err.print(f"It does not answer now: {answer.message}", markup=False)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Every destination."""
    with running_isocenter() as running:
        found = verbs.list_destinations(running.caller, running.database)
    if as_json:
        tell_json([dataclasses.asdict(each) for each in found])
        return
    table = Table("Id", "Name", "AE title", "Address", "Sent as", "Told of studies")
    for each in found:
        table.add_row(*_row(each))
    out.print(table)


@app.command()
def remove(name: NameArgument) -> None:
    """Forget a destination; what waits for it fails."""
    with running_isocenter() as running:
        found = verbs.destination_named(running.caller, running.database, name)
        verbs.remove_destination(running.caller, running.database, found.destination_id)
    out.print(f"{found.name} is removed.", markup=False)


@app.command()
def echo(name: NameArgument, as_json: JsonOption = False) -> None:
    """Ask a destination whether it answers (C-ECHO); the exit code is 0 when it does."""
    with running_isocenter() as running:
        found = verbs.destination_named(running.caller, running.database, name)
        echo_scu = _echo_scu(running)
        answer = verbs.echo_destination(running.caller, running.database, echo_scu, found.destination_id)
    if as_json:
        tell_json(dataclasses.asdict(answer))
    else:
        _show(found, answer)
    raise typer.Exit(0 if answer.ok else SOME_REFUSED)


def _echo_scu(running: Running) -> Echo:
    from isocenter.adapters.dimse.peers_scu import PeersScu  # codecs and pydicom: only who calls a peer pays for them

    return PeersScu(running.settings.ae_title, tls_files_of(running.settings)).echo


def _show(destination: Destination, answer: EchoAnswer) -> None:
    if answer.ok:
        out.print(f"{destination.name} answers, in {answer.ms} ms.", markup=False)
    else:
        out.print(f"{destination.name} does not answer: {answer.message} ({answer.reason})", markup=False)


def _row(each: Destination) -> tuple[str, ...]:
    return (
        str(each.destination_id),
        each.name,
        each.ae_title,
        f"{each.host}:{each.port}",
        each.transfer_syntaxes,
        "no" if each.availability_since is None else "yes",
    )
