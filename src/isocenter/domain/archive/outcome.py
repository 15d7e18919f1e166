"""What became of an object that was accepted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StoreKind(StrEnum):
    """What became of an object that was accepted."""

    STORED = "stored"
    ALREADY_STORED = "already-stored"
    KEPT_ASIDE = "kept-aside"


@dataclass(slots=True)  # not frozen: decision 0005
class StoreOutcome:
    """An acknowledged object. warnings: stable words for people who look after data quality, not for the sender."""

    kind: StoreKind
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    warnings: tuple[str, ...]
