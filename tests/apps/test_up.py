"""`isocenter up` as a person runs it: real processes on a home of their own, on free ports."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from isocenter.apps.phantom import chest_ct, part10

DEADLINE_S = 90.0
COMMAND = [sys.executable, "-m", "isocenter.apps.cli"]


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


class Up:
    """One running Isocenter and the commands around it."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.environment = self.environment_of(home, **settings)
        self.log = home.parent / "up.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up"], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            until(lambda: "Ctrl-C stops it" in self.log.read_text() or self.process.poll() is not None)
            assert self.process.poll() is None, self.log.read_text()
        except BaseException:
            self.process.kill()
            raise

    @staticmethod
    def environment_of(home: Path, **settings: str) -> dict[str, str]:
        """Nothing of the environment that the tests run in, but what they set."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("ISOCENTER_")}
        free = {"ISOCENTER_HTTP_PORT": "0", "ISOCENTER_DICOM_PORT": "0", "ISOCENTER_QUIET_FOR": "1h"}
        return ours | free | {"ISOCENTER_HOME": str(home), **settings}

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads((self.home / "run" / "state.json").read_text()))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COMMAND, *arguments], env=self.environment, capture_output=True, text=True, check=False)

    def status_of(self, path: str, token: str | None = None) -> int:
        request = urllib.request.Request(self.state["http_url"] + path)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def pid_of(self, name: str) -> int:
        return int(next(each["pid"] for each in self.state["processes"] if each["name"] == name))


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    folder = Path(tempfile.mkdtemp(prefix="isocenter-up-"))
    folder.chmod(0o755)  # as root, PostgreSQL runs as another user, who must get in
    running = Up(folder / "home")
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(DEADLINE_S)
    shutil.rmtree(folder, ignore_errors=True)


def test_it_tells_where_everything_is_and_how_to_begin(up: Up) -> None:
    told = up.log.read_text()
    assert up.state["http_url"] in told
    assert "ISOCENTER at 127.0.0.1 port" in told
    assert str(up.home) in told
    assert f"{up.state['http_url']}/enrol/" in told
    assert up.status_of("/health/ready") == 200


def test_nothing_listens_beyond_loopback(up: Up) -> None:
    processes = [up.process.pid, *(each.pid for each in psutil.Process(up.process.pid).children(recursive=True))]
    listening = {
        connection.laddr.ip
        for pid in processes
        for connection in psutil.Process(pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_a_second_one_on_the_same_home_is_refused_and_the_first_is_unharmed(up: Up) -> None:
    second = up.run("up")
    assert second.returncode == 4
    assert "Another Isocenter" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    assert up.status_of("/health/ready") == 200


def test_a_port_in_use_is_one_line_that_names_the_setting(up: Up, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for setting in ("ISOCENTER_HTTP_PORT", "ISOCENTER_DICOM_PORT"):
            environment = up.environment | {"ISOCENTER_HOME": str(tmp_path / "other"), setting: port}
            refused = subprocess.run([*COMMAND, "up"], env=environment, capture_output=True, text=True, check=False)
            assert refused.returncode == 4
            assert f"Port {port}" in refused.stderr
            assert setting in refused.stderr
            assert len(refused.stderr.strip().splitlines()) == 1


def test_a_token_from_the_command_line_opens_the_api_until_it_is_revoked(up: Up) -> None:
    issued = up.run("token", "issue", "--role", "administrator", "--label", "test")
    token = issued.stdout.strip().splitlines()[-1]
    assert up.status_of("/api/status", token) == 200
    assert up.status_of("/dicom-web/studies", token) == 204, "nothing is there yet"
    assert up.status_of("/dicom-web/studies") == 401
    number = json.loads(up.run("token", "list", "--json").stdout)[0]["token_id"]
    assert up.run("token", "revoke", str(number)).returncode == 0
    until(lambda: up.status_of("/api/status", token) == 401)


def test_importing_reports_counts_and_each_refused_file(up: Up, tmp_path: Path) -> None:
    for number, instance in enumerate(chest_ct(range(2))):
        (tmp_path / f"{number}.dcm").write_bytes(part10(instance))
    (tmp_path / "not-dicom").write_text("hello")
    answer = up.run("import", "--json", str(tmp_path))
    assert answer.returncode == 1
    report = json.loads(answer.stdout)
    assert report["stored"] == 2
    assert [each["reason"] for each in report["refused"]] == ["not-a-dicom-file"]
    again = up.run("import", str(tmp_path / "0.dcm"))
    assert (again.returncode, "1 already here" in again.stdout) == (0, True)
    counts = json.loads(up.run("status", "--json").stdout)["counts"]
    assert counts["instances"] == 2


def test_people_are_invited_listed_and_disabled(up: Up) -> None:
    invited = up.run("user", "add", "grace", "--role", "radiologist")
    assert "/enrol/" in invited.stdout
    assert json.loads(up.run("user", "list", "--json").stdout) == []
    unknown = up.run("user", "disable", "nobody")
    assert (unknown.returncode, len(unknown.stderr.strip().splitlines())) == (3, 1)


@pytest.mark.parametrize("name", ["listener-1", "listener-2", "web-1", "web-2", "worker"])
def test_a_killed_process_comes_back(up: Up, name: str) -> None:
    before = up.pid_of(name)
    os.kill(before, signal.SIGKILL)
    until(lambda: up.pid_of(name) != before)
    until(lambda: up.status_of("/health/ready") == 200)


def test_what_a_killed_listener_had_open_is_counted_no_more(up: Up) -> None:
    def opened() -> float:
        with urllib.request.urlopen(up.state["http_url"] + "/metrics", timeout=5) as answer:
            [line] = [
                line for line in answer.read().decode().splitlines() if line.startswith("isocenter_associations_open ")
            ]
        return float(line.split()[1])

    application_entity = AE()
    application_entity.add_requested_context(Verification)
    association = application_entity.associate("127.0.0.1", up.state["dicom_port"], ae_title="ISOCENTER")
    assert association.is_established
    until(lambda: opened() == 1)
    before = {name: up.pid_of(name) for name in ("listener-1", "listener-2")}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(up.pid_of(name) != pid for name, pid in before.items()))
    until(lambda: opened() == 0)
    association.abort()


def test_a_killed_nursery_takes_nothing_along_and_is_there_when_it_is_needed(up: Up) -> None:
    processes = {each.pid: each.cmdline() for each in psutil.Process(up.process.pid).children()}
    nursery = next(pid for pid, command in processes.items() if command and command[0] == "isocenter: nursery")
    before = up.pid_of("worker")
    os.kill(nursery, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(nursery))
    assert up.status_of("/health/ready") == 200
    assert up.pid_of("worker") == before
    os.kill(before, signal.SIGKILL)
    until(lambda: up.pid_of("worker") != before)


def test_what_dead_processes_leave_behind_is_buried(up: Up) -> None:
    web = psutil.Process(up.pid_of("web-1"))
    orphans = web.children()
    web.kill()
    until(lambda: not any(each.is_running() for each in orphans))


def test_a_killed_database_comes_back(up: Up) -> None:
    pid_file = next(up.home.rglob("postmaster.pid"))
    before = int(pid_file.read_text().split()[0])
    os.kill(before, signal.SIGKILL)
    until(lambda: pid_file.exists() and int(pid_file.read_text().split()[0]) != before)
    until(lambda: up.status_of("/health/ready") == 200)


def test_ctrl_c_stops_all_of_it(up: Up) -> None:
    children = psutil.Process(up.process.pid).children(recursive=True)
    assert len(children) > 4
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(DEADLINE_S) == 0
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    told = up.log.read_text()
    assert "Traceback" not in told
    nobody = up.run("status")
    assert (nobody.returncode, "isocenter up" in nobody.stderr) == (3, True)


def test_a_database_of_ones_own_serves_as_well(empty_database_url: str, tmp_path: Path) -> None:
    running = Up(tmp_path / "home", ISOCENTER_DATABASE_URL=empty_database_url)
    try:
        assert running.status_of("/health/ready") == 200
        assert not (running.home / "postgres").exists()
        assert running.run("token", "issue", "--role", "modality").returncode == 0
    finally:
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(DEADLINE_S) == 0
