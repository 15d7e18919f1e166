"""What rights and the audit trail cost, and a region's thousand people who look at their study list all day.

Cost: the same questions to two web processes of one build on one home, in turn: one that knows who asks (a session of
a radiologist: rights, row-level security for restricted patients and guests, trail of looks), one in which everybody
is one of our own jobs, which may do all and whose looks are not recorded. Ingest: a device that is known by its AE
title and address beside loopback's unknown callers, in turn.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from bench.association import Association, contexts_of
from bench.data import CT, Instance, folder_of, load, renamed
from bench.index_fill import fill
from bench.node import Node, eventually, free_port, new_folder
from bench.processes import cpu_seconds
from isocenter.access.roles import Role
from isocenter.access.sessions import open_session
from isocenter.access.users import create_user
from isocenter.adapters.web.authentication import COOKIE
from isocenter.apps.cli.running import Running, running_isocenter

USERS, SESSIONS = 50, 1000
POLL_EVERY_S = 10.0
STUDIES = 5000
SLICES = 60
KNOWN_DEVICE = "BENCHDEVICE"
GOALS = {"frames": 1.10, "QIDO by name": 1.15, "ingest": 1.05}


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a thousand polling sessions saw. Latencies in ms."""

    sessions: int
    requests: int
    failures: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    slowest_ms: float
    cpu_share: float


@dataclass(frozen=True, slots=True)
class Cost:
    """One work under rights and trail beside the same without. Medians of the repeats' medians, ms."""

    work: str
    with_rights_ms: float
    all_powerful_ms: float

    @property
    def ratio(self) -> float:
        """How much longer it takes."""
        return self.with_rights_ms / self.all_powerful_ms


@contextmanager
def region() -> Iterator[tuple[Node, Running, list[Instance]]]:
    """A running home with a list of 5,000 studies and one CT series."""
    folder = new_folder("isocenter-region-")
    node = Node(folder / "home", ISOCENTER_QUIET_FOR="1h")
    node.start()
    try:
        os.environ["ISOCENTER_HOME"] = str(node.home)
        with running_isocenter() as running:
            fill(running.database.url, running.caller.institution_id, STUDIES)
            instances = load([folder_of(CT, 1, SLICES)])
            _store(node, instances, "BENCH")
            yield node, running, instances
    finally:
        node.stop()


def sessions(running: Running, count: int) -> list[str]:
    """Cookies of signed-in radiologists, several sessions to each of 50 people."""
    made = []
    with running.database.transaction(running.caller.institution_id) as connection:
        people = [
            create_user(
                connection,
                running.caller.institution_id,
                username=f"reader{number}",
                display_name=f"Reader {number}",
                roles=(Role.RADIOLOGIST,),
                password="orchid lamp river nine",
                language="en",
                given_by="bench",
            )
            for number in range(min(USERS, count))
        ]
    for number in range(count):
        made.append(
            open_session(
                running.database,
                people[number % len(people)],
                address="127.0.0.1",
                user_agent="bench",
                second_factor=True,
            )
        )
    return made


# --- the crowd -----------------------------------------------------------------------------------------------------


def crowd(seconds: float, count: int = SESSIONS) -> Crowd:
    """A thousand sessions that ask for their list every ten seconds, while a study arrives every two."""
    with region() as (node, running, _):
        secrets = sessions(running, count)
        latencies, failures = asyncio.run(_all_poll(node.http_port, secrets[:50], 5.0))  # warms up
        before, began = cpu_seconds([node.pid]), time.monotonic()
        sender = subprocess.Popen([sys.executable, "-m", "bench.region", str(node.dicom_port), str(seconds)])
        try:
            latencies, failures = asyncio.run(_all_poll(node.http_port, secrets, seconds))
        finally:
            sender.wait(60)
        share = (cpu_seconds([node.pid]) - before) / (time.monotonic() - began)
    ordered = sorted(latencies)

    def at(quantile: float) -> float:
        return round(1e3 * ordered[int(quantile * (len(ordered) - 1))], 1)

    return Crowd(count, len(ordered), failures, at(0.5), at(0.95), at(0.99), at(1.0), share)


async def _all_poll(port: int, secrets: Sequence[str], seconds: float) -> tuple[list[float], int]:
    latencies: list[float] = []
    failures = [0]
    end = time.monotonic() + seconds
    await asyncio.gather(*(_poll(port, secret, end, latencies, failures) for secret in secrets))
    return latencies, failures[0]


async def _poll(port: int, secret: str, end: float, latencies: list[float], failures: list[int]) -> None:
    """One browser: its own connection, the version it shows, a question every ten seconds from a random moment on."""
    await asyncio.sleep(random.random() * min(POLL_EVERY_S, max(0.0, end - time.monotonic())))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    version: str | None = None
    while time.monotonic() < end:
        body = json.dumps({"limit": 50, "known_version": version}).encode()
        head = (
            f"POST /api/studies/search HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {COOKIE}={secret}\r\nX-Isocenter: 1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        writer.write(head.encode() + body)
        answer_head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in answer_head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        answer = json.loads(await reader.readexactly(length))
        latencies.append(time.monotonic() - began)
        failures[0] += b" 200 " not in answer_head[:20]
        version = answer.get("version")
        await asyncio.sleep(max(0.0, POLL_EVERY_S - (time.monotonic() - began)))
    writer.close()


def _store(node: Node, instances: Sequence[Instance], calling: str) -> float:
    association = Association(node.dicom_port, called=node.ae_title, calling=calling, contexts=contexts_of(instances))
    began = time.perf_counter()
    for instance in instances:
        assert association.store(instance).status == 0
    took = time.perf_counter() - began
    association.release()
    return took


def _arriving(port: int, seconds: float) -> None:
    """A small study every two seconds."""
    end, number = time.monotonic() + seconds - 2, 0
    slices = load([folder_of(CT, 1, 2)])
    while time.monotonic() < end:
        number += 1
        instances = [renamed(each, f"arriving{number}") for each in slices]
        association = Association(port, called="ISOCENTER", calling="BENCH", contexts=contexts_of(instances))
        for instance in instances:
            association.store(instance)
        association.release()
        time.sleep(2)


# --- the cost of rights --------------------------------------------------------------------------------------------


def cost(repeats: int, requests: int = 400) -> list[Cost]:
    """Frames and QIDO under both web processes in turn; ingest of a known device and an unknown one in turn."""
    with region() as (node, running, instances), _all_powerful(node, running) as powerful_port:
        [secret] = sessions(running, 1)
        one = instances[SLICES // 2]
        frame = (
            f"/dicom-web/studies/{one.study_instance_uid}/series/{one.series_instance_uid}"
            f"/instances/{one.sop_instance_uid}/frames/1"
        )
        works = {"frames": frame, "QIDO by name": "/dicom-web/studies?PatientName=Wang*&limit=100"}
        doors = {True: node.http_port, False: powerful_port}
        took: dict[tuple[str, bool], list[float]] = {}
        added = node.command("device", "add", "Bench", "--ae", KNOWN_DEVICE, "--from", "127.0.0.1")
        assert added.returncode == 0, added.stderr
        time.sleep(6)  # a listener knows a new device within five seconds
        for repeat in range(repeats):
            for rights, calling in ((True, KNOWN_DEVICE), (False, "STRANGER")):
                fresh = [renamed(each, f"{calling}{repeat}") for each in instances]
                took.setdefault(("ingest", rights), []).append(1e3 * _store(node, fresh, calling) / len(fresh))
            for work, path in works.items():
                for rights, port in doors.items():
                    took.setdefault((work, rights), []).append(_median_ms(port, path, secret, requests))
    return [Cost(work, statistics.median(took[work, True]), statistics.median(took[work, False])) for work in GOALS]


def _median_ms(port: int, path: str, secret: str, requests: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Cookie": f"{COOKIE}={secret}"}
    times = []
    for _ in range(requests):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        times.append(1e3 * (time.perf_counter() - began))
        assert answer.status == 200, (answer.status, body[:200])
    connection.close()
    return statistics.median(times[requests // 10 :])


@contextmanager
def _all_powerful(node: Node, running: Running) -> Iterator[int]:
    """A second web process on the same home in which whoever asks is one of our own jobs."""
    port = free_port()
    environment = node.environment | {"ISOCENTER_DATABASE_URL": running.database.url, "ISOCENTER_HTTP_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.all_powerful", str(running.caller.institution_id)], env=environment
    )
    try:
        assert eventually(lambda: _listens(port), 30)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- report --------------------------------------------------------------------------------------------------------


def markdown(seen: Crowd | None, costs: Sequence[Cost]) -> str:
    """The tables."""
    lines = []
    if costs:
        lines += [
            "| work | with rights and trail, ms | all-powerful, ms | ratio | goal |",
            "| --- | --- | --- | --- | --- |",
        ]
    for one in costs:
        times = f"{one.with_rights_ms:.2f} | {one.all_powerful_ms:.2f}"
        lines.append(f"| {one.work} | {times} | {one.ratio:.2f} | ≤ {GOALS[one.work]:.2f} |")
    if seen:
        lines += [
            "",
            f"{seen.sessions} signed-in sessions ask for the study list every {POLL_EVERY_S:.0f} s:"
            f" {seen.requests} requests, {seen.failures} failed; p50 {seen.p50_ms} ms, p95 {seen.p95_ms} ms"
            f" (goal ≤ 200), p99 {seen.p99_ms} ms, slowest {seen.slowest_ms} ms;"
            f" {seen.cpu_share:.2f} cores busy with all processes of the server.",
        ]
    return "\n".join(lines) + "\n"


def as_json(seen: Crowd | None, costs: Sequence[Cost]) -> dict[str, object]:
    """For bench/results."""
    return {"crowd": asdict(seen) if seen else None, "cost": [asdict(one) | {"ratio": one.ratio} for one in costs]}


if __name__ == "__main__":
    _arriving(int(sys.argv[1]), float(sys.argv[2]))
