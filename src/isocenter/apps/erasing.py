"""Erasing studies from the command line, with its row in the audit trail."""

from __future__ import annotations

from collections.abc import Iterable

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.apps.wiring import open_object_store
from isocenter.domain.archive.erase import erase_study, facts_key_path
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.archive.keeping import Authority
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings


def erase_studies(
    settings: Settings,
    database: Database,
    caller: Caller,
    studies: Iterable[str],
    *,
    reason: str,
    authority: Authority = Authority.ONE_PERSON,
) -> int:
    """Erase the studies that are there; how many were. Raises Refused, KeptByLaw, AwaitsApproval, Exhausted."""
    store, key_file = open_object_store(settings, database), facts_key_path(settings.home)
    erased = 0
    for study_instance_uid in studies:
        try:
            erase_study(caller, database, store, key_file, study_instance_uid, reason=reason, authority=authority)
        except UnknownStudy:
            continue
        erased += 1
        with database.transaction(caller.institution_id) as connection:
            audit.record(connection, caller, audit.Action.STUDY_ERASED, study_instance_uid, reason=reason)
    return erased
