"""What only a lost disk had is given up by a person, and by nobody else: the rest of each study is readable again."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from tests.domain.nodes.conftest import Region
from tests.domain.nodes.test_shipping import placed
from tests.domain.nodes.test_takeover import dies, is_gone

from isocenter.access.caller import Caller, system_caller
from isocenter.domain.archive.outcome import StoreKind
from isocenter.domain.nodes.errors import NodeGivenUp, NodeNotGone, NodesSilent, UnknownNode
from isocenter.domain.nodes.giving_up import BYTES_LOST, give_up, lost_with
from isocenter.domain.nodes.registry import Membership, beat, home_id_of, join
from isocenter.index.quality import open_tasks
from isocenter.kit.errors import Exhausted, Invalid, Refused


def nowhere(_source: str, _offset: int) -> bool:
    return True


def operator(region: Region) -> Caller:
    return system_caller(region.caller.institution_id, "test")


def a_lost_disk(region: Region) -> None:
    """The second of two slices was shipped; the first lay on node-a alone, and its disk is gone."""
    region.a.store(1)
    dies(region)
    shutil.rmtree(region.a.journal)
    region.b.store(2)
    is_gone(region)


def test_the_rest_of_the_study_is_readable_and_a_task_names_what_is_lost(region: Region) -> None:
    a_lost_disk(region)
    caller, store = operator(region), region.b.data.store
    [study] = lost_with(caller, region.database, store, nowhere, "node-a")
    assert study.sop_instance_uids == ("1.2.3.1.1",)
    assert len(placed(region)) == 2, "listing changes nothing"
    assert give_up(caller, region.database, store, nowhere, "node-a", reason="burnt") == [study]
    [(extent, _)] = placed(region)
    assert extent.source.startswith("journal/node-b/")
    assert region.rows("SELECT instance_count FROM study") == [(1,)]
    with region.database.transaction(region.caller.institution_id) as connection:
        [task] = [each for each in open_tasks(connection) if each.kind == BYTES_LOST]
    assert task.detail["sop_instance_uids"] == ["1.2.3.1.1"]
    assert give_up(caller, region.database, store, nowhere, "node-a", reason="burnt") == [], "it may be said again"
    assert region.b.store(1).kind is StoreKind.STORED, "what is sent again is new"


def test_what_is_shipped_or_replicated_is_not_given_up(region: Region) -> None:
    region.a.store(1)
    region.a.close_segment()
    region.a.ship()
    region.a.store(2)
    dies(region)
    is_gone(region)
    caller, store = operator(region), region.b.data.store
    assert lost_with(caller, region.database, store, lambda _source, _offset: False, "node-a") == []
    [study] = lost_with(caller, region.database, store, nowhere, "node-a")
    assert study.sop_instance_uids == ("1.2.3.1.2",)


def test_a_home_that_turns_up_afterwards_is_kept_out(region: Region) -> None:
    a_lost_disk(region)
    give_up(operator(region), region.database, region.b.data.store, nowhere, "node-a", reason="burnt")
    member = Membership("node-a", home_id_of(region.a.home), None, "1", False)
    with pytest.raises(NodeGivenUp, match="import"):
        join(region.database, member, region.a.home / "secrets")
    with pytest.raises(NodeGivenUp):
        beat(region.database, member)
    other = replace(member, home_id=home_id_of(region.b.home))
    join(region.database, other, region.b.home / "secrets")  # a new machine may bear the old name


def test_nothing_is_given_up_in_doubt(region: Region) -> None:
    a_lost_disk(region)
    caller, store = operator(region), region.b.data.store
    with pytest.raises(UnknownNode):
        give_up(caller, region.database, store, nowhere, "node-x", reason="burnt")
    with pytest.raises(Invalid):
        give_up(caller, region.database, store, nowhere, "node-a", reason=" ")
    with pytest.raises(Refused):
        give_up(region.caller, region.database, store, nowhere, "node-a", reason="burnt")

    def does_not_answer(_source: str, _offset: int) -> bool:
        raise Exhausted("The node does not answer.")

    with pytest.raises(Exhausted):
        give_up(caller, region.database, store, does_not_answer, "node-a", reason="burnt")
    member = Membership("node-b", home_id_of(region.b.home), None, "1", False)
    join(region.database, member, region.b.home / "secrets")
    with pytest.raises(NodeNotGone):
        give_up(caller, region.database, store, nowhere, "node-b", reason="burnt")
    with region.database.transaction() as connection:
        connection.execute("UPDATE node SET seen_at = now() - interval '1 minute' WHERE node = 'node-b'")
    with pytest.raises(NodesSilent):
        give_up(caller, region.database, store, nowhere, "node-a", reason="burnt")
    assert len(placed(region)) == 2
