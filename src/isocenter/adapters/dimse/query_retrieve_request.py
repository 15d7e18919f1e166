"""What C-FIND, C-MOVE and C-GET have in common: contexts, the identifier on its way in, level, keys, refusals."""

from __future__ import annotations

from dataclasses import dataclass

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.dimse.admission import CallerOf
from isocenter.adapters.dimse.status import offending_element_of
from isocenter.delivery.library import Library
from isocenter.kit.errors import Exhausted, Invalid, IsocenterError, Refused
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.dimse import CommandSet, Status, encode_response
from isocenter.standards.dicom.identifiers import (
    MAX_IDENTIFIER_BYTES,
    QUERY_RETRIEVE_LEVEL,
    IdentifierKey,
    InvalidIdentifier,
    decode_identifier,
)
from isocenter.standards.dicom.query_retrieve import INFORMATION_MODELS, UNIQUE_KEYS, InformationModel, answer_options
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.service import Channel, Conversation, ConversationOver, Peer, Response

log = get_logger(__name__)

_MATCHED_BY_VALUE = "*?"


class QueryRetrieveScp:
    """One operation of Patient Root, Study Root and the retired Patient/Study Only.

    options: how many bytes of its extended negotiation (PS3.4 C.5.1.1, C.5.2.1, C.5.3.1) are answered.
    """

    command_field: int
    options = 1

    def __init__(self, library: Library, caller_of: CallerOf) -> None:
        self._library = library
        self._caller_of = caller_of

    def accepts(self, abstract_syntax: str) -> bool:
        model = INFORMATION_MODELS.get(abstract_syntax)
        return model is not None and model.operation == self.command_field

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        """What identifiers are exchanged in: explicit VR little endian before implicit."""
        return next((uid for uid in (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN) if uid in proposed), None)

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:  # noqa: ARG002
        return answer_options(information, self.options)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A request's identifier as read: its level, and its keys without the level."""

    model: InformationModel
    level: str
    keys: tuple[IdentifierKey, ...]

    def values(self, tag: int) -> tuple[str, ...]:
        """The values of a key that narrow something down; () when absent or universal."""
        found = next((key.values for key in self.keys if key.tag == tag), ())
        return tuple(value.strip() for value in found if value.strip("* "))

    def single_values(self, tag: int) -> tuple[str, ...]:
        """The values of a unique key. Raises InvalidIdentifier for a wildcard, which nothing can be retrieved by."""
        values = self.values(tag)
        if any(set(_MATCHED_BY_VALUE) & set(value) for value in values):
            raise InvalidIdentifier("A unique key is matched by value only.", tag=_shown(tag))
        return values


def read_identifier(data: bytes, context: AnsweredContext) -> Identifier:
    """The identifier of a request in that context. Raises Invalid."""
    model = INFORMATION_MODELS[context.abstract_syntax]
    keys = decode_identifier(data, context.transfer_syntax)
    level = next((key.values[0] for key in keys if key.tag == QUERY_RETRIEVE_LEVEL and key.values), "").strip()
    if level == "INSTANCE":  # seen in the wild for IMAGE
        level = "IMAGE"
    if level not in model.levels:
        raise InvalidIdentifier("The information model has no such level.", tag=_shown(QUERY_RETRIEVE_LEVEL))
    rest = tuple(key for key in keys if key.tag != QUERY_RETRIEVE_LEVEL)
    return Identifier(model, level, rest)


def unique_tags(model: InformationModel, level: str) -> list[int]:
    """The unique keys of the levels down to this one."""
    return [UNIQUE_KEYS[each] for each in model.at_or_above(level)]


class QueryRetrieveRequest(Conversation):
    """Takes in one identifier; `serve` of the kind of request answers it. Failures become statuses here."""

    def __init__(
        self, peer: Peer, context: AnsweredContext, command: CommandSet, caller_of: CallerOf, library: Library
    ) -> None:
        self._library = library
        self._peer = peer
        self._context = context
        self._command = command
        self._caller_of = caller_of
        self._data = bytearray()
        self._too_long = False

    def write(self, chunk: memoryview) -> None:
        """Keep what may be an identifier; let more go by."""
        self._too_long = self._too_long or len(self._data) + len(chunk) > MAX_IDENTIFIER_BYTES
        if not self._too_long:
            self._data += chunk

    def respond(self, channel: Channel) -> Response:
        """Serve it; whatever prevents that becomes the final status."""
        try:
            caller = self._caller_of(self._peer)
            caller.require(Right.READ)
            return self.serve(channel, caller, self._identifier())
        except ConversationOver:
            raise
        except IsocenterError as error:
            log.warning("query-retrieve.refused", reason=error.reason, detail=str(error), **self._peer_fields())
            return self._failed(error)
        except Exception:
            log.exception("query-retrieve.failed", **self._peer_fields())
            status = encode_response(self._command, Status.UNABLE_TO_PROCESS, error_comment="Internal error")
            return Response(status, succeeded=False)

    def serve(self, channel: Channel, caller: Caller, identifier: Identifier) -> Response:
        """Answer the request; returns the final response."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Nothing is kept."""

    def _identifier(self) -> Identifier:
        if self._context.abstract_syntax not in INFORMATION_MODELS:
            raise SopClassMismatch("The presentation context is not one of this service.", tag="(0000,0002)")
        if self._too_long:
            raise InvalidIdentifier("The identifier is too long.", limit=MAX_IDENTIFIER_BYTES)
        return read_identifier(bytes(self._data), self._context)

    def _failed(self, error: IsocenterError) -> Response:
        command_set = encode_response(
            self._command,
            failure_status(error),
            error_comment=error.message,
            offending_element=offending_element_of(error),
        )
        return Response(command_set, succeeded=False)

    def _extended(self) -> bytes:
        return dict(self._peer.extended).get(self._context.abstract_syntax, b"")

    def _peer_fields(self) -> dict[str, str]:
        return {"calling_ae_title": self._peer.calling_ae_title, "address": self._peer.address}


class SopClassMismatch(Invalid):
    """A Query/Retrieve request in the presentation context of something else."""

    reason = "sop-class-not-supported"


def failure_status(error: IsocenterError) -> Status:
    """The final status of a failed request (PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4)."""
    if isinstance(error, SopClassMismatch):
        return Status.SOP_CLASS_NOT_SUPPORTED
    if isinstance(error, Refused):
        return Status.NOT_AUTHORIZED
    if isinstance(error, Exhausted):
        return Status.OUT_OF_RESOURCES
    if isinstance(error, Invalid):
        return Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS
    return Status.UNABLE_TO_PROCESS


def _shown(tag: int) -> str:
    return f"({tag >> 16:04x},{tag & 0xFFFF:04x})"
