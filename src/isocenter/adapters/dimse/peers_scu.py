"""What we say to other application entities besides objects: C-ECHO (PS3.4 Annex A), results of storage commitment
(J.3.3), which instances are available (Annex R).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from uuid import uuid4

from isocenter.domain.exchange.peers import Peer
from isocenter.kit.errors import Refused
from isocenter.standards.dicom.dimse import CommandField, Element
from isocenter.standards.dicom.instance_availability import (
    INSTANCE_AVAILABILITY_NOTIFICATION,
    AvailableInstance,
    availability_notice,
)
from isocenter.standards.dicom.storage_commitment import (
    ALL_COMMITTED,
    FAILURES_EXIST,
    STORAGE_COMMITMENT_INSTANCE,
    STORAGE_COMMITMENT_PUSH_MODEL,
    commitment_report,
)
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.standards.dicom.uids import VERIFICATION_SOP_CLASS
from isocenter.wire.requestor import (
    NoAcceptedContext,
    ProposedContext,
    Remote,
    RequestedAssociation,
    Role,
    request_association,
)
from isocenter.wire.tls import CannotSecure, TlsClient, TlsFiles

SHORT_SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
"""What data sets without pixels are proposed in."""


N_CREATE_WARNINGS = (0x0107, 0x0116)
"""Attribute list error and attribute value out of range: the notice was taken all the same (PS3.7 C.4)."""


class PeerDeclined(Refused):
    """The peer answered with a failure; status tells which (PS3.7 Annex C)."""

    reason = "peer-declined"


class PeersScu:
    """Speaks to peers in our name. ae_title: our usual one. tls: our certificate and whom we trust."""

    def __init__(self, ae_title: str, tls: TlsFiles | None = None) -> None:
        self._ae_title = ae_title
        self._files = tls
        self._tls: TlsClient | None = None
        self._lock = threading.Lock()

    def remote(self, peer: Peer) -> Remote:
        """How a peer is called. Raises CannotSecure when it wants TLS and we have no certificate."""
        return Remote(
            peer.ae_title,
            peer.host,
            peer.port,
            peer.calling_ae_title or self._ae_title,
            tls=self._client() if peer.tls else None,
            certificate=peer.certificate,
        )

    def _client(self) -> TlsClient:
        """Made when it is first needed: a home without certificates calls nobody over TLS."""
        with self._lock:
            if self._tls is None:
                if self._files is None:
                    raise CannotSecure("There is no certificate to call with; `isocenter certificates init` makes one.")
                self._tls = TlsClient(self._files)
            return self._tls

    def echo(self, peer: Peer) -> None:
        """Associate and C-ECHO. Raises PeerAway, AssociationRefused, NoAcceptedContext, PeerDeclined."""
        with request_association(self.remote(peer), [ProposedContext(VERIFICATION_SOP_CLASS, SHORT_SYNTAXES)]) as made:
            status = made.echo()
        if status != 0:
            raise PeerDeclined("The peer answered C-ECHO with a failure.", status=f"{status:04X}")

    def report_commitment(
        self,
        peer: Peer,
        transaction_uid: str,
        committed: Sequence[tuple[str, str]],
        failed: Sequence[tuple[str, str, int]],
    ) -> None:
        """N-EVENT-REPORT on an association of our own, on which we keep the role of SCP (PS3.4 J.3.3, PS3.7 D.3.3.4).

        Raises PeerAway, AssociationRefused, NoAcceptedContext, PeerDeclined.
        """
        proposed = ProposedContext(STORAGE_COMMITMENT_PUSH_MODEL, SHORT_SYNTAXES, Role.SCP)
        with request_association(self.remote(peer), [proposed]) as made:
            context_id, syntax = first_accepted(made, STORAGE_COMMITMENT_PUSH_MODEL)
            fields: dict[Element, str | int] = {
                Element.AFFECTED_SOP_CLASS_UID: STORAGE_COMMITMENT_PUSH_MODEL,
                Element.AFFECTED_SOP_INSTANCE_UID: STORAGE_COMMITMENT_INSTANCE,
                Element.EVENT_TYPE_ID: FAILURES_EXIST if failed else ALL_COMMITTED,
            }
            report = commitment_report(transaction_uid, committed, failed, syntax)
            status = made.ask(context_id, CommandField.N_EVENT_REPORT_RQ, fields, [report]).status
        if status != 0:
            raise PeerDeclined("The peer did not take the report.", status=f"{status:04X}")

    def notify_availability(
        self, peer: Peer, study_instance_uid: str, series: Mapping[str, Sequence[AvailableInstance]]
    ) -> None:
        """N-CREATE of an Instance Availability Notification that names us as the place to retrieve from.

        Raises PeerAway, AssociationRefused, NoAcceptedContext, PeerDeclined.
        """
        ours = peer.calling_ae_title or self._ae_title
        with request_association(
            self.remote(peer), [ProposedContext(INSTANCE_AVAILABILITY_NOTIFICATION, SHORT_SYNTAXES)]
        ) as made:
            context_id, syntax = first_accepted(made, INSTANCE_AVAILABILITY_NOTIFICATION)
            fields: dict[Element, str | int] = {
                Element.AFFECTED_SOP_CLASS_UID: INSTANCE_AVAILABILITY_NOTIFICATION,
                Element.AFFECTED_SOP_INSTANCE_UID: f"2.25.{uuid4().int}",
            }
            notice = availability_notice(study_instance_uid, series, ours, syntax)
            status = made.ask(context_id, CommandField.N_CREATE_RQ, fields, [notice]).status
        if status != 0 and status not in N_CREATE_WARNINGS:
            raise PeerDeclined("The peer did not take the notice.", status=f"{status:04X}")


def first_accepted(association: RequestedAssociation, sop_class_uid: str) -> tuple[int, str]:
    """(context ID, transfer syntax) that the peer took the SOP class in. Raises NoAcceptedContext."""
    accepted = association.accepted(sop_class_uid)
    if not accepted:
        raise NoAcceptedContext("The peer does not accept this service.", abstract_syntax=sop_class_uid)
    return accepted[0]
