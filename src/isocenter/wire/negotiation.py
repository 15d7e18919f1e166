"""Association negotiation (PS3.8 7.1, PS3.7 Annex D): whether a request is accepted, and what of each context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, Protocol

from isocenter.standards.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.standards.dicom.uids import DICOM_APPLICATION_CONTEXT
from isocenter.wire.pdu import (
    APPLICATION_CONTEXT_NOT_SUPPORTED,
    CALLED_AE_TITLE_NOT_RECOGNIZED,
    CALLING_AE_TITLE_NOT_RECOGNIZED,
    NO_COMMON_GROUND,
    PROTOCOL_VERSION_NOT_SUPPORTED,
    AnsweredContext,
    AssociateRequest,
    ContextResult,
    ProposedContext,
    Rejection,
    RoleSelection,
    legal_ae_title,
)
from isocenter.wire.service import CallsBack, Service

SMALLEST_PDU_BYTES: Final = 128
"""A peer that receives less than this at a time is refused: answering it would cost a PDU per few bytes."""

Network = IPv4Network | IPv6Network


class Admits(Protocol):
    """Decides who may associate."""

    def admit(self, request: AssociateRequest, address: str, certificate: str | None = None) -> Rejection | Admitted:
        """Why the request is rejected, or who it was found to come from. certificate: as in Peer.

        Called on the thread that accepts all connections: it must not wait for anything.
        """


@dataclass(frozen=True, slots=True)
class Admitted:
    """who: what the peer is to the doors, of no meaning here (`Peer.who`)."""

    who: object = None


@dataclass(frozen=True, slots=True)
class Admission:
    """Anybody may associate who names this AE title and calls from these networks."""

    ae_title: str
    accept_from: tuple[Network, ...]

    def admit(self, request: AssociateRequest, address: str, certificate: str | None = None) -> Rejection | Admitted:
        """As Admits."""
        return self.rejection(request, address, certificate) or Admitted()

    def rejection(
        self,
        request: AssociateRequest,
        address: str,
        certificate: str | None = None,  # noqa: ARG002 - who shows which is of no matter here
    ) -> Rejection | None:
        """Why the request is rejected; None when it is not."""
        impossible = unsupported(request)
        if impossible is not None:
            return impossible
        if request.called_ae_title != self.ae_title:
            return CALLED_AE_TITLE_NOT_RECOGNIZED
        if not is_within(address, self.accept_from):
            return CALLING_AE_TITLE_NOT_RECOGNIZED
        return None


def unsupported(request: AssociateRequest) -> Rejection | None:
    """Why a request is rejected whoever it comes from; None when it is not."""
    for refused, rejection in (
        (not request.protocol_version & 1, PROTOCOL_VERSION_NOT_SUPPORTED),
        (request.application_context != DICOM_APPLICATION_CONTEXT, APPLICATION_CONTEXT_NOT_SUPPORTED),
        (not legal_ae_title(request.calling_ae_title), CALLING_AE_TITLE_NOT_RECOGNIZED),
        (0 < request.user.max_pdu_bytes < SMALLEST_PDU_BYTES, NO_COMMON_GROUND),
    ):
        if refused:
            return rejection
    return None


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks. An IPv4 address mapped into IPv6 is the IPv4 one."""
    parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed.version == network.version and parsed in network for network in networks)


def answer_contexts(request: AssociateRequest, services: Sequence[Service]) -> tuple[AnsweredContext, ...]:
    """What becomes of each proposed context; an accepted one has the transfer syntax that its service chose."""
    return tuple(_answer(context, services) for context in request.contexts)


def answer_extended(
    request: AssociateRequest, contexts: Sequence[AnsweredContext], services: Sequence[Service]
) -> list[tuple[str, bytes]]:
    """Answers to SOP class extended negotiation, for accepted SOP classes whose service has one."""
    accepted = {context.abstract_syntax for context in contexts if context.result is ContextResult.ACCEPTANCE}
    answers = []
    for sop_class_uid, information in request.user.extended:
        service = service_for(sop_class_uid, services) if sop_class_uid in accepted else None
        answer = service.extended_negotiation(sop_class_uid, information) if service else None
        if answer is not None:
            answers.append((sop_class_uid, answer))
    return answers


def answer_roles(
    request: AssociateRequest, contexts: Sequence[AnsweredContext], services: Sequence[Service]
) -> tuple[RoleSelection, ...]:
    """The answer to each role selection for an accepted SOP class (PS3.7 D.3.3.4).

    The peer may be SCP where a service that has an accepted context of its own wants to call it back.
    """
    accepted = {context.abstract_syntax for context in contexts if context.result is ContextResult.ACCEPTANCE}
    calling = [
        service
        for service in services
        if isinstance(service, CallsBack) and any(service.accepts(abstract_syntax) for abstract_syntax in accepted)
    ]
    return tuple(
        RoleSelection(
            role.sop_class_uid, role.scu, role.scp and any(each.calls_back(role.sop_class_uid) for each in calling)
        )
        for role in request.user.roles
        if role.sop_class_uid in accepted
    )


def service_for(abstract_syntax: str, services: Sequence[Service]) -> Service | None:
    """The first service that accepts the abstract syntax."""
    return next((service for service in services if service.accepts(abstract_syntax)), None)


def _answer(context: ProposedContext, services: Sequence[Service]) -> AnsweredContext:
    offered = next(iter(context.transfer_syntaxes), IMPLICIT_VR_LITTLE_ENDIAN)  # of no meaning in a refused context
    service = service_for(context.abstract_syntax, services) if context.abstract_syntax else None
    chosen = service.transfer_syntax(list(context.transfer_syntaxes)) if service else None
    if service is None:
        result = ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
    elif chosen is None:
        result = ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
    else:
        result = ContextResult.ACCEPTANCE
    return AnsweredContext(context.id, result, context.abstract_syntax, chosen or offered)
