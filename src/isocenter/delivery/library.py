"""The read path of one process: what the doors ask for views, frames, metadata, objects and pictures.

Everything here may block (database, disk, confined processes) unless it says that it never waits; the doors call it
from worker threads. Rights and the audit of looks are checked where a view is handed out, and nowhere else is needed:
whatever is delivered is asked for with a view.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from isocenter.access.audit import study_fetched_ahead, study_opened
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.restriction.restrictions import seen_by_role_alone
from isocenter.access.roles import Right
from isocenter.access.sharing.doors import doors_open_to
from isocenter.access.sight import sees_study
from isocenter.delivery import frames
from isocenter.delivery.cache import BoundedCache
from isocenter.delivery.errors import NotAhead, NotDrawable, UnknownStudy
from isocenter.delivery.files import Files
from isocenter.delivery.header_json import headers_to_json
from isocenter.delivery.index_source import IndexSource
from isocenter.delivery.locate import Locator
from isocenter.delivery.plain_grey import PlainGrey, plain_grey
from isocenter.delivery.study_view import UNSCANNED, Form, InstanceView, StudyView
from isocenter.kit.confined import Confined
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.elements import scan
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.manifest import InstanceEntry, Manifest
from isocenter.storage.object_store import ObjectStore

T = TypeVar("T")

log = get_logger(__name__)

LAYOUTS_KEPT = 50_000
LOOKS_KEPT = 50_000
PLAIN_KEPT = 10_000
SIGHT_TRUSTED_FOR_S = 2.0
"""A right that ended, or a restriction, is felt within this by who is looking already."""
METADATA_CACHE_BYTES = 128 << 20
PICTURE_CACHE_BYTES = 64 << 20

CONFINED_MODULES = (
    "isocenter.delivery.bulk_data",
    "isocenter.delivery.header_json",
    "isocenter.delivery.rendered",
    "isocenter.delivery.transcode",
)
"""What confined processes should have imported (`Confined(preload=...)`), so that no first picture waits for it."""

RebuildReceived = Callable[[ObjectStore, Manifest, InstanceEntry], bytes]
"""(store, manifest of the pack, the instance in it) → the data set as received, proven by its digest."""


class Library:
    """Reads for all callers of this process. `rebuild_received` comes from the room that seals (domain.archive)."""

    def __init__(
        self,
        *,
        database: Database,
        data: Bytes,
        confined: Confined,
        rebuild_received: RebuildReceived | None = None,
    ) -> None:
        self.database = database
        self.data = data
        self.store = data.store
        self.confined = confined
        self.rebuild_received = rebuild_received
        self.files = Files(data)
        self.locator = Locator(IndexSource(database, data))
        self.metadata = BoundedCache(METADATA_CACHE_BYTES)
        self.pictures = BoundedCache(PICTURE_CACHE_BYTES)
        self.scratch = memoryview(bytearray(2 * frames.SMALL_PIXELS))  # of the event loop: `pixels.frame_at_hand`
        self._frame_tables: OrderedDict[tuple[int, Extent], tuple[tuple[Extent, ...], ...]] = OrderedDict()
        self._forms: OrderedDict[tuple[int, Extent], Form] = OrderedDict()
        self._plain: OrderedDict[tuple[int, Extent], PlainGrey | None] = OrderedDict()
        self._looks: OrderedDict[tuple[int, str, str, str], tuple[Caller, float]] = OrderedDict()
        self._lock = threading.Lock()

    def view_at_hand(self, caller: Caller, study_instance_uid: str) -> StudyView | None:
        """The view when it is in memory, fresh, and this sitting's look is on record. Never waits."""
        caller.require(Right.READ)
        known = self._looks.get(_look(caller, study_instance_uid))
        if known is None or time.monotonic() - known[1] > SIGHT_TRUSTED_FOR_S:
            return None
        return self.locator.at_hand(known[0].institution_id, study_instance_uid)

    def view(self, caller: Caller, study_instance_uid: str, trusted_for_s: float = 0.0) -> StudyView:
        """The study as it is now, or was trusted_for_s ago; records the caller's look.

        Of the caller's own institution if it is there, else of an ally that shares it: see its institution_id.
        Raises Refused, UnknownStudy (also when it is out of the caller's sight), Exhausted.
        """
        caller.require(Right.READ)
        look = _look(caller, study_instance_uid)
        known = self._looks.get(look)
        if known is not None and time.monotonic() - known[1] <= SIGHT_TRUSTED_FOR_S:
            return self.locator.view(known[0].institution_id, study_instance_uid, trusted_for_s)
        asked_at = time.monotonic()
        looking = self.looking_as(caller, study_instance_uid)
        view = self.locator.view(looking.institution_id, study_instance_uid, trusted_for_s)
        if known is None or known[0] != looking:
            study_opened(self.database, looking, study_instance_uid)
        with self._lock:
            self._looks[look] = looking, asked_at
            while len(self._looks) > LOOKS_KEPT:
                self._looks.popitem(last=False)
        return view

    def view_ahead(self, caller: Caller, study_instance_uid: str) -> StudyView:
        """The study as it is now, for a person who is likely to open it next; records this, and no look.

        Raises Refused, UnknownStudy (also when it is out of the caller's sight), NotAhead (it is in her sight for a
        reason of its own: care, a broken glass, a sharing rule), Exhausted.
        """
        caller.require(Right.READ)
        looking = self.looking_as(caller, study_instance_uid)
        if not seen_by_role_alone(self.database, looking, study_instance_uid):
            raise NotAhead("This study is sent when it is opened.", study_instance_uid=study_instance_uid)
        view = self.locator.view(looking.institution_id, study_instance_uid)
        study_fetched_ahead(self.database, looking, study_instance_uid)
        return view

    def looking_as(self, caller: Caller, study_instance_uid: str) -> Caller:
        """As whom the caller sees the study: as herself, or as the guest of an ally. Raises UnknownStudy."""
        if caller.kind is CallerKind.SYSTEM or sees_study(self.database, caller, study_instance_uid):
            return caller
        for guest in doors_open_to(self.database, caller):
            if sees_study(self.database, guest, study_instance_uid):
                return guest
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)

    def forget(self, institution_id: int, study_instance_uid: str) -> None:
        """Something about the study has changed in this process: look at the index at the next request."""
        known = self.locator.at_hand(institution_id, study_instance_uid)
        if known is not None:
            self.locator.doubt(known)

    def form_at_hand(self, institution_id: int, instance: InstanceView) -> Form | None:
        """The preferred form of an instance with its layout known; None when it must be scanned. Never waits."""
        form = instance.form
        return form if form.header_length != UNSCANNED else self._forms.get((institution_id, form.data_set))

    def form(self, institution_id: int, instance: InstanceView) -> Form:
        """The preferred form of an instance with its layout known."""
        known = self.form_at_hand(institution_id, instance)
        if known is not None:
            return known
        form = instance.form
        data = self.files.view(form.data_set)
        try:
            scanned = scan(data, form.syntax, frozenset())
        finally:
            data.release()
        span = scanned.pixel_data
        known = replace(
            form,
            header_length=form.data_set.length if span is None else span.element_offset,
            pixel_offset=None if span is None else span.value_offset,
            pixel_length=None if span is None else span.length,
        )
        self._keep(self._forms, (institution_id, form.data_set), known)
        return known

    def frame_extents(
        self, institution_id: int, instance: InstanceView, form: Form, frame_index: int
    ) -> frames.FrameExtents:
        """The bytes of a stored frame; None when it must be derived. Reads the items of an open object once."""
        frames.check_frame(instance, form, frame_index)
        known = self.frame_extents_at_hand(institution_id, instance, form, frame_index)
        if known is not None or not form.encapsulated:
            return known
        table = self._frame_tables.get((institution_id, form.data_set))
        if table is None:
            table = frames.scan_fragments(self.files, instance, form)
            self._keep(self._frame_tables, (institution_id, form.data_set), table)
        if frame_index >= len(table):
            raise NotDrawable("A video is one stream: it is given as frame 1.", cause="video")
        return table[frame_index]

    def frame_extents_at_hand(
        self, institution_id: int, instance: InstanceView, form: Form, frame_index: int
    ) -> frames.FrameExtents:
        """The bytes of a stored frame if that is known already. Never waits."""
        if form.packed is not None or form.pixel_length is not None:
            return frames.extents_at_hand(instance, form, frame_index)
        table = self._frame_tables.get((institution_id, form.data_set))
        return table[frame_index] if table is not None and frame_index < len(table) else None

    def plain_grey(self, institution_id: int, form: Form) -> PlainGrey | None:
        """How the frames of an object are drawn in this process; None: elsewhere. Reads its header once."""
        key = (institution_id, form.data_set)
        if key not in self._plain:
            header = bytes(self.files.read(form.within(0, form.header_length)))
            self._keep(self._plain, key, plain_grey(header, form), PLAIN_KEPT)
        return self._plain.get(key)

    def plain_grey_at_hand(self, institution_id: int, form: Form) -> PlainGrey | None:
        """`plain_grey` if its header was read already. Never waits."""
        return self._plain.get((institution_id, form.data_set))

    def _keep(
        self, kept: OrderedDict[tuple[int, Extent], T], key: tuple[int, Extent], value: T, most: int = LAYOUTS_KEPT
    ) -> None:
        with self._lock:
            kept[key] = value
            while len(kept) > most:
                kept.popitem(last=False)

    def warm(self) -> None:
        """Start a confined process before the first client needs one."""
        try:
            self.confined.call(headers_to_json, [])
        except IsocenterError as error:
            log.warning("delivery.not-warm", reason=error.reason)

    def close(self) -> None:
        """Let go of files. Database, store and confined processes belong to the process."""
        self.files.close()


def _look(caller: Caller, study_instance_uid: str) -> tuple[int, str, str, str]:
    return (caller.institution_id, caller.id, caller.sitting, study_instance_uid)
