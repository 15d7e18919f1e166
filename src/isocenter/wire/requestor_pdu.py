"""The requestor's side of association establishment (PS3.8 9.3.2 to 9.3.4): A-ASSOCIATE-RQ out, -AC and -RJ in."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.standards.dicom.uids import (
    DICOM_APPLICATION_CONTEXT,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from isocenter.wire.pdu import (
    HEADER,
    AnsweredContext,
    ContextResult,
    InvalidPdu,
    PduType,
    ProposedContext,
    Rejection,
    RoleSelection,
    UserInformation,
    counted,
    encode_item,
    encode_title,
    read_items,
    user_information,
)

_FIXED = struct.Struct(">HH16s16s32x")

_REASONS = {
    (1, 2): "application-context-name-not-supported",
    (1, 3): "calling-ae-title-not-recognized",
    (1, 7): "called-ae-title-not-recognized",
    (2, 2): "protocol-version-not-supported",
    (3, 1): "temporary-congestion",
    (3, 2): "local-limit-exceeded",
}


@dataclass(frozen=True, slots=True)
class AssociateAccept:
    """What an A-ASSOCIATE-AC says: each proposed context as answered (accepted ones with their transfer syntax)."""

    contexts: tuple[AnsweredContext, ...]
    user: UserInformation


def encode_associate_request(
    *,
    called_ae_title: str,
    calling_ae_title: str,
    contexts: Sequence[ProposedContext],
    roles: Sequence[RoleSelection] = (),
    extended: Sequence[tuple[str, bytes]] = (),
    max_pdu_bytes: int,
) -> bytes:
    """The A-ASSOCIATE-RQ (PS3.8 9.3.2; user items PS3.7 D.3.3). AE titles must be legal already."""
    user = [
        encode_item(0x51, max_pdu_bytes.to_bytes(4, "big")),
        encode_item(0x52, IMPLEMENTATION_CLASS_UID.encode()),
        *(encode_item(0x54, counted(role.sop_class_uid.encode()) + bytes((role.scu, role.scp))) for role in roles),
        encode_item(0x55, IMPLEMENTATION_VERSION_NAME.encode()),
        *(encode_item(0x56, counted(uid.encode()) + information) for uid, information in extended),
    ]
    body = b"".join(
        (
            _FIXED.pack(1, 0, encode_title(called_ae_title), encode_title(calling_ae_title)),
            encode_item(0x10, DICOM_APPLICATION_CONTEXT.encode()),
            *(_proposed(context) for context in contexts),
            encode_item(0x50, b"".join(user)),
        )
    )
    return HEADER.pack(PduType.ASSOCIATE_RQ, len(body)) + body


def decode_associate_accept(body: bytes, proposed: Sequence[ProposedContext]) -> AssociateAccept:
    """Decode the A-ASSOCIATE-AC without its header.

    A context that is answered with a transfer syntax that was not proposed counts as refused. Raises InvalidPdu.
    """
    if len(body) < _FIXED.size:
        raise InvalidPdu("The association answer is too short.", length=len(body))
    contexts = {context.id: context for context in proposed}
    answered: dict[int, AnsweredContext] = {}
    user_items: list[tuple[int, bytes]] = []
    for kind, value in read_items(body, _FIXED.size):
        if kind == 0x21 and len(value) >= 4 and value[0] in contexts:
            answered[value[0]] = _answered(contexts[value[0]], value)
        elif kind == 0x50:
            user_items += list(read_items(value, 0))
    return AssociateAccept(tuple(answered.values()), user_information(user_items))


def decode_associate_reject(body: bytes) -> Rejection:
    """Decode the A-ASSOCIATE-RJ without its header; `word` is ours for its reason. Raises InvalidPdu."""
    if len(body) != 4:
        raise InvalidPdu("The rejection has a wrong length.", length=len(body))
    return Rejection(body[1], body[2], body[3], _REASONS.get((body[2], body[3]), "no-reason-given"))


def _proposed(context: ProposedContext) -> bytes:
    syntaxes = b"".join(encode_item(0x40, uid.encode()) for uid in context.transfer_syntaxes)
    abstract = encode_item(0x30, context.abstract_syntax.encode())
    return encode_item(0x20, bytes((context.id, 0, 0, 0)) + abstract + syntaxes)


def _answered(context: ProposedContext, value: bytes) -> AnsweredContext:
    syntax = ""
    for kind, text in read_items(value, 4):
        if kind == 0x40:
            syntax = text.rstrip(b"\0 ").decode("latin-1")
    accepted = value[2] == ContextResult.ACCEPTANCE and syntax in context.transfer_syntaxes
    known = value[2] in tuple(ContextResult)
    refusal = ContextResult(value[2]) if known and value[2] else ContextResult.USER_REJECTION
    return AnsweredContext(
        context.id, ContextResult.ACCEPTANCE if accepted else refusal, context.abstract_syntax, syntax
    )
