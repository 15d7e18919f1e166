"""Erasing a study: first a signed fact, then the rows, then the packs with their keys, then the bytes in journals.

Whatever step a crash interrupts, the study is either still whole or stays gone: the fact is on disk before the rows go,
and the transaction that takes the rows keeps a record of what is to be deleted, which a job finishes on every node
(`destruction_certificate`). From then on nothing of it can be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.archive.keeping import Authority, check_may_go
from isocenter.index.deletions import see_deleted
from isocenter.index.erasure_records import ErasedObject, NewRecord, add_record
from isocenter.index.erasures import erase_study as forget_study
from isocenter.index.locators import PackRow, aside_instances, packs_of, study_places
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.facts import Fact, FactLog
from isocenter.storage.manifest import Manifest, read_manifest
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErasedStudy:
    """What is gone."""

    study_instance_uid: str
    instance_count: int
    pack_count: int
    record_id: int = field(default=0, compare=False)
    """Of the record that becomes its certificate (`destruction_certificate`)."""


def erase_study(
    caller: Caller,
    database: Database,
    store: ObjectStore,
    key_file: Path,
    study_instance_uid: str,
    *,
    reason: str,
    authority: Authority = Authority.ONE_PERSON,
    approvals: Sequence[str] = (),
) -> ErasedStudy:
    """Erase one study of the caller's institution for good, deleted or not.

    key_file: signs the fact (`facts_key_path`). reason: a stable word or sentence, kept in the fact log. authority: on
    what ground; studies under retention go by a destruction only. approvals: who approved that, "kind:id" each.

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
        fact = FactLog(store, caller.institution_id, key_file).append(
            fact_of(caller, "study-erased", study_instance_uid, moment, reason)
        )
        record = _forgotten(connection, store, study_instance_uid, moment)
        record_id = add_record(connection, replace(record, **who_and_why(caller, reason, approvals, fact)))
    delete_objects(store, [one.key for one in record.objects])
    log.info("archive.erased", study_instance_uid=study_instance_uid, instances=record.instance_count)
    packs = sum(one.key.startswith("packs/") for one in record.objects)
    return ErasedStudy(study_instance_uid, record.instance_count, packs, record_id)


def _forgotten(connection: Connection, store: ObjectStore, study_instance_uid: str, moment: datetime) -> NewRecord:
    """Take the rows of a study; what there was of it. Raises UnknownStudy."""
    places = study_places(connection, study_instance_uid)
    packs = [] if places is None else packs_of(connection, places.study_id)
    asides = [] if places is None else aside_instances(connection, places.study_id)
    sealed = [entry.sop_instance_uid for pack in packs for entry in manifest_of(store, pack).entries()]
    still_open = [] if places is None else [row.sop_instance_uid for row in places.instances]
    erased = forget_study(connection, study_instance_uid, sealed, moment)
    if erased is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    corrections = [ErasedObject(key, 0, "") for key in erased.correction_keys]
    return NewRecord(
        study_instance_uid,
        None,
        tuple(sorted({*sealed, *still_open, *(row.sop_instance_uid for row in asides)})),
        erased.instance_count,
        moment,
        objects=(*map(erased_pack, packs), *corrections),
    )


def who_and_why(caller: Caller, reason: str, approvals: Sequence[str], fact: Fact) -> dict[str, Any]:
    """The fields of a record that say on whose word it was erased, and where that is written down."""
    return {
        "reason": reason,
        "caller_kind": str(caller.kind),
        "caller_id": caller.id,
        "approvals": tuple(approvals),
        "fact_sequence": fact.sequence,
        "fact_digest": fact.digest,
    }


def fact_of(caller: Caller, kind: str, study_instance_uid: str, moment: datetime, reason: str) -> dict[str, str]:
    """What a fact says of an erasing."""
    return {
        "kind": kind,
        "study_instance_uid": study_instance_uid,
        "erased_at": moment.isoformat(),
        "caller_kind": str(caller.kind),
        "caller_id": caller.id,
        "reason": reason,
    }


def manifest_of(store: ObjectStore, pack: PackRow) -> Manifest:
    """The manifest of a pack that a row names."""
    return read_manifest(store, pack.object_key, pack.size_bytes)


def erased_pack(pack: PackRow) -> ErasedObject:
    """A pack as its record keeps it."""
    return ErasedObject(pack.object_key, pack.size_bytes, bytes(pack.digest).hex())


def delete_objects(store: ObjectStore, keys: Iterable[str]) -> None:
    """Delete objects with their keys; what is interrupted here is finished by a job."""
    for key in keys:
        try:
            store.delete(key)
        except NoSuchObject:
            continue


def facts_key_path(home: Path) -> Path:
    """Where a home keeps the key that signs its facts."""
    return home / "secrets" / "facts.key"
