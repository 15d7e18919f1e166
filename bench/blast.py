"""Loads: our cheap client over several associations, and DCMTK's storescu and dcmsend, all to one port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.association import Association, contexts_of
from bench.data import Instance, files_in

DCMTK_ENVIRONMENT = {"TCP_NODELAY": "1"}
"""DCMTK leaves Nagle's algorithm on unless told: 40 ms per answer, and every comparison is void."""


class LoadError(Exception):
    """A client ended with an error: the run does not count."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one load did. latencies_ms: of each C-STORE from first byte to answer, where the client can tell."""

    instances: int
    bytes: int
    seconds: float
    latencies_ms: tuple[float, ...] = ()


class StartLine:
    """Forked senders prepare what they send, and begin together when the clock does."""

    def __init__(self) -> None:
        self.began = 0.0
        self._ready = os.pipe()
        self._go = os.pipe()

    def wait(self) -> None:
        """In a sender that is ready: until all are."""
        os.close(self._go[1])
        os.write(self._ready[1], b".")
        os.close(self._ready[1])
        os.read(self._go[0], 1)

    def begin(self, senders: int) -> None:
        """In their parent. Raises LoadError when one ended before it was ready."""
        os.close(self._ready[1])
        os.close(self._go[0])
        try:
            with os.fdopen(self._ready[0], "rb") as ready:
                if len(ready.read()) < senders:
                    raise LoadError("a client process ended before it began")
            self.began = time.perf_counter()
        finally:
            os.close(self._go[1])


def blast(port: int, called: str, instances: Sequence[Instance], associations: int) -> Load:
    """Store the instances over several associations, a process each, one object in flight per association.

    What they send is made, and the associations are open, before the clock begins.
    """
    return sent_together(instances, associations, lambda share, start: lambda: _send(port, called, share, start))


def sent_together(
    instances: Sequence[Instance],
    count: int,
    sender: Callable[[Sequence[Instance], StartLine], Callable[[], list[float]]],
) -> Load:
    """Share the instances out among so many senders, a process each, and time them from when all are ready.

    sender: makes of a share the work that waits at the start line, sends, and returns milliseconds for each answer.
    """
    shares, start = in_shares(instances, count), StartLine()
    answers = forked([sender(share, start) for share in shares], start)
    seconds = time.perf_counter() - start.began
    latencies = tuple(float(value) for answer in answers for value in answer)
    return Load(len(instances), sum(instance.length for instance in instances), seconds, latencies)


def in_shares(instances: Sequence[Instance], count: int) -> list[Sequence[Instance]]:
    """Neighbours together: each association sends studies of its own, as modalities do."""
    size = -(-len(instances) // count)
    return [instances[start : start + size] for start in range(0, len(instances), size)]


def _send(port: int, called: str, share: Sequence[Instance], start: StartLine) -> list[float]:
    """Store over one association; raises LoadError at the first answer that is not success. Returns milliseconds."""
    association = Association(port, called=called, contexts=contexts_of(share))
    messages = [association.message(instance) for instance in share]
    latencies = []
    start.wait()
    for message in messages:
        began = time.perf_counter()
        answer = association.exchange(message)
        latencies.append(round((time.perf_counter() - began) * 1000, 3))
        if answer.status:
            raise LoadError(f"status {answer.status:04x} {answer.comment}")
    association.release()
    return latencies


def forked(works: Sequence[Callable[[], list[float]]], start: StartLine | None = None) -> list[list[float]]:
    """Each work in a process of its own, all at one time; their results. Raises LoadError when one of them failed.

    start: where every work waits.
    """
    children = []
    for work in works:
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reader)
            _finish(work, writer)
        os.close(writer)
        children.append((pid, reader))
    if start is not None:
        start.begin(len(works))
    results, failed = [], False
    for pid, reader in children:
        with os.fdopen(reader) as pipe:
            content = pipe.read()
        failed |= os.waitpid(pid, 0)[1] != 0
        results.append(json.loads(content) if content else [])
    if failed:
        raise LoadError("a client process failed; its traceback is above")
    return results


def _finish(work: Callable[[], list[float]], writer: int) -> None:
    status = 1
    try:
        with os.fdopen(writer, "w") as pipe:
            json.dump(work(), pipe)
        status = 0
    except BaseException:
        traceback.print_exc(file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(status)


def dcmtk(program: str, port: int, called: str, paths: Sequence[Path], associations: int) -> Load:
    """Send the folders with storescu or dcmsend, one process per association."""
    files = files_in(paths)
    length = sum(file.stat().st_size for file in files)
    options = {"storescu": ["-q", "-R", "--scan-directories", "--recurse"], "dcmsend": ["-q", "+sd", "+r"]}[program]
    began = time.perf_counter()
    running = [
        subprocess.Popen(
            [program, *options, "-aec", called, "127.0.0.1", str(port), *map(str, share)],
            stdout=subprocess.DEVNULL,
            env={**os.environ, **DCMTK_ENVIRONMENT},
        )
        for share in _shares(paths, files, associations)
    ]
    statuses = [process.wait() for process in running]
    if any(statuses):
        raise LoadError(f"{program} ended with an error")
    return Load(len(files), length, time.perf_counter() - began)


def _shares(paths: Sequence[Path], files: Sequence[Path], associations: int) -> list[Sequence[Path]]:
    if associations == 1:
        return [paths]
    return [files[start::associations] for start in range(associations)]
