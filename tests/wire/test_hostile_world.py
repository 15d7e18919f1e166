"""A crowd of bad peers at one listener, and one good one that is served at once."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.node import eventually
from structlog.testing import capture_logs
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
    pdu,
    pdv,
    recording_services,
    user_information,
)

from isocenter.standards.dicom.dimse import CommandField
from isocenter.wire.listener import Listener
from isocenter.wire.roster import Limits

STORE = command(CommandField.C_STORE_RQ)
CROWD = 120
GROWTH_BYTES = 8 << 20


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("most", [0, 128, 2**32 - 1], ids=["no limit", "the least we serve", "2^32 - 1"])
def test_whatever_a_peer_says_it_receives_at_most_its_echo_is_answered(most: int) -> None:
    with listening(recording_services()) as listener, Wire(listener) as wire:
        wire.associate(associate_request(user=user_information(max_pdu_bytes=most)))
        assert wire.echo() == 0
        assert wire.release() == 6


def test_two_hundred_contexts_are_too_many_and_long_uids_refuse_their_context_only() -> None:
    many = [context((2 * number + 1) % 256, CT_IMAGE_STORAGE, IMPLICIT) for number in range(200)]
    with listening(recording_services()) as listener:
        with Wire(listener) as wire:
            wire.send(associate_request(*many))
            assert wire.read_pdu()[0] in (2, 3, 7)
        with Wire(listener) as wire:
            wire.associate(
                associate_request(context(1, "1." + "2" * 5000, IMPLICIT), context(3, "1.2.840.10008.1.1", IMPLICIT))
            )
            assert wire.echo() == 0


def test_a_crowd_of_silent_connections_and_idle_associations_leaves_room_for_a_known_caller() -> None:
    """The caller is served while the crowd is there; bench/hostile.py does it with 500 of each and a clock."""
    limits = Limits(total=CROWD + 20, per_address=CROWD, reserve=20, waiting=64)
    with listening(recording_services(), limits=limits, artim_s=600, idle_for_s=600) as listener:
        with Wire(listener) as known:
            known.associate(associate_request(calling=b"CT1"))
            assert known.echo() == 0
            assert known.release() == 6
        silent = [Wire(listener) for _ in range(CROWD)]
        idle = [Wire(listener) for _ in range(CROWD)]
        for number, each in enumerate(idle):
            each.send(associate_request(calling=f"EVIL{number}".encode()))
        for each in idle:
            assert each.read_pdu()[0] in (0, 2, 3)
        answer = 0
        for _ in range(200):  # a stranger makes way after its silence of 0.2 s, not before
            with Wire(listener) as again:
                again.send(associate_request(calling=b"CT1"))
                answer = again.read_pdu()[0]
                if answer == 2:
                    assert again.echo() == 0
                    break
        assert answer == 2
        for each in silent + idle:
            each.close()


def refused(listener: Listener) -> None:
    with Wire(listener) as wire:
        wire.send(associate_request(called=b"NOBODY"))
        assert wire.read_pdu()[0] == 3


def malformed(listener: Listener) -> None:
    with Wire(listener) as wire:
        wire.send(pdu(1, os.urandom(600)))
        assert wire.read_pdu()[0] == 7


def broken_in_mid_object(listener: Listener) -> None:
    with Wire(listener) as wire:
        wire.associate()
        wire.send(p_data(pdv(1, 3, STORE)) + p_data(pdv(1, 0, bytes(60_000))))


def endless_command(listener: Listener) -> None:
    with Wire(listener) as wire:
        wire.associate()
        wire.send(p_data(pdv(1, 1, bytes(16_000))) * 8)
        assert wire.read_pdu()[0] == 7


@pytest.mark.parametrize(
    "attack", [refused, malformed, broken_in_mid_object, endless_command], ids=lambda each: each.__name__
)
def test_two_hundred_of_the_same_attack_leave_no_memory_no_threads_and_no_files(
    attack: Callable[[Listener], None],
) -> None:
    storage, verification = recording_services()
    with capture_logs(), listening((storage, verification)) as listener:
        for _ in range(20):
            attack(listener)
        settle(listener)
        storage.messages.clear()
        threads, files = threading.active_count(), open_files()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(200):
            attack(listener)
            storage.messages.clear()
        settle(listener)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert after - before < GROWTH_BYTES
        assert threading.active_count() <= threads
        assert eventually(lambda: open_files() <= files, PATIENCE_S), "files stay open"  # one may be closing still
        with Wire(listener) as good:
            good.associate()
            assert good.echo() == 0


def settle(listener: Listener) -> None:
    """Wait until the associations that were cut off have ended, and their threads with them."""
    assert eventually(
        lambda: not len(listener.roster) and not any(each.name == "association" for each in threading.enumerate()),
        PATIENCE_S,
    ), "associations did not end"
