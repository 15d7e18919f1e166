"""The fields of a device as people give them, and as they are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from isocenter.access.devices.errors import InvalidDevice
from isocenter.standards.dicom.ae_titles import check_ae_title
from isocenter.standards.dicom.character_sets import character_set

Network = IPv4Network | IPv6Network

EVERY_OTHER: Final = "*"
MOST_NETWORKS: Final = 32
WIDEST_NETWORK: Final = {4: 8, 6: 32}
"""The shortest prefix: a device that may call from everywhere would claim the calls of all others of its title."""
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,253}[A-Za-z0-9])?|::1|::")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


def checked(values: Mapping[str, object]) -> dict[str, object]:
    """The given fields as they are stored. Raises InvalidDevice, InvalidAeTitle."""
    fields: dict[str, object] = {}
    for name, value in values.items():
        check = _CHECKS.get(name)
        if check is None:
            raise InvalidDevice("A device has no such field.", field=name)
        fields[name] = check(value)
    return fields


def check_whole(fields: Mapping[str, object]) -> None:
    """Raise InvalidDevice for fields that do not go together. fields: a whole device as it would be stored."""
    if not fields["plain_allowed"] and fields["certificate"] is None:
        raise InvalidDevice("A device that may not call without TLS needs a certificate.", field="certificate")
    if fields["certificate"] is not None and fields["plain_allowed"] and not fields["networks"]:
        raise InvalidDevice("Calls without TLS are allowed from networks only: name them.", field="networks")
    if fields["host"] and fields["port"] is None:
        raise InvalidDevice("A device that listens has a port.", field="port")


def defined_term(value: object) -> str | None:
    """Defined terms joined by backslashes, as written in (0008,0005), in their usual spelling. Raises InvalidDevice."""
    term = str(value or "").strip()
    if not term:
        return None
    found = character_set(term.encode("ascii", "replace"))
    if not found.known or len(term) > 128:
        message = "This is no defined term of Specific Character Set, such as GB18030 or ISO_IR 192."
        raise InvalidDevice(message, field="default_character_set")
    return "\\".join(found.terms)


def issuer_of_patient_id(value: object) -> str | None:
    """An issuer (PS3.5 6.2, VR LO), None for none. Raises InvalidDevice."""
    return _text("issuer_of_patient_id", value) or None


def network(text: str) -> Network:
    """An address or a network in CIDR notation. Raises InvalidDevice."""
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        raise InvalidDevice("A network is an IP address, such as 10.1.2.3 or 10.1.2.0/24.", field="networks") from None
    if found.prefixlen < WIDEST_NETWORK[found.version]:
        message = f"This network is too wide; /{WIDEST_NETWORK[found.version]} is the widest."
        raise InvalidDevice(message, field="networks")
    return found


def _networks(value: object) -> list[Network]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidDevice("The networks are a list.", field="networks")
    found = list(dict.fromkeys(network(str(each)) for each in value))
    if len(found) > MOST_NETWORKS:
        raise InvalidDevice(f"A device has at most {MOST_NETWORKS} networks.", field="networks")
    return found


def _text(field: str, value: object, longest: int = 64) -> str:
    text = str(value or "").strip()
    if len(text) > longest or "\\" in text or not (text.isprintable() or not text):
        raise InvalidDevice(f"{field} is up to {longest} printable characters without backslash.", field=field)
    return text


def _name(value: object) -> str:
    text = _text("name", value)
    if not text:
        raise InvalidDevice("A device has a name.", field="name")
    return text


def _ae_title(value: object) -> str:
    title = check_ae_title(str(value))
    if title == EVERY_OTHER:
        raise InvalidDevice("* stands for every sender and is no device.", field="ae_title")
    return title


def _certificate(value: object) -> str | None:
    text = re.sub("[^0-9a-f]", "", str(value or "").lower().removeprefix("sha256").removeprefix("-"))
    if value and _FINGERPRINT.fullmatch(text) is None:
        message = "A certificate is given by its SHA-256 fingerprint: 64 hexadecimal digits."
        raise InvalidDevice(message, field="certificate")
    return text or None


def _host(value: object) -> str:
    text = str(value or "").strip()
    if text and _HOST.fullmatch(text) is None:
        raise InvalidDevice("The host is a name or an IP address.", field="host")
    return text


def _number(field: str, highest: int, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= highest:
        raise InvalidDevice(f"{field} is a number from 1 to {highest}.", field=field)
    return value


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidDevice(f"{field} is yes or no.", field=field)
    return value


def _modality(value: object) -> str:
    text = str(value or "").strip().upper()
    if text and not re.fullmatch("[A-Z0-9_ ]{1,16}", text):
        raise InvalidDevice("A modality is a defined term such as CT or MR.", field="modality")
    return text


_CHECKS: Final[dict[str, Callable[[object], object]]] = {
    "name": _name,
    "ae_title": _ae_title,
    "department_id": lambda value: _number("department_id", 2**31 - 1, value),
    "networks": _networks,
    "certificate": _certificate,
    "plain_allowed": lambda value: _flag("plain_allowed", value),
    "may_store": lambda value: _flag("may_store", value),
    "may_query": lambda value: _flag("may_query", value),
    "active": lambda value: _flag("active", value),
    "host": _host,
    "port": lambda value: _number("port", 65535, value),
    "tls": lambda value: _flag("tls", value),
    "modality": _modality,
    "room": lambda value: _text("room", value),
    "manufacturer": lambda value: _text("manufacturer", value),
    "station_name": lambda value: _text("station_name", value, 16),
    "default_character_set": defined_term,
    "issuer_of_patient_id": issuer_of_patient_id,
}
