"""Accept headers as real clients send them, and the representation that each gets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isocenter.adapters.dicomweb.negotiation import (
    EXPLICIT_LITTLE,
    STORED,
    Container,
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


def test_objects_are_explicit_little_endian_or_as_stored_unless_a_form_is_named() -> None:
    assert dicom_forms("*/*") == (DicomForm(Container.MULTIPART, (EXPLICIT_LITTLE, STORED)),)
    assert dicom_forms("application/dicom; transfer-syntax=*") == (DicomForm(Container.ALONE, (STORED,)),)
    named = f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT_LITTLE}'
    assert dicom_forms(named) == (DicomForm(Container.MULTIPART, (EXPLICIT_LITTLE,)),)
    with pytest.raises(NotAcceptable):
        dicom_forms("image/png")


def test_several_transfer_syntaxes_go_by_their_quality_within_the_container_that_is_wanted_most() -> None:
    one = 'multipart/related; type="application/dicom"; transfer-syntax='
    accept = f"application/zip; q=0.2, {one}*; q=0.3, {one}{HTJ2K}; q=0.9, {one}{JPEG_LS}; q=0"
    assert dicom_forms(accept) == (
        DicomForm(Container.MULTIPART, (HTJ2K, STORED)),
        DicomForm(Container.ZIP, (EXPLICIT_LITTLE, STORED)),
    )


@pytest.mark.parametrize(
    ("syntax", "media_type"),
    [
        ("1.2.840.10008.1.2.4.100", "video/mpeg"),
        ("1.2.840.10008.1.2.4.102", "video/mp4"),
        ("1.2.840.10008.1.2.4.106.1", "video/mp4"),
        ("1.2.840.10008.1.2.4.107", "video/H265"),
    ],
)
def test_a_video_is_given_alone_under_its_media_type(syntax: str, media_type: str) -> None:
    form = frame_form(f"{media_type}, image/jpeg; q=0.5", syntax, True, False)
    assert (form.stored, form.multipart, form.media_type) == (True, False, media_type)


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
