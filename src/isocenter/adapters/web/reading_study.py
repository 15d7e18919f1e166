"""A study at hand for reading's verbs: its instances and their metadata from the read path."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from fastapi import Request

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.reading_models import Document, Filed, NotRead, library_of
from isocenter.delivery.bulk_data import bulk_data_of
from isocenter.delivery.library import Library
from isocenter.delivery.metadata import metadata_of
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.domain.archive.store import Archive
from isocenter.domain.reading import filing, study_at_hand
from isocenter.domain.reading.study_at_hand import InstanceAtHand
from isocenter.kit.errors import NotFound
from isocenter.standards.dicom import documents
from isocenter.standards.dicom.uids import check_uid


class ViewedStudy:
    """One study as somebody sees it now (`domain.reading.study_at_hand.StudyAtHand`)."""

    def __init__(self, library: Library, view: StudyView) -> None:
        self._library = library
        self._view = view
        self.institution_id = view.institution_id
        self.study_instance_uid = view.study_instance_uid

    def instance(self, sop_instance_uid: str) -> InstanceAtHand | None:
        """One instance; None when it is not there."""
        found = self._view.instances.get(sop_instance_uid)
        return None if found is None else _at_hand(found)

    def of_classes(self, sop_class_uids: Collection[str]) -> Sequence[InstanceAtHand]:
        """All instances of some SOP classes."""
        return [_at_hand(each) for each in self._view.instances.values() if each.sop_class_uid in sop_class_uids]

    def metadata(self, instances: Sequence[InstanceAtHand]) -> Sequence[dict[str, Any]]:
        """Their DICOM JSON in order."""
        views = [self._view.instances[each.sop_instance_uid] for each in instances]
        found: list[dict[str, Any]] = msgspec.json.decode(metadata_of(self._library, self._view, views, ""))
        return found

    def binary(self, sop_instance_uid: str, uri: str) -> bytes | None:
        """A long value that the metadata of an instance only names; None when it cannot be had."""
        path = uri.rpartition("bulkdata/")[2].split("/")
        try:
            return bulk_data_of(self._library, self._view.institution_id, self._view.instances[sop_instance_uid], path)
        except NotFound:
            return None


def study_at_hand_of(request: Request, who: Caller, study_instance_uid: str) -> ViewedStudy:
    """The study as the caller sees it; her look is recorded. Raises Refused, UnknownStudy, InvalidUid."""
    who.require(Right.READ)
    library = library_of(request)
    return ViewedStudy(library, library.view(who, check_uid(study_instance_uid, "StudyInstanceUID")))


def archive_of(request: Request) -> Archive:
    """Where this process stores."""
    archive = parts_of(request).archive
    assert archive is not None, "this process was made without an archive"
    return archive


def shown_filed(request: Request, who: Caller, filed: filing.Filed) -> Filed:
    """What was filed; the next request of this process sees it."""
    library_of(request).forget(who.institution_id, filed.study_instance_uid)
    return Filed(**asdict(filed))


def shown_document(document: documents.Document) -> Document:
    """The object that something was read from."""
    return Document(**asdict(document))


def shown_not_read(failed: Sequence[study_at_hand.NotRead]) -> list[NotRead]:
    """Objects that could not be read."""
    return [
        NotRead(
            sop_instance_uid=each.instance.sop_instance_uid,
            series_instance_uid=each.instance.series_instance_uid,
            sop_class_uid=each.instance.sop_class_uid,
            why=each.why,
        )
        for each in failed
    ]


def _at_hand(view: InstanceView) -> InstanceAtHand:
    return InstanceAtHand(
        view.series_instance_uid,
        view.sop_instance_uid,
        view.sop_class_uid,
        view.number_of_frames,
        view.photometric_interpretation,
    )
