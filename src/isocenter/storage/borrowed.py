"""Bytes of other nodes' journals as local files, for as long as one job needs them.

What reads foreign bytes in confined processes maps files. A segment that is not here gets a sparse file in a folder of
the job's own, filled where the job asked: offsets stay what they are, and a study takes no more room than its bytes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final

from isocenter.storage.allocation import disk_error
from isocenter.storage.errors import StorageFull
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.segments import SegmentName

FOLDER: Final = "borrowed"
KEPT_FREE_BYTES: Final = 1 << 30
_PIECE: Final = 8 << 20


def clear_borrowed(home: Path) -> None:
    """Remove what jobs of a worker that was killed had borrowed."""
    shutil.rmtree(home / FOLDER, ignore_errors=True)


class Borrowed:
    """Use as a context: what was borrowed goes when it ends. For one thread."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._folder: Path | None = None

    def __enter__(self) -> Borrowed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def path(self, extent: Extent) -> Path:
        """A local file in which the extent of a segment lies at its offset: the segment itself when it is here.

        Raises BytesAway, StoreAway, Damaged, StorageFull (the file is then filled in part, and asked for again).
        """
        name = SegmentName.from_source(extent.source)
        here = name.path(self._data.journal_directory)
        if here.exists():
            return here
        path = name.path(self._own_folder())
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fill(path, extent)
        return path

    def _own_folder(self) -> Path:
        if self._folder is None:
            parent = self._data.journal_directory.parent / FOLDER
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(dir=parent))
        return self._folder

    def _fill(self, path: Path, extent: Extent) -> None:
        if shutil.disk_usage(path.parent).free < extent.length + KEPT_FREE_BYTES:
            raise StorageFull("There is no room to borrow what another node received.", segment=extent.source)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            for start in range(0, extent.length, _PIECE):
                length = min(_PIECE, extent.length - start)
                data = self._data.read_stored(Extent(extent.source, extent.offset + start, length))
                os.pwrite(file, data, extent.offset + start)
        except OSError as error:
            raise disk_error(error, extent.source) from error
        finally:
            os.close(file)
