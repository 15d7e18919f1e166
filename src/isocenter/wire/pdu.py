"""Protocol data units of the DICOM upper layer (PS3.8 9.3, Annex D; user items also PS3.7 Annex D), read and written.

P-DATA-TF is not here but for its header: `association` reads it in place. Nothing here touches a socket.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.uids import (
    DICOM_APPLICATION_CONTEXT,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    InvalidUid,
    check_uid,
    printable,
)

HEADER: Final = struct.Struct(">BxI")
"""Type and length of every PDU."""
HEADER_BYTES: Final = 6
PDV_HEADER: Final = struct.Struct(">IBB")
"""Length, presentation context ID and message control header of a presentation data value."""
PDV_HEADER_BYTES: Final = 6
MAX_CONTEXTS: Final = 128
"""Presentation context IDs are the odd numbers up to 255."""
MAX_SYNTAXES_PER_CONTEXT: Final = 256

_FIXED = struct.Struct(">HH16s16s32x")
_ITEM = struct.Struct(">BxH")


class PduType(IntEnum):
    """PDU types (PS3.8 9.3.1)."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    P_DATA_TF = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


class AbortSource(IntEnum):
    """Who aborts (PS3.8 9.3.8)."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


class AbortReason(IntEnum):
    """Why a service provider aborts (PS3.8 9.3.8)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNEXPECTED_PDU_PARAMETER = 5
    INVALID_PDU_PARAMETER = 6


@dataclass(frozen=True, slots=True)
class Rejection:
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 9.3.4), and our word for it in the log."""

    result: int
    source: int
    reason: int
    word: str


NO_COMMON_GROUND: Final = Rejection(1, 1, 1, "no-reason-given")
APPLICATION_CONTEXT_NOT_SUPPORTED: Final = Rejection(1, 1, 2, "application-context-name-not-supported")
CALLING_AE_TITLE_NOT_RECOGNIZED: Final = Rejection(1, 1, 3, "calling-ae-title-not-recognized")
CALLED_AE_TITLE_NOT_RECOGNIZED: Final = Rejection(1, 1, 7, "called-ae-title-not-recognized")
PROTOCOL_VERSION_NOT_SUPPORTED: Final = Rejection(1, 2, 2, "protocol-version-not-supported")
TEMPORARY_CONGESTION: Final = Rejection(2, 3, 1, "temporary-congestion")
LOCAL_LIMIT_EXCEEDED: Final = Rejection(2, 3, 2, "local-limit-exceeded")


class ContextResult(IntEnum):
    """What became of a proposed presentation context (PS3.8 table 9-18)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


class InvalidPdu(Invalid):
    """A PDU breaks PS3.8 9.3."""

    reason = "invalid-pdu"


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """One presentation context as proposed; abstract_syntax is "" and syntaxes are left out where not a UID."""

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """One presentation context as answered."""

    id: int
    result: ContextResult
    abstract_syntax: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """SCP/SCU role selection of one SOP class (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class UserInformation:
    """What the user items of a request say (PS3.7 D.3.3).

    max_pdu_bytes: the longest variable field of a P-DATA-TF that the peer receives; 0 is unlimited.
    extended: SOP class UID and application information of each SOP class extended negotiation.
    """

    max_pdu_bytes: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    proposes_asynchronous_operations: bool = False
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """What an A-ASSOCIATE-RQ says. AE titles are without their padding; they may still hold anything."""

    protocol_version: int
    called_ae_title: str
    calling_ae_title: str
    application_context: str
    contexts: tuple[ProposedContext, ...]
    user: UserInformation


def decode_associate_request(body: bytes) -> AssociateRequest:
    """Decode the PDU without its 6-byte header. User identity is stepped over unread.

    Raises InvalidPdu for items that overrun, wrong or duplicate context IDs, none or more than 128 contexts.
    """
    if len(body) < _FIXED.size:
        raise InvalidPdu("The association request is too short.", length=len(body))
    version, _, called, calling = _FIXED.unpack_from(body)
    application_context = ""
    contexts: list[ProposedContext] = []
    user_items: list[tuple[int, bytes]] = []
    for kind, value in read_items(body, _FIXED.size):
        if kind == 0x10:
            application_context = _ascii(value)
        elif kind == 0x20:
            contexts.append(_proposed_context(value))
        elif kind == 0x50:
            user_items += list(read_items(value, 0))
    identifiers = {context.id for context in contexts}
    if not contexts or len(contexts) > MAX_CONTEXTS or len(identifiers) != len(contexts):
        raise InvalidPdu("The presentation contexts are none, too many, or share an ID.", contexts=len(contexts))
    return AssociateRequest(
        protocol_version=version,
        called_ae_title=_ascii(called).strip(" "),
        calling_ae_title=_ascii(calling).strip(" "),
        application_context=application_context,
        contexts=tuple(contexts),
        user=user_information(user_items),
    )


def encode_associate_accept(
    request: AssociateRequest,
    contexts: Sequence[AnsweredContext],
    *,
    max_pdu_bytes: int,
    roles: Sequence[RoleSelection] = (),
    extended: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """The A-ASSOCIATE-AC for the request (PS3.8 9.3.3), with every user item answered that asks for an answer."""
    user = [
        encode_item(0x51, max_pdu_bytes.to_bytes(4, "big")),
        encode_item(0x52, IMPLEMENTATION_CLASS_UID.encode()),
    ]
    if request.user.proposes_asynchronous_operations:
        user.append(encode_item(0x53, b"\0\1\0\1"))
    user += [encode_item(0x54, counted(role.sop_class_uid.encode()) + bytes((role.scu, role.scp))) for role in roles]
    user.append(encode_item(0x55, IMPLEMENTATION_VERSION_NAME.encode()))
    user += [encode_item(0x56, counted(uid.encode()) + information) for uid, information in extended]
    body = b"".join(
        (
            _FIXED.pack(1, 0, encode_title(request.called_ae_title), encode_title(request.calling_ae_title)),
            encode_item(0x10, DICOM_APPLICATION_CONTEXT.encode()),
            *(
                encode_item(
                    0x21,
                    bytes((context.id, 0, context.result, 0)) + encode_item(0x40, context.transfer_syntax.encode()),
                )
                for context in contexts
            ),
            encode_item(0x50, b"".join(user)),
        )
    )
    return HEADER.pack(PduType.ASSOCIATE_AC, len(body)) + body


def encode_associate_reject(rejection: Rejection) -> bytes:
    """The A-ASSOCIATE-RJ."""
    return HEADER.pack(PduType.ASSOCIATE_RJ, 4) + bytes((0, rejection.result, rejection.source, rejection.reason))


def encode_abort(source: AbortSource, reason: AbortReason = AbortReason.NOT_SPECIFIED) -> bytes:
    """The A-ABORT."""
    return HEADER.pack(PduType.ABORT, 4) + bytes((0, 0, source, reason))


RELEASE_REQUEST: Final = HEADER.pack(PduType.RELEASE_RQ, 4) + bytes(4)
RELEASE_RESPONSE: Final = HEADER.pack(PduType.RELEASE_RP, 4) + bytes(4)


def encode_command(context_id: int, command_set: bytes, max_pdu_bytes: int) -> bytes:
    """A command set as P-DATA-TF PDUs, each no longer than the peer takes (0: unlimited)."""
    room = len(command_set) if max_pdu_bytes == 0 else max(1, max_pdu_bytes - PDV_HEADER_BYTES)
    parts = []
    for start in range(0, len(command_set), room):
        part = command_set[start : start + room]
        control = 3 if start + room >= len(command_set) else 1
        parts.append(
            HEADER.pack(PduType.P_DATA_TF, len(part) + 6) + PDV_HEADER.pack(len(part) + 2, context_id, control)
        )
        parts.append(part)
    return b"".join(parts)


def read_items(body: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """(item type, value) of each item that follows; raises InvalidPdu when one overruns."""
    end = len(body)
    while position < end:
        if position + 4 > end:
            raise InvalidPdu("An item header overruns its PDU.", offset=position)
        kind, length = _ITEM.unpack_from(body, position)
        position += 4
        if position + length > end:
            raise InvalidPdu("An item overruns its PDU.", item=f"{kind:02x}", offset=position)
        yield kind, body[position : position + length]
        position += length


def _proposed_context(value: bytes) -> ProposedContext:
    if len(value) < 4 or not value[0] & 1:
        raise InvalidPdu("A presentation context has an even ID or none.")
    abstract_syntax, transfer_syntaxes = "", []
    for kind, text in read_items(value, 4):
        uid = _uid(text)
        if kind == 0x30:
            abstract_syntax = uid
        elif kind == 0x40 and uid:
            transfer_syntaxes.append(uid)
    if len(transfer_syntaxes) > MAX_SYNTAXES_PER_CONTEXT:
        raise InvalidPdu("A presentation context proposes too many transfer syntaxes.", context=value[0])
    return ProposedContext(value[0], abstract_syntax, tuple(transfer_syntaxes))


def user_information(items: list[tuple[int, bytes]]) -> UserInformation:
    """What the user items say; those that we do not know are left out (PS3.8 9.3.1), user identity unread."""
    single = {kind: value for kind, value in items if kind in (0x51, 0x52, 0x53, 0x55)}
    roles = []
    for uid, flags in (split_counted(value) for kind, value in items if kind == 0x54):
        _exactly(flags, 2)
        roles.append(RoleSelection(uid, bool(flags[0]), bool(flags[1])))
    return UserInformation(
        max_pdu_bytes=int.from_bytes(_exactly(single.get(0x51, bytes(4)), 4), "big"),
        implementation_class_uid=_ascii(single.get(0x52, b"")),
        implementation_version_name=_ascii(single.get(0x55, b"")),
        proposes_asynchronous_operations=0x53 in single,
        roles=tuple(roles),
        extended=tuple(split_counted(value) for kind, value in items if kind == 0x56),
    )


def split_counted(value: bytes) -> tuple[str, bytes]:
    """A UID preceded by its 16-bit length, and what follows it."""
    end = 2 + int.from_bytes(value[:2], "big")
    if len(value) < 2 or end > len(value):
        raise InvalidPdu("A user item overruns itself.")
    return _uid(value[2:end]), value[end:]


def _exactly(value: bytes, length: int) -> bytes:
    if len(value) != length:
        raise InvalidPdu("A user item has a wrong length.", length=len(value))
    return value


def _uid(value: bytes) -> str:
    """The UID, or "" when it is none: the context is then refused rather than the association."""
    try:
        return check_uid(value.rstrip(b"\0 ").decode("latin-1"), "presentation context")
    except InvalidUid:
        return ""


def _ascii(value: bytes) -> str:
    return value.rstrip(b"\0").decode("latin-1")


def legal_ae_title(title: str) -> bool:
    """Whether it is one (PS3.5 6.2): 1 to 16 characters of printable ASCII, without backslash."""
    return 0 < len(title) <= 16 and "\\" not in title and all(" " <= character <= "~" for character in title)


def encode_title(title: str) -> bytes:
    return title.encode("latin-1")[:16].ljust(16)


def encode_item(kind: int, value: bytes) -> bytes:
    return _ITEM.pack(kind, len(value)) + value


def counted(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


def describe(data: bytes) -> str:
    """The first bytes of something that is no PDU, safe for a log line."""
    return printable(data[:48].decode("latin-1"))
