"""The value of one element that the metadata only names (PS3.18 8.7.3.5, BulkDataURI): found again by its path."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from isocenter.delivery.errors import UnknownBulkData
from isocenter.delivery.study_view import InstanceView
from isocenter.kit.confined import ConfinedFailure
from isocenter.standards.dicom.part10 import file_meta

if TYPE_CHECKING:
    from isocenter.delivery.library import Library

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_ITEM = re.compile(r"[0-9]{1,6}")
MAX_DEPTH = 32
_WIDTHS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8, "FL": 4, "FD": 8, "UL": 4, "SL": 4, "US": 2, "SS": 2}


def bulk_data_of(library: Library, institution_id: int, instance: InstanceView, path: Sequence[str]) -> bytes:
    """The bytes of a value, little endian. path: tags and, between them, item indexes from 0.

    Raises UnknownBulkData when there is no such element or the path is none.
    """
    unknown = UnknownBulkData("The instance has no such bulk data.", sop_instance_uid=instance.sop_instance_uid)
    if len(path) > MAX_DEPTH or len(path) % 2 == 0:
        raise unknown
    if not all((_ITEM if number % 2 else _TAG).fullmatch(step) for number, step in enumerate(path)):
        raise unknown
    form = library.form(institution_id, instance)
    header = bytes(library.files.read(form.within(0, form.header_length)))
    head = file_meta(instance.sop_class_uid, instance.sop_instance_uid, form.transfer_syntax_uid)
    try:
        found = library.confined.call(read_value, head + header, tuple(path))
    except ConfinedFailure as error:
        raise unknown from error
    if not isinstance(found, bytes):
        raise unknown
    return found


def read_value(file: bytes, path: tuple[str, ...]) -> bytes | None:
    """The raw value at a path of a file, or None. Runs in a confined process."""
    dataset: Dataset = dcmread(io.BytesIO(file))
    little_endian = bool(dataset.file_meta.TransferSyntaxUID.is_little_endian)
    for step in range(0, len(path) - 1, 2):
        sequence = dataset.get(Tag(path[step]))
        if sequence is None or sequence.VR != "SQ" or int(path[step + 1]) >= len(sequence.value):
            return None
        dataset = sequence.value[int(path[step + 1])]
    if Tag(path[-1]) not in dataset:
        return None
    element = dataset.get_item(Tag(path[-1]))
    value = element.value if element is not None else None
    if not isinstance(value, bytes):
        return None
    width = 1 if little_endian else _WIDTHS.get(str(element.VR), 1)
    return value if width == 1 else _swapped(value, width)


def _swapped(value: bytes, width: int) -> bytes:
    swapped = bytearray(len(value))
    for offset in range(width):
        swapped[offset::width] = value[width - 1 - offset :: width]
    return bytes(swapped)
