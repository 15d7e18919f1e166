"""Frames that only gdcm reads, such as some lossless JPEG. Second choice behind imagecodecs."""

from __future__ import annotations

import gdcm
import numpy as np

from isocenter.pixels.codestreams import CodeStream
from isocenter.pixels.description import ImageDescription
from isocenter.pixels.errors import UndecodableFrame
from isocenter.pixels.native import Samples


def decode_with_gdcm(data: bytes, syntax_uid: str, stream: CodeStream, description: ImageDescription) -> Samples:
    """One compressed frame as (rows, columns[, samples]). Raises UndecodableFrame."""
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(data)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    precision = stream.precision or description.bits_stored
    allocated = 8 if precision <= 8 else 16
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((description.columns, description.rows, 1))
    image.SetDataElement(element)
    # Monochrome or RGB: gdcm then leaves the components as they are.
    label = "MONOCHROME2" if description.samples_per_pixel == 1 else "RGB"
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.GetPIType(label)))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax_uid)))
    image.SetPixelFormat(gdcm.PixelFormat(description.samples_per_pixel, allocated, precision, precision - 1, 0))
    raw = image.GetBuffer().encode("utf-8", "surrogateescape")  # gdcm gives bytes as str
    if len(raw) < description.samples_per_frame * allocated // 8:
        raise UndecodableFrame("The compressed image is damaged.")
    samples = np.frombuffer(raw, dtype=f"<u{allocated // 8}", count=description.samples_per_frame)
    return samples.reshape(description.shape)
