"""One frame from its bytes, in every coding that our libraries can decode.

The code stream is believed, not the transfer syntax: what begins as JPEG 2000 is decoded as that. Sizes are compared
with the description before a decoder allocates. Foreign bytes: call these in a confined process.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import imagecodecs
import numpy as np

from isocenter.pixels.codestreams import CodeStream, Coding, declared_coding, identify
from isocenter.pixels.description import ImageDescription
from isocenter.pixels.errors import UndecodableFrame, UnsupportedSyntax
from isocenter.pixels.native import Samples, arrange, decode_native
from isocenter.pixels.photometric import ybr_to_rgb

_END_OF_CODE_STREAM: Final = b"\xff\xd9"
"""EOC (ISO 15444-1 A.4.4), then at most padding."""
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_ENCAPSULATED_ROOT: Final = "1.2.840.10008.1.2.4."
_NATIVE_SYNTAXES: Final = frozenset(
    {
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
        "1.2.840.113619.5.2",
        "1.2.840.10008.1.20",
    }
)


def decode_frame(
    data: bytes | memoryview,
    syntax_uid: str,
    description: ImageDescription,
    *,
    bit_offset: int = 0,
    to_rgb: bool = True,
) -> Samples:
    """The samples of one frame: (rows, columns) or (rows, columns, samples), of description.dtype.

    data: the whole native frame, or the fragments of the frame joined. bit_offset: for 1-bit frames. to_rgb: colour in
    YBR becomes RGB; without it native and RLE stay as stored, and so do JPEG components. Stored values are not masked
    (see native.stored_values). Raises UndecodableFrame, and UnsupportedSyntax for video and unknown codings.
    """
    if syntax_uid in _NATIVE_SYNTAXES:
        samples = decode_native(data, description, big_endian=syntax_uid == _BIG_ENDIAN, bit_offset=bit_offset)
        is_ybr = description.photometric_interpretation.startswith("YBR")
    else:
        samples, is_ybr = _decode_encapsulated(bytes(data), syntax_uid, description)
    if is_ybr and to_rgb and samples.ndim == 3 and samples.shape[2] == 3:
        return ybr_to_rgb(samples, description.photometric_interpretation, description.bits_stored)
    return samples


def is_decodable(syntax_uid: str) -> bool:
    """Whether frames in this transfer syntax can be decoded, if they are what it says."""
    return syntax_uid in _NATIVE_SYNTAXES or declared_coding(syntax_uid) not in (None, Coding.VIDEO)


def _decode_encapsulated(data: bytes, syntax_uid: str, description: ImageDescription) -> tuple[Samples, bool]:
    """(samples, whether they are YBR)."""
    stream = identify(data)
    coding = stream.coding if stream else declared_coding(syntax_uid)
    if coding is None or coding is Coding.VIDEO:
        raise UnsupportedSyntax("This coding cannot be decoded into frames.", transfer_syntax_uid=syntax_uid)
    if stream is None:
        stream = CodeStream(coding)
    _check_sizes(stream, description)
    decoder = _DECODERS[coding]
    try:
        samples, is_ybr = decoder(data, stream, description)
    except UndecodableFrame:
        raise
    except MemoryError:
        raise
    except Exception as error:  # each codec of imagecodecs has an exception class of its own
        raise UndecodableFrame("The compressed image is damaged.", coding=str(coding)) from error
    return _fitted(samples, stream, description), is_ybr


def _check_sizes(stream: CodeStream, description: ImageDescription) -> None:
    if stream.rows is None:
        return
    described = (description.rows, description.columns, description.samples_per_pixel)
    if (stream.rows, stream.columns, stream.components) != described:
        raise UndecodableFrame(
            "The compressed image has another size than is described.",
            rows=stream.rows,
            columns=stream.columns,
            samples_per_pixel=stream.components,
        )


def _fitted(samples: Samples, stream: CodeStream, description: ImageDescription) -> Samples:
    """The decoder's array with the shape, sign and word size that the description gives it."""
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[:, :, 0]
    if samples.shape != description.shape:
        if samples.ndim == 3 and samples.shape == (description.samples_per_pixel, *description.shape[:2]):
            samples = np.ascontiguousarray(samples.transpose(1, 2, 0))
        else:
            raise UndecodableFrame("The compressed image has another size than is described.")
    if description.floating or samples.dtype == description.dtype:
        return samples
    bits = min(stream.precision or description.bits_stored, description.bits_allocated)
    if description.pixel_representation and samples.dtype.kind == "u":
        # JPEG and JPEG-LS know no sign: the top bit of what they carry is it.
        wide: Samples = samples.astype(np.int64 if samples.dtype.itemsize >= 4 else np.int32)
        sign = 1 << (bits - 1)
        samples = (np.bitwise_and(wide, (1 << bits) - 1) ^ sign) - sign
    elif not description.pixel_representation and samples.dtype.kind == "i":
        samples = np.bitwise_and(samples.astype(np.int64), (1 << bits) - 1)
    return samples.astype(description.dtype)


# --- one function per coding: (data, what it is, description) to (samples, whether they are YBR) -------------------


def _jpeg(data: bytes, stream: CodeStream, description: ImageDescription) -> tuple[Samples, bool]:
    """DCT JPEG. Components are decoded as they are; whether they are YBR the stream's own markers decide first."""
    if stream.components != 3:
        return np.asarray(imagecodecs.jpeg8_decode(data)), False
    labelled_ybr = description.photometric_interpretation.startswith("YBR")
    is_ybr = labelled_ybr if stream.colour_transform is None else stream.colour_transform
    # Telling the decoder that input and output have the same colour space turns its own conversion off.
    space = "YCBCR" if is_ybr else "RGB"
    return np.asarray(imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace=space)), is_ybr


def _jpeg_lossless(data: bytes, stream: CodeStream, description: ImageDescription) -> tuple[Samples, bool]:
    samples = _first_that_works(
        data,
        imagecodecs.jpegsof3_decode,
        imagecodecs.ljpeg_decode,
        lambda raw: _gdcm(raw, "1.2.840.10008.1.2.4.57", stream, description),
    )
    return samples, description.photometric_interpretation.startswith("YBR")


def _jpeg_ls(data: bytes, stream: CodeStream, description: ImageDescription) -> tuple[Samples, bool]:
    samples = _first_that_works(
        data,
        imagecodecs.jpegls_decode,
        lambda raw: _gdcm(raw, "1.2.840.10008.1.2.4.80", stream, description),
    )
    return samples, description.photometric_interpretation.startswith("YBR")


def _jpeg_2000(data: bytes, stream: CodeStream, description: ImageDescription) -> tuple[Samples, bool]:
    """A multiple component transform is undone by the decoder; without one, a label of YBR_FULL is true."""
    samples = imagecodecs.jpeg2k_decode(data, planar=False)
    labelled_ybr = description.photometric_interpretation.startswith(("YBR_FULL", "YBR_PARTIAL"))
    return np.asarray(samples), labelled_ybr and not stream.colour_transform


def _htj2k(data: bytes, stream: CodeStream, description: ImageDescription) -> tuple[Samples, bool]:
    # The decoder takes any beginning of a code stream for the whole, and gives a coarser picture.
    if _END_OF_CODE_STREAM not in data[-4:]:
        raise UndecodableFrame("The compressed image ends before its end.", coding=str(Coding.HTJ2K))
    samples = _first_that_works(
        data,
        lambda raw: imagecodecs.htj2k_decode(raw, planar=False),
        lambda raw: imagecodecs.jpeg2k_decode(raw, planar=False),
    )
    labelled_ybr = description.photometric_interpretation.startswith(("YBR_FULL", "YBR_PARTIAL"))
    return samples, labelled_ybr and not stream.colour_transform


def _jpeg_xl(data: bytes, _: CodeStream, __: ImageDescription) -> tuple[Samples, bool]:
    return np.asarray(imagecodecs.jpegxl_decode(data)), False


def _rle(data: bytes, _: CodeStream, description: ImageDescription) -> tuple[Samples, bool]:
    """RLE Lossless (PS3.5 Annex G): each byte of each sample is a plane, the most significant first."""
    planes_per_sample = max(description.bits_allocated // 8, 1)
    pixels = description.rows * description.columns
    count = int.from_bytes(data[:4], "little")
    if len(data) < 64 or count != planes_per_sample * description.samples_per_pixel:
        raise UndecodableFrame("The RLE header has another number of segments than is described.", segments=count)
    starts = [int.from_bytes(data[at : at + 4], "little") for at in range(4, 4 + 4 * count, 4)] + [len(data)]
    frame = np.empty((description.samples_per_pixel, pixels, planes_per_sample), dtype=np.uint8)
    for segment in range(count):
        sample, plane = divmod(segment, planes_per_sample)
        if not 64 <= starts[segment] <= starts[segment + 1]:
            raise UndecodableFrame("An RLE segment lies outside the frame.", segment=segment)
        frame[sample, :, planes_per_sample - 1 - plane] = _unpacked(data[starts[segment] : starts[segment + 1]], pixels)
    samples = frame.reshape(-1).view(description.dtype.newbyteorder("<")).astype(description.dtype, copy=False)
    label = description.photometric_interpretation
    planar = replace(description, planar_configuration=1, photometric_interpretation=label.removesuffix("_422"))
    return arrange(samples, planar), label.startswith("YBR")


def _unpacked(segment: bytes, size: int) -> Samples:
    """One PackBits segment; what decodes to more than the plane is refused before it fills memory."""
    if len(segment) * 64 + 128 < size:
        raise UndecodableFrame("An RLE segment is too short.")
    unpacked = np.frombuffer(imagecodecs.packbits_decode(segment), dtype=np.uint8)
    if len(unpacked) < size:
        raise UndecodableFrame("An RLE segment is too short.")
    return unpacked[:size]


def _deflated(data: bytes, stream: CodeStream, description: ImageDescription) -> tuple[Samples, bool]:
    """Deflated Image Frame Compression (PS3.5 A.4.13): RFC 1951 around a native frame."""
    size = (description.native_frame_bits + 7) // 8
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    return _native(inflater.decompress(data, size + 1), stream, description)


def _native(data: bytes, _: CodeStream, description: ImageDescription) -> tuple[Samples, bool]:
    return decode_native(data, description), description.photometric_interpretation.startswith("YBR")


def _first_that_works(data: bytes, *decoders: Callable[[bytes], Any]) -> Samples:
    """What the first decoder that does not refuse gives; libraries differ in the oddities they accept."""
    problem: Exception | None = None
    for decoder in decoders:
        try:
            return np.asarray(decoder(data))
        except MemoryError:
            raise
        except Exception as error:  # each codec of imagecodecs has an exception class of its own
            problem = problem or error
    raise UndecodableFrame("The compressed image is damaged.") from problem


def _gdcm(data: bytes, syntax_uid: str, stream: CodeStream, description: ImageDescription) -> Samples:
    from isocenter.pixels.gdcm_codec import decode_with_gdcm  # slow to import, rarely needed

    return decode_with_gdcm(data, syntax_uid, stream, description)


_DECODERS: Final[dict[Coding, Callable[[bytes, CodeStream, ImageDescription], tuple[Samples, bool]]]] = {
    Coding.JPEG: _jpeg,
    Coding.JPEG_LOSSLESS: _jpeg_lossless,
    Coding.JPEG_LS: _jpeg_ls,
    Coding.JPEG_2000: _jpeg_2000,
    Coding.HTJ2K: _htj2k,
    Coding.JPEG_XL: _jpeg_xl,
    Coding.RLE: _rle,
    Coding.DEFLATED: _deflated,
    Coding.NATIVE: _native,
}
