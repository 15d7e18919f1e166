"""Acknowledge after two copies: what is acknowledged survives the loss of this disk, what cannot be is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from blake3 import blake3
from tests.adapters.nodes.homes import KEY, Home, a_home
from tests.domain.conftest import Hospital, a_ct_slice
from tests.storage.builders import bytes_in

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.adapters.nodes.client import Member, NodeClient, Peer
from isocenter.adapters.nodes.second_copy import SecondCopies
from isocenter.domain.archive.outcome import StoreKind
from isocenter.domain.archive.store import Archive
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.storage.errors import NoSecondCopy
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.second_copy import TwoCopies


class Region:
    """The node under test and one other, which answers when it is there."""

    def __init__(self, folder: Path) -> None:
        self.other: Home = a_home(folder / "other", "other")
        self.peers: list[Peer] = [self.other.peer]
        self.member = Member("testnode", KEY, lambda: self.peers)
        self.copies = SecondCopies(self.member, within_s=30.0)

    def two_copies(self) -> TwoCopies:
        return TwoCopies(
            lambda grown: self.copies.begin(grown),
            lambda grown: self.copies.ahead(grown),
            lambda: self.copies.check(),
            lambda: self.copies.reachable(),
            lambda: self.copies.close(),
        )

    def cut(self) -> None:
        """Nobody answers any more."""
        self.copies.close()
        self.peers = []

    def mend(self) -> None:
        """As a moment after the other node came back."""
        self.peers = [self.other.peer]
        self.copies = SecondCopies(self.member, within_s=30.0)


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    """Whole."""
    made = Region(tmp_path)
    yield made
    made.other.server.stop()


@pytest.fixture
def safe(tmp_path: Path, database: Database, institution: Institution, region: Region) -> Iterator[Hospital]:
    """A hospital whose objects are acknowledged when the other node has them."""
    caller = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", institution.institution_id, (Role.MODALITY,))
    with Archive(
        data=bytes_in(tmp_path),
        node="testnode",
        database=database,
        max_object_bytes=64 << 20,
        two_copies=region.two_copies(),
    ) as archive:
        yield Hospital(archive, caller, database, tmp_path)


def stored(hospital: Hospital) -> list[tuple[object, ...]]:
    return hospital.rows(
        "SELECT 'journal/' || g.node || '/' || g.epoch || '/' || g.sequence, i.data_set_offset, i.data_set_length,"
        " i.digest FROM instance i JOIN segment g USING (segment_id) ORDER BY i.ordinal"
    )


def read_digests(data: Bytes, hospital: Hospital) -> list[bool]:
    """Of every instance, whether its bytes have its digest."""
    return [
        blake3(data.read(Extent(str(source), int(str(offset)), int(str(length))))).digest() == digest
        for source, offset, length, digest in stored(hospital)
    ]


def test_what_was_acknowledged_is_read_when_the_disk_of_its_node_is_lost(safe: Hospital, region: Region) -> None:
    large = a_ct_slice(3, pixels=bytes(range(256)) * (40 << 10))
    for number in (1, 2):
        safe.store(a_ct_slice(number), uid=f"1.2.3.1.{number}")
    reception = safe.reception(uid="1.2.3.1.3")
    for start in range(0, len(large), 1 << 20):
        reception.write(large[start : start + (1 << 20)])
    reception.complete()
    shutil.rmtree(safe.home / "journal" / "testnode")
    with closing(NodeClient(Member("third", KEY, lambda: [Peer("testnode", "127.0.0.1", 1), *region.peers]))) as client:
        data = Bytes(safe.home / "journal", safe.data.store, elsewhere=client.read)
        assert read_digests(data, safe) == [True, True, True]


def test_without_another_node_an_object_is_refused_and_leaves_no_row(safe: Hospital, region: Region) -> None:
    safe.store(a_ct_slice(1))
    region.cut()
    with pytest.raises(NoSecondCopy):
        safe.store(a_ct_slice(2), uid="1.2.3.1.2")
    assert len(stored(safe)) == 1
    with pytest.raises(NoSecondCopy):  # now before anything of it is sent
        safe.reception(uid="1.2.3.1.2")
    assert read_digests(safe.data, safe) == [True], "reading goes on"
    region.mend()
    safe.archive.writable()
    assert safe.store(a_ct_slice(2), uid="1.2.3.1.2").kind is StoreKind.STORED
    shutil.rmtree(safe.home / "journal" / "testnode")
    with closing(NodeClient(Member("third", KEY, lambda: region.peers))) as client:
        data = Bytes(safe.home / "journal", safe.data.store, elsewhere=client.read)
        assert read_digests(data, safe) == [True, True]


def test_a_node_without_others_says_that_it_is_not_ready_before_anything_is_sent(
    safe: Hospital, region: Region
) -> None:
    safe.archive.writable()
    region.cut()
    region.copies = SecondCopies(region.member, within_s=30.0)  # as some seconds later
    with pytest.raises(NoSecondCopy):
        safe.archive.writable()
    region.mend()
    safe.archive.writable()


def test_a_repeat_takes_the_place_of_a_copy_that_may_be_on_one_disk_only(
    safe: Hospital, database: Database, tmp_path: Path
) -> None:
    lonely = Archive(data=bytes_in(tmp_path / "lonely"), node="lonely", database=database, max_object_bytes=64 << 20)
    with lonely:  # it ends well: what it has is known to be on its disk
        Hospital(lonely, safe.caller, database, tmp_path / "lonely").store(a_ct_slice(1))
    assert str(stored(safe)[0][0]).startswith("journal/lonely/")
    shutil.copytree(tmp_path / "lonely" / "journal" / "lonely", tmp_path / "journal" / "lonely")  # and can be read
    assert safe.store(a_ct_slice(1)).kind is StoreKind.ALREADY_STORED
    assert str(stored(safe)[0][0]).startswith("journal/testnode/")
    assert safe.store(a_ct_slice(1)).kind is StoreKind.ALREADY_STORED
