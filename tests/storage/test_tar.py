"""Blocks and records as POSIX says."""

from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from isocenter.storage import tar


def test_a_block_is_what_pythons_tarfile_writes() -> None:
    info = tarfile.TarInfo("00000001.dcm")
    info.size, info.mtime, info.mode = 543046, 1795304701, 0o644
    assert tar.block(b"00000001.dcm", 543046, b"0", 1795304701) == info.tobuf(tarfile.USTAR_FORMAT)


@given(st.binary(min_size=1, max_size=40).filter(lambda key: b"=" not in key and b" " not in key), st.binary())
def test_records_read_back_whatever_their_length(keyword: bytes, value: bytes) -> None:
    body = tar.record(keyword, value) + tar.record(b"next", b"")
    assert tar.parse_records(body) == [(keyword, value), (b"next", b"")]


@given(st.integers(0, 511), st.integers(1, 255))
def test_a_block_with_a_flipped_byte_is_no_block_or_says_the_same(place: int, change: int) -> None:
    good = tar.block(b"00000001.dcm", 543046, b"0", 1795304701)
    bad = bytearray(good)
    bad[place] ^= change
    parsed = tar.parse_block(bytes(bad))
    assert parsed is None or parsed == tar.parse_block(good)


def test_a_cut_body_of_records_is_refused() -> None:
    body = tar.record(b"ISOCENTER.door", b"c-store") * 2
    assert all(tar.parse_records(body[:end]) is None for end in range(1, len(body)) if end != len(body) // 2)


def test_padding_fills_the_last_block() -> None:
    assert [len(tar.padding(length)) for length in (0, 1, 511, 512, 513)] == [0, 511, 1, 0, 511]
    assert [tar.padded(length) for length in (0, 1, 512, 513)] == [0, 512, 512, 1024]


def test_tarfile_reads_a_member_of_ours() -> None:
    body = tar.record(b"ISOCENTER.door", b"stow-rs")
    data = (
        tar.block(b"PaxHeaders/1", len(body), b"x", 0)
        + body
        + tar.padding(len(body))
        + tar.block(b"1.dcm", 3, b"0", 0)
        + b"abc"
        + tar.padding(3)
        + tar.END_OF_ARCHIVE
    )
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        (member,) = archive.getmembers()
    assert (member.name, member.size, member.pax_headers["ISOCENTER.door"]) == ("1.dcm", 3, "stow-rs")
