"""What this room needs of a study that somebody looks at: its instances and their metadata. The read path gives it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from isocenter.access.caller import Caller
from isocenter.domain.reading.errors import SharedStudy, UnknownImage
from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.new_objects import Read, ReferencedImage

MAX_DOCUMENTS: Final = 500
"""So many reports, presentation states or key images of one study are read at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InstanceAtHand:
    """One instance of the study."""

    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    number_of_frames: int
    photometric_interpretation: str | None = None


class StudyAtHand(Protocol):
    """A study as a caller sees it now. institution_id: who holds it."""

    institution_id: int
    study_instance_uid: str

    def instance(self, sop_instance_uid: str) -> InstanceAtHand | None:
        """One instance; None when it is not there (or rejected)."""

    def of_classes(self, sop_class_uids: Collection[str]) -> Sequence[InstanceAtHand]:
        """All instances of some SOP classes."""

    def metadata(self, instances: Sequence[InstanceAtHand]) -> Sequence[dict[str, Any]]:
        """Their DICOM JSON (PS3.18 Annex F) in order, as shown now: with what was corrected."""

    def binary(self, sop_instance_uid: str, uri: str) -> bytes | None:
        """A long value that the metadata of an instance only names; None when it cannot be had."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """An object that could not be read. why: the reason of the error."""

    instance: InstanceAtHand
    why: str


def check_owned(caller: Caller, study: StudyAtHand) -> None:
    """Raise SharedStudy unless the study is of the caller's own institution: nobody files into another's archive."""
    if study.institution_id != caller.institution_id:
        raise SharedStudy(
            "This study belongs to an allied institution; ask somebody there to file it.",
            study_instance_uid=study.study_instance_uid,
        )


def images_of(
    study: StudyAtHand, wanted: Iterable[tuple[str, str, tuple[int, ...]]]
) -> dict[tuple[str, tuple[int, ...]], ReferencedImage]:
    """How images are referred to. wanted: series, instance, frames (from 1; () is all). Raises UnknownImage.

    Frames of an image that has one only are left out (PS3.3 10.3).
    """
    found: dict[tuple[str, tuple[int, ...]], ReferencedImage] = {}
    for series_instance_uid, sop_instance_uid, frames in wanted:
        known = study.instance(sop_instance_uid)
        if known is None or known.series_instance_uid != series_instance_uid:
            raise UnknownImage("An image that is referred to is not in this study.", sop_instance_uid=sop_instance_uid)
        if any(frame > max(known.number_of_frames, 1) for frame in frames):
            raise UnknownImage("The image has no such frame.", sop_instance_uid=sop_instance_uid)
        said = frames if known.number_of_frames > 1 else ()
        found[sop_instance_uid, frames] = ReferencedImage(
            series_instance_uid, sop_instance_uid, known.sop_class_uid, said
        )
    return found


def metadata_of_one(study: StudyAtHand, sop_instance_uid: str) -> Read:
    """The metadata of an instance that is there."""
    known = study.instance(sop_instance_uid)
    assert known is not None, "looked for before"
    return study.metadata([known])[0]


def read_all(
    study: StudyAtHand, sop_class_uids: Collection[str], read: Callable[[Read], T | None]
) -> tuple[list[T], list[NotRead]]:
    """Everything that can be read of the study's instances of some classes; read: None is something else.

    One bad object costs only itself.
    """
    instances = study.of_classes(sop_class_uids)
    found: list[T] = []
    failed = [NotRead(each, "too-many-documents") for each in instances[MAX_DOCUMENTS:]]
    for instance, model in zip(instances[:MAX_DOCUMENTS], study.metadata(instances[:MAX_DOCUMENTS]), strict=True):
        try:
            made = read(model)
        except Invalid as error:
            failed.append(NotRead(instance, error.reason))
            continue
        if made is not None:
            found.append(made)
    return found, failed
