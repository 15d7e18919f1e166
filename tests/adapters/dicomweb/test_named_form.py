"""An image that lies in two transfer syntaxes is given in the one that a client names before any other."""

from __future__ import annotations

import pytest

from isocenter.adapters.dicomweb.frames_rs import named_form
from isocenter.delivery.study_view import UNSCANNED, Form, InstanceView
from isocenter.storage.extents import Extent

HTJ2K = "1.2.840.10008.1.2.4.201"
NATIVE = "1.2.840.10008.1.2.1"
RECEIVED = Form(NATIVE, Extent("journal", 0, 100), UNSCANNED, None, None)
PACKED = Form(HTJ2K, Extent("pack", 0, 40), 10, 12, None)
OCTETS = 'multipart/related; type="application/octet-stream"; transfer-syntax='


def an_image(*forms: Form) -> InstanceView:
    return InstanceView("1.1", "1.2", "1.3", 1, 1, 4, 4, 16, 1, "MONOCHROME2", b"", NATIVE, forms)


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        (f"{OCTETS}{HTJ2K}, {OCTETS}*", PACKED),
        (f"{OCTETS}*, {OCTETS}{HTJ2K}", None),
        (f"{OCTETS}*;q=0.5, {OCTETS}{HTJ2K}", PACKED),
        (f"{OCTETS}{NATIVE}", None),  # not walked through yet: the general way does that
        ("*/*", None),
        ("", None),
    ],
)
def test_the_form_that_is_named_first(accept: str, found: Form | None) -> None:
    assert named_form(an_image(RECEIVED, PACKED), accept) is found


def test_an_image_in_one_form_is_given_in_that() -> None:
    assert named_form(an_image(RECEIVED), f"{OCTETS}{HTJ2K}, {OCTETS}*") is None
