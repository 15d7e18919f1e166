"""Our own SCU: against our listener, DCMTK, pynetdicom, and peers that break the rules."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import AE, evt
from tests.standards.dicom.encoding import a_data_set
from tests.wire.peers import accept_all, free_port, read_pdu, scripted_peer, storescp
from tests.wire.upper_layer import (
    CT_IMAGE_STORAGE,
    EXPLICIT,
    IMPLICIT,
    VERIFICATION,
    listening,
    p_data,
    pdu,
    pdv,
    recording_services,
)

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.dimse import CommandField, Element, Status, decode_command_set, encode_command_set
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.wire.p_data import command_fragments, message_parts
from isocenter.wire.requestor import (
    AssociationRefused,
    NoAcceptedContext,
    PeerAway,
    PeerMisbehaved,
    ProposedContext,
    Remote,
    request_association,
)

CONTEXTS = [ProposedContext(VERIFICATION, [IMPLICIT]), ProposedContext(CT_IMAGE_STORAGE, [EXPLICIT])]
DATA = bytes(range(256)) * 3000


def to(address: tuple[str, int], called: str = "ISOCENTER") -> Remote:
    return Remote(called, address[0], address[1], answer_timeout_s=10)


def test_objects_arrive_whole_at_our_own_listener() -> None:
    storage, verification = recording_services()
    with listening((storage, verification)) as listener, request_association(to(listener.address), CONTEXTS) as called:
        assert called.echo() == 0
        in_pieces: list[list[bytes | memoryview]] = [[DATA], [DATA[:7], b"", memoryview(DATA)[7:]], [b"ab"], []]
        for pieces in in_pieces:
            stored = called.store(
                sop_class_uid=CT_IMAGE_STORAGE,
                sop_instance_uid="1.2.3",
                transfer_syntax_uid=EXPLICIT,
                pieces=iter(pieces),
                move_originator=("MOVER", 7),
            )
            assert stored.succeeded
            assert not stored.warned
    assert [bytes(each.data) for each in storage.messages] == [DATA, DATA, b"ab", b""]
    request = storage.messages[0].request
    assert request.text(Element.MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE) == "MOVER"
    assert request.number(Element.MOVE_ORIGINATOR_MESSAGE_ID) == 7
    assert [each.request.message_id for each in storage.messages] == [2, 3, 4, 5]


@pytest.mark.shared_data
def test_storescp_writes_every_transfer_syntax_as_it_was_sent(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "transfer-syntax-ct").glob("*.dcm"))[:6]
    metas = [(read_file_meta(memoryview(each.read_bytes())), each.read_bytes()) for each in files]
    contexts = [ProposedContext(meta.sop_class_uid, [meta.transfer_syntax_uid]) for meta, _ in metas]
    with storescp(tmp_path) as remote, request_association(remote, contexts) as called:
        for meta, content in metas:
            stored = called.store(
                sop_class_uid=meta.sop_class_uid,
                sop_instance_uid=meta.sop_instance_uid,
                transfer_syntax_uid=meta.transfer_syntax_uid,
                pieces=[memoryview(content)[meta.data_set_offset :]],
            )
            assert stored.status == 0
            (written,) = tmp_path.iterdir()
            received = written.read_bytes()
            data_set = received[read_file_meta(memoryview(received)).data_set_offset :]
            assert data_set.removesuffix(b"\0" * (len(content) & 1)) == content[meta.data_set_offset :]
            written.unlink()


def test_a_pynetdicom_scp_receives_the_object_and_its_warning_comes_back() -> None:
    received = []
    entity = AE("SCP")
    entity.add_supported_context(CT_IMAGE_STORAGE, EXPLICIT)

    def take(event: evt.Event) -> int:
        received.append(event.dataset.PatientID)
        return 0xB000

    port = free_port()
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
    assert server is not None
    try:
        with request_association(to(("127.0.0.1", port), "SCP"), CONTEXTS) as called:
            assert called.accepted(CT_IMAGE_STORAGE) == [(3, EXPLICIT)]
            assert called.accepted(VERIFICATION) == []
            with pytest.raises(NoAcceptedContext):
                called.echo()
            sop_class = b"\x08\0\x16\0UI\x1a\0" + CT_IMAGE_STORAGE.encode() + b"\0"
            stored = called.store(
                sop_class_uid=CT_IMAGE_STORAGE,
                sop_instance_uid="1.2.3",
                transfer_syntax_uid=EXPLICIT,
                pieces=[sop_class, a_data_set()],
            )
        assert stored.warned
        assert len(received) == 1
    finally:
        server.shutdown()


def test_a_rejection_says_why() -> None:
    with listening(recording_services()) as listener, pytest.raises(AssociationRefused) as refused:
        request_association(to(listener.address, "NOBODY"), CONTEXTS)
    assert refused.value.fields["why"] == "called-ae-title-not-recognized"
    assert not refused.value.transient


def test_nobody_there_is_said_so() -> None:
    with pytest.raises(PeerAway) as away:
        request_association(to(("127.0.0.1", free_port())), CONTEXTS)
    assert away.value.fields["cause"] == "no-connection"


def test_contexts_and_titles_that_cannot_be_proposed_are_refused_before_calling() -> None:
    with pytest.raises(Invalid):
        request_association(to(("127.0.0.1", 1)), [])
    with pytest.raises(Invalid):
        request_association(to(("127.0.0.1", 1)), CONTEXTS * 65)
    with pytest.raises(Invalid):
        request_association(to(("127.0.0.1", 1), "A" * 17), CONTEXTS)


def test_a_peer_that_hangs_after_accepting_is_given_up() -> None:
    def hang(connection: socket.socket) -> None:
        accept_all(connection)
        while connection.recv(1 << 16):
            pass

    with scripted_peer(hang) as remote:
        quick = Remote("PEER", remote.host, remote.port, answer_timeout_s=0.3)
        called = request_association(quick, CONTEXTS)
        with pytest.raises(PeerAway) as away:
            called.echo()
    assert away.value.fields["cause"] == "time-out"


def test_a_peer_that_trickles_its_answer_is_given_up() -> None:
    def trickle(connection: socket.socket) -> None:
        accept_all(connection)
        read_pdu(connection)
        answer = p_data(pdv(1, 3, bytes(4000)))
        for at in itertools.cycle(range(len(answer))):
            connection.sendall(answer[at : at + 1])
            connection.settimeout(0.02)
            try:
                if not connection.recv(100):
                    return
            except TimeoutError:
                continue

    with scripted_peer(trickle) as remote:
        called = request_association(Remote("PEER", remote.host, remote.port, answer_timeout_s=0.5), CONTEXTS)
        with pytest.raises(PeerAway) as away:
            called.echo()
    assert away.value.fields["cause"] == "time-out"


def a_response(field: int = CommandField.C_ECHO_RQ | 0x8000, message_id: int = 1) -> bytes:
    return encode_command_set(
        [
            (Element.COMMAND_FIELD, field.to_bytes(2, "little")),
            (Element.MESSAGE_ID_BEING_RESPONDED_TO, message_id.to_bytes(2, "little")),
            (Element.COMMAND_DATA_SET_TYPE, b"\1\1"),
            (Element.STATUS, Status.SUCCESS.to_bytes(2, "little")),
        ]
    )


MISBEHAVIOUR: dict[str, tuple[bytes, type[Exception]]] = {
    "abort": (pdu(7, b"\0\0\2\6"), PeerAway),
    "release instead of an answer": (pdu(5, bytes(4)), PeerAway),
    "closed": (b"", PeerAway),
    "a longer PDU than allowed": (b"\4\0\x7f\0\0\0", PeerMisbehaved),
    "a PDU of no known type": (pdu(9, b""), PeerMisbehaved),
    "a context that was not accepted": (p_data(pdv(99, 3, a_response())), PeerMisbehaved),
    "an answer to something else": (p_data(pdv(1, 3, a_response(message_id=9))), PeerMisbehaved),
    "a request": (p_data(pdv(1, 3, a_response(CommandField.C_STORE_RQ))), PeerMisbehaved),
    "a data set": (p_data(pdv(1, 2, b"abcd")), PeerMisbehaved),
    "an overrunning fragment": (pdu(4, b"\0\0\1\0\1\3ab"), PeerMisbehaved),
    "a command of garbage": (p_data(pdv(1, 3, b"\0\0\0\1\xff\xff\xff\x7f")), PeerMisbehaved),
    "an endless command": (p_data(pdv(1, 1, bytes(16000))) * 5, PeerMisbehaved),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_a_peer_that_breaks_the_rules_is_left_with_a_clear_error(name: str) -> None:
    said, error = MISBEHAVIOUR[name]

    def misbehave(connection: socket.socket) -> None:
        accept_all(connection)
        read_pdu(connection)
        connection.sendall(said)

    with scripted_peer(misbehave) as remote:
        called = request_association(remote, CONTEXTS)
        with pytest.raises(error):
            called.echo()


BAD_ANSWERS: dict[str, Callable[[socket.socket], None]] = {
    "garbage": lambda connection: connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n"),
    "an empty acceptance": lambda connection: connection.sendall(pdu(2, b"")),
    "an overrunning acceptance": lambda connection: connection.sendall(pdu(2, bytes(68) + b"\x21\0\xff\xff\0")),
    "a short rejection": lambda connection: connection.sendall(pdu(3, b"\0")),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_answer_that_is_none_is_a_clear_error(name: str) -> None:
    def answer(connection: socket.socket) -> None:
        read_pdu(connection)
        BAD_ANSWERS[name](connection)

    with scripted_peer(answer) as remote, pytest.raises(PeerMisbehaved):
        request_association(remote, CONTEXTS)


@given(
    pieces=st.lists(st.binary(max_size=300), max_size=8),
    room=st.integers(1, 200).map(lambda half: 2 * half),
)
def test_fragments_are_whole_and_no_longer_than_the_peer_takes(pieces: list[bytes], room: int) -> None:
    stream = b"".join(message_parts(command_fragments(5, a_response(), room), 5, pieces, room))
    command, data, ends = b"", b"", 0
    while stream:
        kind, length = stream[0], int.from_bytes(stream[2:6], "big")
        assert kind == 4
        assert length <= room + 6
        control, value = stream[11], stream[12 : 6 + length]
        assert len(value) == int.from_bytes(stream[6:10], "big") - 2
        command, data = (command + value, data) if control & 1 else (command, data + value)
        ends += bool(control & 2)
        stream = stream[6 + length :]
    assert decode_command_set(command).command_field == CommandField.C_ECHO_RQ | 0x8000
    assert data == b"".join(pieces)
    assert ends == 2
