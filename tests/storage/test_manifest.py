"""The manifest gives back what was packed, and where each frame's bytes are."""

from __future__ import annotations

from pathlib import Path

import pytest
from blake3 import blake3
from tests.storage.builders import CT, EXPLICIT, HTJ2K, RECEIVED_AT, a_packed_instance, some_bytes

from isocenter.storage import manifest_layout
from isocenter.storage.errors import Damaged, UnknownFormat
from isocenter.storage.extents import Bytes
from isocenter.storage.journal import MemberLocation, SegmentName
from isocenter.storage.manifest import Manifest, decode_json, decode_received, parse_footer, read_json, read_manifest
from isocenter.storage.manifest_layout import AsideReason, FrameForm, PackKind, Rebuild
from isocenter.storage.object_store import LocalObjectStore, ObjectStore
from isocenter.storage.pack import (
    PackedInstance,
    PackWriter,
    ReceivedParts,
    contiguous_frames,
    derived_frames,
    no_frames,
    pack_key,
)


@pytest.fixture
def store(tmp_path: Path) -> LocalObjectStore:
    """A local store."""
    return LocalObjectStore(tmp_path)


def packed(store: ObjectStore, *instances: PackedInstance) -> Manifest:
    """The manifest of a pack of these instances."""
    with PackWriter(
        store.staging_path(), institution_id=7, study_instance_uid="1.2.3", kind=PackKind.DELTA, generation=4
    ) as writer:
        for instance in instances:
            writer.add(instance)
        summary = writer.finish()
    key = pack_key()
    store.put_file(key, summary.path)
    return read_manifest(store, key, summary.pack_length)


def read(store: ObjectStore, manifest: Manifest, index: int, frame_index: int) -> bytes:
    extents = manifest.frame(manifest.entry(index), frame_index)
    assert extents is not None
    return Bytes(Path("/nowhere"), store).read_all(extents)


def test_every_field_comes_back(store: LocalObjectStore) -> None:
    hint = MemberLocation(SegmentName("node-a", 3, 9), 1024, 3398, 390)
    manifest = packed(store, a_packed_instance(2, hint=hint, lossy=True))
    entry = manifest.entry(0)
    assert (manifest.institution_id, manifest.study_instance_uid) == (7, "1.2.3")
    assert (manifest.kind, manifest.generation) == (PackKind.DELTA, 4)
    assert (entry.sop_instance_uid, entry.sop_class_uid, entry.series_instance_uid) == ("1.2.3.4.2", CT, "1.2.3.0")
    assert (entry.ordinal, entry.instance_number, entry.number_of_frames) == (2, -2, 2)
    assert (entry.rows, entry.columns, entry.bits_allocated, entry.samples_per_pixel) == (512, 256, 16, 1)
    assert (entry.transfer_syntax_uid, entry.received_transfer_syntax_uid) == (HTJ2K, HTJ2K)
    assert (entry.received_at, entry.received_length) == (RECEIVED_AT, 390)
    assert entry.digest == entry.stored_digest == a_packed_instance(2).received_digest
    assert (entry.calling_ae_title, entry.called_ae_title, entry.peer_address, entry.door) == (
        "CT_1",
        "ISOCENTER",
        "127.0.0.1",
        "c-store",
    )
    assert (entry.photometric_interpretation, entry.lossy, entry.hint) == ("MONOCHROME2", True, hint)
    assert (entry.frame_form, entry.rebuild, entry.aside_reason) == (
        FrameForm.TABLE,
        Rebuild.VERBATIM,
        AsideReason.NONE,
    )
    assert entry.correction_version == 0


def test_what_is_absent_stays_absent(store: LocalObjectStore) -> None:
    manifest = packed(
        store,
        a_packed_instance(
            1,
            instance_number=None,
            rows=None,
            columns=None,
            modality=None,
            series_number=None,
            pixel_value_offset=None,
            frames=no_frames(),
            header_length=390,
        ),
    )
    entry = manifest.entry(0)
    assert (entry.instance_number, entry.rows, entry.columns, entry.hint) == (None, None, None, None)
    assert (entry.pixel_value_offset, entry.pixel_value_length) == (None, None)
    assert manifest.series[0].series_number is None
    with pytest.raises(IndexError):
        manifest.frame(entry, 0)


def test_numbers_beyond_what_is_allowed_count_as_absent(store: LocalObjectStore) -> None:
    manifest = packed(store, a_packed_instance(1, instance_number=99_999_999_999, series_number=-99_999_999_999))
    assert (manifest.entry(0).instance_number, manifest.series[0].series_number) == (None, None)


def test_a_data_set_and_its_file_lie_where_they_are_said(store: LocalObjectStore) -> None:
    manifest = packed(store, a_packed_instance(1), a_packed_instance(2))
    data = Bytes(Path("/nowhere"), store)
    for number, entry in enumerate(manifest.entries(), 1):
        expected = b"".join(bytes(piece) for piece in a_packed_instance(number).data_set)
        assert data.read(manifest.data_set(entry)) == expected
        assert data.read(manifest.file(entry))[128:132] == b"DICM"
        assert data.read(manifest.file(entry)).endswith(expected)
        assert entry.stored_digest == blake3(expected).digest()
        assert entry.pixel_value_offset == entry.data_set_offset + 312


def test_frames_in_fragments_are_read_by_their_extents(store: LocalObjectStore) -> None:
    manifest = packed(store, a_packed_instance(1), a_packed_instance(2))
    for index in (0, 1):
        data = b"".join(bytes(piece) for piece in a_packed_instance(index + 1).data_set)
        assert read(store, manifest, index, 0) == data[320:340]
        assert read(store, manifest, index, 1) == data[340:350] + data[358:388]
    with pytest.raises(IndexError):
        manifest.frame(manifest.entry(0), 2)


def test_native_frames_need_no_table(store: LocalObjectStore) -> None:
    manifest = packed(
        store, a_packed_instance(1, frames=contiguous_frames(30), pixel_value_offset=310, pixel_value_length=60)
    )
    data = b"".join(bytes(piece) for piece in a_packed_instance(1).data_set)
    assert read(store, manifest, 0, 1) == data[340:370]
    assert manifest.entry(0).pixel_value_length == 60


def test_frames_that_no_range_gives_are_derived(store: LocalObjectStore) -> None:
    manifest = packed(store, a_packed_instance(1, frames=derived_frames()))
    assert manifest.frame(manifest.entry(0), 1) is None


def test_instances_are_found_by_uid_and_ordinal_but_not_those_aside(store: LocalObjectStore) -> None:
    manifest = packed(
        store,
        a_packed_instance(1, aside_reason=AsideReason.OTHER_CONTENT),
        a_packed_instance(1, json=b"{}"),
        a_packed_instance(5),
    )
    found = manifest.find("1.2.3.4.1")
    assert found is not None
    assert found.index == 1
    assert manifest.find("1.2.3.4.9") is None
    by_ordinal = manifest.by_ordinal(5)
    assert by_ordinal is not None
    assert by_ordinal.index == 2
    assert [entry.aside_reason.name for entry in manifest.entries()] == ["OTHER_CONTENT", "NONE", "NONE"]


def test_series_are_numbered_as_they_come(store: LocalObjectStore) -> None:
    manifest = packed(store, a_packed_instance(1), a_packed_instance(2), a_packed_instance(3))
    assert [(each.series_instance_uid, each.modality, each.series_number) for each in manifest.series] == [
        ("1.2.3.1", "CT", 1),
        ("1.2.3.0", "CT", 0),
    ]
    assert [entry.series_instance_uid for entry in manifest.entries()] == ["1.2.3.1", "1.2.3.0", "1.2.3.1"]


def test_json_comes_back(store: LocalObjectStore) -> None:
    manifest = packed(store, a_packed_instance(1), a_packed_instance(2))
    expected = [a_packed_instance(1).json, a_packed_instance(2).json]
    assert read_json(store, manifest, list(manifest.entries())) == expected
    extent = manifest.json(manifest.entry(1))
    assert decode_json(store.get_range(manifest.key, extent.offset, extent.length)) == expected[1]


def test_a_received_head_that_resembles_the_stored_one_costs_a_few_bytes(store: LocalObjectStore) -> None:
    stored_head = some_bytes(300, seed=1)
    parts = ReceivedParts(stored_head[:280] + b"other end of a header", b"\xfc\xff\xfc\xffOB")
    manifest = packed(
        store,
        a_packed_instance(
            1, received_parts=parts, received_transfer_syntax_uid=EXPLICIT, received_digest=bytes(32), received_length=9
        ),
        a_packed_instance(2),
    )
    entry = manifest.entry(0)
    assert (entry.digest, entry.received_length, entry.received_transfer_syntax_uid) == (bytes(32), 9, EXPLICIT)
    assert entry.rebuild is Rebuild.PIXELS
    extents = manifest.received_parts(entry)
    assert extents is not None
    assert extents[0].length < 60
    head = store.get_range(manifest.key, entry.data_set_offset, entry.header_length)
    decoded = [decode_received(store.get_range(manifest.key, extent.offset, extent.length), head) for extent in extents]
    assert decoded == [parts.head, parts.tail]
    assert manifest.received_parts(manifest.entry(1)) is None


def test_one_frame_costs_three_reads(store: LocalObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    key = packed(store, *(a_packed_instance(number) for number in range(100))).key
    length = store.head(key).size
    reads: list[int] = []
    real = LocalObjectStore.get_ranges
    monkeypatch.setattr(
        LocalObjectStore,
        "get_ranges",
        lambda self, key, ranges: (reads.extend(size for _, size in ranges), real(self, key, ranges))[1],
    )
    manifest = read_manifest(store, key, length)
    entry = manifest.find("1.2.3.4.77")
    assert entry is not None
    (extent,) = manifest.frame(entry, 0) or ()
    store.get_range(key, extent.offset, extent.length)
    assert reads == [512, reads[1], 20]
    assert reads[1] < 100 * 500


def test_later_versions_may_make_rows_longer(store: LocalObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    longer = np.dtype([*manifest_layout.INSTANCE_ROW.descr, ("new", "<u8")])
    monkeypatch.setattr("isocenter.storage.manifest_writer.INSTANCE_ROW", longer)
    manifest = packed(store, a_packed_instance(1), a_packed_instance(2))
    assert [entry.sop_instance_uid for entry in manifest.entries()] == ["1.2.3.4.1", "1.2.3.4.2"]


def test_another_version_is_said_so(store: LocalObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isocenter.storage.manifest_writer.VERSION", 2)
    with pytest.raises(UnknownFormat):
        packed(store, a_packed_instance(1))
    monkeypatch.undo()
    monkeypatch.setattr("isocenter.storage.pack.VERSION", 2)
    with pytest.raises(UnknownFormat):
        packed(store, a_packed_instance(1))


def test_what_is_no_footer_is_damaged() -> None:
    with pytest.raises(Damaged):
        parse_footer(bytes(512), "key")


def test_a_row_has_the_size_that_the_document_says() -> None:
    assert manifest_layout.INSTANCE_ROW.itemsize == 384
    assert manifest_layout.SERIES_ROW.itemsize == 128
    assert manifest_layout.FRAME_ROW.itemsize == 24
    assert manifest_layout.EXTENT_ROW.itemsize == 16
