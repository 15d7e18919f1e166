"""Counting the C-STORE sub-operations of C-GET and C-MOVE, and their responses (PS3.4 C.4.2.1, C.4.3.1)."""

from __future__ import annotations

import time
from typing import Final

from isocenter.standards.dicom.dimse import CommandSet, Element, Status, encode_response
from isocenter.standards.dicom.identifiers import encode_identifier
from isocenter.wire.service import Channel, Response

PENDING_EVERY_S: Final = 0.1
"""Pending responses are no more frequent than this: they inform people, and cost both sides a message."""
REMINDED_AFTER_S: Final = 5.0
"""A slow sub-operation is answered "pending" again after this, so that nobody takes us for gone."""
MOST_FAILED_UIDS: Final = 1000
"""So many failed instances are named: the value has 16 bits of length in explicit VR."""
FAILED_SOP_INSTANCE_UID_LIST: Final = 0x00080058


class SubOperations:
    """The counts of one C-GET or C-MOVE, and what its peer is told."""

    def __init__(self, command: CommandSet, transfer_syntax_uid: str, total: int) -> None:
        self._command = command
        self._transfer_syntax_uid = transfer_syntax_uid
        self._told_at = 0.0
        self.remaining = total
        self.completed = 0
        self.failed = 0
        self.warnings = 0
        self.failed_uids: list[str] = []

    def done(self, sop_instance_uid: str, status: int) -> None:
        """One sub-operation has ended with this status of C-STORE."""
        self.remaining -= 1
        if status == Status.SUCCESS:
            self.completed += 1
        elif is_warning(status):
            self.warnings += 1
        else:
            self.failed += 1
            if len(self.failed_uids) < MOST_FAILED_UIDS:
                self.failed_uids.append(sop_instance_uid)

    def tell(self, channel: Channel, *, waiting: bool = False) -> None:
        """A pending response with the counts, unless one was sent a moment ago."""
        now = time.monotonic()
        if now - self._told_at < (REMINDED_AFTER_S if waiting else PENDING_EVERY_S) or not self.remaining:
            return
        self._told_at = now
        channel.send(encode_response(self._command, Status.PENDING, counts=self._counts(remaining=True)))

    def final(self, *, cancelled: bool = False) -> Response:
        """The last response: success, warning, cancel, or failure when nothing was achieved (PS3.4 table C.4-2)."""
        if cancelled:
            return self._last(Status.CANCEL)
        if self.failed and not self.completed and not self.warnings:
            return self._last(Status.OUT_OF_RESOURCES_FOR_SUB_OPERATIONS)
        return self._last(Status.SUB_OPERATIONS_WITH_FAILURES if self.failed or self.warnings else Status.SUCCESS)

    def _last(self, status: Status) -> Response:
        identifier = None
        if status != Status.SUCCESS:
            listed = {FAILED_SOP_INSTANCE_UID_LIST: ("UI", tuple(self.failed_uids))}
            identifier = encode_identifier(listed, self._transfer_syntax_uid)
        command_set = encode_response(
            self._command,
            status,
            error_comment=f"{self.failed} sub-operations failed" if self.failed else "",
            has_data_set=identifier is not None,
            counts=self._counts(remaining=status == Status.CANCEL),
        )
        return Response(command_set, succeeded=not self.failed, data_set=identifier)

    def _counts(self, *, remaining: bool) -> dict[Element, int]:
        counts = {
            Element.NUMBER_OF_COMPLETED_SUB_OPERATIONS: self.completed,
            Element.NUMBER_OF_FAILED_SUB_OPERATIONS: self.failed,
            Element.NUMBER_OF_WARNING_SUB_OPERATIONS: self.warnings,
        }
        return {Element.NUMBER_OF_REMAINING_SUB_OPERATIONS: self.remaining, **counts} if remaining else counts


def is_warning(status: int) -> bool:
    """Whether an object was stored with a remark (PS3.7 Annex C)."""
    return status >> 12 == 0xB or status in (0x0001, 0x0107, 0x0116)
