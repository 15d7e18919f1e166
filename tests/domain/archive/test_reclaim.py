"""Room is given back only for what is sealed or erased, within the budget of the hot cache."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import system_caller
from isocenter.domain.archive.reclaim import Budget, Reclaimed, reclaim_segments, sweep_orphan_packs
from isocenter.domain.archive.seal import Sealer
from isocenter.index.adoption import note_erasure
from isocenter.kit.clock import utc_now
from isocenter.storage.segments import segments

NOTHING_HOT = Budget(hot_bytes=0, hot_for=timedelta(0))
ALL_HOT = Budget(hot_bytes=1 << 40, hot_for=timedelta(days=1))


def reclaim(hospital: Hospital, budget: Budget) -> Reclaimed:
    return reclaim_segments(hospital.database, hospital.home / "journal", "testnode", budget)


def close_segment(hospital: Hospital) -> None:
    """End the current segment and move the checkpoint behind it."""
    hospital.archive.journal.roll()
    hospital.archive.journal.sync()
    hospital.archive._link.checkpoint()


def forget_rows(hospital: Hospital) -> None:
    """As sealing leaves it: no rows of open instances."""
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("DELETE FROM instance")


def test_a_segment_with_an_unsealed_instance_stays_whatever_the_budget(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    close_segment(hospital)
    assert reclaim(hospital, NOTHING_HOT) == Reclaimed(0, 0)
    assert len(segments(hospital.home / "journal")) == 1


def test_a_sealed_segment_stays_within_the_budget_and_goes_beyond_it(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    close_segment(hospital)
    forget_rows(hospital)
    assert reclaim(hospital, ALL_HOT) == Reclaimed(0, 0)
    assert reclaim(hospital, NOTHING_HOT).segment_count == 1
    assert segments(hospital.home / "journal") == []
    assert hospital.rows("SELECT count(*) FROM segment") == [(0,)]


def test_a_segment_that_is_still_open_or_after_the_checkpoint_stays(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    forget_rows(hospital)
    assert reclaim(hospital, NOTHING_HOT) == Reclaimed(0, 0)


def test_a_version_kept_aside_holds_its_segment(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    hospital.store(a_ct_slice(pixels=b"\7\7" * 16))
    close_segment(hospital)
    forget_rows(hospital)
    assert reclaim(hospital, NOTHING_HOT) == Reclaimed(0, 0)


def test_a_pack_that_no_row_names_is_swept_once_it_is_old(hospital: Hospital) -> None:
    store = hospital.data.store
    key = a_pack(hospital)
    store.put("packs/ab/orphan.tar", store.get(key))  # as a worker that died between a pack and its row leaves it
    assert sweep_orphan_packs(hospital.database, store) == 0
    assert sweep_orphan_packs(hospital.database, store, now=utc_now() + timedelta(hours=2)) == 1
    assert [head.key for head in store.list("packs")] == [key]


def test_a_pack_that_holds_what_the_index_does_not_know_is_never_swept(hospital: Hospital) -> None:
    """An older index, or a pack that cannot be read, is no reason to delete what may be the only copy."""
    key = a_pack(hospital)
    hospital.data.store.put("packs/ab/unreadable.tar", b"not as it was written")
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        for table in ("pack", "instance_lookup"):
            connection.execute(f"DELETE FROM {table}".encode())
    late = utc_now() + timedelta(hours=2)
    assert sweep_orphan_packs(hospital.database, hospital.data.store, now=late) == 0
    assert {head.key for head in hospital.data.store.list("packs")} == {key, "packs/ab/unreadable.tar"}
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        note_erasure(connection, "1.2.3", utc_now())
    assert sweep_orphan_packs(hospital.database, hospital.data.store, now=late) == 1


def a_pack(hospital: Hospital) -> str:
    """The key of a sealed study's pack."""
    hospital.store(a_ct_slice())
    with closing(Sealer(database=hospital.database, data=hospital.data)) as sealer:
        report = sealer.seal_study(system_caller(hospital.caller.institution_id, "test"), "1.2.3")
    assert report is not None
    return report.pack_keys[0]
