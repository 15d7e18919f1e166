"""Making a version that was kept aside the current one: the other stays where it is, and the choice can be undone."""

from __future__ import annotations

from typing import Any

from isocenter.access.caller import Caller
from isocenter.domain.archive.examination import examine
from isocenter.domain.identity.acts import Kind, Records
from isocenter.domain.identity.errors import CorrectedSince, UnknownVersion
from isocenter.index import versions as index
from isocenter.index.asides import Aside, asides_of
from isocenter.index.locators import packs_of
from isocenter.storage.errors import BytesAway
from isocenter.storage.extents import Extent
from isocenter.storage.manifest import read_manifest
from isocenter.storage.manifest_layout import AsideReason

OTHER_CONTENT = "other-content"
_KEPT = (
    "instance_number",
    "number_of_frames",
    "rows",
    "columns",
    "bits_allocated",
    "samples_per_pixel",
    "photometric_interpretation",
)


def choose_version(caller: Caller, records: Records, study_instance_uid: str, aside_id: int, reason: str) -> int:
    """Show a version kept aside in the place of the one that came first; returns the correction_id.

    Only for other content under the same UIDs: what came in another study or series stays aside.
    Raises Refused, InvalidCorrection, UnknownVersion, CorrectedSince (another choice stands: undo it), Exhausted.
    """
    with records.act(caller, Kind.VERSION_CHOSEN, reason, study_instance_uid=study_instance_uid) as act:
        found = [one for one in asides_of(act.connection, study_instance_uid) if one.aside_id == aside_id]
        if not found or found[0].reason != OTHER_CONTENT:
            raise UnknownVersion("No such version of an instance of this study is kept aside.", aside_id=aside_id)
        [aside] = found
        packs = [pack.object_key for pack in packs_of(act.connection, aside.study_id)]
        attributes = _attributes(records, aside, packs)
        if not index.choose(
            act.connection, aside.study_id, aside.sop_instance_uid, aside.digest, act.correction_id, attributes
        ):
            raise CorrectedSince("Another version was chosen before: undo that first.", aside_id=aside_id)
        act.after = {"SOPInstanceUID": aside.sop_instance_uid, "ReceivedAt": aside.received_at.isoformat()}
        act.values = {
            "study_instance_uid": study_instance_uid,
            "sop_instance_uid": aside.sop_instance_uid,
            "digest": aside.digest.hex(),
        }
        act.studies.append(study_instance_uid)
        return act.correction_id


def _attributes(records: Records, aside: Aside, packs: list[str]) -> dict[str, Any]:
    """What the index keeps of an instance, read from the version as received."""
    if aside.source is None:
        data_set, syntax = _unpacked(records, aside, packs)
    elif records.data is None:
        raise BytesAway("The version kept aside cannot be read here.", aside_id=aside.aside_id)
    else:
        extent = Extent(aside.source, aside.data_set_offset, aside.data_set_length)
        data_set, syntax = records.data.read(extent), aside.transfer_syntax_uid
    _, attributes = examine(memoryview(data_set), syntax, None)
    return {name: getattr(attributes, name) for name in _KEPT}


def _unpacked(records: Records, aside: Aside, packs: list[str]) -> tuple[bytes, str]:
    from isocenter.domain.archive.recompress import rebuild_received  # numpy and codecs: only when it comes to that

    for key in packs:
        manifest = read_manifest(records.store, key)
        for entry in manifest.entries():
            if entry.aside_reason is not AsideReason.NONE and entry.digest == aside.digest:
                return rebuild_received(records.store, manifest, entry), entry.received_transfer_syntax_uid
    raise BytesAway("The version kept aside cannot be read now.", aside_id=aside.aside_id)
