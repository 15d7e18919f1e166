"""Closed segments are copied to the store, others read and seal from there, and copies go when they are sealed."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from blake3 import blake3
from tests.domain.archive.unconfined import unconfined_sealer
from tests.domain.nodes.conftest import Host, Region, a_host

from isocenter.access.caller import system_caller
from isocenter.domain.archive.reclaim import Budget, reclaim_segments
from isocenter.domain.archive.seal import SealReport
from isocenter.domain.nodes.shipping import Shipped, Shipper, sweep_orphan_segments
from isocenter.index import nodes
from isocenter.index.nodes import shipped_of
from isocenter.index.segments import live_segments
from isocenter.kit.clock import utc_now
from isocenter.storage.borrowed import Borrowed
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.errors import BytesAway, StorageFull
from isocenter.storage.extents import Bytes, Extent, read_file_range
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.master_keys import MasterKeys, MasterState, new_master_key, write_master_keys
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName, segments


def only_segment(host: Host) -> SegmentName:
    [name] = segments(host.journal, host.name)
    return name


def seal(host: Host, study: str = "1.2.3") -> SealReport | None:
    sealer = unconfined_sealer(host.database, host.data)
    try:
        return sealer.seal_study(system_caller(host.caller.institution_id, "test"), study)
    finally:
        sealer.close()


def placed(region: Region) -> list[tuple[Extent, bytes]]:
    """Every open instance: where its data set lies, and its digest."""
    rows = region.rows(
        "SELECT 'journal/' || node || '/' || epoch || '/' || sequence, data_set_offset, data_set_length, digest"
        " FROM instance JOIN segment USING (segment_id) ORDER BY ordinal"
    )
    return [(Extent(str(row[0]), int(str(row[1])), int(str(row[2]))), bytes(row[3])) for row in rows]  # type: ignore[arg-type]


def test_a_segment_is_shipped_when_it_is_closed_and_then_read_by_the_other_node(region: Region) -> None:
    region.a.store(1)
    assert region.a.ship() == Shipped(), "it still grows"
    [(extent, digest)] = placed(region)
    with pytest.raises(BytesAway):
        region.b.data.read(extent)
    region.a.close_segment()
    name = only_segment(region.a)
    size = name.path(region.a.journal).stat().st_size
    assert region.a.ship() == Shipped(1, size, 0)
    assert blake3(region.b.data.read(extent)).digest() == digest
    with region.database.transaction() as connection:
        [copy] = shipped_of(connection, "node-a").values()
    assert copy.digest == blake3(name.path(region.a.journal).read_bytes()).digest()
    assert region.a.ship() == Shipped(), "once"


def test_the_newest_bytes_come_from_their_owner(region: Region, tmp_path: Path) -> None:
    def owner(source: str, offset: int, length: int) -> bytes:
        return read_file_range(SegmentName.from_source(source).path(region.a.journal), offset, length)

    region.a.store(1)
    [(extent, digest)] = placed(region)
    reader = a_host("node-c", tmp_path, region.database, region.caller, owner)
    assert blake3(reader.data.read(extent)).digest() == digest


def test_a_study_that_came_to_two_nodes_is_sealed_by_one(region: Region) -> None:
    for host, numbers in ((region.a, (1, 3)), (region.b, (2,))):
        for number in numbers:
            host.store(number)
    region.a.close_segment()
    region.a.ship()
    report = seal(region.b)
    assert report is not None
    assert (report.instance_count, report.left_open) == (3, 0)
    assert not list(region.b.home.glob("borrowed/*")), "what was borrowed is given back"
    assert placed(region) == []


def test_what_lies_on_a_node_that_is_away_stays_open_and_the_rest_is_sealed(region: Region) -> None:
    region.a.store(1)
    with pytest.raises(BytesAway):
        seal(region.b)
    region.b.store(2)
    report = seal(region.b)
    assert report is not None
    assert report.instance_count == 1
    [(extent, _)] = placed(region)
    assert extent.source.startswith("journal/node-a/")
    region.a.close_segment()
    region.a.ship()
    assert seal(region.b) is not None
    assert placed(region) == []


def test_a_copy_goes_when_all_in_it_is_sealed_and_is_not_made_again(region: Region) -> None:
    region.a.store(1)
    region.a.close_segment()
    shipper = Shipper(region.database, region.a.data, "node-a")
    shipper.ship()
    name = only_segment(region.a)
    assert shipper.drop_unneeded(["node-a"], kept_s=0) == 0
    assert seal(region.b) is not None
    assert shipper.drop_unneeded(["node-a"], kept_s=3600) == 0, "readers that looked before still find it"
    assert region.b.data.store.head(name.key).size > 0
    assert shipper.drop_unneeded(["node-a"], kept_s=0) == 1
    assert list(region.b.data.store.list("segments")) == []
    assert name.path(region.a.journal).exists(), "the received form stays as a hot cache"
    assert region.a.ship() == Shipped(), "also by a worker that was started since"


def test_a_segment_in_which_something_was_overwritten_is_shipped_anew(region: Region) -> None:
    region.a.store(1)
    region.a.close_segment()
    region.a.ship()
    name = only_segment(region.a)
    path = name.path(region.a.journal)
    content = path.read_bytes()
    path.write_bytes(content[:-1024] + bytes(1024))
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert region.a.ship().segments == 1
    assert region.b.data.store.get(name.key) == path.read_bytes()


def test_a_copy_whose_row_was_not_written_is_taken_as_it_is_and_a_wrong_one_replaced(region: Region) -> None:
    region.a.store(1)
    region.a.close_segment()
    name = only_segment(region.a)
    content = name.path(region.a.journal).read_bytes()
    for before in (content, b"something else"):
        region.a.data.store.put(name.key, before)
        assert region.a.ship().segments == 1
        assert region.b.data.store.get(name.key) == content
        with region.database.transaction() as connection:
            connection.execute("DELETE FROM shipped_segment")
        region.a.data.store.delete(name.key)


def test_only_an_old_copy_without_a_row_is_swept_and_one_that_is_needed_gets_its_row(region: Region) -> None:
    region.a.store(1)
    region.a.close_segment()
    region.a.ship()
    store = region.a.data.store
    store.put("segments/node-z/00000001-00000001.tar", b"left behind")
    with region.database.transaction() as connection:
        before = shipped_of(connection, "node-a")
        connection.execute("DELETE FROM shipped_segment")  # an index that was made again
    assert sweep_orphan_segments(region.database, store) == 0
    assert sweep_orphan_segments(region.database, store, now=utc_now() + timedelta(hours=2)) == 1
    assert [head.key for head in store.list("segments")] == [only_segment(region.a).key]
    with region.database.transaction() as connection:
        [copy] = shipped_of(connection, "node-a").values()
    assert [copy.digest] == [each.digest for each in before.values()]


class FullStore:
    """Takes nothing, and counts how often it was asked."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put_file(self, key: str, path: Path) -> None:
        self.asked += 1
        raise StorageFull("There is no room.", key=key, file=path.name)


def test_a_store_that_takes_nothing_is_left_alone_for_a_while_and_nothing_is_lost(region: Region) -> None:
    for number in (1, 2):
        region.a.store(number)
        region.a.close_segment()
    full = FullStore(region.a.data.store)
    shipper = Shipper(region.database, Bytes(region.a.journal, full), "node-a")  # type: ignore[arg-type]
    assert shipper.ship() == Shipped(left=2)
    assert shipper.ship() == Shipped(left=2)
    assert full.asked == 1
    assert not list((region.a.home.parent / "store" / ".incoming").iterdir()), "no half copy is left"
    assert region.a.ship().segments == 2


def test_each_node_reclaims_its_own_segments_and_never_a_live_one(region: Region) -> None:
    nothing_kept = Budget(0, timedelta(0))
    for host, study in ((region.a, "1.2.3"), (region.b, "1.2.4")):
        host.store(1, study=study)
        host.close_segment()
        host.ship()
    seal(region.b, "1.2.3")
    assert live_segments(region.database, "node-a") == set()
    assert reclaim_segments(region.database, region.b.journal, "node-b", nothing_kept).segment_count == 0
    assert reclaim_segments(region.database, region.a.journal, "node-a", nothing_kept).segment_count == 1
    assert segments(region.a.journal) == []
    assert len(segments(region.b.journal)) == 1


def test_what_a_node_alone_has_is_known(region: Region) -> None:
    with region.database.transaction() as connection:
        nodes.put(connection, "node-a", uuid4(), None, "1", False)

    def alone() -> int:
        with region.database.transaction() as connection:
            row = nodes.node_of(connection, "node-a")
            assert row is not None
            return row.alone_bytes

    region.a.store(1)
    assert region.a.archive is not None
    region.a.archive._link.checkpoint()
    region.a.ship()
    [(extent, _)] = placed(region)
    assert alone() >= extent.offset + extent.length
    region.a.close_segment()
    region.a.ship()
    assert alone() == 0


def test_of_an_encrypted_region_no_plain_byte_is_shipped_or_borrowed(region: Region, tmp_path: Path) -> None:
    keys = tmp_path / "master.key"
    write_master_keys(keys, [new_master_key(MasterState.CURRENT)])
    for host in (region.a, region.b):
        store = host.data.store
        host.data = Bytes(host.journal, EncryptedStore(store, KeyRing(store, MasterKeys(keys)), encrypts=True))
    region.a.store(1)
    region.a.close_segment()
    region.a.ship()
    [(extent, digest)] = placed(region)
    planted = b"Sample^One"
    with Borrowed(region.b.data) as borrowed:
        path = borrowed.path(extent)
        assert path.is_relative_to(region.b.home)
        assert planted not in path.read_bytes()
    assert planted not in region.b.data.store.get(only_segment(region.a).key)
    assert planted in region.b.data.read(extent)
    assert blake3(region.b.data.read(extent)).digest() == digest
    report = seal(region.b)
    assert report is not None
    assert report.instance_count == 1
