"""ZIP archives made while they are sent (APPNOTE 6.3.9): members stored, not compressed; nothing is written to a disk.

Every local header says length and CRC-32, so that readers without the central directory manage too: whoever adds a
member knows them before. ZIP64 records appear only where an archive or a member needs them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_END_64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64: Final = struct.Struct("<4sIQI")
_MAX_32: Final = 0xFFFFFFFF
_MAX_16: Final = 0xFFFF
_UTF_8_NAMES: Final = 0x0800
_VERSION, _VERSION_64 = 20, 45
_REGULAR_FILE: Final = 0o100644 << 16
_UNIX: Final = 3 << 8


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the archive. offset: of its local header from the start of the archive."""

    name: bytes
    length: int
    crc: int
    offset: int


@dataclass(slots=True)
class ZipStream:
    """Headers for one archive, in the order in which they are sent. at: the date that every member gets (civil)."""

    at: datetime
    members: list[Member] = field(default_factory=list)
    offset: int = 0

    def head(self, name: str, length: int, crc: int) -> bytes:
        """The local header of the next member, whose `length` bytes the caller sends after it."""
        member = Member(name.encode("utf-8"), length, crc, self.offset)
        self.members.append(member)
        large = length >= _MAX_32
        extra = struct.pack("<2H2Q", 1, 16, length, length) if large else b""
        shown = _MAX_32 if large else length
        header = (
            _LOCAL.pack(
                b"PK\3\4",
                _VERSION_64 if large else _VERSION,
                _UTF_8_NAMES,
                0,
                *self._moment(),
                crc,
                shown,
                shown,
                len(member.name),
                len(extra),
            )
            + member.name
            + extra
        )
        self.offset += len(header) + length
        return header

    def tail(self) -> bytes:
        """The central directory and the end of the archive."""
        directory = b"".join(self._entry(member) for member in self.members)
        count, start = len(self.members), self.offset
        end = b""
        if count >= _MAX_16 or start >= _MAX_32 or len(directory) >= _MAX_32:
            end += _END_64.pack(
                b"PK\6\6",
                _END_64.size - 12,
                _UNIX | _VERSION_64,
                _VERSION_64,
                0,
                0,
                count,
                count,
                len(directory),
                start,
            )
            end += _LOCATOR_64.pack(b"PK\6\7", 0, start + len(directory), 1)
        shown = min(count, _MAX_16)
        end += _END.pack(b"PK\5\6", 0, 0, shown, shown, min(len(directory), _MAX_32), min(start, _MAX_32), 0)
        return directory + end

    def _entry(self, member: Member) -> bytes:
        large = [value for value in (member.length, member.length, member.offset) if value >= _MAX_32]
        extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        shown = min(member.length, _MAX_32)
        version = _VERSION_64 if large else _VERSION
        return (
            _CENTRAL.pack(
                b"PK\1\2",
                _UNIX | version,
                version,
                _UTF_8_NAMES,
                0,
                *self._moment(),
                member.crc,
                shown,
                shown,
                len(member.name),
                len(extra),
                0,
                0,
                0,
                _REGULAR_FILE,
                min(member.offset, _MAX_32),
            )
            + member.name
            + extra
        )

    def _moment(self) -> tuple[int, int]:
        """(time, date) as MS-DOS counts them: from 1980, two seconds a step."""
        at = self.at
        date = (max(at.year, 1980) - 1980) << 9 | at.month << 5 | at.day
        return at.hour << 11 | at.minute << 5 | at.second // 2, date


def archive_length(names_and_lengths: Sequence[tuple[str, int]]) -> int:
    """Bytes of an archive with these members, without making it."""
    stream = ZipStream(datetime(2000, 1, 1))
    for name, length in names_and_lengths:
        stream.head(name, length, 0)
    return stream.offset + len(stream.tail())
