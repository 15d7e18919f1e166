"""Asking a device, now, whether it answers (C-ECHO, PS3.4 Annex A)."""

from __future__ import annotations

from isocenter.access.caller import Caller
from isocenter.access.devices.devices import called_ae_title_of, device_of
from isocenter.access.devices.errors import InvalidDevice
from isocenter.domain.exchange.destinations import EchoAnswer, echo_of
from isocenter.domain.exchange.peers import Echo, Peer
from isocenter.index.devices import Device
from isocenter.kit.database import Database


def echo_device(
    caller: Caller, database: Database, echo: Echo, device_id: int, institution_id: int | None = None
) -> EchoAnswer:
    """Raises Refused, UnknownInstitution, UnknownDevice, InvalidDevice for one that listens nowhere; not for one that
    does not answer. It hears the institution's own AE title when there is one.
    """
    device = device_of(database, caller, device_id, institution_id).device
    ours = called_ae_title_of(database, caller, institution_id)
    certificate = device.certificate if device.tls else None
    peer = Peer(device.ae_title, _host(device), device.port or 0, ours or "", tls=device.tls, certificate=certificate)
    return echo_of(echo, peer)


def _host(device: Device) -> str:
    """Where it listens: as entered, or its one address."""
    if device.port is None:
        raise InvalidDevice("It is not known where this device listens: enter its port.", field="port")
    if device.host:
        return device.host
    single = [each for each in device.networks if each.num_addresses == 1]
    if len(single) != 1:
        raise InvalidDevice("It is not known where this device listens: enter its host.", field="host")
    return str(single[0].network_address)
