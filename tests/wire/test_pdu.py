"""PDUs: decoded, refused, encoded."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC
from tests.wire.upper_layer import (
    CT_IMAGE_STORAGE,
    EXPLICIT,
    IMPLICIT,
    associate_request,
    context,
    item,
    user_information,
)

from isocenter.wire.pdu import (
    AbortReason,
    AbortSource,
    AnsweredContext,
    AssociateRequest,
    ContextResult,
    InvalidPdu,
    RoleSelection,
    decode_associate_request,
    describe,
    encode_abort,
    encode_associate_accept,
    encode_command,
    legal_ae_title,
)

ROLE = item(0x54, struct.pack(">H", len(CT_IMAGE_STORAGE)) + CT_IMAGE_STORAGE.encode() + b"\1\1")
IDENTITY = item(0x58, b"\2\1" + struct.pack(">H", 4) + b"user" + struct.pack(">H", 6) + b"secret")


def decoded(request: bytes) -> AssociateRequest:
    return decode_associate_request(request[6:])


def test_a_request_is_decoded_without_its_user_identity() -> None:
    user = user_information(item(0x53, b"\0\5\0\5"), ROLE, IDENTITY, item(0x99, b"?"), max_pdu_bytes=0)
    request = decoded(associate_request(context(5, CT_IMAGE_STORAGE, IMPLICIT, EXPLICIT), user=user))
    assert (request.calling_ae_title, request.called_ae_title) == ("TESTER", "ISOCENTER")
    assert request.contexts[0].id == 5
    assert request.contexts[0].transfer_syntaxes == (IMPLICIT, EXPLICIT)
    assert request.user.max_pdu_bytes == 0
    assert request.user.proposes_asynchronous_operations
    assert request.user.roles[0].scu
    assert "secret" not in repr(request)


@pytest.mark.parametrize(
    "contexts",
    [
        [context(1, CT_IMAGE_STORAGE, IMPLICIT)] * 2,
        [context(2, CT_IMAGE_STORAGE, IMPLICIT)],
        [context(0, CT_IMAGE_STORAGE, IMPLICIT)],
        [context(1 + 2 * n & 0xFF, CT_IMAGE_STORAGE, IMPLICIT) for n in range(200)],
        [item(0x20, b"\1")],
        [item(0x20, bytes((1, 0, 0, 0)) + struct.pack(">BxH", 0x30, 500) + b"1.2")],
        [context(1, CT_IMAGE_STORAGE, *["1.2.3"] * 300)],
    ],
    ids=["duplicate", "even", "zero-id", "two-hundred", "too-short", "overrun", "too-many-syntaxes"],
)
def test_impossible_contexts_are_refused(contexts: list[bytes]) -> None:
    with pytest.raises(InvalidPdu):
        decoded(associate_request(*contexts))


def test_a_request_without_contexts_is_refused() -> None:
    with pytest.raises(InvalidPdu):
        decoded(associate_request(b""))


@pytest.mark.parametrize(
    "user",
    [
        struct.pack(">BxH", 0x50, 9000),
        item(0x50, struct.pack(">BxH", 0x51, 9000)),
        item(0x50, item(0x51, b"\0\1")),
        user_information(item(0x54, struct.pack(">H", 60000) + b"1.2")),
        user_information(item(0x56, b"\1")),
        user_information(item(0x54, b"\0\0031.2\1")),
    ],
    ids=["item-overrun", "user-item-overrun", "short-length", "role-overrun", "extended-too-short", "role-too-short"],
)
def test_user_items_that_overrun_are_refused(user: bytes) -> None:
    with pytest.raises(InvalidPdu):
        decoded(associate_request(user=user))


def test_what_is_no_uid_refuses_its_context_only() -> None:
    request = decoded(associate_request(context(1, "1" * 5000, IMPLICIT), context(3, CT_IMAGE_STORAGE, "../x")))
    assert request.contexts[0].abstract_syntax == ""
    assert request.contexts[1].transfer_syntaxes == ()


@given(st.binary(max_size=300))
def test_random_requests_are_decoded_or_refused(tail: bytes) -> None:
    try:
        decode_associate_request(bytes(68) + tail)
    except InvalidPdu as error:
        assert error.message


def test_pynetdicom_reads_our_acceptance() -> None:
    user = user_information(item(0x53, b"\0\5\0\5"), ROLE, IDENTITY)
    request = decoded(associate_request(user=user))
    contexts = [
        AnsweredContext(1, ContextResult.ACCEPTANCE, CT_IMAGE_STORAGE, EXPLICIT),
        AnsweredContext(3, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, "1.2", IMPLICIT),
    ]
    accept = A_ASSOCIATE_AC()
    accept.decode(
        encode_associate_accept(
            request,
            contexts,
            max_pdu_bytes=131072,
            roles=[RoleSelection(CT_IMAGE_STORAGE, scu=False, scp=True)],
            extended=[("1.2.3", b"\2")],
        )
    )
    assert [(each.context_id, each.result) for each in accept.presentation_context] == [(1, 0), (3, 3)]
    information = accept.user_information
    assert information is not None
    assert information.maximum_length == 131072
    assert (
        information.async_ops_window.max_operations_invoked,
        information.async_ops_window.max_operations_performed,
    ) == (1, 1)
    assert information.role_selection[CT_IMAGE_STORAGE].scp_role == 1
    assert information.role_selection[CT_IMAGE_STORAGE].scu_role == 0
    assert information.user_identity is None


@pytest.mark.parametrize(("limit", "pieces"), [(0, 1), (1000, 1), (128, 3)])
def test_a_command_is_cut_to_what_the_peer_receives(limit: int, pieces: int) -> None:
    encoded, found, at = encode_command(3, bytes(range(250)), limit), b"", 0
    controls = []
    while at < len(encoded):
        length, pdv_length = struct.unpack_from(">xxIIxx", encoded, at)
        assert limit == 0 or length <= limit
        assert pdv_length == length - 4
        controls.append(encoded[at + 11])
        found += encoded[at + 12 : at + 6 + length]
        at += 6 + length
    assert found == bytes(range(250))
    assert controls == [1] * (pieces - 1) + [3]


@pytest.mark.parametrize("title", ["", "A" * 17, "EVIL\x1b[2J", "A\\B", "A\nB", "名前", "A\x7f"])
def test_ae_titles_with_anything_but_printable_ascii_are_illegal(title: str) -> None:
    assert not legal_ae_title(title)
    assert legal_ae_title("CT 1_room.A")


def test_an_abort_says_who_and_why() -> None:
    abort = encode_abort(AbortSource.SERVICE_PROVIDER, AbortReason.UNRECOGNIZED_PDU)
    assert abort == bytes((7, 0, 0, 0, 0, 4, 0, 0, 2, 1))


def test_foreign_bytes_are_described_on_one_line() -> None:
    assert describe(b"GET / HTTP/1.1\r\nHost: \x1b") == "GET / HTTP/1.1\\r\\nHost: \\x1b"
