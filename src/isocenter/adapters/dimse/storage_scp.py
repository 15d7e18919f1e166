"""Storage SCP (PS3.4 Annex B, C-STORE: PS3.7 9.1.1): a door on the archive's verb "store"."""

from __future__ import annotations

from typing import Protocol

from isocenter.access.caller import Caller
from isocenter.access.devices.first_store import REFUSED, FirstObject
from isocenter.access.devices.register import AdmittedCaller
from isocenter.adapters.dimse.admission import CallerOf
from isocenter.adapters.dimse.status import offending_element_of, status_of
from isocenter.domain.archive.outcome import StoreKind, StoreOutcome
from isocenter.domain.archive.reception import Source
from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Invalid, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.kit.metrics import REFUSED_INSTANCES
from isocenter.standards.dicom.dimse import CommandField, CommandSet, Element, Status, encode_response
from isocenter.standards.dicom.sop_classes import is_storage_sop_class
from isocenter.standards.dicom.transfer_syntaxes import preferred_syntax
from isocenter.standards.dicom.uids import InvalidUid, check_uid, printable
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.service import Peer, Response

log = get_logger(__name__)

DOOR = "c-store"
LEVEL_2_BIT_PRESERVING = b"\x02\x00\x03\x00\x00\x00"
"""Storage extended negotiation (PS3.4 B.3.1): level 2, digital signatures kept bit for bit, no coercion."""


MOST_DRAINED_BYTES = 8 << 30
"""An object that failed is let pass up to this size, so that it can be answered; beyond, the association ends."""


class Receiving(Protocol):
    """What of the archive's Reception this door uses."""

    def write(self, chunk: memoryview) -> None: ...
    def complete(self) -> StoreOutcome: ...
    def abandon(self) -> None: ...


class Storing(Protocol):
    """What of the Archive this door uses."""

    def reception(
        self, caller: Caller, source: Source, *, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
    ) -> Receiving: ...


class Arrivals(Protocol):
    """Who waits for the first object of a device."""

    def arrived(self, admitted: AdmittedCaller, first: FirstObject) -> None: ...


class SopClassNotSupported(Invalid):
    """The instance is not of the presentation context's SOP class, or not of one that is stored."""

    reason = "sop-class-not-supported"


class EndlessObject(Invalid):
    """A sender goes on and on after its object was refused."""

    reason = "endless-object"


class StorageScp:
    """Takes C-STORE of every storage SOP class in every transfer syntax into the institution of the association.

    arrivals: is told what became of objects, for associations of which somebody waits for the first.
    """

    command_field = int(CommandField.C_STORE_RQ)

    def __init__(self, archive: Storing, caller_of: CallerOf, arrivals: Arrivals | None = None) -> None:
        self._archive = archive
        self._caller_of = caller_of
        self._arrivals = arrivals

    def accepts(self, abstract_syntax: str) -> bool:
        return is_storage_sop_class(abstract_syntax)

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        return preferred_syntax(proposed)

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:  # noqa: ARG002
        return LEVEL_2_BIT_PRESERVING

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> IncomingObject:
        """Begin to take one C-STORE-RQ. Never raises about the object: it is drained and its failure answered."""
        who = peer.who
        if self._arrivals is not None and isinstance(who, AdmittedCaller) and who.first_store:
            incoming: IncomingObject = AwaitedObject(peer, command, context, who, self._arrivals)
        else:
            incoming = IncomingObject(peer, command)
        incoming.begin(self._archive, self._caller_of, context)
        return incoming


class IncomingObject:
    """One object on its way from a C-STORE-RQ into the archive."""

    def __init__(self, peer: Peer, command: CommandSet) -> None:
        self._peer = peer
        self._command = command
        self._sop_instance_uid = ""
        self._reception: Receiving | None = None
        self._failure: Exception | None = None
        self._drained = 0

    def begin(self, archive: Storing, caller_of: CallerOf, context: AnsweredContext) -> None:
        """Check what the command says and open the reception."""
        try:
            self._open(archive, caller_of, context)
        except Exception as error:
            self._fail(error)

    def write(self, chunk: memoryview) -> None:
        """Pass the bytes on; after a failure let the rest of the object go by."""
        if self._reception is None:
            self._drained += len(chunk)
            if self._drained > MOST_DRAINED_BYTES:
                raise EndlessObject("A refused object does not end.", drained_bytes=self._drained)
            return
        try:
            self._reception.write(chunk)
        except Exception as error:
            self._fail(error)

    def finish(self) -> Response:
        """Complete the reception and answer; blocks until the object is durable and indexed."""
        if self._reception is not None:
            try:
                return self._accepted(self._reception.complete())
            except Exception as error:
                self._fail(error)
        assert self._failure is not None
        return self._refused(self._failure)

    def abandon(self) -> None:
        """The association broke: nothing of the object stays."""
        reception, self._reception = self._reception, None
        if reception is not None:
            reception.abandon()
            log.warning("object.abandoned", sop_instance_uid=self._sop_instance_uid, **self._peer_fields())

    def _open(self, archive: Storing, caller_of: CallerOf, context: AnsweredContext) -> None:
        sop_class_uid = self._command.text(Element.AFFECTED_SOP_CLASS_UID)
        if sop_class_uid != context.abstract_syntax:
            raise SopClassNotSupported("The SOP class is not that of its presentation context.", tag="(0000,0002)")
        self._sop_instance_uid = _affected_instance(self._command)
        peer = self._peer
        source = Source(peer.calling_ae_title, peer.called_ae_title, peer.address, DOOR)
        self._reception = archive.reception(
            caller_of(peer),
            source,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=self._sop_instance_uid,
            transfer_syntax_uid=context.transfer_syntax,
        )

    def _accepted(self, outcome: StoreOutcome) -> Response:
        self._reception = None
        if outcome.kind is StoreKind.KEPT_ASIDE:
            comment = "Other content under a known SOP Instance UID; kept aside"
            command_set = encode_response(self._command, Status.COERCION_OF_DATA_ELEMENTS, error_comment=comment)
            return Response(command_set, succeeded=True)
        return Response(encode_response(self._command, Status.SUCCESS), succeeded=True)

    def _refused(self, error: Exception) -> Response:
        status = status_of(error)
        if isinstance(error, IsocenterError):
            reason, comment, detail = error.reason, error.message, printable(str(error), 300)
        else:
            reason, comment, detail = "defect", "Internal error", type(error).__name__
        REFUSED_INSTANCES.labels(DOOR, reason).inc()
        log.warning(
            "object.refused",
            status=f"{status:04X}",
            reason=reason,
            detail=detail,
            sop_instance_uid=self._sop_instance_uid,
            **self._peer_fields(),
        )
        command_set = encode_response(
            self._command, status, error_comment=comment, offending_element=offending_element_of(error)
        )
        return Response(command_set, succeeded=False)

    def _fail(self, error: Exception) -> None:
        """Remember why it fails and give up what was received; a defect of ours is logged with its traceback."""
        self._failure = error
        reception, self._reception = self._reception, None
        if not isinstance(error, IsocenterError):
            log.error("object.failed", exc_info=error, sop_instance_uid=self._sop_instance_uid, **self._peer_fields())
        if reception is not None:
            try:
                reception.abandon()
            except Exception:
                log.exception("object.abandon-failed", sop_instance_uid=self._sop_instance_uid)

    def _peer_fields(self) -> dict[str, str]:
        return {"calling_ae_title": self._peer.calling_ae_title, "address": self._peer.address}


class AwaitedObject(IncomingObject):
    """An object on an association of a device whose first one is waited for: what becomes of it is told."""

    def __init__(
        self, peer: Peer, command: CommandSet, context: AnsweredContext, admitted: AdmittedCaller, arrivals: Arrivals
    ) -> None:
        super().__init__(peer, command)
        self._context = context
        self._admitted = admitted
        self._arrivals = arrivals

    def _accepted(self, outcome: StoreOutcome) -> Response:
        self._tell(outcome.kind, study_instance_uid=outcome.study_instance_uid, warnings=outcome.warnings)
        return super()._accepted(outcome)

    def _refused(self, error: Exception) -> Response:
        reason, message = (error.reason, error.message) if isinstance(error, IsocenterError) else ("defect", "")
        self._tell(REFUSED, reason=reason, message=message)
        return super()._refused(error)

    def _tell(
        self,
        outcome: str,
        *,
        study_instance_uid: str = "",
        reason: str = "",
        message: str = "",
        warnings: tuple[str, ...] = (),
    ) -> None:
        first = FirstObject(
            outcome=str(outcome),
            at=utc_now(),
            calling_ae_title=self._peer.calling_ae_title,
            called_ae_title=self._peer.called_ae_title,
            address=self._peer.address,
            encrypted=self._peer.certificate is not None,
            sop_class_uid=self._context.abstract_syntax,
            sop_instance_uid=self._sop_instance_uid,
            transfer_syntax_uid=self._context.transfer_syntax,
            study_instance_uid=study_instance_uid,
            reason=reason,
            message=message,
            warnings=warnings,
        )
        self._arrivals.arrived(self._admitted, first)


def _affected_instance(command: CommandSet) -> str:
    try:
        return check_uid(command.text(Element.AFFECTED_SOP_INSTANCE_UID), "AffectedSOPInstanceUID")
    except InvalidUid as error:
        raise InvalidUid(error.message, **{**error.fields, "tag": "(0000,1000)"}) from None
