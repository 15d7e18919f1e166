"""Every family of error has its row in both tables of this door."""

from __future__ import annotations

import pytest

from isocenter.adapters.dicomweb.errors import FAILURE_REASON, HTTP_STATUS, error_body, failure_reason, http_status
from isocenter.domain.archive.errors import DataSetMismatch
from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound, Refused


@pytest.mark.parametrize("family", [Invalid, NotFound, Conflict, Refused, Exhausted])
def test_every_family_has_a_status_and_a_failure_reason(family: type[IsocenterError]) -> None:
    assert family in dict(HTTP_STATUS)
    assert family in dict(FAILURE_REASON)


def test_what_is_not_ours_is_our_defect() -> None:
    assert http_status(IsocenterError("x")) == 500
    assert failure_reason(ValueError("x")) == 0x0110


def test_the_most_particular_row_counts() -> None:
    assert failure_reason(DataSetMismatch("x")) == 0xA900
    assert b'"reason":"data-set-mismatch"' in error_body(DataSetMismatch("x", found="1.2"))
