"""The data the bench stores: plausible CT and MR studies, made here, cached in bench/data.

Headers are those of the real CT and MR objects that pydicom ships, with UIDs, names and geometry of ours; pixels are an
elliptic phantom with correlated noise, so that they compress about as a chest CT does (2.6:1 lossless).
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.uid import UID, ExplicitVRLittleEndian

CACHE = Path(__file__).parent / "data"
EXPLICIT_VR_LITTLE_ENDIAN = str(ExplicitVRLittleEndian)
_VERSION = 2  # part of the folder's name: raise it when what is generated changes


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of image: a template of pydicom's, the side of the square in pixels, noise in grey values."""

    name: str
    template: str
    side: int
    bits_stored: int
    signed: bool
    noise: float


CT = Kind("ct", "CT_small.dcm", 512, 16, True, 28.0)
MR = Kind("mr", "MR_small.dcm", 128, 12, False, 30.0)


@dataclass(frozen=True, slots=True)
class Instance:
    """One object ready to be sent: its UIDs and its data set in parts (no preamble, no file meta)."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    data_set: tuple[memoryview, ...]

    @property
    def length(self) -> int:
        """Bytes of the data set."""
        return sum(len(part) for part in self.data_set)

    def digest(self) -> str:
        """BLAKE2b-256 of the data set, for ledgers."""
        return digest_of(self.data_set)


def digest_of(parts: Iterable[memoryview | bytes]) -> str:
    """BLAKE2b-256 of the parts as one, in hexadecimal."""
    state = hashlib.blake2b(digest_size=32)
    for part in parts:
        state.update(part)
    return state.hexdigest()


def uid(*parts: object) -> str:
    """A UID under 2.25, the same for the same parts, always 44 characters long so that it can be patched in place."""
    number = int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=16).digest(), "big")
    return f"2.25.{10**38 + number % (2 * 10**38):039d}"


def folder_of(kind: Kind, studies: int, slices: int, cache: Path = CACHE) -> Path:
    """The folder with studies × slices objects of a kind; made when it is not there (one subfolder per study)."""
    folder = cache / f"{kind.name}-{studies}x{slices}-v{_VERSION}"
    if folder.is_dir():
        return folder
    making = folder.with_name(f"{folder.name}.making-{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    for study in range(studies):
        _write_study(kind, study, slices, making / f"{study:03d}")
    making.replace(folder)
    return folder


def _write_study(kind: Kind, study: int, slices: int, folder: Path) -> None:
    folder.mkdir(parents=True)
    random = np.random.default_rng(study)
    header = _header(kind, study)
    anatomy = [_phantom(kind.side, position / 10, random) for position in range(10)]
    for index in range(slices):
        header.SOPInstanceUID = uid(kind.name, study, index)
        header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
        header.InstanceNumber = index + 1
        header.ImagePositionPatient = [-200, -200, index * 1.25]
        header.SliceLocation = index * 1.25
        header.PixelData = _slice(kind, anatomy[index * 10 // slices], random)
        header["PixelData"].VR = "OW"
        header.save_as(folder / f"{index + 1:04d}.dcm", enforce_file_format=True)


def _header(kind: Kind, study: int) -> pydicom.FileDataset:
    header = pydicom.dcmread(str(get_testdata_file(kind.template)))
    for element in list(header.keys()):
        if element.group == 0xFFFC:
            del header[element]
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue"):
        if keyword in header:
            delattr(header, keyword)
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    header.PatientName = f"Bench^{kind.name.upper()}{study:03d}"
    header.PatientID = f"BENCH-{kind.name.upper()}-{study:05d}"
    header.StudyInstanceUID = uid(kind.name, study, "study")
    header.SeriesInstanceUID = uid(kind.name, study, "series")
    header.FrameOfReferenceUID = uid(kind.name, study, "frame of reference")
    header.StudyDate = f"2024{1 + study % 12:02d}{1 + study % 28:02d}"
    header.AccessionNumber = f"A{study:07d}"
    header.StudyID = str(study)
    header.Rows = header.Columns = kind.side
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, kind.bits_stored, kind.bits_stored - 1
    header.PixelRepresentation = int(kind.signed)
    if kind is CT:
        header.RescaleIntercept, header.RescaleSlope = 0, 1
        header.WindowCenter, header.WindowWidth = 40, 400
    return header


def _phantom(side: int, position: float, random: np.random.Generator) -> NDArray[np.float32]:
    """A chest-like slice in HU, (side, side): body, two lungs, spine, heart and 25 vessels."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    image = np.full((side, side), -1000, np.float32)

    def ellipse(centre_x: float, centre_y: float, half_x: float, half_y: float, value: float) -> None:
        image[((x - centre_x) / half_x) ** 2 + ((y - centre_y) / half_y) ** 2 < 1] = value

    breath = 0.05 * float(np.sin(position * 2 * np.pi))
    ellipse(0, 0, 0.82, 0.66, -90)
    ellipse(0, 0, 0.77, 0.61, 45)
    ellipse(-0.36, -0.05, 0.27 + breath, 0.36, -820)
    ellipse(0.36, -0.05, 0.27 + breath, 0.36, -820)
    ellipse(0, 0.38, 0.12, 0.11, 420)
    ellipse(0.05, -0.1, 0.14 + breath, 0.18, 160)
    for _ in range(25):
        centre = random.uniform(-0.6, 0.6, 2)
        half = random.uniform(0.01, 0.05, 2)
        ellipse(
            float(centre[0]), float(centre[1]) * 0.7, float(half[0]), float(half[1]), float(random.uniform(-100, 250))
        )
    return image


def _slice(kind: Kind, anatomy: NDArray[np.float32], random: np.random.Generator) -> bytes:
    white = random.standard_normal(anatomy.shape, dtype=np.float32)
    blurred = (white + np.roll(white, 1, 0) + np.roll(white, 1, 1) + np.roll(white, (1, 1), (0, 1))) * (kind.noise / 2)
    image = anatomy + np.where(anatomy < -900, blurred * 0.35, blurred)
    if not kind.signed:
        image = np.clip((image + 1000) * 0.8, 0, 4095)
    pixels: bytes = image.astype("<i2").tobytes()
    return pixels


def files_in(paths: Sequence[Path]) -> list[Path]:
    """Every file below the paths, in order of name."""
    found: list[Path] = []
    for path in paths:
        found += sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return found


def load(paths: Sequence[Path]) -> list[Instance]:
    """Map the Part 10 files below the paths into memory, as instances that are ready to be sent."""
    return [_map(file) for file in files_in(paths)]


def _map(path: Path) -> Instance:
    with path.open("rb") as file:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=[
        "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    ])  # fmt: skip
    meta_length = int.from_bytes(content[140:144], "little")
    return Instance(
        sop_class_uid=str(header.SOPClassUID),
        sop_instance_uid=str(header.SOPInstanceUID),
        study_instance_uid=str(header.StudyInstanceUID),
        series_instance_uid=str(header.SeriesInstanceUID),
        transfer_syntax_uid=str(header.file_meta.TransferSyntaxUID),
        data_set=(content[144 + meta_length :],),
    )


def part10(data_set: pydicom.Dataset) -> bytes:
    """A data set with file meta as a Part 10 file in the transfer syntax that its meta names."""
    buffer = BytesIO()
    syntax = UID(data_set.file_meta.TransferSyntaxUID)
    encoding = {"implicit_vr": syntax.is_implicit_VR, "little_endian": syntax.is_little_endian}
    pydicom.dcmwrite(buffer, data_set, enforce_file_format=True, **encoding)
    return buffer.getvalue()


def instance_of(data_set: pydicom.Dataset) -> Instance:
    """A data set with file meta, written in its transfer syntax, as an instance that is ready to be sent."""
    content = memoryview(part10(data_set))
    return Instance(
        sop_class_uid=str(data_set.SOPClassUID),
        sop_instance_uid=str(data_set.SOPInstanceUID),
        study_instance_uid=str(data_set.StudyInstanceUID),
        series_instance_uid=str(data_set.SeriesInstanceUID),
        transfer_syntax_uid=str(data_set.file_meta.TransferSyntaxUID),
        data_set=(content[144 + int.from_bytes(content[140:144], "little") :],),
    )


def renamed(instance: Instance, *salt: object) -> Instance:
    """The same object under new study, series and instance UIDs of the same length; the pixels are not copied."""
    whole = instance.data_set[0]
    head = min(len(whole), 8192)
    header = bytes(whole[:head])
    new: dict[str, str] = {}
    for keyword in ("study_instance_uid", "series_instance_uid", "sop_instance_uid"):
        old = getattr(instance, keyword)
        new[keyword] = uid("renamed", old, *salt)
        header = header.replace(old.encode(), new[keyword].encode())
    return Instance(
        sop_class_uid=instance.sop_class_uid,
        transfer_syntax_uid=instance.transfer_syntax_uid,
        data_set=(memoryview(header), whole[head:], *instance.data_set[1:]),
        **new,
    )


def endless(instances: Sequence[Instance], *salt: object) -> Iterator[Instance]:
    """The instances again and again, each round under new UIDs."""
    turn = 0
    while True:
        for instance in instances:
            yield renamed(instance, *salt, turn)
        turn += 1
