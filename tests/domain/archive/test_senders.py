"""What a sender leaves unsaid holds in the index, also when a journal is read back; what it says is believed."""

from __future__ import annotations

import pytest
from tests.domain.archive.test_recovery import die, lose_rows
from tests.domain.conftest import Hospital, Open, a_ct_slice, element

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.archive.errors import InvalidSender
from isocenter.domain.archive.senders import Sender, senders_of, set_sender
from isocenter.kit.errors import Invalid, Refused
from isocenter.standards.dicom.attributes import default_in

NAME = "홍^길동"


def administrator(hospital: Hospital) -> Caller:
    return Caller(CallerKind.USER, "ada", hospital.caller.institution_id, (Role.ADMINISTRATOR,))


def named(raw: bytes, charset: bytes | None = None, number: int = 1) -> bytes:
    """A slice whose patient has this name."""
    plain = a_ct_slice(number).replace(element(0x10, 0x10, "PN", b"Sample^One"), element(0x10, 0x10, "PN", raw))
    return plain if charset is None else element(0x08, 0x05, "CS", charset) + plain


def knows(hospital: Hospital, sender: Sender) -> None:
    set_sender(hospital.database, administrator(hospital), sender)
    hospital.archive._holdings.senders._pages.clear()  # as if a few seconds had passed


def test_a_silent_sender_is_read_in_its_default(hospital: Hospital) -> None:
    knows(hospital, Sender("SCANNER", "ISO 2022 IR 149"))
    outcome = hospital.store(named(NAME.encode("euc_kr")))
    assert hospital.rows("SELECT patient_name FROM study") == [(NAME,)]
    assert default_in(" ".join(outcome.warnings)) == "ISO_2022_IR_149"


def test_what_an_object_declares_goes_before_the_default(hospital: Hospital) -> None:
    knows(hospital, Sender("SCANNER", "ISO 2022 IR 149"))
    hospital.store(named(NAME.encode(), b"ISO_IR 192"))
    assert hospital.rows("SELECT patient_name, warnings FROM study JOIN instance USING (institution_id)") == [
        (NAME, None)
    ]


def test_patient_ids_of_a_sender_are_of_its_issuer(hospital: Hospital) -> None:
    knows(hospital, Sender("SCANNER", None, "HOSPITAL-A"))
    hospital.store(a_ct_slice(1))
    assert hospital.rows("SELECT patient_id, issuer_of_patient_id FROM patient") == [("P1", "HOSPITAL-A")]


def test_an_issuer_that_the_object_names_goes_before_that_of_the_sender(hospital: Hospital) -> None:
    knows(hospital, Sender("SCANNER", None, "HOSPITAL-A"))
    own = element(0x10, 0x21, "LO", b"HOSPITAL-B")
    hospital.store(a_ct_slice(1).replace(element(0x10, 0x20, "LO", b"P1"), element(0x10, 0x20, "LO", b"P1") + own))
    assert hospital.rows("SELECT issuer_of_patient_id FROM study") == [("HOSPITAL-B",)]


def test_a_journal_is_read_back_with_the_same_defaults(
    hospital: Hospital, database_url: str, open_archive: Open
) -> None:
    knows(hospital, Sender("SCANNER", "ISO 2022 IR 149", "HOSPITAL-A"))
    hospital.store(named(NAME.encode("euc_kr")))
    before = hospital.rows(
        "SELECT patient_name, issuer_of_patient_id, warnings FROM study JOIN instance USING (study_id)"
    )
    die(hospital.archive)
    lose_rows(database_url)
    open_archive()
    after = hospital.rows(
        "SELECT patient_name, issuer_of_patient_id, warnings FROM study JOIN instance USING (study_id)"
    )
    assert before == after
    assert after[0][:2] == (NAME, "HOSPITAL-A")


def test_only_an_administrator_may_say(hospital: Hospital) -> None:
    with pytest.raises(Refused):
        set_sender(hospital.database, hospital.caller, Sender("CT1", "GB18030"))
    with pytest.raises(Refused):
        senders_of(hospital.database, hospital.caller)


def test_terms_are_kept_in_their_usual_spelling_and_each_change_is_audited(hospital: Hospital) -> None:
    kept = set_sender(hospital.database, administrator(hospital), Sender(" CT1 ", "iso_ir_100", " A "))
    assert kept == Sender("CT1", "ISO_IR 100", "A")
    assert senders_of(hospital.database, administrator(hospital)) == [kept]
    assert hospital.rows("SELECT action, detail->>'ae_title' FROM audit_event") == [("sender-changed", "CT1")]


@pytest.mark.parametrize(
    "sender",
    [
        Sender("", "GB18030"),
        Sender("SEVENTEEN-LETTERS", "GB18030"),
        Sender("A\\B", "GB18030"),
        Sender("A\x1b[2J", "GB18030"),
        Sender("CT1", "KLINGON"),
        Sender("CT1", None, "x" * 65),
        Sender("CT1", None, "a\nb"),
    ],
)
def test_what_is_not_of_the_form_is_refused(hospital: Hospital, sender: Sender) -> None:
    with pytest.raises(Invalid):
        set_sender(hospital.database, administrator(hospital), sender)
    assert hospital.rows("SELECT * FROM device") == []


def test_an_unknown_term_says_so(hospital: Hospital) -> None:
    with pytest.raises(InvalidSender, match="defined term"):
        set_sender(hospital.database, administrator(hospital), Sender("CT1", "KLINGON"))
