"""docs/formats.md is true: a reader written from it alone reads what we write; version 1 is read for ever."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from pathlib import Path
from shutil import copytree

import pytest
from blake3 import blake3
from tests.storage.builders import EXPLICIT, HTJ2K, a_header, a_packed_instance, a_segment, a_writer, some_bytes
from tests.storage.independent_reader import Pack, encrypted_object, encrypted_segment, segment_members

from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import FactLog, make_key_file
from isocenter.storage.journal import JournalMember, SegmentName, read_segment
from isocenter.storage.journal_cipher import segment_keys_of
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.manifest import decode_received, read_json, read_manifest
from isocenter.storage.master_keys import MasterKeys
from isocenter.storage.object_store import LocalObjectStore, copy_into_staging
from isocenter.storage.pack import PackWriter, ReceivedParts, contiguous_frames, derived_frames, verify_pack

GOLDEN = Path(__file__).parent / "golden"
DOCUMENT = Path(__file__).parents[2] / "docs" / "formats.md"
LINE = re.compile(r"([0-9a-f]{8})(?:  ((?:[0-9a-f]{2} ?)+) *\|.*)?")


def the_example() -> bytes:
    """The bytes of the worked example."""
    text = DOCUMENT.read_text("utf-8")
    data, repeated = b"", False
    for line in text.partition("```hex\n")[2].partition("\n```")[0].splitlines():
        if line == "*":
            repeated = True
            continue
        match = LINE.fullmatch(line)
        assert match is not None, line
        offset = int(match[1], 16)
        if repeated:
            data += data[-16:] * ((offset - len(data)) // 16)
            repeated = False
        assert len(data) == offset
        data += bytes.fromhex(match[2] or "")
    return data


def test_the_worked_example_is_the_golden_segment() -> None:
    example = the_example()
    assert len(example) == 0xE00
    assert (GOLDEN / "journal-1.tar").read_bytes()[:0xE00] == example


def test_the_worked_example_says_what_it_explains() -> None:
    data = the_example()
    assert blake3(data[0x200:0x2F3]).hexdigest().encode() == data[0x306:0x346]
    covered = bytes(range(16)) + (0x400).to_bytes(8, "little") + data[0x600:0x84A] + data[0xC00:0xD42]
    assert len(covered) == 932
    assert blake3(covered).hexdigest().encode() == data[0x85D:0x89D]
    assert data[0xD42:0xD52] == b"\x08\x00\x18\x00UI\x08\x001.2.3.4\x00"
    assert blake3(data[0xD42:0xD52]).hexdigest().encode() == data[0x7BA:0x7FA]


def test_the_golden_segment_is_read_by_both_readers(tmp_path: Path) -> None:
    ours = list(read_segment(GOLDEN / "journal-1.tar", segment=SegmentName("node-a", 1, 1)))
    theirs = segment_members(GOLDEN / "journal-1.tar")
    assert [bytes(item.data_set) for item in ours if isinstance(item, JournalMember)] == [data for _, data in theirs]
    assert [records["ISOCENTER.sop_instance_uid"] for records, _ in theirs] == ["1.2.3.4", "1.2.3.5"]


def test_the_golden_pack_is_read_by_both_readers(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put_file("golden", copy_into_staging(store, GOLDEN / "pack-1.tar"))
    assert verify_pack(store, "golden") == []
    _same(store, "golden")


def test_the_golden_facts_are_read(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    (tmp_path / "key").write_text("00" * 32)
    for number in (1, 2):
        store.put(f"facts/7/{number:012d}.json", (GOLDEN / f"fact-{number}.json").read_bytes())
    assert [fact.content["kind"] for fact in FactLog(store, 7, tmp_path / "key").facts()] == ["study-erased", "hold"]


def test_the_other_reader_reads_a_segment_of_today(tmp_path: Path) -> None:
    data_sets = [some_bytes(length, seed=length) for length in (0, 1, 700, 70_000)]
    path, _ = a_segment(tmp_path, data_sets)
    assert [data for _, data in segment_members(path)] == data_sets
    writer = a_writer(tmp_path)
    location = writer.append(a_header(b"x", calling_ae_title="KÖLN 1\n"), [b"x"])
    ((records, _),) = segment_members(location.segment.path(tmp_path))
    assert records["ISOCENTER.calling_ae"] == "KÖLN 1\n"


@pytest.mark.parametrize("count", [0, 1, 7])
def test_the_other_reader_reads_a_pack_of_today(tmp_path: Path, count: int) -> None:
    store = LocalObjectStore(tmp_path)
    rebuilt = {
        "received_parts": ReceivedParts(some_bytes(290, seed=1) + b"native", b"tail"),
        "received_transfer_syntax_uid": EXPLICIT,
        "received_digest": bytes(32),
    }
    kinds = [
        {},
        rebuilt,
        {"frames": contiguous_frames(30), "pixel_value_length": 60},
        {"frames": derived_frames(), "calling_ae_title": "KÖLN"},
    ]
    with PackWriter(store.staging_path(), institution_id=7, study_instance_uid="1.2.3") as writer:
        for number in range(count):
            writer.add(a_packed_instance(number, **kinds[number % 4]))
        summary = writer.finish()
    store.put_file("pack", summary.path)
    _same(store, "pack")


def _same(store: LocalObjectStore, key: str) -> None:
    """Both readers find the same in a pack."""
    manifest, data = read_manifest(store, key), Bytes(Path("/nowhere"), store)
    pack = Pack(store.get(key))
    assert (pack.institution, pack.study_uid) == (manifest.institution_id, manifest.study_instance_uid)
    entries, others = list(manifest.entries()), pack.instances()
    assert len(entries) == len(others)
    for entry, other, text in zip(entries, others, read_json(store, manifest, entries), strict=True):
        assert (entry.sop_instance_uid, entry.series_instance_uid) == (other.uid, other.series_uid)
        assert (entry.ordinal, entry.instance_number) == (other.ordinal, other.instance_number)
        assert (entry.transfer_syntax_uid, entry.received_transfer_syntax_uid) == (
            other.transfer_syntax_uid,
            other.received_transfer_syntax_uid,
        )
        assert entry.transfer_syntax_uid == HTJ2K
        assert (entry.digest, text, int(entry.aside_reason)) == (other.received_digest, other.json, other.aside_reason)
        assert data.read(manifest.data_set(entry)) == other.data_set
        extents = [manifest.frame(entry, index) for index in range(entry.number_of_frames)]
        found = [None if each is None else data.read_all(each) for each in extents]
        assert found == (other.frames if other.frames is not None else [None] * entry.number_of_frames)
        parts = manifest.received_parts(entry)
        head = other.data_set[: entry.header_length]
        assert other.head_and_tail == (
            None if parts is None else tuple(decode_received(data.read(p), head) for p in parts)
        )


def test_a_fact_is_what_the_document_says(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    make_key_file(tmp_path / "key")
    log = FactLog(store, 3, tmp_path / "key")
    first, second = log.append({"kind": "hold"}), log.append({"kind": "release"})
    secret = bytes.fromhex((tmp_path / "key").read_text())
    line, signature, rest = store.get("facts/3/000000000002.json").split(b"\n")
    assert rest == b""
    assert json.loads(line) == {
        "format": "fact/1",
        "institution_id": 3,
        "sequence": 2,
        "previous": blake3(store.get("facts/3/000000000001.json")).hexdigest(),
        "at": second.at.isoformat(timespec="microseconds"),
        "fact": {"kind": "release"},
    }
    assert first.digest == json.loads(line)["previous"]
    expected = hmac.new(secret, line, hashlib.sha256).hexdigest()
    assert signature.decode() == f"hmac-sha256 {blake3(secret).hexdigest()[:16]} {expected}"


def test_golden_encrypted_bytes_are_read_by_both_readers(tmp_path: Path) -> None:
    home = tmp_path / "home"
    copytree(GOLDEN / "encrypted-1", home)
    inner = LocalObjectStore(home / "store")
    store = EncryptedStore(inner, KeyRing(inner, MasterKeys(home / "master.key")), encrypts=True)
    [key] = [head.key for head in store.list("corrections")]
    assert store.get(key) == encrypted_object(home, key) == b'{"format":"correction/1","reason":"golden"}' * 1600
    path = home / "journal" / "node-a" / "00000001-00000001.tar"
    ours = list(read_segment(path, keys=segment_keys_of(store)))
    assert [bytes(item.data_set) for item in ours if isinstance(item, JournalMember)] == encrypted_segment(home, path)
    assert encrypted_segment(home, path) == [b"golden data set %d " % number * 20 for number in (1, 2)]
