"""Command sets: decoded, refused, and answered."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import decode, encode

from isocenter.standards.dicom.dimse import (
    CommandField,
    CommandSet,
    Element,
    MalformedCommandSet,
    Status,
    decode_command_set,
    encode_command_set,
    encode_request,
    encode_response,
    encode_store_request,
)


def a_store_request(*, message_id: int = 7, sop_instance_uid: bytes = b"1.2.3\0") -> bytes:
    return encode_command_set(
        [
            (Element.AFFECTED_SOP_CLASS_UID, b"1.2.840.10008.5.1.4.1.1.2\0"),
            (Element.COMMAND_FIELD, b"\1\0"),
            (Element.MESSAGE_ID, message_id.to_bytes(2, "little")),
            (Element.PRIORITY, b"\0\0"),
            (Element.COMMAND_DATA_SET_TYPE, b"\1\0"),
            (Element.AFFECTED_SOP_INSTANCE_UID, sop_instance_uid),
        ]
    )


def test_a_request_is_decoded() -> None:
    command = decode_command_set(a_store_request())
    assert command.command_field == CommandField.C_STORE_RQ
    assert command.message_id == 7
    assert command.has_data_set
    assert command.text(Element.AFFECTED_SOP_INSTANCE_UID) == "1.2.3"


@pytest.mark.parametrize("cut", range(1, 100, 7))
def test_a_cut_command_set_is_refused(cut: int) -> None:
    with pytest.raises(MalformedCommandSet):
        decode_command_set(a_store_request()[:-cut])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\1\xf0\xff\xff\x0f",
        b"\x08\0\0\1\2\0\0\0\1\0",
        encode_command_set([(Element.COMMAND_FIELD, b"\1\0"), (Element.COMMAND_DATA_SET_TYPE, b"\1\0")]),
        encode_command_set([(Element.COMMAND_FIELD, b"\1\0\0\0"), (Element.MESSAGE_ID, b"\1\0")]),
    ],
    ids=["empty", "huge-length", "other-group", "no-message-id", "long-number"],
)
def test_a_command_set_that_breaks_the_rules_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedCommandSet):
        decode_command_set(data)


@given(st.binary(max_size=200))
def test_random_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        decode_command_set(data)
    except MalformedCommandSet as error:
        assert error.message


def test_a_response_names_the_request_and_is_read_by_pynetdicom() -> None:
    request = decode_command_set(a_store_request(message_id=513))
    response = encode_response(
        request, Status.CANNOT_UNDERSTAND, error_comment="Bad\\value" + "x" * 100, offending_element=0x7FE00010
    )
    found = decode(BytesIO(response), is_implicit_vr=True, is_little_endian=True)
    assert found.CommandField == 0x8001
    assert found.MessageIDBeingRespondedTo == 513
    assert found.CommandDataSetType == 0x0101
    assert found.Status == 0xC000
    assert found.OffendingElement == 0x7FE00010
    assert found.ErrorComment.startswith("Bad?value")
    assert len(found.ErrorComment) == 64
    assert found.AffectedSOPInstanceUID == "1.2.3"
    assert found.CommandGroupLength == len(response) - 12


def test_an_impossible_uid_of_the_request_is_not_repeated() -> None:
    request = decode_command_set(a_store_request(sop_instance_uid=b"1" * 5000))
    assert len(encode_response(request, Status.CANNOT_UNDERSTAND)) < 200


def test_we_decode_what_pynetdicom_encodes() -> None:
    primitive = C_STORE()
    primitive.MessageID, primitive.Priority = 3, 2
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.34"
    primitive.DataSet = BytesIO(b"ab")
    from pynetdicom.dimse_messages import C_STORE_RQ

    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    encoded = encode(message.command_set, is_implicit_vr=True, is_little_endian=True)
    assert encoded is not None
    command: CommandSet = decode_command_set(encoded)
    assert (command.message_id, command.has_data_set) == (3, True)
    assert command.text(Element.AFFECTED_SOP_INSTANCE_UID) == "1.2.34"


@pytest.mark.parametrize("originator", [None, ("MOVER", 9), ("MOVERS", 65535)])
@pytest.mark.parametrize("uid", ["1.2.3", "1.2.34"])
def test_the_fast_store_request_is_the_same_as_the_general_one(uid: str, originator: tuple[str, int] | None) -> None:
    fields: dict[Element, str | int] = {
        Element.AFFECTED_SOP_CLASS_UID: "1.2.840.10008.5.1.4.1.1.2",
        Element.PRIORITY: 0,
        Element.AFFECTED_SOP_INSTANCE_UID: uid,
    }
    if originator is not None:
        fields[Element.MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE] = originator[0]
        fields[Element.MOVE_ORIGINATOR_MESSAGE_ID] = originator[1]
    general = encode_request(CommandField.C_STORE_RQ, 77, fields, has_data_set=True)
    assert encode_store_request("1.2.840.10008.5.1.4.1.1.2", uid, 77, originator) == general


@pytest.mark.parametrize(
    "sop_class_uid", [b"", b"1.2.840.10008.1.1", b"1.2.840.10008.5.1.4.1.1.2\0", b"1" * 64, b"1" * 65]
)
@pytest.mark.parametrize("sop_instance_uid", [b"", b"1.2.3", b"1.2.3\0", b"2" * 64, b"2" * 66])
def test_a_response_of_a_status_alone_is_written_as_any_other(sop_class_uid: bytes, sop_instance_uid: bytes) -> None:
    values = {Element.AFFECTED_SOP_CLASS_UID: sop_class_uid, Element.AFFECTED_SOP_INSTANCE_UID: sop_instance_uid}
    request = CommandSet(
        values={int(element): value for element, value in values.items() if value},
        command_field=CommandField.C_STORE_RQ,
        message_id=513,
        has_data_set=True,
    )
    legal = {element: value + b"\0" * (len(value) & 1) for element, value in values.items() if 0 < len(value) <= 64}
    legal |= {
        Element.COMMAND_FIELD: b"\x01\x80",
        Element.MESSAGE_ID_BEING_RESPONDED_TO: b"\x01\x02",
        Element.COMMAND_DATA_SET_TYPE: b"\x01\x01",
        Element.STATUS: b"\x00\xb0",
    }
    assert encode_response(request, Status.COERCION_OF_DATA_ELEMENTS) == encode_command_set(sorted(legal.items()))
