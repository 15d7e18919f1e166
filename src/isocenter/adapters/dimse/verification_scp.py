"""Verification SCP (PS3.4 Annex A, C-ECHO: PS3.7 9.1.5)."""

from __future__ import annotations

from isocenter.standards.dicom.dimse import CommandField, CommandSet, Status, encode_response
from isocenter.standards.dicom.transfer_syntaxes import preferred_syntax
from isocenter.standards.dicom.uids import VERIFICATION_SOP_CLASS
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.service import Peer, Response


class VerificationScp:
    """Answers C-ECHO with success."""

    command_field = int(CommandField.C_ECHO_RQ)

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax == VERIFICATION_SOP_CLASS

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        return preferred_syntax(proposed)

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:  # noqa: ARG002
        return None

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> Echo:  # noqa: ARG002
        """Begin to take a C-ECHO-RQ."""
        return Echo(command)


class Echo:
    """One C-ECHO-RQ. It has no data set; bytes of one would be let pass."""

    def __init__(self, command: CommandSet) -> None:
        self._command = command

    def write(self, chunk: memoryview) -> None:
        pass

    def finish(self) -> Response:
        return Response(encode_response(self._command, Status.SUCCESS), succeeded=True)

    def abandon(self) -> None:
        pass
