"""What is read back from a segment that was cut or damaged: never a wrong member, never one whole member less."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.storage.builders import a_header, a_segment, a_writer, some_bytes

from isocenter.storage.errors import UnknownFormat
from isocenter.storage.journal import (
    Damage,
    JournalMember,
    SegmentName,
    TornTail,
    cut_torn_tail,
    is_epoch_live,
    read_segment,
)
from isocenter.storage.segment_format import parse_head

DATA_SETS = [some_bytes(length, seed=length) for length in (700, 1, 2048, 0, 513)]
NAME = SegmentName("node-a", 1, 1)


@cache
def sound_segment() -> bytes:
    """The bytes of a closed segment of five members."""
    with TemporaryDirectory() as folder:
        path, _ = a_segment(Path(folder), DATA_SETS)
        return path.read_bytes()


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """A closed segment of five members, at its path."""
    path = NAME.path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(sound_segment())
    return path


def items_of(data: bytes, **options: object) -> list[JournalMember | Damage | TornTail]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "segment"
        path.write_bytes(data)
        return list(read_segment(path, segment=NAME, **options))  # type: ignore[arg-type]


def members(items: list[JournalMember | Damage | TornTail]) -> dict[int, bytes]:
    """Member offset → data set."""
    return {item.location.member_offset: bytes(item.data_set) for item in items if isinstance(item, JournalMember)}


@cache
def whole() -> tuple[tuple[int, int, bytes], ...]:
    """(member offset, end offset, data set) of each member of the sound segment."""
    found = [item for item in items_of(sound_segment()) if isinstance(item, JournalMember)]
    return tuple((each.location.member_offset, each.location.end_offset, bytes(each.data_set)) for each in found)


def test_a_sound_segment_gives_back_every_member(segment: Path) -> None:
    items = list(read_segment(segment))
    assert [bytes(item.data_set) for item in items if isinstance(item, JournalMember)] == DATA_SETS
    assert len(items) == len(DATA_SETS)
    assert all(
        isinstance(item, JournalMember) and item.header == a_header(data_set, number)
        for number, (item, data_set) in enumerate(zip(items, DATA_SETS, strict=True), 1)
    )


def test_reading_goes_on_from_any_member(segment: Path) -> None:
    offsets = [end for _, end, _ in whole()]
    for count, offset in enumerate(offsets, 1):
        items = list(read_segment(segment, offset))
        assert [bytes(item.data_set) for item in items if isinstance(item, JournalMember)] == DATA_SETS[count:]
        assert len(items) == len(DATA_SETS) - count


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_segment_cut_anywhere_gives_the_members_before_the_cut(data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(sound_segment())))
    items = items_of(sound_segment()[:cut])
    expected = {offset: content for offset, end, content in whole() if end <= cut}
    found = members(items)
    assert found | expected == found, "a whole member was lost"
    assert all((offset, content) in {(o, c) for o, _, c in whole()} for offset, content in found.items())
    assert not any(isinstance(item, Damage) for item in items)
    boundaries = {end for _, end, _ in whole()}
    if whole()[0][0] < cut < whole()[-1][1] and cut not in boundaries and len(found) == len(expected):
        assert isinstance(items[-1], TornTail)
        assert items[-1].offset + items[-1].length == cut


def test_a_segment_cut_at_every_block_of_its_headers_is_never_misread() -> None:
    for cut in range(0, len(sound_segment()), 128):
        found = members(items_of(sound_segment()[:cut]))
        assert set(found.items()) <= {(offset, content) for offset, _, content in whole()}


@settings(max_examples=600, deadline=None)
@given(place=st.integers(0, 20000), change=st.integers(1, 255))
def test_a_flipped_byte_costs_one_member_at_most_and_never_changes_one(place: int, change: int) -> None:
    bad = bytearray(sound_segment())
    place %= len(bad)
    bad[place] ^= change
    items = items_of(bytes(bad))
    untouched = {offset: content for offset, end, content in whole() if not offset <= place < end}
    found = members(items)
    assert found | untouched == found, "an untouched member was lost"
    assert set(found.items()) <= {(offset, content) for offset, _, content in whole()}
    headers = [item.header for item in items if isinstance(item, JournalMember)]
    assert set(headers) <= {a_header(content, number) for number, content in enumerate(DATA_SETS, 1)}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20000), st.integers(1, 600)), min_size=1, max_size=4), st.booleans())
def test_stretches_of_lost_pages_never_make_a_wrong_member(stretches: list[tuple[int, int]], zeros: bool) -> None:
    bad = bytearray(sound_segment())
    for place, length in stretches:
        start = place % len(bad)
        end = min(start + length, len(bad))
        bad[start:end] = bytes(end - start) if zeros else some_bytes(end - start, seed=place)
    touched = [index for index, (left, right) in enumerate(zip(sound_segment(), bad, strict=True)) if left != right]
    untouched = {o: c for o, end, c in whole() if not any(o <= place < end for place in touched)}
    found = members(items_of(bytes(bad)))
    assert found | untouched == found
    assert set(found.items()) <= {(offset, content) for offset, _, content in whole()}


def test_damage_in_the_middle_is_named_with_its_header_and_skipped(segment: Path) -> None:
    offset, end, _ = whole()[0]
    data = bytearray(segment.read_bytes())
    data[end - 600] ^= 1  # inside the first data set
    segment.write_bytes(data)
    damage, *others = read_segment(segment)
    assert damage == Damage(NAME, offset, end - offset, "digest", a_header(DATA_SETS[0], 1))
    assert len(others) == len(DATA_SETS) - 1


def test_damage_of_a_header_is_skipped_to_the_next_member(segment: Path) -> None:
    offset, end, _ = whole()[1]
    data = bytearray(segment.read_bytes())
    data[offset + 600] ^= 1
    segment.write_bytes(data)
    items = list(read_segment(segment))
    assert items[1] == Damage(NAME, offset, end - offset, "member-header", None)
    assert len(members(items)) == len(DATA_SETS) - 1


def test_a_damaged_last_member_is_a_torn_tail(segment: Path) -> None:
    offset, _, _ = whole()[-1]
    data = bytearray(segment.read_bytes())
    data[whole()[-1][1] - 600] ^= 1
    segment.write_bytes(data)
    tail = list(read_segment(segment))[-1]
    assert tail == TornTail(NAME, offset, len(data) - offset, "digest", a_header(DATA_SETS[-1], 5))


def test_a_damaged_segment_head_costs_no_member(segment: Path) -> None:
    data = bytearray(segment.read_bytes())
    data[600] ^= 1
    segment.write_bytes(data)
    damage, *others = read_segment(segment)
    assert isinstance(damage, Damage)
    assert (damage.offset, damage.reason) == (0, "segment-head")
    assert len(others) == len(DATA_SETS)


def test_a_segment_inside_an_object_is_not_taken_for_members(tmp_path: Path) -> None:
    """A sender who stores a journal's bytes as an object, and damage before them: nothing of them is given out."""
    inner = b"x" * 138 + sound_segment()  # on block boundaries of the outer segment, whatever the header lengths are
    payloads = [bytes(shift) + inner for shift in range(0, 512, 2)]
    path, locations = a_segment(tmp_path, [b"first", *payloads, b"last"])
    data = bytearray(path.read_bytes())
    for location in locations[1:-1]:
        data[location.member_offset + 600] ^= 1
    path.write_bytes(data)
    items = list(read_segment(path))
    assert [bytes(item.data_set) for item in items if isinstance(item, JournalMember)] == [b"first", b"last"]


def test_a_member_of_another_place_or_segment_is_refused(tmp_path: Path) -> None:
    path, (first, second) = a_segment(tmp_path, [b"same length 1", b"same length 2"])
    data = bytearray(path.read_bytes())
    size = first.end_offset - first.member_offset
    data[second.member_offset : second.end_offset] = data[first.member_offset : first.member_offset + size]
    path.write_bytes(data)
    items = list(read_segment(path))
    assert len(members(items)) == 1
    assert isinstance(items[-1], TornTail)


def test_without_verifying_only_headers_are_checked(segment: Path) -> None:
    data = bytearray(segment.read_bytes())
    data[whole()[0][1] - 600] ^= 1
    segment.write_bytes(data)
    assert len(members(list(read_segment(segment, verify=False)))) == len(DATA_SETS)


def test_an_empty_file_has_nothing(tmp_path: Path) -> None:
    path = NAME.path(tmp_path)
    path.parent.mkdir()
    path.touch()
    assert list(read_segment(path)) == []


def test_a_cut_tail_is_kept_aside_and_tar_is_content_again(segment: Path) -> None:
    end = whole()[2][1]
    torn = sound_segment()[: end + 700]
    segment.write_bytes(torn)
    tail = list(read_segment(segment))[-1]
    assert isinstance(tail, TornTail)
    kept = cut_torn_tail(segment, tail)
    assert kept is not None
    assert kept.read_bytes() == torn[end:]
    assert len(members(list(read_segment(segment)))) == 3
    assert not any(isinstance(item, TornTail) for item in read_segment(segment))
    with tarfile.open(segment) as archive:
        assert len(archive.getnames()) == 3


def test_a_tail_that_cannot_be_kept_is_left_as_it_is(segment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torn = sound_segment()[: whole()[2][1] + 700]
    segment.write_bytes(torn)
    tail = list(read_segment(segment))[-1]
    assert isinstance(tail, TornTail)

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("isocenter.storage.journal_reader.os.fsync", full)
    assert cut_torn_tail(segment, tail) is None
    assert segment.read_bytes() == torn


def test_members_stay_readable_while_they_are_held(segment: Path) -> None:
    held = [item for item in read_segment(segment) if isinstance(item, JournalMember)]
    segment.unlink()
    assert [bytes(item.data_set) for item in held] == DATA_SETS


def test_a_cipher_that_is_not_known_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_writer(tmp_path)
    monkeypatch.setattr("isocenter.storage.segment_format.SEGMENT_FORMAT", b"journal/2")
    location = writer.append(a_header(b"x"), [b"x"])
    monkeypatch.undo()
    with pytest.raises(UnknownFormat):
        list(read_segment(location.segment.path(tmp_path)))
    writer.close()


def gnu_tar(*arguments: str, **options: object) -> str:
    if shutil.which("tar") is None:
        pytest.skip("there is no tar on this machine")
    result = subprocess.run(
        ["tar", "--warning=no-unknown-keyword", *arguments], check=True, capture_output=True, text=True
    )
    assert result.stderr == ""
    return result.stdout


def segments_of_three_kinds(directory: Path) -> Iterator[Path]:
    path, _ = a_segment(directory, DATA_SETS)
    yield path
    writer = a_writer(directory)
    yield writer.append(a_header(b"open"), [b"open"]).segment.path(directory)
    large = writer.begin_large(a_header(None))
    large.write(some_bytes(5000))
    yield large.finish(a_header(some_bytes(5000)).digest or b"").segment.path(directory)
    assert is_epoch_live(directory, "node-a", writer.epoch)
    writer.close()


def test_gnu_tar_opens_closed_open_and_large_segments(tmp_path: Path) -> None:
    listings = [gnu_tar("-tf", str(path)).split() for path in segments_of_three_kinds(tmp_path)]
    assert listings == [[f"{number:08d}.dcm" for number in range(1, 6)], ["00000001.dcm"], ["00000001.dcm"]]


def test_gnu_tar_takes_part_10_files_out(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    data_set = b"\x08\x00\x18\x00UI\x06\x001.2.3\x00"
    path, _ = a_segment(tmp_path, [data_set])
    gnu_tar("-xf", str(path), "-C", str(tmp_path))
    read = pydicom.dcmread(tmp_path / "00000001.dcm")
    assert read.SOPInstanceUID == "1.2.3"
    assert read.file_meta.SourceApplicationEntityTitle == "CT_1"
    assert (tmp_path / "00000001.dcm").read_bytes().endswith(data_set)


def test_the_head_says_the_name_and_the_nonce(segment: Path) -> None:
    head = parse_head(memoryview(segment.read_bytes()))
    assert head is not None
    assert (head.name, len(head.nonce), head.length % 512) == (NAME, 16, 0)
    assert replace(head.name, sequence=2).path(segment.parent.parent).name == "00000001-00000002.tar"
