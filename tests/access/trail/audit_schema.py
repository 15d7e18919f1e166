"""The audit message schema of PS3.15 A.5.1.1 (RELAX NG there) as attributes and orders of children, to check by."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime
from xml.etree import ElementTree

ANY, INTEGER, BOOLEAN, BASE64, TIME = r".*", r"\d+", r"true|false", "base64", "time"


def one_of(first: int, last: int) -> str:
    return "|".join(str(number) for number in range(first, last + 1))


CODED = ({"csd-code": ANY, "codeSystemName": ANY, "originalText": ANY}, {"displayName": ANY}, "")
# element: (attributes that must be there, that may be there, children as a regular expression of "Name ")
SCHEMA: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "AuditMessage": (
        {},
        {},
        r"EventIdentification (ActiveParticipant )+AuditSourceIdentification (ParticipantObjectIdentification )*",
    ),
    "EventIdentification": (
        {"EventDateTime": TIME, "EventOutcomeIndicator": "0|4|8|12"},
        {"EventActionCode": "[CRUDE]"},
        r"EventID (EventTypeCode )*(EventOutcomeDescription )?",
    ),
    "EventID": CODED,
    "EventTypeCode": CODED,
    "RoleIDCode": CODED,
    "ParticipantObjectIDTypeCode": CODED,
    "ActiveParticipant": (
        {"UserID": ANY, "UserIsRequestor": BOOLEAN},
        {
            "AlternativeUserID": ANY,
            "UserName": ANY,
            "NetworkAccessPointID": ANY,
            "NetworkAccessPointTypeCode": one_of(1, 5),
        },
        r"(RoleIDCode )*(MediaIdentifier )?",
    ),
    "AuditSourceIdentification": ({"AuditSourceID": ANY}, {"AuditEnterpriseSiteID": ANY}, r"(AuditSourceTypeCode )*"),
    "AuditSourceTypeCode": ({"csd-code": one_of(1, 9)}, {}, ""),
    "ParticipantObjectIdentification": (
        {"ParticipantObjectID": ANY},
        {
            "ParticipantObjectTypeCode": one_of(1, 4),
            "ParticipantObjectTypeCodeRole": one_of(1, 26),
            "ParticipantObjectDataLifeCycle": one_of(1, 15),
            "ParticipantObjectSensitivity": ANY,
        },
        r"ParticipantObjectIDTypeCode (ParticipantObjectName |ParticipantObjectQuery )"
        r"(ParticipantObjectDetail )*(ParticipantObjectDescription )*",
    ),
    "ParticipantObjectName": ({}, {}, ""),
    "ParticipantObjectQuery": ({}, {}, ""),
    "ParticipantObjectDetail": ({"type": ANY, "value": BASE64}, {}, ""),
    "ParticipantObjectDescription": ({}, {}, r"(MPPS )*(Accession )*(SOPClass )*"),
    "SOPClass": ({"NumberOfInstances": INTEGER}, {"UID": ANY}, r"(Instance )*"),
}


def check(text: str) -> ElementTree.Element:
    """The parsed message; fails the test where it is not as the schema says."""
    root = ElementTree.fromstring(text)
    assert root.tag == "AuditMessage"
    for element in root.iter():
        required, allowed, children = SCHEMA[element.tag]
        assert required.keys() <= element.attrib.keys() <= (required | allowed).keys(), element.attrib
        for name, value in element.attrib.items():
            assert fits((required | allowed)[name], value), (element.tag, name, value)
        assert re.fullmatch(children, "".join(f"{child.tag} " for child in element)), [child.tag for child in element]
        if element.tag == "ParticipantObjectQuery":
            assert fits(BASE64, element.text or "")
    return root


def fits(kind: str, value: str) -> bool:
    if kind == BASE64:
        return bool(b64decode(value, validate=True)) or value == ""
    if kind == TIME:
        return datetime.fromisoformat(value).tzinfo is not None
    return re.fullmatch(kind, value, re.DOTALL) is not None
