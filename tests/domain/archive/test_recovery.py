"""What a dead process or a crashed database leaves behind is read back from the journal."""

from __future__ import annotations

import os
import shutil
from typing import Any

import psycopg
import pytest
from tests.domain.conftest import Hospital, Open, a_ct_slice

from isocenter.domain.archive import recovery
from isocenter.domain.archive.outcome import StoreKind
from isocenter.domain.archive.store import Archive
from isocenter.kit.database import DatabaseAway
from isocenter.kit.errors import Exhausted
from isocenter.storage.segments import segments


def die(archive: Archive) -> None:
    """End like a killed process: no last checkpoint, no end of the segment, the lease falls."""
    archive._stopping.set()
    archive._keeper.join(10)
    archive._link._ingest.close()
    archive.journal._lease.close()


def lose_rows(database_url: str) -> None:
    """Lose every row of instances, as a crashed server loses what it had not written, and the life it had."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "TRUNCATE instance, instance_lookup, series, study, study_token, study_modality, patient, aside_instance,"
            " quality_task, checkpoint, server_life CASCADE"
        )


def stored(hospital: Hospital, count: int) -> None:
    for number in range(count):
        hospital.store(a_ct_slice(number), uid=f"1.2.3.1.{number}")


def uids(hospital: Hospital) -> set[object]:
    return {row[0] for row in hospital.rows("SELECT sop_instance_uid FROM instance")}


def test_rows_lost_with_a_dead_process_come_back_when_the_next_one_starts(
    hospital: Hospital, database_url: str, open_archive: Open
) -> None:
    stored(hospital, 5)
    die(hospital.archive)
    lose_rows(database_url)
    open_archive()
    assert uids(hospital) == {f"1.2.3.1.{number}" for number in range(5)}


def test_a_torn_member_at_the_end_is_cut_and_the_others_come_back(
    hospital: Hospital, database_url: str, open_archive: Open
) -> None:
    stored(hospital, 3)
    die(hospital.archive)
    [name] = segments(hospital.home / "journal")
    path = name.path(hospital.home / "journal")
    [(last,)] = hospital.rows("SELECT max(data_set_offset) FROM instance")
    assert isinstance(last, int)
    os.truncate(path, last + 40)
    lose_rows(database_url)
    open_archive()
    assert uids(hospital) == {"1.2.3.1.0", "1.2.3.1.1"}
    assert list(path.parent.glob("*.torn"))


def cut_off(database_url: str) -> None:
    """End every connection to this database; tests beside this one have others on the same server."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_database_that_crashed_gets_its_rows_back_before_anything_new_is_recorded(
    hospital: Hospital, database_url: str
) -> None:
    stored(hospital, 4)
    hospital.archive._link._checkpoint = (0, 0)
    lose_rows(database_url)
    cut_off(database_url)
    kinds: list[StoreKind] = []
    for _ in range(5):
        try:
            kinds.append(hospital.store(a_ct_slice(99), uid="1.2.3.1.99").kind)
            break
        except Exception as error:  # the first call may find the broken connection
            assert getattr(error, "reason", "").startswith("database"), error
    assert kinds
    assert uids(hospital) == {"1.2.3.1.0", "1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3", "1.2.3.1.99"}


def test_a_replay_that_is_interrupted_stays_owed(
    hospital: Hospital, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(hospital, 4)
    hospital.archive._stopping.set()  # nobody but this test talks to the index from now on
    hospital.archive._keeper.join(10)
    hospital.archive._stopping.clear()
    hospital.archive._link._checkpoint = (0, 0)
    lose_rows(database_url)
    cut_off(database_url)
    replayed = recovery._replay_epoch
    failures: list[str] = []

    def interrupted(*arguments: Any) -> recovery.Replay:
        if len(failures) < 2:
            failures.append("away")
            raise DatabaseAway("The database went away again.")
        return replayed(*arguments)

    monkeypatch.setattr(recovery, "_replay_epoch", interrupted)
    for _ in range(10):
        try:
            hospital.store(a_ct_slice(99), uid="1.2.3.1.99")
            break
        except Exhausted:
            continue
    assert len(failures) == 2
    assert uids(hospital) == {"1.2.3.1.0", "1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3", "1.2.3.1.99"}


def test_a_journal_that_was_lost_does_not_take_the_epochs_of_rows_that_outlived_it(
    hospital: Hospital, open_archive: Open
) -> None:
    stored(hospital, 2)
    die(hospital.archive)
    shutil.rmtree(hospital.home / "journal")
    archive = open_archive()
    assert hospital.rows("SELECT max(epoch) FROM segment") == [(archive.journal.epoch - 1,)]


def test_recovery_twice_changes_nothing(hospital: Hospital, database_url: str, open_archive: Open) -> None:
    stored(hospital, 3)
    die(hospital.archive)
    lose_rows(database_url)
    open_archive()
    before = hospital.rows("SELECT ordinal, sop_instance_uid FROM instance ORDER BY 1")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM checkpoint")
    open_archive()
    assert hospital.rows("SELECT ordinal, sop_instance_uid FROM instance ORDER BY 1") == before
    assert hospital.rows("SELECT count(*) FROM aside_instance") == [(0,)]


def test_a_version_kept_aside_comes_back_aside(hospital: Hospital, database_url: str, open_archive: Open) -> None:
    hospital.store(a_ct_slice())
    hospital.store(a_ct_slice(pixels=b"\7\7" * 16))
    die(hospital.archive)
    lose_rows(database_url)
    open_archive()
    assert hospital.rows("SELECT count(*) FROM instance") == [(1,)]
    assert hospital.rows("SELECT count(*) FROM aside_instance") == [(1,)]


def test_an_erased_study_does_not_come_back_with_its_journal(
    hospital: Hospital, database_url: str, open_archive: Open
) -> None:
    stored(hospital, 2)
    hospital.store(a_ct_slice(1, study="7.7", series="7.7.1"), uid="7.7.1.1")
    die(hospital.archive)
    lose_rows(database_url)
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("INSERT INTO erasure VALUES (isocenter_institution(), '1.2.3', clock_timestamp())")
    open_archive()
    assert uids(hospital) == {"7.7.1.1"}


def test_an_epoch_that_ended_well_is_not_read_again(
    hospital: Hospital, database_url: str, open_archive: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(hospital, 2)
    hospital.archive.close()
    monkeypatch.setattr("isocenter.domain.archive.recovery._replay_epoch", None)
    open_archive()


def test_the_checkpoint_waits_for_objects_under_way(hospital: Hospital) -> None:
    stored(hospital, 1)
    first = hospital.archive.under_way.settled_up_to()
    reception = hospital.reception(uid="1.2.3.1.7")
    reception.write(a_ct_slice(7))
    appended = reception.append()
    stored_after = hospital.store(a_ct_slice(8), uid="1.2.3.1.8")
    assert stored_after.kind is StoreKind.STORED
    assert hospital.archive.under_way.settled_up_to() == first
    hospital.archive.commit([appended])
    assert hospital.archive.under_way.settled_up_to() > first


def test_a_row_whose_bytes_never_reached_the_disk_goes_with_the_torn_tail(
    hospital: Hospital, open_archive: Open
) -> None:
    """Rows are written while the disk works: a power failure may keep the row and lose the bytes."""
    stored(hospital, 3)
    die(hospital.archive)
    [name] = segments(hospital.home / "journal")
    [(last,)] = hospital.rows("SELECT max(data_set_offset) FROM instance")
    assert isinstance(last, int)
    os.truncate(name.path(hospital.home / "journal"), last + 40)
    hospital.archive = open_archive()
    assert uids(hospital) == {"1.2.3.1.0", "1.2.3.1.1"}
    assert hospital.rows("SELECT instance_count FROM study") == [(2,)]
    assert hospital.store(a_ct_slice(2), uid="1.2.3.1.2").kind is StoreKind.STORED


def test_a_row_in_a_segment_that_is_gone_with_the_power_goes_too(hospital: Hospital, open_archive: Open) -> None:
    stored(hospital, 1)
    hospital.archive.journal.roll()
    hospital.store(a_ct_slice(1), uid="1.2.3.1.1")
    die(hospital.archive)
    path = segments(hospital.home / "journal")[-1].path(hospital.home / "journal")
    head = path.read_bytes()[:200]
    path.write_bytes(head)
    open_archive()
    assert uids(hospital) == {"1.2.3.1.0"}
