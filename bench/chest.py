"""A real chest CT made as long as wished: slices interpolated between its own, with UIDs and places of their own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian

from bench.data import CACHE, uid

_VERSION = 1


def stretched(source: Path, slices: int, cache: Path = CACHE) -> Path:
    """A folder with the study in `source` interpolated to so many slices; made when it is not there."""
    folder = cache / f"{source.name}-{slices}-v{_VERSION}"
    if folder.is_dir():
        return folder
    making = folder.with_name(f"{folder.name}.making-{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    originals = sorted(map(pydicom.dcmread, source.glob("*.dcm")), key=lambda one: float(one.ImagePositionPatient[2]))
    first, last = (float(one.ImagePositionPatient[2]) for one in (originals[0], originals[-1]))
    for index, place in enumerate(np.linspace(0, len(originals) - 1, slices)):
        at = min(int(place), len(originals) - 2)
        share = place - at
        pixels = originals[at].pixel_array * (1 - share) + originals[at + 1].pixel_array * share
        height = round(first + (last - first) * index / (slices - 1), 5)
        _write(originals[0], making / f"{index + 1:04d}.dcm", index, slices, height, np.rint(pixels).astype(np.int16))
    making.replace(folder)
    return folder


def _write(
    template: pydicom.FileDataset, path: Path, index: int, slices: int, height: float, pixels: np.ndarray
) -> None:
    one = template.copy()
    one.StudyInstanceUID, one.SeriesInstanceUID = uid("chest", slices, "study"), uid("chest", slices, "series")
    one.SOPInstanceUID = uid("chest", slices, index)
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    one.FrameOfReferenceUID = uid("chest", slices, "frame")
    one.PatientID, one.PatientName = f"CHEST-{slices}", f"Chest^Stretched{slices}"
    one.InstanceNumber, one.SliceLocation = index + 1, height
    one.ImagePositionPatient = [*template.ImagePositionPatient[:2], height]
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.PixelData = pixels.tobytes()
    one["PixelData"].VR = "OW"
    one.save_as(path, enforce_file_format=True)
