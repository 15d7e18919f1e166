"""Destinations: where this institution sends objects, kept as data with an audit trail, changed at run time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.exchange.peers import Echo, Peer, peer_of
from isocenter.index import destinations as index
from isocenter.index.destinations import Destination
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Invalid, IsocenterError, NotFound
from isocenter.standards.dicom.ae_titles import check_ae_title

MAX_ASSOCIATIONS: Final = 8
TRANSFER_SYNTAXES: Final = ("stored", "decoded")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,253}[A-Za-z0-9])?|::1|::")


class UnknownDestination(NotFound):
    """The caller's institution has no such destination."""

    reason = "unknown-destination"


class InvalidDestination(Invalid):
    """A field of a destination is not what it must be; `field` names it."""

    reason = "invalid-destination"


@dataclass(frozen=True, slots=True)
class EchoAnswer:
    """Whether a peer answered C-ECHO; reason: a stable word, message a sentence when not. ms: time it took."""

    ok: bool
    reason: str | None
    message: str | None
    ms: int


def list_destinations(caller: Caller, database: Database) -> list[Destination]:
    """All of the caller's institution, by name. Raises Refused."""
    caller.require(Right.SEND)
    with database.transaction(caller.institution_id) as connection:
        return index.destinations(connection)


def destination_named(caller: Caller, database: Database, name: str) -> Destination:
    """The destination that people call so, or whose AE title it is. Raises Refused, UnknownDestination."""
    caller.require(Right.SEND)
    with database.transaction(caller.institution_id) as connection:
        found = index.destination_by_name(connection, name) or index.destination_by_ae(connection, name)
    return _there(found)


def add_destination(caller: Caller, database: Database, values: Mapping[str, object]) -> Destination:
    """A new destination. values: name, ae_title, host, port, and what else of `checked` applies.

    Raises Refused, InvalidDestination, InvalidAeTitle, DestinationExists.
    """
    caller.require(Right.MANAGE_DESTINATIONS)
    for needed in ("name", "ae_title", "host", "port"):
        if needed not in values:
            raise InvalidDestination(f"A destination needs a {needed}.", field=needed)
    fields = checked(values)
    with database.transaction(caller.institution_id) as connection:
        made = index.insert_destination(connection, fields)
        _record(connection, caller, audit.Action.DESTINATION_ADDED, made)
    return made


def change_destination(
    caller: Caller, database: Database, destination_id: int, values: Mapping[str, object]
) -> Destination:
    """Change the given fields. Raises as add_destination does, and UnknownDestination."""
    caller.require(Right.MANAGE_DESTINATIONS)
    fields = checked(values)
    with database.transaction(caller.institution_id) as connection:
        before = _there(index.destination_by_id(connection, destination_id))
        if fields.get("availability_since") is not None and before.availability_since is not None:
            del fields["availability_since"]  # it has been told all along
        changed = _there(index.update_destination(connection, destination_id, fields))
        _record(connection, caller, audit.Action.DESTINATION_CHANGED, changed)
    return changed


def remove_destination(caller: Caller, database: Database, destination_id: int) -> None:
    """Forget a destination; what still waits for it fails. Raises Refused, UnknownDestination."""
    caller.require(Right.MANAGE_DESTINATIONS)
    with database.transaction(caller.institution_id) as connection:
        removed = _there(index.delete_destination(connection, destination_id))
        _record(connection, caller, audit.Action.DESTINATION_REMOVED, removed)


def echo_destination(caller: Caller, database: Database, echo: Echo, destination_id: int) -> EchoAnswer:
    """Ask a destination, now, whether it answers. Raises Refused, UnknownDestination; not for a peer that does not."""
    caller.require(Right.SEND)
    with database.transaction(caller.institution_id) as connection:
        destination = _there(index.destination_by_id(connection, destination_id))
    return echo_of(echo, peer_of(destination))


def echo_of(echo: Echo, peer: Peer) -> EchoAnswer:
    """What came of a C-ECHO, and how long it took."""
    begun = time.monotonic()
    try:
        echo(peer)
    except IsocenterError as error:
        return EchoAnswer(False, error.reason, error.message, _ms_since(begun))
    return EchoAnswer(True, None, None, _ms_since(begun))


def checked(values: Mapping[str, object]) -> dict[str, object]:
    """Fields of a destination as they are stored; notify_availability becomes availability_since.

    Raises InvalidDestination, InvalidAeTitle.
    """
    fields: dict[str, object] = {}
    for name, value in values.items():
        if name == "notify_availability":
            fields["availability_since"] = utc_now() if value else None
        else:
            check = _CHECKS.get(name)
            if check is None:
                raise InvalidDestination("A destination has no such field.", field=name)
            fields[name] = check(value)
    return fields


def _there(found: Destination | None) -> Destination:
    if found is None:
        raise UnknownDestination("There is no such destination.")
    return found


def _record(connection: Connection, caller: Caller, action: audit.Action, destination: Destination) -> None:
    """What the destination is now: an address that changes tells where objects went from then on."""
    audit.record(
        connection,
        caller,
        action,
        destination_id=destination.destination_id,
        ae_title=destination.ae_title,
        host=destination.host,
        port=destination.port,
        send_allowed=destination.send_allowed,
        tls=destination.tls,
        certificate=destination.certificate,
    )


def _ms_since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def _name(value: object) -> str:
    text = str(value).strip()
    if not 0 < len(text) <= 64 or not text.isprintable():
        raise InvalidDestination("A destination's name is 1 to 64 characters.", field="name")
    return text


def _host(value: object) -> str:
    text = str(value).strip()
    if _HOST.fullmatch(text) is None:
        raise InvalidDestination("The host is a name or an IP address.", field="host")
    return text


def _between(field: str, low: int, high: int, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidDestination(f"{field} is a number from {low} to {high}.", field=field)
    return value


def _transfer_syntaxes(value: object) -> str:
    if value not in TRANSFER_SYNTAXES:
        raise InvalidDestination("transfer_syntaxes is stored or decoded.", field="transfer_syntaxes")
    return str(value)


def _certificate(value: object) -> str | None:
    """As people write it too: with colons, in capitals."""
    text = str(value or "").replace(":", "").strip().lower()
    if text and _FINGERPRINT.fullmatch(text) is None:
        raise InvalidDestination("The certificate is its SHA-256 fingerprint: 64 hex digits.", field="certificate")
    return text or None


_CHECKS: Final[dict[str, Callable[[object], object]]] = {
    "name": _name,
    "ae_title": lambda value: check_ae_title(str(value)),
    "host": _host,
    "port": lambda value: _between("port", 1, 65535, value),
    "calling_ae_title": lambda value: check_ae_title(str(value)) if str(value).strip() else "",
    "transfer_syntaxes": _transfer_syntaxes,
    "associations": lambda value: _between("associations", 1, MAX_ASSOCIATIONS, value),
    "send_allowed": bool,
    "tls": bool,
    "certificate": _certificate,
}
