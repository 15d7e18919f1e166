"""C-FIND: every level in both roots, what is answered, refusals, cancelling, other people's toolkits."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from tests.adapters.dimse.query_retrieve import FIND, PATIENT_FIND, Pacs, answers, identifier, opened
from tests.domain.conftest import Hospital
from tests.wire.upper_layer import IMPLICIT, Wire, associate_request, command, context, p_data, pdv, status

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.adapters.dimse import query_retrieve_scp
from isocenter.delivery.library import Library
from isocenter.index.find import Found, Level
from isocenter.index.institutions import Institution
from isocenter.kit.database import DatabaseAway
from isocenter.standards.dicom.dimse import CommandField
from isocenter.wire.service import Peer


def found(pacs: Pacs, model: str, asked: Dataset, **negotiated: object) -> list[Dataset]:
    """All answers to a query that ends with success."""
    with pacs.associated(model, **negotiated) as association:  # type: ignore[arg-type]
        pending, final = answers(association.send_c_find(asked, model))
    assert final.Status == 0
    return pending


def options(model: str, *values: int) -> SOPClassExtendedNegotiation:
    made = SOPClassExtendedNegotiation()
    made.sop_class_uid, made.service_class_application_information = model, bytes(values)
    return made


def test_studies_are_found_with_what_was_asked_for(pacs: Pacs) -> None:
    pacs.store(studies=2, slices=2)
    asked = identifier(
        "STUDY",
        PatientName="SAMPLE*",
        PatientID="",
        StudyInstanceUID="",
        StudyDate="20240101-20241231",
        ModalitiesInStudy="",
        NumberOfStudyRelatedInstances="",
        StudyDescription="",
        SeriesInstanceUID="",
    )
    pending = found(pacs, FIND, asked)
    assert {each.StudyInstanceUID for each in pending} == {"1.2.1.1", "1.2.1.2"}
    one = pending[0]
    assert one.QueryRetrieveLevel == "STUDY"
    assert one.PatientName == "Sample^One"
    assert one.ModalitiesInStudy == "CT"
    assert one.NumberOfStudyRelatedInstances == 2
    assert one.StudyDescription == ""
    assert one.SeriesInstanceUID == ""
    assert one.RetrieveAETitle == "ISOCENTER"
    assert one.InstanceAvailability == "ONLINE"
    assert "AccessionNumber" not in one


def test_every_level_of_both_roots_is_found(pacs: Pacs) -> None:
    pacs.store(series=2, slices=3)
    pacs.store(patient_id="P2")
    assert {each.PatientID for each in found(pacs, PATIENT_FIND, identifier("PATIENT", PatientID="P*"))} == {"P1", "P2"}
    studies = found(pacs, PATIENT_FIND, identifier("STUDY", PatientID="P1", StudyInstanceUID=""))
    assert [each.StudyInstanceUID for each in studies] == ["1.2.1.1"]
    for model, above in ((FIND, {}), (PATIENT_FIND, {"PatientID": "P1"})):
        asked = identifier("SERIES", **above, StudyInstanceUID="1.2.1.1", SeriesInstanceUID="", Modality="CT")
        series = found(pacs, model, asked)
        assert {each.SeriesInstanceUID for each in series} == {"1.2.1.1.1", "1.2.1.1.2"}
        asked = identifier(
            "IMAGE",
            **above,
            StudyInstanceUID="1.2.1.1",
            SeriesInstanceUID="1.2.1.1.2",
            SOPInstanceUID=["1.2.1.1.2.1", "1.2.1.1.2.3"],
            InstanceNumber="",
            Rows=None,
        )
        images = found(pacs, model, asked)
        assert [(each.SOPInstanceUID, each.InstanceNumber, each.Rows) for each in images] == [
            ("1.2.1.1.2.1", 1, 4),
            ("1.2.1.1.2.3", 3, 4),
        ]


def test_what_only_objects_know_is_answered_too(pacs: Pacs) -> None:
    pacs.store(slices=1)
    asked = identifier(
        "IMAGE",
        StudyInstanceUID="1.2.1.1",
        SeriesInstanceUID="1.2.1.1.1",
        PhotometricInterpretation="",
        BitsStored=None,
    )
    (image,) = found(pacs, FIND, asked)
    assert image.PhotometricInterpretation == "MONOCHROME2"
    assert image.BitsStored == 16


def test_sequences_are_answered_with_the_keys_that_were_asked(pacs: Pacs) -> None:
    pacs.store(slices=1)
    asked = identifier("STUDY", StudyInstanceUID="")
    item = Dataset()
    item.CodeValue = ""
    asked.ProcedureCodeSequence = Sequence([item])
    (study,) = found(pacs, FIND, asked)
    assert list(study.ProcedureCodeSequence) == []


def test_a_chinese_name_is_asked_and_answered_in_its_own_words(pacs: Pacs) -> None:
    from tests.domain.conftest import a_ct_slice

    data = a_ct_slice(1, study="1.2.8.1", series="1.2.8.1.1", patient_id="P8")
    name = "Wang^XiaoDong=王^小东".encode()
    name += b" " * (len(name) & 1)
    plain = b"\x10\0\x10\0PN\x0a\0Sample^One"
    assert plain in data
    data = data.replace(plain, b"\x10\0\x10\0PN" + len(name).to_bytes(2, "little") + name)
    pacs.hospital.store(b"\x08\0\x05\0CS\x0a\0ISO_IR 192" + data, uid="1.2.8.1.1.1")
    asked = identifier("STUDY", SpecificCharacterSet="GB18030", PatientName="王^小东", StudyInstanceUID="")
    (study,) = found(pacs, FIND, asked)
    assert study.SpecificCharacterSet == "ISO_IR 192"
    assert str(study.PatientName) == "Wang^XiaoDong=王^小东"


def test_a_relational_query_needs_to_be_negotiated(pacs: Pacs) -> None:
    pacs.store(series=2)
    asked = identifier("SERIES", SeriesInstanceUID="", PatientID="P1")
    with pacs.associated(FIND) as association:
        pending, final = answers(association.send_c_find(asked, FIND))
        assert (pending, final.Status) == ([], 0xA900)
    relational = found(pacs, FIND, asked, extended=[options(FIND, 1)])
    assert {each.SeriesInstanceUID for each in relational} == {"1.2.1.1.1", "1.2.1.1.2"}


def test_fuzzy_names_need_to_be_negotiated(pacs: Pacs) -> None:
    pacs.store()
    asked = identifier("STUDY", PatientName="Sampel^One", StudyInstanceUID="")
    assert found(pacs, FIND, asked) == []
    assert len(found(pacs, FIND, asked, extended=[options(FIND, 0, 0, 1)])) == 1


BAD = {
    "no level": (FIND, Dataset()),
    "a level of another root": (FIND, identifier("PATIENT", PatientID="P1")),
    "a level that is none": (FIND, identifier("FOLDER", PatientID="P1")),
    "a date that is none": (FIND, identifier("STUDY", StudyInstanceUID="", StudyDate="yesterday")),
}


@pytest.mark.parametrize("name", BAD)
def test_an_identifier_that_makes_no_sense_is_refused_and_the_association_goes_on(pacs: Pacs, name: str) -> None:
    model, asked = BAD[name]
    if name == "no level":
        asked.PatientID = "P1"
    pacs.store()
    with pacs.associated(model) as association:
        _, final = answers(association.send_c_find(asked, model))
        assert final.Status == 0xA900
        assert final.ErrorComment
        assert answers(association.send_c_find(identifier("STUDY", StudyInstanceUID=""), model))[1].Status == 0


@pytest.mark.parametrize("data", [b"", b"\x08\0\x52\0\xff\xff\xff\x7fSTUDY", bytes(3 << 20)])
def test_an_identifier_of_garbage_is_refused(pacs: Pacs, data: bytes) -> None:
    with Wire(pacs.listener) as wire:
        wire.associate(associate_request(context(1, FIND, IMPLICIT), context(3, "1.2.840.10008.1.1", IMPLICIT)))
        wire.send(p_data(pdv(1, 3, command(CommandField.C_FIND_RQ))))
        for start in range(0, len(data), 60000):
            wire.send(p_data(pdv(1, 0, data[start : start + 60000])))
        wire.send(p_data(pdv(1, 2, b"")))
        assert status(wire.read_response()) == 0xA900
        assert wire.echo() == 0


def test_a_caller_without_the_right_to_read_is_refused(hospital: Hospital, library: Library) -> None:
    def modality(peer: Peer) -> Caller:
        return Caller(
            CallerKind.APPLICATION_ENTITY, peer.calling_ae_title, hospital.caller.institution_id, (Role.MODALITY,)
        )

    with opened(hospital, library, modality) as pacs:
        pacs.store()
        with pacs.associated(FIND) as association:
            pending, final = answers(association.send_c_find(identifier("STUDY", StudyInstanceUID=""), FIND))
    assert (pending, final.Status) == ([], 0x0124)


def test_another_institution_is_never_seen(
    hospital: Hospital, library: Library, other_institution: Institution
) -> None:
    def elsewhere(peer: Peer) -> Caller:
        institution_id = other_institution.institution_id
        return Caller(CallerKind.APPLICATION_ENTITY, peer.calling_ae_title, institution_id, (Role.WORKSTATION,))

    with opened(hospital, library, elsewhere) as pacs:
        pacs.store()
        for model, asked in (
            (FIND, identifier("STUDY", PatientID="*", StudyInstanceUID="")),
            (FIND, identifier("IMAGE", StudyInstanceUID="1.2.1.1", SeriesInstanceUID="1.2.1.1.1", SOPInstanceUID="")),
            (PATIENT_FIND, identifier("PATIENT", PatientID="*", PatientName="*")),
        ):
            assert found(pacs, model, asked) == []


def test_a_query_for_everything_stops_soon_after_it_is_cancelled(pacs: Pacs) -> None:
    pacs.store(studies=60, slices=1)
    asked = identifier("STUDY", StudyInstanceUID="", PatientName="*", PatientID="*", StudyDate="*", BitsStored=None)
    with pacs.associated(FIND) as association:
        responses = association.send_c_find(asked, FIND, msg_id=77)
        first, _ = next(responses)
        assert first.Status == 0xFF00
        association.send_c_cancel(77, query_model=FIND)
        asked_at = time.monotonic()
        pending, final = answers(responses)
        assert final.Status in (0xFE00, 0)  # a fast archive may be done before pynetdicom has sent its cancel
        assert time.monotonic() - asked_at < 20
        assert len(pending) < 60
        assert answers(association.send_c_find(identifier("STUDY", StudyInstanceUID="1.2.1.1"), FIND))[1].Status == 0


def test_what_was_found_before_a_search_broke_off_is_answered() -> None:
    def searched() -> Iterator[Found]:
        for number in range(5):
            yield Found(Level.STUDY, {}, ("", number))
        raise DatabaseAway("The database does not answer.")

    groups = []
    with pytest.raises(DatabaseAway):
        for group in query_retrieve_scp._together(searched(), 2):
            groups.append([one.position[1] for one in group])
    assert groups == [[0, 1], [2, 3], [4]]


def test_findscu_finds(pacs: Pacs) -> None:
    pacs.store(studies=2)
    result = pacs.dcmtk(
        "findscu", "-v", "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=P1", "-k", "StudyInstanceUID"
    )
    assert result.returncode == 0, result.stderr
    assert "1.2.1.1" in result.stderr + result.stdout
    assert "1.2.1.2" in result.stderr + result.stdout


def test_findscu_cancels(pacs: Pacs) -> None:
    pacs.store(studies=30, slices=1)
    result = pacs.dcmtk(
        "findscu", "-v", "-S", "--cancel", "3", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID"
    )
    assert result.returncode == 0, result.stderr
    assert "cancel" in (result.stderr + result.stdout).lower()
