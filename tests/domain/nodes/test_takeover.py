"""A node that is gone: what it shipped is there, replicas take its place, the rest is away until it comes back."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from blake3 import blake3
from tests.domain.conftest import CT
from tests.domain.nodes.conftest import Region
from tests.domain.nodes.test_shipping import only_segment, placed, seal

from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.archive.outcome import StoreKind
from isocenter.domain.exchange.verification import Verifier
from isocenter.domain.nodes.registry import Membership, home_id_of, join
from isocenter.domain.nodes.takeover import replay_shipped, take_over
from isocenter.index import nodes
from isocenter.standards.dicom.storage_commitment import FailureReason
from isocenter.storage.errors import BytesAway


def dies(region: Region) -> None:
    """Node a ends as by a kill: no segment is closed and no checkpoint recorded."""
    archive, region.a.archive = region.a.archive, None
    assert archive is not None
    archive._stopping.set()
    archive._keeper.join()
    archive._link._ingest.close()
    archive.journal._lease.close()


def is_gone(region: Region) -> None:
    region.a.home.mkdir(exist_ok=True)
    member = Membership("node-a", home_id_of(region.a.home), None, "1", False)
    join(region.database, member, region.a.home / "secrets")
    with region.database.transaction() as connection:
        nodes.set_state(connection, "node-a", "gone", "test")


def forget_rows(region: Region) -> None:
    with region.database.transaction(region.caller.institution_id) as connection:
        for table in ("instance", "instance_lookup", "series", "study"):
            connection.execute(f"DELETE FROM {table}".encode())


def test_replicas_of_a_node_that_is_gone_are_read_back_and_shipped_in_its_place(region: Region) -> None:
    region.a.store(1)
    region.a.store(2)
    [(first, digest), _] = placed(region)
    name = only_segment(region.a)
    replicas = region.b.home / "replicas"
    (replicas / "node-a").mkdir(parents=True)
    end = region.a.archive.journal.position()[1] if region.a.archive else 0
    name.path(replicas).write_bytes(name.path(region.a.journal).read_bytes()[:end])
    forget_rows(region)
    with closing(Holdings(region.database, region.b.data).comparisons) as comparisons:
        holdings = Holdings(region.database, region.b.data, comparisons)
        assert take_over(holdings, replicas) == 0, "nobody said that it is gone"
        dies(region)
        is_gone(region)
        assert take_over(holdings, replicas) == 1
        assert take_over(holdings, replicas) == 0, "once"
    assert len(placed(region)) == 2, "the index has both again"
    assert blake3(region.b.data.read(first)).digest() == digest
    assert seal(region.b) is not None


def test_what_a_dead_node_alone_had_is_away_and_mended_when_it_is_sent_again(region: Region) -> None:
    region.a.store(1)
    [(extent, digest)] = placed(region)
    dies(region)
    shutil.move(region.a.journal, region.a.home / "lost")
    with pytest.raises(BytesAway):
        region.b.data.read(extent)
    assert region.b.store(1).kind is StoreKind.ALREADY_STORED
    [(now, _)] = placed(region)
    assert now.source.startswith("journal/node-b/")
    assert blake3(region.b.data.read(now)).digest() == digest


def test_a_node_that_comes_back_finds_its_checkpoint_and_what_others_did_meanwhile(region: Region) -> None:
    region.a.store(1)
    region.a.close_segment()
    region.a.store(2)
    region.a.ship()
    before = placed(region)
    dies(region)
    is_gone(region)
    with region.database.transaction(region.caller.institution_id) as connection:
        second = "(SELECT ordinal FROM instance WHERE sop_instance_uid = '1.2.3.1.2')"
        connection.execute(f"DELETE FROM instance_lookup WHERE ordinal = {second}".encode())
        connection.execute("DELETE FROM instance WHERE sop_instance_uid = '1.2.3.1.2'")
    assert seal(region.b) is not None, "what it had shipped"
    region.a.start()
    assert [extent for extent, _ in placed(region)] == [before[1][0]], "what the index had lost, and nothing twice"
    assert region.a.store(3).kind is StoreKind.STORED
    assert region.a.store(1).kind is StoreKind.ALREADY_STORED


def test_an_index_that_is_older_than_the_store_catches_up_from_shipped_segments(region: Region) -> None:
    region.a.store(1)
    region.a.store(2)
    region.a.close_segment()
    region.a.ship()
    dies(region)
    forget_rows(region)
    with region.database.transaction() as connection:
        connection.execute("DELETE FROM checkpoint")
    with closing(Holdings(region.database, region.b.data).comparisons) as comparisons:
        replay = replay_shipped(Holdings(region.database, region.b.data, comparisons))
    assert (replay.members, replay.recorded, replay.withdrawn) == (2, 2, 0)
    assert len(placed(region)) == 2
    assert not [path for path in region.b.home.iterdir() if path.name.startswith(".shipped")]


def test_a_home_without_a_journal_folder_can_take_over(region: Region, tmp_path: Path) -> None:
    is_gone(region)
    with closing(Holdings(region.database, region.b.data).comparisons) as comparisons:
        assert take_over(Holdings(region.database, region.b.data, comparisons), tmp_path / "none") == 0


def test_nobody_is_promised_what_lies_on_a_node_that_is_away_nor_told_that_it_is_lost(region: Region) -> None:
    region.a.store(1)
    region.b.store(2)
    verifier = Verifier(region.database, region.b.data, region.caller.institution_id)
    assert verifier.failure_of(CT, "1.2.3.1.2") is None
    with pytest.raises(BytesAway):  # asked again for days
        verifier.failure_of(CT, "1.2.3.1.1")
    for path in region.b.journal.rglob("*.tar"):
        path.unlink()
    assert verifier.failure_of(CT, "1.2.3.1.2") is FailureReason.PROCESSING_FAILURE
