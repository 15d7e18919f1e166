"""Accept headers as real clients send them, and the representation that each gets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isocenter.adapters.dicomweb.negotiation import (
    EXPLICIT_LITTLE,
    STORED,
    DicomForm,
    NotAcceptable,
    accept_header,
    choose,
    dicom_forms,
    frame_form,
)
from isocenter.kit.errors import Invalid

HTJ2K = "1.2.840.10008.1.2.4.201"
JPEG_LS = "1.2.840.10008.1.2.4.80"


def test_the_viewer_asking_for_anything_stored_gets_the_stored_frames() -> None:
    form = frame_form('multipart/related; type="application/octet-stream"; transfer-syntax=*', HTJ2K, True, True)
    assert (form.stored, form.transfer_syntax, form.multipart) == (True, HTJ2K, True)


@pytest.mark.parametrize(
    "accept", ["", "*/*", 'multipart/related; type="application/octet-stream"', "multipart/related"]
)
def test_without_a_transfer_syntax_frames_are_explicit_little_endian(accept: str) -> None:
    form = frame_form(accept, HTJ2K, True, True)
    assert (form.stored, form.transfer_syntax) == (False, EXPLICIT_LITTLE)


def test_uncompressed_frames_are_given_as_they_lie() -> None:
    assert frame_form("*/*", EXPLICIT_LITTLE, False, True).stored


def test_video_goes_as_stored_to_a_client_that_takes_anything_and_is_refused_to_others() -> None:
    video = "1.2.840.10008.1.2.4.102"
    assert frame_form("*/*", video, True, False).stored
    with pytest.raises(NotAcceptable):
        frame_form('multipart/related; type="application/octet-stream"', video, True, False)


def test_an_image_media_type_is_answered_only_when_the_frames_are_stored_so() -> None:
    form = frame_form('multipart/related; type="image/jls"', JPEG_LS, True, True)
    assert (form.stored, form.media_type, form.transfer_syntax) == (True, "image/jls", JPEG_LS)
    with pytest.raises(NotAcceptable):
        frame_form('multipart/related; type="image/jp2"', JPEG_LS, True, True)


def test_the_quality_orders_the_ranges() -> None:
    accept = (
        'multipart/related; type="application/octet-stream"; q=0.1, multipart/related; type="image/jls"; q=0.9,'
        " image/jpeg; q=0"
    )
    assert frame_form(accept, JPEG_LS, True, True).media_type == "image/jls"
    assert not frame_form(accept, HTJ2K, True, True).stored


def test_a_single_frame_can_be_asked_for_without_multipart() -> None:
    assert not frame_form("application/octet-stream; transfer-syntax=*", HTJ2K, True, True).multipart


def test_another_compression_than_the_stored_one_is_not_acceptable() -> None:
    with pytest.raises(NotAcceptable):
        frame_form(f'multipart/related; type="application/octet-stream"; transfer-syntax={JPEG_LS}', HTJ2K, True, True)


def test_objects_are_explicit_little_endian_unless_the_stored_form_is_asked_for() -> None:
    assert dicom_forms("*/*") == (DicomForm(EXPLICIT_LITTLE, True),)
    assert dicom_forms("application/dicom; transfer-syntax=*") == (DicomForm(STORED, False),)
    assert dicom_forms('multipart/related; type="application/dicom"; transfer-syntax=*') == (DicomForm(STORED, True),)
    with pytest.raises(NotAcceptable):
        dicom_forms("image/png")


def test_the_query_parameter_goes_before_the_header() -> None:
    assert choose(accept_header(["image/jpeg"], ["image/png"]), ["image/jpeg", "image/png"]) == "image/png"


def test_a_list_of_a_thousand_ranges_is_refused() -> None:
    with pytest.raises(NotAcceptable):
        choose(", ".join(["image/png"] * 100), ["image/jpeg"])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_header_is_answered_or_refused(text: str) -> None:
    try:
        frame_form(text, HTJ2K, True, True)
    except Invalid:
        return
