"""The front desk: who gets an association, who waits, who is sent away, and how it stops."""

from __future__ import annotations

import resource
import threading
import time
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.wire.upper_layer import (
    CT_IMAGE_STORAGE,
    IMPLICIT,
    LOOPBACK,
    PATIENCE_S,
    RELEASE_REQUEST,
    Wire,
    associate_request,
    command,
    context,
    item,
    listening,
    p_data,
    pdu,
    pdv,
    recording_services,
    status,
    user_information,
)

from isocenter.kit.shared_counts import SharedCounts
from isocenter.standards.dicom.dimse import CommandField
from isocenter.wire.listener import Listener
from isocenter.wire.listening_socket import CannotListen, bound_socket
from isocenter.wire.negotiation import Admission
from isocenter.wire.roster import Limits

STORE = command(CommandField.C_STORE_RQ)


@pytest.mark.parametrize("offered", [b"", associate_request()[:50], b"\1"])
def test_a_connection_that_does_not_finish_its_request_is_closed_in_time(offered: bytes) -> None:
    with listening(recording_services(), artim_s=0.2) as listener, Wire(listener) as wire:
        wire.send(offered)
        assert wire.read_pdu()[0] == 0


def test_bytes_that_trickle_do_not_renew_the_time() -> None:
    with listening(recording_services(), artim_s=0.3) as listener, Wire(listener) as wire:
        request = associate_request()
        closed = threading.Event()

        def watch() -> None:
            wire.read_pdu()
            closed.set()

        threading.Thread(target=watch, daemon=True).start()
        sent = 0
        while sent < len(request) - 1 and not closed.wait(0.02):
            try:
                wire.send(request[sent : sent + 1])
            except ConnectionError:
                break
            sent += 1
        assert closed.wait(PATIENCE_S)
        assert sent < len(request) - 1


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 1),
        (pdu(4, pdv(1, 3, STORE)), 2),
        (RELEASE_REQUEST, 2),
        (pdu(1, b""), 6),
        (b"\1\0\xff\xff\xff\xff", 6),
        (associate_request(b""), 6),
        (associate_request(user=user_information(item(0x58, b"\2")) + b"\x50\0\xff\xff"), 6),
    ],
    ids=["http", "tls", "p-data", "release", "length-0", "length-ffffffff", "no-contexts", "overrun"],
)
def test_what_is_no_association_request_is_aborted_with_one_line_in_the_log(offered: bytes, reason: int) -> None:
    with capture_logs() as logs, listening(recording_services()) as listener, Wire(listener) as wire:
        wire.send(offered)
        assert wire.read_pdu() == (7, bytes((0, 0, 2, reason)))
        assert wire.read_pdu()[0] == 0
    lines = [each for each in logs if each["log_level"] == "warning"]
    assert len(lines) == 1
    assert "\n" not in str(lines[0]) and "\r" not in str(lines[0])


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (associate_request(called=b"SOMEONE_ELSE"), (1, 1, 7)),
        (associate_request(calling=b"EVIL\x1b[2J"), (1, 1, 3)),
        (associate_request(calling=b""), (1, 1, 3)),
        (associate_request(application_context="1.2.3"), (1, 1, 2)),
        (associate_request(version=2), (1, 2, 2)),
        (associate_request(user=user_information(max_pdu_bytes=7)), (1, 1, 1)),
    ],
    ids=["called", "calling", "empty-calling", "application-context", "version", "tiny-pdu"],
)
def test_a_rejection_says_why_and_is_logged_escaped(request_: bytes, answer: tuple[int, int, int]) -> None:
    with capture_logs() as logs, listening(recording_services()) as listener, Wire(listener) as wire:
        wire.send(request_)
        assert wire.read_pdu() == (3, bytes((0, *answer)))
    assert sum(each["event"] == "association.rejected" for each in logs) == 1
    assert "\x1b" not in str([list(each.values()) for each in logs])


def test_a_caller_from_an_unknown_network_is_rejected() -> None:
    with listening(recording_services(), accept_from=(ip_network("192.0.2.0/24"),)) as listener, Wire(listener) as wire:
        wire.send(associate_request())
        assert wire.read_pdu() == (3, bytes((0, 1, 1, 3)))


def test_a_password_never_reaches_the_log() -> None:
    identity = item(0x58, b"\2\1\0\4user\xea\x60" + b"hunter2 " * 7500)
    with capture_logs() as logs, listening(recording_services()) as listener, Wire(listener) as wire:
        wire.associate(associate_request(user=user_information(identity)))
        assert wire.echo() == 0
        wire.release()
    assert "hunter2" not in str(logs)


def test_two_hundred_silent_connections_do_not_starve_a_caller() -> None:
    with listening(recording_services(), limits=Limits(waiting=64)) as listener:
        silent = [Wire(listener) for _ in range(200)]
        with Wire(listener) as good:
            good.associate()
            assert good.echo() == 0
            assert good.release() == 6
        for each in silent:
            each.close()


def test_held_associations_do_not_starve_a_caller() -> None:
    limits = Limits(total=20, per_address=10, reserve=2)
    with listening(recording_services(), limits=limits) as listener:
        held = [Wire(listener) for _ in range(10)]
        for each in held:
            each.associate(associate_request(calling=b"EVIL"))
        answers = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with Wire(listener) as good:
                good.send(associate_request(calling=b"CT1"))
                answers.append(good.read_pdu()[0])
                if answers[-1] == 2:
                    assert good.echo() == 0
                    break
        assert answers[-1] == 2
        assert set(answers) <= {2, 3}
        for each in held:
            each.close()


def test_when_nobody_can_make_way_the_rejection_is_transient() -> None:
    storage, verification = recording_services()
    storage.may_finish.clear()
    with listening((storage, verification), limits=Limits(total=2, per_address=2, reserve=0)) as listener:
        busy = [Wire(listener), Wire(listener)]
        for each in busy:
            each.associate()
            storage.began.clear()
            each.send(p_data(pdv(1, 3, STORE)) + p_data(pdv(1, 2, b"ab")))
            assert storage.began.wait(PATIENCE_S)
        with Wire(listener) as third:
            third.send(associate_request())
            assert third.read_pdu() == (3, bytes((0, 2, 3, 2)))
        storage.may_finish.set()
        for each in busy:
            assert status(each.read_response()) == 0
            each.close()


def test_five_hundred_rejected_associations_leave_nothing_behind() -> None:
    with listening(recording_services()) as listener:
        threads = threading.active_count()
        for _ in range(500):
            with Wire(listener) as wire:
                wire.send(associate_request(called=b"NOBODY"))
                assert wire.read_pdu()[0] == 3
        assert threading.active_count() <= threads
        assert len(listener.roster) == 0
        with Wire(listener) as good:
            good.associate()
            assert good.echo() == 0


def test_idle_associations_cost_little_memory() -> None:
    with listening(recording_services(), limits=Limits(total=120, per_address=120, reserve=0)) as listener:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        held = [Wire(listener) for _ in range(100)]
        for each in held:
            each.associate()
            assert each.echo() == 0
        assert len(listener.roster) == 100
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 << 10  # KiB: far from 100 x 1 MiB
        for each in held:
            each.close()


def test_draining_lets_the_object_in_flight_finish_and_aborts_the_idle() -> None:
    storage, verification = recording_services()
    storage.may_finish.clear()
    with listening((storage, verification)) as listener, Wire(listener) as idle, Wire(listener) as busy:
        idle.associate()
        busy.associate()
        busy.send(p_data(pdv(1, 3, STORE)) + p_data(pdv(1, 0, b"ab")))
        assert storage.began.wait(PATIENCE_S)
        stopping = threading.Thread(target=listener.stop, args=(PATIENCE_S,))
        stopping.start()
        assert idle.read_pdu() == (7, bytes(4))
        busy.send(p_data(pdv(1, 2, b"cd")))
        storage.may_finish.set()
        assert status(busy.read_response()) == 0
        assert busy.read_pdu() == (7, bytes(4))
        stopping.join(PATIENCE_S)
        assert not stopping.is_alive()
    assert storage.messages[0].outcome == "finished"


def test_draining_cuts_what_does_not_finish_in_time() -> None:
    storage, verification = recording_services()
    with listening((storage, verification)) as listener, Wire(listener) as busy:
        busy.associate()
        busy.send(p_data(pdv(1, 3, STORE)) + p_data(pdv(1, 0, b"ab")))
        assert storage.began.wait(PATIENCE_S)
        assert listener.stop(within_s=0.1) == 1
        assert busy.read_pdu()[0] in (0, 7)
        assert storage.abandoned.wait(PATIENCE_S)


def test_a_hundred_and_twenty_eight_contexts_are_negotiated() -> None:
    contexts = [context(2 * n + 1, CT_IMAGE_STORAGE, IMPLICIT) for n in range(128)]
    with listening(recording_services()) as listener, Wire(listener) as wire:
        body = wire.associate(associate_request(*contexts))
        assert body.count(item(0x40, IMPLICIT.encode())) == 128


def test_a_port_that_is_taken_is_one_plain_sentence() -> None:
    with listening(recording_services()) as listener:
        port = listener.address[1]
        with pytest.raises(CannotListen) as caught:
            bound_socket("127.0.0.1", port)
    assert caught.value.fields["port"] == port


def test_listeners_that_share_a_port_share_the_work_and_one_that_ends_leaves_it_to_the_others(tmp_path: Path) -> None:
    first = bound_socket("127.0.0.1", 0)
    second = first.dup()
    admission = Admission("ISOCENTER", LOOPBACK)
    counts = [SharedCounts(tmp_path / "taken", mine, 2) for mine in range(2)]
    both = [
        Listener(bound, admission, recording_services(), idle_for_s=10.0, shares=count)
        for bound, count in zip((first, second), counts, strict=True)
    ]
    for listener in both:
        listener.start()
    with ExitStack() as stack:
        for listener in both:
            stack.callback(listener.stop, 1)
        for _ in range(12):
            stack.enter_context(Wire(both[0])).associate()
        shares = [len(listener.roster) for listener in both]
        assert sum(shares) == 12 and min(shares) >= 5, shares  # one more or less while both take a caller
        both[0].stop(within_s=0.1)
        with Wire(both[1]) as late:
            late.associate()
        assert len(both[1].roster) >= shares[1]
    deadline = time.monotonic() + PATIENCE_S
    while any(count.others_have_fewer() for count in counts) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(count.others_have_fewer() for count in counts)  # all have nothing
