"""Real objects of every kind: stored over STOW-RS, their pixels through /frames equal pydicom's raw ones."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.pixels import pixel_array
from pydicom.uid import UID
from tests.adapters.dicomweb.builders import a_body, parts_of
from tests.adapters.dicomweb.conftest import Hospital

SETS = (
    "charset",
    "cr-dx",
    "ct-gantry-tilt",
    "enhanced-multiframe",
    "mammo",
    "mr-small",
    "nm",
    "pdf-ecg",
    "rt",
    "seg-sr-pr",
    "transfer-syntax-ct",
    "transfer-syntax-misc",
    "us-xa-multiframe",
    "wsi",
)
SEALED_SETS = ("enhanced-multiframe", "mr-small", "seg-sr-pr", "transfer-syntax-misc", "us-xa-multiframe")
NATIVE = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"})
STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
FRAMES_COMPARED = 3


def objects_of(folder: Path) -> list[tuple[Path, FileDataset]]:
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        try:
            dataset = dcmread(path)
        except Exception:
            continue
        if "SOPInstanceUID" in dataset and "StudyInstanceUID" in dataset and dataset.file_meta.get("TransferSyntaxUID"):
            found.append((path, dataset))
    return found


def url_of(dataset: FileDataset) -> str:
    return (
        f"/dicom-web/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )


def raw_frame(path: Path, index: int) -> np.ndarray | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pixel_array(path, index=index, raw=True)
        except Exception:
            return None


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "sealed"), [*((name, False) for name in SETS), *((name, True) for name in SEALED_SETS)]
)
def test_every_object_of_a_set_comes_back_and_its_pixels_equal(
    name: str, sealed: bool, hospital: Hospital, shared_data: Path
) -> None:
    waves = waves_of(objects_of(shared_data / name))
    assert waves
    for number, objects in enumerate(waves):
        hospital.client.headers.update(hospital.as_wave(number))
        body, headers = a_body([path.read_bytes() for path, _ in objects])
        answer = hospital.client.post("/dicom-web/studies", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        if sealed:
            assert sum(report.instance_count for report in hospital.seal()) == len(objects)
    if sealed:
        hospital.lose_journal()
    problems: list[str] = []
    for number, objects in enumerate(waves):
        hospital.client.headers.update(hospital.as_wave(number))
        for path, dataset in objects:
            problems += [f"{path.name}: {problem}" for problem in problems_of(hospital, path, dataset, sealed)]
    assert not problems, "\n".join(problems)


def waves_of(objects: list[tuple[Path, FileDataset]]) -> list[list[tuple[Path, FileDataset]]]:
    """Samples share UIDs: each wave holds every UID once and goes to an institution of its own."""
    waves: list[dict[str, tuple[Path, FileDataset]]] = []
    for path, dataset in objects:
        wave = next((wave for wave in waves if dataset.SOPInstanceUID not in wave), None)
        if wave is None:
            waves.append(wave := {})
        wave[dataset.SOPInstanceUID] = (path, dataset)
    return [list(wave.values()) for wave in waves]


def problems_of(hospital: Hospital, path: Path, dataset: FileDataset, sealed: bool) -> list[str]:
    problems = []
    url = url_of(dataset)
    metadata = hospital.client.get(f"{url}/metadata")
    if metadata.status_code != 200:
        return [f"metadata {metadata.status_code} {metadata.text[:200]}"]
    if metadata.json()[0]["00080018"]["Value"] != [dataset.SOPInstanceUID]:
        problems.append("metadata is of another object")
    stored = hospital.client.get(url, headers={"accept": "application/dicom; transfer-syntax=*"})
    if stored.status_code != 200 or not (sealed or path.read_bytes().endswith(stored.content[-1000:])):
        problems.append(f"object {stored.status_code}")
    explicit = hospital.client.get(url, headers={"accept": "application/dicom"})
    if explicit.status_code != 200 or dcmread(io.BytesIO(explicit.content)).SOPInstanceUID != dataset.SOPInstanceUID:
        problems.append(f"explicit {explicit.status_code}")
    elif dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1" and not ends_alike(path, explicit.content):
        problems.append("what was received does not come back")
    if any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        problems += pixel_problems(hospital, path, dataset, url)
    else:
        answer = hospital.client.get(f"{url}/rendered")
        if (answer.status_code, answer.json()["error"]["reason"]) != (406, "no-pixels"):
            problems.append(f"no pixels, but {answer.status_code}")
    return problems


def ends_alike(path: Path, content: bytes) -> bool:
    """Whether two files have the same bytes after their file meta information."""
    received = path.read_bytes()
    size = min(len(received), len(content)) - 1000
    return size < 0 or received[-size:] == content[-size:]


def pixel_problems(hospital: Hospital, path: Path, dataset: FileDataset, url: str) -> list[str]:
    problems = []
    syntax = dataset.file_meta.TransferSyntaxUID
    frames = int(dataset.get("NumberOfFrames") or 1)
    planar = hospital.client.get(f"{url}/metadata").json()[0].get("00280006", {}).get("Value") == [1]
    by_plane = planar and syntax in NATIVE
    for index in sorted({0, frames // 2, frames - 1})[:FRAMES_COMPARED]:
        expected = raw_frame(path, index)
        if expected is None:
            continue
        answer = hospital.client.get(f"{url}/frames/{index + 1}")
        if answer.status_code != 200:
            problems.append(f"frame {index} {syntax.name} {answer.status_code} {answer.text[:200]}")
            continue
        [(part, content)] = parts_of(answer.headers["content-type"], answer.content)
        if not part["content-type"].endswith("=1.2.840.10008.1.2.1"):
            problems.append(f"frame {index} is {part['content-type']}")
        difference = pixel_difference(dataset, expected, content, by_plane)
        lossy = syntax.is_compressed and not is_lossless(syntax)
        if difference is None or difference > (1 if lossy else 0):
            problems.append(f"frame {index} {syntax.name} differs by {difference}")
        rendered = hospital.client.get(f"{url}/frames/{index + 1}/rendered")
        if rendered.status_code != 200:
            problems.append(f"rendered {index} {syntax.name} {rendered.status_code} {rendered.text[:200]}")
    problems += explicit_problems(hospital, path, url)
    stored = hospital.client.get(f"{url}/frames/1", headers={"accept": STORED})
    if stored.status_code != 200:
        problems.append(f"stored frame {stored.status_code} {stored.text[:200]}")
    return problems


def explicit_problems(hospital: Hospital, path: Path, url: str) -> list[str]:
    """Whether the object in Explicit VR Little Endian has the pixels of the one that was sent."""
    answer = hospital.client.get(url, headers={"accept": "application/dicom"})
    if not answer.headers["content-type"].endswith("=1.2.840.10008.1.2.1"):
        return ["not transcoded"] if raw_frame(path, 0) is not None else []
    try:
        expected = pixel_array(path, index=0)
    except Exception:
        return []
    found = pixel_array(io.BytesIO(answer.content), index=0)
    return [] if np.abs(found.astype(float) - expected.astype(float)).max() <= 2 else ["explicit pixels differ"]


def is_lossless(syntax: UID) -> bool:
    return "Lossless" in syntax.name or syntax in NATIVE


def pixel_difference(dataset: FileDataset, expected: np.ndarray, content: bytes, by_plane: bool) -> int | None:
    """Largest difference in stored values; None when the shapes do not agree."""
    if dataset.BitsAllocated == 1:
        bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")[: expected.size]
        return int(np.abs(bits.astype(int) - expected.ravel().astype(int)).max())
    found = np.frombuffer(content, expected.dtype.newbyteorder("<"))
    if expected.dtype.kind in "iu" and dataset.BitsStored < dataset.BitsAllocated:
        # pydicom clears what old overlays left in the unused bits; a frame is what was sent.
        shift = dataset.BitsAllocated - dataset.BitsStored
        found, expected = (np.right_shift(np.left_shift(a, shift), shift) for a in (found, expected))
    if by_plane:
        found = found.reshape(3, *expected.shape[:2]).transpose(1, 2, 0).ravel()
    if dataset.file_meta.TransferSyntaxUID in NATIVE and dataset.PhotometricInterpretation == "YBR_FULL_422":
        y1, y2, blue, red = found.reshape(-1, 4).T
        found = np.stack([y1, blue, red, y2, blue, red], axis=1).ravel()
    if found.size != expected.size:
        return None
    return int(np.abs(found.astype(np.float64) - expected.ravel().astype(np.float64)).max())
