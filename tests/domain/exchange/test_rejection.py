"""Rejection notes: what they refer to is out of sight at every door, before and after sealing, until it is restored."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from tests.domain.archive.test_seal import a_real_slice
from tests.domain.conftest import Hospital, a_ct_slice
from tests.domain.exchange.key_objects import (
    KEY_OBJECTS,
    OF_INTEREST,
    PATIENT_SAFETY,
    QUALITY,
    RETENTION_EXPIRED,
    WRONG_WORKLIST_ENTRY,
    a_note,
)

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.delivery.index_source import IndexSource
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.exchange.commitment import PROMISES_QUEUE
from isocenter.domain.exchange.rejection import (
    AlreadyRestored,
    RejectionWork,
    UnknownRejection,
    defer_due_rejections,
    rejection_tasks,
    rejections,
    restore_rejection,
)
from isocenter.index.dicom_query import DicomQuery, Level
from isocenter.index.find import find
from isocenter.index.locators import series_of
from isocenter.index.queries import StudyQuery, search_studies
from isocenter.index.rejections import Rejection
from isocenter.kit.confined import Confined
from isocenter.kit.errors import Refused
from isocenter.kit.jobs import work
from isocenter.storage.facts import FactLog, make_key_file

STUDY = "1.2.3"


@pytest.fixture
def rejecting(hospital: Hospital) -> Iterator[RejectionWork]:
    key_file = hospital.home / "secrets" / "facts.key"
    make_key_file(key_file)
    confined = Confined(processes=1, memory_bytes=1 << 30, timeout_s=20)
    yield RejectionWork(hospital.database, hospital.data, key_file, confined)
    confined.close()


@pytest.fixture
def administrator(hospital: Hospital) -> Caller:
    return Caller(CallerKind.USER, "1", hospital.caller.institution_id, (Role.ADMINISTRATOR,))


def slices(hospital: Hospital, *numbers: int, series: str = "1.2.3.1") -> list[str]:
    for number in numbers:
        hospital.store(a_real_slice(number, series=series), uid=f"{series}.{number}")
    return [f"{series}.{number}" for number in numbers]


def reject(hospital: Hospital, references: list[str], uid: str = "1.2.3.99.1", **more: str) -> None:
    store_note(hospital, uid, a_note(uid, references, **more))  # type: ignore[arg-type]


def store_note(hospital: Hospital, uid: str, data: bytes) -> None:
    reception = hospital.reception(uid=uid, sop_class=KEY_OBJECTS)
    reception.write(data)
    reception.complete()


def run_jobs(rejecting: RejectionWork) -> None:
    work(rejecting.database.url, rejection_tasks(rejecting), queues={PROMISES_QUEUE: 1}, wait=False)


def look_again(hospital: Hospital, rejecting: RejectionWork) -> None:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        defer_due_rejections(connection, hospital.caller.institution_id)
    run_jobs(rejecting)


def seen(hospital: Hospital, study: str = STUDY) -> set[str]:
    """What a view of the study holds."""
    source = IndexSource(hospital.database, hospital.data)
    view = source.load(hospital.caller.institution_id, study)
    return set() if view is None else set(view.instances)


def counts(hospital: Hospital) -> tuple[int, int, list[str], list[tuple[str, int]]]:
    """Series and instances, modalities, and (series, instances) as the list and the tree of a study show them."""
    institution_id = hospital.caller.institution_id
    with hospital.database.transaction(institution_id) as connection:
        page = search_studies(connection, StudyQuery())
        if not page.studies:
            return 0, 0, [], []
        (study,) = page.studies
        shown = [(each.series_instance_uid, each.instance_count) for each in series_of(connection, study.study_id)]
    found = list(
        find(partial(hospital.database.transaction, institution_id), DicomQuery(Level.SERIES, (), relational=True))
    )
    assert {each.series_instance_uid for each in found} == {uid for uid, count in shown if count}
    return study.series_count, study.instance_count, study.modalities, sorted(each for each in shown if each[1])


def notes(hospital: Hospital, who: Caller) -> list[Rejection]:
    return rejections(who, hospital.database, STUDY)


def restore(hospital: Hospital, rejecting: RejectionWork, who: Caller, number: int) -> Rejection:
    return restore_rejection(who, hospital.database, rejecting.data.store, rejecting.key_file, number)


def test_a_note_is_acknowledged_like_any_object_and_takes_effect_by_a_job(
    hospital: Hospital, rejecting: RejectionWork, administrator: Caller
) -> None:
    stored = slices(hospital, 1, 2, 3)
    version = hospital.rows("SELECT version FROM study")
    reject(hospital, stored[:1])
    assert stored[0] in seen(hospital)
    run_jobs(rejecting)
    assert seen(hospital) == {*stored[1:], "1.2.3.99.1"}  # of the note itself quality may be judged
    assert counts(hospital) == (2, 3, ["CT", "KO"], [("1.2.3.1", 2), ("1.2.3.99", 1)])
    assert hospital.rows("SELECT version FROM study") > version
    (note,) = notes(hospital, administrator)
    assert (note.code, note.instance_count, note.state, note.calling_ae_title) == (QUALITY, 1, "active", "SCANNER")
    facts = FactLog(rejecting.data.store, hospital.caller.institution_id, rejecting.key_file).facts()
    assert [(fact.content["kind"], fact.content["references"]) for fact in facts] == [
        ("instances-rejected", [[STUDY, stored[0]]])
    ]
    assert hospital.rows("SELECT kind FROM event WHERE kind LIKE '%reject%'") == [("instances-rejected",)]
    assert hospital.rows("SELECT * FROM arrived_key_object") == []


@pytest.mark.parametrize(
    ("code", "note_is_seen"),
    [(QUALITY, True), (PATIENT_SAFETY, True), (WRONG_WORKLIST_ENTRY, True), (RETENTION_EXPIRED, False)],
)
def test_every_code_hides_what_it_rejects_and_what_expired_leaves_no_note(
    hospital: Hospital, rejecting: RejectionWork, code: str, note_is_seen: bool
) -> None:
    stored = slices(hospital, 1, 2)
    reject(hospital, stored, code=code)
    run_jobs(rejecting)
    assert seen(hospital) == ({"1.2.3.99.1"} if note_is_seen else set())
    assert counts(hospital)[:2] == ((1, 1) if note_is_seen else (0, 0))


def test_other_key_object_selections_hide_nothing(hospital: Hospital, rejecting: RejectionWork) -> None:
    stored = slices(hospital, 1)
    reject(hospital, stored, code=OF_INTEREST)
    run_jobs(rejecting)
    assert seen(hospital) == {*stored, "1.2.3.99.1"}
    assert hospital.rows("SELECT * FROM rejection") == []
    assert hospital.rows("SELECT * FROM arrived_key_object") == []


def test_restoring_brings_everything_back_but_the_note(
    hospital: Hospital, rejecting: RejectionWork, administrator: Caller
) -> None:
    stored = slices(hospital, 1, 2)
    before = counts(hospital)
    reject(hospital, stored, code=PATIENT_SAFETY)
    run_jobs(rejecting)
    (note,) = notes(hospital, administrator)
    restored = restore(hospital, rejecting, administrator, note.rejection_id)
    assert (restored.state, restored.restored_by) == ("restored", "user 1")
    assert seen(hospital) == set(stored)
    assert counts(hospital) == before
    with pytest.raises(AlreadyRestored):
        restore(hospital, rejecting, administrator, note.rejection_id)
    facts = FactLog(rejecting.data.store, hospital.caller.institution_id, rejecting.key_file).facts()
    assert [fact.content["kind"] for fact in facts] == ["instances-rejected", "rejection-restored"]
    assert hospital.rows("SELECT detail ->> 'sop_instance_uid' FROM audit_event") == [("1.2.3.99.1",)]


def test_who_may_not_correct_may_not_restore(
    hospital: Hospital, rejecting: RejectionWork, administrator: Caller
) -> None:
    reject(hospital, slices(hospital, 1))
    run_jobs(rejecting)
    radiologist = Caller(CallerKind.USER, "2", hospital.caller.institution_id, (Role.RADIOLOGIST,))
    number = notes(hospital, radiologist)[0].rejection_id
    with pytest.raises(Refused):
        restore(hospital, rejecting, radiologist, number)
    with pytest.raises(UnknownRejection):
        restore(hospital, rejecting, administrator, number + 1)


def test_images_that_arrive_after_their_note_are_never_seen(hospital: Hospital, rejecting: RejectionWork) -> None:
    stored = slices(hospital, 1)
    reject(hospital, [*stored, "1.2.3.1.2"])
    run_jobs(rejecting)
    slices(hospital, 2, 3)
    assert seen(hospital) == {"1.2.3.1.3", "1.2.3.99.1"}  # at once, whatever the counts say
    look_again(hospital, rejecting)
    assert counts(hospital) == (2, 2, ["CT", "KO"], [("1.2.3.1", 1), ("1.2.3.99", 1)])
    version = hospital.rows("SELECT version FROM study")
    look_again(hospital, rejecting)
    assert hospital.rows("SELECT version FROM study") == version  # it settles


def test_a_note_may_come_before_the_study_it_rejects(hospital: Hospital, rejecting: RejectionWork) -> None:
    reject(hospital, ["1.2.3.1.1"], study="1.2.4", of_study=STUDY, series="1.2.4.99")
    run_jobs(rejecting)
    slices(hospital, 1, 2)
    assert seen(hospital) == {"1.2.3.1.2"}
    look_again(hospital, rejecting)
    assert hospital.rows(f"SELECT instance_count FROM study WHERE study_instance_uid = '{STUDY}'") == [(1,)]


def test_sealed_instances_are_hidden_and_restored_alike(
    hospital: Hospital, rejecting: RejectionWork, administrator: Caller
) -> None:
    stored = slices(hospital, 1, 2, 3)
    seal(hospital)
    reject(hospital, stored[:2])
    run_jobs(rejecting)
    assert seen(hospital) == {stored[2], "1.2.3.99.1"}
    assert counts(hospital)[3] == [("1.2.3.1", 1), ("1.2.3.99", 1)]
    seal(hospital)  # the note too
    assert seen(hospital) == {stored[2], "1.2.3.99.1"}
    assert counts(hospital)[3] == [("1.2.3.1", 1), ("1.2.3.99", 1)]
    restore(hospital, rejecting, administrator, notes(hospital, administrator)[0].rejection_id)
    assert seen(hospital) == set(stored)
    assert counts(hospital)[:2] == (1, 3)


def test_hidden_instances_are_sealed_with_the_others(hospital: Hospital, rejecting: RejectionWork) -> None:
    stored = slices(hospital, 1, 2)
    reject(hospital, stored[:1])
    run_jobs(rejecting)
    seal(hospital)
    look_again(hospital, rejecting)
    assert hospital.rows("SELECT count(*) FROM instance") == [(0,)]
    assert seen(hospital) == {stored[1], "1.2.3.99.1"}
    assert counts(hospital)[:2] == (2, 2)


def test_two_notes_about_one_image_both_have_to_be_taken_back(
    hospital: Hospital, rejecting: RejectionWork, administrator: Caller
) -> None:
    stored = slices(hospital, 1, 2)
    reject(hospital, stored[:1])
    reject(hospital, stored[:1], uid="1.2.3.99.2", code=PATIENT_SAFETY)
    run_jobs(rejecting)
    first, second = notes(hospital, administrator)
    restore(hospital, rejecting, administrator, first.rejection_id)
    assert seen(hospital) == {stored[1], "1.2.3.99.2"}
    restore(hospital, rejecting, administrator, second.rejection_id)
    assert seen(hospital) == set(stored)


def test_only_what_the_content_names_is_rejected(hospital: Hospital, rejecting: RejectionWork) -> None:
    stored = slices(hospital, 1, 2)
    store_note(hospital, "1.2.3.99.1", a_note("1.2.3.99.1", stored[:1], evidence=stored))
    run_jobs(rejecting)
    assert seen(hospital) == {stored[1], "1.2.3.99.1"}


def test_a_note_that_cannot_be_understood_is_a_task_for_a_person(hospital: Hospital, rejecting: RejectionWork) -> None:
    stored = slices(hospital, 1)
    note = a_note("1.2.3.99.1", stored).replace(b"1.2.3.1.1\0", b"1.2..1./1\0")
    store_note(hospital, "1.2.3.99.1", note)
    run_jobs(rejecting)
    assert seen(hospital) == {*stored, "1.2.3.99.1"}
    assert hospital.rows("SELECT kind, detail ->> 'reason' FROM quality_task") == [
        ("unreadable-key-object", "invalid-uid")
    ]


def test_a_note_whose_job_was_lost_is_found_again(hospital: Hospital, rejecting: RejectionWork) -> None:
    stored = slices(hospital, 1, 2)
    reject(hospital, stored[:1])
    with hospital.database.transaction() as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
    look_again(hospital, rejecting)
    assert seen(hospital) == {stored[1], "1.2.3.99.1"}


def test_the_same_note_sent_twice_counts_once(
    hospital: Hospital, rejecting: RejectionWork, administrator: Caller
) -> None:
    stored = slices(hospital, 1, 2)
    reject(hospital, stored[:1])
    run_jobs(rejecting)
    reject(hospital, stored[:1])
    run_jobs(rejecting)
    assert len(notes(hospital, administrator)) == 1
    assert counts(hospital)[:2] == (2, 2)


def test_images_are_not_slowed_by_notes(hospital: Hospital) -> None:
    """No job and no row comes of an image; the trigger's condition is all that an image meets."""
    hospital.store(a_ct_slice(1))
    assert hospital.rows("SELECT count(*) FROM arrived_key_object") == [(0,)]
    with hospital.database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,)


def seal(hospital: Hospital) -> None:
    sealer = Sealer(database=hospital.database, data=hospital.data)
    assert sealer.seal_study(system_caller(hospital.caller.institution_id, "test"), STUDY) is not None
    sealer.close()
