"""What we ask of other application entities that is no storage: C-ECHO (PS3.4 Annex A)."""

from __future__ import annotations

from isocenter.domain.archive.peers import Peer
from isocenter.kit.errors import Refused
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.standards.dicom.uids import VERIFICATION_SOP_CLASS
from isocenter.wire.requestor import ProposedContext, Remote, request_association

SHORT_SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
"""What data sets without pixels are proposed in."""


class PeerDeclined(Refused):
    """The peer answered with a failure; status tells which (PS3.7 Annex C)."""

    reason = "peer-declined"


class PeersScu:
    """Speaks to peers in our name. ae_title: our usual one."""

    def __init__(self, ae_title: str) -> None:
        self._ae_title = ae_title

    def remote(self, peer: Peer) -> Remote:
        """How a peer is called."""
        return Remote(peer.ae_title, peer.host, peer.port, peer.calling_ae_title or self._ae_title)

    def echo(self, peer: Peer) -> None:
        """Associate and C-ECHO. Raises PeerAway, AssociationRefused, NoAcceptedContext, PeerDeclined."""
        with request_association(self.remote(peer), [ProposedContext(VERIFICATION_SOP_CLASS, SHORT_SYNTAXES)]) as made:
            status = made.echo()
        if status != 0:
            raise PeerDeclined("The peer answered C-ECHO with a failure.", status=f"{status:04X}")
