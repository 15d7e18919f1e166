"""Every set of the real data comes back bit for bit, open and sealed, with the pixels that pydicom sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
from bench.association import Answer
from bench.data import digest_of
from bench.node import Node, eventually
from pydicom.uid import UID
from tests.interop.corpus import SETS, Sample, samples
from tests.interop.pixels import as_array, native_frame, raw_frames, tolerance

from bench import dicomweb

pytestmark = pytest.mark.shared_data

KEPT_ASIDE = 0xB000
EVERY_NTH_OF_LARGE_SETS = 8


@dataclass(frozen=True, slots=True)
class Stored:
    """One set that was stored, and the answers."""

    samples: list[Sample]
    answers: list[Answer]

    def some(self) -> list[Sample]:
        """Enough of them to look at pixels: all of a small set, every eighth of a large one."""
        return self.samples if len(self.samples) <= 64 else self.samples[::EVERY_NTH_OF_LARGE_SETS]


@pytest.fixture(scope="module")
def stored(shared_data: Path, store: Callable[..., list[Answer]]) -> Callable[[str], Stored]:
    """Store a set, once."""
    done: dict[str, Stored] = {}

    def stored_set(name: str) -> Stored:
        if name not in done:
            found = samples(shared_data / name)
            done[name] = Stored(found, store(*(sample.instance for sample in found)))
        return done[name]

    return stored_set


def received_bytes_differ(node: Node, found: list[Sample]) -> list[str]:
    """The files whose data sets do not come back as they were sent, asked for in the syntax they came in."""
    wrong = []
    for sample in found:
        got = dicomweb.instances(node, sample.address, sample.instance.transfer_syntax_uid)
        part = got.get(sample.instance.sop_instance_uid)
        if part is None or digest_of([part.data_set]) != sample.instance.digest():
            wrong.append(sample.path.name)
    return wrong


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_acknowledged_and_comes_back_bit_for_bit(
    name: str, stored: Callable[[str], Stored], node: Node
) -> None:
    done = stored(name)

    refused = [
        (s.path.name, hex(a.status), a.comment) for s, a in zip(done.samples, done.answers, strict=True) if a.status
    ]
    assert refused == []
    assert received_bytes_differ(node, done.samples) == []


@pytest.mark.parametrize("name", SETS)
def test_frames_hold_the_pixel_values_that_pydicom_decodes(
    name: str, stored: Callable[[str], Stored], node: Node
) -> None:
    wrong = []
    for sample in stored(name).some():
        count = int(sample.header.get("NumberOfFrames") or 1)
        numbers = sorted({1, (count + 1) // 2, count})
        expected = raw_frames(sample.header, numbers)
        if expected is not None:
            wrong += differing_frames(node, sample, numbers, expected)
    assert wrong == []


def differing_frames(node: Node, sample: Sample, numbers: list[int], expected: list[np.ndarray]) -> list[str]:
    """What is wrong with the frames of one instance, in words."""
    try:
        got = dicomweb.frames(node, sample.address, numbers, "1.2.840.10008.1.2.1")
    except dicomweb.NotRetrievedError as error:
        return [f"{sample.path.name}: {error}"]
    planar = planar_configuration(node, sample)
    wrong = []
    for number, frame, pixels in zip(numbers, got, expected, strict=True):
        stored = native_frame(sample.header, number)
        if stored is not None and planar == sample.header.get("PlanarConfiguration", 0):
            if frame.rstrip(b"\0") != stored.rstrip(b"\0"):
                wrong.append(f"{sample.path.name} frame {number}: other bytes than were stored")
            continue
        try:
            values = as_array(frame, sample.header, planar)
        except ValueError as error:
            wrong.append(f"{sample.path.name} frame {number}: {error}")
            continue
        furthest = np.abs(values.astype(np.float64) - pixels.astype(np.float64)).max()
        if furthest > tolerance(sample.header):
            wrong.append(f"{sample.path.name} frame {number}: off by {furthest}")
    return wrong


def planar_configuration(node: Node, sample: Sample) -> int:
    """How native frames with colour are arranged now: sealing may change what was received, and then says so."""
    if sample.header.SamplesPerPixel == 1 or UID(sample.header.file_meta.TransferSyntaxUID).is_encapsulated:
        return 0
    reply = node.get(f"{dicomweb.ROOT}/studies/{sample.address}/metadata", "application/dicom+json")
    rows = reply.json()
    assert isinstance(rows, list)
    return int(rows[0].get("00280006", {}).get("Value", [0])[0])


@pytest.mark.parametrize("name", SETS)
def test_what_pydicom_decodes_can_be_seen_rendered(name: str, stored: Callable[[str], Stored], node: Node) -> None:
    wrong = []
    for sample in stored(name).some():
        if raw_frames(sample.header, [1]) is None:
            continue
        reply = node.get(f"{dicomweb.ROOT}/studies/{sample.address}/rendered", "image/jpeg")
        if reply.status != 200 or not reply.body.startswith(b"\xff\xd8"):
            wrong.append(f"{sample.path.name}: {reply.status} {reply.body[:200]!r}")
    assert wrong == []


@pytest.mark.parametrize("name", SETS)
def test_queries_find_a_set_at_every_level(name: str, stored: Callable[[str], Stored], node: Node) -> None:
    studies: dict[str, dict[str, set[str]]] = {}
    for sample in stored(name).samples:
        one = sample.instance
        of_study = studies.setdefault(one.study_instance_uid, {})
        of_study.setdefault(one.series_instance_uid, set()).add(one.sop_instance_uid)
    for study, series in studies.items():
        assert len(dicomweb.query(node, "studies", StudyInstanceUID=study)) == 1
        found = dicomweb.query(node, f"studies/{study}/series")
        assert series.keys() <= {value(row, "0020000E") for row in found}
        for one, expected in series.items():
            rows = dicomweb.query(node, f"studies/{study}/series/{one}/instances", limit="1000")
            assert expected <= {value(row, "00080018") for row in rows}


def value(row: dict[str, dict[str, object]], tag: str) -> object:
    """The first value of one attribute of a DICOM JSON row."""
    values = row[tag]["Value"]
    assert isinstance(values, list)
    return values[0]


def test_names_in_every_character_set_are_found_as_pydicom_reads_them(
    stored: Callable[[str], Stored], node: Node
) -> None:
    wrong = []
    for sample in stored("charset").samples:
        row = dicomweb.query(node, "studies", StudyInstanceUID=sample.instance.study_instance_uid)[0]
        name = row["00100010"]["Value"][0]  # type: ignore[index]
        expected = pydicom.dcmread(sample.path).PatientName
        groups = {"Alphabetic": expected.alphabetic, "Ideographic": expected.ideographic, "Phonetic": expected.phonetic}
        if "\x1b" in str(expected):  # pydicom leaves escapes of ISO 2022 IR 58 after a delimiter in the text
            groups["Ideographic"] = str(groups["Ideographic"]).replace("\x1b$)A", "")
        if {key: text.rstrip("^ ") for key, text in name.items()} != {
            k: t.rstrip("^ ") for k, t in groups.items() if t
        }:
            wrong.append((sample.path.name, name, groups))
    assert wrong == []


@pytest.mark.parametrize("name", SETS)
def test_a_sealed_set_still_comes_back_bit_for_bit(name: str, stored: Callable[[str], Stored], node: Node) -> None:
    done = stored(name)

    studies = {sample.instance.study_instance_uid for sample in done.samples}
    assert eventually(lambda: all(state_of(node, study) == "sealed" for study in studies), 90)
    assert received_bytes_differ(node, done.samples) == []


def state_of(node: Node, study_instance_uid: str) -> object:
    """arriving, complete or sealed."""
    answer = node.get(f"/api/studies/{study_instance_uid}").json()
    assert isinstance(answer, dict)
    return answer.get("state") or answer["study"]["state"]


@pytest.mark.parametrize("name", ["ct-chest-cmbcrc", "transfer-syntax-ct", "transfer-syntax-misc", "us-xa-multiframe"])
def test_sealed_frames_hold_the_same_pixel_values(name: str, stored: Callable[[str], Stored], node: Node) -> None:
    wrong = []
    for sample in stored(name).some():
        assert eventually(lambda study=sample.instance.study_instance_uid: state_of(node, study) == "sealed", 90)
        expected = raw_frames(sample.header, [1])
        if expected is not None:
            wrong += differing_frames(node, sample, [1], expected)
    assert wrong == []
