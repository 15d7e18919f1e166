"""What becomes of the objects of one STOW-RS request: committed in groups, or refused one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from isocenter.domain.archive.outcome import StoreOutcome
from isocenter.domain.archive.reception import Appended
from isocenter.domain.archive.store import Archive
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.kit.metrics import REFUSED_INSTANCES

log = get_logger(__name__)

DOOR: Final = "stow-rs"
GROUP_OBJECTS: Final = 64
"""So many appended objects wait for one commit."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An object that was not stored. The UIDs are "" when they could not be read."""

    sop_class_uid: str
    sop_instance_uid: str
    error: Exception


@dataclass(slots=True)
class StoreResults:
    """Used by one thread at a time."""

    archive: Archive
    outcomes: list[StoreOutcome] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    _appended: list[Appended] = field(default_factory=list)

    def append(self, appended: Appended) -> None:
        """One more object lies in the journal."""
        self._appended.append(appended)
        if len(self._appended) >= GROUP_OBJECTS:
            self.commit()

    def commit(self) -> None:
        """Block until those that were appended are durable and indexed, or refused together."""
        group, self._appended = self._appended, []
        try:
            self.outcomes += self.archive.commit(group)
        except Exception as error:
            if not isinstance(error, IsocenterError):
                log.error("stow-rs.commit-failed", exc_info=error)
            for appended in group:
                attributes = appended.row.attributes
                self.refusals.append(Refusal(attributes.sop_class_uid, attributes.sop_instance_uid, error))

    def refuse(self, sop_class_uid: str, sop_instance_uid: str, error: Exception) -> None:
        """Note why an object is not stored; the others go on."""
        REFUSED_INSTANCES.labels(DOOR, error.reason if isinstance(error, IsocenterError) else "defect").inc()
        if not isinstance(error, IsocenterError):
            log.error("stow-rs.object-failed", exc_info=error)
        self.refusals.append(Refusal(sop_class_uid, sop_instance_uid, error))
