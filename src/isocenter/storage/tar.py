"""POSIX.1-2001 pax and ustar blocks, exactly as our files use them (docs/formats.md, "Tar").

Only what we write: `g` and `x` extended headers and regular files. Python's tarfile is not used, because a block
here is made in microseconds on the path of reception and recovery must judge single blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BLOCK = 512
LARGEST_MEMBER = (1 << 33) - 1
"""Bytes of a member at most: eleven octal digits."""
END_OF_ARCHIVE = bytes(2 * BLOCK)

_MAGIC = b"ustar\x0000"
_ZEROS = bytes(BLOCK)
_OCTAL = re.compile(rb"[0-7]+")


def padding(length: int) -> bytes:
    """The zeros that fill up the last block of a member of `length` bytes."""
    return _ZEROS[: -length % BLOCK]


def padded(length: int) -> int:
    """`length` rounded up to whole blocks."""
    return length + (-length % BLOCK)


def block(name: bytes, size: int, typeflag: bytes, mtime: int) -> bytes:
    """One ustar header block of 512 bytes: mode 0644, owner 0:0, no link, no prefix, checksum right.

    name: at most 99 bytes, no NUL; typeflag: b"0", b"x" or b"g".
    """
    before = b"%s0000644\x000000000\x000000000\x00%011o\x00%011o\x00" % (name.ljust(100, b"\x00"), size, mtime)
    after = typeflag + bytes(100) + _MAGIC + bytes(247)
    checksum = sum(before) + sum(typeflag) + sum(_MAGIC) + 8 * 0x20
    return b"%s%06o\x00 %s" % (before, checksum, after)


@dataclass(frozen=True, slots=True)
class Block:
    """What a header block says."""

    name: bytes
    size: int
    typeflag: bytes


def parse_block(raw: bytes | memoryview) -> Block | None:
    """The header block in 512 bytes, or None when it is none of ours (magic, digits or checksum wrong)."""
    if len(raw) != BLOCK or raw[257:265] != _MAGIC:
        return None
    raw = bytes(raw)
    size, checksum = raw[124:135], raw[148:154]
    if not _OCTAL.fullmatch(size) or not _OCTAL.fullmatch(checksum):
        return None
    if sum(raw) - sum(raw[148:156]) + 8 * 0x20 != int(checksum, 8):
        return None
    return Block(raw[:100].rstrip(b"\x00"), int(size, 8), raw[156:157])


def record(keyword: bytes, value: bytes) -> bytes:
    """One pax record, `<length> <keyword>=<value>\\n`, where length counts itself (POSIX.1-2001 pax)."""
    rest = len(keyword) + len(value) + 3
    length = rest + len(b"%d" % rest)
    if len(b"%d" % length) > len(b"%d" % rest):
        length += 1
    return b"%d %s=%s\n" % (length, keyword, value)


def parse_records(body: bytes) -> list[tuple[bytes, bytes]] | None:
    """The records of a pax body in their order, or None when the body is not a whole sequence of records."""
    records: list[tuple[bytes, bytes]] = []
    position = 0
    while position < len(body):
        space = body.find(b" ", position, position + 8)
        digits = body[position:space]
        if space < 0 or not digits.isdigit():
            return None
        end = position + int(digits)
        keyword, equals, value = body[space + 1 : end - 1].partition(b"=")
        if end > len(body) or end <= space + 1 or body[end - 1 : end] != b"\n" or not equals:
            return None
        records.append((keyword, value))
        position = end
    return records
