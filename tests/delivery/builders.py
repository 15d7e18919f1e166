"""Study views and bytes on disk for the tests of the read path."""

from __future__ import annotations

from pathlib import Path

from isocenter.delivery.files import Files
from isocenter.delivery.study_view import Form, InstanceView, SeriesView, StudyView
from isocenter.storage.drivers import open_store
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.segments import SegmentName

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
SEGMENT = SegmentName("test", 1, 1)


def files_of(tmp_path: Path, content: bytes) -> Files:
    """Files whose only journal segment holds these bytes."""
    journal = tmp_path / "journal"
    path = SEGMENT.path(journal)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Files(Bytes(journal, open_store(f"file://{tmp_path / 'store'}")))


def a_form(
    length: int, *, syntax: str = EXPLICIT, start: int = 0, pixel_offset: int | None = None, pixels: int | None = None
) -> Form:
    """One data set in the segment; with native pixel data of `pixels` bytes, or encapsulated without."""
    header = length if pixel_offset is None else pixel_offset - 12
    return Form(syntax, Extent(SEGMENT.source, start, length), header, pixel_offset, pixels)


def an_instance(
    form: Form | None = None,
    *,
    uid: str = "1.2.3.4",
    series: str = "1.2.3",
    number: int | None = 1,
    frames: int = 1,
    size: tuple[int, int] = (2, 2),
    bits: int = 16,
    samples: int = 1,
    photometric: str = "MONOCHROME2",
) -> InstanceView:
    """An instance of the given shape."""
    form = form or a_form(10)
    digest = uid.encode().ljust(32, b".")
    return InstanceView(
        uid,
        CT_IMAGE_STORAGE,
        series,
        number,
        frames,
        *size,
        bits,
        samples,
        photometric,
        digest,
        form.transfer_syntax_uid,
        (form,),
    )


def a_view(*instances: InstanceView, version: int = 1, institution_id: int = 1, study: str = "1.2") -> StudyView:
    """A study of these instances."""
    found: dict[str, list[InstanceView]] = {}
    for instance in instances:
        found.setdefault(instance.series_instance_uid, []).append(instance)
    series = {uid: SeriesView(uid, "CT", 1, tuple(members)) for uid, members in found.items()}
    return StudyView(institution_id, study, 1, version, "open", series)
