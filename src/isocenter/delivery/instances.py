"""Whole objects as files (PS3.10): as they lie, or in the transfer syntax that a client asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isocenter.delivery.errors import BytesAway
from isocenter.delivery.frames import VIDEO
from isocenter.delivery.study_view import Form, InstanceView
from isocenter.delivery.transcode import transcoded
from isocenter.kit.errors import Invalid
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.part10 import file_meta
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.extents import Extent
from isocenter.storage.manifest_layout import Rebuild

if TYPE_CHECKING:
    from isocenter.delivery.library import Library

log = get_logger(__name__)

STORED = "*"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one instance goes out: its file's head and where its data set lies, or None: made when its turn comes."""

    instance: InstanceView
    transfer_syntax_uid: str
    head: bytes
    data_set: Extent | None

    @property
    def length(self) -> int | None:
        """Bytes of the file; None when it has to be made first."""
        return None if self.data_set is None else len(self.head) + self.data_set.length


def as_it_lies(instance: InstanceView, form: Form) -> Delivery:
    """A form sent without touching its bytes."""
    head = file_meta(instance.sop_class_uid, instance.sop_instance_uid, form.transfer_syntax_uid)
    return Delivery(instance, form.transfer_syntax_uid, head, form.data_set)


def delivery_of(instance: InstanceView, wanted: Iterable[str]) -> Delivery | None:
    """The first of the wanted transfer syntaxes ("*": as stored) that the instance can be given in; None if none."""
    for syntax in wanted:
        if syntax == STORED:
            return as_it_lies(instance, instance.form)
        for form in instance.forms:
            if form.transfer_syntax_uid == syntax:
                return as_it_lies(instance, form)
        if syntax == EXPLICIT_VR_LITTLE_ENDIAN and instance.form.transfer_syntax_uid not in VIDEO:
            return Delivery(instance, syntax, b"", None)
    return None


def make_file(library: Library, instance: InstanceView) -> tuple[str, bytes]:
    """(transfer syntax, file): in explicit VR little endian, or as it lies when that cannot be made of it.

    A sealed object whose pixels we recompressed is rebuilt as received first; every other is read where it lies.
    """
    form = instance.form
    data_set, syntax = bytes(library.files.read(form.data_set)), form.transfer_syntax_uid
    packed = form.packed
    if packed is not None and packed.entry.rebuild is not Rebuild.VERBATIM and library.rebuild_received is not None:
        try:
            data_set = library.rebuild_received(library.store, packed.manifest, packed.entry)
        except (NoSuchObject, Damaged) as error:
            raise BytesAway("The object cannot be read now.", sop_instance_uid=instance.sop_instance_uid) from error
        syntax = packed.entry.received_transfer_syntax_uid
    if syntax != EXPLICIT_VR_LITTLE_ENDIAN:
        try:
            data_set = library.confined.call(transcoded, data_set, syntax)
            syntax = EXPLICIT_VR_LITTLE_ENDIAN
        except Invalid as error:  # and ConfinedFailure, which is one
            log.info("delivery.not-transcoded", sop_instance_uid=instance.sop_instance_uid, reason=error.reason)
    return syntax, file_meta(instance.sop_class_uid, instance.sop_instance_uid, syntax) + data_set
