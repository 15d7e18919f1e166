"""What the worker does for the trail: anchor, send, archive, verify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from isocenter.access import audit
from isocenter.access.caller import system_caller
from isocenter.access.trail.anchors import anchor_trail
from isocenter.access.trail.archives import archive_trail
from isocenter.access.trail.messages import AuditSource
from isocenter.access.trail.shipping import Repository, ship_trail
from isocenter.access.trail.verify import Report, verify_trail
from isocenter.index.institutions import Institution, institutions
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.jobs import Task
from isocenter.kit.logging import get_logger
from isocenter.storage.facts import SigningKey
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

AUDIT_QUEUE = "audit"
EVERY_TEN_SECONDS = "* * * * * */10"
EVERY_FIVE_MINUTES = "*/5 * * * *"


@dataclass(frozen=True, slots=True)
class TrailWork:
    """What the work on the trail needs. repository: None when the trail is sent nowhere."""

    database: Database
    store: ObjectStore
    key: SigningKey
    kept_for: timedelta
    node: str
    ae_title: str
    repository: Repository | None = None


def audit_tasks(work: TrailWork) -> list[Task]:
    """Tasks of their own queue, so that a repository that hangs holds no other work up."""

    def anchor() -> None:
        _each(work, lambda one: anchor_trail(work.database, work.store, one.institution_id, work.key))

    def archive() -> None:
        _each(work, lambda one: archive_trail(work.database, work.store, one.institution_id, work.key, work.kept_for))

    def verify() -> None:
        _each(work, lambda one: verify_and_record(work, one.institution_id))

    def ship() -> None:
        if work.repository is not None:
            ship_all(work, work.repository)

    return [
        Task("anchor-audit-trail", anchor, queue=AUDIT_QUEUE, every=EVERY_FIVE_MINUTES),
        Task("archive-audit-trail", archive, queue=AUDIT_QUEUE, every="23 2 * * *"),
        Task("verify-audit-trail", verify, queue=AUDIT_QUEUE, every="41 3 * * *"),
        Task("send-audit-trail", ship, queue=AUDIT_QUEUE, every=EVERY_TEN_SECONDS),
    ]


def verify_and_record(work: TrailWork, institution_id: int) -> Report:
    """Verify one trail and write the finding into it, an alert in the log when it is not sound."""
    report = verify_trail(work.database, work.store, institution_id, {work.key.key_id: work.key})
    outcome = audit.Outcome.SUCCESS if report.sound else audit.Outcome.SERIOUS_FAILURE
    if not report.sound:
        kinds = sorted({problem.kind for problem in report.problems})
        log.error("audit.not-sound", institution_id=institution_id, problems=report.problem_count, kinds=kinds)
    with work.database.transaction(institution_id) as connection:
        caller = system_caller(institution_id, "verify-audit-trail")
        audit.record(
            connection,
            caller,
            audit.Action.AUDIT_VERIFIED,
            outcome=outcome,
            events=report.events,
            archived=report.archived,
            anchors=report.anchors,
            problems=report.problem_count,
        )
    return report


def ship_all(work: TrailWork, repository: Repository) -> int:
    """Send every institution's trail. A repository that is away is told of in the log; the next run tries again."""
    sent = 0

    def ship(one: Institution) -> None:
        nonlocal sent
        source = AuditSource(work.node, work.ae_title, one.name)
        sent += ship_trail(work.database, one.institution_id, source, repository)

    try:
        _each(work, ship)
    except Exhausted as error:
        log.warning("audit.not-sent", reason=error.reason, detail=error.message)
    return sent


def _each(work: TrailWork, do: Callable[[Institution], object]) -> None:
    with work.database.transaction() as connection:
        every = institutions(connection)
    for one in every:
        do(one)
