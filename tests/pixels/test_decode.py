"""Frames of every coding to arrays; the code stream is believed, sizes are checked before decoding."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pixels.real_files import images

from isocenter.kit.errors import Invalid
from isocenter.pixels.decode import decode_frame, is_decodable
from isocenter.pixels.description import ImageDescription
from isocenter.pixels.errors import UndecodableFrame, UnsupportedSyntax
from isocenter.pixels.native import stored_values

EXPLICIT = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
JPEG = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
J2K = "1.2.840.10008.1.2.4.90"
JPEG_XL = "1.2.840.10008.1.2.4.110"
HTJ2K = "1.2.840.10008.1.2.4.201"
DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"


def describe(array: np.ndarray[Any, Any], **changes: Any) -> ImageDescription:
    bits = array.dtype.itemsize * 8
    values: dict[str, Any] = {
        "rows": array.shape[0],
        "columns": array.shape[1],
        "samples_per_pixel": 1 if array.ndim == 2 else array.shape[2],
        "bits_allocated": bits,
        "bits_stored": bits,
        "high_bit": bits - 1,
        "pixel_representation": int(array.dtype.kind == "i"),
        "photometric_interpretation": "MONOCHROME2" if array.ndim == 2 else "RGB",
    }
    values |= changes
    if "bits_stored" in changes and "high_bit" not in changes:
        values["high_bit"] = changes["bits_stored"] - 1
    return ImageDescription(**values)


def grey(dtype: str = "u2", top: int = 4096, shape: tuple[int, ...] = (24, 34)) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, top, shape).astype(dtype)


def rle(array: np.ndarray[Any, Any]) -> bytes:
    """RLE Lossless by literal runs, planes most significant first."""
    planes = []
    samples = array if array.ndim == 3 else array[:, :, None]
    for sample in range(samples.shape[2]):
        raw = np.ascontiguousarray(samples[:, :, sample]).astype(array.dtype.newbyteorder(">")).tobytes()
        planes += [raw[byte :: array.dtype.itemsize] for byte in range(array.dtype.itemsize)]
    segments = [
        b"".join(bytes([len(plane[at : at + 128]) - 1]) + plane[at : at + 128] for at in range(0, len(plane), 128))
        for plane in planes
    ]
    offsets = [64 + sum(map(len, segments[:index])) for index in range(len(segments))]
    return struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(segments))) + b"".join(segments)


@pytest.mark.parametrize(
    ("syntax", "encode", "array"),
    [
        (RLE, rle, grey()),
        (RLE, rle, grey("u1", 256, (9, 7, 3))),
        (RLE, rle, grey("u4", 2**31)),
        (JPEG_LOSSLESS, lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=1), grey("u1", 256)),
        (JPEG_LS, imagecodecs.jpegls_encode, grey()),
        (J2K, lambda a: imagecodecs.jpeg2k_encode(a, reversible=True, codecformat="j2k"), grey()),
        (J2K, lambda a: imagecodecs.jpeg2k_encode(a, reversible=True, codecformat="jp2"), grey()),
        (HTJ2K, imagecodecs.htj2k_encode, grey("i2", 4096)),
        (HTJ2K, imagecodecs.htj2k_encode, grey("u1", 256, (20, 22, 3))),
        (JPEG_XL, lambda a: imagecodecs.jpegxl_encode(a, lossless=True), grey()),
        (DEFLATED_FRAME, lambda a: zlib.compress(a.tobytes())[2:-4], grey()),
        (EXPLICIT, lambda a: a.tobytes(), grey()),
        (BIG, lambda a: a.byteswap().tobytes(), grey()),
    ],
)
def test_lossless_codings_give_the_samples_back(syntax: str, encode: Any, array: np.ndarray[Any, Any]) -> None:
    decoded = decode_frame(bytes(encode(array)), syntax, describe(array))
    assert decoded.dtype == array.dtype
    assert np.array_equal(decoded, array)


def test_a_wrong_label_is_overruled_by_the_code_stream() -> None:
    array = grey()
    assert np.array_equal(decode_frame(imagecodecs.htj2k_encode(array), JPEG, describe(array)), array)
    assert np.array_equal(decode_frame(imagecodecs.jpegls_encode(array), "1.2.3.4", describe(array)), array)


@pytest.mark.parametrize("stored", [10, 12, 16])
def test_signed_samples_come_back_signed_from_codings_without_sign(stored: int) -> None:
    array = np.random.default_rng(3).integers(-(1 << (stored - 1)), 1 << (stored - 1), (16, 16)).astype("i2")
    carried = array.view("u2") & ((1 << stored) - 1)
    decoded = decode_frame(imagecodecs.jpegls_encode(carried), JPEG_LS, describe(array, bits_stored=stored))
    assert np.array_equal(stored_values(decoded, describe(array, bits_stored=stored)), array)


def test_planar_colour_comes_back_by_pixel() -> None:
    array = grey("u1", 256, (5, 7, 3))
    description = describe(array, planar_configuration=1)
    assert np.array_equal(decode_frame(array.transpose(2, 0, 1).tobytes(), EXPLICIT, description), array)


def test_one_bit_frames_follow_without_padding() -> None:
    bits = np.random.default_rng(1).integers(0, 2, 2 * 15).astype("u1")
    packed = np.packbits(bits, bitorder="little").tobytes()
    description = ImageDescription(3, 5, 1, 1, 1, 0)
    assert decode_frame(packed[1:], EXPLICIT, description, bit_offset=7).ravel().tolist() == bits[15:].tolist()


@pytest.mark.parametrize(("bits", "dtype"), [(32, "f4"), (64, "f8")])
def test_float_pixel_data_is_read(bits: int, dtype: str) -> None:
    array = np.linspace(-1, 1, 30, dtype=dtype).reshape(5, 6)
    description = ImageDescription(5, 6, 1, bits, bits, bits - 1, floating=True)
    assert np.array_equal(decode_frame(array.tobytes(), EXPLICIT, description), array)


def test_halved_chroma_is_repeated_and_becomes_rgb() -> None:
    description = ImageDescription(1, 2, 3, 8, 8, 7, photometric_interpretation="YBR_FULL_422")
    assert decode_frame(bytes([10, 200, 128, 128]), EXPLICIT, description).tolist() == [[[10] * 3, [200] * 3]]


def test_bits_beside_bits_stored_are_no_values() -> None:
    array = np.array([[0xF123, 0x0FFF]], dtype="u2")
    assert stored_values(array, describe(array, bits_stored=12)).tolist() == [[0x123, 0xFFF]]
    signed = array.view("i2")
    assert stored_values(signed, describe(signed, bits_stored=12)).tolist() == [[0x123, -1]]
    shifted = describe(array, bits_stored=8, high_bit=11)
    assert stored_values(array, shifted).tolist() == [[0x12, 0xFF]]


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.100.1", "1.2.3"])
def test_video_and_unknown_syntaxes_are_refused_by_name(syntax: str) -> None:
    assert not is_decodable(syntax)
    with pytest.raises(UnsupportedSyntax):
        decode_frame(bytes(1000), syntax, describe(grey()))


def test_a_code_stream_of_another_size_is_refused_before_it_is_decoded() -> None:
    huge = bytearray(imagecodecs.htj2k_encode(grey()))
    huge[8:16] = struct.pack(">II", 60000, 60000)
    with pytest.raises(UndecodableFrame):
        decode_frame(bytes(huge), HTJ2K, describe(grey()))


@pytest.mark.parametrize("count", [0, 3, 2**31])
def test_an_rle_header_that_lies_is_refused(count: int) -> None:
    raw = bytearray(rle(grey()))
    raw[:4] = struct.pack("<I", count)
    with pytest.raises(UndecodableFrame):
        decode_frame(bytes(raw), RLE, describe(grey()))


def test_a_torn_htj2k_stream_is_refused_though_a_decoder_would_give_a_coarse_picture() -> None:
    array = np.random.default_rng(5).integers(0, 4096, (64, 48)).astype(np.uint16)
    whole = bytes(imagecodecs.htj2k_encode(array))
    assert np.array_equal(decode_frame(whole + b"\0", HTJ2K, describe(array)), array)
    torn = whole[: len(whole) * 3 // 4]
    assert imagecodecs.htj2k_decode(torn).shape == array.shape
    with pytest.raises(UndecodableFrame):
        decode_frame(torn, HTJ2K, describe(array))


def test_pixel_data_shorter_than_its_frame_is_refused() -> None:
    with pytest.raises(UndecodableFrame):
        decode_frame(bytes(10), EXPLICIT, describe(grey()))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_code_streams_are_refused_or_decoded_and_nothing_else(data: st.DataObject) -> None:
    array = grey(shape=(16, 16))
    encode, syntax = data.draw(
        st.sampled_from([(rle, RLE), (imagecodecs.jpegls_encode, JPEG_LS), (imagecodecs.htj2k_encode, HTJ2K)])
    )
    raw = bytearray(encode(array))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(raw) // 2, len(raw)))
    try:
        assert decode_frame(bytes(raw[:cut]), syntax, describe(array)).shape == array.shape
    except UndecodableFrame:
        pass


# Files that only one of the two decodes, with the reason.
ONLY_WE = {
    "badVR.dcm",  # Number of Frames "1A"
    "CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm",
    "CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm",
    "CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm",
    "HTJ2KLossless_08_RGB.dcm",
    "JLSL_08_07_0_1F.dcm",
    "JPEG-lossy.dcm",
}
NOBODY = {
    "TC0285_buf_half.dcm",  # pixel data shorter than the image
    "TC0291_buf_zero.dcm",
    "TC0293_buf_one_byte.dcm",
    "TC0295_rows_zero.dcm",
    "nested_priv_SQ.dcm",
    "JPEG2000-embedded-sequence-delimiter.dcm",  # the code stream says 3.7 billion columns
}


@pytest.mark.shared_data
def test_real_images_decode_as_pydicom_decodes_them(shared_data: Path) -> None:
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    compared = 0
    for image in images(shared_data):
        name = image.path.name
        try:
            ours = [image.frame(index) for index in range(image.description.number_of_frames)]
        except Invalid as error:
            assert name in NOBODY, (name, error)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                theirs = pydicom.dcmread(image.path).pixel_array
            except Exception:
                assert name in ONLY_WE, name
                continue
        first = theirs.reshape(-1, *image.description.shape)[: len(ours)]
        for index, (our_frame, their_frame) in enumerate(zip(ours, first, strict=True)):
            values = our_frame if our_frame.ndim == 3 else stored_values(our_frame, image.description)
            assert np.array_equal(values, their_frame, equal_nan=values.dtype.kind == "f"), (name, index)
        compared += 1
    assert compared > 200
