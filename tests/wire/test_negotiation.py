"""Who is let in, and what is agreed on."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from tests.wire.upper_layer import (
    CT_IMAGE_STORAGE,
    EXPLICIT,
    IMPLICIT,
    LOOPBACK,
    VERIFICATION,
    associate_request,
    context,
    item,
    recording_services,
    user_information,
)

from isocenter.wire.negotiation import Admission, answer_contexts, answer_extended
from isocenter.wire.pdu import AssociateRequest, ContextResult, decode_associate_request

ADMISSION = Admission("ISOCENTER", LOOPBACK)


def a_request(**changes: object) -> AssociateRequest:
    return replace(decode_associate_request(associate_request()[6:]), **changes)  # type: ignore[arg-type]


def test_a_caller_who_names_us_from_a_known_network_is_let_in() -> None:
    assert ADMISSION.rejection(a_request(), "127.0.0.1") is None
    assert ADMISSION.rejection(a_request(), "::ffff:127.0.0.1") is None


@pytest.mark.parametrize(
    ("changes", "address", "word"),
    [
        ({"called_ae_title": "OTHER"}, "127.0.0.1", "called-ae-title-not-recognized"),
        ({"called_ae_title": "isocenter"}, "127.0.0.1", "called-ae-title-not-recognized"),
        ({"calling_ae_title": ""}, "127.0.0.1", "calling-ae-title-not-recognized"),
        ({"calling_ae_title": "A\x1b[31m"}, "127.0.0.1", "calling-ae-title-not-recognized"),
        ({}, "192.0.2.7", "calling-ae-title-not-recognized"),
        ({}, "fe80::1%eth0", "calling-ae-title-not-recognized"),
        ({"application_context": "1.2.3"}, "127.0.0.1", "application-context-name-not-supported"),
        ({"protocol_version": 2}, "127.0.0.1", "protocol-version-not-supported"),
    ],
)
def test_everyone_else_is_rejected_with_the_standards_reason(
    changes: dict[str, object], address: str, word: str
) -> None:
    rejection = ADMISSION.rejection(a_request(**changes), address)
    assert rejection is not None
    assert rejection.word == word


@pytest.mark.parametrize(("size", "let_in"), [(0, True), (1, False), (7, False), (128, True), (2**32 - 1, True)])
def test_a_peer_that_receives_almost_nothing_at_a_time_is_rejected(size: int, let_in: bool) -> None:
    request = decode_associate_request(associate_request(user=user_information(max_pdu_bytes=size))[6:])
    assert (ADMISSION.rejection(request, "127.0.0.1") is None) is let_in


def test_networks_of_both_kinds_may_be_named() -> None:
    admission = Admission("ISOCENTER", (ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
    assert admission.rejection(a_request(), "10.1.2.3") is None
    assert admission.rejection(a_request(), "fd00::1") is None
    assert admission.rejection(a_request(), "127.0.0.1") is not None


def test_each_context_is_answered_for_itself() -> None:
    request = decode_associate_request(
        associate_request(
            context(1, CT_IMAGE_STORAGE, IMPLICIT, EXPLICIT),
            context(3, "1.2.840.10008.5.1.4.31", IMPLICIT),
            context(5, VERIFICATION, "1.2.840.10008.1.2.6.1"),
            context(7, "1" * 5000, IMPLICIT),
        )[6:]
    )
    answers = answer_contexts(request, recording_services())
    assert [(each.id, each.result, each.transfer_syntax) for each in answers] == [
        (1, ContextResult.ACCEPTANCE, EXPLICIT),
        (3, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT),
        (5, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, "1.2.840.10008.1.2.6.1"),
        (7, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT),
    ]


def test_extended_negotiation_is_answered_for_accepted_classes_only() -> None:
    def extended(uid: str, information: bytes) -> bytes:
        return item(0x56, len(uid).to_bytes(2, "big") + uid.encode() + information)

    user = user_information(extended(CT_IMAGE_STORAGE, b"\1\2"), extended("1.2.3", b"\1"), extended(VERIFICATION, b""))
    request = decode_associate_request(associate_request(user=user)[6:])
    services = recording_services()
    assert answer_extended(request, answer_contexts(request, services), services) == [(CT_IMAGE_STORAGE, b"\2\1")]
