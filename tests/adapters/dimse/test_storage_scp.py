"""C-STORE over real sockets into an archive in memory: statuses, and that one bad object harms no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from tests.adapters.dimse.doubles import MemoryArchive, workstations_of
from tests.wire.upper_layer import (
    CT_IMAGE_STORAGE,
    IMPLICIT,
    PATIENCE_S,
    Wire,
    associate_request,
    command,
    context,
    listening,
    p_data,
    pdv,
    status,
)

from isocenter.access.caller import CallerKind
from isocenter.access.roles import Role
from isocenter.adapters.dimse.storage_scp import StorageScp
from isocenter.adapters.dimse.verification_scp import VerificationScp
from isocenter.domain.archive.errors import DataSetMismatch, ObjectTooLarge
from isocenter.domain.archive.outcome import StoreKind
from isocenter.kit.errors import Exhausted, Refused
from isocenter.standards.dicom.dimse import CommandField, CommandSet, Element
from isocenter.standards.dicom.elements import MalformedDataSet
from isocenter.wire.listener import Listener

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture
def archive() -> MemoryArchive:
    return MemoryArchive()


@pytest.fixture
def listener(archive: MemoryArchive) -> Iterator[Listener]:
    with listening([StorageScp(archive, workstations_of(7)), VerificationScp()]) as started:
        yield started


@pytest.fixture
def wire(listener: Listener) -> Iterator[Wire]:
    with Wire(listener) as connected:
        connected.associate()
        yield connected


def stored(wire: Wire, uid: bytes = b"1.2.3\0") -> CommandSet:
    request = command(CommandField.C_STORE_RQ, message_id=77, uid=uid)
    wire.send(p_data(pdv(1, 3, request)) + p_data(pdv(1, 0, b"data "), pdv(1, 2, b"set")))
    return wire.read_response()


def test_an_object_reaches_the_archive_with_who_sent_it(archive: MemoryArchive, wire: Wire) -> None:
    response = stored(wire)
    assert status(response) == 0x0000
    assert response.message_id == 77
    assert response.text(Element.AFFECTED_SOP_CLASS_UID) == CT_IMAGE_STORAGE
    assert response.text(Element.AFFECTED_SOP_INSTANCE_UID) == "1.2.3"
    (received,) = archive.objects
    assert received.data == b"data set"
    assert (received.caller.kind, received.caller.roles) == (CallerKind.APPLICATION_ENTITY, (Role.WORKSTATION,))
    assert (received.caller.id, received.caller.institution_id) == ("TESTER", 7)
    assert (received.source.called_ae_title, received.source.peer_address) == ("ISOCENTER", "127.0.0.1")
    assert received.source.door == "c-store"
    assert received.transfer_syntax_uid == "1.2.840.10008.1.2.1"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MalformedDataSet("An element ends beyond the end.", tag="(7fe0,0010)", offset=9), 0xC000),
        (DataSetMismatch("The data set names another instance."), 0xA900),
        (ObjectTooLarge("Too large."), 0xA700),
        (Exhausted("The disk is full."), 0xA700),
        (Refused("Not allowed."), 0x0124),
        (RuntimeError("a defect with /a/path and a name"), 0x0110),
    ],
)
@pytest.mark.parametrize("step", ["open", "write", "complete"])
def test_a_failed_object_is_drained_and_answered_and_the_next_one_is_stored(
    archive: MemoryArchive, wire: Wire, step: str, error: Exception, expected: int
) -> None:
    setattr(archive, f"fail_on_{step}", error)
    response = stored(wire)
    assert status(response) == expected
    comment = response.text(Element.ERROR_COMMENT)
    assert 0 < len(comment) <= 64
    assert "path" not in comment
    assert (Element.OFFENDING_ELEMENT in response.values) is isinstance(error, MalformedDataSet)
    assert len(archive.abandoned) == (0 if step == "open" else 1)
    setattr(archive, f"fail_on_{step}", None)
    assert status(stored(wire)) == 0
    assert len(archive.objects) == 1


def test_a_refused_object_that_never_ends_ends_the_association(
    archive: MemoryArchive, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isocenter.adapters.dimse.storage_scp.MOST_DRAINED_BYTES", 10)
    archive.fail_on_open = Refused("Not allowed.")
    wire.send(p_data(pdv(1, 3, command(CommandField.C_STORE_RQ))) + p_data(pdv(1, 0, bytes(11))))
    assert wire.read_pdu()[0] == 7


def test_other_content_under_a_known_uid_is_a_warning(archive: MemoryArchive, wire: Wire) -> None:
    archive.kind = StoreKind.KEPT_ASIDE
    response = stored(wire)
    assert status(response) == 0xB000
    assert response.text(Element.ERROR_COMMENT)
    archive.kind = StoreKind.ALREADY_STORED
    assert status(stored(wire)) == 0x0000


@pytest.mark.parametrize("uid", [b"../../etc/passwd", b"", b"1.2\0;3", b"1" * 65, b"1" * 300, b"$(reboot)"])
def test_an_instance_uid_that_is_none_is_refused_and_logged_escaped(
    archive: MemoryArchive, wire: Wire, uid: bytes
) -> None:
    with capture_logs() as logs:
        response = stored(wire, uid)
    assert status(response) == 0xC000
    assert response.values[Element.OFFENDING_ELEMENT] == b"\0\0\0\x10"
    assert archive.objects == [] and archive.abandoned == []
    assert [each["event"] for each in logs if each["log_level"] == "warning"] == ["object.refused"]


def test_an_object_of_another_class_than_its_context_is_refused(archive: MemoryArchive, listener: Listener) -> None:
    with Wire(listener) as wire:
        wire.associate(associate_request(context(1, MR_IMAGE_STORAGE, IMPLICIT)))
        assert status(stored(wire)) == 0x0122
    assert archive.objects == []


def test_a_store_request_without_a_data_set_is_answered(archive: MemoryArchive, wire: Wire) -> None:
    archive.fail_on_complete = MalformedDataSet("There is no data set.")
    wire.send(p_data(pdv(1, 3, command(CommandField.C_STORE_RQ, data_set=False))))
    assert status(wire.read_response()) == 0xC000


def test_a_broken_connection_abandons_the_object(archive: MemoryArchive, listener: Listener) -> None:
    with Wire(listener) as wire:
        wire.associate()
        wire.send(p_data(pdv(1, 3, command(CommandField.C_STORE_RQ))) + p_data(pdv(1, 0, b"half")))
    listener.stop(within_s=PATIENCE_S)
    assert len(archive.abandoned) == 1
    assert archive.objects == []


@pytest.mark.parametrize(
    ("sop_class_uid", "accepted"),
    [
        (CT_IMAGE_STORAGE, True),
        ("1.2.840.10008.5.1.4.1.1.3", True),
        ("1.3.12.2.1107.5.9.1", True),
        ("1.2.840.10008.5.1.4.1.2.2.1", False),
        ("1.2.840.10008.1.3.10", False),
    ],
)
def test_contexts_of_storage_classes_are_accepted(listener: Listener, sop_class_uid: str, accepted: bool) -> None:
    with Wire(listener) as wire:
        body = wire.associate(associate_request(context(1, sop_class_uid, IMPLICIT)))
        answer = body[body.index(b"\x21\0") :]
        assert (answer[6] == 0) is accepted
