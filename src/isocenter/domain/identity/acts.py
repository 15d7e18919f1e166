"""One act of correcting: its row, its values in the object store, its signed fact, its audit row and events.

The fact is the last thing before the commit and names the object that holds the values: facts never hold names, and
what a correction says can be destroyed when its study is erased (docs/decisions/0141-values-of-corrections.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from blake3 import blake3

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.identity.errors import InvalidCorrection, UnknownPatient
from isocenter.index import correction_acts
from isocenter.index.deletions import see_deleted
from isocenter.index.locators import study_version
from isocenter.index.outbox import append_event
from isocenter.index.patients import patient_of
from isocenter.kit.database import Connection, Database
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.overlay import Replacement
from isocenter.storage.encrypted_store import key_for
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import FactLog
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

CORRECTION_FORMAT = "correction/1"
MAX_REASON = 500


class Kind(StrEnum):
    """What an act does."""

    MERGE = "merge"
    MOVE = "move"
    ATTRIBUTES = "attributes"
    IDENTIFIER_ADDED = "identifier-added"
    IDENTIFIER_REMOVED = "identifier-removed"
    VERSION_CHOSEN = "version-chosen"
    RECEPTION = "reception"  # what a sender leaves unsaid, laid over by ingest (`index.corrections.assume_issuer`)


@dataclass(slots=True)
class Act:
    """An act under way, inside its transaction. before, after: what people are shown; values: what a rebuild needs."""

    connection: Connection
    correction_id: int
    kind: Kind
    before: dict[str, str | None] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    studies: list[str] = field(default_factory=list)


class Records:
    """Where acts are written down. key_file: signs facts (`facts_key_path`). Safe for threads.

    data: reads versions that still lie in a journal; without it they cannot be chosen.
    """

    def __init__(self, database: Database, store: ObjectStore, key_file: Path, data: Bytes | None = None) -> None:
        self.database = database
        self.data = data
        self.store = store
        self._key_file = key_file
        self._logs: dict[int, FactLog] = {}
        self._lock = Lock()

    @contextmanager
    def act(
        self,
        caller: Caller,
        kind: Kind,
        reason: str,
        *,
        study_instance_uid: str | None = None,
        series_instance_uid: str | None = None,
        patient_key: int | None = None,
        into_patient_key: int | None = None,
    ) -> Iterator[Act]:
        """A transaction in which something is corrected; when the block ends all of it is written down, or nothing.

        Raises Refused, InvalidCorrection (no reason given), UnknownStudy, UnknownPatient, Exhausted.
        """
        caller.require(Right.CORRECT)
        why = checked_reason(reason)
        name = f"corrections/{caller.institution_id}/{uuid4().hex}.json"
        object_key = key_for(self.store, name, caller.institution_id)
        stated = False
        try:
            with transaction_of(self.database, caller) as connection:
                see_deleted(connection)
                _check_seen(connection, study_instance_uid, (patient_key, into_patient_key))
                correction_id = correction_acts.insert_act(
                    connection,
                    correction_acts.NewAct(
                        str(kind),
                        study_instance_uid,
                        series_instance_uid,
                        patient_key,
                        into_patient_key,
                        why,
                        object_key,
                        str(caller.kind),
                        caller.id,
                    ),
                )
                act = Act(connection, correction_id, kind)
                yield act
                correction_acts.describe_act(connection, correction_id, act.before, act.after)
                self._tell(caller, act, "study-corrected", study_instance_uid)
                digest = self._put_values(object_key, kind, why, act.values)
                self._fact(caller, "corrected", correction_id, object_key, act=str(kind), digest=digest)
                stated = True
        except BaseException:
            if stated:
                self._abandoned(caller, correction_id, object_key)
            raise
        log.info("archive.corrected", kind=str(kind), correction_id=correction_id, studies=len(act.studies))

    @contextmanager
    def undoing(self, caller: Caller, connection: Connection, act: correction_acts.ActRow) -> Iterator[list[str]]:
        """Inside a transaction: the block takes an act back and fills in the studies; then it is written down."""
        studies: list[str] = []
        yield studies
        correction_acts.mark_undone(connection, act.correction_id, caller.id)
        undone = Act(connection, act.correction_id, Kind(act.kind), studies=studies)
        self._tell(caller, undone, "correction-undone", act.study_instance_uid)
        self._fact(caller, "correction-undone", act.correction_id, act.object_key or "")

    def _tell(self, caller: Caller, act: Act, kind: str, study_instance_uid: str | None) -> None:
        for uid in act.studies:
            append_event(act.connection, kind, uid, correction_id=act.correction_id, act=str(act.kind))
        action = audit.Action.CORRECTED if kind == "study-corrected" else audit.Action.CORRECTION_UNDONE
        audit.record(
            act.connection,
            caller,
            action,
            study_instance_uid,
            correction_id=act.correction_id,
            act=str(act.kind),
            studies=len(act.studies),
        )

    def _put_values(self, object_key: str, kind: Kind, reason: str, values: dict[str, Any]) -> str:
        body = {"format": CORRECTION_FORMAT, "kind": str(kind), "reason": reason, **values}
        data = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        self.store.put(object_key, data)
        return blake3(data).hexdigest()

    def _fact(self, caller: Caller, kind: str, correction_id: int, object_key: str, **more: str) -> None:
        with self._lock:
            facts = self._logs.get(caller.institution_id)
            if facts is None:
                facts = self._logs[caller.institution_id] = FactLog(self.store, caller.institution_id, self._key_file)
            facts.append(
                {
                    "kind": kind,
                    "correction_id": correction_id,
                    "values": object_key,
                    "caller_kind": str(caller.kind),
                    "caller_id": caller.id,
                    **more,
                }
            )

    def _abandoned(self, caller: Caller, correction_id: int, object_key: str) -> None:
        """The fact was written and the commit failed: say that nothing came of it."""
        try:
            self._fact(caller, "correction-undone", correction_id, object_key)
        except Exception as error:
            log.error("archive.correction-not-withdrawn", correction_id=correction_id, error=type(error).__name__)


def _check_seen(connection: Connection, study_instance_uid: str | None, patient_keys: Sequence[int | None]) -> None:
    """An act names only what its caller sees; what is out of her sight is as unknown as what is not there."""
    if study_instance_uid is not None and study_version(connection, study_instance_uid) is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    for key in patient_keys:
        if key is not None and patient_of(connection, key) is None:
            raise UnknownPatient("There is no such patient.", patient_key=key)


def checked_reason(reason: str) -> str:
    """What a person gave as her reason. Raises InvalidCorrection."""
    why = " ".join(reason.split())
    if not why or len(why) > MAX_REASON:
        raise InvalidCorrection("Say why, in at most 500 characters.", attribute="reason")
    return why


def as_json(replacements: tuple[Replacement, ...]) -> list[list[Any]]:
    """Replacements as an object in the store holds them: [tag, VR, text]."""
    return [[f"{one.tag:08X}", one.vr, one.text] for one in replacements]
