"""Calls that must not be able to hurt us: foreign bytes are parsed and decoded in limited child processes.

A child has a cap on memory, processor time, wall time, open files and no terminal. One that crashes, stalls or runs
out of memory is replaced; the caller gets `ConfinedFailure`. Children come from a single-threaded nursery process,
which has imported the libraries already, by a plain fork of a millisecond or two; they die with it, it dies with us.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import os
import pickle
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NoReturn

from isocenter.kit.errors import Exhausted, Invalid, IsocenterError
from isocenter.kit.priority import give_way

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_OPEN_FILES = 128
_CALLS_PER_CHILD = 5000  # a slow leak in a codec ends with its child
_HEAD = struct.Struct("<IQ")
_MAX_BUFFERS = 4096
_START_S = 60.0
_SOCKET_BUFFER = 4 << 20


class ConfinedFailure(Invalid):
    """The confined call did not come back with an answer: what is one of crashed, timeout, memory, error."""

    reason = "confined-failure"

    @property
    def what(self) -> str:
        """crashed, timeout, memory or error."""
        return str(self.fields.get("what", "error"))


class ConfinedBusy(Exhausted):
    """Every confined process is taken."""

    reason = "confined-busy"


class Confined:
    """A pool of limited child processes, shared by all threads of this process.

    processes: most children at a time. memory_bytes: address space a child may add to what it starts with.
    timeout_s: wall time of one call, and processor time; waiting for a free child may take as long again.
    preload: modules that the nursery imports, so that children have them. nice: added niceness of the children,
    which are a session of their own then.
    """

    def __init__(
        self, *, processes: int, memory_bytes: int, timeout_s: float, preload: Sequence[str] = (), nice: int = 0
    ) -> None:
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._options = {"memory_bytes": memory_bytes, "preload": tuple(preload), "nice": nice}
        self._free = threading.BoundedSemaphore(processes)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._nursery: _Nursery | None = None
        self._closed = False

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """`function(*args)` in a child. The function is importable by name; arguments and result can be pickled.

        An IsocenterError that the function raises is raised here. Raises ConfinedFailure for any other end, and
        ConfinedBusy when no child became free in time.
        """
        if not self._free.acquire(timeout=self._timeout_s):
            raise ConfinedBusy("All processes that decode images are busy.")
        try:
            return self._call(f"{function.__module__}:{function.__qualname__}", args)
        finally:
            self._free.release()

    def _call(self, name: str, args: tuple[Any, ...]) -> Any:
        child = self._take()
        try:
            kind, value = child.call(name, args, self._timeout_s, self._memory_bytes)
        except BaseException as problem:
            child.kill()
            if isinstance(problem, TimeoutError):
                raise _failure(name, "timeout") from None
            if isinstance(problem, (EOFError, OSError, pickle.UnpicklingError)):
                raise _failure(name, "crashed") from None
            raise
        if kind == "memory":
            child.kill()  # its heap may be in any state
            raise _failure(name, "memory")
        self._give(child)
        if kind == "error":
            if isinstance(value, IsocenterError):
                raise value
            raise _failure(name, "error", detail=str(value))
        return value

    def _take(self) -> _Child:
        with self._lock:
            if self._closed:
                raise ConfinedBusy("The confined processes are closed.")
            while self._idle:
                child = self._idle.pop()
                if child.is_usable():
                    return child
                child.kill()
            try:
                return self._start_child()
            except (OSError, EOFError, TimeoutError):
                # The nursery itself is gone (killed by an operator, out of memory): once more with a new one.
                self._close_nursery()
                return self._start_child()

    def _start_child(self) -> _Child:
        if self._nursery is None:
            self._nursery = _Nursery(self._options)
        return self._nursery.child()

    def _give(self, child: _Child) -> None:
        with self._lock:
            if not self._closed and child.calls < _CALLS_PER_CHILD:
                self._idle.append(child)
                return
        child.kill()

    def _close_nursery(self) -> None:
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None

    def close(self) -> None:
        """End all idle children and the nursery, and with it every child that is still at work."""
        with self._lock:
            self._closed = True
            for child in self._idle:
                child.kill()
            self._idle.clear()
            self._close_nursery()

    def __enter__(self) -> Confined:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _failure(name: str, what: str, **fields: object) -> ConfinedFailure:
    sentence = {
        "crashed": "The process that worked on these bytes died.",
        "timeout": "Working on these bytes took too long.",
        "memory": "Working on these bytes needs more memory than is allowed.",
        "error": "These bytes could not be worked on.",
    }[what]
    return ConfinedFailure(sentence, what=what, function=name, **fields)


class _Child:
    """Our end of one child: a socket and a pidfd, which cannot name another process by mistake."""

    def __init__(self, connection: socket.socket, pidfd: int) -> None:
        self._connection = connection
        self._pidfd = pidfd
        self.calls = 0

    def call(self, name: str, args: tuple[Any, ...], timeout_s: float, limit: int) -> tuple[str, Any]:
        self.calls += 1
        deadline = time.monotonic() + timeout_s
        _send(self._connection, (name, args, timeout_s), deadline)
        answer = _receive(self._connection, deadline, limit, _AnswerUnpickler)
        return answer[0], answer[1]

    def is_usable(self) -> bool:
        """Whether it lives and has not said anything unasked."""
        self._connection.setblocking(False)
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def kill(self) -> None:
        self._connection.close()
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            os.close(self._pidfd)
            self._pidfd = -1


class _Nursery:
    """The process that forks children. It ends when our end of its socket closes, however we ended."""

    def __init__(self, options: dict[str, Any]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"from isocenter.kit.confined import _nursery; _nursery({theirs.fileno()})"],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Nothing of our environment: it may hold secrets. One thread per child is what we share out.
                env={"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        self._socket = ours
        _send(ours, options, time.monotonic() + _START_S)

    def child(self) -> _Child:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
        with theirs:
            self._socket.settimeout(_START_S)
            socket.send_fds(self._socket, [b"c"], [theirs.fileno()])
        _, fds, _, _ = socket.recv_fds(self._socket, 1, 1)
        if not fds:
            ours.close()
            raise EOFError
        return _Child(ours, fds[0])

    def close(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


# --- messages: a pickle and the buffers it refers to, so that arrays cross without an extra copy -----------------


def _send(connection: socket.socket, value: object, deadline: float | None) -> None:
    buffers: list[pickle.PickleBuffer] = []
    pickled = io.BytesIO()
    _Pickler(pickled, protocol=5, buffer_callback=buffers.append).dump(value)
    body = pickled.getvalue()
    views = [buffer.raw() for buffer in buffers]
    sizes = struct.pack(f"<{len(views)}Q", *(view.nbytes for view in views))
    parts: list[memoryview | bytes] = [_HEAD.pack(len(views), len(body)) + sizes, body, *views]
    for part in parts:
        _limit_wait(connection, deadline)
        connection.sendall(part)


class _Pickler(pickle.Pickler):
    """Writes members of enumerations by class and value: some Pythons, 3.11.2 of Debian 12 among them, would name
    `getattr`, which no answer may."""

    def reducer_override(self, obj: object) -> Any:
        return (type(obj), (obj.value,)) if isinstance(obj, Enum) else NotImplemented


def _receive(connection: socket.socket, deadline: float | None, limit: int, unpickler: type[pickle.Unpickler]) -> Any:
    count, body_size = _HEAD.unpack(_read(connection, _HEAD.size, deadline))
    if count > _MAX_BUFFERS:
        raise EOFError
    sizes = struct.unpack(f"<{count}Q", _read(connection, 8 * count, deadline))
    if body_size + sum(sizes) > limit:
        raise EOFError
    body = _read(connection, body_size, deadline)
    buffers = [_read(connection, size, deadline) for size in sizes]
    return unpickler(io.BytesIO(body), buffers=buffers).load()


def _read(connection: socket.socket, size: int, deadline: float | None) -> bytearray:
    whole = bytearray(size)
    view = memoryview(whole)
    while view:
        _limit_wait(connection, deadline)
        received = connection.recv_into(view)
        if not received:
            raise EOFError
        view = view[received:]
    return whole


def _limit_wait(connection: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        connection.settimeout(None)
        return
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    connection.settimeout(remaining)


class _AnswerUnpickler(pickle.Unpickler):
    """Reads answers of a child that may have been taken over: only plain values, arrays and our own classes."""

    _ALLOWED = frozenset(
        {
            ("builtins", "bytearray"),
            ("builtins", "complex"),
            ("builtins", "frozenset"),
            ("builtins", "set"),
            ("datetime", "date"),
            ("datetime", "datetime"),
            ("numpy", "dtype"),
            ("numpy", "ndarray"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "scalar"),
            ("numpy._core.numeric", "_frombuffer"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._ALLOWED:
            return super().find_class(module, name)
        if module.startswith("isocenter.") and "." not in name:
            found = getattr(sys.modules.get(module), name, None)
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in an answer")


# --- in the nursery and its children -----------------------------------------------------------------------------


def _nursery(fd: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent, which ends us
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    control = socket.socket(fileno=fd)
    options = _receive(control, None, 1 << 20, pickle.Unpickler)
    if options["nice"]:
        os.setsid()
        give_way(options["nice"])
    for module in options["preload"]:
        importlib.import_module(module)
    nursery_pid = os.getpid()
    while True:
        control.settimeout(None)
        message, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not message or not fds:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            control.close()
            _child(socket.socket(fileno=fds[0]), options, nursery_pid)
        os.close(fds[0])
        pidfd = os.pidfd_open(pid)
        socket.send_fds(control, [b"p"], [pidfd])
        os.close(pidfd)


def _child(connection: socket.socket, options: dict[str, Any], nursery_pid: int) -> NoReturn:
    try:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if os.getppid() == nursery_pid:
            _limit_child(options)
            _serve(connection)
    finally:
        os._exit(0)


def _limit_child(options: dict[str, Any]) -> None:
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - nothing more to import in a child
        in_use = int(statm.read().split()[0]) * resource.getpagesize()
    memory = in_use + options["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def _serve(connection: socket.socket) -> None:
    while True:
        name, args, timeout_s = _receive(connection, None, 1 << 62, pickle.Unpickler)
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime + timeout_s) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
        try:
            answer = ("value", _function(name)(*args))
        except MemoryError:
            answer = ("memory", None)
        except IsocenterError as error:
            answer = ("error", error)
        except Exception as error:
            # The type and no text: a library's message may quote what the bytes said.
            answer = ("error", type(error).__name__)
        del args
        _send(connection, answer, None)
        del answer


def _function(name: str) -> Callable[..., Any]:
    module, _, qualified = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]
