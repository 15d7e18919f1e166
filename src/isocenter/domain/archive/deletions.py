"""Deleting a study with a period of grace: hidden at once from every door, restored whole, erased when it is over.

What the law still keeps is not erased: it stays hidden until a destruction (domain/retention).
Each step is first a signed fact, then the rows. What arrives for a deleted study is stored with it and stays hidden; a
quality task tells of it. Only after erasing does the same study, sent again, appear as a new one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from isocenter.access import audit
from isocenter.access.caller import Caller, system_caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.erase import ErasedStudy, erase_study
from isocenter.domain.archive.erase_instance import ErasedInstance, erase_instance
from isocenter.domain.archive.errors import NotDeleted, OnLegalHold, UnknownStudy
from isocenter.index import deletions
from isocenter.index.deletions import DeletedStudy
from isocenter.index.institutions import institutions
from isocenter.index.outbox import append_event
from isocenter.index.queries import study_by_uid
from isocenter.index.retention import policy_in
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.jobs import Task
from isocenter.kit.logging import get_logger
from isocenter.storage.facts import FactLog
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

ERASE_DELETED = "erase-deleted-studies"
EVERY_TEN_MINUTES = "*/10 * * * *"


@dataclass(frozen=True, slots=True)
class Deletions:
    """The verbs of one process. key_file: signs facts. recoverable_for: how long a deleted study can be restored."""

    database: Database
    store: ObjectStore
    key_file: Path
    recoverable_for: timedelta

    def delete(self, caller: Caller, study_instance_uid: str, *, reason: str) -> datetime:
        """Hide a study; returns until when it can be restored.

        Raises Refused, UnknownStudy, OnLegalHold, Exhausted.
        """
        caller.require(Right.RECOVER)
        unknown = UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
        with transaction_of(self.database, caller) as connection:
            if study_by_uid(connection, study_instance_uid) is None:
                raise unknown
            if deletions.on_legal_hold(connection, study_instance_uid):
                raise OnLegalHold("The patient is on legal hold.", study_instance_uid=study_instance_uid)
        now = utc_now()
        until = now + self.recoverable_for
        self._fact(caller, "study-deleted", study_instance_uid, now, reason=reason)
        with transaction_of(self.database, caller) as connection:
            if not deletions.delete_study(
                connection,
                study_instance_uid,
                deleted_at=now,
                recoverable_until=until,
                reason=reason,
                caller=(str(caller.kind), caller.id),
            ):
                raise unknown
            append_event(connection, "study-deleted", study_instance_uid, recoverable_until=until.isoformat())
            audit.record(connection, caller, audit.Action.STUDY_DELETED, study_instance_uid, reason=reason)
        log.info("archive.deleted", study_instance_uid=study_instance_uid)
        return until

    def restore(self, caller: Caller, study_instance_uid: str) -> int:
        """Show a deleted study again; returns how many instances it has. Raises Refused, NotDeleted, Exhausted."""
        caller.require(Right.RECOVER)
        self._deleted(caller, study_instance_uid)
        self._fact(caller, "study-restored", study_instance_uid, utc_now())
        with transaction_of(self.database, caller) as connection:
            count = deletions.restore_study(connection, study_instance_uid)
            if count is None:
                raise NotDeleted("This study is not deleted.", study_instance_uid=study_instance_uid)
            append_event(connection, "study-restored", study_instance_uid)
            audit.record(connection, caller, audit.Action.STUDY_RESTORED, study_instance_uid)
        log.info("archive.restored", study_instance_uid=study_instance_uid)
        return count

    def deleted(self, caller: Caller) -> list[DeletedStudy]:
        """What can be restored, last deleted first. Raises Refused."""
        caller.require(Right.RECOVER)
        with transaction_of(self.database, caller) as connection:
            return deletions.deleted_studies(connection)

    def erase_now(self, caller: Caller, study_instance_uid: str) -> ErasedStudy:
        """Erase a deleted study before its period is over.

        Raises Refused, NotDeleted, OnLegalHold, KeptByLaw, AwaitsApproval, Exhausted.
        """
        caller.require(Right.ERASE)
        self._deleted(caller, study_instance_uid)
        return self._erase(caller, study_instance_uid, "erased-before-the-period-ended")

    def erase_instance(
        self, caller: Caller, study_instance_uid: str, sop_instance_uid: str, *, reason: str
    ) -> ErasedInstance | ErasedStudy:
        """Erase one instance at once and for good; with the last one the study goes.

        Raises Refused, UnknownStudy, UnknownInstance, OnLegalHold, KeptByLaw, AwaitsApproval, Exhausted.
        """
        arguments = (caller, self.database, self.store, self.key_file, study_instance_uid, sop_instance_uid)
        erased = erase_instance(*arguments, reason=reason)
        with transaction_of(self.database, caller) as connection:
            if isinstance(erased, ErasedStudy):
                append_event(connection, "study-erased", study_instance_uid)
                audit.record(connection, caller, audit.Action.STUDY_ERASED, study_instance_uid, reason=reason)
            else:
                append_event(connection, "instance-erased", study_instance_uid)
                audit.record(
                    connection,
                    caller,
                    audit.Action.INSTANCE_ERASED,
                    study_instance_uid,
                    sop_instance_uid=sop_instance_uid,
                    reason=reason,
                )
        return erased

    def erase_past(self) -> int:
        """Erase what nobody restored in time, in every institution; how many studies that were."""
        with self.database.transaction() as connection:
            every = institutions(connection)
        return sum(self._erase_past(system_caller(one.institution_id, ERASE_DELETED)) for one in every)

    def _erase_past(self, caller: Caller) -> int:
        with transaction_of(self.database, caller) as connection:
            # What the law keeps stays hidden, and goes by a destruction when its day is over (domain/retention).
            due = [] if policy_in(connection).applies else deletions.past_recovery(connection, utc_now())
        for study_instance_uid in due:
            self._erase(caller, study_instance_uid, "recovery-period-over")
        return len(due)

    def _erase(self, caller: Caller, study_instance_uid: str, reason: str) -> ErasedStudy:
        erased = erase_study(caller, self.database, self.store, self.key_file, study_instance_uid, reason=reason)
        with transaction_of(self.database, caller) as connection:
            append_event(connection, "study-erased", study_instance_uid)
            audit.record(connection, caller, audit.Action.STUDY_ERASED, study_instance_uid, reason=reason)
        return erased

    def _deleted(self, caller: Caller, study_instance_uid: str) -> DeletedStudy:
        with transaction_of(self.database, caller) as connection:
            found = deletions.deleted_study(connection, study_instance_uid)
        if found is None:
            raise NotDeleted("There is no deleted study of this UID.", study_instance_uid=study_instance_uid)
        return found

    def _fact(self, caller: Caller, kind: str, study_instance_uid: str, moment: datetime, **more: str) -> None:
        FactLog(self.store, caller.institution_id, self.key_file).append(
            {
                "kind": kind,
                "study_instance_uid": study_instance_uid,
                "at": moment.isoformat(),
                "caller_kind": str(caller.kind),
                "caller_id": caller.id,
                **more,
            }
        )


DeleteStudy = Callable[..., datetime]
"""`Deletions.delete`, as doors that only delete are given it."""


def deletion_tasks(archive_deletions: Deletions) -> list[Task]:
    """What a worker does about deleted studies."""
    return [Task(ERASE_DELETED, archive_deletions.erase_past, every=EVERY_TEN_MINUTES)]
