"""What a worker does about retention: looking which studies are due, destroying what two people approved."""

from __future__ import annotations

from isocenter.domain.retention.destroying import DESTROY, RETENTION_QUEUE, Destructions
from isocenter.domain.retention.looking import LOOK, look_everywhere
from isocenter.kit.jobs import Task

EVERY_NIGHT = "23 2 * * *"
EVERY_HOUR = "41 * * * *"


def retention_tasks(destructions: Destructions) -> list[Task]:
    """Looking every night; destroying when somebody gave the second approval, and what was left over every hour."""

    def look() -> None:
        look_everywhere(destructions.database)

    return [
        Task(LOOK, look, queue=RETENTION_QUEUE, every=EVERY_NIGHT),
        Task(DESTROY, destructions.destroy_approved, queue=RETENTION_QUEUE, attempts=3),
        Task("destroy-left-over", destructions.destroy_approved, queue=RETENTION_QUEUE, every=EVERY_HOUR),
    ]
