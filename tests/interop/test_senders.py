"""A Korean device that declares no character set, from the command line to the answers of C-FIND and QIDO-RS."""

from __future__ import annotations

import json

import pytest
from bench.association import Association, contexts_of
from bench.data import instance_of
from bench.node import Node, eventually
from pydicom import Dataset
from pynetdicom import AE
from tests.domain.conftest import element
from tests.interop.builders import a_ct

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
NAME = "홍^길동"


def found_by_c_find(node: Node, study_instance_uid: str) -> Dataset:
    entity = AE(ae_title="KOREA")
    entity.add_requested_context(STUDY_ROOT_FIND)
    association = entity.associate("127.0.0.1", node.dicom_port, ae_title=node.ae_title)
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID, wanted.PatientName = "STUDY", study_instance_uid, ""
    wanted.SpecificCharacterSet = "ISO_IR 192"
    answers = [answer for status, answer in association.send_c_find(wanted, STUDY_ROOT_FIND) if answer is not None]
    association.release()
    [only] = answers
    return only


def test_a_default_that_is_set_on_the_command_line_holds_for_what_comes_next(node: Node) -> None:
    term = r"\ISO 2022 IR 149"
    done = node.command("sender", "set", "KOREA", "--character-set", term, "--issuer", "SEOUL")
    assert done.returncode == 0, done.stderr
    listed = node.command("sender", "list", "--json").stdout
    assert json.loads(listed) == [{"ae_title": "KOREA", "default_character_set": term, "issuer_of_patient_id": "SEOUL"}]
    numbers = iter(range(1, 1000))

    def is_read_in_it() -> bool:
        """Processes believe what they know of senders for some seconds: each try is another study."""
        number = next(numbers)
        data_set = a_ct(f"korea-{number}", PatientName="PLAIN^NAME", SpecificCharacterSet=None)
        instance = instance_of(data_set)
        raw = bytes(instance.data_set[0]).replace(
            element(0x10, 0x10, "PN", b"PLAIN^NAME"), element(0x10, 0x10, "PN", NAME.encode("euc_kr"))
        )
        sent = type(instance)(
            instance.sop_class_uid,
            instance.sop_instance_uid,
            instance.study_instance_uid,
            instance.series_instance_uid,
            instance.transfer_syntax_uid,
            (memoryview(raw),),
        )
        association = Association(
            node.dicom_port, called=node.ae_title, calling="KOREA", contexts=contexts_of([instance])
        )
        assert association.store(sent).status == 0
        association.release()
        place = f"/dicom-web/studies?StudyInstanceUID={instance.study_instance_uid}&includefield=IssuerOfPatientID"
        [study] = node.get(place).json()  # type: ignore[misc]
        if study["00100010"]["Value"][0].get("Alphabetic") != NAME:
            return False
        assert study["00100021"]["Value"] == ["SEOUL"]
        answer = found_by_c_find(node, instance.study_instance_uid)
        assert (str(answer.PatientName), answer.SpecificCharacterSet) == (NAME, "ISO_IR 192")
        return True

    assert eventually(is_read_in_it, 20)


@pytest.mark.parametrize(
    "arguments", [("sender", "set", "CT1", "--character-set", "KLINGON"), ("sender", "set", "A\\B")]
)
def test_a_sender_that_makes_no_sense_gets_one_line(node: Node, arguments: tuple[str, ...]) -> None:
    done = node.command(*arguments)
    assert done.returncode == 2
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1
