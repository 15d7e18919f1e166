"""The grey-scale and colour pipelines: by hand, against pydicom's functions, and against DCMTK's pictures."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from tests.pixels.real_files import Image, images

from isocenter.kit.errors import Invalid
from isocenter.pixels.description import ImageDescription
from isocenter.pixels.errors import InvalidImageDescription
from isocenter.pixels.modality_lut import apply_modality_lut as our_modality_lut
from isocenter.pixels.photometric import expand_segments, ybr_to_rgb
from isocenter.pixels.render import RenderRequest, display, render, render_frame
from isocenter.pixels.voi_lut import VoiLutFunction, Window, apply_window


def model(**attributes: Any) -> dict[str, Any]:
    """A JSON model from keywords like t00281050=[40]."""
    return {
        key[1:].upper(): value if isinstance(value, dict) else {"Value": value} for key, value in attributes.items()
    }


def shown(samples: np.ndarray[Any, Any], window: Window | None = None, **attributes: Any) -> list[int]:
    bits = samples.dtype.itemsize * 8
    stored = attributes.pop("bits_stored", bits)
    signed = int(samples.dtype.kind == "i")
    description = ImageDescription(1, samples.size, 1, bits, stored, stored - 1, signed)
    return render_frame(samples.reshape(1, -1), description, display(model(**attributes)), window).ravel().tolist()


def test_linear_windows_follow_the_formula_of_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1: centre 2048, width 4096 maps 0 to black and 4095 to white.
    samples = np.array([0, 2047, 2048, 4095], dtype="u2")
    assert shown(samples, t00281050=[2048], t00281051=[4096]) == [0, 127, 128, 255]


def test_a_window_of_width_one_is_a_threshold() -> None:
    assert shown(np.array([99, 100], dtype="u2"), t00281050=[100], t00281051=[1]) == [0, 255]


def test_linear_exact_has_no_half_steps() -> None:
    window = Window(0.5, 1.0, VoiLutFunction.LINEAR_EXACT)
    assert apply_window(np.array([0.0, 0.25, 0.5, 1.0]), window).tolist() == [0.0, 63.75, 127.5, 255.0]


def test_sigmoid_is_half_at_its_centre_and_never_overflows() -> None:
    window = Window(100, 1e-3, VoiLutFunction.SIGMOID)
    assert apply_window(np.array([-1e9, 100, 1e9]), window).round(6).tolist() == [0.0, 127.5, 255.0]


@pytest.mark.parametrize(("center", "width"), [(40, 0), (40, -5), ("nan", 10), ("x", 10), (40, None)])
def test_an_impossible_window_is_not_used(center: Any, width: Any) -> None:
    assert shown(np.array([0, 100], dtype="u2"), t00281050=[center], t00281051=[width]) == [0, 255]


def test_without_a_window_the_whole_range_is_shown_and_padding_left_out() -> None:
    samples = np.array([-2000, -1000, 0, 1000], dtype="i2")
    assert shown(samples, t00280120=[-2000]) == [0, 0, 128, 255]


def test_without_a_window_eight_bits_are_shown_as_they_are() -> None:
    assert shown(np.array([10, 20, 200], dtype="u1")) == [10, 20, 200]


def test_padding_is_black_in_monochrome1_too_and_may_be_a_range() -> None:
    samples = np.array([0, 5, 9, 10, 20], dtype="u2")
    inverted = shown(samples, t00280004=["MONOCHROME1"], t00280120=[0], t00280121=[9])
    assert inverted == [0, 0, 0, 255, 0]


def test_rescale_comes_before_the_window() -> None:
    samples = np.array([0, 1024, 2048], dtype="u2")
    assert shown(samples, t00281052=[-1024.0], t00281053=[1.0], t00281050=[0.5], t00281051=[2049]) == [0, 128, 255]


def test_the_window_of_the_viewer_goes_before_those_of_the_object() -> None:
    samples = np.array([0, 10], dtype="u2")
    assert shown(samples, Window(5.5, 11), t00281050=[500], t00281051=[10]) == [0, 255]


def test_presentation_lut_shape_overrides_monochrome1() -> None:
    samples = np.array([0, 255], dtype="u1")
    assert shown(samples, t00280004=["MONOCHROME1"]) == [255, 0]
    assert shown(samples, t00280004=["MONOCHROME1"], t20500020=["IDENTITY"]) == [0, 255]
    assert shown(samples, t20500020=["INVERSE"]) == [255, 0]


def lut_item(first_mapped: int, words: list[int], bits: int) -> dict[str, Any]:
    data = b64encode(np.array(words, dtype="<u2").tobytes()).decode()
    return model(t00283002=[len(words), first_mapped, bits], t00283006={"vr": "OW", "InlineBinary": data})


def test_tables_are_clamped_at_their_ends() -> None:
    samples = np.array([-10, -1, 0, 1, 50], dtype="i2")
    assert shown(samples, t00283010=[lut_item(-1, [0, 100, 255], 8)]) == [0, 0, 100, 255, 255]
    assert shown(samples, t00283000=[lut_item(0, [0, 1000], 16)]) == [0, 0, 0, 255, 255]


def test_eight_bit_tables_may_be_packed_or_doubled() -> None:
    packed = {"vr": "OW", "InlineBinary": b64encode(bytes([0, 128, 255])).decode()}
    item = model(t00283002=[3, 0, 8], t00283006=packed)
    samples = np.array([0, 1, 2], dtype="u2")
    assert shown(samples, t00283010=[item]) == [0, 128, 255]
    assert shown(samples, t00283010=[lut_item(0, [0, 128 * 257, 255 * 257], 8)]) == [0, 128, 255]


def test_functional_groups_of_the_frame_go_before_shared_ones() -> None:
    groups = {
        "52009229": {"Value": [model(t00289132=[model(t00281050=[1], t00281051=[2])])]},
        "52009230": {"Value": [{}, model(t00289132=[model(t00281050=[3], t00281051=[4])])]},
    }
    assert display(groups, 0).windows == (Window(1, 2),)
    assert display(groups, 1).windows == (Window(3, 4),)


def test_an_angiogram_is_windowed_before_its_modality_table() -> None:
    angiogram = model(
        t00080016=["1.2.840.10008.5.1.4.1.1.12.1"], t00281040=["LOG"], t00283000=[lut_item(0, [0, 4000], 16)]
    )
    assert display(angiogram).modality.is_identity


def test_palettes_give_colours() -> None:
    def words(*values: int) -> dict[str, Any]:
        return {"vr": "OW", "InlineBinary": b64encode(np.array(values, "<u2").tobytes()).decode()}

    attributes = model(
        t00280004=["PALETTE COLOR"],
        t00281101=[2, 5, 16], t00281102=[2, 5, 16], t00281103=[2, 5, 16],
        t00281201=words(0, 0xFFFF), t00281202=words(0x8000, 0), t00281203=words(0, 0x0100),
    )  # fmt: skip
    description = ImageDescription(1, 3, 1, 8, 8, 7, photometric_interpretation="PALETTE COLOR")
    picture = render_frame(np.array([[0, 6, 200]], dtype="u1"), description, display(attributes))
    assert picture.tolist() == [[[0, 128, 0], [255, 0, 1], [255, 0, 1]]]


def test_segmented_palettes_have_discrete_linear_and_indirect_segments() -> None:
    # 0: two values; 1: three steps to 30; 2: the first segment again, 4 bytes of offset as two words.
    segments = np.array([0, 2, 10, 20, 1, 2, 30, 2, 1, 0, 0], dtype="u2")
    assert expand_segments(segments, 6, 16).tolist() == [10, 20, 25, 30, 10, 20]


@pytest.mark.parametrize("segments", [[0, 60000, 1], [1, 2, 5], [9, 1, 1], [0], [2, 60000, 0, 0]])
def test_segments_that_lie_are_refused(segments: list[int]) -> None:
    with pytest.raises(InvalidImageDescription):
        expand_segments(np.array(segments, dtype="u2"), 1000, 16)


def test_ybr_is_rounded_and_clipped() -> None:
    ybr = np.array([[[76, 85, 255], [255, 128, 128], [0, 0, 0]]], dtype="u1")
    assert ybr_to_rgb(ybr, "YBR_FULL").tolist() == [[[254, 0, 0], [255, 255, 255], [0, 135, 0]]]


@pytest.mark.shared_data
def test_modality_and_voi_values_are_those_of_pydicom(shared_data: Path) -> None:
    compared = 0
    for image in images(shared_data, "cr-dx", "ct-chest-cmbcrc", "mr-small", "transfer-syntax-misc", "petct-cervix"):
        data_set = pydicom.dcmread(image.path)
        if image.json.get("00280002", {}).get("Value") != [1] or "NumberOfFrames" in data_set:
            continue
        try:
            stored, found = data_set.pixel_array, display(image.json)
        except Exception:
            continue
        modality = apply_modality_lut(stored, data_set)
        assert np.allclose(our_modality_lut(stored, found.modality), modality), image.path.name
        if found.voi_tables or found.windows:
            assert_same_voi(image, data_set, modality)
        compared += 1
    assert compared > 40


def assert_same_voi(image: Image, data_set: pydicom.Dataset, modality: np.ndarray[Any, Any]) -> None:
    """Our grey and pydicom's, each from the darkest to the lightest it can be."""
    found = display(image.json)
    if found.padding is not None or "VOILUTSequence" in data_set:
        return  # we blacken padding; pydicom scales tables by what they hold
    values = apply_voi_lut(modality, data_set, prefer_lut=False).astype(np.float64)
    low, high = voi_ends(image, data_set)
    expected = np.clip((values - low) / (high - low) * 255, 0, 255)
    expected = 255 - expected if found.inverted else expected
    ours = render_frame(image.frame(), image.description, found)
    assert np.abs(ours - expected).max() <= 0.51, image.path.name


def voi_ends(image: Image, data_set: pydicom.Dataset) -> tuple[float, float]:
    """What pydicom calls black and white: the range of the stored type after rescale."""
    bits, signed = data_set.BitsStored, data_set.PixelRepresentation
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, intercept = float(data_set.get("RescaleSlope", 1)), float(data_set.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


@pytest.mark.shared_data
def test_palettes_of_real_files_are_those_of_pydicom(shared_data: Path) -> None:
    compared = 0
    for image in images(shared_data):
        if image.description_is_palette():
            data_set = pydicom.dcmread(image.path)
            expected = apply_color_lut(data_set.pixel_array, data_set)
            expected = expected[0] if expected.ndim == 4 else expected
            expected = expected >> 8 if expected.dtype == np.uint16 else expected
            ours = render_frame(image.frame(), image.description, display(image.json))
            assert np.array_equal(ours, expected), image.path.name
            compared += 1
    assert compared >= 2


# Where DCMTK's picture is another one on purpose.
UNLIKE_DCMTK = {
    "1.3.6.1.4.1.11129.5.5.110503645592756492463169821050252582267888.dcm",  # 8 bits as they are, not stretched
    "CT1_RLE.dcm",  # padding is not part of the range
    "YBR_FULL-RLE.dcm",  # chroma rounded differently, 2 of 255
}


@pytest.mark.shared_data
@pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="DCMTK is not installed")
def test_pictures_are_those_of_dcmtk(shared_data: Path, tmp_path: Path) -> None:
    compared = 0
    for image in images(shared_data):
        if "malformed" in image.path.parts or image.path.name in UNLIKE_DCMTK:
            continue
        try:
            found = display(image.json)
            ours = render_frame(image.frame(), image.description, found)
        except Invalid:
            continue
        options = ["+Wl", "1"] if found.voi_tables else ["+Wi", "1"] if found.windows else ["+Wm"]
        options = options if image.description.samples_per_pixel == 1 and not found.palette else []
        theirs = dcmtk_picture(image.path, tmp_path / "picture.pnm", options)
        if theirs is None:
            continue
        ours = np.repeat(ours[:, :, None], 3, axis=2) if theirs.ndim > ours.ndim else ours
        assert np.abs(ours.astype(int) - theirs).max() <= 1, image.path.name
        compared += 1
    assert compared > 150


def dcmtk_picture(path: Path, picture: Path, options: list[str]) -> np.ndarray[Any, Any] | None:
    """The first frame as DCMTK renders it, overlays left out; None when it cannot."""
    for program in ("dcm2pnm", "dcmj2pnm"):
        done = subprocess.run([program, "+op", "-O", *options, str(path), str(picture)], capture_output=True)
        if done.returncode == 0:
            raw = picture.read_bytes()
            kind, size, *_ = [line for line in raw[:200].split(b"\n") if not line.startswith(b"#")]
            columns, rows = map(int, size.split())
            shape = (rows, columns, 3) if kind == b"P6" else (rows, columns)
            return np.frombuffer(raw[-int(np.prod(shape)) :], dtype=np.uint8).reshape(shape)
    return None


def test_a_request_becomes_a_picture_that_fits() -> None:
    header = (
        b"\x28\x00\x02\x00US\x02\x00\x01\x00\x28\x00\x10\x00US\x02\x00\x20\x00\x28\x00\x11\x00US\x02\x00\x40\x00"
        b"\x28\x00\x00\x01US\x02\x00\x08\x00\x28\x00\x01\x01US\x02\x00\x08\x00"
    )
    for media_type, magic in (("image/jpeg", b"\xff\xd8"), ("image/png", b"\x89PNG"), ("image/webp", b"RIFF")):
        request = RenderRequest(header, "1.2.840.10008.1.2.1", bytes(32 * 64), media_type=media_type, max_columns=16)
        assert render(request).startswith(magic)
