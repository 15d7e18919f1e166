"""Extents are read from journals and packs alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.store import MemoryStore
from tests.storage.builders import a_header, a_writer

from isocenter.storage.errors import BytesAway, Damaged, NoSuchObject
from isocenter.storage.extents import Bytes, Extent, store_source
from isocenter.storage.object_store import LocalObjectStore, RemoteObjectStore
from isocenter.storage.segments import SegmentName


def test_an_extent_of_a_segment_that_still_grows_is_read(tmp_path: Path) -> None:
    location = a_writer(tmp_path).append(a_header(b"0123456789"), [b"0123456789"])
    data = Bytes(tmp_path, LocalObjectStore(tmp_path / "store"))
    assert data.read(Extent(location.segment.source, location.data_set_offset + 2, 3)) == b"234"
    assert data.path(location.segment.source) == location.segment.path(tmp_path)


def test_extents_of_a_pack_are_joined(tmp_path: Path) -> None:
    for store in (LocalObjectStore(tmp_path / "store"), RemoteObjectStore(MemoryStore())):
        store.put("packs/a", b"0123456789")
        extents = [Extent(store_source("packs/a"), 1, 2), Extent(store_source("packs/a"), 7, 3)]
        assert Bytes(tmp_path, store).read_all(extents) == b"12789"


def test_what_is_not_here_is_away_or_missing(tmp_path: Path) -> None:
    for store in (LocalObjectStore(tmp_path / "store"), RemoteObjectStore(MemoryStore())):
        data = Bytes(tmp_path, store)
        with pytest.raises(BytesAway):
            data.read(Extent("journal/node-z/1/1", 0, 1))
        with pytest.raises(NoSuchObject):
            data.read(Extent(store_source("packs/a"), 0, 1))


def test_a_file_that_is_too_short_is_damaged(tmp_path: Path) -> None:
    location = a_writer(tmp_path).append(a_header(b"x"), [b"x"])
    with pytest.raises(Damaged):
        Bytes(tmp_path, LocalObjectStore(tmp_path / "store")).read(Extent(location.segment.source, 0, 1 << 20))


def test_a_segment_of_another_node_is_read_from_the_store_and_else_from_its_owner(tmp_path: Path) -> None:
    asked: list[tuple[str, int, int]] = []

    def owner(source: str, offset: int, length: int) -> bytes:
        asked.append((source, offset, length))
        return b"owner"

    store = LocalObjectStore(tmp_path / "store")
    data = Bytes(tmp_path, store, elsewhere=owner)
    name = SegmentName("other", 3, 2)
    assert data.read(Extent(name.source, 2, 5)) == b"owner"
    assert asked == [(name.source, 2, 5)]
    store.put(name.key, b"--shipped--")
    assert data.read(Extent(name.source, 2, 5)) == b"shipp"
    data.check(name.source)
    assert len(asked) == 1
