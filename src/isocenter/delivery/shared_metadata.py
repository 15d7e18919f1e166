"""DICOM JSON of a series with what all its instances share said once.

A thousand slices repeat nine tenths of their headers. Said once, a series of any length is small on the line and small
in the memory of whoever keeps it. Elements are compared as text, so that equal means byte for byte equal.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence

import msgspec

from isocenter.delivery.library import Library
from isocenter.delivery.metadata import GZIP_LEVEL, metadata_of
from isocenter.delivery.study_view import InstanceView, StudyView

_DataSet = dict[str, msgspec.Raw]
_DATA_SETS = msgspec.json.Decoder(list[_DataSet])


def shared_metadata(data_sets: bytes) -> bytes:
    """{"shared": elements, "instances": [elements, …]} from a JSON array of data sets, in their order.

    An element stands under "shared" when every data set has it with the same text, and then nowhere else.
    """
    read = _DATA_SETS.decode(data_sets)
    shared = _shared(read)
    own = [{tag: element for tag, element in one.items() if tag not in shared} for one in read]
    return msgspec.json.encode({"shared": shared, "instances": own})


def _shared(data_sets: Sequence[_DataSet]) -> _DataSet:
    """The elements that all have in common; none of a data set that is alone, so that it stays whole."""
    if len(data_sets) < 2:
        return {}
    found = data_sets[0]
    for one in data_sets[1:]:
        found = {tag: element for tag, element in found.items() if one.get(tag) == element}
    return found


def shared_metadata_answer(
    library: Library, view: StudyView, scope: str, instances: Sequence[InstanceView], base_url: str, *, compressed: bool
) -> bytes:
    """The same of some instances, gzip if asked, kept for as long as the study stays at its version."""
    key = ("shared-metadata", view.institution_id, view.study_instance_uid, view.version, scope, base_url, compressed)
    known = library.metadata.get(key)
    if known is None:
        known = shared_metadata(metadata_of(library, view, instances, base_url))
        if compressed:
            known = gzip.compress(known, GZIP_LEVEL, mtime=0)
        library.metadata.put(key, known)
    return known
