"""DIMSE command sets (PS3.7 6.3, Annex E) and status codes (PS3.7 Annex C, PS3.4 B.2.3). Not their exchange."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from isocenter.kit.errors import Invalid

MAX_COMMAND_SET_BYTES: Final = 1 << 16
NO_DATA_SET: Final = 0x0101
RESPONSE_BIT: Final = 0x8000
MAX_ERROR_COMMENT_CHARACTERS: Final = 64

_HEADER = struct.Struct("<HHI")
_SHORT_NUMBER = struct.Struct("<HHIH")
_GROUP_LENGTH = struct.Struct("<HHII")
_LONGEST_UID: Final = 64


class CommandField(IntEnum):
    """The message types that are named anywhere in the house (PS3.7 E.1-1)."""

    C_STORE_RQ = 0x0001
    C_GET_RQ = 0x0010
    C_FIND_RQ = 0x0020
    C_MOVE_RQ = 0x0021
    C_ECHO_RQ = 0x0030
    N_EVENT_REPORT_RQ = 0x0100
    N_ACTION_RQ = 0x0130
    N_CREATE_RQ = 0x0140
    C_CANCEL_RQ = 0x0FFF


class Element(IntEnum):
    """Element numbers of group 0000 (PS3.7 E.1)."""

    COMMAND_GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    REQUESTED_SOP_CLASS_UID = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    COMMAND_DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    OFFENDING_ELEMENT = 0x0901
    ERROR_COMMENT = 0x0902
    AFFECTED_SOP_INSTANCE_UID = 0x1000
    REQUESTED_SOP_INSTANCE_UID = 0x1001
    EVENT_TYPE_ID = 0x1002
    ACTION_TYPE_ID = 0x1008
    NUMBER_OF_REMAINING_SUB_OPERATIONS = 0x1020
    NUMBER_OF_COMPLETED_SUB_OPERATIONS = 0x1021
    NUMBER_OF_FAILED_SUB_OPERATIONS = 0x1022
    NUMBER_OF_WARNING_SUB_OPERATIONS = 0x1023
    MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE = 0x1030
    MOVE_ORIGINATOR_MESSAGE_ID = 0x1031


class Status(IntEnum):
    """Status codes (PS3.7 Annex C; those of C-STORE from PS3.4 table B.2-1)."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_OBJECT_INSTANCE = 0x0112
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NOT_AUTHORIZED = 0x0124
    UNRECOGNIZED_OPERATION = 0x0211
    OUT_OF_RESOURCES = 0xA700
    OUT_OF_RESOURCES_FOR_MATCHES = 0xA701
    OUT_OF_RESOURCES_FOR_SUB_OPERATIONS = 0xA702
    MOVE_DESTINATION_UNKNOWN = 0xA801
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    COERCION_OF_DATA_ELEMENTS = 0xB000
    SUB_OPERATIONS_WITH_FAILURES = 0xB000
    UNABLE_TO_PROCESS = 0xC001
    CANCEL = 0xFE00
    PENDING = 0xFF00
    PENDING_WITH_WARNING = 0xFF01


class MalformedCommandSet(Invalid):
    """The command set does not hold together or misses what every command has."""

    reason = "malformed-command-set"


@dataclass(frozen=True, slots=True)
class CommandSet:
    """A received command set: raw values by element number, and the three fields that every request has."""

    values: dict[int, bytes]
    command_field: int
    message_id: int
    has_data_set: bool

    def text(self, element: Element) -> str:
        """The value of a text or UID element without its padding; "" when absent."""
        return self.values.get(element, b"").strip(b"\0 ").decode("latin-1")

    def number(self, element: Element) -> int:
        """The value of an unsigned short; raises MalformedCommandSet when absent."""
        return _number(self.values, element)


def decode_command_set(data: bytes | bytearray) -> CommandSet:
    """Decode a command set (implicit VR little endian, group 0000 only). Raises MalformedCommandSet."""
    values: dict[int, bytes] = {}
    position, end = 0, len(data)
    while position < end:
        if position + 8 > end:
            raise MalformedCommandSet("The command set ends inside an element.", offset=position)
        group, element, length = _HEADER.unpack_from(data, position)
        position += 8
        if group != 0 or length > end - position:
            raise MalformedCommandSet("A command element has an impossible tag or length.", offset=position - 8)
        values.setdefault(element, bytes(data[position : position + length]))
        position += length
    command_field = _number(values, Element.COMMAND_FIELD)
    return CommandSet(
        values=values,
        command_field=command_field,
        message_id=_number(values, _id_element(command_field)),
        has_data_set=_number(values, Element.COMMAND_DATA_SET_TYPE) != NO_DATA_SET,
    )


def encode_command_set(elements: Sequence[tuple[int, bytes]]) -> bytes:
    """Encode (element number, value of even length) pairs, given in ascending order, with their group length."""
    body = b"".join(_element(element, value) for element, value in elements)
    return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body


def encode_request(
    command_field: CommandField, message_id: int, fields: Mapping[Element, str | int], *, has_data_set: bool
) -> bytes:
    """A request: fields without those that every command has; text is padded as UIDs or AE titles are."""
    elements: dict[int, bytes] = {
        Element.COMMAND_FIELD: _us(command_field),
        _id_element(command_field): _us(message_id),
        Element.COMMAND_DATA_SET_TYPE: _us(0 if has_data_set else NO_DATA_SET),
    }
    for element, value in fields.items():
        elements[element] = _us(value) if isinstance(value, int) else _padded(element, value)
    return encode_command_set(sorted(elements.items()))


def encode_store_request(
    sop_class_uid: str, sop_instance_uid: str, message_id: int, originator: tuple[str, int] | None = None
) -> bytes:
    """A C-STORE-RQ of medium priority, as `encode_request` writes it and several times faster.

    originator: AE title and message ID of the C-MOVE that it is part of.
    """
    tail = b"" if originator is None else _originator(*originator)
    begin, end = _store_request(sop_class_uid)
    uid = _padded(Element.AFFECTED_SOP_INSTANCE_UID, sop_instance_uid)
    length = len(begin) + _SHORT_NUMBER.size + len(end) + _HEADER.size + len(uid) + len(tail)
    return b"".join(
        (
            _HEADER.pack(0, 0, 4),
            length.to_bytes(4, "little"),
            begin,
            _SHORT_NUMBER.pack(0, Element.MESSAGE_ID, 2, message_id),
            end,
            _HEADER.pack(0, Element.AFFECTED_SOP_INSTANCE_UID, len(uid)),
            uid,
            tail,
        )
    )


@lru_cache(maxsize=256)
def _originator(ae_title: str, message_id: int) -> bytes:
    title = _padded(Element.MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE, ae_title)
    head = _HEADER.pack(0, Element.MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE, len(title)) + title
    return head + _SHORT_NUMBER.pack(0, Element.MOVE_ORIGINATOR_MESSAGE_ID, 2, message_id)


@lru_cache(maxsize=256)
def _store_request(sop_class_uid: str) -> tuple[bytes, bytes]:
    """What stands before and behind the message ID in every C-STORE-RQ of a SOP class."""
    uid = _padded(Element.AFFECTED_SOP_CLASS_UID, sop_class_uid)
    begin = _HEADER.pack(0, Element.AFFECTED_SOP_CLASS_UID, len(uid)) + uid
    begin += _SHORT_NUMBER.pack(0, Element.COMMAND_FIELD, 2, CommandField.C_STORE_RQ)
    end = _SHORT_NUMBER.pack(0, Element.PRIORITY, 2, 0) + _SHORT_NUMBER.pack(0, Element.COMMAND_DATA_SET_TYPE, 2, 0)
    return begin, end


def encode_response(
    request: CommandSet,
    status: int,
    *,
    error_comment: str = "",
    offending_element: int | None = None,
    has_data_set: bool = False,
    counts: Mapping[Element, int] | None = None,
) -> bytes:
    """The response to a request.

    error_comment is cut to 64 characters and freed of what VR LO forbids. UIDs of the request are repeated when they
    have a legal length. has_data_set: an identifier follows. counts: of sub-operations, by their elements.
    """
    sop_class_uid = request.values.get(Element.AFFECTED_SOP_CLASS_UID, b"")[: _LONGEST_UID + 1]
    begin, end = _around_message_id(sop_class_uid, request.command_field, status, has_data_set)
    parts = [begin, _SHORT_NUMBER.pack(0, Element.MESSAGE_ID_BEING_RESPONDED_TO, 2, request.message_id), end]
    if offending_element is not None:
        offending = struct.pack("<HH", offending_element >> 16, offending_element & 0xFFFF)
        parts.append(_element(Element.OFFENDING_ELEMENT, offending))
    if error_comment:
        parts.append(_element(Element.ERROR_COMMENT, _long_string(error_comment)))
    parts.append(
        _repeated(Element.AFFECTED_SOP_INSTANCE_UID, request.values.get(Element.AFFECTED_SOP_INSTANCE_UID, b""))
    )
    if counts:
        parts += [_element(element, _us(min(count, 0xFFFF))) for element, count in sorted(counts.items())]
    body = b"".join(parts)
    return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body


@lru_cache(maxsize=256)
def _around_message_id(
    sop_class_uid: bytes, command_field: int, status: int, has_data_set: bool
) -> tuple[bytes, bytes]:
    """What stands before and behind the message ID in many responses."""
    begin = _repeated(Element.AFFECTED_SOP_CLASS_UID, sop_class_uid)
    begin += _SHORT_NUMBER.pack(0, Element.COMMAND_FIELD, 2, command_field | RESPONSE_BIT)
    end = _SHORT_NUMBER.pack(0, Element.COMMAND_DATA_SET_TYPE, 2, 0 if has_data_set else NO_DATA_SET)
    return begin, end + _SHORT_NUMBER.pack(0, Element.STATUS, 2, status)


def _id_element(command_field: int) -> Element:
    answers = command_field & RESPONSE_BIT or command_field == CommandField.C_CANCEL_RQ
    return Element.MESSAGE_ID_BEING_RESPONDED_TO if answers else Element.MESSAGE_ID


def _number(values: dict[int, bytes], element: Element) -> int:
    value = values.get(element, b"")
    if len(value) != 2:
        raise MalformedCommandSet("A command element is missing or not a number.", tag=f"(0000,{element:04x})")
    return int.from_bytes(value, "little")


_AE_TITLES: Final = frozenset({Element.MOVE_DESTINATION, Element.MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE})


def _padded(element: Element, text: str) -> bytes:
    value = text.encode("ascii", "replace")
    padding = b" " if element in _AE_TITLES else b"\0"
    return value + padding if len(value) & 1 else value


def _us(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _element(element: int, value: bytes) -> bytes:
    return _HEADER.pack(0, element, len(value)) + value


def _repeated(element: Element, uid: bytes) -> bytes:
    """A UID of the request as an element of the response; nothing for one of an impossible length."""
    if not 0 < len(uid) <= _LONGEST_UID:
        return b""
    return _element(element, uid + b"\0" if len(uid) & 1 else uid)


def _long_string(text: str) -> bytes:
    legal = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in text[:MAX_ERROR_COMMENT_CHARACTERS])
    value = legal.encode("ascii")
    return value + b" " if len(value) & 1 else value
