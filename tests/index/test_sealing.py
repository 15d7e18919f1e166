"""Sealing, erasing and keeping segments, as the index sees them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.index.builders import RECEIVED_AT, a_row, an_instance, rows_of_a_study

from isocenter.index.erasures import erase_study, erased_at
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.index.locators import (
    aside_instances,
    open_instance,
    open_instances,
    packs_of,
    resolve,
    series_of,
    study_places,
    study_version,
)
from isocenter.index.outbox import append_event, events_after
from isocenter.index.quality import open_tasks, resolve_task
from isocenter.index.sealing import NewPack, StudyMoved, due_studies, seal
from isocenter.index.segments import forget_segments, live_segments
from isocenter.kit.database import Database

UID = "1.2.826.0.1.1"
LATER = RECEIVED_AT + timedelta(seconds=60)


def a_pack(key: str = "packs/aa/1.tar", count: int = 3) -> NewPack:
    return NewPack(key, size_bytes=1000, received_bytes=2000, instance_count=count, digest=b"d" * 32)


@pytest.fixture
def ingest(database: Database, institution: Institution) -> Iterator[Ingest]:
    made = Ingest(database.ingest_connection)
    made.record(rows_of_a_study(1, slices=3))
    yield made
    made.close()


def test_a_quiet_study_is_due_and_after_sealing_lies_in_its_pack(database: Database, ingest: Ingest) -> None:
    with database.transaction(1) as connection:
        assert due_studies(connection, RECEIVED_AT) == []
        [due] = due_studies(connection, LATER)
        before = study_version(connection, UID)
        sealed = seal(connection, due.study_id, a_pack(), [0, 1, 2])
        assert (sealed.still_open, sealed.removed_keys) == (0, ())
    with database.transaction(1) as connection:
        places = study_places(connection, UID)
        assert places is not None
        assert (places.state, places.instances, [pack.object_key for pack in places.packs]) == (
            "sealed",
            [],
            ["packs/aa/1.tar"],
        )
        assert before is not None and places.version > before
        [series] = places.series
        assert (series.instance_count, series.frame_count, series.open_instance_count) == (3, 3, 0)
        assert due_studies(connection, LATER) == []
        place = resolve(connection, f"{UID}.1.2")
        assert place is not None and (place.study_id, place.series_id, place.ordinal) == (due.study_id, 1, 1)
        assert resolve(connection, "1.2.3") is None


def test_instances_that_arrive_while_sealing_keep_their_rows_and_are_folded_in_later(
    database: Database, ingest: Ingest
) -> None:
    ingest.record([a_row(an_instance(1, 1, 4))])
    with database.transaction(1) as connection:
        [due] = due_studies(connection, LATER)
        assert seal(connection, due.study_id, a_pack(), [0, 1, 2]).still_open == 1
    with database.transaction(1) as connection:
        [late] = open_instances(connection, due.study_id)
        assert (late.ordinal, late.source) == (3, "journal/node-a/1/1")
        [series] = series_of(connection, due.study_id)
        assert (series.instance_count, series.open_instance_count) == (4, 1)
        assert [study.study_id for study in due_studies(connection, LATER)] == [due.study_id]
        [old] = packs_of(connection, due.study_id)
        merged = seal(connection, due.study_id, a_pack("packs/bb/2.tar", 4), [3], replaces=[old.pack_id])
        assert merged.removed_keys == ("packs/aa/1.tar",)
        assert open_instance(connection, due.study_id, 3) is None
    outcome = ingest.record([a_row(an_instance(1, 1, 2))])[0]
    assert (outcome.result, outcome.existing_digest) == ("exists", None)


def test_a_study_sealed_by_another_is_left_alone(database: Database, ingest: Ingest) -> None:
    with database.transaction(1) as connection:
        [due] = due_studies(connection, LATER)
        seal(connection, due.study_id, a_pack(), [0, 1, 2])
    for arguments in ({"ordinals": [0, 1, 2]}, {"ordinals": [], "replaces": [99]}, {"ordinals": [], "aside_ids": [9]}):
        with pytest.raises(StudyMoved), database.transaction(1) as connection:
            seal(connection, due.study_id, a_pack("packs/cc/3.tar"), **arguments)  # type: ignore[arg-type]
    with pytest.raises(StudyMoved), database.transaction(1) as connection:
        seal(connection, 999, a_pack("packs/cc/4.tar"), [])
    with database.transaction(1) as connection:
        assert len(packs_of(connection, due.study_id)) == 1


def test_a_version_kept_aside_opens_a_sealed_study_until_it_is_in_a_pack(database: Database, ingest: Ingest) -> None:
    with database.transaction(1) as connection:
        [due] = due_studies(connection, LATER)
        seal(connection, due.study_id, a_pack(), [0, 1, 2])
    other = a_row(an_instance(1, 1, 1), content=b"other", segment_sequence=2)
    ingest.keep_aside(other, ingest.record([other])[0], "other-content")
    assert live_segments(database, "node-a") == {("node-a", 1, 2)}
    with database.transaction(1) as connection:
        [again] = due_studies(connection, LATER)
        [aside] = aside_instances(connection, again.study_id)
        assert (aside.reason, aside.source) == ("other-content", "journal/node-a/1/2")
        seal(connection, again.study_id, a_pack("packs/bb/2.tar", 1), [], aside_ids=[aside.aside_id])
        assert due_studies(connection, LATER) == []
        assert aside_instances(connection, again.study_id) == []
        [task] = open_tasks(connection)
        assert task.kind == "other-content"
        assert resolve_task(connection, task.task_id) is True
        assert resolve_task(connection, task.task_id) is False
    assert live_segments(database, "node-a") == set()


def test_segments_are_live_while_any_institution_has_open_rows_in_them(
    database: Database, other_institution: Institution, ingest: Ingest
) -> None:
    ingest.record([a_row(an_instance(), other_institution.institution_id, segment_sequence=5)])
    assert live_segments(database, "node-a") == {("node-a", 1, 1), ("node-a", 1, 5)}
    assert live_segments(database, "node-b") == set()
    with database.transaction() as connection:
        forget_segments(connection, [("node-a", 1, 9)])


def test_an_erased_study_leaves_nothing_but_the_moment(database: Database, ingest: Ingest) -> None:
    with database.transaction(1) as connection:
        [due] = due_studies(connection, LATER)
        seal(connection, due.study_id, a_pack(count=2), [0, 1])
        erased = erase_study(connection, UID, [f"{UID}.1.1", f"{UID}.1.2"], LATER)
        assert erased is not None
        assert (erased.object_keys, erased.instance_count) == (("packs/aa/1.tar",), 3)
        assert erase_study(connection, UID, [], LATER) is None
        assert erased_at(connection, UID) == LATER
        assert erased_at(connection, "1.2.3") is None
        tables = ("study", "series", "instance", "instance_lookup", "patient", "study_token", "study_modality", "pack")
        for table in tables:
            assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table
    outcomes = ingest.record(rows_of_a_study(1, slices=3))
    assert {outcome.result for outcome in outcomes} == {"stored"}


def test_events_come_in_order_and_one_in_the_making_holds_back_those_after_it(
    database: Database, institution: Institution
) -> None:
    with database.transaction(1) as slow:
        append_event(slow, "StudySealed", "1.2.3", pack=1)
        with database.transaction(1) as quick:
            append_event(quick, "StudySealed", "1.2.4")
        with database.transaction(1) as reading:
            assert events_after(reading, 0) == []
    with database.transaction(1) as reading:
        events = events_after(reading, 0)
    assert [event.study_instance_uid for event in events] == ["1.2.3", "1.2.4"]
    assert events[0].detail == {"pack": 1}
