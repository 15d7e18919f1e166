"""Storage Commitment Push Model SCP (PS3.4 Annex J; IHE RAD-10): takes N-ACTION; the report comes from a job."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from isocenter.adapters.dimse.admission import CallerOf
from isocenter.domain.exchange.commitment import Asker, request_commitment
from isocenter.kit.database import Database
from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound, Refused
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.dimse import (
    NO_DATA_SET,
    RESPONSE_BIT,
    CommandField,
    CommandSet,
    Element,
    Status,
    encode_command_set,
)
from isocenter.standards.dicom.storage_commitment import (
    REQUEST_STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    STORAGE_COMMITMENT_PUSH_MODEL,
    read_commitment_request,
)
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.standards.dicom.uids import printable
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.service import Peer, Response

log = get_logger(__name__)

MAX_REQUEST_BYTES: Final = 16 << 20
NO_SUCH_ACTION: Final = 0x0123
INVALID_ARGUMENT_VALUE: Final = 0x0115
RESOURCE_LIMITATION: Final = 0x0213

N_ACTION_STATUS: Final[Mapping[type[IsocenterError], int]] = MappingProxyType(
    {
        Invalid: INVALID_ARGUMENT_VALUE,
        NotFound: Status.NO_SUCH_OBJECT_INSTANCE,
        Conflict: Status.DUPLICATE_SOP_INSTANCE,
        Refused: Status.NOT_AUTHORIZED,
        Exhausted: RESOURCE_LIMITATION,
    }
)
"""Families of error as statuses of N-ACTION (PS3.7 10.1.4.1.10)."""


class NoSuchAction(Invalid):
    """The Action Type ID is not that of a request for storage commitment."""

    reason = "no-such-action"


class NoSuchInstance(NotFound):
    """The request is not about the well-known instance of the SOP class (PS3.4 J.3.5)."""

    reason = "no-such-instance"


class RequestTooLarge(Exhausted):
    """More references than we take in one request."""

    reason = "request-too-large"


class StorageCommitmentScp:
    """Takes requests for the institution of the association. They are on record, durably, before they are answered."""

    command_field = int(CommandField.N_ACTION_RQ)

    def __init__(self, database: Database, caller_of: CallerOf) -> None:
        self._database = database
        self._caller_of = caller_of

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax == STORAGE_COMMITMENT_PUSH_MODEL

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        return next((each for each in (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN) if each in proposed), None)

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:  # noqa: ARG002
        return None

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> CommitmentAction:
        """Begin to take one N-ACTION-RQ."""
        return CommitmentAction(self._database, self._caller_of, peer, context.transfer_syntax, command)


class CommitmentAction:
    """One N-ACTION-RQ and its Action Information."""

    def __init__(
        self, database: Database, caller_of: CallerOf, peer: Peer, transfer_syntax_uid: str, command: CommandSet
    ) -> None:
        self._database = database
        self._caller_of = caller_of
        self._peer = peer
        self._transfer_syntax_uid = transfer_syntax_uid
        self._command = command
        self._information = bytearray()
        self._length = 0

    def write(self, chunk: memoryview) -> None:
        """Keep the bytes; of a request that is too long they are let pass."""
        self._length += len(chunk)
        if self._length <= MAX_REQUEST_BYTES:
            self._information += chunk

    def finish(self) -> Response:
        """Record the request and answer; success means that it will be worked off, whatever happens to us."""
        try:
            self._record()
        except Exception as error:
            return Response(self._answer(self._refused(error)), succeeded=False)
        return Response(self._answer(Status.SUCCESS), succeeded=True)

    def abandon(self) -> None:
        """The association broke: nothing was asked."""

    def _record(self) -> None:
        if self._command.text(Element.REQUESTED_SOP_INSTANCE_UID) != STORAGE_COMMITMENT_INSTANCE:
            raise NoSuchInstance("Storage commitment has one well-known instance.")
        if self._command.number(Element.ACTION_TYPE_ID) != REQUEST_STORAGE_COMMITMENT:
            raise NoSuchAction("The one action of storage commitment is 1.")
        if self._length > MAX_REQUEST_BYTES:
            raise RequestTooLarge("The request is too long.", limit_bytes=MAX_REQUEST_BYTES)
        request = read_commitment_request(bytes(self._information), self._transfer_syntax_uid)
        peer = self._peer
        asker = Asker(peer.calling_ae_title, peer.called_ae_title, peer.address)
        request_commitment(self._caller_of(peer), self._database, asker, request)
        log.info(
            "commitment.requested",
            transaction_uid=request.transaction_uid,
            instances=len(request.references),
            calling_ae_title=peer.calling_ae_title,
        )

    def _refused(self, error: Exception) -> int:
        status = status_of(error)
        fields = {"calling_ae_title": self._peer.calling_ae_title, "address": self._peer.address}
        if isinstance(error, IsocenterError):
            log.warning("commitment.refused", reason=error.reason, detail=printable(str(error), 300), **fields)
        else:
            log.error("commitment.failed", exc_info=error, **fields)
        return status

    def _answer(self, status: int) -> bytes:
        """N-ACTION-RSP (PS3.7 10.3.5.2)."""
        return encode_command_set(
            [
                (Element.AFFECTED_SOP_CLASS_UID, _even(STORAGE_COMMITMENT_PUSH_MODEL)),
                (Element.COMMAND_FIELD, _us(CommandField.N_ACTION_RQ | RESPONSE_BIT)),
                (Element.MESSAGE_ID_BEING_RESPONDED_TO, _us(self._command.message_id)),
                (Element.COMMAND_DATA_SET_TYPE, _us(NO_DATA_SET)),
                (Element.STATUS, _us(status)),
                (Element.AFFECTED_SOP_INSTANCE_UID, _even(STORAGE_COMMITMENT_INSTANCE)),
            ]
        )


def status_of(error: Exception) -> int:
    """The status of N-ACTION that an error becomes; anything that is not of our families is our own defect (0110)."""
    if isinstance(error, NoSuchAction):
        return NO_SUCH_ACTION
    families = (family for family in type(error).__mro__ if family in N_ACTION_STATUS)
    return next((N_ACTION_STATUS[family] for family in families), int(Status.PROCESSING_FAILURE))


def _us(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _even(uid: str) -> bytes:
    value = uid.encode()
    return value + b"\0" if len(value) & 1 else value
