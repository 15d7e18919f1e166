"""The walk through the bytes of an accepted association (PS3.8 9.3.5): PDU after PDU, fragment after fragment.

Bytes are handed on as views of the receive buffer without waiting for whole PDUs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from isocenter.wire.pdu import (
    HEADER,
    HEADER_BYTES,
    PDV_HEADER,
    PDV_HEADER_BYTES,
    AbortReason,
    AbortSource,
    AnsweredContext,
    PduType,
)
from isocenter.wire.service import ConversationOver

EMPTY_FRAGMENTS_ALLOWED: Final = 8
"""More fragments without a byte in a row than this are an attack, not a sender."""


class AssociationAborted(ConversationOver):
    """The association ends with our A-ABORT. Leaves this module only through conversations, and comes back."""

    def __init__(self, word: str, source: AbortSource, reason: AbortReason = AbortReason.NOT_SPECIFIED) -> None:
        super().__init__(word)
        self.word = word
        self.source = source
        self.reason = reason


@dataclass(slots=True)
class Incoming:
    """Where the walk through the byte stream stands: what is left of the PDU and of the PDV, and whose PDV it is."""

    pdu_left: int = 0
    pdv_left: int = 0
    context_id: int = 0
    control: int = 0
    ending: int = 0  # type of a PDU after which nothing follows; its body is still awaited
    empty_fragments: int = 0


class PduStream(ABC):
    """Where one association's walk stands. `_paused` stops it after a fragment: the rest is walked later."""

    def __init__(self, contexts: Mapping[int, AnsweredContext], max_pdu_bytes: int) -> None:
        self._contexts = contexts
        self._max_pdu_bytes = max_pdu_bytes
        self._incoming = Incoming()
        self._paused = False

    @abstractmethod
    def _fragment(self, chunk: memoryview) -> None:
        """Take bytes of the current fragment; they are its last when none of it is left."""

    def _feed(self, view: memoryview) -> int:
        """Walk through received bytes; returns how many are used up (all but the beginning of a header)."""
        incoming, position, end = self._incoming, 0, len(view)
        while True:
            if incoming.pdv_left:
                take = min(incoming.pdv_left, end - position)
                if not take:
                    return position
                incoming.pdv_left -= take
                self._fragment(view[position : position + take])
                position += take
                if self._paused:
                    return position
            elif incoming.ending:
                take = min(incoming.pdu_left, end - position)
                incoming.pdu_left -= take
                return position + take
            elif incoming.pdu_left:
                if end - position < PDV_HEADER_BYTES:
                    return position
                self._begin_pdv(*PDV_HEADER.unpack_from(view, position))
                position += PDV_HEADER_BYTES
                if not incoming.pdv_left:
                    self._fragment(view[position:position])
                    if self._paused:
                        return position
            else:
                if end - position < HEADER_BYTES:
                    return position
                self._begin_pdu(*HEADER.unpack_from(view, position))
                position += HEADER_BYTES

    def _begin_pdu(self, pdu_type: int, length: int) -> None:
        if pdu_type == PduType.P_DATA_TF:
            if not PDV_HEADER_BYTES <= length <= self._max_pdu_bytes:
                raise invalid("P-DATA-TF of an impossible length")
        elif pdu_type in (PduType.RELEASE_RQ, PduType.ABORT):
            if length != 4:
                raise invalid("PDU of a wrong length")
            self._incoming.ending = pdu_type
        elif PduType.ASSOCIATE_RQ <= pdu_type <= PduType.ABORT:
            raise unexpected(f"PDU of type {pdu_type} inside an association")
        else:
            raise AssociationAborted("unrecognized PDU", AbortSource.SERVICE_PROVIDER, AbortReason.UNRECOGNIZED_PDU)
        self._incoming.pdu_left = length

    def _begin_pdv(self, length: int, context_id: int, control: int) -> None:
        incoming = self._incoming
        if length < 2 or length + 4 > incoming.pdu_left:
            raise invalid("presentation data value overruns its PDU")
        if context_id not in self._contexts:
            raise invalid("presentation context was not accepted")
        incoming.pdu_left -= length + 4
        incoming.pdv_left, incoming.context_id, incoming.control = length - 2, context_id, control
        incoming.empty_fragments = 0 if length > 2 else incoming.empty_fragments + 1
        if incoming.empty_fragments > EMPTY_FRAGMENTS_ALLOWED:
            raise invalid("too many empty fragments")


def invalid(word: str) -> AssociationAborted:
    return AssociationAborted(word, AbortSource.SERVICE_PROVIDER, AbortReason.INVALID_PDU_PARAMETER)


def unexpected(word: str) -> AssociationAborted:
    return AssociationAborted(word, AbortSource.SERVICE_PROVIDER, AbortReason.UNEXPECTED_PDU)
