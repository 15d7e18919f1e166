"""Reading rows of the trail, in order of their chains (for sending) or newest first (for auditors)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from isocenter.access.trail.messages import Event
from isocenter.kit.database import Connection

COLUMNS = """
    e.institution_id, e.sequence, e.chain, e.position, e.at, e.caller_kind, e.caller_id, e.roles, e.action, e.outcome,
    e.address, e.study_instance_uid, e.sitting, e.detail, encode(e.digest, 'hex')
"""


def event_of_row(row: Any) -> Event:
    """The event of a row of COLUMNS."""
    return replace(Event(*row), roles=tuple(row[7]))


def named(connection: Connection, events: list[Event]) -> list[Event]:
    """The events with the user names and patient IDs that are known now."""
    users = {int(each.caller_id) for each in events if each.caller_kind == "user" and each.caller_id.isdigit()}
    names: list[Any] = connection.execute(
        "SELECT user_id::text, username FROM user_account WHERE user_id = ANY(%s)", [list(users)]
    ).fetchall()
    connection.execute("SELECT set_config('isocenter.deleted', 'shown', true)")
    studies = list({each.study_instance_uid for each in events if each.study_instance_uid})
    patients: list[Any] = connection.execute(
        """
        SELECT study_instance_uid, patient_id FROM study
        WHERE institution_id = isocenter_institution() AND study_instance_uid = ANY(%s) AND patient_id <> ''
        """,
        [studies],
    ).fetchall()
    username, patient = dict(names), dict(patients)
    return [
        replace(
            each,
            username=username.get(each.caller_id, "") if each.caller_kind == "user" else "",
            patient_id=patient.get(each.study_instance_uid, ""),
        )
        for each in events
    ]
