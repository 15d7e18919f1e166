"""Requests that are answered many times: cancelling, waiting, objects sent back on the same association."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from tests.adapters.dimse.doubles import MemoryArchive, workstations_of
from tests.wire.upper_layer import (
    ABORT,
    CT_IMAGE_STORAGE,
    EXPLICIT,
    IMPLICIT,
    PATIENCE_S,
    RELEASE_REQUEST,
    Wire,
    associate_request,
    command,
    context,
    item,
    listening,
    p_data,
    pdv,
    recording_services,
    status,
    user_information,
)

from isocenter.adapters.dimse.storage_scp import StorageScp
from isocenter.kit.errors import Exhausted
from isocenter.standards.dicom.dimse import (
    CommandField,
    CommandSet,
    Element,
    Status,
    encode_command_set,
    encode_response,
)
from isocenter.standards.dicom.transfer_syntaxes import preferred_syntax
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.requestor import ProposedContext, Remote, Role, request_association
from isocenter.wire.service import Channel, Conversation, ConversationOver, Peer, Response

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PENDING = 0xFF00
Plan = Callable[["Talk", Channel], int]


class Talk(Conversation):
    """A conversation that follows a plan; what ends it early is kept."""

    def __init__(self, request: CommandSet, plan: Plan) -> None:
        self.request, self.plan = request, plan
        self.data = bytearray()
        self.over: ConversationOver | None = None
        self.abandoned = threading.Event()

    def write(self, chunk: memoryview) -> None:
        self.data += chunk

    def respond(self, channel: Channel) -> Response:
        try:
            final = self.plan(self, channel)
        except ConversationOver as over:
            self.over = over
            raise
        return Response(encode_response(self.request, final), succeeded=final == 0)

    def abandon(self) -> None:
        self.abandoned.set()

    def pending(self, channel: Channel, data_set: bytes = b"abcd") -> None:
        fields = [
            (Element.COMMAND_FIELD, (self.request.command_field | 0x8000).to_bytes(2, "little")),
            (Element.MESSAGE_ID_BEING_RESPONDED_TO, self.request.message_id.to_bytes(2, "little")),
            (Element.COMMAND_DATA_SET_TYPE, b"\0\0"),
            (Element.STATUS, PENDING.to_bytes(2, "little")),
        ]
        channel.send(encode_command_set(fields), data_set)


class TalkingService:
    """Answers C-FIND or C-GET by the plan, and wants CT objects to go back."""

    def __init__(self, plan: Plan, abstract_syntax: str = STUDY_ROOT_FIND) -> None:
        self.plan, self.abstract_syntax = plan, abstract_syntax
        self.command_field = int(
            CommandField.C_FIND_RQ if abstract_syntax == STUDY_ROOT_FIND else CommandField.C_GET_RQ
        )
        self.talks: list[Talk] = []

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax == self.abstract_syntax

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        return preferred_syntax(proposed)

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:
        return None

    def calls_back(self, abstract_syntax: str) -> bool:
        return abstract_syntax == CT_IMAGE_STORAGE

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> Talk:
        self.talks.append(Talk(command, self.plan))
        return self.talks[-1]


FIND_CONTEXTS = (context(1, STUDY_ROOT_FIND, IMPLICIT), context(3, "1.2.840.10008.1.1", IMPLICIT))
ECHO = p_data(pdv(3, 3, command(CommandField.C_ECHO_RQ, data_set=False)))


def find(message_id: int = 1) -> bytes:
    return p_data(pdv(1, 3, command(CommandField.C_FIND_RQ, message_id=message_id))) + p_data(pdv(1, 2, b"what"))


def cancel(message_id: int = 1) -> bytes:
    fields = [
        (Element.COMMAND_FIELD, CommandField.C_CANCEL_RQ.to_bytes(2, "little")),
        (Element.MESSAGE_ID_BEING_RESPONDED_TO, message_id.to_bytes(2, "little")),
        (Element.COMMAND_DATA_SET_TYPE, b"\1\1"),
    ]
    return p_data(pdv(1, 3, encode_command_set(fields)))


def statuses(wire: Wire) -> list[int]:
    """The statuses of all answers up to the final one; data sets are read over."""
    found = []
    while True:
        answer = wire.read_response()
        found.append(status(answer))
        if answer.has_data_set:
            wire.read_pdu()
        if found[-1] != PENDING:
            return found


def three(talk: Talk, channel: Channel) -> int:
    for _ in range(3):
        talk.pending(channel)
    return Status.SUCCESS


def until_cancelled(talk: Talk, channel: Channel) -> int:
    for _ in range(2000):
        talk.pending(channel)
        if channel.wait(0.01):
            return 0xFE00
    return Status.SUCCESS


def test_many_answers_then_the_last_and_the_association_goes_on() -> None:
    talking = TalkingService(three)
    with listening([talking, *recording_services()]) as listener, Wire(listener) as wire:
        wire.associate(associate_request(*FIND_CONTEXTS))
        for message_id in (1, 2):
            wire.send(find(message_id))
            assert statuses(wire) == [PENDING] * 3 + [0]
        assert wire.echo() == 0
        assert wire.release() == 6
    assert [bytes(each.data) for each in talking.talks] == [b"what"] * 2


def test_a_cancel_is_seen_between_answers_and_only_for_its_own_request() -> None:
    with listening([TalkingService(until_cancelled), *recording_services()]) as listener, Wire(listener) as wire:
        wire.associate(associate_request(*FIND_CONTEXTS))
        wire.send(find(7))
        assert status(wire.read_response()) == PENDING
        wire.read_pdu()
        wire.send(cancel(8))
        assert status(wire.read_response()) == PENDING
        wire.read_pdu()
        wire.send(cancel(7)[:9])
        time.sleep(0.05)
        wire.send(cancel(7)[9:])
        answers = statuses(wire)
        assert answers[-1] == 0xFE00
        assert len(answers) < 2000
        assert wire.echo() == 0


def test_a_cancel_right_behind_its_request_is_not_missed() -> None:
    with listening([TalkingService(until_cancelled), *recording_services()]) as listener, Wire(listener) as wire:
        wire.associate(associate_request(*FIND_CONTEXTS))
        wire.send(find(7) + cancel(7))
        assert statuses(wire)[-1] == 0xFE00


def test_requests_sent_without_waiting_are_answered_in_order() -> None:
    with listening([TalkingService(three), *recording_services()]) as listener, Wire(listener) as wire:
        wire.associate(associate_request(*FIND_CONTEXTS))
        wire.send(find(1) + find(2) + ECHO + find(3))
        assert statuses(wire) == [PENDING] * 3 + [0]
        assert statuses(wire) == [PENDING] * 3 + [0]
        assert status(wire.read_response()) == 0
        assert statuses(wire) == [PENDING] * 3 + [0]


def test_a_request_that_waits_is_not_touched_by_what_comes_behind_it() -> None:
    begun, behind = threading.Event(), threading.Event()

    def three_later(talk: Talk, channel: Channel) -> int:
        begun.set()
        assert behind.wait(PATIENCE_S)
        return three(talk, channel)

    with listening([TalkingService(three_later), *recording_services()]) as listener, Wire(listener) as wire:
        wire.associate(associate_request(*FIND_CONTEXTS))
        wire.send(find(1) + find(2))  # the second is in the listener's buffer when the first is answered
        assert begun.wait(PATIENCE_S)
        wire.send(ECHO)  # and this one is not
        time.sleep(0.05)  # on loopback it is there by then
        behind.set()
        assert [statuses(wire) for _ in range(2)] == [[PENDING] * 3 + [0]] * 2
        assert status(wire.read_response()) == 0


def a_long_silence(talk: Talk, channel: Channel) -> int:
    talk.pending(channel)
    return 0xFE00 if channel.wait(PATIENCE_S) else Status.SUCCESS


ENDS = {"abort": ABORT, "release": RELEASE_REQUEST, "garbage": b"GET / HTTP/1.1\r\n\r\n", "closed": b""}


@pytest.mark.parametrize("how", ENDS)
def test_a_peer_that_ends_it_in_the_middle_ends_the_conversation(how: str) -> None:
    talking = TalkingService(a_long_silence)
    with listening([talking, *recording_services()]) as listener, Wire(listener) as wire:
        wire.associate(associate_request(*FIND_CONTEXTS))
        wire.send(find())
        assert status(wire.read_response()) == PENDING
        wire.send(ENDS[how])
        if how == "closed":
            wire.close()
        assert talking.talks[0].abandoned.wait(PATIENCE_S)
    assert talking.talks[0].over is not None


def test_a_listener_that_stops_does_not_wait_for_a_conversation() -> None:
    talking = TalkingService(a_long_silence)
    with listening([talking, *recording_services()]) as listener, Wire(listener) as wire:
        wire.associate(associate_request(*FIND_CONTEXTS))
        wire.send(find())
        assert status(wire.read_response()) == PENDING
        assert listener.stop(within_s=PATIENCE_S) == 0
    assert talking.talks[0].over is not None


def test_an_error_that_is_nobodys_business_ends_the_association() -> None:
    def fails(talk: Talk, channel: Channel) -> int:
        raise Exhausted("No.")

    with listening([TalkingService(fails), *recording_services()]) as listener, Wire(listener) as wire:
        wire.associate(associate_request(*FIND_CONTEXTS))
        wire.send(find())
        assert wire.read_pdu()[0] == 7


OBJECT = bytes(range(250)) * 4000


def send_back(talk: Talk, channel: Channel) -> int:
    assert channel.storage_contexts("1.2.3") == ()
    (found,) = channel.storage_contexts(CT_IMAGE_STORAGE)
    for number in range(3):
        done = channel.store(found, f"1.2.3.{number}", [OBJECT[:100], memoryview(OBJECT)[100:]])
        assert done.status == 0
        talk.pending(channel)
    return Status.SUCCESS


def test_objects_go_back_on_the_same_association() -> None:
    storage, _ = recording_services()
    talking = TalkingService(send_back, STUDY_ROOT_GET)
    contexts = [
        ProposedContext(STUDY_ROOT_GET, [IMPLICIT]),
        ProposedContext(CT_IMAGE_STORAGE, [EXPLICIT], Role.SCP),
    ]
    with listening([talking, *recording_services()]) as listener:
        remote = Remote("ISOCENTER", *listener.address)
        with request_association(remote, contexts) as called:
            assert (called.roles[CT_IMAGE_STORAGE].scu, called.roles[CT_IMAGE_STORAGE].scp) == (False, True)
            answers = called.get(1, b"all\0", storage)
            assert [each.status for each in answers] == [PENDING] * 3 + [0]
    assert [each.request.text(Element.AFFECTED_SOP_INSTANCE_UID) for each in storage.messages] == [
        "1.2.3.0",
        "1.2.3.1",
        "1.2.3.2",
    ]
    assert all(bytes(each.data) == OBJECT for each in storage.messages)


def no_way_back(talk: Talk, channel: Channel) -> int:
    return Status.SUCCESS if not channel.storage_contexts(CT_IMAGE_STORAGE) else Status.PROCESSING_FAILURE


def test_nothing_is_sent_back_to_a_peer_that_did_not_ask_for_the_role() -> None:
    storage, _ = recording_services()
    contexts = [ProposedContext(STUDY_ROOT_GET, [IMPLICIT]), ProposedContext(CT_IMAGE_STORAGE, [EXPLICIT])]
    with listening([TalkingService(no_way_back, STUDY_ROOT_GET), *recording_services()]) as listener:
        remote = Remote("ISOCENTER", *listener.address)
        with request_association(remote, contexts) as called:
            assert [each.status for each in called.get(1, b"all\0", storage)] == [0]


def test_the_role_is_not_given_where_nothing_would_be_sent_back() -> None:
    contexts = [ProposedContext(CT_IMAGE_STORAGE, [EXPLICIT], Role.BOTH)]
    with (
        listening([TalkingService(three, STUDY_ROOT_GET), *recording_services()]) as listener,
        request_association(Remote("ISOCENTER", *listener.address), contexts) as called,
    ):
        assert (called.roles[CT_IMAGE_STORAGE].scu, called.roles[CT_IMAGE_STORAGE].scp) == (True, False)


def test_a_peer_that_never_answers_a_sub_operation_is_given_up() -> None:
    talking = TalkingService(send_back, STUDY_ROOT_GET)
    with listening([talking, *recording_services()], idle_for_s=0.5) as listener, Wire(listener) as wire:
        role = item(0x54, len(CT_IMAGE_STORAGE).to_bytes(2, "big") + CT_IMAGE_STORAGE.encode() + b"\0\1")
        wire.associate(
            associate_request(
                context(1, STUDY_ROOT_GET, IMPLICIT),
                context(3, CT_IMAGE_STORAGE, EXPLICIT),
                user=user_information(role),
            )
        )
        wire.send(p_data(pdv(1, 3, command(CommandField.C_GET_RQ))) + p_data(pdv(1, 2, b"all\0")))
        assert wire.read_response().command_field == CommandField.C_STORE_RQ
        while (kind := wire.read_pdu()[0]) == 4:
            pass
        assert kind == 7
    assert talking.talks[0].over is not None


def send_back_evil(talk: Talk, channel: Channel) -> int:
    (found,) = channel.storage_contexts(CT_IMAGE_STORAGE)
    statuses = [
        channel.store(found, uid, [b"\x08\0\x18\0UI\x04\x001.2\0"]).status
        for uid in ("../../etc/passwd", "1.2/../3", "", "1" * 65)
    ]
    return Status.SUCCESS if all(each == 0xC000 for each in statuses) else Status.PROCESSING_FAILURE


def test_what_a_peer_sends_for_our_get_is_checked_as_if_it_had_called_us() -> None:
    archive = MemoryArchive()
    contexts = [ProposedContext(STUDY_ROOT_GET, [IMPLICIT]), ProposedContext(CT_IMAGE_STORAGE, [EXPLICIT], Role.SCP)]
    with (
        listening([TalkingService(send_back_evil, STUDY_ROOT_GET), *recording_services()]) as listener,
        request_association(Remote("ISOCENTER", *listener.address), contexts) as called,
    ):
        assert [each.status for each in called.get(1, b"all\0", StorageScp(archive, workstations_of(1)))] == [0]
    assert archive.objects == []
