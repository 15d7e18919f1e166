"""A disk that fails once, turns read-only or loses a folder: no promise is broken, reading goes on, and it recovers."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from bench.failing_disk import Failing, failing
from tests.domain.conftest import Hospital, a_ct_slice

from bench import failing_disk
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.storage.extents import Bytes, Extent


def test_whichever_call_of_the_disk_fails_nothing_acknowledged_is_lost_or_torn(
    database: Database, institution: Institution, tmp_path: Path
) -> None:
    # every third call here, all of them in `python -m bench failing-disk`
    done = failing_disk.rounds(database, institution.institution_id, tmp_path / "days", step=3)
    assert [one for one in done if not one.good] == []
    assert not done[-1].failed, "there are more calls than were tried"
    assert sum(one.refused for one in done) > 0
    assert done[-1].acknowledged == 4


def stored(hospital: Hospital, number: int) -> bool:
    """Whether a slice was acknowledged."""
    try:
        hospital.store(a_ct_slice(number), uid=f"1.2.3.1.{number}")
    except Exhausted:
        return False
    return True


def readable(hospital: Hospital, data: Bytes, number: int) -> bool:
    [(node, epoch, sequence, offset, length)] = hospital.rows(
        "SELECT node, epoch, sequence, data_set_offset, data_set_length FROM instance JOIN segment USING (segment_id)"
        f" WHERE sop_instance_uid = '1.2.3.1.{number}'"
    )
    assert isinstance(offset, int) and isinstance(length, int)
    return data.read(Extent(f"journal/{node}/{epoch}/{sequence}", offset, length)) == a_ct_slice(number)


@pytest.mark.parametrize("error", [errno.EROFS, errno.EIO, errno.EACCES, errno.ENOSPC])
def test_a_disk_that_takes_no_more_writes_refuses_stores_is_not_ready_and_is_read_on(
    hospital: Hospital, error: int
) -> None:
    data = hospital.data
    assert stored(hospital, 1)
    with failing(Failing(1, error, onwards=True)):
        assert [stored(hospital, number) for number in (2, 3, 4)] == [False, False, False]
        assert readable(hospital, data, 1)
    assert stored(hospital, 5), "it takes objects again by itself"
    assert readable(hospital, data, 5)
    assert readable(hospital, data, 1)


def test_a_journal_folder_that_vanishes_refuses_stores_and_comes_back(hospital: Hospital) -> None:
    data = hospital.data
    assert stored(hospital, 1)
    journal = hospital.home / "journal" / "testnode"
    away = hospital.home / "away"
    hospital.archive.journal.roll()
    journal.rename(away)
    assert not stored(hospital, 2)
    with pytest.raises(Exhausted, match="cannot be reached"):
        hospital.archive.writable()
    away.rename(journal)
    assert stored(hospital, 3)
    assert readable(hospital, data, 1)
    assert readable(hospital, data, 3)
    hospital.archive.writable()


def test_a_file_system_that_is_mounted_read_only_is_said_before_anything_is_sent(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = os.statvfs

    def read_only(path: object) -> SimpleNamespace:
        status = honest(path)  # type: ignore[arg-type]
        return SimpleNamespace(f_flag=status.f_flag | os.ST_RDONLY, f_bavail=status.f_bavail, f_frsize=status.f_frsize)

    monkeypatch.setattr(os, "statvfs", read_only)
    with pytest.raises(Exhausted, match="read-only"):
        hospital.archive.writable()
