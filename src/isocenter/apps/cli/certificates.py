"""`isocenter certificates`: what the web server and the DICOM listener show, and whose certificates are accepted.

Works on the files of the home, whether or not Isocenter runs; what concerns an institution needs it running, because it
is recorded.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.table import Table

from isocenter.apps.cli.options import JsonOption
from isocenter.apps.cli.running import Running, homes_to_try, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json
from isocenter.apps.home import make_home
from isocenter.kit.errors import Invalid

if TYPE_CHECKING:
    from isocenter.access.caller import Caller
    from isocenter.access.certificates.facts import Facts
    from isocenter.access.certificates.issuing import PublicKey
    from isocenter.access.certificates.store import CertificateStore

app = typer.Typer()

HostOption = Annotated[
    list[str] | None, typer.Option("--host", help="A name or address that it is reached at; may be repeated.")
]
FileArgument = Annotated[Path, typer.Argument(help="PEM file.", exists=True, dir_okay=False)]
FingerprintArgument = Annotated[str, typer.Argument(help="SHA-256 fingerprint, or its first 8 digits or more.")]
WholeNodeOption = Annotated[bool, typer.Option("--whole-node", help="For every institution; authorities only so.")]
OWN_NAMES = ("web", "dicom")


class NotThere(Invalid):
    """A file or an argument that cannot be used."""

    reason = "invalid-argument"


@app.command()
def init(
    name: Annotated[str, typer.Option(help="What the authority is called.")] = "Isocenter authority",
    host: HostOption = None,
    with_rsa: Annotated[bool, typer.Option("--rsa", help="RSA keys, for devices that know no other.")] = False,
) -> None:
    """Make an authority of our own, and certificates for the web server and the DICOM listener."""
    from isocenter.access.certificates import verbs

    store, operator = _here()
    hosts = tuple(host) if host else _names_of_this_machine()
    _record(verbs.init(store, operator, name, hosts, with_rsa=with_rsa))
    out.print(f"Made {store.folder}, for {', '.join(hosts)}.", markup=False)
    err.print("Browsers and devices must trust its authority: `isocenter certificates authority` prints it.")
    err.print("Set ISOCENTER_HTTP_TLS=on and ISOCENTER_DICOM_TLS_PORT=2762, and start again.", markup=False)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Every certificate, and how long it is good for."""
    from isocenter.access.certificates import verbs
    from isocenter.kit.clock import utc_now

    store, operator = _here()
    found = verbs.certificates(store, operator)
    if as_json:
        tell_json([_as_json(each) for each in found])
        return
    table = Table("For", "Name", "State", "Until", "Institution", "SHA-256")
    for each in found:
        whose = "" if each.institution_id is None else str(each.institution_id)
        until = each.not_after.strftime("%Y-%m-%d")
        table.add_row(each.kind, each.name, each.state(utc_now()), until, whose, each.fingerprint[:12])
    out.print(table)


@app.command()
def authority() -> None:
    """Print our authority's certificate (PEM), for browsers and devices to trust."""
    from isocenter.access.certificates.issuing import pem_of

    store, _ = _here()
    sys.stdout.write(pem_of(store.authority().certificate).decode())


@app.command()
def issue(
    name: Annotated[str, typer.Argument(help="Whose it is, such as its AE title.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")] = Path(),
    request: Annotated[
        Path | None, typer.Option(help="Signing request of the device: its key then never leaves it.")
    ] = None,
    host: HostOption = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 825,
    with_rsa: Annotated[bool, typer.Option("--rsa", help="An RSA key.")] = False,
) -> None:
    """Issue a certificate for a device: NAME.pem, NAME.key (unless it sent a request), authority.pem."""
    from isocenter.access.certificates import verbs
    from isocenter.access.certificates.issuing import Subject, fingerprint, new_key, pem_of, pem_of_key
    from isocenter.access.certificates.issuing import request_from_pem as read
    from isocenter.access.certificates.store import write_private

    with _running_here() as (store, running):
        key = new_key(with_rsa=with_rsa)
        public = cast("PublicKey", read(_text(request)).public_key()) if request else key.public_key()
        hosts = tuple(host or ())
        subject = Subject(name, hosts, serves=bool(hosts))
        output.mkdir(parents=True, exist_ok=True)
        made = verbs.issue(store, running.database, running.caller, subject, public, days)
        if request is None:
            write_private(output / f"{name}.key", pem_of_key(key))
        (output / f"{name}.pem").write_bytes(pem_of(made))
        (output / "authority.pem").write_bytes(pem_of(store.authority().certificate))
    out.print(f"{output / name}.pem, SHA-256 {fingerprint(made)}", markup=False)


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="web or dicom.")],
    certificate: FileArgument,
    key: Annotated[Path, typer.Argument(help="Its private key, PEM, without a password.", exists=True)],
) -> None:
    """Show a certificate of another authority; the file holds ours first, then those between. No restart is needed."""
    from isocenter.access.certificates import verbs
    from isocenter.access.certificates.facts import Kind

    store, operator = _here()
    if kind not in OWN_NAMES:
        raise NotThere("A certificate of ours is for web or dicom.")
    shown = verbs.show(store, operator, Kind(kind), _text(certificate), key.read_bytes())
    _record([shown])
    out.print(f"{shown.kind}: {shown.name}, good until {shown.not_after:%Y-%m-%d}.", markup=False)


@app.command()
def trust(certificate: FileArgument, whole_node: WholeNodeOption = False) -> None:
    """Accept a certificate that was made elsewhere, such as a device's own."""
    from isocenter.access.certificates import verbs

    with _running_here() as (store, running):
        for each in verbs.trust(store, running.database, running.caller, _text(certificate), whole_node=whole_node):
            out.print(f"{each.name} is trusted, SHA-256 {each.fingerprint}.", markup=False)


@app.command()
def distrust(fingerprint: FingerprintArgument) -> None:
    """Accept a certificate no longer that was made elsewhere."""
    from isocenter.access.certificates import verbs

    with _running_here() as (store, running):
        found = _one(store, fingerprint)
        verbs.stop_trusting(store, running.database, running.caller, found.fingerprint)
    out.print(f"{found.name} is not trusted any more.", markup=False)


@app.command()
def revoke(fingerprint: FingerprintArgument) -> None:
    """Refuse a device's certificate from the next connection on, for ever."""
    from isocenter.access.certificates import verbs

    with _running_here() as (store, running):
        found = verbs.revoke(store, running.database, running.caller, _one(store, fingerprint).fingerprint)
    out.print(f"{found.name} is revoked.", markup=False)


@app.command()
def renew(
    kinds: Annotated[
        list[str] | None, typer.Argument(help="web, dicom; both when left out.", metavar="[KIND]...")
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Only what ends within 30 days.")] = False,
) -> None:
    """Issue again what we show, with new keys; no connection is dropped. The worker does it by itself."""
    from isocenter.access.certificates import verbs
    from isocenter.access.certificates.facts import Kind

    store, operator = _here()
    if set(kinds or ()) - set(OWN_NAMES):
        raise NotThere("A certificate of ours is for web or dicom.")
    wanted = tuple(Kind(each) for each in kinds or OWN_NAMES)
    renewed = verbs.renew(store, operator, wanted, due_only=due)
    _record(renewed)
    for each in renewed:
        out.print(f"{each.kind}: good until {each.not_after:%Y-%m-%d}.", markup=False)
    if not renewed:
        err.print("Nothing to renew: what was imported is renewed where it came from.")


def _here() -> tuple[CertificateStore, Caller]:
    """The certificates of the running home, or of the usual one; and who asks."""
    from isocenter.access.caller import system_caller
    from isocenter.access.certificates.store import store_of
    from isocenter.apps.home import is_running

    homes = homes_to_try()
    home = next((each for each in homes if is_running(each)), homes[0])
    make_home(home)
    return store_of(home), system_caller(0, "command-line")


def _record(shown: Sequence[Facts]) -> None:
    """In the audit trail, when Isocenter runs; before its first start there is none."""
    from isocenter.access.certificates.verbs import record_shown
    from isocenter.apps.home import is_running

    if any(is_running(home) for home in homes_to_try()):
        with running_isocenter() as running:
            record_shown(running.database, running.caller, shown)


@contextmanager
def _running_here() -> Iterator[tuple[CertificateStore, Running]]:
    from isocenter.access.certificates.store import store_of

    with running_isocenter() as running:
        yield store_of(running.settings.home), running


def _one(store: CertificateStore, beginning: str) -> Facts:
    """The certificate whose fingerprint begins so."""
    wanted = beginning.replace(":", "").lower()
    found = [each for each in store.everything() if len(wanted) >= 8 and each.fingerprint.startswith(wanted)]
    if len(found) != 1:
        raise NotThere("No certificate, or more than one, has a fingerprint that begins so.")
    return found[0]


def _names_of_this_machine() -> tuple[str, ...]:
    names = (socket.gethostname(), socket.getfqdn(), "localhost", "127.0.0.1", "::1")
    return tuple(dict.fromkeys(each for each in names if each))


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise NotThere(f"{path} cannot be read as PEM: {error}.") from None


def _as_json(facts: Facts) -> dict[str, Any]:
    from dataclasses import asdict

    from isocenter.kit.clock import utc_now

    return {**asdict(facts), "state": facts.state(utc_now())}
