"""`isocenter download STUDY...`: studies out of the archive, in their current form, as ZIP, portable media or files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from enum import StrEnum
from pathlib import Path

from isocenter.access import audit
from isocenter.apps.cli.running import Running, running_isocenter
from isocenter.apps.cli.terminal import out, tell_json
from isocenter.apps.wiring import open_bytes, open_library
from isocenter.delivery.download import EXPLICIT_OR_STORED, DownloadForm, NothingToDownload, download
from isocenter.delivery.instances import Delivery, delivery_of, prepared
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import StudyView
from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Conflict, Exhausted
from isocenter.kit.settings import GIB
from isocenter.standards.dicom.uids import check_uid
from isocenter.storage.extents import Extent

_CHUNK_BYTES = 4 << 20
_DECODE_TIMEOUT_S = 60.0


class Form(StrEnum):
    """What is written for each study."""

    ZIP = "zip"
    PDI = "pdi"
    FILES = "files"


class AlreadyThere(Conflict):
    """Something is at the place that is to be written."""

    reason = "already-there"


class CannotWrite(Exhausted):
    """The place cannot be written: no such folder, no right, no space."""

    reason = "cannot-write"


def download_studies(studies: Sequence[str], form: Form, output: Path, *, as_json: bool) -> int:
    """Write each study; the exit code. Several studies go into a folder, each under its UID."""
    uids = [check_uid(each, "StudyInstanceUID") for each in dict.fromkeys(studies)]
    inside = len(uids) > 1 or output.is_dir()
    written = []
    with running_isocenter() as running, _library(running) as library:
        for uid in uids:
            view = library.view(running.caller, uid)
            place = output / (uid if form is Form.FILES else f"{uid}.zip") if inside else output
            count = _write(library, view, form, place)
            _record(running, view, form, count)
            written.append({"study_instance_uid": uid, "path": str(place), "objects": count})
            if not as_json:
                out.print(f"{uid}: {count} objects in {place}", markup=False)
    if as_json:
        tell_json(written)
    return 0


def _write(library: Library, view: StudyView, form: Form, place: Path) -> int:
    """How many objects are written. What is unfinished is called ….part, so that nobody takes it for the whole."""
    unfinished = place.with_name(place.name + ".part")
    if place.exists():
        raise AlreadyThere(f"{place} is there already; choose another name.")
    try:
        if form is Form.FILES:
            count = _write_files(library, view, unfinished)
        else:
            count = _write_zip(library, view, form, unfinished)
        unfinished.rename(place)
    except OSError as error:
        raise CannotWrite(f"{error.filename or place} cannot be written: {error.strerror}.") from None
    return count


def _write_zip(library: Library, view: StudyView, form: Form, place: Path) -> int:
    instances = [instance for series in view.series.values() for instance in series.instances]
    made = download(library, view, instances, form=DownloadForm(form), at=utc_now().replace(tzinfo=None))
    with place.open("wb") as file, closing(made.pieces) as pieces:
        for piece in pieces:
            file.write(piece)
        _settle(file.fileno())
    return len(instances)


def _write_files(library: Library, view: StudyView, place: Path) -> int:
    """A folder for each series, a file for each object; names of our own, never from the wire."""
    count = 0
    for number, series in enumerate(view.series.values(), start=1):
        folder = place / f"series-{number:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        for ordinal, instance in enumerate(series.instances, start=1):
            found = delivery_of(instance, EXPLICIT_OR_STORED)
            if found is None:
                raise NothingToDownload("An object cannot be given in any form.")
            with (folder / f"{ordinal:05d}.dcm").open("wb") as file:
                for piece in _pieces(library, prepared(library, found)):
                    file.write(piece)
            count += 1
    return count


def _pieces(library: Library, delivery: Delivery) -> Iterator[bytes]:
    yield delivery.head
    for piece in delivery.pieces:
        if not isinstance(piece, Extent):
            yield piece
            continue
        for start in range(0, piece.length, _CHUNK_BYTES):
            size = min(_CHUNK_BYTES, piece.length - start)
            yield bytes(library.files.read(Extent(piece.source, piece.offset + start, size)))


def _settle(descriptor: int) -> None:
    """A stick that is pulled out after the command has ended holds the whole file."""
    os.fsync(descriptor)


def _record(running: Running, view: StudyView, form: Form, count: int) -> None:
    with running.database.transaction(running.caller.institution_id) as connection:
        uid, action = view.study_instance_uid, audit.Action.STUDY_DOWNLOADED
        audit.record(connection, running.caller, action, uid, form=str(form), objects=count)


def _library(running: Running) -> AbstractContextManager[Library]:
    settings = running.settings
    data = open_bytes(settings, running.database)
    return open_library(running.database, data, memory_bytes=4 * GIB, timeout_s=_DECODE_TIMEOUT_S)
