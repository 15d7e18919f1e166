"""Filing an object that was made here: it goes the way of every object, through the archive's verb "store"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any, Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import user_id_of
from isocenter.domain.archive.reception import Source
from isocenter.domain.archive.store import Archive
from isocenter.index.reading import display_name_of_user, institution_name
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.standards.dicom.data_set_writing import data_set_of
from isocenter.standards.dicom.new_objects import Making, Model, Read, text_of
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

_DOOR: Final = "reading"
_OFFSET: Final = re.compile(r"([+-])(\d{2})([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Filed:
    """Where the object is: an instance of the study like any other."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str


def making_of(database: Database, caller: Caller, image: Read) -> Making:
    """Who makes an object now, and in the zone of the study's own times: as it says, else that of this machine."""
    user_id = user_id_of(caller)
    with database.transaction(caller.institution_id) as connection:
        name = None if user_id is None else display_name_of_user(connection, user_id)
        institution = institution_name(connection)
    said = _OFFSET.fullmatch(text_of(image, "00080201") or "")
    at = utc_now()
    if said is None:
        at = at.astimezone()
    else:
        minutes = int(said[2]) * 60 + int(said[3])
        at = at.astimezone(timezone(timedelta(minutes=-minutes if said[1] == "-" else minutes)))
    return Making(name or f"{caller.kind} {caller.id}", institution, at)


def file_object(
    archive: Archive,
    database: Database,
    caller: Caller,
    study_instance_uid: str,
    model: Model,
    *,
    action: audit.Action,
    **counts: Any,
) -> Filed:
    """Store the object and record that; when this returns it is durable and found. counts: told in the record.

    Raises Refused, NotWritable, Exhausted.
    """
    caller.require(Right.ANNOTATE)
    filed = _stored(archive, caller, model)
    with database.transaction(caller.institution_id) as connection:
        audit.record(connection, caller, action, study_instance_uid, sop_instance_uid=filed.sop_instance_uid, **counts)
    return filed


def _stored(archive: Archive, caller: Caller, model: Model) -> Filed:
    data = data_set_of(model)
    sop_class_uid, sop_instance_uid = text_of(model, "00080016") or "", text_of(model, "00080018") or ""
    reception = archive.reception(
        caller,
        Source("", "", "", _DOOR),
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
    )
    try:
        reception.write(data)
        outcome = reception.complete()
    except BaseException:
        reception.abandon()
        raise
    return Filed(
        outcome.study_instance_uid, outcome.series_instance_uid, outcome.sop_instance_uid, outcome.sop_class_uid
    )
