"""Every family of error has its status."""

from __future__ import annotations

import pytest

from isocenter.adapters.dimse.status import STATUS_BY_FAMILY, offending_element_of, status_of
from isocenter.domain.archive.errors import DataSetMismatch, IndexAway, ObjectTooLarge
from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound, Refused
from isocenter.standards.dicom.elements import MalformedDataSet
from isocenter.standards.dicom.uids import InvalidUid


def test_every_family_is_in_the_table() -> None:
    families = set(IsocenterError.__subclasses__()) & {Invalid, NotFound, Conflict, Refused, Exhausted}
    assert families == set(STATUS_BY_FAMILY)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("x"), 0xC000),
        (MalformedDataSet("x"), 0xC000),
        (InvalidUid("x"), 0xC000),
        (DataSetMismatch("x"), 0xA900),
        (ObjectTooLarge("x"), 0xA700),
        (IndexAway("x"), 0xA700),
        (Exhausted("x"), 0xA700),
        (Refused("x"), 0x0124),
        (NotFound("x"), 0x0112),
        (Conflict("x"), 0x0111),
        (IsocenterError("x"), 0x0110),
        (RuntimeError("x"), 0x0110),
    ],
)
def test_an_error_becomes_the_status_of_its_reason_or_family(error: Exception, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize(
    ("error", "element"),
    [
        (MalformedDataSet("x", tag="(7fe0,0010)", offset=3), 0x7FE00010),
        (MalformedDataSet("x", tag="nonsense"), None),
        (MalformedDataSet("x", tag="(zzzz,zzzz)"), None),
        (Invalid("x"), None),
        (RuntimeError("x"), None),
    ],
)
def test_the_offending_element_is_taken_from_the_error(error: Exception, element: int | None) -> None:
    assert offending_element_of(error) == element
