"""Destruction certificates: what was erased, why, by whom, when, and that nothing of it is left in stores and journals.

One is written when that is so, once: a signed object of its own (docs/formats.md, "Destruction certificates"), and a
fact with its digest. Until then the same page says what is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from blake3 import blake3

from isocenter.access.caller import Caller, system_caller
from isocenter.access.roles import Right
from isocenter.domain.archive.erase import delete_objects
from isocenter.domain.archive.errors import NothingErased
from isocenter.index.erasure_records import (
    ErasedObject,
    ErasureRecord,
    add_wipe,
    certify,
    copies_left,
    gone_nodes,
    nodes_to_wipe,
    open_records,
    record_of,
    records,
    records_of_study,
    shipped_before_wiping,
)
from isocenter.index.institutions import institutions
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.logging import get_logger
from isocenter.storage.cipher import ALGORITHM, data_key_name, is_encrypted_name
from isocenter.storage.encrypted_store import key_is_left
from isocenter.storage.errors import NoSuchObject, ObjectExists
from isocenter.storage.facts import FactLog, line_signed_by, read_key_file, signed
from isocenter.storage.journal import segments
from isocenter.storage.journal_wiping import wipe_members
from isocenter.storage.key_ring import data_key_prefix
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

CERTIFICATE_FORMAT: Final = "destruction-certificate/1"
FINISH_ERASURES: Final = "finish-erasures"
_AT_ONCE: Final = 100
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class DestructionCertificate:
    """What can be said of one erasing now.

    number: for people, "<institution>-<record>". remaining: what is left, in words; () once it is certified. content:
    the JSON values of the certificate. signature: second line of the signed object, '' as long as something is left.
    """

    number: str
    study_instance_uid: str
    sop_instance_uid: str | None
    erased_at: datetime
    certified_at: datetime | None
    remaining: tuple[str, ...]
    content: dict[str, Any]
    signature: str

    @property
    def complete(self) -> bool:
        """Whether nothing is left and the certificate is written."""
        return self.certified_at is not None


@dataclass(frozen=True, slots=True)
class ErasureWork:
    """What finishing needs on one node. journals: the folder of its own; replicas: of what it keeps of others'."""

    database: Database
    store: ObjectStore
    key_file: Path
    node: str
    journals: Path
    replicas: Path


def destruction_certificate(
    caller: Caller, database: Database, store: ObjectStore, key_file: Path, study_instance_uid: str
) -> DestructionCertificate:
    """The certificate of the last erasing of a study; written now when nothing is left and it was not before.

    Raises Refused, NothingErased, Exhausted.
    """
    _may_see(caller)
    with database.transaction(caller.institution_id) as connection:
        found = [one for one in records_of_study(connection, study_instance_uid) if not one.erased.sop_instance_uid]
    if not found:
        raise NothingErased("This study was never erased.", study_instance_uid=study_instance_uid)
    return _certified(database, store, key_file, caller.institution_id, found[0])


def instance_certificate(
    caller: Caller,
    database: Database,
    store: ObjectStore,
    key_file: Path,
    study_instance_uid: str,
    sop_instance_uid: str,
) -> DestructionCertificate:
    """The same of the last erasing of one instance. Raises as `destruction_certificate`."""
    _may_see(caller)
    with database.transaction(caller.institution_id) as connection:
        found = records_of_study(connection, study_instance_uid)
    for record in found:
        if record.erased.sop_instance_uid == sop_instance_uid:
            return _certified(database, store, key_file, caller.institution_id, record)
    raise NothingErased("This instance was never erased by itself.", sop_instance_uid=sop_instance_uid)


def certificate_of_record(
    caller: Caller, database: Database, store: ObjectStore, key_file: Path, record_id: int
) -> DestructionCertificate:
    """The certificate of an erasing by its number, of a study or an instance. Raises as `destruction_certificate`."""
    _may_see(caller)
    with database.transaction(caller.institution_id) as connection:
        found = record_of(connection, record_id)
    if found is None:
        raise NothingErased("There is no such record of an erasing.", record_id=record_id)
    return _certified(database, store, key_file, caller.institution_id, found)


def erasures(caller: Caller, database: Database, before: int | None = None) -> list[ErasureRecord]:
    """What was erased, last first, a page at a time. Raises Refused."""
    _may_see(caller)
    with database.transaction(caller.institution_id) as connection:
        return records(connection, _PAGE, before)


def finish_erasures(work: ErasureWork) -> int:
    """Wipe what this node's journals hold of erased objects, and certify what is gone; how many were certified."""
    with work.database.transaction() as connection:
        every = institutions(connection)
    return sum(_finish(work, one.institution_id) for one in every)


def _may_see(caller: Caller) -> None:
    if not caller.may(Right.APPROVE_DESTRUCTION):
        caller.require(Right.ERASE)


def _finish(work: ErasureWork, institution_id: int) -> int:
    caller, done, last = system_caller(institution_id, FINISH_ERASURES), 0, 0
    while True:
        with work.database.transaction(institution_id) as connection:
            waiting = open_records(connection, _AT_ONCE, last)
        if not waiting:
            return done
        for record in waiting:
            last = record.record_id
            left = [one.key for one in record.erased.objects if _is_left(work.store, one.key)]
            delete_objects(work.store, left)  # a crash may have come before the first of them
            _wipe(work, institution_id, record)
            done += certificate_of_record(caller, work.database, work.store, work.key_file, last).complete


def _wipe(work: ErasureWork, institution_id: int, record: ErasureRecord) -> None:
    """Once for each node name that ever wrote into this home: what comes later is no part of what was erased.

    Under its present name the home says so for the replicas too that it keeps.
    """
    done = {wipe.node for wipe in record.wipes}
    for node in sorted({work.node, *_folders(work.journals)} - done):
        wiped = list(_wiped(work.journals, node, institution_id, record))
        if node == work.node:
            for other in _folders(work.replicas):
                wiped += _wiped(work.replicas, other, institution_id, record)
        with work.database.transaction(institution_id) as connection:
            sources = sorted({source for source, _ in wiped})
            add_wipe(connection, record.record_id, node, sum(count for _, count in wiped), sources)


def _wiped(folder: Path, node: str, institution_id: int, record: ErasureRecord) -> Iterator[tuple[str, int]]:
    """(source of a segment, members that were overwritten in it) of a node's segments in a folder."""
    uids = frozenset(record.erased.sop_instance_uids)
    for name in segments(folder, node):
        try:
            count = wipe_members(name.path(folder), institution_id, uids, record.erased.erased_at)
        except FileNotFoundError:  # reclaimed meanwhile
            continue
        if count:
            yield name.source, count


def _folders(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()


def _certified(
    database: Database, store: ObjectStore, key_file: Path, institution_id: int, record: ErasureRecord
) -> DestructionCertificate:
    remaining: tuple[str, ...] = ()
    if record.certified_at is None:
        remaining = tuple(_remaining(database, store, institution_id, record))
        if not remaining:
            _write(database, store, key_file, institution_id, record.record_id)
            with database.transaction(institution_id) as connection:
                record = record_of(connection, record.record_id) or record
    if record.certified_at is not None:
        content, signature = _read(store, institution_id, record.record_id)
    else:
        content, signature = _content(database, institution_id, record, remaining), ""
    return DestructionCertificate(
        f"{institution_id}-{record.record_id}",
        record.erased.study_instance_uid,
        record.erased.sop_instance_uid,
        record.erased.erased_at,
        record.certified_at,
        remaining,
        content,
        signature,
    )


def _remaining(database: Database, store: ObjectStore, institution_id: int, record: ErasureRecord) -> list[str]:
    keys = [one.key for one in record.erased.objects]
    left = [f"object {key} is still in the store" for key in keys if _exists(store, key)]
    left += [f"the key of {key} is still in the store" for key in keys if key_is_left(store, key)]
    with database.transaction(institution_id) as connection:
        left += [f"{place} still has {key}" for key, place in copies_left(connection, keys, _key_names(keys))]
        shipped = shipped_before_wiping(connection, record.record_id)
        left += [f"the store has a copy of {source} from before it was wiped" for source in shipped]
        nodes = nodes_to_wipe(connection, record.record_id)
    return left + [f"the journals of node {node} are not wiped yet" for node in nodes]


def _key_names(keys: Sequence[str]) -> list[str]:
    return [data_key_prefix(data_key_name(key)) for key in keys if is_encrypted_name(key)]


def _is_left(store: ObjectStore, key: str) -> bool:
    return _exists(store, key) or key_is_left(store, key)


def _exists(store: ObjectStore, key: str) -> bool:
    try:
        store.head(key)
    except NoSuchObject:
        return False
    return True


def _write(database: Database, store: ObjectStore, key_file: Path, institution_id: int, record_id: int) -> None:
    """The signed object, then the fact, then the row; what was interrupted goes on with the object that is there."""
    moment = utc_now()
    with database.transaction(institution_id) as connection:
        record = record_of(connection, record_id)
    assert record is not None
    content = _content(database, institution_id, record, ()) | {"certified_at": _iso(moment)}
    line = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    key = _object_key(institution_id, record_id)
    try:
        store.put(key, signed(read_key_file(key_file), line))
    except ObjectExists:
        log.info("archive.certificate-was-written", record_id=record_id)
    data = store.get(key)
    fact = {
        "kind": "destruction-certified",
        "record_id": record_id,
        "study_instance_uid": record.erased.study_instance_uid,
        "digest": blake3(data).hexdigest(),
    }
    FactLog(store, institution_id, key_file).append(fact)
    with database.transaction(institution_id) as connection:
        certify(connection, record_id, moment)
    log.info("archive.destruction-certified", record_id=record_id)


def _read(store: ObjectStore, institution_id: int, record_id: int) -> tuple[dict[str, Any], str]:
    line, _, signature = store.get(_object_key(institution_id, record_id)).partition(b"\n")
    return json.loads(line), signature.decode("ascii", "replace").strip()


def signature_is_right(store: ObjectStore, institution_id: int, record_id: int, key_files: Sequence[Path]) -> bool:
    """Whether the stored certificate was signed by one of these keys and not changed since. Raises NoSuchObject."""
    keys = [read_key_file(path) for path in key_files]
    data = store.get(_object_key(institution_id, record_id))
    return line_signed_by({key.key_id: key for key in keys}, data) is not None


def _object_key(institution_id: int, record_id: int) -> str:
    return f"certificates/{institution_id}/{record_id:012d}.json"


def _content(
    database: Database, institution_id: int, record: ErasureRecord, remaining: Sequence[str]
) -> dict[str, Any]:
    erased = record.erased
    with database.transaction(institution_id) as connection:
        out_of_reach = gone_nodes(connection, record.record_id)
    return {
        "format": CERTIFICATE_FORMAT,
        "number": f"{institution_id}-{record.record_id}",
        "institution_id": institution_id,
        "study_instance_uid": erased.study_instance_uid,
        "sop_instance_uid": erased.sop_instance_uid,
        "instance_count": erased.instance_count,
        "sop_instance_uids": list(erased.sop_instance_uids),
        "reason": erased.reason,
        "erased_at": _iso(erased.erased_at),
        "erased_by": f"{erased.caller_kind}:{erased.caller_id}",
        "approved_by": list(erased.approvals),
        "fact": {"sequence": erased.fact_sequence, "digest": erased.fact_digest},
        "objects": [_object(one) for one in erased.objects],
        "journals": [
            {"node": wipe.node, "members": wipe.member_count, "wiped_at": _iso(wipe.wiped_at)} for wipe in record.wipes
        ],
        "gone_nodes": out_of_reach,
        "remaining": list(remaining),
    }


def _object(one: ErasedObject) -> dict[str, Any]:
    encrypted = is_encrypted_name(one.key)
    return {
        "key": one.key,
        "size_bytes": one.size_bytes,
        "digest": one.digest,
        "cipher": ALGORITHM.decode() if encrypted else "none",
        "key_id": data_key_name(one.key).key_id.hex() if encrypted else None,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
