"""Loads: our cheap client over several associations, and DCMTK's storescu and dcmsend, all to one port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
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


def blast(port: int, called: str, instances: Sequence[Instance], associations: int) -> Load:
    """Store the instances over several associations, a process each, one object in flight per association."""
    shares = in_shares(instances, associations)
    began = time.perf_counter()
    answers = forked([_sender(port, called, share) for share in shares])
    seconds = time.perf_counter() - began
    latencies = tuple(float(value) for answer in answers for value in answer)
    return Load(len(instances), sum(instance.length for instance in instances), seconds, latencies)


def in_shares(instances: Sequence[Instance], count: int) -> list[Sequence[Instance]]:
    """Neighbours together: each association sends studies of its own, as modalities do."""
    size = -(-len(instances) // count)
    return [instances[start : start + size] for start in range(0, len(instances), size)]


def _sender(port: int, called: str, share: Sequence[Instance]) -> Callable[[], list[float]]:
    return lambda: send(port, called, share, contexts_of(share))


def send(port: int, called: str, share: Iterable[Instance], contexts: Sequence[tuple[str, str]]) -> list[float]:
    """Store over one association; raises LoadError at the first answer that is not success. Returns milliseconds."""
    association = Association(port, called=called, contexts=contexts)
    latencies = []
    for instance in share:
        began = time.perf_counter()
        answer = association.store(instance)
        latencies.append(round((time.perf_counter() - began) * 1000, 3))
        if answer.status:
            raise LoadError(f"status {answer.status:04x} {answer.comment}")
    association.release()
    return latencies


def forked(works: Sequence[Callable[[], list[float]]]) -> list[list[float]]:
    """Each work in a process of its own, all at one time; their results. Raises LoadError when one of them failed."""
    children = []
    for work in works:
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reader)
            _finish(work, writer)
        os.close(writer)
        children.append((pid, reader))
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
