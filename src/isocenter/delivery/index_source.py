"""Study views from the index and the packs' manifests: open instances by their rows, sealed ones by the manifests."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from isocenter.delivery.errors import BytesAway
from isocenter.delivery.study_view import UNSCANNED, Form, InstanceView, Packed, SeriesView, StudyView, in_order
from isocenter.index.corrections import Layer, layers_of
from isocenter.index.locators import OpenInstance, StudyPlaces, study_places, study_version
from isocenter.index.rejections import hidden_uids
from isocenter.index.versions import ChosenVersion, chosen_versions
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.standards.dicom.attributes import default_in
from isocenter.standards.dicom.rejection_note import NOTE_IS_HIDDEN_TOO
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.manifest import InstanceEntry, Manifest, read_manifest
from isocenter.storage.manifest_layout import AsideReason
from isocenter.storage.segments import SegmentName

MANIFESTS_KEPT = 512
LOAD_ATTEMPTS = 3


class IndexSource:
    """Loads views. Safe for threads."""

    def __init__(self, database: Database, data: Bytes) -> None:
        self._database = database
        self._store = data.store
        self._journal_directory = data.journal_directory
        self._manifests: OrderedDict[str, Manifest] = OrderedDict()
        self._lock = threading.Lock()

    def version(self, institution_id: int, study_instance_uid: str) -> int | None:
        """The study's version in the index; None when the institution has no such study."""
        with self._database.transaction(institution_id) as connection:
            return study_version(connection, study_instance_uid)

    def load(self, institution_id: int, study_instance_uid: str) -> StudyView | None:
        """The whole view. A pack that is replaced just now is looked for again; raises BytesAway if it stays away."""
        for attempt in range(LOAD_ATTEMPTS):
            with self._database.transaction(institution_id) as connection:
                places = study_places(connection, study_instance_uid)
                hidden = hidden_uids(connection, study_instance_uid, sorted(NOTE_IS_HIDDEN_TOO))
                layers = [] if places is None else layers_of(connection, places.study_id)
                chosen = [] if places is None else chosen_versions(connection, places.study_id)
            if places is None:
                return None
            try:
                view = self._view(institution_id, places, hidden, layers, chosen)
                return view if view.series or not hidden else None
            except IsocenterError as error:
                if attempt == LOAD_ATTEMPTS - 1:
                    raise BytesAway(
                        "The study is known and its pack cannot be read now.", study_instance_uid=study_instance_uid
                    ) from error
        raise AssertionError("unreachable")

    def _view(
        self,
        institution_id: int,
        places: StudyPlaces,
        hidden: frozenset[str],
        layers: Sequence[Layer],
        chosen: Sequence[ChosenVersion],
    ) -> StudyView:
        found: dict[str, InstanceView] = {}
        for pack in places.packs:
            found |= self._packed(self._manifest(pack.object_key, pack.size_bytes))
        found |= {row.sop_instance_uid: _open(row) for row in places.instances}
        for version in chosen:
            if version.sop_instance_uid in found:
                found[version.sop_instance_uid] = self._chosen(places, version)
        if layers:
            found = _corrected(found, places, layers)
        members: dict[str, list[InstanceView]] = {}
        for instance in found.values():
            if instance.sop_instance_uid in hidden:
                continue
            members.setdefault(instance.series_instance_uid, []).append(instance)
        series = {
            row.series_instance_uid: SeriesView(
                row.series_instance_uid, row.modality, row.series_number, in_order(members[row.series_instance_uid])
            )
            for row in places.series
            if row.series_instance_uid in members
        }
        return StudyView(
            institution_id, places.study_instance_uid, places.study_id, places.version, places.state, series
        )

    def _manifest(self, key: str, size: int) -> Manifest:
        with self._lock:
            manifest = self._manifests.get(key)
            if manifest is not None:
                self._manifests.move_to_end(key)
                return manifest
        manifest = read_manifest(self._store, key, size)
        with self._lock:
            self._manifests[key] = manifest
            while len(self._manifests) > MANIFESTS_KEPT:
                self._manifests.popitem(last=False)
        return manifest

    def _packed(self, manifest: Manifest) -> dict[str, InstanceView]:
        """The instances of a pack that are part of the study; those still in a journal have that form first."""
        entries = [entry for entry in manifest.entries() if entry.aside_reason is AsideReason.NONE]
        here = self._segments_here(entry.hint.segment for entry in entries if entry.hint is not None)
        return {entry.sop_instance_uid: _sealed(manifest, entry, here) for entry in entries}

    def _chosen(self, places: StudyPlaces, version: ChosenVersion) -> InstanceView:
        """A version that was kept aside, where it lies. Raises BytesAway when it lies nowhere."""
        if version.source is not None:
            data_set = Extent(version.source, version.data_set_offset, version.data_set_length)
            return _aside(version, (Form(version.transfer_syntax_uid, data_set, UNSCANNED, None, None),))
        for pack in places.packs:
            manifest = self._manifest(pack.object_key, pack.size_bytes)
            for entry in manifest.entries():
                if (entry.sop_instance_uid, entry.digest) == (version.sop_instance_uid, bytes(version.digest)):
                    here = self._segments_here([entry.hint.segment] if entry.hint is not None else [])
                    return _aside(version, _sealed(manifest, entry, here).forms)
        raise BytesAway("A chosen version is not there.", sop_instance_uid=version.sop_instance_uid)

    def _segments_here(self, segments: Iterable[SegmentName]) -> set[SegmentName]:
        return {segment for segment in set(segments) if segment.path(self._journal_directory).exists()}


def _corrected(found: dict[str, InstanceView], places: StudyPlaces, layers: Sequence[Layer]) -> dict[str, InstanceView]:
    """The instances with what lies over the study and over their series."""
    numbers = {row.series_instance_uid: row.series_id for row in places.series}
    by_series = {
        uid: tuple(layer.correction for layer in layers if layer.series_id in (None, number))
        for uid, number in numbers.items()
    }
    return {
        uid: replace(instance, corrections=by_series.get(instance.series_instance_uid, ()))
        for uid, instance in found.items()
    }


def _aside(version: ChosenVersion, forms: tuple[Form, ...]) -> InstanceView:
    known = version.attributes
    return InstanceView(
        version.sop_instance_uid,
        version.sop_class_uid,
        version.series_instance_uid,
        known.get("instance_number"),
        known.get("number_of_frames") or 1,
        known.get("rows"),
        known.get("columns"),
        known.get("bits_allocated"),
        known.get("samples_per_pixel"),
        known.get("photometric_interpretation"),
        bytes(version.digest),
        version.transfer_syntax_uid,
        forms,
    )


def _open(row: OpenInstance) -> InstanceView:
    form = Form(
        row.transfer_syntax_uid,
        Extent(row.source, row.data_set_offset, row.data_set_length),
        row.header_length,
        row.pixel_value_offset,
        row.pixel_length,
    )
    return InstanceView(
        row.sop_instance_uid,
        row.sop_class_uid,
        row.series_instance_uid,
        row.instance_number,
        row.number_of_frames,
        row.rows,
        row.columns,
        row.bits_allocated,
        row.samples_per_pixel,
        row.photometric_interpretation,
        row.digest,
        row.transfer_syntax_uid,
        (form,),
        default_in(row.warnings),
    )


def _sealed(manifest: Manifest, entry: InstanceEntry, here: set[SegmentName]) -> InstanceView:
    value_offset = entry.pixel_value_offset
    stored = Form(
        entry.transfer_syntax_uid,
        manifest.data_set(entry),
        entry.header_length,
        None if value_offset is None else value_offset - entry.data_set_offset,
        entry.pixel_value_length,
        Packed(manifest, entry),
    )
    forms: tuple[Form, ...] = (stored,)
    if entry.hint is not None and entry.hint.segment in here:
        data_set = Extent(entry.hint.segment.source, entry.hint.data_set_offset, entry.hint.data_set_length)
        received = Form(entry.received_transfer_syntax_uid, data_set, UNSCANNED, None, None)
        # Recompressed colour is described otherwise in its metadata (planes, colour transform): frames go with that.
        forms = (received, stored) if entry.samples_per_pixel <= 1 else (stored, received)
    return InstanceView(
        entry.sop_instance_uid,
        entry.sop_class_uid,
        entry.series_instance_uid,
        entry.instance_number,
        entry.number_of_frames,
        entry.rows,
        entry.columns,
        entry.bits_allocated or None,
        entry.samples_per_pixel or None,
        entry.photometric_interpretation or None,
        entry.digest,
        entry.received_transfer_syntax_uid,
        forms,
    )
