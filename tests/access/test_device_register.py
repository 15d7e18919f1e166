"""Whose an association is: title, address, certificate, called title; with several hospitals under one roof (D16)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from isocenter.access.caller import Caller
from isocenter.access.devices.register import AdmittedCaller, Because, Call, Register, RejectedCall, Strangers
from isocenter.access.roles import Right
from isocenter.index.devices import KnownCaller

HOME, NORTH, SOUTH = 1, 2, 3
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
STRANGERS = Strangers(HOME, "ISOCENTER", LOOPBACK)
FINGERPRINT, OTHER = "a" * 64, "b" * 64


def a_device(institution_id: int = NORTH, *networks: str, **fields: object) -> KnownCaller:
    """CT1, device 10 times the institution's number, called by every title."""
    known = KnownCaller(
        institution_id=institution_id,
        device_id=institution_id * 10,
        ae_title="CT1",
        called_ae_title=None,
        networks=[ip_network(each) for each in networks],
        certificate=None,
        plain_allowed=True,
        may_store=True,
        may_query=True,
        active=True,
        first_store_asked_at=None,
    )
    return replace(known, **fields)  # type: ignore[arg-type]


def decided(*known: KnownCaller, call: Call, **called: int) -> AdmittedCaller | RejectedCall:
    return Register(STRANGERS, known, called).admit(call)


def from_(address: str, *, calling: str = "CT1", called: str = "ISOCENTER", certificate: str | None = None) -> Call:
    return Call(calling, called, address, certificate)


def owner(found: AdmittedCaller | RejectedCall) -> tuple[int, int | None]:
    assert isinstance(found, AdmittedCaller), found
    return found.caller.institution_id, found.device_id


def why(found: AdmittedCaller | RejectedCall) -> tuple[Because, tuple[int, ...]]:
    assert isinstance(found, RejectedCall), found
    return found.because, found.institution_ids


def test_a_stranger_comes_from_loopback_alone_and_into_the_first_institution() -> None:
    assert owner(decided(call=from_("127.0.0.1"))) == (HOME, None)
    assert owner(decided(call=from_("::ffff:127.0.0.1"))) == (HOME, None)
    assert why(decided(call=from_("10.1.1.1"))) == (Because.UNKNOWN_CALLER, (HOME,))


def test_a_device_is_known_by_title_and_address() -> None:
    assert owner(decided(a_device(NORTH, "10.2.0.0/16"), call=from_("10.2.3.4"))) == (NORTH, 20)
    assert owner(decided(a_device(NORTH, "fd00::/64"), call=from_("fd00::7%eth0"))) == (NORTH, 20)


@pytest.mark.parametrize("address", ["10.3.0.1", "127.0.0.1", "fd00::1"])
def test_a_known_title_from_another_address_is_rejected_even_where_strangers_may_call(address: str) -> None:
    found = decided(a_device(NORTH, "10.2.0.0/16"), call=from_(address))
    assert why(found) == (Because.WRONG_ADDRESS, (NORTH,))


def test_a_title_that_is_not_ours_is_rejected() -> None:
    found = decided(a_device(NORTH, "10.2.0.0/16"), call=from_("10.2.0.1", called="PACS"))
    assert why(found) == (Because.UNKNOWN_CALLED_AE_TITLE, (HOME,))


def test_two_hospitals_each_have_a_ct1() -> None:
    both = a_device(NORTH, "10.2.0.0/16"), a_device(SOUTH, "10.3.0.0/16")
    assert owner(decided(*both, call=from_("10.2.0.1"))) == (NORTH, 20)
    assert owner(decided(*both, call=from_("10.3.0.1"))) == (SOUTH, 30)
    # Neither hears that the other has one too.
    assert why(decided(*both, call=from_("10.4.0.1"))) == (Because.WRONG_ADDRESS, (HOME,))


def test_behind_one_address_the_called_title_tells_them_apart() -> None:
    both = a_device(NORTH, "10.9.9.9", called_ae_title="NORTH"), a_device(SOUTH, "10.9.9.9", called_ae_title="SOUTH")
    titles = {"NORTH": NORTH, "SOUTH": SOUTH}
    assert owner(decided(*both, call=from_("10.9.9.9", called="NORTH"), **titles)) == (NORTH, 20)
    assert owner(decided(*both, call=from_("10.9.9.9", called="SOUTH"), **titles)) == (SOUTH, 30)
    assert why(decided(*both, call=from_("10.9.9.9"), **titles)) == (Because.AMBIGUOUS, (NORTH, SOUTH))


def test_behind_one_address_the_certificate_tells_them_apart() -> None:
    both = a_device(NORTH, "10.9.9.9", certificate=FINGERPRINT), a_device(SOUTH, "10.9.9.9", certificate=OTHER)
    assert owner(decided(*both, call=from_("10.9.9.9", certificate=OTHER))) == (SOUTH, 30)
    both = a_device(NORTH, "10.9.9.9", certificate=FINGERPRINT), a_device(SOUTH, "10.9.9.9")
    assert owner(decided(*both, call=from_("10.9.9.9", certificate=FINGERPRINT))) == (NORTH, 20)
    assert why(decided(*both, call=from_("10.9.9.9"))) == (Because.AMBIGUOUS, (NORTH, SOUTH))


def test_the_narrower_network_is_meant() -> None:
    both = a_device(NORTH, "10.0.0.0/8"), a_device(SOUTH, "10.3.0.0/16")
    assert owner(decided(*both, call=from_("10.3.0.1"))) == (SOUTH, 30)
    assert owner(decided(*both, call=from_("10.4.0.1"))) == (NORTH, 20)


@pytest.mark.parametrize(
    ("fields", "certificate", "because"),
    [
        ({"certificate": FINGERPRINT}, OTHER, Because.WRONG_CERTIFICATE),
        ({"certificate": FINGERPRINT, "plain_allowed": False}, None, Because.WITHOUT_TLS),
        ({"active": False}, None, Because.DEACTIVATED),
    ],
)
def test_the_right_address_is_not_enough(fields: dict[str, object], certificate: str | None, because: Because) -> None:
    found = decided(a_device(NORTH, "10.2.0.1", **fields), call=from_("10.2.0.1", certificate=certificate))
    assert why(found) == (because, (NORTH,))


def test_plain_dicom_goes_on_where_it_was_allowed_for_an_address() -> None:
    known = a_device(NORTH, "10.2.0.1", certificate=FINGERPRINT)
    assert owner(decided(known, call=from_("10.2.0.1"))) == (NORTH, 20)
    assert why(decided(known, call=from_("10.2.0.2"))) == (Because.WRONG_ADDRESS, (NORTH,))


def test_a_certificate_alone_is_known_everywhere() -> None:
    known = a_device(NORTH, certificate=FINGERPRINT, plain_allowed=False)
    assert owner(decided(known, call=from_("203.0.113.5", certificate=FINGERPRINT))) == (NORTH, 20)


def test_the_certificate_of_a_device_opens_under_no_other_title() -> None:
    known = a_device(NORTH, certificate=FINGERPRINT, plain_allowed=False)
    scanner = a_device(SOUTH, "10.2.0.1", ae_title="MR1")
    stolen = from_("10.2.0.1", calling="MR1", certificate=FINGERPRINT)
    assert why(decided(known, scanner, call=stolen)) == (Because.WRONG_CERTIFICATE, (SOUTH,))
    assert owner(decided(known, scanner, call=replace(stolen, certificate=OTHER))) == (SOUTH, 30)
    stranger = from_("127.0.0.1", calling="XA1", certificate=FINGERPRINT)
    assert why(decided(known, call=stranger)) == (Because.WRONG_CERTIFICATE, (HOME,))
    assert owner(decided(known, call=replace(stranger, certificate=OTHER))) == (HOME, None)


def test_a_device_without_an_address_calls_from_where_strangers_may() -> None:
    assert owner(decided(a_device(HOME), call=from_("127.0.0.1"))) == (HOME, 10)
    assert why(decided(a_device(HOME), call=from_("10.2.0.1"))) == (Because.UNKNOWN_CALLER, (HOME,))
    # Of another institution it is nobody there, and the caller a stranger.
    assert owner(decided(a_device(NORTH), call=from_("127.0.0.1"))) == (HOME, None)


def test_a_deactivated_device_is_no_stranger() -> None:
    found = decided(a_device(HOME, active=False), call=from_("127.0.0.1"))
    assert why(found) == (Because.DEACTIVATED, (HOME,))


def test_a_title_of_its_own_lets_no_strangers_into_another_institution() -> None:
    call = from_("127.0.0.1", called="NORTH")
    assert why(decided(call=call, NORTH=NORTH)) == (Because.UNKNOWN_CALLER, (NORTH,))
    assert owner(decided(call=from_("127.0.0.1", called="FIRST"), FIRST=HOME)) == (HOME, None)


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, {Right.STORE, Right.READ, Right.READ_EVERY_PATIENT}),
        ({"may_query": False}, {Right.STORE}),
        ({"may_store": False}, {Right.READ, Right.READ_EVERY_PATIENT}),
        ({"may_store": False, "may_query": False}, set()),
    ],
)
def test_a_device_may_what_was_ticked(fields: dict[str, object], may: set[Right]) -> None:
    found = decided(a_device(NORTH, "10.2.0.1", **fields), call=from_("10.2.0.1"))
    assert isinstance(found, AdmittedCaller)
    assert {right for right in Right if found.caller.may(right)} == may
    assert isinstance(found.caller, Caller)


def test_a_device_whose_first_object_is_waited_for_says_so() -> None:
    known = a_device(NORTH, "10.2.0.1", first_store_asked_at=datetime.now(UTC))
    found = decided(known, call=from_("10.2.0.1"))
    assert isinstance(found, AdmittedCaller)
    assert found.first_store
