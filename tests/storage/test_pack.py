"""Packs: written member by member, opened by any tar, verified to the last byte."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore
from tests.storage.builders import a_packed_instance, some_bytes

from isocenter.kit.errors import Invalid
from isocenter.storage.errors import Damaged, IsocenterError
from isocenter.storage.manifest import read_footer, read_manifest
from isocenter.storage.object_store import LocalObjectStore, ObjectStore, RemoteObjectStore
from isocenter.storage.pack import (
    PackedInstance,
    PackWriter,
    ReceivedParts,
    frame_table,
    pack_key,
    verify_pack,
)


def a_pack(store: ObjectStore, *instances: PackedInstance) -> str:
    """A stored pack of these instances; its key."""
    with PackWriter(store.staging_path(), institution_id=7, study_instance_uid="1.2.3") as writer:
        for instance in instances:
            writer.add(instance)
        summary = writer.finish()
    key = pack_key()
    store.put_file(key, summary.path)
    return key


@pytest.fixture
def store(tmp_path: Path) -> LocalObjectStore:
    """A local store."""
    return LocalObjectStore(tmp_path / "store")


def test_a_pack_is_a_tar_of_part_10_files(store: LocalObjectStore) -> None:
    key = a_pack(store, a_packed_instance(1), a_packed_instance(2))
    path = store.local_path(key)
    assert path is not None
    with tarfile.open(path) as archive:
        assert archive.getnames() == ["000001.dcm", "000002.dcm", "manifest.bin", "footer.bin"]
        member = archive.extractfile("000002.dcm")
        assert member is not None
        content = member.read()
    assert content[:132] == bytes(128) + b"DICM"
    assert content.endswith(b"".join(bytes(piece) for piece in a_packed_instance(2).data_set))


def test_gnu_tar_lists_a_pack_without_complaint(store: LocalObjectStore) -> None:
    if shutil.which("tar") is None:
        pytest.skip("there is no tar on this machine")
    path = store.local_path(a_pack(store, a_packed_instance(1)))
    result = subprocess.run(
        ["tar", "--warning=no-unknown-keyword", "-tf", str(path)], check=True, capture_output=True, text=True
    )
    assert (result.stdout.split(), result.stderr) == (["000001.dcm", "manifest.bin", "footer.bin"], "")


def test_a_pack_of_nothing_is_a_pack(store: LocalObjectStore) -> None:
    key = a_pack(store)
    assert verify_pack(store, key) == []
    assert len(read_manifest(store, key)) == 0


def test_a_pack_that_is_not_finished_leaves_no_file(store: LocalObjectStore) -> None:
    target = store.staging_path()
    with pytest.raises(RuntimeError), PackWriter(target, institution_id=1, study_instance_uid="1.2") as writer:
        writer.add(a_packed_instance(1))
        raise RuntimeError("recompression failed")
    assert not target.exists()


def test_the_summary_says_what_the_file_is(store: LocalObjectStore) -> None:
    with PackWriter(store.staging_path(), institution_id=7, study_instance_uid="1.2.3") as writer:
        writer.add(a_packed_instance(1))
        summary = writer.finish()
    assert summary.path.stat().st_size == summary.pack_length
    assert summary.instance_count == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"header_length": 9999},
        {"received_digest": b"short"},
        {"number_of_frames": -1},
        {"rows": 1 << 32},
        {"frames": frame_table([[(0, 1)]])},
        {"frames": frame_table([[(0, 1)], [(380, 11)]])},
        {"sop_instance_uid": ""},
        {"sop_instance_uid": "1" * 65},
        {"received_transfer_syntax_uid": "1.2.840.10008.1.2"},
    ],
)
def test_an_instance_that_contradicts_itself_is_refused(store: LocalObjectStore, changed: dict[str, object]) -> None:
    with (
        PackWriter(store.staging_path(), institution_id=7, study_instance_uid="1.2.3") as writer,
        pytest.raises(Invalid),
    ):
        writer.add(a_packed_instance(1, **changed))


def test_what_is_said_to_be_as_received_must_have_its_digest(store: LocalObjectStore) -> None:
    with (
        PackWriter(store.staging_path(), institution_id=7, study_instance_uid="1.2.3") as writer,
        pytest.raises(Damaged),
    ):
        writer.add(a_packed_instance(1, received_digest=bytes(32)))


def test_a_sound_pack_verifies_in_any_store(tmp_path: Path) -> None:
    stores: list[ObjectStore] = [LocalObjectStore(tmp_path), RemoteObjectStore(MemoryStore())]
    for store in stores:
        parts = ReceivedParts(some_bytes(300, seed=2), b"tail")
        assert verify_pack(store, a_pack(store, a_packed_instance(1, received_parts=parts))) == []


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(1, 255))
def test_every_flipped_byte_that_matters_is_found(place: int, change: int) -> None:
    store = RemoteObjectStore(MemoryStore())
    parts = ReceivedParts(some_bytes(300, seed=2), b"tail")
    sound = a_pack(store, a_packed_instance(1, received_parts=parts), a_packed_instance(2))
    data = bytearray(store.get(sound))
    data[place % len(data)] ^= change
    store.put("flipped", bytes(data))
    found = verify_pack(store, "flipped")
    if _matters(store, sound, place % len(data)):
        assert found != []


def _matters(store: ObjectStore, key: str, place: int) -> bool:
    """Whether the byte is part of a file, a compressed part, the tables or the footer: of more than tar's own words."""
    manifest = read_manifest(store, key)
    stretches = [(entry.member_offset + 512, entry.file_length) for entry in manifest.entries()]
    footer = read_footer(store, key)
    stretches += [(footer.manifest_offset, footer.manifest_length), (footer.pack_length - 1536, 512)]
    return any(offset <= place < offset + length for offset, length in stretches)


@pytest.mark.parametrize("kept", [0, 100, 1535, 1536, 3000, -512, -1])
def test_a_cut_pack_is_damaged(store: LocalObjectStore, kept: int) -> None:
    data = store.get(a_pack(store, a_packed_instance(1)))
    store.put("cut", data[:kept])
    with pytest.raises(Damaged):
        read_manifest(store, "cut")
    assert verify_pack(store, "cut") != []


def test_a_pack_with_something_behind_it_is_damaged(store: LocalObjectStore) -> None:
    data = store.get(a_pack(store, a_packed_instance(1)))
    store.put("longer", data[:5000] + bytes(512) + data[5000:])
    with pytest.raises(IsocenterError):
        read_manifest(store, "longer")
