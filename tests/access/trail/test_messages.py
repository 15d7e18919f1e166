"""DICOM audit messages (PS3.15 A.5): every action of ours is a message of the standard, whatever its values hold."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import pytest
from tests.access.trail.audit_schema import check

from isocenter.access.audit import Action
from isocenter.access.trail.messages import AuditSource, Event, audit_message
from isocenter.access.trail.told import told_of, untold

SOURCE = AuditSource("node-1", "ISOCENTER", "Demo <&> 医院")
LOOK = Event(
    institution_id=1,
    sequence=41,
    chain=2,
    position=9,
    at=datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
    caller_kind="user",
    caller_id="12",
    roles=("radiologist",),
    action="study-opened",
    outcome=0,
    address="10.1.2.3",
    study_instance_uid="1.2.3",
    sitting="abc",
    detail={},
    digest="ab" * 32,
    username="ada",
    patient_id="P-1",
)


def event_code(message: Element) -> str:
    return message[0][0].attrib["csd-code"]


def objects(message: Element) -> dict[str, Element]:
    return {
        each.attrib["ParticipantObjectTypeCodeRole"]: each for each in message.iter("ParticipantObjectIdentification")
    }


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_told_in_the_schema_of_the_standard(action: Action) -> None:
    message = check(audit_message(replace(LOOK, action=action, detail={"objects": 3, "ae_title": "CT1"}), SOURCE))
    assert event_code(message) == told_of(action).event.value


def test_every_action_has_a_word_of_the_standard() -> None:
    assert untold() == []


def test_a_look_names_who_from_where_which_study_and_whose() -> None:
    message = check(audit_message(LOOK, SOURCE))
    assert event_code(message) == "110103"  # DICOM Instances Accessed
    assert message[0].attrib["EventActionCode"] == "R"
    assert message[0].attrib["EventDateTime"] == "2026-01-02T03:04:05.678Z"
    who, we = message.findall("ActiveParticipant")
    assert (who.attrib["UserID"], who.attrib["NetworkAccessPointID"]) == ("ada", "10.1.2.3")
    assert (we.attrib["UserID"], we.attrib["UserIsRequestor"]) == ("node-1", "false")
    found = objects(message)
    assert found["3"].attrib["ParticipantObjectID"] == "1.2.3"
    assert found["1"].attrib["ParticipantObjectID"] == "P-1"
    assert found["13"].attrib["ParticipantObjectID"] == "1/2/9"
    assert b64decode(found["13"].findall("ParticipantObjectDetail")[0].attrib["value"]).decode() == LOOK.digest


def test_a_query_carries_what_was_asked_in_base_64() -> None:
    message = check(audit_message(replace(LOOK, action="queried", detail={"keys": ["PatientID"]}), SOURCE))
    query = objects(message)["24"].findtext("ParticipantObjectQuery") or ""
    assert b64decode(query) == b'{"keys": ["PatientID"]}'


def test_objects_that_arrive_have_their_source_and_their_number() -> None:
    event = replace(LOOK, action="instances-received", caller_kind="application-entity", detail={"objects": 12})
    message = check(audit_message(event, SOURCE))
    sender, we = message.findall("ActiveParticipant")
    assert (sender[0].attrib["csd-code"], we[0].attrib["csd-code"]) == ("110153", "110152")
    assert message.find(".//SOPClass").attrib["NumberOfInstances"] == "12"  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["\x00\x1b[31m", '"><script>', "]]>&amp;", "李\n小", "\ufffe\uffff", "a" * 5000])
def test_no_value_becomes_markup_or_breaks_the_message(text: str) -> None:
    event = replace(LOOK, caller_id=text, address=text, study_instance_uid=text, detail={text: text}, username=text)
    check(audit_message(event, AuditSource(text, text, text)))


def test_an_action_of_a_newer_isocenter_is_told_as_an_alert() -> None:
    assert event_code(check(audit_message(replace(LOOK, action="from-the-future"), SOURCE))) == "110113"
