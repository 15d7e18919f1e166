"""Reading and STOW-RS side by side with Orthanc's DICOMweb plugin: requests, bytes, latency and server CPU for each.

wrk asks for small answers, one thread, over the same paths in turn; large ones are read by `bench/reader.py`, because
wrk is full at 2 GB/s. Orthanc closes the connection after every multipart answer; wrk counts that as an error though
the body is whole, so only answers with a wrong status count as failures here. What is under way when the time is over
counts by its bytes; pictures, each of another length, are counted as answers.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.blast import blast
from bench.data import CT, Instance, folder_of, load
from bench.node import eventually, free_port, new_folder
from bench.processes import cpu_seconds
from bench.reader import read
from bench.servers import _orthanc, isocenter, settled

LUA = Path(__file__).with_name("reading.lua")
SLICES = 200
STOW_OBJECTS = 50
_RESULT = re.compile(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)")
MULTIPART = "multipart/related; type="
STORED_OBJECTS = f'{MULTIPART}"application/dicom"; transfer-syntax=*'
STORED_FRAMES = f'{MULTIPART}"application/octet-stream"; transfer-syntax=*'
EXPLICIT_OBJECTS = f'{MULTIPART}"application/dicom"'
EXPLICIT_FRAMES = f'{MULTIPART}"application/octet-stream"'


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request. paths: below the DICOMweb root. goal: ratio to Orthanc at 1 and 8 connections.

    large: answers of hundreds of kilobytes, which wrk cannot take as fast as they are sent.
    """

    name: str
    accept: str
    paths: tuple[str, ...]
    goal: str
    connections: tuple[int, ...] = (1, 8)
    large: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave. cpu_ms: of the server, for each request."""

    server: str
    work: str
    connections: int
    requests_per_s: float
    megabytes_per_s: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    failures: int


@dataclass(frozen=True, slots=True)
class Target:
    """A server that holds the studies. roots: of its processes."""

    name: str
    port: int
    root: str
    roots: Callable[[], list[int]]
    headers: Mapping[str, str] = field(default_factory=dict)


def works(instances: Sequence[Instance]) -> list[Work]:
    """All requests over a study of one series."""
    first = instances[0]
    series = f"/studies/{first.study_instance_uid}/series/{first.series_instance_uid}"
    each = tuple(f"{series}/instances/{one.sop_instance_uid}" for one in instances[::3])
    frames = tuple(f"{path}/frames/1" for path in each)
    return [
        Work("series", STORED_OBJECTS, (series,), "≥ 2.5× / ≥ 1.6×", large=True),
        Work("frame", STORED_FRAMES, frames, "≥ 6× / ≥ 6×", large=True),
        Work("rendered JPEG", "image/jpeg", tuple(f"{path}/rendered" for path in each), "≥ 3×"),
        Work("rendered PNG", "image/png", tuple(f"{path}/rendered" for path in each), "≥ 5×"),
        *_anew(each),
        Work("metadata", "application/dicom+json", (f"{series}/metadata",), "≥ 30×", (1,)),
    ]


def _anew(each: Sequence[str]) -> list[Work]:
    """Pictures that no cache has: the width of each window differs from every other in its decimals."""
    paths = tuple(f"{path}/rendered?window=40,400.@,linear" for path in each)
    return [
        Work("JPEG drawn anew", "image/jpeg", paths, "≥ 3×"),
        Work("PNG drawn anew", "image/png", paths, "≥ 5×"),
        Work("small JPEG drawn anew", "image/jpeg", tuple(f"{path}&viewport=128,128" for path in paths), "≥ 3×"),
    ]


def sealed_works(instances: Sequence[Instance]) -> list[Work]:
    """What has to be decoded first."""
    hot = {work.name: work for work in works(instances)}
    return [
        Work("sealed series → Explicit LE", EXPLICIT_OBJECTS, hot["series"].paths, "≥ 0.8 of the codec", large=True),
        Work("sealed frame → Explicit LE", EXPLICIT_FRAMES, hot["frame"].paths, "≥ 0.8 of the codec", large=True),
        *(replace(work, name=f"sealed {work.name}") for name, work in hot.items() if name.endswith("drawn anew")),
        Work("sealed frame, stored", STORED_FRAMES, hot["frame"].paths, "", large=True),
    ]


def asked(target: Target, work: Work, connections: int, seconds: float, folder: Path) -> Figures:
    """Ask for a while and count."""
    headers = {"Accept": work.accept, **target.headers}
    if work.large:
        return _asked_for_much(target, work, headers, connections, seconds)
    (folder / "urls").write_text("".join(f"{target.root}{path}\n" for path in work.paths))
    (folder / "headers").write_text("".join(f"{name}: {value}\n" for name, value in headers.items()))
    environment = {**os.environ, "URLS": str(folder / "urls"), "HEADERS": str(folder / "headers")}
    address = f"http://127.0.0.1:{target.port}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "60s", "-s", str(LUA), address]
    mean = statistics.fmean(_length(target, work, path) for path in work.paths[:5])
    before = cpu_seconds(target.roots())
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    cpu = cpu_seconds(target.roots()) - before
    found = _RESULT.search(done.stdout)
    assert found is not None, done.stdout + done.stderr
    size, took_us, failures = int(found[2]), int(found[3]), int(found[6])
    count, took = int(found[1]) if work.accept.startswith("image/") else size / mean, took_us / 1e6
    return Figures(
        target.name,
        work.name,
        connections,
        count / took,
        size / took / 1e6,
        float(found[4]),
        float(found[5]),
        cpu * 1000 / count if count else 0.0,
        failures,
    )


def _asked_for_much(
    target: Target, work: Work, headers: Mapping[str, str], connections: int, seconds: float
) -> Figures:
    _length(target, work, work.paths[0])
    before = cpu_seconds(target.roots())
    got = read(target.port, [target.root + path for path in work.paths], headers, connections, seconds)
    cpu = cpu_seconds(target.roots()) - before
    ordered = sorted(got.latencies_ms)
    return Figures(
        target.name,
        work.name,
        connections,
        got.requests / got.seconds,
        got.bytes / got.seconds / 1e6,
        ordered[len(ordered) // 2],
        ordered[len(ordered) * 95 // 100],
        cpu * 1000 / got.requests,
        0,
    )


def _length(target: Target, work: Work, path: str) -> int:
    """Bytes of one answer, which also warms the server."""
    headers = {"Accept": work.accept, **target.headers}
    request = urllib.request.Request(
        f"http://127.0.0.1:{target.port}{target.root}{path.replace('@', '400')}", headers=headers
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return len(answer.read())


def stored(target: Target, files: Sequence[bytes], connections: int, serial: str) -> Figures:
    """STOW-RS: every connection stores its share of new objects, 10 in a request. serial: makes the UIDs new."""
    shares = [files[number::connections] for number in range(connections)]
    failures: list[str] = []

    def send(number: int) -> None:
        for start in range(0, len(shares[number]), 10):
            status = _post(target, shares[number][start : start + 10])
            if status != 200:
                failures.append(f"{serial}: {status}")

    before, began = cpu_seconds(target.roots()), time.perf_counter()
    threads = [threading.Thread(target=send, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    cpu = cpu_seconds(target.roots()) - before
    size = sum(map(len, files))
    return Figures(
        target.name,
        "STOW-RS",
        connections,
        len(files) / took,
        size / took / 1e6,
        took * 1000,
        took * 1000,
        cpu * 1000 / len(files),
        len(failures),
    )


def _post(target: Target, files: Sequence[bytes]) -> int:
    boundary = "bench-boundary"
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    pieces = [piece for file in files for piece in (head, file, b"\r\n")] + [f"--{boundary}--\r\n".encode()]
    headers = {
        "Host": f"127.0.0.1:{target.port}",
        "Content-Type": f'{MULTIPART}"application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
        "Content-Length": str(sum(map(len, pieces))),
        "Connection": "close",
        **target.headers,
    }
    request = f"POST {target.root}/studies HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items()) + "\r\n"
    with socket.create_connection(("127.0.0.1", target.port), timeout=120) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(request.encode())
        for piece in pieces:
            connection.sendall(piece)
        answer = connection.recv(65536)
        while connection.recv(65536):
            pass
    return int(answer.split(b" ", 2)[1])


def renamed(files: Sequence[bytes], instances: Sequence[Instance], serial: int) -> list[bytes]:
    """The files as a study that nobody has seen: the numbers at the ends of their UIDs are patched in place."""
    ending = f"{serial:06d}"
    found = []
    for file, instance in zip(files, instances, strict=True):
        content = file
        for uid in {instance.study_instance_uid, instance.series_instance_uid, instance.sop_instance_uid}:
            content = content.replace(uid.encode(), (uid[:-6] + ending).encode())
        found.append(content)
    return found


@contextmanager
def orthanc() -> Iterator[Target]:
    """Orthanc with its DICOMweb plugin, as shipped."""
    folder, port = new_folder("bench-orthanc-"), free_port()
    running = _orthanc(HttpServerEnabled=True, HttpPort=port, AuthenticationEnabled=False)(folder)
    try:
        assert eventually(lambda: _answers(port), 30)
        yield Target("Orthanc", port, "/dicom-web", running.roots, {"dimse": f"{running.port} {running.ae_title}"})
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/system", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def ours(**settings: str) -> Iterator[Target]:
    """Isocenter as shipped, but for these settings."""
    folder = new_folder("bench-isocenter-")
    running = isocenter(**settings)(folder)
    node = running.node
    assert node is not None
    headers = {"Authorization": f"Bearer {node.token}", "dimse": f"{running.port} {running.ae_title}"}
    try:
        yield Target("Isocenter", node.http_port, "/dicom-web", running.roots, headers)
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def filled(target: Target, instances: Sequence[Instance]) -> Target:
    """Store the study by C-STORE; the target as it is asked afterwards."""
    port, ae_title = target.headers["dimse"].split()
    blast(int(port), ae_title, instances, 1)
    headers = {name: value for name, value in target.headers.items() if name != "dimse"}
    return Target(target.name, target.port, target.root, target.roots, headers)


def sealed(target: Target, work: Work, within_s: float = 240) -> None:
    """Wait until frames come from the pack: recompressed, and out of the journal."""

    def from_pack() -> bool:
        headers = {"Accept": STORED_FRAMES, **target.headers}
        request = urllib.request.Request(f"http://127.0.0.1:{target.port}{target.root}{work.paths[0]}", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return b"1.2.840.10008.1.2.4.20" in answer.read()[:400]

    if not eventually(from_pack, within_s):
        raise RuntimeError("the study was not sealed in time")


def codec_alone(instances: Sequence[Instance], threads: int) -> float:
    """MB/s of native pixels that the codec itself decodes with so many threads."""
    import imagecodecs

    frames = [imagecodecs.htj2k_encode(_pixels(one), reversible=True) for one in instances[:40]]

    def decode(share: Sequence[bytes]) -> None:
        for frame in share:
            imagecodecs.htj2k_decode(frame)

    began = time.perf_counter()
    workers = [threading.Thread(target=decode, args=(frames[number::threads] * 3,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return 3 * len(frames) * CT.side * CT.side * 2 / (time.perf_counter() - began) / 1e6


def _pixels(instance: Instance) -> NDArray[np.int16]:
    length = CT.side * CT.side * 2
    return np.frombuffer(instance.data_set[0][-length:], "<i2").reshape(CT.side, CT.side)


def measure(*, repeats: int, seconds: float, only: str = ".") -> list[Figures]:
    """Hot study at both, STOW-RS at both, sealed study at ours."""
    folder = new_folder("bench-reading-")
    paths = [folder_of(CT, 1, SLICES)]
    instances = load(paths)
    files = [path.read_bytes() for path in sorted(paths[0].rglob("*.dcm"))][:STOW_OBJECTS]
    found: list[Figures] = []
    with orthanc() as theirs, ours(ISOCENTER_QUIET_FOR="1h") as mine:
        targets = [filled(theirs, instances), filled(mine, instances)]
        for work in [each for each in works(instances) if re.search(only, each.name)]:
            for _ in range(repeats):
                for connections in work.connections:
                    for target in targets:
                        found.append(said(asked(target, work, connections, seconds, folder)))
        for serial in range(repeats if re.search(only, "STOW-RS") else 0):
            for connections in (1, 4):
                fresh = renamed(files, instances[:STOW_OBJECTS], 2 * serial + connections)
                for target in targets:
                    settled()
                    found.append(said(stored(target, fresh, connections, str(serial))))
    todo = [work for work in sealed_works(instances) if re.search(only, work.name)]
    if todo:
        found += _sealed(instances, todo, repeats, seconds, folder)
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _sealed(
    instances: Sequence[Instance], todo: Sequence[Work], repeats: int, seconds: float, folder: Path
) -> list[Figures]:
    found = []
    with ours(ISOCENTER_QUIET_FOR="1s", ISOCENTER_HOT_CACHE_FOR="1s", ISOCENTER_HOT_CACHE_BYTES="1MiB") as target:
        asking = filled(target, instances)
        sealed(asking, sealed_works(instances)[-1])
        for work in todo:
            for _ in range(repeats):
                for connections in work.connections:
                    found.append(said(asked(asking, work, connections, seconds, folder)))
    for threads in (1, 2) if any("Explicit" in work.name for work in todo) else ():
        speed = codec_alone(instances, threads)
        found.append(said(Figures("codec alone", "sealed → Explicit LE", threads, 0, speed, 0, 0, 0, 0)))
    return found


def said(one: Figures) -> Figures:
    """Print a line."""
    print(
        f"{one.server:12} {one.work:28} c{one.connections} {one.requests_per_s:9.1f}/s {one.megabytes_per_s:8.1f} MB/s"
        f"  p50 {one.p50_ms:8.2f}  p95 {one.p95_ms:8.2f} ms  cpu {one.cpu_ms:8.2f} ms  bad {one.failures}",
        flush=True,
    )
    return one


def markdown(figures: Sequence[Figures]) -> str:
    """The table: medians, and the ratio to Orthanc."""
    lines = [
        "| work, connections | Orthanc /s | Isocenter /s | ratio | p95 ms | server CPU ms a request |",
        "|---|---|---|---|---|---|",
    ]
    for name, connections in dict.fromkeys((one.work, one.connections) for one in figures):
        group = [one for one in figures if (one.work, one.connections) == (name, connections)]
        sides = {server: _median([one for one in group if one.server == server]) for server in ("Orthanc", "Isocenter")}
        theirs, mine = sides["Orthanc"], sides["Isocenter"]
        if mine is None and theirs is None:
            alone = [one.megabytes_per_s for one in group]
            lines.append(
                f"| {name}, codec alone, {connections} threads | | {statistics.median(alone):.0f} MB/s | | | |"
            )
        elif mine is None or theirs is None:
            mine = mine or theirs
            assert mine is not None
            rate = f"{mine.requests_per_s:.1f} ({mine.megabytes_per_s:.0f} MB/s)"
            lines.append(f"| {name}, {connections} | | {rate} | | {mine.p95_ms:.1f} | {mine.cpu_ms:.2f} |")
        else:
            lines.append(
                f"| {name}, {connections} | {theirs.requests_per_s:.1f} | {mine.requests_per_s:.1f} "
                f"| {mine.requests_per_s / theirs.requests_per_s:.1f}× | {theirs.p95_ms:.1f} → {mine.p95_ms:.1f} "
                f"| {theirs.cpu_ms:.2f} → {mine.cpu_ms:.2f} |"
            )
    return "\n".join(lines) + "\n"


def _median(group: Sequence[Figures]) -> Figures | None:
    if not group:
        return None
    first = group[0]
    values = {
        name: statistics.median(getattr(one, name) for one in group)
        for name in ("requests_per_s", "megabytes_per_s", "p50_ms", "p95_ms", "cpu_ms")
    }
    return Figures(first.server, first.work, first.connections, failures=sum(one.failures for one in group), **values)


def as_json(figures: Sequence[Figures]) -> dict[str, object]:
    """Every run."""
    return {"figures": [asdict(one) for one in figures]}
