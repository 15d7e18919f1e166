"""Encrypted journals: nothing plain on the disk, every offset as in a plain one, and no stream used twice."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from tests.storage.builders import a_header, a_writer, some_bytes

from isocenter.storage import allocation
from isocenter.storage import journal as journal_module
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.errors import BytesAway, Damaged, KeyLost, StorageFull
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.journal import JournalMember, JournalWriter, MemberLocation, read_segment
from isocenter.storage.journal_cipher import DecryptedPieces, SegmentKeys
from isocenter.storage.journal_wiping import wipe_members
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.master_keys import (
    MasterKeys,
    MasterState,
    master_key_path,
    new_master_key,
    write_master_keys,
)
from isocenter.storage.object_store import LocalObjectStore

DATA_SETS = [b"PLANTED^NAME" * 100 + some_bytes(length, seed=length) for length in (700, 1, 300_000, 513)]


@pytest.fixture
def store(tmp_path: Path) -> EncryptedStore:
    write_master_keys(master_key_path(tmp_path), [new_master_key(MasterState.CURRENT)])
    inner = LocalObjectStore(tmp_path / "store")
    return EncryptedStore(inner, KeyRing(inner, MasterKeys(master_key_path(tmp_path))), encrypts=True)


@pytest.fixture
def data(tmp_path: Path, store: EncryptedStore) -> Bytes:
    return Bytes(tmp_path / "journal", store)


@pytest.fixture
def writer(data: Bytes) -> JournalWriter:
    return a_writer(data.journal_directory, keys=data.keys)


def append_all(writer: JournalWriter) -> list[MemberLocation]:
    halves = [(each[: len(each) // 3], each[len(each) // 3 :]) for each in DATA_SETS]
    found = [writer.append(a_header(a + b, number), [a, b]) for number, (a, b) in enumerate(halves, 1)]
    writer.sync()
    return found


def test_ranges_come_back_and_the_disk_holds_nothing_plain(writer: JournalWriter, data: Bytes) -> None:
    places = append_all(writer)
    stored = places[0].segment.path(data.journal_directory).read_bytes()
    assert b"PLANTED" not in stored
    for place, content in zip(places, DATA_SETS, strict=True):
        source = place.segment.source
        assert data.path(source) is None
        for offset, length in ((0, len(content)), (1, 40), (17, 1), (len(content) - 5, 5)):
            extent = Extent(source, place.data_set_offset + offset, length)
            assert data.read(extent) == content[offset : offset + length]
            assert data.read_stored(extent) == stored[extent.offset : extent.offset + length]
    writer.close()


def test_the_offsets_are_those_of_a_plain_segment_but_for_its_head(
    writer: JournalWriter, data: Bytes, tmp_path: Path
) -> None:
    plain = a_writer(tmp_path / "plain")
    encrypted, others = append_all(writer), append_all(plain)
    moved = encrypted[0].member_offset - others[0].member_offset
    assert [each.member_offset - moved for each in encrypted] == [each.member_offset for each in others]
    writer.close()
    plain.close()


def test_a_segment_is_read_back_with_its_key_and_not_without(writer: JournalWriter, data: Bytes) -> None:
    [place, *_] = append_all(writer)
    writer.close()
    path = place.segment.path(data.journal_directory)
    items = list(read_segment(path, keys=data.keys))
    assert [bytes(item.data_set) for item in items if isinstance(item, JournalMember)] == DATA_SETS
    with pytest.raises(KeyLost):
        list(read_segment(path))
    assert len(list(read_segment(path, verify=False))) == len(DATA_SETS)
    write_master_keys(master_key_path(data.journal_directory.parent), [new_master_key(MasterState.CURRENT)])
    with pytest.raises(KeyLost, match="another version"):
        list(read_segment(path, keys=data.keys))


def test_a_damaged_head_costs_no_member(writer: JournalWriter, data: Bytes) -> None:
    [place, *_] = append_all(writer)
    writer.close()
    path = place.segment.path(data.journal_directory)
    with path.open("r+b") as file:
        file.write(bytes(1024))
    items = [item for item in read_segment(path, keys=data.keys) if isinstance(item, JournalMember)]
    assert [bytes(item.data_set) for item in items] == DATA_SETS
    assert data.read(Extent(place.segment.source, place.data_set_offset, 10)) == DATA_SETS[0][:10]


def test_a_plain_segment_with_a_damaged_head_is_read_as_before(data: Bytes) -> None:
    plain = a_writer(data.journal_directory, keys=SegmentKeys())
    place = plain.append(a_header(b"small"), [b"small"])
    plain.close()
    path = place.segment.path(data.journal_directory)
    with path.open("r+b") as file:
        file.write(bytes(512))
    assert data.path(place.segment.source) == path
    assert data.read(Extent(place.segment.source, place.data_set_offset, 5)) == b"small"
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    again = Bytes(data.journal_directory, data.store)
    assert again.path(place.segment.source) is None
    with pytest.raises(Damaged):
        again.read(Extent(place.segment.source, 0, 1))


def test_a_changed_data_set_is_damage(writer: JournalWriter, data: Bytes) -> None:
    places = append_all(writer)
    writer.close()
    path = places[0].segment.path(data.journal_directory)
    with path.open("r+b") as file:
        file.seek(places[1].data_set_offset)
        was = file.read(1)[0]
        file.seek(places[1].data_set_offset)
        file.write(bytes([was ^ 1]))  # encrypted, it may be anything: so it is another one for certain
    kinds = [type(item).__name__ for item in read_segment(path, keys=data.keys)]
    assert kinds == ["JournalMember", "Damage", "JournalMember", "JournalMember"]


def test_erased_members_are_passed_over(writer: JournalWriter, data: Bytes) -> None:
    places = append_all(writer)
    writer.close()
    path = places[0].segment.path(data.journal_directory)
    header = a_header(DATA_SETS[1], 2)
    assert wipe_members(path, 7, {header.sop_instance_uid}, header.received_at) == 1
    items = [item for item in read_segment(path, keys=data.keys) if isinstance(item, JournalMember)]
    assert [bytes(item.data_set) for item in items] == [DATA_SETS[0], *DATA_SETS[2:]]


def test_a_large_member_is_encrypted_while_it_streams(writer: JournalWriter, data: Bytes) -> None:
    content = DATA_SETS[2] * 5
    large = writer.begin_large(a_header(None))
    for start in range(0, len(content), 100_003):
        large.write(content[start : start + 100_003])
    assert all(b"PLANTED" not in path.read_bytes() for path in data.journal_directory.rglob("*.part"))
    with large.data_set() as view:
        assert view == content
    place = large.finish(a_header(content).digest or b"")
    writer.close()
    assert data.read(Extent(place.segment.source, place.data_set_offset, len(content))) == content
    [member] = read_segment(place.segment.path(data.journal_directory), keys=data.keys)
    assert isinstance(member, JournalMember)
    pieces = [memoryview(content)[at : at + 1000] for at in range(0, len(content), 1000)]
    cipher = data.cipher(place.segment.source)
    assert cipher is not None
    sealed = cipher.apply(place.data_set_offset, content)
    stored = [memoryview(sealed)[at : at + 1000] for at in range(0, len(sealed), 1000)]
    opened = DecryptedPieces(cipher, place.data_set_offset, stored)
    assert list(opened) == pieces
    assert opened[1:3] == pieces[1:3]


def test_a_place_is_never_written_twice_under_one_stream(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first, *_] = append_all(writer)
    calls = iter([OSError(errno.ENOSPC, "full")])

    def failing(file: int, pieces: list[bytes | memoryview], offset: int) -> int:
        for error in calls:
            raise error
        return allocation.write_all(file, pieces, offset)

    monkeypatch.setattr(journal_module, "write_all", failing)
    with pytest.raises(StorageFull):
        writer.append(a_header(DATA_SETS[0], 9), [DATA_SETS[0]])
    after = writer.append(a_header(DATA_SETS[0], 9), [DATA_SETS[0]])
    assert after.segment != first.segment
    writer.close()


def test_two_segments_have_two_streams(data: Bytes) -> None:
    zeros = bytes(1000)
    stored = []
    for _ in range(2):
        writer = a_writer(data.journal_directory, keys=data.keys)
        place = writer.append(a_header(zeros), [zeros])
        writer.close()
        stored.append(data.read_stored(Extent(place.segment.source, place.data_set_offset, 1000)))
    assert stored[0] != stored[1]
    assert zeros not in stored


def test_plain_segments_stay_readable_beside_encrypted_ones(data: Bytes) -> None:
    plain = a_writer(data.journal_directory, keys=SegmentKeys())
    place = plain.append(a_header(DATA_SETS[0]), [DATA_SETS[0]])
    plain.close()
    source = place.segment.source
    assert data.path(source) == place.segment.path(data.journal_directory)
    assert data.read(Extent(source, place.data_set_offset, place.data_set_length)) == DATA_SETS[0]
    gone = "journal/node-a/9/9"
    assert data.path(gone) is not None
    with pytest.raises(BytesAway):
        data.read(Extent(gone, 0, 1))


def test_another_node_reads_what_its_owner_gives_and_what_was_shipped(
    writer: JournalWriter, data: Bytes, tmp_path: Path
) -> None:
    [place, *_] = append_all(writer)
    writer.close()
    extent = Extent(place.segment.source, place.data_set_offset, place.data_set_length)
    asked: list[str] = []

    def owner(source: str, offset: int, length: int) -> bytes:
        asked.append(source)
        return data.read_stored(Extent(source, offset, length))

    elsewhere = Bytes(tmp_path / "other", data.store, elsewhere=owner)
    assert elsewhere.read(extent) == DATA_SETS[0]
    assert asked
    data.store.put(place.segment.key, place.segment.path(data.journal_directory).read_bytes())
    shipped = Bytes(tmp_path / "other", data.store)
    assert shipped.read(extent) == DATA_SETS[0]
    cipher = shipped.cipher(place.segment.source)
    assert cipher is not None
    assert cipher.apply(extent.offset, shipped.read_stored(extent)) == DATA_SETS[0]
