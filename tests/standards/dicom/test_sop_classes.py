"""What is stored."""

from __future__ import annotations

import pytest
from pynetdicom.sop_class import _STORAGE_CLASSES

from isocenter.standards.dicom.sop_classes import (
    NON_PATIENT_STORAGE_SOP_CLASSES,
    STORAGE_SOP_CLASSES,
    is_storage_sop_class,
)


def test_every_storage_class_that_pynetdicom_knows_is_in_our_table() -> None:
    assert set(_STORAGE_CLASSES.values()) - set(STORAGE_SOP_CLASSES) - set(NON_PATIENT_STORAGE_SOP_CLASSES) == set()


@pytest.mark.parametrize(
    "uid", ["1.2.840.10008.5.1.4.1.1.3", "1.2.840.10008.5.1.4.1.1.999", "1.3.12.2.1107.5.9.1", "2.25.7"]
)
def test_retired_newer_and_private_classes_are_stored(uid: str) -> None:
    assert is_storage_sop_class(uid)


@pytest.mark.parametrize(
    "uid",
    [
        "1.2.840.10008.1.1",
        "1.2.840.10008.1.3.10",
        "1.2.840.10008.1.20.1",
        "1.2.840.10008.5.1.4.1.2.2.1",
        "1.2.840.10008.5.1.4.31",
        "1.2.840.10008.5.1.4.38.1",
    ],
)
def test_other_services_media_directories_and_objects_of_no_patient_are_not(uid: str) -> None:
    assert not is_storage_sop_class(uid)
