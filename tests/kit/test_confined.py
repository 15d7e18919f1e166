"""Confined calls: limits hold, a dead child is replaced, an answer cannot carry code."""

from __future__ import annotations

import operator
import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest

from isocenter.kit.confined import Confined, ConfinedBusy, ConfinedFailure, _AnswerUnpickler, _receive, _send
from isocenter.kit.errors import Invalid
from isocenter.pixels.codestreams import Coding
from isocenter.standards.dicom.uids import InvalidUid, check_uid

MIB = 1 << 20


@pytest.fixture(scope="module")
def confined() -> Iterator[Confined]:
    with Confined(processes=2, memory_bytes=256 * MIB, timeout_s=10, preload=["numpy"]) as pool:
        yield pool


def test_a_call_gives_what_the_function_gives(confined: Confined) -> None:
    assert confined.call(operator.add, 2, 3) == 5


def test_arrays_cross_whole_both_ways(confined: Confined) -> None:
    array = np.arange(6_000_000, dtype=np.int16).reshape(2000, 3000)
    assert np.array_equal(confined.call(np.flip, array), array[::-1, ::-1])


def test_our_errors_come_back_with_their_fields(confined: Confined) -> None:
    with pytest.raises(InvalidUid) as raised:
        confined.call(check_uid, "../x", "StudyInstanceUID")
    assert raised.value.fields["attribute"] == "StudyInstanceUID"


def test_other_errors_become_a_failure_that_names_only_their_type(confined: Confined) -> None:
    with pytest.raises(ConfinedFailure) as raised:
        confined.call(int, "Doe^Jane")
    assert raised.value.what == "error"
    assert isinstance(raised.value, Invalid)
    assert "Doe" not in str(raised.value)
    assert "ValueError" in str(raised.value)


@pytest.mark.parametrize("end", [os.abort, os._exit])
def test_a_crash_is_a_failure_and_the_next_call_works(confined: Confined, end: object) -> None:
    arguments = () if end is os.abort else (3,)
    with pytest.raises(ConfinedFailure) as raised:
        confined.call(end, *arguments)  # type: ignore[arg-type]
    assert raised.value.what == "crashed"
    assert confined.call(operator.neg, 1) == -1


def test_memory_beyond_the_limit_is_refused_and_the_next_call_works(confined: Confined) -> None:
    with pytest.raises(ConfinedFailure) as raised:
        confined.call(bytearray, 1 << 30)
    assert raised.value.what == "memory"
    assert confined.call(len, b"abc") == 3


def test_a_call_that_stalls_is_ended() -> None:
    with Confined(processes=1, memory_bytes=64 * MIB, timeout_s=0.3) as pool:
        with pytest.raises(ConfinedFailure) as raised:
            pool.call(time.sleep, 60)
        assert raised.value.what == "timeout"
        assert pool.call(operator.neg, 1) == -1


def test_a_busy_pool_says_so() -> None:
    with Confined(processes=1, memory_bytes=64 * MIB, timeout_s=0.5) as pool:
        pool.call(operator.neg, 1)
        assert pool._free.acquire(blocking=False)
        with pytest.raises(ConfinedBusy):
            pool.call(operator.neg, 1)
        pool._free.release()


def test_many_threads_share_the_children(confined: Confined) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda n: confined.call(operator.mul, n, n), range(100))) == [n * n for n in range(100)]
    assert len(confined._idle) <= 2


def test_a_pool_first_used_in_a_thread_outlives_that_thread(confined: Confined) -> None:
    with Confined(processes=1, memory_bytes=64 * MIB, timeout_s=10) as pool:
        thread = threading.Thread(target=pool.call, args=(operator.neg, 1))
        thread.start()
        thread.join()
        first = pool.call(os.getpid)
        assert pool.call(os.getpid) == first


def test_a_nursery_that_was_killed_is_replaced() -> None:
    with Confined(processes=1, memory_bytes=64 * MIB, timeout_s=10) as pool:
        child = pool.call(os.getpid)
        assert pool._nursery is not None
        os.kill(pool._nursery._process.pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=10)
        assert pool.call(os.getpid) != child


def test_closing_ends_every_process() -> None:
    pool = Confined(processes=1, memory_bytes=64 * MIB, timeout_s=10)
    child = psutil.Process(pool.call(os.getpid))
    assert pool._nursery is not None
    nursery = psutil.Process(pool._nursery._process.pid)
    pool.close()
    _, alive = psutil.wait_procs([child, nursery], timeout=10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_an_answer_cannot_name_a_function_to_run(confined: Confined) -> None:
    with pytest.raises(ConfinedFailure) as raised:
        confined.call(pickle.loads, pickle.dumps([os.system]))
    assert raised.value.what == "crashed"


def test_the_environment_of_the_parent_is_not_seen(confined: Confined, monkeypatch: pytest.MonkeyPatch) -> None:
    assert confined.call(os.getenv, "HOME") is None


def test_members_of_enumerations_cross_by_value_whatever_python_would_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11.2 writes them as calls of getattr, which an answer may not name."""

    def as_in_3_11_2(self: Coding, _: int) -> tuple[object, ...]:
        return getattr, (type(self), self.name)

    monkeypatch.setattr(Coding, "__reduce_ex__", as_in_3_11_2, raising=False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        _send(ours, ("value", Coding.HTJ2K), None)
        assert _receive(theirs, None, 1 << 20, _AnswerUnpickler) == ("value", Coding.HTJ2K)
