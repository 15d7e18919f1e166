"""Storing: what is acknowledged is durable and indexed, what is refused leaves nothing, repeats change nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from blake3 import blake3
from tests.domain.conftest import CT, EXPLICIT, IMPLICIT, SOURCE, Hospital, a_ct_slice, element

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.archive.errors import ArchiveStopping, DataSetMismatch, ObjectTooLarge
from isocenter.domain.archive.outcome import StoreKind
from isocenter.index.institutions import Institution
from isocenter.kit.errors import Invalid, IsocenterError
from isocenter.storage.journal import JournalMember, read_segment
from isocenter.storage.segments import segments


def members(home: Path) -> list[JournalMember]:
    directory = home / "journal"
    found = [item for name in segments(directory) for item in read_segment(name.path(directory))]
    return [item for item in found if isinstance(item, JournalMember)]


def test_a_stored_object_lies_in_the_journal_bit_for_bit_and_is_indexed(hospital: Hospital) -> None:
    data_set = a_ct_slice()
    outcome = hospital.store(data_set)
    assert outcome.kind is StoreKind.STORED
    assert outcome.study_instance_uid == "1.2.3"
    [member] = members(hospital.home)
    assert bytes(member.data_set) == data_set
    assert member.header.digest == blake3(data_set).digest()
    assert hospital.rows("SELECT sop_instance_uid, digest FROM instance") == [("1.2.3.1.1", blake3(data_set).digest())]


def test_an_object_over_eight_mebibytes_streams_into_the_journal_and_is_indexed(hospital: Hospital) -> None:
    data_set = a_ct_slice(pixels=bytes(range(256)) * (40 << 10))
    reception = hospital.reception()
    for start in range(0, len(data_set), 1 << 20):
        reception.write(data_set[start : start + (1 << 20)])
    assert reception.complete().kind is StoreKind.STORED
    assert hospital.rows("SELECT data_set_length, digest FROM instance") == [(len(data_set), blake3(data_set).digest())]


def test_the_same_bytes_again_are_success_and_change_nothing(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    before = hospital.rows("SELECT instance_count, version FROM study")
    assert hospital.store(a_ct_slice()).kind is StoreKind.ALREADY_STORED
    assert hospital.rows("SELECT instance_count, version FROM study") == before


def test_the_same_object_in_another_encoding_is_success_and_changes_nothing(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    outcome = hospital.store(a_ct_slice(implicit=True), syntax=IMPLICIT)
    assert outcome.kind is StoreKind.ALREADY_STORED
    assert hospital.rows("SELECT count(*) FROM aside_instance") == [(0,)]


def test_other_content_under_a_known_uid_is_kept_aside_with_a_quality_task(hospital: Hospital) -> None:
    first, second = a_ct_slice(), a_ct_slice(pixels=b"\7\7" * 16)
    hospital.store(first)
    assert hospital.store(second).kind is StoreKind.KEPT_ASIDE
    assert hospital.store(second).kind is StoreKind.KEPT_ASIDE
    assert hospital.rows("SELECT digest FROM instance") == [(blake3(first).digest(),)]
    assert hospital.rows("SELECT digest FROM aside_instance") == [(blake3(second).digest(),)]
    assert hospital.rows("SELECT count(*) FROM quality_task") == [(1,)]


def test_a_known_uid_in_another_study_is_kept_aside(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    assert hospital.store(a_ct_slice(study="9.9")).kind is StoreKind.KEPT_ASIDE
    assert hospital.rows("SELECT study_instance_uid FROM aside_instance") == [("9.9",)]
    assert hospital.rows("SELECT study_instance_uid FROM study") == [("1.2.3",)]


def test_a_repeat_mends_a_damaged_copy(hospital: Hospital) -> None:
    data_set = a_ct_slice()
    hospital.store(data_set)
    [member] = members(hospital.home)
    with member.location.segment.path(hospital.home / "journal").open("r+b") as file:
        file.seek(member.location.data_set_offset + 20)
        file.write(b"\xff\xff\xff")
    assert hospital.store(data_set).kind is StoreKind.ALREADY_STORED
    [(offset,)] = hospital.rows("SELECT data_set_offset FROM instance")
    assert offset != member.location.data_set_offset


def test_the_same_uid_at_two_hospitals_is_two_objects(hospital: Hospital, other_institution: Institution) -> None:
    elsewhere = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", other_institution.institution_id, (Role.MODALITY,))
    hospital.store(a_ct_slice())
    reception = hospital.archive.reception(
        elsewhere, SOURCE, sop_class_uid=CT, sop_instance_uid="1.2.3.1.1", transfer_syntax_uid=EXPLICIT
    )
    reception.write(a_ct_slice(pixels=b"\5\5" * 16))
    assert reception.complete().kind is StoreKind.STORED
    assert hospital.rows("SELECT count(*) FROM instance") == [(1,)]


def test_missing_patient_id_and_bad_dates_are_stored_with_warnings(hospital: Hospital) -> None:
    outcome = hospital.store(a_ct_slice(patient_id="").replace(b"20240131", b"2024XX31"))
    assert outcome.kind is StoreKind.STORED
    assert {"patient-id-missing", "study-date-invalid"} <= set(outcome.warnings)
    assert hospital.rows("SELECT patient_id, study_date FROM study") == [(None, "")]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda data: data[:-5], "cut pixel data"),
        (lambda data: data.replace(b"1.2.3.1.1\0", b"../../etc\0"), "path-like UID"),
        (lambda data: data.replace(b"1.2.3\0", b"\0\0\0\0\0\0"), "NUL in a UID"),
        (lambda data: b"", "nothing at all"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_leaves_nothing(hospital: Hospital, damage, what: str) -> None:
    reception = hospital.reception()
    reception.write(damage(a_ct_slice()))
    with pytest.raises(Invalid):
        reception.complete()
    reception.abandon()
    assert members(hospital.home) == [], what
    assert hospital.rows("SELECT count(*) FROM study") == [(0,)]


def test_a_data_set_that_is_not_the_announced_instance_is_refused(hospital: Hospital) -> None:
    with pytest.raises(DataSetMismatch):
        hospital.store(a_ct_slice(number=2), uid="1.2.3.1.1")
    assert members(hospital.home) == []


def test_an_object_over_the_limit_is_refused_and_its_part_is_removed(hospital: Hospital) -> None:
    reception = hospital.reception()
    with pytest.raises(ObjectTooLarge):
        for _ in range(66):
            reception.write(bytes(1 << 20))
    reception.abandon()
    assert hospital.journal_bytes() == 0


def test_an_abandoned_object_leaves_nothing(hospital: Hospital) -> None:
    reception = hospital.reception()
    reception.write(bytes(9 << 20))
    reception.abandon()
    assert members(hospital.home) == []
    assert not [path for path in (hospital.home / "journal").rglob("*") if path.is_file() and path.stat().st_size > 100]


def test_a_group_stores_the_good_objects_and_reports_the_bad_one(hospital: Hospital) -> None:
    receptions = [hospital.reception(uid=f"1.2.3.1.{number}") for number in (1, 2, 3)]
    for number, reception in enumerate(receptions, start=1):
        reception.write(a_ct_slice(number) if number != 2 else b"rubbish")
    one, two, three = hospital.archive.complete_many(receptions)
    assert isinstance(two, IsocenterError)
    assert not isinstance(one, IsocenterError) and one.kind is StoreKind.STORED
    assert not isinstance(three, IsocenterError) and three.kind is StoreKind.STORED


def test_many_senders_at_once_lose_nothing_and_share_segments(hospital: Hospital) -> None:
    def sender(number: int) -> None:
        for turn in range(20):
            series = f"1.2.{number}.1"
            hospital.store(a_ct_slice(turn, study=f"1.2.{number}", series=series), uid=f"{series}.{turn}")

    threads = [threading.Thread(target=sender, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert hospital.rows("SELECT count(*), count(DISTINCT study_id) FROM instance") == [(160, 8)]
    assert len(segments(hospital.home / "journal")) <= 2


def test_a_hundred_repeats_from_several_senders_at_once_are_one_object(hospital: Hospital) -> None:
    kinds: list[StoreKind] = []
    threads = [
        threading.Thread(target=lambda: kinds.extend(hospital.store(a_ct_slice()).kind for _ in range(20)))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(kinds).count(StoreKind.STORED) == 1
    assert len(kinds) == 100
    assert hospital.rows("SELECT count(*) FROM instance") == [(1,)]


def test_a_closed_archive_takes_nothing_more(hospital: Hospital) -> None:
    hospital.archive.close()
    with pytest.raises(ArchiveStopping):
        hospital.reception()


def test_a_code_stream_that_is_not_what_its_syntax_says_is_stored_with_a_warning(hospital: Hospital) -> None:
    jpeg_ls = bytes.fromhex("ffd8fff7000b080004000401011100ffda0008010100000000")
    fragments = element(0xFFFE, 0xE000, "", b"", implicit=True) + element(0xFFFE, 0xE000, "OB", jpeg_ls, implicit=True)
    ending = element(0xFFFE, 0xE0DD, "", b"", implicit=True)
    native = a_ct_slice()
    start = native.index(b"\xe0\x7f\x10\x00")
    encapsulated = native[:start] + b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + fragments + ending
    assert hospital.store(encapsulated, syntax="1.2.840.10008.1.2.4.80").warnings == ()
    outcome = hospital.store(
        encapsulated.replace(b"1.2.3.1.1", b"1.2.3.1.2"), uid="1.2.3.1.2", syntax="1.2.840.10008.1.2.4.90"
    )
    assert outcome.warnings == ("code-stream-is-jpeg-ls",)
