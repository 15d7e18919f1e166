"""Corrections and merges: what studies say afterwards, what follows later, and that undoing restores everything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.index.builders import a_row, an_instance

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.erase import erase_study
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.identity import patients as patients_room
from isocenter.domain.identity import quality
from isocenter.domain.identity.acts import Records
from isocenter.domain.identity.corrections import (
    correct_attributes,
    corrections_of,
    move_study_to_patient,
    undo,
)
from isocenter.domain.identity.errors import (
    AlreadyResolved,
    AlreadyUndone,
    CorrectedSince,
    IdentifierInUse,
    InvalidCorrection,
    PatientIsMerged,
    UnknownPatient,
)
from isocenter.domain.identity.patients import add_identifier, merge_patients, remove_identifier, search_patients
from isocenter.index import correction_acts
from isocenter.index.corrections import layers_of
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.index.outbox import events_after
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.standards.dicom.attributes import IndexAttributes
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import StorageFull
from isocenter.storage.facts import FactLog, make_key_file

STUDY = "1.2.826.0.1.1"
Store = Callable[..., None]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    make_key_file(tmp_path / "facts.key")
    return tmp_path / "facts.key"


@pytest.fixture
def records(database: Database, tmp_path: Path, key_file: Path) -> Records:
    return Records(database, open_store((tmp_path / "store").absolute().as_uri()), key_file)


@pytest.fixture
def caller(institution: Institution) -> Caller:
    return Caller(CallerKind.USER, "anna", institution.institution_id, (Role.ADMINISTRATOR,), "sitting")


@pytest.fixture
def ingest(database: Database) -> Iterator[Ingest]:
    made = Ingest(database.ingest_connection)
    yield made
    made.close()


@pytest.fixture
def store(ingest: Ingest, institution: Institution) -> Store:
    """Record an instance, as reception does."""

    def record(attributes: IndexAttributes) -> None:
        ingest.record([a_row(attributes, institution.institution_id)])

    return record


def study_of(database: Database, caller: Caller, uid: str = STUDY) -> dict[str, Any]:
    """Everything that can be searched of a study: its columns, tokens, series, modality dates."""
    with database.transaction(caller.institution_id) as connection:
        row = connection.execute(
            """
            SELECT to_jsonb(s) - 'version',
                ARRAY(SELECT kind::text || token FROM study_token t WHERE t.study_id = s.study_id ORDER BY 1),
                ARRAY(SELECT to_jsonb(e) FROM series e WHERE e.study_id = s.study_id ORDER BY series_id),
                ARRAY(SELECT study_date FROM study_modality m WHERE m.study_id = s.study_id)
            FROM study s WHERE study_instance_uid = %s
            """,
            [uid],
        ).fetchone()
    assert row is not None
    return dict(row[0]) | {"tokens": row[1], "series": row[2], "modality_dates": row[3]}


def version_of(database: Database, caller: Caller, uid: str = STUDY) -> int:
    with database.transaction(caller.institution_id) as connection:
        row = connection.execute("SELECT version FROM study WHERE study_instance_uid = %s", [uid]).fetchone()
    assert row is not None
    return int(str(row[0]))


def key_of(records: Records, caller: Caller, patient_id: str) -> int:
    [found] = [one for one in search_patients(caller, records, patient_id) if one.patient_id == patient_id]
    return found.patient_key


def test_attributes_are_corrected_and_found_and_undone(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance(series=1))
    store(an_instance(series=2))
    before, version = study_of(database, caller), version_of(database, caller)
    changes = {"PatientName": "Wang^Xiao=王^小", "StudyDate": "20240203", "StudyDescription": "", "PatientSex": "M"}
    first = correct_attributes(caller, records, STUDY, changes, "typing error")
    study = study_of(database, caller)
    assert (study["patient_name"], study["study_date"], study["study_description"]) == (
        "Wang^Xiao=王^小",
        "20240203",
        None,
    )
    assert study["modality_dates"] == ["20240203"]
    assert "n王小" in study["tokens"]
    assert not any("doe" in token or "chest" in token for token in study["tokens"])
    assert version_of(database, caller) > version
    second = correct_attributes(
        caller, records, STUDY, {"Laterality": "L"}, "wrong side", series_instance_uid=f"{STUDY}.2"
    )
    assert [one["laterality"] for one in study_of(database, caller)["series"]] == [None, "L"]
    undo(caller, records, second)
    undo(caller, records, first)
    assert study_of(database, caller) == before
    assert version_of(database, caller) > version + 3
    with pytest.raises(AlreadyUndone):
        undo(caller, records, first)


def test_a_merge_takes_all_studies_and_its_undoing_gives_them_back(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance(study=1, patient_id="B", patient_name="Roe^B"))
    store(an_instance(study=2, patient_id="B", patient_name="Roe^B"))
    store(an_instance(study=3, patient_id="A", issuer_of_patient_id="HIS", patient_name="Doe^A"))
    before = [study_of(database, caller, f"1.2.826.0.1.{number}") for number in (1, 2, 3)]
    b, a = key_of(records, caller, "B"), key_of(records, caller, "A")
    merge = merge_patients(caller, records, b, a, "the same woman")
    for number in (1, 2, 3):
        study = study_of(database, caller, f"1.2.826.0.1.{number}")
        assert (study["patient_id"], study["issuer_of_patient_id"], study["patient_name"]) == ("A", "HIS", "Doe^A")
        assert study["patient_key"] == a
    shown = {one.patient_key: one for one in search_patients(caller, records, "")}
    assert (shown[b].merged_into, shown[b].study_count, shown[a].study_count) == (a, 0, 3)
    [(act, merged, into)] = patients_room.merges(caller, records)
    assert (act.correction_id, merged and merged.patient_key, into and into.patient_key) == (merge, b, a)
    undo(caller, records, merge)
    assert [study_of(database, caller, f"1.2.826.0.1.{number}") for number in (1, 2, 3)] == before
    assert key_of(records, caller, "B") == b
    assert {one.merged_into for one in search_patients(caller, records, "")} == {None}


def test_late_images_follow_a_merge_and_leave_it_with_its_undoing(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance(study=1, patient_id="C", patient_name="Poe^C"))
    store(an_instance(study=2, patient_id="B", patient_name="Roe^B"))
    store(an_instance(study=3, patient_id="A", patient_name="Doe^A"))
    keys = {name: key_of(records, caller, name) for name in "ABC"}
    first = merge_patients(caller, records, keys["C"], keys["B"], "one")
    second = merge_patients(caller, records, keys["B"], keys["A"], "and the other")
    store(an_instance(study=4, patient_id="C", patient_name="Poe^C"))  # a study that comes after the merges
    store(an_instance(study=1, number=2, patient_id="C", patient_name="Poe^C"))  # a late image of an old one
    assert study_of(database, caller, "1.2.826.0.1.4")["patient_id"] == "A"
    assert study_of(database, caller, "1.2.826.0.1.1")["patient_name"] == "Doe^A"
    assert quality.list_tasks(caller, records) == ([], 0)
    with pytest.raises(CorrectedSince):
        undo(caller, records, first)
    undo(caller, records, second)
    assert study_of(database, caller, "1.2.826.0.1.4")["patient_id"] == "B"
    undo(caller, records, first)
    assert study_of(database, caller, "1.2.826.0.1.4")["patient_name"] == "Poe^C"
    assert study_of(database, caller, "1.2.826.0.1.4")["patient_key"] == keys["C"]


def test_a_deleted_study_that_is_restored_has_followed_the_merge(
    records: Records, caller: Caller, store: Store, database: Database, key_file: Path
) -> None:
    store(an_instance(study=1, patient_id="B"))
    store(an_instance(study=2, patient_id="A"))
    deletions = Deletions(database, records.store, key_file, timedelta(days=1))
    b, a = key_of(records, caller, "B"), key_of(records, caller, "A")
    deletions.delete(caller, STUDY, reason="by mistake")
    with pytest.raises(UnknownStudy):
        correct_attributes(caller, records, STUDY, {"PatientName": "A"}, "why")
    merge_patients(caller, records, b, a, "why")
    deletions.restore(caller, STUDY)
    assert study_of(database, caller)["patient_id"] == "A"


def test_a_study_that_arrives_during_a_merge_follows_it_too(
    records: Records, caller: Caller, store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(an_instance(study=1, patient_id="B"))
    store(an_instance(study=2, patient_id="A"))
    b, a = key_of(records, caller, "B"), key_of(records, caller, "A")
    arriving = Thread(target=store, args=[an_instance(study=3, patient_id="B")])
    found = correction_acts.locked_studies_of_patient

    def as_a_study_arrives(*arguments: Any) -> Any:
        arriving.start()
        arriving.join(0.5)
        assert arriving.is_alive()  # it waits for the merge
        return found(*arguments)

    monkeypatch.setattr(correction_acts, "locked_studies_of_patient", as_a_study_arrives)
    merge_patients(caller, records, b, a, "why")
    arriving.join(30)
    assert study_of(database, caller, "1.2.826.0.1.3")["patient_key"] == a
    assert study_of(database, caller, "1.2.826.0.1.3")["patient_id"] == "A"


def test_merged_patients_are_not_merged_again(records: Records, caller: Caller, store: Store) -> None:
    for number, name in enumerate("ABC", 1):
        store(an_instance(study=number, patient_id=name))
    a, b, c = (key_of(records, caller, name) for name in "ABC")
    merge_patients(caller, records, a, b, "why")
    for pair in ((a, c), (c, a), (b, a)):
        with pytest.raises(PatientIsMerged):
            merge_patients(caller, records, *pair, "why")
    with pytest.raises(InvalidCorrection):
        merge_patients(caller, records, b, b, "why")
    with pytest.raises(UnknownPatient):
        merge_patients(caller, records, b, 99_999, "why")


def test_a_study_of_the_wrong_patient_moves_whole_and_keeps_nothing_of_her(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance(study=1, patient_id="WRONG", patient_birth_date="19500101"))
    store(an_instance(study=2, patient_id="RIGHT", patient_name="Right^R", patient_birth_date=None))
    before = study_of(database, caller)
    move = move_study_to_patient(caller, records, STUDY, key_of(records, caller, "RIGHT"), "sent under another's name")
    study = study_of(database, caller)
    assert (study["patient_id"], study["patient_name"]) == ("RIGHT", "Right^R")
    assert study["patient_birth_date"] is None  # another person's would be worse than none
    [act] = corrections_of(caller, records, STUDY)
    assert (act.before["PatientID"], act.after["PatientID"], act.kind) == ("WRONG", "RIGHT", "move")
    store(an_instance(study=1, number=9, patient_id="WRONG", patient_birth_date="19500101"))
    store(an_instance(study=1, number=10, patient_id="RIGHT", patient_name="Right^R", patient_birth_date=None))
    assert quality.list_tasks(caller, records)[1] == 0
    undo(caller, records, move)
    after = study_of(database, caller)
    assert {name: after[name] for name in before if name.startswith("patient")} == {
        name: before[name] for name in before if name.startswith("patient")
    }


def test_a_new_patient_id_makes_the_study_that_patients(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance(study=1, patient_id="X1"))
    store(an_instance(study=2, patient_id="X2"))
    correct_attributes(caller, records, STUDY, {"PatientID": "X2"}, "typing error")
    assert study_of(database, caller)["patient_key"] == key_of(records, caller, "X2")
    correct_attributes(caller, records, STUDY, {"PatientID": "NEW", "PatientName": "New^One"}, "again")
    new = study_of(database, caller)
    assert new["patient_key"] == key_of(records, caller, "NEW")
    assert new["patient_name"] == "New^One"


def test_what_was_built_upon_is_not_undone_first(records: Records, caller: Caller, store: Store) -> None:
    store(an_instance())
    first = correct_attributes(caller, records, STUDY, {"PatientName": "A", "AccessionNumber": "1"}, "why")
    second = correct_attributes(caller, records, STUDY, {"PatientName": "B"}, "why")
    with pytest.raises(CorrectedSince) as refused:
        undo(caller, records, first)
    assert refused.value.fields["correction_id"] == second
    third = correct_attributes(caller, records, STUDY, {"PatientName": "C", "AccessionNumber": "2"}, "why")
    undo(caller, records, second)  # the third covers it
    undo(caller, records, third)
    undo(caller, records, first)


@pytest.mark.parametrize(
    ("attributes", "attribute"),
    [
        ({}, "attributes"),
        ({"SOPInstanceUID": "1.2"}, "SOPInstanceUID"),
        ({"PatientBirthDate": "1970-01-01"}, "PatientBirthDate"),
        ({"PatientSex": "female"}, "PatientSex"),
        ({"PatientID": ""}, "PatientID"),
        ({"PatientID": "a\\b"}, "PatientID"),
        ({"PatientName": "x" * 65}, "PatientName"),
        ({"AccessionNumber": "x" * 17}, "AccessionNumber"),
        ({"Laterality": "L"}, "Laterality"),
    ],
)
def test_what_may_not_stand_there_is_refused(
    records: Records, caller: Caller, store: Store, attributes: dict[str, str], attribute: str
) -> None:
    store(an_instance())
    with pytest.raises(InvalidCorrection) as refused:
        correct_attributes(caller, records, STUDY, attributes, "why")
    assert refused.value.fields["attribute"] == attribute


def test_only_who_may_correct_corrects_and_nobody_reaches_another_hospital(
    records: Records, caller: Caller, store: Store, other_institution: Institution
) -> None:
    store(an_instance())
    reader = Caller(CallerKind.USER, "ben", caller.institution_id, (Role.RADIOLOGIST,))
    with pytest.raises(Refused):
        correct_attributes(reader, records, STUDY, {"PatientName": "A"}, "why")
    stranger = Caller(CallerKind.USER, "eve", other_institution.institution_id, (Role.ADMINISTRATOR,))
    with pytest.raises(UnknownStudy):
        correct_attributes(stranger, records, STUDY, {"PatientName": "A"}, "why")
    assert search_patients(stranger, records, "") == []
    with pytest.raises(InvalidCorrection):
        correct_attributes(caller, records, STUDY, {"PatientName": "A"}, "  ")


def test_identifiers_belong_to_one_patient_and_bring_studies_to_her(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance(study=1, patient_id="A"))
    store(an_instance(study=2, patient_id="B"))
    a, b = key_of(records, caller, "A"), key_of(records, caller, "B")
    with pytest.raises(IdentifierInUse) as refused:
        add_identifier(caller, records, a, "B", "", "why")
    assert refused.value.fields["patient_key"] == b
    act = add_identifier(caller, records, a, "A2", "LAB", "second card")
    store(an_instance(study=3, patient_id="A2", issuer_of_patient_id="LAB"))
    study = study_of(database, caller, "1.2.826.0.1.3")
    assert (study["patient_key"], study["patient_id"]) == (a, "A2")  # hers, shown as it came
    with pytest.raises(IdentifierInUse):
        undo(caller, records, act)
    spare = add_identifier(caller, records, a, "A3", "", "third card")
    undo(caller, records, spare)
    again = add_identifier(caller, records, b, "A3", "", "it was the other's")
    remove_identifier(caller, records, b, "A3", "", "no")
    assert [one.identifiers for one in search_patients(caller, records, "B")] == [[["B", ""]]]
    with pytest.raises(UnknownPatient):
        undo(caller, records, again)


def test_every_act_has_a_signed_fact_without_names_and_its_values_in_the_store(
    records: Records, caller: Caller, store: Store, key_file: Path
) -> None:
    store(an_instance())
    made = correct_attributes(caller, records, STUDY, {"PatientName": "Secret^Name"}, "she is Secret^Name")
    undo(caller, records, made)
    facts = [fact.content for fact in FactLog(records.store, caller.institution_id, key_file).facts()]
    assert [fact["kind"] for fact in facts] == ["corrected", "correction-undone"]
    assert "Secret" not in json.dumps(facts)
    values = json.loads(records.store.get(facts[0]["values"]))
    assert values["replacements"] == [["00100010", "PN", "Secret^Name"]]
    assert facts[1]["values"] == facts[0]["values"]


def test_without_its_fact_nothing_is_corrected(
    records: Records, caller: Caller, store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(an_instance())
    before = study_of(database, caller)

    def full(*_: object) -> None:
        raise StorageFull("No space is left.")

    monkeypatch.setattr(FactLog, "append", full)
    with pytest.raises(StorageFull):
        correct_attributes(caller, records, STUDY, {"PatientName": "A"}, "why")
    assert study_of(database, caller) == before
    assert corrections_of(caller, records, STUDY) == []


def test_corrections_are_told_as_events(records: Records, caller: Caller, store: Store, database: Database) -> None:
    store(an_instance())
    made = correct_attributes(caller, records, STUDY, {"PatientName": "A"}, "why")
    undo(caller, records, made)
    with database.transaction(caller.institution_id) as connection:
        events = events_after(connection, 0)
    told = [(one.kind, one.study_instance_uid) for one in events if "correct" in one.kind]
    assert told == [("study-corrected", STUDY), ("correction-undone", STUDY)]


def test_patients_are_found_by_identifier_and_by_name(records: Records, caller: Caller, store: Store) -> None:
    store(an_instance(study=1, patient_id="AB-1", patient_name="Müller^Eva"))
    store(an_instance(study=2, patient_id="CD-2", patient_name="Wang^Wei=王^伟"))
    assert [one.patient_id for one in search_patients(caller, records, "AB")] == ["AB-1"]
    assert [one.patient_id for one in search_patients(caller, records, "müll")] == ["AB-1"]
    assert [one.patient_id for one in search_patients(caller, records, "王伟")] == ["CD-2"]
    assert [one.patient_id for one in search_patients(caller, records, "")] == ["AB-1", "CD-2"]


def test_differing_patient_data_are_resolved_either_way(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance(number=1, patient_name="Doe^Jane"))
    store(an_instance(number=2, patient_name="Roe^Jane"))
    store(an_instance(number=3, patient_name="Poe^Jane"))
    tasks, count = quality.list_tasks(caller, records)
    assert count == 2
    assert [one.kind for one in tasks] == ["patient-data-differ"] * 2
    quality.resolve(caller, records, tasks[0].task_id, "keep-first", "the second was wrong")
    assert study_of(database, caller)["patient_name"] == "Doe^Jane"
    quality.resolve(caller, records, tasks[1].task_id, "take-found")
    assert study_of(database, caller)["patient_name"] == "Poe^Jane"
    with pytest.raises(AlreadyResolved):
        quality.resolve(caller, records, tasks[1].task_id, "keep-first")
    resolved, _ = quality.list_tasks(caller, records, is_open=False)
    assert [(one.resolution, one.note) for one in resolved] == [
        ("take-found", None),
        ("keep-first", "the second was wrong"),
    ]
    assert quality.list_tasks(caller, records) == ([], 0)


def test_a_study_without_a_patient_is_given_one(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance(study=1, patient_id=None))
    store(an_instance(study=2, patient_id="P", patient_name="Right^One"))
    [task], _ = quality.list_tasks(caller, records)
    assert (task.kind, quality.choices_of(task.kind)) == ("patient-id-missing", ("assign-patient", "dismiss"))
    with pytest.raises(InvalidCorrection):
        quality.resolve(caller, records, task.task_id, "assign-patient")
    quality.resolve(caller, records, task.task_id, "assign-patient", patient_key=key_of(records, caller, "P"))
    assert study_of(database, caller)["patient_name"] == "Right^One"
    [act] = corrections_of(caller, records, STUDY)
    undo(caller, records, act.correction_id)
    assert (study_of(database, caller)["patient_key"], study_of(database, caller)["patient_id"]) == (None, None)


def test_a_code_stream_that_is_another_is_told_of_once_per_series(
    records: Records, caller: Caller, store: Store
) -> None:
    for number in (1, 2):
        store(an_instance(number=number, warnings=("code-stream-is-1.2.840.10008.1.2.4.90",)))
    [task], count = quality.list_tasks(caller, records)
    assert (task.kind, task.detail["found"], count) == ("code-stream", "1.2.840.10008.1.2.4.90", 1)
    quality.resolve(caller, records, task.task_id, "dismiss")


def test_erasing_a_study_takes_its_corrections_and_merged_patients_with_it(
    records: Records, caller: Caller, store: Store, database: Database, key_file: Path
) -> None:
    store(an_instance(study=1, patient_id="B"))
    store(an_instance(study=2, patient_id="A"))
    merge_patients(caller, records, key_of(records, caller, "B"), key_of(records, caller, "A"), "why")
    correct_attributes(caller, records, STUDY, {"PatientName": "Secret^Name"}, "why")
    held = [head.key for head in records.store.list("corrections")]
    assert len(held) == 2
    for number in (1, 2):
        erase_study(caller, database, records.store, key_file, f"1.2.826.0.1.{number}", reason="asked")
    with database.transaction(caller.institution_id) as connection:
        for table in ("study_correction", "study_received", "correction", "patient", "patient_identifier"):
            assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table
    assert list(records.store.list("corrections")) == []


def test_layers_keep_their_order_and_say_when(
    records: Records, caller: Caller, store: Store, database: Database
) -> None:
    store(an_instance())
    first = correct_attributes(caller, records, STUDY, {"PatientName": "A"}, "why")
    second = correct_attributes(caller, records, STUDY, {"PatientName": "B"}, "why")
    with database.transaction(caller.institution_id) as connection:
        found = connection.execute("SELECT study_id FROM study").fetchone()
        assert found is not None and isinstance(found[0], int)
        layers = layers_of(connection, found[0])
    assert [one.correction_id for one in layers] == [first, second]
    assert layers[0].correction.at <= layers[1].correction.at <= datetime.now(UTC)
