"""A study, or a part of it, as one ZIP archive, made while it is sent: no temporary file, few objects in memory.

Two forms: plain files, one folder for each series; and portable media (IHE PDI, PS3.10 file-set with DICOMDIR), which
any viewer opens from a disc. Objects leave through `delivery_of` and `prepared` like through every other door.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4
from zlib import crc32

import msgspec

from isocenter.delivery.instances import STORED, Delivery, delivery_of, prepared
from isocenter.delivery.metadata import metadata_of
from isocenter.delivery.portable_media import index_page, readme
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.delivery.zip_stream import ZipStream, archive_length
from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.dicomdir import FiledInstance, dicomdir
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.storage.extents import Extent

if TYPE_CHECKING:
    from isocenter.delivery.library import Library

CHUNK_BYTES = 4 << 20
MADE_AHEAD = 3
"""So many objects are decoded while the ones before them are being sent."""
EXPLICIT_OR_STORED = (EXPLICIT_VR_LITTLE_ENDIAN, STORED)


class DownloadForm(StrEnum):
    """What the archive holds."""

    ZIP = "zip"
    PDI = "pdi"


class NothingToDownload(Invalid):
    """Not one instance can be given in the transfer syntaxes asked for."""

    reason: ClassVar[str] = "nothing-to-download"


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the archive: its name and the object in it."""

    name: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Download:
    """An archive that can be sent. length: of the whole; None while objects have to be made first."""

    length: int | None
    pieces: Generator[bytes, None, None]


def download(
    library: Library,
    view: StudyView,
    instances: Sequence[InstanceView],
    *,
    form: DownloadForm = DownloadForm.ZIP,
    wanted: Sequence[str] = EXPLICIT_OR_STORED,
    at: datetime,
) -> Download:
    """Instances of a study as an archive. wanted: transfer syntaxes, most wanted first; "*" as stored.

    at: the civil date that the files get. The pieces wait for disks and confined processes: iterate in a thread, close
    when done. Raises NothingToDownload, BytesAway.
    """
    files = _named(instances, wanted, form)
    extra = partial(_media_files, library, view) if form is DownloadForm.PDI else None
    for source in {source for file in files for source in file.delivery.sources}:
        library.files.check(source)
    lengths = [(file.name, length) for file in files if (length := file.delivery.length) is not None]
    whole = archive_length(lengths) if extra is None and len(lengths) == len(files) else None
    return Download(whole, _archive(library, files, extra, at))


def _named(instances: Sequence[InstanceView], wanted: Sequence[str], form: DownloadForm) -> list[_File]:
    """Names of our own, never from the wire: folders by series, files by place, 8 characters each (PS3.10 8.2)."""
    files: list[_File] = []
    series: dict[str, int] = {}
    counts: dict[str, int] = {}
    for instance in instances:
        delivery = delivery_of(instance, wanted)
        if delivery is None:
            continue
        uid = instance.series_instance_uid
        folder = series.setdefault(uid, len(series) + 1)
        counts[uid] = counts.get(uid, 0) + 1
        if form is DownloadForm.PDI:
            name = f"DICOM/S{folder:07d}/I{counts[uid]:07d}"
        else:
            name = f"series-{folder:03d}/{counts[uid]:05d}.dcm"
        files.append(_File(name, delivery))
    if not files:
        raise NothingToDownload("Nothing of this can be given in the transfer syntaxes asked for.")
    return files


def _archive(
    library: Library,
    files: Sequence[_File],
    extra: Callable[[Sequence[_File]], Iterator[tuple[str, bytes]]] | None,
    at: datetime,
) -> Generator[bytes, None, None]:
    stream = ZipStream(at)
    sent: list[_File] = []
    for file in _made_ahead(library, files):
        yield from _member(library, stream, file)
        sent.append(_File(file.name, _without_bytes(file.delivery)))
    for name, content in extra(sent) if extra is not None else ():
        yield stream.head(name, len(content), crc32(content)) + content
    yield stream.tail()


def _without_bytes(delivery: Delivery) -> Delivery:
    """What a directory needs to know of a file that is out."""
    return Delivery(delivery.instance, delivery.transfer_syntax_uid, b"", ())


def _made_ahead(library: Library, files: Sequence[_File]) -> Iterator[_File]:
    """The files with all their pieces, in order, a few of them in the making while the first is being sent."""
    with ThreadPoolExecutor(MADE_AHEAD, "download") as threads:
        waiting: deque[tuple[str, Future[Delivery]]] = deque()
        coming = iter(files)
        try:
            while True:
                while len(waiting) < MADE_AHEAD and (file := next(coming, None)) is not None:
                    waiting.append((file.name, threads.submit(prepared, library, file.delivery)))
                if not waiting:
                    return
                name, future = waiting.popleft()
                yield _File(name, future.result())
        finally:
            for _, future in waiting:
                future.cancel()


def _member(library: Library, stream: ZipStream, file: _File) -> Iterator[bytes]:
    """One file. What fits into a chunk is read once; the checksum of larger ones is taken in a first reading."""
    length = file.delivery.length
    assert length is not None
    if length <= CHUNK_BYTES:
        content = b"".join(_content(library, file.delivery))
        yield stream.head(file.name, length, crc32(content)) + content
        return
    crc = 0
    for piece in _content(library, file.delivery):
        crc = crc32(piece, crc)
    yield stream.head(file.name, length, crc)
    yield from _content(library, file.delivery)


def _content(library: Library, delivery: Delivery) -> Iterator[bytes]:
    yield delivery.head
    for piece in delivery.pieces:
        if not isinstance(piece, Extent):
            yield piece
            continue
        for start in range(0, piece.length, CHUNK_BYTES):
            size = min(CHUNK_BYTES, piece.length - start)
            yield bytes(library.files.read(Extent(piece.source, piece.offset + start, size)))


def _media_files(library: Library, view: StudyView, files: Sequence[_File]) -> Iterator[tuple[str, bytes]]:
    """What portable media hold beside the objects (IHE PDI, ITI RAD TF-2 4.47): the directory and two pages."""
    data_sets = msgspec.json.decode(metadata_of(library, view, [file.delivery.instance for file in files], ""))
    filed = [
        FiledInstance(
            file.name.split("/"),
            file.delivery.instance.sop_class_uid,
            file.delivery.instance.sop_instance_uid,
            file.delivery.transfer_syntax_uid,
            data_set,
        )
        for file, data_set in zip(files, data_sets, strict=True)
    ]
    yield "DICOMDIR", dicomdir(filed, "ISOCENTER", f"2.25.{uuid4().int}")
    yield "README.TXT", readme()
    yield "INDEX.HTM", index_page(data_sets)
