"""Evidence of drills is signed and numbered; what was changed afterwards says so and is not believed."""

from __future__ import annotations

import pytest

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.domain.continuity.evidence import EvidenceStores, UnknownDrill, drill_file, drills, file_evidence
from isocenter.domain.continuity.rehearsal import recovery_point_s
from isocenter.index.site_changes import Lag
from isocenter.kit.errors import Refused
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import ObjectExists, StoreAway
from isocenter.storage.facts import SigningKey
from isocenter.storage.overlay import OverlayStore

KEY = SigningKey("k1", b"1" * 32)
BY = system_caller(0, "test")


class Away:
    def __getattr__(self, name: str) -> object:
        raise StoreAway("The line is cut.")


def test_drills_of_both_sites_are_shown_newest_first_even_while_one_store_is_away() -> None:
    ours, theirs = open_store("memory:///"), open_store("memory:///")
    assert file_evidence(ours, KEY, "a", {"at": "2026-01-01T00:00:00+00:00", "rto_s": 40.0}) == "a-000000000001"
    assert file_evidence(ours, KEY, "a", {"at": "2026-03-01T00:00:00+00:00"}) == "a-000000000002"
    assert file_evidence(theirs, KEY, "b", {"at": "2026-02-01T00:00:00+00:00"}) == "b-000000000001"

    both = EvidenceStores([ours, theirs, Away()], KEY)  # type: ignore[list-item]
    assert [one.drill_id[0] + one.drill_id[-1] for one in drills(BY, both)] == ["a2", "b1", "a1"]
    assert drill_file(BY, both, "b-000000000001").count(b"\n") == 2
    with pytest.raises(UnknownDrill):
        drill_file(BY, both, "../facts/1/000000000001")


def test_evidence_that_was_changed_moved_or_signed_by_another_is_not_believed() -> None:
    store = open_store("memory:///")
    file_evidence(store, KEY, "a", {"at": "2026-01-01T00:00:00+00:00", "rto_s": 400.0})
    good = store.get("drills/a-000000000001.json")
    store.put("drills/a-000000000002.json", good.replace(b"400.0", b"40.00"))
    store.put("drills/a-000000000003.json", good)
    file_evidence(store, SigningKey("k2", b"2" * 32), "b", {"at": "2026-01-01T00:00:00+00:00"})

    found = {one.drill_id: one for one in drills(BY, EvidenceStores([store], KEY))}
    assert [found[name].signed for name in sorted(found)] == [True, False, False, False]
    assert found["a-000000000002"].said == {}


def test_who_does_not_see_operations_sees_no_drill() -> None:
    doctor = Caller(CallerKind.USER, "u1", 1, (Role.RADIOLOGIST,))
    with pytest.raises(Refused):
        drills(doctor, EvidenceStores([], KEY))


def test_a_rehearsal_writes_nothing_into_the_store_that_it_reads() -> None:
    real, above = open_store("memory:///"), open_store("memory:///")
    real.put("packs/a", b"pack")
    real.put("facts/1", b"fact")
    over = OverlayStore(real, above)
    over.delete("facts/1")
    over.put("facts/1", b"another")
    over.put("packs/b", b"new")
    with pytest.raises(ObjectExists):
        over.put("packs/a", b"other")

    assert [(head.key, over.get(head.key)) for head in over.list()] == [
        ("facts/1", b"another"),
        ("packs/a", b"pack"),
        ("packs/b", b"new"),
    ]
    assert [(head.key, real.get(head.key)) for head in real.list()] == [("facts/1", b"fact"), ("packs/a", b"pack")]


def test_what_would_be_lost_is_the_older_of_index_and_objects() -> None:
    assert recovery_point_s(3.0, Lag(0, 0, 90.0, 0, 0, None)) == 3.0
    assert recovery_point_s(3.0, Lag(2, 10, 20.5, 0, 0, None)) == 20.5
