"""An association from its first message to its end, and everything a hostile or broken peer may do inside it."""

from __future__ import annotations

import itertools
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.wire.upper_layer import (
    ABORT,
    CT_IMAGE_STORAGE,
    IMPLICIT,
    PATIENCE_S,
    RELEASE_REQUEST,
    RecordingService,
    ScriptedConnection,
    Wire,
    associate_request,
    command,
    context,
    listening,
    p_data,
    pdu,
    pdv,
    recording_services,
    status,
    user_information,
)

from isocenter.standards.dicom.dimse import CommandField
from isocenter.wire.association import Association
from isocenter.wire.pdu import AnsweredContext, ContextResult
from isocenter.wire.service import Peer

STORE = command(CommandField.C_STORE_RQ)
DATA = bytes(range(256)) * 3000


def test_objects_arrive_whole_however_they_are_cut() -> None:
    storage, verification = recording_services()
    with listening((storage, verification)) as listener, Wire(listener) as wire:
        wire.associate()
        assert wire.echo() == 0
        for pieces in (6, 7, 50, 700):
            assert wire.store(DATA, pieces=pieces, message_id=pieces) == 0
        assert wire.release() == 6
    assert [bytes(each.data) == DATA for each in storage.messages] == [True] * 4
    assert [each.request.message_id for each in storage.messages] == [6, 7, 50, 700]
    assert storage.messages[0].peer.calling_ae_title == "TESTER"
    assert storage.messages[0].context.transfer_syntax == "1.2.840.10008.1.2.1"


def test_a_peer_that_sends_one_byte_at_a_time_is_understood() -> None:
    storage, verification = recording_services()
    stream = p_data(pdv(1, 1, STORE[:20]), pdv(1, 3, STORE[20:])) + p_data(pdv(1, 0, b"abc")) + p_data(pdv(1, 2, b"d"))
    with listening((storage, verification)) as listener, Wire(listener) as wire:
        wire.associate()
        for value in stream:
            wire.send(bytes((value,)))
        assert status(wire.read_response()) == 0
    assert bytes(storage.messages[0].data) == b"abcd"


def test_several_fragments_in_one_pdu_and_an_empty_last_one_are_legal() -> None:
    storage, verification = recording_services()
    with listening((storage, verification)) as listener, Wire(listener) as wire:
        wire.associate()
        wire.send(p_data(pdv(1, 3, STORE), pdv(1, 0, b"ab"), pdv(1, 0, b"cd"), pdv(1, 2, b"")))
        assert status(wire.read_response()) == 0
    assert bytes(storage.messages[0].data) == b"abcd"


def test_messages_sent_without_waiting_are_answered_in_order() -> None:
    storage, verification = recording_services()
    one = p_data(pdv(1, 3, STORE)) + p_data(pdv(1, 2, b"ab"))
    with listening((storage, verification)) as listener, Wire(listener) as wire:
        wire.associate()
        wire.send(one * 20 + p_data(pdv(3, 3, command(CommandField.C_ECHO_RQ, data_set=False))))
        answers = [wire.read_response() for _ in range(21)]
    assert [each.command_field for each in answers] == [0x8001] * 20 + [0x8030]


def test_a_request_that_no_service_takes_is_answered_and_the_association_goes_on() -> None:
    storage, verification = recording_services()
    with listening((storage, verification)) as listener, Wire(listener) as wire:
        wire.associate()
        wire.send(p_data(pdv(1, 3, command(CommandField.C_FIND_RQ))) + p_data(pdv(1, 2, b"query")))
        assert status(wire.read_response()) == 0x0211
        wire.send(
            p_data(pdv(1, 3, command(CommandField.C_CANCEL_RQ, data_set=False).replace(b"\x10\x01", b"\x20\x01")))
        )
        assert wire.echo() == 0


def test_a_peer_that_receives_little_gets_its_answer_in_pieces() -> None:
    with listening(recording_services()) as listener, Wire(listener) as wire:
        wire.associate(associate_request(user=user_information(max_pdu_bytes=128)))
        long_answer = command(CommandField.C_STORE_RQ, uid=b"1" * 64)
        wire.send(p_data(pdv(1, 3, long_answer)) + p_data(pdv(1, 2, b"ab")))
        kind, first = wire.read_pdu()
        assert kind == 4
        assert len(first) <= 128
        assert not first[5] & 2
        assert status_after(first, wire) == 0


def status_after(first: bytes, wire: Wire) -> int:
    kind, second = wire.read_pdu()
    assert kind == 4
    whole = first[6:] + second[6:]
    return struct.unpack_from("<H", whole, whole.index(b"\0\0\0\x09\2\0\0\0") + 8)[0]


HOSTILE = {
    "P-DATA longer than offered": pdu(4, pdv(1, 0, bytes(20000))),
    "P-DATA without a PDV": pdu(4, b""),
    "PDV that overruns": pdu(4, struct.pack(">IBB", 5000, 1, 3) + bytes(10)),
    "PDV of length zero": pdu(4, struct.pack(">IBB", 0, 1, 3) + bytes(10)),
    "PDV of length one": pdu(4, struct.pack(">IBB", 1, 1, 3) + bytes(10)),
    "context that was never proposed": p_data(pdv(9, 3, STORE)),
    "context that was refused": p_data(pdv(5, 3, STORE)),
    "data set without a command": p_data(pdv(1, 2, b"data")),
    "data set on another context": p_data(pdv(1, 3, STORE)) + p_data(pdv(3, 2, b"data")),
    "command inside a data set": p_data(pdv(1, 3, STORE)) + p_data(pdv(1, 3, STORE)),
    "command spread over contexts": p_data(pdv(1, 1, STORE[:20])) + p_data(pdv(3, 3, STORE[20:])),
    "endless command": p_data(pdv(1, 1, bytes(10000))) * 8,
    "a thousand empty fragments": p_data(pdv(1, 3, STORE)) + p_data(*[pdv(1, 0, b"")] * 1000),
    "command with an impossible length": p_data(pdv(1, 3, b"\0\0\0\1\xf0\xff\xff\x0f")),
    "empty command": p_data(pdv(1, 3, b"")),
    "response without a request": p_data(pdv(1, 3, command(0x8001, data_set=False).replace(b"\x10\x01", b"\x20\x01"))),
    "association request again": associate_request(),
    "association acceptance": pdu(2, bytes(70)),
    "release response": pdu(6, bytes(4)),
    "unknown PDU": pdu(0x47, bytes(20)),
    "release of a wrong length": pdu(5, bytes(5000)),
    "release inside a message": p_data(pdv(1, 3, STORE)) + RELEASE_REQUEST,
}


@pytest.mark.parametrize("stream", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_breaks_the_protocol_is_aborted_and_nothing_is_kept(stream: bytes) -> None:
    storage, verification = recording_services()
    with listening((storage, verification), max_pdu_bytes=16384) as listener:
        with Wire(listener) as wire:
            wire.associate(
                associate_request(
                    context(1, CT_IMAGE_STORAGE, IMPLICIT),
                    context(3, "1.2.840.10008.1.1", IMPLICIT),
                    context(5, "1.2.840.10008.5.1.4.31", IMPLICIT),
                )
            )
            wire.send(stream)
            kind, body = wire.read_pdu()
            assert kind == 7
            assert body[2] == 2
            assert wire.read_pdu()[0] == 0
        with Wire(listener) as good:
            good.associate()
            assert good.echo() == 0
    assert all(each.outcome == "abandoned" for each in storage.messages)


@pytest.mark.parametrize("how", ["close", "reset", "half-close", "abort"])
def test_an_association_that_breaks_in_mid_object_leaves_nothing_and_the_retry_succeeds(how: str) -> None:
    storage, verification = recording_services()
    with listening((storage, verification)) as listener:
        wire = Wire(listener)
        wire.associate()
        wire.send(p_data(pdv(1, 3, STORE)) + p_data(pdv(1, 0, DATA[:5000])))
        assert storage.began.wait(PATIENCE_S)
        if how == "abort":
            wire.send(ABORT)
        elif how == "half-close":
            wire.socket.shutdown(socket.SHUT_WR)
        elif how == "reset":
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how != "half-close":
            wire.close()
        assert storage.abandoned.wait(PATIENCE_S)
        wire.close()
        with Wire(listener) as retry:
            retry.associate()
            assert retry.store(DATA, pieces=6) == 0
    assert [each.outcome for each in storage.messages] == ["abandoned", "finished"]


def test_a_sender_that_stalls_in_mid_object_is_aborted_after_the_idle_time() -> None:
    storage, verification = recording_services()
    with listening((storage, verification), idle_for_s=0.2) as listener, Wire(listener) as wire:
        wire.associate()
        wire.send(p_data(pdv(1, 3, STORE)) + p_data(pdv(1, 0, b"ab")))
        assert wire.read_pdu()[0] == 7
    assert storage.messages[0].outcome == "abandoned"


def test_an_idle_association_is_aborted_after_the_idle_time() -> None:
    with listening(recording_services(), idle_for_s=0.2) as listener, Wire(listener) as wire:
        wire.associate()
        assert wire.read_pdu()[0] == 7
        assert wire.read_pdu()[0] == 0


def test_a_defect_of_a_service_ends_its_association_and_no_other() -> None:
    class Broken(type(recording_services()[0])):  # type: ignore[misc]
        def receive(self, *_: object) -> None:
            raise RuntimeError("a defect")

    broken = Broken(CommandField.C_STORE_RQ, CT_IMAGE_STORAGE)
    _, verification = recording_services()
    with listening((broken, verification)) as listener, Wire(listener) as wire, Wire(listener) as other:
        other.associate()
        wire.associate()
        wire.send(p_data(pdv(1, 3, STORE)))
        assert wire.read_pdu()[0] == 7
        assert other.echo() == 0


def served(stream: bytes, cuts: list[int]) -> tuple[RecordingService, bytes]:
    """Run an association over a stream that arrives in pieces cut at these places; what was stored and answered."""
    storage, verification = recording_services()
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    connection = ScriptedConnection([stream[start:end] for start, end in itertools.pairwise(places)])
    contexts = [
        AnsweredContext(1, ContextResult.ACCEPTANCE, CT_IMAGE_STORAGE, IMPLICIT),
        AnsweredContext(3, ContextResult.ACCEPTANCE, "1.2.840.10008.1.1", IMPLICIT),
    ]
    association = Association(
        connection,  # type: ignore[arg-type]
        Peer("TESTER", "ISOCENTER", "127.0.0.1"),
        contexts,
        [storage, verification],
        max_pdu_bytes=16384,
        peer_max_pdu_bytes=0,
        idle_for_s=1,
    )
    with capture_logs() as logs:
        association.run(b"")
    assert [each["event"] for each in logs] == ["association.ended"], logs
    return storage, bytes(connection.sent)


def an_orderly_stream() -> bytes:
    store = command(CommandField.C_STORE_RQ)
    return b"".join(
        (
            p_data(pdv(1, 1, store[:30]), pdv(1, 3, store[30:])),
            p_data(pdv(1, 0, b"a" * 40)) + p_data(pdv(1, 0, b""), pdv(1, 2, b"b")),
            p_data(pdv(3, 3, command(CommandField.C_ECHO_RQ, data_set=False))),
            p_data(pdv(1, 3, store), pdv(1, 2, b"second")),
            RELEASE_REQUEST,
        )
    )


@settings(max_examples=150, deadline=None)
@given(cuts=st.lists(st.integers(0, 1000), max_size=40))
def test_a_stream_means_the_same_wherever_the_network_cuts_it(cuts: list[int]) -> None:
    storage, sent = served(an_orderly_stream(), cuts)
    assert [bytes(each.data) for each in storage.messages] == [b"a" * 40 + b"b", b"second"]
    assert [each.outcome for each in storage.messages] == ["finished", "finished"]
    assert sent == served(an_orderly_stream(), [])[1]
    assert sent.endswith(bytes((6, 0, 0, 0, 0, 4, 0, 0, 0, 0)))


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_stream_with_bytes_changed_ends_in_order_and_leaves_no_message_open(data: st.DataObject) -> None:
    stream = bytearray(an_orderly_stream())
    for _ in range(data.draw(st.integers(1, 5))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    storage, _ = served(bytes(stream), data.draw(st.lists(st.integers(0, 1000), max_size=5)))
    assert {each.outcome for each in storage.messages} <= {"finished", "abandoned"}
