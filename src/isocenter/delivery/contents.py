"""The inside of studies for searches (isocenter.index.find): which instances, and what their data sets say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from isocenter.access.caller import Caller
from isocenter.delivery.errors import UnknownStudy
from isocenter.delivery.library import Library
from isocenter.delivery.metadata import metadata_of
from isocenter.delivery.study_view import InstanceView, StudyView


class StudyContents:
    """What one caller's search may look into; every study it opens is on record as a look. For one search."""

    def __init__(self, library: Library, caller: Caller) -> None:
        self._library = library
        self._caller = caller
        self._view: StudyView | None = None

    def instances(self, study_instance_uid: str) -> Mapping[str, Sequence[InstanceView]]:
        """Instances in order by Series Instance UID; {} when the study is gone meanwhile. Raises Exhausted."""
        try:
            view = self._of(study_instance_uid)
        except UnknownStudy:
            return {}
        return {uid: series.instances for uid, series in view.series.items()}

    def describe(self, study_instance_uid: str, sop_instance_uids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Data sets in the DICOM JSON model, in the same order; {} for an instance that is gone meanwhile."""
        try:
            view = self._of(study_instance_uid)
        except UnknownStudy:
            return [{} for _ in sop_instance_uids]
        present = [uid for uid in sop_instance_uids if uid in view.instances]
        text = metadata_of(self._library, view, [view.instances[uid] for uid in present], "")
        read = dict(zip(present, msgspec.json.decode(text), strict=True))
        return [read.get(uid, {}) for uid in sop_instance_uids]

    def _of(self, study_instance_uid: str) -> StudyView:
        if self._view is None or self._view.study_instance_uid != study_instance_uid:
            self._view = self._library.view(self._caller, study_instance_uid)
        return self._view
