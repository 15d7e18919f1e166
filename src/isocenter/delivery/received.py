"""Objects as they were received, proven by their digest: for who corrects, compares or migrates. No overlay here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blake3 import blake3

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.delivery.errors import BytesAway, UnknownInstance
from isocenter.delivery.study_view import InstanceView
from isocenter.index.asides import Aside, aside_of, asides_of
from isocenter.index.locators import packs_of
from isocenter.standards.dicom.part10 import file_meta
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.extents import Extent
from isocenter.storage.manifest import InstanceEntry, Manifest, read_manifest
from isocenter.storage.manifest_layout import AsideReason, Rebuild

if TYPE_CHECKING:
    from isocenter.delivery.library import Library


@dataclass(frozen=True, slots=True)
class ReceivedObject:
    """A data set bit for bit as it came, in its transfer syntax. digest: BLAKE3 of it, taken at reception."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: bytes
    digest: bytes

    @property
    def file(self) -> bytes:
        """As a file (PS3.10)."""
        return file_meta(self.sop_class_uid, self.sop_instance_uid, self.transfer_syntax_uid) + self.data_set


def received_instance(
    caller: Caller, library: Library, study_instance_uid: str, sop_instance_uid: str
) -> ReceivedObject:
    """The current version of an instance as received, whatever was corrected since; the look is audited.

    Raises Refused, UnknownStudy, UnknownInstance; BytesAway, also when the bytes have not their digest any more.
    """
    caller.require(Right.CORRECT)
    instance = library.view(caller, study_instance_uid).instances.get(sop_instance_uid)
    if instance is None:
        raise UnknownInstance("The study has no such instance.", sop_instance_uid=sop_instance_uid)
    data_set = _proven(library, instance)
    _audit(caller, library, study_instance_uid, sop_instance_uid)
    return ReceivedObject(
        instance.sop_class_uid, sop_instance_uid, instance.received_syntax_uid, data_set, instance.digest
    )


def asides_of_study(caller: Caller, library: Library, study_instance_uid: str) -> list[Aside]:
    """The versions kept aside with a study. Raises Refused."""
    caller.require(Right.CORRECT)
    with transaction_of(library.database, caller) as connection:
        return asides_of(connection, study_instance_uid)


def received_aside(caller: Caller, library: Library, aside_id: int) -> ReceivedObject:
    """A version kept aside, as received; the look is audited. Raises Refused, UnknownInstance, BytesAway."""
    caller.require(Right.CORRECT)
    with transaction_of(library.database, caller) as connection:
        aside = aside_of(connection, aside_id)
        packs = [] if aside is None else [pack.object_key for pack in packs_of(connection, aside.study_id)]
    if aside is None:
        raise UnknownInstance("There is no such version kept aside.", aside_id=aside_id)
    if aside.source is not None:
        data_set = bytes(library.files.read(Extent(aside.source, aside.data_set_offset, aside.data_set_length)))
        syntax = aside.transfer_syntax_uid
    else:
        data_set, syntax = _from_packs(library, aside, packs)
    if blake3(data_set).digest() != aside.digest:
        raise BytesAway("The version kept aside is damaged.", aside_id=aside_id)
    _audit(caller, library, aside.study_instance_uid, aside.sop_instance_uid)
    return ReceivedObject(aside.sop_class_uid, aside.sop_instance_uid, syntax, data_set, aside.digest)


def _proven(library: Library, instance: InstanceView) -> bytes:
    for form in instance.forms:
        packed = form.packed
        try:
            if packed is None:
                data_set = bytes(library.files.read(form.data_set))
            else:
                data_set = _unpacked(library, packed.manifest, packed.entry)
        except (BytesAway, NoSuchObject, Damaged):
            continue
        if blake3(data_set).digest() == instance.digest:
            return data_set
    raise BytesAway("The object as received cannot be read now.", sop_instance_uid=instance.sop_instance_uid)


def _unpacked(library: Library, manifest: Manifest, entry: InstanceEntry) -> bytes:
    if entry.rebuild is Rebuild.VERBATIM or library.rebuild_received is None:
        return bytes(library.files.read(manifest.data_set(entry)))
    return library.rebuild_received(library.store, manifest, entry)


def _from_packs(library: Library, aside: Aside, packs: list[str]) -> tuple[bytes, str]:
    for key in packs:
        manifest = read_manifest(library.store, key)
        for entry in manifest.entries():
            if entry.aside_reason is not AsideReason.NONE and entry.digest == aside.digest:
                return _unpacked(library, manifest, entry), entry.received_transfer_syntax_uid
    raise BytesAway("The version kept aside cannot be read now.", aside_id=aside.aside_id)


def _audit(caller: Caller, library: Library, study_instance_uid: str, sop_instance_uid: str) -> None:
    with transaction_of(library.database, caller) as connection:
        audit.record(
            connection,
            caller,
            audit.Action.RECEIVED_FORM_GIVEN,
            study_instance_uid,
            sop_instance_uid=sop_instance_uid,
        )
