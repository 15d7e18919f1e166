"""Replicas go when what they hold lies elsewhere, and not before."""

from __future__ import annotations

import shutil

from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.domain.nodes.replica_upkeep import drop_unneeded_replicas
from isocenter.index.nodes import record_shipped
from isocenter.storage.replicas import Replicas
from isocenter.storage.segments import SegmentName, segments


def replicated(hospital: Hospital) -> tuple[Replicas, SegmentName, int]:
    """The replica of the hospital's only segment, its name and its length."""
    (name,) = segments(hospital.home / "journal")
    replicas = Replicas(hospital.home / "replicas")
    path = name.path(replicas.directory)
    path.parent.mkdir(parents=True)
    shutil.copy(name.path(hospital.home / "journal"), path)
    return replicas, name, path.stat().st_size


def test_a_replica_stays_until_its_segment_is_whole_in_the_store(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    replicas, name, length = replicated(hospital)
    key = (name.node, name.epoch, name.sequence)
    assert drop_unneeded_replicas(hospital.database, replicas) == 0, "it may still grow"
    hospital.archive.close()
    assert drop_unneeded_replicas(hospital.database, replicas) == 0, "its instance lies nowhere else"
    for size, dropped in ((length - 1, 0), (length, 1)):
        with hospital.database.transaction() as connection:
            record_shipped(connection, key, size, bytes(32), 0)
        assert drop_unneeded_replicas(hospital.database, replicas) == dropped
    assert replicas.listed(name.node) == []


def test_a_replica_goes_when_nothing_in_it_is_needed(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    replicas, name, _ = replicated(hospital)
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("DELETE FROM instance")
    assert drop_unneeded_replicas(hospital.database, replicas) == 0, "a row may still come"
    hospital.archive.close()
    assert drop_unneeded_replicas(hospital.database, replicas) == 1
    assert replicas.listed(name.node) == []
