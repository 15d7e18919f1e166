"""An archive of its own for each test, and small objects to put into it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.storage.builders import bytes_in

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.archive.outcome import StoreOutcome
from isocenter.domain.archive.reception import Reception, Source
from isocenter.domain.archive.store import Archive
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.storage.extents import Bytes

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
SOURCE = Source("SCANNER", "ISOCENTER", "127.0.0.1", "c-store")


def element(group: int, number: int, vr: str, value: bytes, *, implicit: bool = False) -> bytes:
    """One data element, little endian."""
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB", "OW") else b" "
    if implicit:
        return struct.pack("<HHI", group, number, len(value)) + value
    if vr in ("OB", "OW", "SQ", "UN"):
        return struct.pack("<HH2sHI", group, number, vr.encode(), 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, vr.encode(), len(value)) + value


def a_ct_slice(
    number: int = 1,
    *,
    study: str = "1.2.3",
    series: str = "1.2.3.1",
    patient_id: str = "P1",
    pixels: bytes = b"\1\2" * 16,
    implicit: bool = False,
) -> bytes:
    """A tiny CT data set (4×4, 16 bit); pixels sets its content."""
    values = [
        (0x08, 0x16, "UI", CT.encode()),
        (0x08, 0x18, "UI", f"{series}.{number}".encode()),
        (0x08, 0x20, "DA", b"20240131"),
        (0x08, 0x60, "CS", b"CT"),
        (0x10, 0x10, "PN", b"Sample^One"),
        (0x10, 0x20, "LO", patient_id.encode()),
        (0x20, 0x0D, "UI", study.encode()),
        (0x20, 0x0E, "UI", series.encode()),
        (0x20, 0x13, "IS", str(number).encode()),
        (0x28, 0x02, "US", struct.pack("<H", 1)),
        (0x28, 0x04, "CS", b"MONOCHROME2"),
        (0x28, 0x10, "US", struct.pack("<H", 4)),
        (0x28, 0x11, "US", struct.pack("<H", 4)),
        (0x28, 0x100, "US", struct.pack("<H", 16)),
        (0x28, 0x101, "US", struct.pack("<H", 16)),
        (0x28, 0x102, "US", struct.pack("<H", 15)),
        (0x28, 0x103, "US", struct.pack("<H", 0)),
        (0x7FE0, 0x10, "OW", pixels),
    ]
    return b"".join(element(*each, implicit=implicit) for each in values)


@dataclass
class Hospital:
    """An archive, who stores into it, and where its bytes and rows are."""

    archive: Archive
    caller: Caller
    database: Database
    home: Path

    def reception(self, *, uid: str = "1.2.3.1.1", sop_class: str = CT, syntax: str = EXPLICIT) -> Reception:
        """Begin to receive one object."""
        return self.archive.reception(
            self.caller, SOURCE, sop_class_uid=sop_class, sop_instance_uid=uid, transfer_syntax_uid=syntax
        )

    def store(self, data_set: bytes, *, uid: str = "1.2.3.1.1", syntax: str = EXPLICIT) -> StoreOutcome:
        """Store one object to its end."""
        reception = self.reception(uid=uid, syntax=syntax)
        reception.write(data_set)
        return reception.complete()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Rows of a query inside the institution."""
        with self.database.transaction(self.caller.institution_id) as connection:
            return connection.execute(query.encode()).fetchall()

    @property
    def data(self) -> Bytes:
        """Its bytes, as another process of the same home opens them."""
        return bytes_in(self.home)

    def journal_bytes(self) -> int:
        """Bytes of all members in the journal, headers aside."""
        return sum(path.stat().st_size for path in (self.home / "journal").rglob("*.tar"))


Open = Callable[[], Archive]


@pytest.fixture
def open_archive(tmp_path: Path, database: Database) -> Iterator[Open]:
    """Opens archives on the test's home, like processes that start one after the other."""
    opened: list[Archive] = []

    def open_one() -> Archive:
        archive = Archive(
            data=bytes_in(tmp_path),
            node="testnode",
            database=database,
            max_object_bytes=64 << 20,
        )
        opened.append(archive)
        return archive

    yield open_one
    for archive in opened:
        archive.close()


@pytest.fixture
def hospital(tmp_path: Path, database: Database, institution: Institution, open_archive: Open) -> Hospital:
    """One hospital with an empty archive."""
    caller = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", institution.institution_id, (Role.MODALITY,))
    return Hospital(open_archive(), caller, database, tmp_path)
