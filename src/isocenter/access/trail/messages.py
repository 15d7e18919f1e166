"""Rows of the trail as DICOM audit messages: the XML of PS3.15 A.5.1, with the content of A.5.3.

Each message also carries the row's place in its chain and its digest: a repository outside proves what was there.
Names of patients are not in the trail and never in a message; values are written so that no text can become markup.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from isocenter.access.audit import Action
from isocenter.access.trail.told import EXPORT, IMPORT, INSTANCES_TRANSFERRED, QUERY, Code, told_of

_APPLICATION = Code("110150", "Application")
_DESTINATION = Code("110152", "Destination Role ID")
_SOURCE = Code("110153", "Source Role ID")
_STUDY = Code("110180", "Study Instance UID")
_SOP_CLASS = Code("110181", "SOP Class UID")
_PATIENT = Code("2", "Patient Number", "RFC-3881")
_ROW = Code("audit-row", "Row of the audit trail", "99ISOCENTER")
_STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
_TAKES = {INSTANCES_TRANSFERRED: "CU", IMPORT: "C"}


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the trail. digest: hex. username and patient_id: as known now, "" when not."""

    institution_id: int
    sequence: int
    chain: int
    position: int
    at: datetime
    caller_kind: str
    caller_id: str
    roles: tuple[str, ...]
    action: str
    outcome: int
    address: str | None
    study_instance_uid: str | None
    sitting: str | None
    detail: dict[str, Any]
    digest: str
    username: str = ""
    patient_id: str = ""


@dataclass(frozen=True, slots=True)
class AuditSource:
    """Who tells (AuditSourceIdentification): this node, its AE title, and the institution's code or name."""

    node: str
    ae_title: str
    enterprise_site: str


def audit_message(event: Event, source: AuditSource) -> str:
    """The message of one row, an XML document of one line (PS3.15 A.5.1)."""
    parts = [
        "<AuditMessage>",
        _event(event),
        *_participants(event, source),
        f"<AuditSourceIdentification AuditEnterpriseSiteID={_q(source.enterprise_site)}"
        f" AuditSourceID={_q(source.node)}>"
        '<AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>',
        *_objects(event),
        "</AuditMessage>",
    ]
    return "".join(parts)


def _event(event: Event) -> str:
    told = told_of(event.action)
    types = "".join(_code("EventTypeCode", each) for each in told.types)
    types += _code("EventTypeCode", Code(event.action, event.action.replace("-", " "), "99ISOCENTER"))
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'<EventIdentification EventActionCode="{told.done}" EventDateTime="{at}"'
        f' EventOutcomeIndicator="{event.outcome}">{_code("EventID", told.event)}{types}</EventIdentification>'
    )


def _participants(event: Event, source: AuditSource) -> Iterator[str]:
    """Who asked, then this application; where objects go one way, which of them gives and which takes."""
    told = told_of(event.action)
    theirs: tuple[Code, ...] = ()
    ours: tuple[Code, ...] = (_APPLICATION,)
    if told.event in (INSTANCES_TRANSFERRED, IMPORT, EXPORT, QUERY):
        we_take = told.done in _TAKES.get(told.event, "") or told.event == QUERY
        theirs, ours = ((_SOURCE,), (_DESTINATION,)) if we_take else ((_DESTINATION,), (_SOURCE,))
    roles = tuple(Code(role, role.replace("-", " "), "99ISOCENTER") for role in event.roles)
    place = "" if not event.address else f' NetworkAccessPointID={_q(event.address)} NetworkAccessPointTypeCode="2"'
    name = event.username or event.caller_id
    yield (
        f"<ActiveParticipant UserID={_q(name)} AlternativeUserID={_q(f'{event.caller_kind}:{event.caller_id}')}"
        f' UserIsRequestor="true"{place}>{_codes((*theirs, *roles))}</ActiveParticipant>'
    )
    if event.action == Action.STUDY_SENT:
        title = str(event.detail.get("ae_title", ""))
        yield (
            f"<ActiveParticipant UserID={_q(title)} AlternativeUserID={_q(f'AETITLES={title}')}"
            f' UserIsRequestor="false">{_codes((_DESTINATION,))}</ActiveParticipant>'
        )
    yield (
        f"<ActiveParticipant UserID={_q(source.node)} AlternativeUserID={_q(f'AETITLES={source.ae_title}')}"
        f' UserIsRequestor="false">{_codes(ours)}</ActiveParticipant>'
    )


def _objects(event: Event) -> Iterator[str]:
    if event.study_instance_uid:
        yield _object(event.study_instance_uid, "2", "3", _STUDY, description=_counted(event.detail))
    if event.patient_id:
        yield _object(event.patient_id, "1", "1", _PATIENT)
    if told_of(event.action).event == QUERY:
        query = json.dumps(event.detail, ensure_ascii=False).encode()
        content = f"<ParticipantObjectQuery>{b64encode(query).decode()}</ParticipantObjectQuery>"
        yield _object(_STUDY_ROOT_FIND, "2", "24", _SOP_CLASS, content=content)
    details: dict[str, object] = {"digest": event.digest, "sitting": event.sitting or "", **event.detail}
    yield _object(
        f"{event.institution_id}/{event.chain}/{event.position}", "2", "13", _ROW, details="".join(_details(details))
    )


def _object(
    object_id: str,
    kind: str,
    role: str,
    id_type: Code,
    *,
    content: str = "<ParticipantObjectName/>",
    details: str = "",
    description: str = "",
) -> str:
    return (
        f"<ParticipantObjectIdentification ParticipantObjectID={_q(object_id)} ParticipantObjectTypeCode="
        f'"{kind}" ParticipantObjectTypeCodeRole="{role}">{_code("ParticipantObjectIDTypeCode", id_type)}{content}'
        f"{details}{description}</ParticipantObjectIdentification>"
    )


def _counted(detail: dict[str, Any]) -> str:
    count = detail.get("objects")
    if not isinstance(count, int):
        return ""
    return f'<ParticipantObjectDescription><SOPClass NumberOfInstances="{count}"/></ParticipantObjectDescription>'


def _details(detail: dict[str, object]) -> Iterator[str]:
    for name, value in detail.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f'<ParticipantObjectDetail type={_q(name)} value="{b64encode(text.encode()).decode()}"/>'


def _codes(codes: tuple[Code, ...]) -> str:
    return "".join(_code("RoleIDCode", code) for code in codes)


def _code(element: str, code: Code) -> str:
    return (
        f"<{element} csd-code={_q(code.value)} codeSystemName={_q(code.code_system)} originalText={_q(code.meaning)}/>"
    )


def _q(text: str) -> str:
    """An attribute's value in quotes. What XML 1.0 cannot hold (2.2, control characters) becomes U+FFFD."""
    return quoteattr("".join(c if c.isprintable() or c == " " else "\ufffd" for c in text))
