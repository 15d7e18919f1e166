"""The dicomweb-client library of others against our DICOMweb: search, retrieve, rendered, bulk data, store."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pydicom
import pytest
from bench.association import Answer
from bench.data import instance_of, part10
from bench.node import Node
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from tests.interop.builders import a_ct

EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture(scope="module")
def client(node: Node) -> DICOMwebClient:
    return DICOMwebClient(
        f"http://127.0.0.1:{node.http_port}/dicom-web", headers={"Authorization": f"Bearer {node.token}"}
    )


@pytest.fixture(scope="module")
def study(node: Node, store: Callable[..., list[Answer]]) -> list[Dataset]:
    """Five slices, each with 4 KiB of a private value, which the metadata only name."""
    data_sets = []
    for number in range(5):
        data_set = a_ct("dicomweb-client", number, seed=number, InstanceNumber=number + 1)
        block = data_set.private_block(0x0029, "ISOCENTER TEST", create=True)
        block.add_new(1, "OB", bytes(range(256)) * 16)
        data_sets.append(data_set)
    assert {answer.status for answer in store(*map(instance_of, data_sets))} == {0}
    return data_sets


def place(data_set: Dataset) -> tuple[str, str, str]:
    return str(data_set.StudyInstanceUID), str(data_set.SeriesInstanceUID), str(data_set.SOPInstanceUID)


def test_it_searches_at_every_level(client: DICOMwebClient, study: list[Dataset]) -> None:
    study_uid, series_uid, _ = place(study[0])
    (found,) = client.search_for_studies(search_filters={"PatientID": study[0].PatientID})
    assert found["0020000D"]["Value"] == [study_uid]
    (series,) = client.search_for_series(study_uid)
    assert series["0020000E"]["Value"] == [series_uid]
    instances = client.search_for_instances(study_uid, series_uid, fields=["InstanceNumber"], limit=3)
    assert len(instances) == 3
    rest = client.search_for_instances(study_uid, series_uid, offset=3)
    uids = {each["00080018"]["Value"][0] for each in (*instances, *rest)}
    assert uids == {place(each)[2] for each in study}


def test_it_retrieves_studies_series_and_instances_whole(client: DICOMwebClient, study: list[Dataset]) -> None:
    study_uid, series_uid, instance_uid = place(study[0])
    wanted = ("application/dicom", EXPLICIT)
    for found in (
        client.retrieve_study(study_uid, media_types=(wanted,)),
        client.retrieve_series(study_uid, series_uid, media_types=(wanted,)),
    ):
        assert {each.SOPInstanceUID: each.PixelData for each in found} == {
            each.SOPInstanceUID: each.PixelData for each in study
        }
    assert client.retrieve_instance(study_uid, series_uid, instance_uid, media_types=(wanted,)) == study[0]


def test_it_reads_metadata_and_the_bulk_data_they_name(client: DICOMwebClient, study: list[Dataset]) -> None:
    study_uid, series_uid, instance_uid = place(study[0])
    metadata = client.retrieve_series_metadata(study_uid, series_uid)
    assert len(metadata) == len(study)
    (one,) = [each for each in metadata if each["00080018"]["Value"] == [instance_uid]]
    assert "PixelData" in pydicom.Dataset.from_json(one, lambda *_: b"")
    # The client sends its Host header without the port, and gets its URIs without it.
    uri = one["00291001"]["BulkDataURI"].replace("//127.0.0.1/", f"//127.0.0.1:{client.port}/")
    (part,) = client.retrieve_bulkdata(uri)
    assert part == study[0][0x00291001].value


def test_it_reads_frames_and_pictures(client: DICOMwebClient, study: list[Dataset]) -> None:
    study_uid, series_uid, instance_uid = place(study[0])
    octets = (("application/octet-stream", EXPLICIT),)
    (frame,) = client.retrieve_instance_frames(study_uid, series_uid, instance_uid, [1], media_types=octets)
    assert frame == study[0].PixelData
    for kind, magic in (("image/jpeg", b"\xff\xd8"), ("image/png", b"\x89PNG")):
        for picture in (
            client.retrieve_instance_rendered(study_uid, series_uid, instance_uid, media_types=(kind,)),
            client.retrieve_instance_frames_rendered(study_uid, series_uid, instance_uid, [1], media_types=(kind,)),
        ):
            assert picture.startswith(magic)


def test_it_stores_and_reads_back_the_pixels(client: DICOMwebClient) -> None:
    good = pydicom.dcmread(BytesIO(part10(a_ct("stored by dicomweb-client", 1))))
    answer = client.store_instances([good])
    assert [each.ReferencedSOPInstanceUID for each in answer.ReferencedSOPSequence] == [good.SOPInstanceUID]
    assert "FailedSOPSequence" not in answer
    found = client.retrieve_instance(*place(good), media_types=(("application/dicom", EXPLICIT),))
    assert np.array_equal(found.pixel_array, good.pixel_array)
