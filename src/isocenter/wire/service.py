"""What a door must be to stand behind the upper layer: a service takes requests, a message takes one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from isocenter.standards.dicom.dimse import CommandSet
from isocenter.wire.pdu import AnsweredContext


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of an association. address: IP address as text. AE titles: legal, without padding."""

    calling_ae_title: str
    called_ae_title: str
    address: str
    implementation_version_name: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer ready to be sent: the encoded command set, and whether the peer got what it asked for."""

    command_set: bytes
    succeeded: bool


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

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> Message:
        """Begin to take one request."""
