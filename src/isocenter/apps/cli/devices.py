"""`isocenter device`: the application entities of an institution."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from isocenter.access.devices import calls, lists
from isocenter.access.devices import devices as verbs
from isocenter.access.devices.devices import SeenDevice
from isocenter.access.devices.errors import UnknownDevice
from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.list_files import print_list, read_list, show_report
from isocenter.apps.cli.options import InstitutionOption, JsonOption
from isocenter.apps.cli.running import caller_in, running_isocenter
from isocenter.apps.cli.terminal import out, tell_json
from isocenter.apps.wiring import tls_files_of
from isocenter.domain.exchange.device_echo import echo_device

app = typer.Typer()

AeArgument = Annotated[str, typer.Argument(help="Its AE title.")]
FromOption = Annotated[
    list[str] | None,
    typer.Option("--from", help="An address or network that it calls from, such as 10.1.2.3 or 10.1.2.0/24; repeat."),
]
CertificateOption = Annotated[
    str | None, typer.Option(help="SHA-256 fingerprint of the client certificate that it shows under TLS.")
]
PlainOption = Annotated[bool | None, typer.Option("--plain/--tls-only", help="Whether it may call without TLS.")]
StoreOption = Annotated[bool | None, typer.Option("--store/--no-store", help="Whether it may store.")]
QueryOption = Annotated[bool | None, typer.Option("--query/--no-query", help="Whether it may query and retrieve.")]
ActiveOption = Annotated[bool | None, typer.Option("--active/--inactive", help="Whether it may call at all.")]
HostOption = Annotated[str | None, typer.Option(help="Where it listens, for C-ECHO.")]
PortOption = Annotated[int | None, typer.Option(help="The port where it listens.")]
ModalityOption = Annotated[str | None, typer.Option(help="CT, MR, …")]
RoomOption = Annotated[str | None, typer.Option(help="The room where it stands.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    ae: Annotated[str, typer.Option("--ae", help="Its AE title.")],
    networks: FromOption = None,
    certificate: CertificateOption = None,
    plain: PlainOption = None,
    store: StoreOption = None,
    query: QueryOption = None,
    host: HostOption = None,
    port: PortOption = None,
    modality: ModalityOption = None,
    room: RoomOption = None,
    institution: InstitutionOption = "",
) -> None:
    """Add a device; listeners know it within 5 seconds. Without address and certificate it calls as strangers do."""
    given = _given(networks, certificate, plain, store, query, None, host, port, modality, room)
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        made = verbs.add_device(running.database, caller, {"name": name, "ae_title": ae, **given})
    out.print(f"{made.device.name} is device {made.device.ae_title}.", markup=False)


@app.command()
def change(
    ae: AeArgument,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    networks: FromOption = None,
    certificate: CertificateOption = None,
    plain: PlainOption = None,
    store: StoreOption = None,
    query: QueryOption = None,
    active: ActiveOption = None,
    host: HostOption = None,
    port: PortOption = None,
    modality: ModalityOption = None,
    room: RoomOption = None,
    institution: InstitutionOption = "",
) -> None:
    """Change what is given, for associations that begin 5 seconds later."""
    given = _given(networks, certificate, plain, store, query, active, host, port, modality, room)
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        found = _titled(verbs.devices_of(running.database, caller), ae)
        values = given if name is None else {**given, "name": name}
        changed = verbs.change_device(running.database, caller, found.device.device_id, values)
    out.print(f"{changed.device.ae_title} is changed.", markup=False)


@app.command("list")
def list_(institution: InstitutionOption = "", as_json: JsonOption = False) -> None:
    """Every device, and when it was last here."""
    with running_isocenter() as running:
        found = verbs.devices_of(running.database, caller_in(running, institution))
    if as_json:
        tell_json([_as_json(each) for each in found])
        return
    table = Table("AE title", "Name", "Calls from", "Certificate", "May", "Last seen")
    for each in found:
        table.add_row(*_row(each))
    out.print(table)


@app.command()
def remove(ae: AeArgument, institution: InstitutionOption = "") -> None:
    """Forget a device; what it stored stays."""
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        found = _titled(verbs.devices_of(running.database, caller), ae)
        verbs.remove_device(running.database, caller, found.device.device_id)
    out.print(f"{ae} is removed.", markup=False)


@app.command()
def echo(ae: AeArgument, institution: InstitutionOption = "", as_json: JsonOption = False) -> None:
    """Ask a device whether it answers (C-ECHO); the exit code is 0 when it does."""
    from isocenter.adapters.dimse.peers_scu import PeersScu  # codecs and pydicom: only who calls a peer pays for them

    with running_isocenter() as running:
        caller = caller_in(running, institution)
        found = _titled(verbs.devices_of(running.database, caller), ae)
        scu = PeersScu(running.settings.ae_title, tls_files_of(running.settings))
        answer = echo_device(caller, running.database, scu.echo, found.device.device_id)
    if as_json:
        tell_json(dataclasses.asdict(answer))
    elif answer.ok:
        out.print(f"{ae} answers, in {answer.ms} ms.", markup=False)
    else:
        out.print(f"{ae} does not answer: {answer.message} ({answer.reason})", markup=False)
    raise typer.Exit(0 if answer.ok else SOME_REFUSED)


@app.command()
def rejected(institution: InstitutionOption = "", as_json: JsonOption = False) -> None:
    """Callers that were rejected, the newest first."""
    with running_isocenter() as running:
        found = calls.rejected_calls_of(running.database, caller_in(running, institution))
    if as_json:
        tell_json([dataclasses.asdict(each) for each in found])
        return
    table = Table("Calling AE title", "Called AE title", "Address", "Why", "Calls", "Last")
    for each in found:
        last = f"{each.last_at:%Y-%m-%d %H:%M}"
        table.add_row(each.calling_ae_title, each.called_ae_title, each.address, each.reason, str(each.calls), last)
    out.print(table)


@app.command("export")
def export_devices(
    form: Annotated[str, typer.Option("--as", help="csv or json.")] = "csv", institution: InstitutionOption = ""
) -> None:
    """Write the devices as a list to standard output."""
    with running_isocenter() as running:
        rows = lists.exported_devices(running.database, caller_in(running, institution))
    print_list(lists.COLUMNS, rows, form)


@app.command("import")
def import_devices(
    file: Annotated[Path, typer.Argument(help="A list as `isocenter device export` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    institution: InstitutionOption = "",
) -> None:
    """Add and change devices as a list says, all or nothing."""
    lines = read_list(lists.COLUMNS, file)
    with running_isocenter() as running:
        report = lists.import_devices(running.database, caller_in(running, institution), lines, dry_run=dry_run)
    show_report(report)


@app.command("called")
def called(
    ae: Annotated[str | None, typer.Argument(help="The AE title of this institution alone; '' takes it away.")] = None,
    institution: InstitutionOption = "",
) -> None:
    """Show how devices call us; with an AE title, give the institution its own."""
    with running_isocenter() as running:
        caller, everyones = caller_in(running, institution), running.settings.ae_title.strip()
        if ae is not None:
            verbs.set_called_ae_title(running.database, caller, ae, everyones=everyones)
        own = verbs.called_ae_title_of(running.database, caller)
    out.print(f"Devices call {own} or {everyones}." if own else f"Devices call {everyones}.", markup=False)


def _given(
    networks: list[str] | None,
    certificate: str | None,
    plain: bool | None,
    store: bool | None,
    query: bool | None,
    active: bool | None,
    host: str | None,
    port: int | None,
    modality: str | None,
    room: str | None,
) -> dict[str, object]:
    """The fields for which an option was given."""
    fields: dict[str, object] = {
        "networks": networks or None,
        "certificate": certificate,
        "plain_allowed": plain,
        "may_store": store,
        "may_query": query,
        "active": active,
        "host": host,
        "port": port,
        "modality": modality,
        "room": room,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _titled(found: list[SeenDevice], ae_title: str) -> SeenDevice:
    for each in found:
        if each.device.ae_title == ae_title.strip():
            return each
    raise UnknownDevice("There is no device with this AE title.")


def _row(seen: SeenDevice) -> tuple[str, ...]:
    device, contact = seen.device, seen.contact
    may = " ".join(word for word, ticked in (("store", device.may_store), ("query", device.may_query)) if ticked)
    last = contact.last_seen_at if contact else None
    return (
        device.ae_title,
        device.name,
        " ".join(str(each) for each in device.networks)
        or ("anywhere" if device.certificate else "where strangers may"),
        (device.certificate or "")[:16],
        may if device.active else "nothing: inactive",
        "never" if last is None else f"{last:%Y-%m-%d %H:%M}",
    )


def _as_json(seen: SeenDevice) -> dict[str, object]:
    return dataclasses.asdict(seen.device) | {"last_seen_at": seen.contact and seen.contact.last_seen_at}
