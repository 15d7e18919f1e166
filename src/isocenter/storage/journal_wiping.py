"""Overwriting erased objects in journal segments: a mark and zeros take the place of their bytes, nothing else moves.

Readers pass over such a member (docs/formats.md, "Erased members").
"""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

from isocenter.storage.allocation import write_all
from isocenter.storage.journal_reader import WIPED_MARK, JournalMember, is_wiped, read_segment
from isocenter.storage.segment_format import MemberLocation

_ZEROS: Final = bytes(1 << 20)


def wipe_members(path: Path, institution_id: int, sop_instance_uids: Collection[str], until: datetime) -> int:
    """Overwrite the members of these instances that were received up to `until`; durable on return; returns how many.

    path: a segment, or a copy of one; it may still grow behind its last member. Raises OSError.
    """
    places = _places(path, institution_id, sop_instance_uids, until)
    if not places:
        return 0
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for place in places:
            _overwrite(file, place)
        os.fsync(file)
    finally:
        os.close(file)
    return len(places)


def _places(
    path: Path, institution_id: int, sop_instance_uids: Collection[str], until: datetime
) -> list[MemberLocation]:
    places = []
    for item in read_segment(path, verify=False):
        if not isinstance(item, JournalMember):
            continue
        header = item.header
        erased = header.institution_id == institution_id and header.sop_instance_uid in sop_instance_uids
        if erased and header.received_at <= until and not is_wiped(item.data_set):
            places.append(item.location)
    return places


def _overwrite(file: int, place: MemberLocation) -> None:
    write_all(file, [WIPED_MARK[: place.data_set_length]], place.data_set_offset)
    for start in range(len(WIPED_MARK), place.data_set_length, len(_ZEROS)):
        length = min(len(_ZEROS), place.data_set_length - start)
        write_all(file, [memoryview(_ZEROS)[:length]], place.data_set_offset + start)
