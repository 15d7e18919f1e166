"""A synthetic chest CT: 240 slices of 512 × 512 with plausible anatomy, noise and geometry. Nobody's data.

Coordinates are millimetres in the patient's frame (PS3.3 C.7.6.2.1.1, LPS): x to the left, y to the back, z to the
head, with the volume's middle at x = y = 0 and z from 0. Values are Hounsfield units.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

SLICES = 240
MATRIX = 512
PIXEL_SPACING_MM = 0.7
SLICE_SPACING_MM = 1.25
_HEIGHT_MM = SLICES * SLICE_SPACING_MM
_SEED = 20261121
_LUNG_CENTRES_MM = ((-72.0, 2.0, 150.0), (72.0, 2.0, 150.0))
_LUNG_RADII_MM = (54.0, 78.0, 128.0)

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tube:
    """A straight piece of vessel, from one end (x, y, z, radius) to the other, mm."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius_mm: float


class ChestPhantom:
    """Draws slices one at a time; the same every time."""

    def __init__(self) -> None:
        axis = (np.arange(MATRIX, dtype=np.float32) - (MATRIX - 1) / 2) * np.float32(PIXEL_SPACING_MM)
        self._x: Plane = np.broadcast_to(axis, (MATRIX, MATRIX)).astype(np.float32)
        self._y: Plane = np.broadcast_to(axis[:, None], (MATRIX, MATRIX)).astype(np.float32)
        random = np.random.default_rng(_SEED)
        self._vessels = [tube for side in (-1.0, 1.0) for tube in _vessel_tree(random, side)]
        self._noise = [_correlated_noise(random) for _ in range(4)]
        turn = np.abs(np.arctan2(self._x, self._y)) / np.pi
        self._angle: Plane = turn.astype(np.float32)  # 0 at the back, 1 in front

    def slice_hu(self, index: int) -> NDArray[np.int16]:
        """Slice `index` counted from the feet: (512, 512) int16, HU."""
        z = (index + 0.5) * SLICE_SPACING_MM
        plane = np.full((MATRIX, MATRIX), -1000, np.float32)
        self._table(plane)
        inside = self._soft_tissue(plane, z)
        lungs = self._lungs(plane, z)
        self._mediastinum(plane, z)
        self._vessels_of_lung(plane, z, lungs)
        self._airways(plane, z)
        self._spine(plane, z, inside)
        self._ribs(plane, z)
        self._front_and_shoulder_bones(plane, z, inside)
        noise = self._noise[index % 4]
        shift = (index * 131) % MATRIX
        plane = _blurred(plane) + np.roll(noise, (shift, shift // 2), (0, 1)) * np.where(inside, 1.0, 0.6)
        return np.clip(np.rint(plane), -1024, 3071).astype(np.int16)

    def _ellipse(self, x: float, y: float, a: float, b: float) -> Plane:
        """Squared elliptical distance from (x, y): below 1 inside."""
        return ((self._x - x) / a) ** 2 + ((self._y - y) / b) ** 2

    def _table(self, plane: Plane) -> None:
        depth = self._y - (128 - (self._x / 60) ** 2 * 3)
        plane[(np.abs(self._x) < 170) & (depth > 0) & (depth < 22)] = -920
        plane[(np.abs(self._x) < 172) & (np.abs(depth) < 1.2)] = -150

    def _soft_tissue(self, plane: Plane, z: float) -> Mask:
        """Skin, fat, muscle; returns the inside of the body."""
        neck = _smooth_step((z - 262) / 45)
        a, b = 164 - 74 * neck, 108 - 10 * neck
        outline = self._ellipse(0, 4, a, b) + 0.10 * ((np.abs(self._x) / a) ** 4 - (np.abs(self._y) / b) ** 4) * 0.5
        inside: Mask = outline < 1
        plane[inside] = 20
        plane[outline < (1 - 2.2 / b) ** 2] = -105
        wall = self._ellipse(0, 4, a - 15 + 4 * neck, b - 13)
        plane[wall < 1] = 55
        inner = self._ellipse(0, 0, a - 36, b - 26)
        plane[(inner < 1) & (z < 262)] = -75
        return inside

    def _lungs(self, plane: Plane, z: float) -> Mask:
        """Aerated lung, denser towards the back; below the domes of the diaphragm lie liver, spleen and stomach."""
        lungs = np.zeros(plane.shape, bool)
        for x, y, zc in _LUNG_CENTRES_MM:
            level = 1 - ((z - zc) / _LUNG_RADII_MM[2]) ** 2
            size = np.sqrt(max(level, 0.0))
            ellipse = self._ellipse(x, y, _LUNG_RADII_MM[0], _LUNG_RADII_MM[1])
            dome = 78 - 10 * (x > 0) - 62 * self._ellipse(x, y - 8, 62, 88)
            above = dome < z
            chest = ellipse < size * size if level > 0 else np.zeros(plane.shape, bool)
            lungs |= chest & above
            below = (self._ellipse(x * 0.86, y, 72, 84) < 1) & ~above & (z < 82)
            self._abdomen(plane, below, left=x > 0)
        plane[lungs] = -868 + 0.55 * (self._y[lungs] + 60)
        nodule = (self._x + 78) ** 2 + (self._y + 12) ** 2 + (z - 196) ** 2
        plane[nodule < 6.5**2] = 38
        return lungs

    def _abdomen(self, plane: Plane, where: Mask, *, left: bool) -> None:
        plane[where] = 62 if left else 112
        if left:
            plane[where & (self._ellipse(58, 48, 34, 40) < 1)] = 124
            stomach = where & (self._ellipse(48, -30, 34, 38) < 1)
            plane[stomach] = 22
            plane[stomach & (self._y < -38)] = -960

    def _mediastinum(self, plane: Plane, z: float) -> None:
        """Heart with its blood, great vessels with contrast medium."""
        self._ball(plane, z, (22, -22, 108), (62, 50, 54), 48)
        self._ball(plane, z, (40, -18, 100), (28, 24, 36), 205)
        self._ball(plane, z, (-2, -38, 108), (30, 22, 36), 228)
        self._ball(plane, z, (6, 8, 128), (30, 17, 22), 198)
        self._ball(plane, z, (-30, -18, 124), (20, 20, 28), 220)
        plane[self._ellipse(26, 42, 12, 12) < 1 if z < 212 else np.zeros(plane.shape, bool)] = 214
        if 128 < z < 214:
            plane[self._ellipse(-14, -22, 16, 16) < 1] = 216
            plane[self._ellipse(-36, -16, 10, 9) < 1] = 262
        if 136 < z < 178:
            plane[self._ellipse(16, -24, 14, 13) < 1] = 240
        self._arch(plane, z)
        if z >= 222:
            for x, y, radius in ((-22, -6, 6.5), (10, -4, 5.0), (26, 6, 5.5)):
                plane[self._ellipse(x, y, radius, radius) < 1] = 210
        if z > 40:
            plane[self._ellipse(10, 32, 8, 6) < 1] = 40

    def _arch(self, plane: Plane, z: float) -> None:
        along = ((self._x - 6) * 20 + (self._y - 10) * 32) / np.hypot(20, 32)
        across = ((self._x - 6) * 32 - (self._y - 10) * 20) / np.hypot(20, 32)
        ring = np.hypot(along, (z - 206) * 1.1) - 34
        if z >= 206:
            plane[np.hypot(ring, across) < 12] = 215

    def _ball(self, plane: Plane, z: float, at: tuple[float, float, float], r: tuple[float, ...], hu: float) -> None:
        level = 1 - ((z - at[2]) / r[2]) ** 2
        if level > 0:
            plane[self._ellipse(at[0], at[1], r[0], r[1]) < level] = hu

    def _vessels_of_lung(self, plane: Plane, z: float, lungs: Mask) -> None:
        """Where a tube crosses the slice, an ellipse stretched along its way."""
        for tube in self._vessels:
            (x0, y0, z0), (x1, y1, z1) = tube.start, tube.end
            low, high = min(z0, z1) - tube.radius_mm, max(z0, z1) + tube.radius_mm
            if not low <= z <= high:
                continue
            steep = abs(z1 - z0)
            for at in np.clip(_crossings(z, z0, z1, steep, tube), 0.0, 1.0):
                self._disc(plane, lungs, (x0 + at * (x1 - x0), y0 + at * (y1 - y0)), tube.radius_mm)

    def _disc(self, plane: Plane, where: Mask, at: tuple[float, float], radius: float) -> None:
        column = at[0] / PIXEL_SPACING_MM + (MATRIX - 1) / 2
        row = at[1] / PIXEL_SPACING_MM + (MATRIX - 1) / 2
        reach = int(radius / PIXEL_SPACING_MM) + 2
        rows = slice(max(0, int(row) - reach), int(row) + reach + 1)
        columns = slice(max(0, int(column) - reach), int(column) + reach + 1)
        near = np.hypot(self._x[rows, columns] - at[0], self._y[rows, columns] - at[1])
        density = np.clip((radius - near) / PIXEL_SPACING_MM + 0.5, 0, 1)
        patch = plane[rows, columns]
        drawn = patch + (60 - patch) * density
        np.copyto(patch, np.maximum(patch, drawn), where=where[rows, columns])

    def _airways(self, plane: Plane, z: float) -> None:
        if z > 166:
            ways = [(0.0, 12.0, 9.0)]
        elif z > 128:
            spread = (166 - z) * 0.95
            ways = [(-4 - spread, 14 + spread * 0.2, 6.5), (4 + spread, 14 + spread * 0.2, 6.0)]
        else:
            ways = []
        for x, y, radius in ways:
            tube = self._ellipse(x, y, radius + 1.6, radius + 1.6)
            plane[tube < 1] = 30
            plane[self._ellipse(x, y, radius, radius * 0.95) < 1] = -995

    def _spine(self, plane: Plane, z: float, inside: Mask) -> None:
        level = z % 27.0
        body = self._ellipse(0, 66, 19, 15)
        if level < 5.5:
            plane[body < 1] = 95
        else:
            plane[body < 1] = 520
            plane[self._ellipse(0, 66, 17.2, 13.2) < 1] = 190
        arch = self._ellipse(0, 90, 17, 14)
        if level > 7:
            plane[(arch < 1) & (self._y > 76)] = 480
        if 9 < level < 20:
            plane[(self._ellipse(0, 98, 4, 9) < 1) & inside] = 420
            for side in (-1, 1):
                plane[self._ellipse(side * 26, 88, 15, 4.5) < 1] = 360
        plane[self._ellipse(0, 88, 10, 8.5) < 1] = 12
        plane[self._ellipse(0, 88, 5, 4.5) < 1] = 42

    def _ribs(self, plane: Plane, z: float) -> None:
        """Rings around the chest that fall by 95 mm from back to front."""
        if z > 268:
            return
        ring = np.sqrt(self._ellipse(0, 2, 134, 88))
        out_mm = (ring - 1) * 105
        height = (z + 95 * self._angle) % 27.0 - 13.5
        shape = (height / 6.2) ** 2 + (out_mm / 4.6) ** 2
        bone = (shape < 1) & (self._angle > 0.14)
        front = self._angle > 0.8
        plane[bone & ~front] = 620
        plane[(shape < 0.5) & bone & ~front] = 240
        plane[bone & front & (self._angle < 0.95)] = 105

    def _front_and_shoulder_bones(self, plane: Plane, z: float, inside: Mask) -> None:
        if 96 < z < 238:
            plane[self._ellipse(0, -88, 17, 6) < 1] = 430
            plane[self._ellipse(0, -88, 15, 4.2) < 1] = 150
        for side in (-1, 1):
            if 178 < z < 272:
                x, y = self._x - side * 110, self._y - 52
                along, across = 0.62 * x - side * 0.78 * y, side * 0.78 * x + 0.62 * y - 6
                plane[((along / 36) ** 2 + (across / 3.2) ** 2 < 1) & inside] = 460
            centre = side * (30 + (z - 246) * 2.6)
            if 246 < z < 276:
                plane[(self._ellipse(centre, -62 + (z - 246) * 1.2, 15, 6) < 1) & inside] = 520
                plane[(self._ellipse(centre, -62 + (z - 246) * 1.2, 12, 3.8) < 1) & inside] = 230


def _crossings(z: float, z0: float, z1: float, steep: float, tube: Tube) -> NDArray[np.float64]:
    """Where along a tube (0 to 1) it meets the slice: once when steep, a row of places when it lies in the slice."""
    if steep > tube.radius_mm:
        return np.array([(z - z0) / (z1 - z0)])
    length = float(np.hypot(tube.end[0] - tube.start[0], tube.end[1] - tube.start[1]))
    return np.linspace(0, 1, max(2, int(length / max(tube.radius_mm * 0.6, 0.5))))


def _vessel_tree(random: np.random.Generator, side: float) -> Iterator[Tube]:
    """Branches from the hilum outwards, each thinner than the one it comes from."""
    roots = [((side * 34.0, 6.0, 140.0), 4.6, _direction(random, side)) for _ in range(14)]
    waiting = [(start, radius, way, 0) for start, radius, way in roots]
    while waiting:
        start, radius, way, depth = waiting.pop()
        length = random.uniform(13, 24) * (1 - depth * 0.07)
        x, y, z = (float(a + length * b) for a, b in zip(start, way, strict=True))
        yield Tube(start, (x, y, z), radius)
        if depth < 6:
            for _ in range(2):
                turned = way + random.normal(0, 0.42, 3)
                waiting.append(((x, y, z), radius * random.uniform(0.68, 0.8), _unit(turned), depth + 1))


def _direction(random: np.random.Generator, side: float) -> NDArray[np.float64]:
    return _unit(np.array([side * random.uniform(0.3, 1.0), random.uniform(-0.8, 0.8), random.uniform(-1.0, 1.0)]))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / float(np.linalg.norm(vector))


def _smooth_step(value: float) -> float:
    clipped = min(1.0, max(0.0, value))
    return clipped * clipped * (3 - 2 * clipped)


def _blurred(plane: Plane) -> Plane:
    """A scanner's soft kernel: binomial 1-2-1 in both directions, so that edges have partial volume."""
    padded = np.pad(plane, 1, mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    blurred: Plane = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / np.float32(16)
    return blurred


def _correlated_noise(random: np.random.Generator) -> Plane:
    """Noise of 13 HU with the short-range correlation of a reconstruction."""
    noise = _blurred(random.standard_normal((MATRIX, MATRIX), dtype=np.float32))
    return (noise * (13.0 / float(noise.std()))).astype(np.float32)


def phantom_uid(*parts: object) -> UID:
    """The same UID for the same parts, under 2.25 (PS3.5 B.2)."""
    text = "/".join(("isocenter", "chest-phantom", "1", *map(str, parts)))
    return UID(f"2.25.{int.from_bytes(hashlib.blake2b(text.encode(), digest_size=15).digest(), 'big')}")


def chest_ct(slices: range = range(SLICES)) -> Iterator[FileDataset]:
    """The phantom as CT Image Storage instances, explicit little endian, from the feet up."""
    phantom = ChestPhantom()
    for index in slices:
        yield _instance(phantom.slice_hu(index), index)


def _instance(hu: NDArray[np.int16], index: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = phantom_uid("instance", index)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    _patient_and_study(image)
    _series_and_geometry(image, index)
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.Rows = image.Columns = MATRIX
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = -1024, 1, "HU"
    image.WindowCenter, image.WindowWidth = [40, -600], [400, 1500]
    image.WindowCenterWidthExplanation = ["MEDIASTINUM", "LUNG"]
    image.PixelData = (hu.astype(np.int32) + 1024).astype("<u2").tobytes()
    return image


def _patient_and_study(image: Dataset) -> None:
    image.SpecificCharacterSet = "ISO_IR 192"
    image.PatientName = "Phantom^Synthetic=体模^合成"
    image.PatientID = "SYNTHETIC-1"
    image.IssuerOfPatientID = "ISOCENTER-DEMO"
    image.PatientBirthDate, image.PatientSex = "19700101", "O"
    image.StudyInstanceUID = phantom_uid("study")
    image.StudyDate, image.StudyTime, image.StudyID = "20261121", "090000", "1"
    image.AccessionNumber = "DEMO-0001"
    image.StudyDescription = "CT chest (synthetic phantom)"
    image.ReferringPhysicianName = ""


def _series_and_geometry(image: Dataset, index: int) -> None:
    image.Modality, image.Manufacturer, image.ManufacturerModelName = "CT", "Isocenter", "Chest phantom"
    image.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    image.SeriesInstanceUID = phantom_uid("series")
    image.FrameOfReferenceUID = phantom_uid("frame of reference")
    image.SeriesNumber, image.SeriesDescription = 2, "Thorax 1.25 soft"
    image.SeriesDate = image.AcquisitionDate = image.ContentDate = "20261121"
    image.SeriesTime = image.AcquisitionTime = image.ContentTime = "090100"
    image.BodyPartExamined, image.PatientPosition, image.PositionReferenceIndicator = "CHEST", "HFS", ""
    image.KVP, image.ConvolutionKernel = 120, "SYNTHETIC"
    image.InstanceNumber = SLICES - index  # from the head down, as scanners number them
    image.AcquisitionNumber = 1
    corner = -(MATRIX - 1) / 2 * PIXEL_SPACING_MM
    z = (index + 0.5) * SLICE_SPACING_MM
    image.ImagePositionPatient = [round(corner, 4), round(corner, 4), round(z, 4)]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.SliceLocation = round(z, 4)
    image.PixelSpacing, image.SliceThickness = [PIXEL_SPACING_MM, PIXEL_SPACING_MM], SLICE_SPACING_MM


def part10(image: FileDataset) -> bytes:
    """The instance as a DICOM file (PS3.10)."""
    buffer = BytesIO()
    image.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
