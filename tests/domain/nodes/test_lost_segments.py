"""A node that lives and lost its journal: who holds the replica reads it back and ships it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing

import pytest
from blake3 import blake3
from tests.domain.nodes.conftest import Region
from tests.domain.nodes.test_shipping import only_segment, placed, seal
from tests.domain.nodes.test_takeover import dies, forget_rows

from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.nodes.lost_segments import take_over_lost
from isocenter.domain.nodes.registry import Membership, home_id_of, join
from isocenter.kit.errors import Exhausted
from isocenter.storage.replicas import Replicas
from isocenter.storage.segments import SegmentName


@pytest.fixture
def replicas(region: Region) -> Replicas:
    """At node b, of all that node a has received: two objects."""
    region.a.store(1)
    region.a.store(2)
    name = only_segment(region.a)
    made = Replicas(region.b.home / "replicas")
    assert region.a.archive is not None
    end = region.a.archive.journal.position()[1]
    path = name.path(made.directory)
    path.parent.mkdir(parents=True)
    path.write_bytes(name.path(region.a.journal).read_bytes()[:end])
    dies(region)
    region.a.home.mkdir(exist_ok=True)
    member = Membership("node-a", home_id_of(region.a.home), None, "1", True)
    join(region.database, member, region.a.home / "secrets")
    return made


@pytest.fixture
def holdings(region: Region) -> Iterator[Holdings]:
    """Of node b."""
    made = Holdings(region.database, region.b.data)
    with closing(made.comparisons):
        yield made


def has(_: SegmentName) -> bool:
    return True


def has_not(_: SegmentName) -> bool:
    return False


def is_away(_: SegmentName) -> bool:
    raise Exhausted("The node does not answer.")


def test_what_a_living_node_lost_comes_back_from_the_replica(
    region: Region, replicas: Replicas, holdings: Holdings
) -> None:
    before = placed(region)
    shutil.rmtree(region.a.journal)
    forget_rows(region)
    assert take_over_lost(holdings, replicas, has_not, after_s=0) == 1
    assert [digest for _, digest in placed(region)] == [digest for _, digest in before]
    assert all(blake3(region.b.data.read(extent)).digest() == digest for extent, digest in placed(region))
    assert take_over_lost(holdings, replicas, has_not, after_s=0) == 0, "it is in the store"
    assert replicas.listed("node-a") != [], "until nothing of it is needed"


def test_a_replica_of_which_nothing_is_needed_goes(region: Region, replicas: Replicas, holdings: Holdings) -> None:
    region.b.data = holdings.data
    assert take_over_lost(holdings, replicas, has_not, after_s=0) == 1
    assert seal(region.b) is not None
    with region.database.transaction() as connection:
        connection.execute("DELETE FROM shipped_segment")  # as some minutes after it was sealed
    assert take_over_lost(holdings, replicas, has_not, after_s=0) == 0
    assert replicas.listed("node-a") == []


@pytest.mark.parametrize(("answer", "after_s"), [(has, 0.0), (is_away, 0.0), (has_not, 3600.0)])
def test_what_is_not_known_to_be_lost_is_left_to_its_node(
    region: Region, replicas: Replicas, holdings: Holdings, answer: object, after_s: float
) -> None:
    assert callable(answer)
    assert take_over_lost(holdings, replicas, answer, after_s=after_s) == 0
    assert len(replicas.listed("node-a")) == 1
    with region.database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM shipped_segment").fetchone() == (0,)
