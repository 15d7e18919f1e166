"""Erasing a study: first a signed fact, then the rows, then the packs.

Whatever step a crash interrupts, the study is either still whole or stays gone: the fact is on disk before the rows go,
rows name packs until they go, and packs without a row are swept (`reclaim`). Received forms that still lie in journal
segments are unreachable from then on and leave the disk when their segment is reclaimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.archive.keeping import Authority, check_may_go
from isocenter.index.deletions import see_deleted
from isocenter.index.erasures import erase_study as forget_study
from isocenter.index.locators import packs_of, study_places
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.facts import FactLog
from isocenter.storage.manifest import read_manifest
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErasedStudy:
    """What is gone."""

    study_instance_uid: str
    instance_count: int
    pack_count: int


def erase_study(
    caller: Caller,
    database: Database,
    store: ObjectStore,
    key_file: Path,
    study_instance_uid: str,
    *,
    reason: str,
    authority: Authority = Authority.ONE_PERSON,
) -> ErasedStudy:
    """Erase one study of the caller's institution for good, deleted or not.

    key_file: signs the fact (`facts_key_path`). reason: a stable word or sentence, kept in the fact log. authority: on
    what ground; studies under retention go by a destruction only.

    Raises Refused, UnknownStudy, OnLegalHold, KeptByLaw, AwaitsApproval, Exhausted.
    """
    caller.require(Right.ERASE)
    with transaction_of(database, caller) as connection:
        see_deleted(connection)
        if study_places(connection, study_instance_uid) is None:
            raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    moment = utc_now()
    # In one transaction and in nobody's sight: whatever keeps the study counts, and nothing is added until it is gone.
    with database.transaction(caller.institution_id) as connection:
        check_may_go(connection, study_instance_uid, authority)
        FactLog(store, caller.institution_id, key_file).append(
            {
                "kind": "study-erased",
                "study_instance_uid": study_instance_uid,
                "erased_at": moment.isoformat(),
                "caller_kind": str(caller.kind),
                "caller_id": caller.id,
                "reason": reason,
            }
        )
        places = study_places(connection, study_instance_uid)
        keys = [] if places is None else [pack.object_key for pack in packs_of(connection, places.study_id)]
        sealed = [entry.sop_instance_uid for pack_key in keys for entry in read_manifest(store, pack_key).entries()]
        erased = forget_study(connection, study_instance_uid, sealed, moment)
    if erased is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    for pack_key in (*erased.object_keys, *erased.correction_keys):
        _delete(store, pack_key)
    log.info("archive.erased", study_instance_uid=study_instance_uid, instances=erased.instance_count)
    return ErasedStudy(study_instance_uid, erased.instance_count, len(erased.object_keys))


def _delete(store: ObjectStore, key: str) -> None:
    try:
        store.delete(key)
    except NoSuchObject:
        pass


def facts_key_path(home: Path) -> Path:
    """Where a home keeps the key that signs its facts."""
    return home / "secrets" / "facts.key"
