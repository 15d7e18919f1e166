"""What there is to import: files, folders, ZIP files, and what a DICOMDIR says about the files around it (PS3.10 8).

Files that no DICOMDIR lists are imported too, and counted: half of the media in use list less than they hold.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from isocenter.domain.migration.errors import LeadsOutside, ListedAndMissing, MalformedMediaDirectory, UnreadableFile
from isocenter.domain.migration.media_directory import (
    LARGEST_BYTES,
    MediaRecord,
    folded,
    place_of,
    read_media_directory,
)
from isocenter.domain.migration.zip_file import ZipMedia, is_zip
from isocenter.kit.errors import IsocenterError

_DICOMDIR = "dicomdir"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file to import. name: as shown; place: "/"-joined below its root, folded (`media_directory.folded`).

    stamp: changes when the content does (size and time, or size and CRC). listed: whether a DICOMDIR above it lists it;
    None where there is no DICOMDIR. refusal: why it will not even be opened.
    """

    name: str
    path: Path
    place: str
    stamp: str
    entry: zipfile.ZipInfo | None = None
    listed: bool | None = None
    refusal: IsocenterError | None = None


class Media:
    """Reads the files of what was looked at; keeps one ZIP file open at a time."""

    def __init__(self) -> None:
        self._zip: tuple[Path, ZipMedia] | None = None

    def chunks(self, file: MediaFile) -> Iterator[bytes]:
        """The file's bytes. Raises Invalid with the reason: not readable, unsafe, damaged."""
        if file.refusal is not None:
            raise file.refusal
        if file.entry is not None:
            yield from self._zip_media(file.path).chunks(file.entry)
            return
        try:
            if not file.path.is_file():
                raise UnreadableFile("This is not a file.")
            with file.path.open("rb") as opened:
                if not os.fstat(opened.fileno()).st_size:
                    raise UnreadableFile("This is not a file with anything in it.")
                while chunk := opened.read(_CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise UnreadableFile(f"The file cannot be read: {error.strerror}.") from None

    def close(self) -> None:
        """Let go of the open ZIP file."""
        if self._zip is not None:
            self._zip[1].close()
            self._zip = None

    def files(self, paths: Sequence[Path]) -> list[MediaFile]:
        """Every file that is named or lies below a folder that is named, in a stable order, and every refusal."""
        found: list[MediaFile] = []
        for path in paths:
            if path.is_dir():
                found += self._described([_folder_file(path, file) for file in files_below([path])])
            elif folded(path.name) == _DICOMDIR and path.is_file():
                found += self._listed_by(path)
            else:
                found.append(_single_file(path))
        return [each for file in found for each in self._opened(file)]

    def _listed_by(self, directory: Path) -> list[MediaFile]:
        """A DICOMDIR alone was named: what it lists and nothing else."""
        folder = directory.parent
        beside = [_folder_file(folder, file) for file in files_below([folder])]
        return [each for each in self._described(beside) if each.listed or each.refusal is not None]

    def _opened(self, file: MediaFile) -> list[MediaFile]:
        """The entries of a ZIP file; every other file as it is."""
        if file.refusal is not None or not is_zip(file.path):
            return [file]
        try:
            entries = self._zip_media(file.path).entries
        except IsocenterError as error:
            return [replace(file, refusal=error)]
        return self._described([_zip_file(file, entry) for entry in entries])

    def _zip_media(self, path: Path) -> ZipMedia:
        if self._zip is None or self._zip[0] != path:
            self.close()
            self._zip = (path, ZipMedia(path))
        return self._zip[1]

    def _described(self, files: list[MediaFile]) -> list[MediaFile]:
        """The files, with what every DICOMDIR among them says: listed or not, missing, climbing out."""
        for directory in [each for each in files if each.place.rpartition("/")[2] == _DICOMDIR]:
            try:
                records = read_media_directory(self._content(directory))
            except IsocenterError as error:
                files = [replace(each, refusal=error) if each is directory else each for each in files]
                continue
            above = directory.place.rpartition("/")[0]
            listed, refused = _places(records_above(above, records), {each.place for each in files}, directory)
            files = [_marked(each, above, listed) for each in files] + refused
        return files

    def _content(self, directory: MediaFile) -> bytes:
        content = bytearray()
        for chunk in self.chunks(directory):
            content += chunk
            if len(content) > LARGEST_BYTES:
                raise MalformedMediaDirectory("The DICOMDIR is larger than any that is read.", limit=LARGEST_BYTES)
        return bytes(content)


def files_below(paths: Sequence[Path]) -> Iterator[Path]:
    """The files that are named, and every file in folders that are named, in a stable order. Hidden ones are left out.

    Links to folders are not followed, so a loop of links ends. A missing path is yielded: it is refused later.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith("."):
                    yield Path(folder) / name


def records_above(above: str, records: Iterable[MediaRecord]) -> Iterator[tuple[str, str | IsocenterError]]:
    """(as the DICOMDIR writes it, its place below the root, or why that is refused) of each record."""
    for record in records:
        shown = "\\".join(record.file_id)
        try:
            place = place_of(record.file_id)
        except LeadsOutside as error:
            yield shown, error
        else:
            yield shown, f"{above}/{place}" if above else place


def _places(
    records: Iterable[tuple[str, str | IsocenterError]], present: set[str], directory: MediaFile
) -> tuple[set[str], list[MediaFile]]:
    """The places that are listed, and a refusal for each record that climbs out or names a file that is not there."""
    listed: set[str] = set()
    refused = []
    for shown, place in records:
        if isinstance(place, str):
            if place in listed or place in present:
                listed.add(place)
                continue
            refusal: IsocenterError = ListedAndMissing("The DICOMDIR lists this file and it is not on the media.")
        else:
            refusal = place
        refused.append(MediaFile(f"{directory.name}: {shown}", directory.path, "", "", refusal=refusal))
    return listed, refused


def _marked(file: MediaFile, above: str, listed: set[str]) -> MediaFile:
    if above and not file.place.startswith(above + "/"):
        return file
    return replace(file, listed=bool(file.listed) or file.place in listed)


def _single_file(path: Path) -> MediaFile:
    return MediaFile(str(path), path, folded(path.name), _stamp(path))


def _folder_file(root: Path, path: Path) -> MediaFile:
    """A file below a folder. A link that leads out of it is refused: media of strangers name no file of ours."""
    place = "/".join(folded(part) for part in path.relative_to(root).parts)
    refusal = None
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        refusal = LeadsOutside("The link leads out of the folder; name its target itself to import it.")
    return MediaFile(str(path), path, place, _stamp(path), refusal=refusal)


def _zip_file(archive: MediaFile, entry: zipfile.ZipInfo) -> MediaFile:
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    stamp = f"{archive.stamp}/{entry.file_size}/{entry.CRC:08x}"
    place = "/".join(folded(part) for part in parts)
    return MediaFile(f"{archive.name}: {entry.filename}", archive.path, place, stamp, entry)


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}/{status.st_mtime_ns}"
