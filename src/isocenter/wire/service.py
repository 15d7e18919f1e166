"""What a door must be to stand behind the upper layer: a service takes requests, a message takes one of them.

A message that is answered once has `finish`; one that is answered many times is a `Conversation` and has `respond`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from isocenter.standards.dicom.dimse import CommandSet
from isocenter.wire.pdu import AnsweredContext


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of an association. address: IP address as text. AE titles: legal, without padding.

    extended: our answers to SOP class extended negotiation (PS3.7 D.3.3.5), by SOP class. certificate: SHA-256 of the
    certificate that it proved to hold (DER), 64 lower-case hex digits; None without TLS. who: what admission found it
    to be, for the doors; of no meaning on this floor.
    """

    calling_ae_title: str
    called_ae_title: str
    address: str
    implementation_version_name: str = ""
    extended: tuple[tuple[str, bytes], ...] = ()
    certificate: str | None = None
    who: object = None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer ready to be sent: the encoded command set, its data set if it has one, and whether the peer got what it
    asked for.
    """

    command_set: bytes
    succeeded: bool
    data_set: bytes | None = None


class Message(Protocol):
    """One request while its data set arrives. Exactly one of `finish` and `abandon` ends it.

    An error about the object is the service's own affair and becomes a response; whatever these methods raise ends
    the association.
    """

    def write(self, chunk: memoryview) -> None:
        """Take the next bytes of the data set; the memory is reused after the call."""

    def finish(self) -> Response:
        """The request is whole: do it and answer. Blocks as long as it takes."""

    def abandon(self) -> None:
        """The association broke before the request was whole."""


class ConversationOver(Exception):
    """The association ended while a request was being answered. Raised by a Channel; let it pass."""


@dataclass(frozen=True, slots=True)
class SubOperation:
    """How the peer answered a C-STORE of ours on its own association."""

    status: int
    error_comment: str = ""


class Channel(Protocol):
    """How a Conversation answers. Every method raises ConversationOver when the association has ended or must end."""

    @property
    def cancelled(self) -> bool:
        """Whether a C-CANCEL-RQ of this request has come; looks without waiting."""

    def wait(self, seconds: float) -> bool:
        """Wait so long for a C-CANCEL-RQ; returns as `cancelled` does, at once when it comes."""

    def send(self, command_set: bytes, *data_sets: bytes) -> None:
        """Responses that are not the last one, together: one for each data set, or one that has none."""

    def storage_contexts(self, sop_class_uid: str) -> Sequence[AnsweredContext]:
        """The contexts in which the peer takes such objects on this association (its role there is SCP)."""

    def store(
        self, context: AnsweredContext, sop_instance_uid: str, pieces: Iterable[bytes | memoryview]
    ) -> SubOperation:
        """C-STORE to the peer on this association (PS3.4 C.4.3.2): a data set in the context's transfer syntax."""


class Conversation:
    """One request that is answered many times: `respond` or `abandon` ends it. As with Message, what it raises ends
    the association. A base class and no protocol, so that telling them apart costs the hot path nothing.
    """

    def write(self, chunk: memoryview) -> None:
        """Take the next bytes of the data set; the memory is reused after the call."""
        raise NotImplementedError

    def respond(self, channel: Channel) -> Response:
        """The request is whole: do it, answer through the channel, and return the last answer."""
        raise NotImplementedError

    def abandon(self) -> None:
        """The association broke before the request was answered."""


class Service(Protocol):
    """One DIMSE service. Called from the threads of many associations."""

    command_field: int
    """The request that it takes (PS3.7 E.1-1)."""

    def accepts(self, abstract_syntax: str) -> bool:
        """Whether presentation contexts of this abstract syntax are accepted for it."""

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        """Which of the proposed transfer syntaxes it takes; None refuses the context."""

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:
        """The answer to a SOP class extended negotiation (PS3.7 D.3.3.5); None gives no answer."""

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> Message | Conversation:
        """Begin to take one request."""


@runtime_checkable
class CallsBack(Protocol):
    """A service that sends requests of its own on the association that was accepted."""

    def calls_back(self, abstract_syntax: str) -> bool:
        """Whether it wants the peer as SCP of that abstract syntax (PS3.7 D.3.3.4)."""
