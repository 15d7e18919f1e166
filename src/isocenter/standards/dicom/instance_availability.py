"""Instance Availability Notification (PS3.4 Annex R): what the notice says. Not its exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from isocenter.standards.dicom.identifiers import Attribute, encode_identifier

INSTANCE_AVAILABILITY_NOTIFICATION: Final = "1.2.840.10008.5.1.4.33"


class InstanceAvailability(StrEnum):
    """Instance Availability (0008,0056), of which we use the two that a disk has (PS3.3 C.4.23.1.1)."""

    ONLINE = "ONLINE"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class AvailableInstance:
    """One instance and whether it can be had."""

    sop_class_uid: str
    sop_instance_uid: str
    availability: InstanceAvailability = InstanceAvailability.ONLINE


def availability_notice(
    study_instance_uid: str,
    series: Mapping[str, Sequence[AvailableInstance]],
    retrieve_ae_title: str,
    transfer_syntax_uid: str,
) -> bytes:
    """The attributes of an N-CREATE (PS3.4 table R.3.2-1). series: instances by Series Instance UID, none empty."""
    attributes: dict[int, Attribute] = {
        0x00081111: ("SQ", ()),  # Referenced Performed Procedure Step Sequence: no order is known
        0x00081115: ("SQ", tuple(_series(uid, found, retrieve_ae_title) for uid, found in series.items())),
        0x0020000D: ("UI", (study_instance_uid,)),
    }
    return encode_identifier(attributes, transfer_syntax_uid)


def _series(uid: str, instances: Sequence[AvailableInstance], retrieve_ae_title: str) -> dict[int, Attribute]:
    return {
        0x00081199: ("SQ", tuple(_instance(each, retrieve_ae_title) for each in instances)),
        0x0020000E: ("UI", (uid,)),
    }


def _instance(instance: AvailableInstance, retrieve_ae_title: str) -> dict[int, Attribute]:
    return {
        0x00080054: ("AE", (retrieve_ae_title,)),
        0x00080056: ("CS", (instance.availability.value,)),
        0x00081150: ("UI", (instance.sop_class_uid,)),
        0x00081155: ("UI", (instance.sop_instance_uid,)),
    }
