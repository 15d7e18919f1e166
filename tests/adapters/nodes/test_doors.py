"""What the doors answer when no other node takes a second copy."""

from __future__ import annotations

from isocenter.adapters.dicomweb import errors as dicomweb
from isocenter.adapters.dimse.status import status_of
from isocenter.storage.errors import NoSecondCopy


def test_a_missing_second_copy_is_a700_and_507_and_worth_trying_again() -> None:
    error = NoSecondCopy("No other node takes a second copy now.")
    assert status_of(error) == 0xA700
    assert dicomweb.http_status(error) == 507
    assert dicomweb.failure_reason(error) == 0xA700
    assert error.retry_after_s > 0
    assert error.reason == "no-second-copy"
