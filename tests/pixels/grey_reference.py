"""Greys as pydicom and DCMTK make them, to hold the server's pipeline and the browser's to.

Each case: the DICOM JSON of what decides the greys, stored values, and the grey (0 black … 255 white) of each by
pydicom's modality and VOI functions, two decimals. `python -m tests.pixels.grey_reference` writes grey_reference.json
beside this file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, XRayAngiographicImageStorage

REFERENCE = Path(__file__).with_suffix(".json")
PLACES = 40
"""Values per case: a few of the whole range, so that the file stays small."""
KEPT = (
    *("00080016", "00080060", "00280002", "00280004", "00280010", "00280011", "00280100", "00280101", "00280102"),
    *("00280103", "00280120", "00280121", "00281040", "00281050", "00281051", "00281052", "00281053", "00281055"),
    *("00281056", "00283000", "00283010", "20500020"),
)
REAL = (
    "ct-chest-cmbcrc/*",
    "cr-dx/*",
    "mammo/**/*",
    "mr-small/**/*",
    "mr-brain-remind/**/*",
    "petct-cervix/**/*",
    "nm/**/*",
    "enhanced-multiframe/**/*",
)
REAL_PER_FOLDER = 4
MAX_TABLE_BYTES = 10_000
"""Files with larger tables are compared by test_render.py, not kept here."""

Values = NDArray[np.generic]


def a_row(values: Values, **attributes: Any) -> Dataset:
    """One row of pixels with these attributes, MONOCHROME2 unless told otherwise."""
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.SOPClassUID = data_set.file_meta.MediaStorageSOPClassUID = CTImageStorage
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.Rows, data_set.Columns = 1, values.size
    data_set.BitsAllocated = data_set.BitsStored = values.dtype.itemsize * 8
    data_set.PixelRepresentation = int(values.dtype.kind == "i")
    data_set.PixelData = values.tobytes()
    data_set["PixelData"].VR = "OW" if values.dtype.itemsize == 2 else "OB"
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    data_set.HighBit = data_set.BitsStored - 1
    return data_set


def a_table(first: int, entries: list[int], bits: int) -> Dataset:
    """An item of a Modality or VOI LUT Sequence."""
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [len(entries), first, bits])
    item.LUTExplanation = "made up"
    item.add_new(0x00283006, "OW", np.array(entries, "<u2").tobytes())
    return item


HOUNSFIELD = np.linspace(-1024, 3000, PLACES).astype("<i2")
UNSIGNED = np.linspace(0, 4095, PLACES).astype("<u2")
EIGHT = np.linspace(0, 255, PLACES).astype("u1")
SOFT_TISSUE = {"WindowCenter": 40, "WindowWidth": 400, "RescaleSlope": 1, "RescaleIntercept": 0}
WHOLE = {"WindowCenter": 2048, "WindowWidth": 4096}
NEGATIVE = {"PhotometricInterpretation": "MONOCHROME1"}
CURVE = [round(4095 * (at / 255) ** 2) for at in range(256)]


def synthetic() -> Iterator[tuple[str, Dataset]]:
    """Every function, with signs, slopes and polarities that were got wrong somewhere."""
    yield from lines()
    yield from curves_and_polarities()
    yield from tables()
    yield from ranges_and_padding()


def lines() -> Iterator[tuple[str, Dataset]]:
    """Windows of the function LINEAR."""
    yield "LINEAR", a_row(HOUNSFIELD, **SOFT_TISSUE)
    yield "LINEAR, width 1", a_row(np.arange(30, 50, dtype="<i2"), WindowCenter=40, WindowWidth=1)
    yield "LINEAR, several", a_row(HOUNSFIELD, WindowCenter=[50, -600], WindowWidth=[350, 1500])
    yield "LINEAR, rescaled", a_row(UNSIGNED, **SOFT_TISSUE | {"RescaleIntercept": -1024})
    fraction = {"RescaleSlope": "2.37512", "RescaleIntercept": "-3.5"}
    yield "LINEAR, slope of a fraction", a_row(UNSIGNED, WindowCenter=5000.5, WindowWidth=9000.25, **fraction)
    falling = {"RescaleSlope": -1, "RescaleIntercept": 0}
    yield "LINEAR, negative slope", a_row(UNSIGNED, WindowCenter=-2000, WindowWidth=3000, **falling)


def curves_and_polarities() -> Iterator[tuple[str, Dataset]]:
    """Other functions, and what is bright."""
    yield "LINEAR_EXACT", a_row(HOUNSFIELD, **SOFT_TISSUE, VOILUTFunction="LINEAR_EXACT")
    narrow = {"WindowCenter": 0.5, "WindowWidth": 0.25, "RescaleSlope": "0.001", "RescaleIntercept": 0}
    few = np.linspace(300, 700, PLACES).astype("<u2")
    yield "LINEAR_EXACT, narrower than one", a_row(few, **narrow, VOILUTFunction="LINEAR_EXACT")
    sigmoid = {"WindowCenter": 400, "WindowWidth": 1500, "VOILUTFunction": "SIGMOID"}
    yield "SIGMOID", a_row(HOUNSFIELD, **sigmoid)
    yield "SIGMOID, MONOCHROME1", a_row(UNSIGNED, **sigmoid, **NEGATIVE)
    yield "MONOCHROME1", a_row(UNSIGNED, **WHOLE, **NEGATIVE)
    yield "MONOCHROME1 with shape IDENTITY", a_row(UNSIGNED, **WHOLE, **NEGATIVE, PresentationLUTShape="IDENTITY")
    yield "shape INVERSE", a_row(UNSIGNED, **WHOLE, PresentationLUTShape="INVERSE")


def tables() -> Iterator[tuple[str, Dataset]]:
    """Look-up tables for modality and VOI."""
    yield "VOI LUT", a_row(np.linspace(0, 300, PLACES).astype("<u2"), VOILUTSequence=[a_table(20, CURVE, 12)])
    yield "VOI LUT before a window", a_row(UNSIGNED, VOILUTSequence=[a_table(1000, CURVE, 12)], **WHOLE)
    signed = np.linspace(-300, 300, PLACES).astype("<i2")
    yield "VOI LUT over negative values", a_row(signed, VOILUTSequence=[a_table(-100, CURVE, 12)])
    squares = a_table(10, [at * at for at in range(128)], 16)
    window = {"WindowCenter": 8000, "WindowWidth": 16000}
    yield "modality table", a_row(np.arange(0, 200, 5, dtype="<u2"), ModalityLUTSequence=[squares], **window)
    angiogram = {"SOPClassUID": XRayAngiographicImageStorage, "PixelIntensityRelationship": "LOG"}
    back = {"ModalityLUTSequence": [a_table(0, [at * 16 for at in range(256)], 12)]}
    yield (
        "angiogram, table back to intensity",
        a_row(EIGHT, **angiogram, **back, WindowCenter=128, WindowWidth=256),
    )


def ranges_and_padding() -> Iterator[tuple[str, Dataset]]:
    """Without a window, and pixels that are no image."""
    yield "no window", a_row(HOUNSFIELD, RescaleSlope=1, RescaleIntercept=0)
    yield "no window, eight bits", a_row(EIGHT)
    yield "impossible window", a_row(HOUNSFIELD, WindowCenter=40, WindowWidth=0)
    yield "padding", a_row(HOUNSFIELD, **SOFT_TISSUE, PixelPaddingValue=-1024)
    padding = {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 200}
    yield "padding, MONOCHROME1", a_row(UNSIGNED, **WHOLE, **NEGATIVE, **padding)
    yield "padding, no window", a_row(HOUNSFIELD, PixelPaddingValue=-1024)


def real(shared_data: Path) -> Iterator[tuple[str, Dataset]]:
    """The first frame of files of every kind, by a row of its values."""
    for pattern in REAL:
        found = 0
        for path in sorted(shared_data.glob(pattern)):
            row = _row_of(path) if path.is_file() and found < REAL_PER_FOLDER else None
            if row is not None:
                found += 1
                yield f"{pattern.split('/')[0]}: {path.name[-24:]}", row


def _row_of(path: Path) -> Dataset | None:
    try:
        data_set = pydicom.dcmread(path)
        pixels = data_set.pixel_array
    except Exception:  # of no use here; tests/pixels/test_decode.py has them
        return None
    grey = data_set.get("SamplesPerPixel") == 1 and data_set.PhotometricInterpretation != "PALETTE COLOR"
    if not grey or data_set.BitsAllocated == 1 or pixels.itemsize > 2:
        return None
    frame = pixels[0] if pixels.ndim == 3 else pixels
    distinct = np.unique(frame)
    row = a_row(distinct[np.linspace(0, distinct.size - 1, min(PLACES, distinct.size)).astype(int)])
    groups = [
        *data_set.get("PerFrameFunctionalGroupsSequence", [])[:1],
        *data_set.get("SharedFunctionalGroupsSequence", [])[:1],
    ]
    macros = [
        item[0] for group in reversed(groups) for item in (group.get(tag) for tag in (0x00289132, 0x00289145)) if item
    ]
    for source in (data_set, *macros):
        for element in source:
            if f"{element.tag:08X}" in KEPT and element.keyword not in ("Rows", "Columns"):
                row[element.tag] = element
    tables = [item for keyword in ("ModalityLUTSequence", "VOILUTSequence") for item in row.get(keyword, [])]
    return row if all(len(item.to_json()) < MAX_TABLE_BYTES for item in tables) else None


def expected(data_set: Dataset) -> list[float]:
    """Each pixel by pydicom, from the darkest to the lightest that it can make; padding black (C.7.5.1.1.2)."""
    stored = data_set.pixel_array.reshape(-1)
    angiogram = data_set.get("PixelIntensityRelationship") in ("LOG", "DISP")
    modality = stored if angiogram else apply_modality_lut(stored, data_set)
    padding = _is_padding(stored, data_set)
    grey = _voi(data_set, modality, stored, padding)
    shape = data_set.get("PresentationLUTShape")
    inverse = shape == "INVERSE" if shape else data_set.PhotometricInterpretation == "MONOCHROME1"
    grey = np.where(padding, 0, 255 - grey if inverse else grey)
    return [round(float(value), 2) for value in grey]


def _is_padding(stored: Values, data_set: Dataset) -> NDArray[np.bool_]:
    value = data_set.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    limit = data_set.get("PixelPaddingRangeLimit", value)
    padding: NDArray[np.bool_] = (stored >= min(value, limit)) & (stored <= max(value, limit))
    return padding


def _voi(data_set: Dataset, modality: Values, stored: Values, padding: NDArray[np.bool_]) -> NDArray[Any]:
    if data_set.get("VOILUTSequence"):
        item = data_set.VOILUTSequence[0]
        top = max(2 ** item.LUTDescriptor[2] - 1, np.frombuffer(item.LUTData, "<u2").max())
        scaled: NDArray[Any] = apply_voi_lut(modality, data_set).astype(np.float64) / top * 255
        return scaled
    width = data_set.get("WindowWidth")
    first_width = (width[0] if isinstance(width, pydicom.multival.MultiValue) else width) or 0
    if first_width >= 1 or (first_width > 0 and data_set.get("VOILUTFunction", "LINEAR") != "LINEAR"):
        made = apply_voi_lut(modality, data_set, prefer_lut=False).astype(np.float64)
        low, high = _ends(data_set)
        shown: NDArray[Any] = np.clip((made - low) / (high - low) * 255, 0, 255)
        return shown
    if stored.dtype == np.uint8 and "RescaleSlope" not in data_set:
        return stored.astype(np.float64)
    seen = modality[~padding].astype(np.float64)
    ranged: NDArray[Any] = np.clip((modality - seen.min()) / (seen.max() - seen.min()) * 255, 0, 255)
    return ranged


def _ends(data_set: Dataset) -> tuple[float, float]:
    """What pydicom calls black and white: the range of the stored type, or of the modality table, after rescale."""
    if data_set.get("ModalityLUTSequence"):
        return 0, 2 ** data_set.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    bits = data_set.BitsStored
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if data_set.PixelRepresentation else (0, 2**bits - 1)
    slope, intercept = float(data_set.get("RescaleSlope", 1)), float(data_set.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


def by_dcmtk(data_set: Dataset) -> list[int] | None:
    """The greys of DCMTK's dcm2pnm; None where it has no such function or cannot."""
    function = data_set.get("VOILUTFunction", "LINEAR")
    if function == "LINEAR_EXACT" or "PixelIntensityRelationship" in data_set:
        return None
    options = (
        ["+Wl", "1"] if data_set.get("VOILUTSequence") else ["+Wi", "1"] if data_set.get("WindowWidth") else ["+Wm"]
    )
    options += ["+Wfs"] if function == "SIGMOID" else []
    with tempfile.TemporaryDirectory() as folder:
        file, picture = Path(folder, "row.dcm"), Path(folder, "row.pgm")
        data_set.save_as(file, enforce_file_format=True)
        done = subprocess.run(["dcm2pnm", "+op", *options, str(file), str(picture)], capture_output=True, check=False)
        return list(picture.read_bytes()[-data_set.Columns :]) if done.returncode == 0 else None


def case(name: str, data_set: Dataset) -> dict[str, Any]:
    """What is kept of one row: elements, stored values, greys."""
    whole = data_set.to_json_dict(bulk_data_threshold=1 << 20)
    elements = {tag: whole[tag] for tag in KEPT if tag in whole}
    return {
        "name": name,
        "elements": elements,
        "stored": data_set.pixel_array.reshape(-1).tolist(),
        "greys": expected(data_set),
    }


UNLIKE_DCMTK = {
    "padding, MONOCHROME1": "DCMTK shows padding as any other value",
    "padding, no window": "to DCMTK padding is part of the range",
    "cr-dx: 69821050252582267888.dcm": "8 bits as they are, not stretched",
}


def main() -> None:
    """Write the reference anew; the shared data are found by ISOCENTER_SHARED_DATA."""
    assert shutil.which("dcm2pnm"), "DCMTK is needed to check what is written"
    rows = [*synthetic(), *real(Path(os.environ["ISOCENTER_SHARED_DATA"]))]
    cases = [case(name, data_set) for name, data_set in rows]
    for (name, data_set), made in zip(rows, cases, strict=True):
        theirs = by_dcmtk(data_set)
        worst = max(abs(a - b) for a, b in zip(made["greys"], theirs, strict=True)) if theirs else None
        sys.stdout.write(f"{name}: {len(made['stored'])} values, DCMTK differs by {worst}\n")
    REFERENCE.write_text("[\n" + ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases) + "\n]\n")


if __name__ == "__main__":
    main()
