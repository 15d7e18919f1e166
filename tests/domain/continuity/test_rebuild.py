"""An index of nothing is made of packs, journals and facts; nothing erased comes back, and all that was done is."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.domain.archive.test_recovery import die
from tests.domain.conftest import a_ct_slice
from tests.domain.continuity.conftest import InProcess, Kept
from tests.domain.exchange.key_objects import KEY_OBJECTS, a_note
from tests.storage.builders import bytes_in

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.restriction.facts import RestrictionFacts
from isocenter.access.restriction.restrictions import lift_restriction, restrict_patient
from isocenter.access.roles import Role
from isocenter.apps.postgres.dump import load_index
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.erase import erase_study, facts_key_path
from isocenter.domain.archive.erase_instance import erase_instance
from isocenter.domain.archive.reclaim import sweep_orphan_packs
from isocenter.domain.continuity.backup import back_up
from isocenter.domain.continuity.forward import Forward, bring_forward, make_institutions
from isocenter.domain.continuity.institution_book import write_institutions
from isocenter.domain.continuity.replay import FactReplay
from isocenter.domain.continuity.restore import begin_restore, examine_backup, lay_out
from isocenter.domain.exchange.rejection import RejectionWork, read_key_objects
from isocenter.domain.identity.acts import Records
from isocenter.domain.identity.corrections import correct_attributes, move_study_to_patient, undo
from isocenter.domain.identity.patients import add_identifier, merge_patients
from isocenter.domain.identity.versions import choose_version
from isocenter.index.migrate import migrate
from isocenter.index.outbox import events_after
from isocenter.index.snapshot import loaded_counts, settle_loaded
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.storage.errors import ForgedFact
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import FactLog, read_key_file

SEEN = {
    "studies": """SELECT s.study_instance_uid, s.patient_id, s.issuer_of_patient_id, s.patient_name, s.study_date,
        s.study_description, s.series_count, s.instance_count, s.modalities, s.deleted_at IS NOT NULL,
        (SELECT p.patient_id FROM patient p WHERE p.patient_key = s.patient_key) FROM study s ORDER BY 1""",
    "series": """SELECT s.study_instance_uid, e.series_instance_uid, e.modality, e.sealed_instance_count,
        e.sealed_frame_count FROM series e JOIN study s USING (study_id) ORDER BY 1, 2""",
    "packs": "SELECT object_key, size_bytes, received_bytes, instance_count, digest FROM pack ORDER BY 1",
    "lookup": """SELECT s.study_instance_uid, l.uid_hash, CASE WHEN i.ordinal IS NULL THEN l.ordinal END
        FROM instance_lookup l JOIN study s USING (study_id) LEFT JOIN instance i USING (study_id, ordinal)
        ORDER BY 1, 2""",
    "open": "SELECT sop_instance_uid, digest, member_offset FROM instance ORDER BY 1",
    "asides": "SELECT sop_instance_uid, reason, digest, segment_id IS NULL FROM aside_instance ORDER BY 1, 3",
    "patients": """SELECT p.patient_id, p.issuer_of_patient_id, p.patient_name,
        (SELECT o.patient_id FROM patient o WHERE o.patient_key = p.merged_into) FROM patient p ORDER BY 1, 2""",
    "identifiers": """SELECT i.patient_id, i.issuer_of_patient_id, p.patient_id FROM patient_identifier i
        JOIN patient p USING (patient_key) ORDER BY 1, 2""",
    "corrections": """SELECT kind, study_instance_uid, reason, before, after, object_key, caller_kind, caller_id,
        undone_at IS NOT NULL, undone_by FROM correction ORDER BY object_key""",
    "chosen": "SELECT sop_instance_uid, digest, attributes FROM chosen_version ORDER BY 1",
    "rejections": "SELECT sop_instance_uid, code, instance_count, state FROM rejection ORDER BY 1",
    "hidden": "SELECT sop_instance_uid FROM hidden_instance ORDER BY 1",
    "restrictions": """SELECT p.patient_id, r.kind, r.reason, r.set_by, r.lifted_reason FROM patient_restriction r
        JOIN patient p USING (patient_key) ORDER BY 1, 2, 5""",
    "restricted now": """SELECT p.patient_id, r.kind FROM restricted_patient r JOIN patient p USING (patient_key)
        ORDER BY 1""",
    "erased instances": "SELECT * FROM erased_instance ORDER BY 2",
    "erasures": "SELECT * FROM erasure ORDER BY 2",
    "deleted": "SELECT study_instance_uid, deleted_at, reason FROM deleted_study ORDER BY 1",
    "institutions": "SELECT institution_id, code, name FROM institution ORDER BY 1",
}


def looked_at(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the index says, without the numbers that it gave."""
    with psycopg.connect(url) as connection:
        return {name: connection.execute(query.encode()).fetchall() for name, query in SEEN.items()}


def rebuilt(kept: Kept, url: str, home: Path | None = None) -> Forward:
    """Make an index of what lies in the home."""
    migrate(url)
    data = bytes_in(home or kept.home)
    assert make_institutions(url, data, "First") == [kept.caller.institution_id]
    with closing(Database(url)) as database:
        return bring_forward(kept.system, FactReplay(database, data, facts_key_path(kept.home)))


@pytest.fixture
def anna(kept: Kept) -> Caller:
    """Somebody who may everything in her hospital."""
    return Caller(CallerKind.USER, "7", kept.caller.institution_id, (Role.ADMINISTRATOR,), "sitting")


def patient(kept: Kept, patient_id: str) -> int:
    [(key,)] = kept.rows(f"SELECT patient_key FROM patient WHERE patient_id = '{patient_id}'")
    assert isinstance(key, int)
    return key


def test_everything_that_was_done_is_there_again(kept: Kept, anna: Caller, other_database_url: str) -> None:
    key_file = facts_key_path(kept.home)
    records = Records(kept.database, kept.data.store, key_file, kept.data)
    facts = RestrictionFacts(kept.data.store, key_file)
    write_institutions(kept.database, kept.data.store, read_key_file(key_file))
    # a study of several packs, one that is open, and others for what is done to them
    kept.slices(8)
    kept.seal()
    kept.slices(1, first=20)
    kept.store(a_ct_slice(1, pixels=b"\3\4" * 16), uid="1.2.3.1.1")  # other content under a known UID
    kept.seal()
    kept.store(a_ct_slice(2, pixels=b"\5\6" * 16), uid="1.2.3.1.2")  # and one that is not sealed yet
    for number, patient_id in (("4", "P2"), ("5", "P3"), ("6", "P4"), ("7", "P5"), ("8", "P1"), ("9", "P6")):
        kept.slices(2, f"1.2.{number}", patient_id=patient_id)
    for study in ("1.2.4", "1.2.5", "1.2.7", "1.2.9"):
        kept.seal(study)
    merge_patients(anna, records, patient(kept, "P2"), patient(kept, "P1"), "one person")
    move_study_to_patient(anna, records, "1.2.5", patient(kept, "P4"), "wrong patient")
    correct_attributes(anna, records, "1.2.8", {"StudyDescription": "Thorax", "PatientID": "P9"}, "typo")
    wrong = correct_attributes(anna, records, "1.2.3", {"StudyDescription": "Nonsense"}, "mistake")
    undo(anna, records, wrong)
    add_identifier(anna, records, patient(kept, "P4"), "X-4", "ELSEWHERE", "also known as")
    [(sealed_aside,)] = kept.rows("SELECT aside_id FROM aside_instance WHERE segment_id IS NULL")
    assert isinstance(sealed_aside, int)
    choose_version(anna, records, "1.2.3", sealed_aside, "the later one is right")
    held = restrict_patient(kept.database, kept.system, patient(kept, "P1"), "legal-hold", "Court order", facts=facts)
    vip = restrict_patient(kept.database, kept.system, patient(kept, "P3"), "vip", "A minister", facts=facts)
    lift_restriction(kept.database, kept.system, vip.patient_key, vip.restriction_id, "Left office", facts=facts)
    note = a_note("1.2.3.99.1", ["1.2.3.1.5"])
    reception = kept.reception(uid="1.2.3.99.1", sop_class=KEY_OBJECTS)
    reception.write(note)
    reception.complete()
    read_key_objects(
        RejectionWork(kept.database, kept.data, key_file, InProcess()),  # type: ignore[arg-type]
        kept.caller.institution_id,
    )
    deletions = Deletions(kept.database, kept.data.store, key_file, recoverable_for=timedelta(days=30))
    deletions.delete(anna, "1.2.6", reason="twice")
    deletions.delete(anna, "1.2.5", reason="oops")
    deletions.restore(anna, "1.2.5")
    erase_study(kept.system, kept.database, kept.data.store, key_file, "1.2.7", reason="test")
    erase_study(kept.system, kept.database, kept.data.store, key_file, "1.2.9", reason="test")
    kept.slices(1, "1.2.9", patient_id="P6", first=5)  # sent again after it was erased
    erase_instance(kept.system, kept.database, kept.data.store, key_file, "1.2.8", "1.2.8.1.1", reason="test")
    erase_instance(kept.system, kept.database, kept.data.store, key_file, "1.2.5", "1.2.5.1.1", reason="test")
    assert held.kind == "legal-hold"
    die(kept.archive)

    before = looked_at(kept.database_url)
    forward = rebuilt(kept, other_database_url)
    assert forward.problems == []
    after = looked_at(other_database_url)
    for name, rows in before.items():
        assert after[name] == rows, name
    assert len(before["studies"]) == 6


def test_an_older_index_is_brought_forward_to_a_store_that_went_on(kept: Kept, anna: Caller, tmp_path: Path) -> None:
    """What a restore does where the packs were left to their copies: a sweep must not take what the index forgot."""
    records = Records(kept.database, kept.data.store, facts_key_path(kept.home), kept.data)
    kept.slices(8)
    kept.seal()
    kept.slices(2, "1.2.4")
    kept.slices(2, "1.2.5")
    correct_attributes(anna, records, "1.2.4", {"StudyDescription": "Before"}, "typo")
    back_up(kept.system, kept.source_with_index, kept.target, with_packs=False)
    kept.slices(8, first=10)
    kept.seal()  # merges: the pack that the older index names is gone
    kept.seal("1.2.4")
    kept.slices(2, "1.2.6")
    kept.seal("1.2.6")
    correct_attributes(anna, records, "1.2.4", {"StudyDescription": "After"}, "again")
    erase_study(kept.system, kept.database, kept.data.store, facts_key_path(kept.home), "1.2.5", reason="test")
    for uid in ("1.2.3.1.2", "1.2.4.1.2"):
        study = uid[:5]
        erase_instance(
            kept.system, kept.database, kept.data.store, facts_key_path(kept.home), study, uid, reason="test"
        )
    before = looked_at(kept.database_url)
    examined = examine_backup(kept.system, kept.target)
    die(kept.archive)
    home = tmp_path / "restored"
    begin_restore(home)
    dump = lay_out(kept.target, examined, home, kept.data.store)
    kept.database.close()
    with psycopg.connect(make_conninfo(kept.database_url, dbname="postgres"), autocommit=True) as connection:
        name = conninfo_to_dict(kept.database_url)["dbname"]
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    load_index(kept.database_url, dump)
    with psycopg.connect(kept.database_url, autocommit=True) as connection:
        assert loaded_counts(connection) == examined.manifest.counts
        settle_loaded(connection)
    with closing(Database(kept.database_url)) as database:
        work = FactReplay(database, Bytes(home / "journal", kept.data.store), facts_key_path(home))
        forward = bring_forward(kept.system, work, after=examined.manifest.facts)
        assert sweep_orphan_packs(database, kept.data.store, now=utc_now() + timedelta(days=1)) == 0
        with database.transaction(kept.caller.institution_id) as connection:
            assert events_after(connection, 0)
    assert forward.problems == []
    after = looked_at(kept.database_url)
    for name, rows in before.items():
        assert after[name] == rows, name


def test_what_cannot_be_read_is_named_and_the_others_come_back(kept: Kept, other_database_url: str) -> None:
    for study in ("1.2.3", "1.2.4"):
        kept.slices(2, study)
        kept.seal(study)
    [key, _] = [str(row[0]) for row in kept.rows("SELECT object_key FROM pack ORDER BY pack_id")]
    path = kept.data.store.local_path(key)
    assert path is not None
    with path.open("r+b") as file:
        file.truncate(900)
    die(kept.archive)
    for segment in (kept.home / "journal").rglob("*.tar"):
        segment.unlink()
    forward = rebuilt(kept, other_database_url)
    assert forward.problems == [f"{key}: damaged"]
    assert [row[0] for row in looked_at(other_database_url)["studies"]] == ["1.2.4"]


def test_a_fact_log_with_a_gap_stops_everything_before_it_begins(kept: Kept, other_database_url: str) -> None:
    kept.slices(2)
    kept.seal()
    facts = FactLog(kept.data.store, kept.caller.institution_id, facts_key_path(kept.home))
    first = facts.append({"kind": "test"})
    facts.append({"kind": "test"})
    kept.data.store.delete(f"facts/{kept.caller.institution_id}/{first.sequence:012d}.json")
    with pytest.raises(ForgedFact, match="missing"):
        rebuilt(kept, other_database_url)
    assert looked_at(other_database_url)["studies"] == []


def test_of_a_merge_that_was_interrupted_the_later_pack_counts(kept: Kept, other_database_url: str) -> None:
    kept.slices(2)
    kept.seal()
    [(first,)] = kept.rows("SELECT object_key FROM pack")
    old = kept.data.store.get(str(first))
    kept.slices(2, first=10)
    kept.seal()
    kept.data.store.put(str(first), old)  # its deletion never happened
    before = looked_at(kept.database_url)
    die(kept.archive)
    forward = rebuilt(kept, other_database_url)
    assert (forward.adopted.packs, forward.adopted.left, forward.adopted.instances) == (1, 1, 4)
    assert looked_at(other_database_url)["packs"] == before["packs"]
