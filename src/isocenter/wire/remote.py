"""Who is called and what is asked of them when we are the requestor: values, errors, and the connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from isocenter.kit.errors import Exhausted, Invalid, IsocenterError, Refused
from isocenter.standards.dicom.dimse import CommandSet, Element, MalformedCommandSet
from isocenter.standards.dicom.uids import printable
from isocenter.wire.pdu import InvalidPdu, PduType, legal_ae_title
from isocenter.wire.pdu import ProposedContext as NumberedContext
from isocenter.wire.reading import AssociationEnded
from isocenter.wire.tls import TlsClient, be_patient

MAX_PROPOSED_CONTEXTS: Final = 128


class AssociationRefused(Refused):
    """The peer does not want this association. transient: it may later (PS3.8 9.3.4)."""

    reason = "association-refused"

    def __init__(self, message: str, *, transient: bool, **fields: object) -> None:
        super().__init__(message, **fields)
        self.transient = transient


class NoAcceptedContext(Refused):
    """The peer takes nothing of this SOP class in this transfer syntax; the association goes on."""

    reason = "no-accepted-context"


class PeerAway(Exhausted):
    """The peer cannot be reached, fell silent, or ended the association in the middle."""

    reason = "peer-away"


class PeerNotSecure(Exhausted):
    """No TLS with the peer: it does not speak it, or one of us does not accept the other's certificate."""

    reason = "peer-not-secure"


class PeerMisbehaved(Invalid):
    """The peer breaks the protocol; the association has been aborted."""

    reason = "peer-misbehaved"


class Role(Enum):
    """Which part we want to play for a SOP class (PS3.7 D.3.3.4); SCU needs no negotiation."""

    SCU = (True, False)
    SCP = (False, True)
    BOTH = (True, True)


@dataclass(frozen=True, slots=True)
class Remote:
    """An application entity to call. answer_timeout_s: the longest silence, and the longest wait for one answer.
    tls: how its connection is secured; None calls in plain text. certificate: fingerprint (as in Peer) of the only
    certificate that is its own; None: any that an authority gave to the host.
    """

    ae_title: str
    host: str
    port: int
    calling_ae_title: str = "ISOCENTER"
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 60.0
    max_pdu_bytes: int = 131072
    tls: TlsClient | None = None
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """One presentation context to propose, and our role in it."""

    abstract_syntax: str
    transfer_syntaxes: Sequence[str]
    role: Role = Role.SCU


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How a C-STORE was answered. succeeded: success or a warning (PS3.4 B.2.3)."""

    status: int
    error_comment: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status == 0 or self.status >> 12 == 0xB or self.status in (0x0001, 0x0107, 0x0116)

    @property
    def warned(self) -> bool:
        return self.succeeded and self.status != 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: its command set, and its data set if it has one."""

    command: CommandSet
    data_set: bytes | None = None

    @property
    def status(self) -> int:
        """(0000,0900)."""
        return self.command.number(Element.STATUS)

    @property
    def is_pending(self) -> bool:
        """Whether more answers follow (FF00, FF01)."""
        return self.status in (0xFF00, 0xFF01)


def numbered_contexts(remote: Remote, contexts: Sequence[ProposedContext]) -> list[NumberedContext]:
    if not 0 < len(contexts) <= MAX_PROPOSED_CONTEXTS:
        raise Invalid("An association proposes 1 to 128 presentation contexts.", contexts=len(contexts))
    for title in (remote.ae_title, remote.calling_ae_title):
        if not legal_ae_title(title):
            raise Invalid("An AE title is 1 to 16 characters of ASCII.", ae_title=printable(title))
    return [
        NumberedContext(2 * index + 1, each.abstract_syntax, tuple(each.transfer_syntaxes))
        for index, each in enumerate(contexts)
    ]


def connected(remote: Remote) -> socket.socket:
    """A blocking connection with time-outs. Raises PeerAway, PeerNotSecure."""
    try:
        connection = socket.create_connection((remote.host, remote.port), timeout=remote.connect_timeout_s)
    except OSError as error:
        cause = "time-out" if isinstance(error, TimeoutError) else "no-connection"
        raise PeerAway("The peer cannot be reached.", ae_title=remote.ae_title, cause=cause) from error
    if remote.tls is not None:
        try:
            connection = remote.tls.secured(connection, remote.host, remote.certificate)
        except OSError as error:
            raise not_secure(error, remote.ae_title) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    be_patient(connection, remote.answer_timeout_s)
    return connection


def address_of(connection: socket.socket) -> str:
    """The peer's IP address; empty when it has gone meanwhile."""
    try:
        return str(connection.getpeername()[0])
    except OSError:
        return ""


def fault_of(error: BaseException, ae_title: str) -> IsocenterError | None:
    """What an error in the middle of an association means for who asked; None: it is not about the peer."""
    if isinstance(error, AssociationEnded):
        return _ended(error, ae_title)
    if isinstance(error, BlockingIOError | TimeoutError):
        return PeerAway("The peer does not answer.", cause="time-out", ae_title=ae_title)
    if isinstance(error, ssl.SSLError):
        return not_secure(error, ae_title)
    if isinstance(error, EOFError | OSError):
        return PeerAway("The connection to the peer was lost.", cause="lost", ae_title=ae_title)
    if isinstance(error, InvalidPdu | MalformedCommandSet):
        return PeerMisbehaved(error.message, ae_title=ae_title, **error.fields)
    return None


def not_secure(error: BaseException, ae_title: str) -> PeerNotSecure:
    """The error of a handshake, or of what comes next: TLS 1.3 learns only there that our certificate is refused."""
    words = (getattr(error, name, None) for name in ("verify_message", "reason", "strerror"))
    cause = next((str(word) for word in words if word), "") or str(error) or type(error).__name__
    return PeerNotSecure("There is no secure connection with the peer.", ae_title=ae_title, cause=cause[:120])


def _ended(ended: AssociationEnded, ae_title: str) -> IsocenterError:
    if ended.pdu_type == PduType.ABORT:
        return PeerAway(
            "The peer aborted the association.",
            cause="aborted",
            source=ended.source,
            code=ended.code,
            ae_title=ae_title,
        )
    if ended.pdu_type == PduType.RELEASE_RQ:
        return PeerAway("The peer released before it had answered.", cause="released", ae_title=ae_title)
    return PeerMisbehaved("The peer sends a PDU out of turn.", pdu_type=ended.pdu_type, ae_title=ae_title)
