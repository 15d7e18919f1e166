"""Who may associate, and as whom (PS3.8 7.1.1): the door's side of the register of devices.

The decision is made once, when an association is requested; everything that is asked on it is asked by that caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex
from typing import Protocol

from isocenter.access.audit import ADDRESS
from isocenter.access.caller import Caller
from isocenter.access.devices.register import AdmittedCaller, Because, Call, RejectedCall
from isocenter.kit.errors import Refused
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.uids import printable
from isocenter.wire.negotiation import Admitted, unsupported
from isocenter.wire.pdu import (
    CALLED_AE_TITLE_NOT_RECOGNIZED,
    CALLING_AE_TITLE_NOT_RECOGNIZED,
    AssociateRequest,
    Rejection,
)
from isocenter.wire.service import Peer

log = get_logger(__name__)

CallerOf = Callable[[Peer], Caller]
"""Who an application entity is to us, and in which role."""


class NotAdmitted(Refused):
    """The association was not admitted as that of anybody."""

    reason = "not-admitted"


class Deciding(Protocol):
    """What of the DeviceWatch this door uses."""

    def admit(self, call: Call) -> AdmittedCaller | RejectedCall: ...


class DeviceAdmission:
    """Admits the associations of devices, and of strangers where these may call. Each is a sitting in the trail."""

    def __init__(self, devices: Deciding) -> None:
        self._devices = devices

    def admit(self, request: AssociateRequest, address: str, certificate: str | None = None) -> Rejection | Admitted:
        """As wire.negotiation.Admits. The caller learns only which of the two titles is not recognized."""
        impossible = unsupported(request)
        if impossible is not None:
            return impossible
        call = Call(request.calling_ae_title, request.called_ae_title, address, certificate)
        decided = self._devices.admit(call)
        if isinstance(decided, AdmittedCaller):
            return Admitted(replace(decided, caller=replace(decided.caller, sitting=token_hex(8))))
        log.warning(
            "association.not-admitted",
            because=str(decided.because),
            calling_ae_title=printable(call.calling_ae_title, 16),
            called_ae_title=printable(call.called_ae_title, 16),
            address=address,
            certificate=certificate,
        )
        if decided.because is Because.UNKNOWN_CALLED_AE_TITLE:
            return CALLED_AE_TITLE_NOT_RECOGNIZED
        return CALLING_AE_TITLE_NOT_RECOGNIZED


def admitted_caller(peer: Peer) -> Caller:
    """Who the peer of an association was admitted as. Raises NotAdmitted."""
    if not isinstance(peer.who, AdmittedCaller):
        raise NotAdmitted("This association is nobody's.")
    ADDRESS.set(peer.address)  # for the trail: an association has a thread of its own
    return peer.who.caller
