"""Whether two encodings carry the same object: the digest of a canonical data set.

Runs in a confined child process, because pydicom and the codecs read foreign bytes here.
"""

from __future__ import annotations

import io

from blake3 import blake3
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from isocenter.standards.dicom.part10 import file_meta
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

PIXEL_DATA = 0x7FE00010


def canonical_digest(data_set: bytes, transfer_syntax_uid: str) -> bytes:
    """BLAKE3 over the elements in Implicit VR Little Endian with defined lengths, then over the decoded pixels.

    Two data sets have the same canonical digest when they differ only in VR encoding, byte order, deflation, sequence
    delimitation, group lengths or lossless pixel compression. Lossy pixels count as the bytes they are.
    Raises whatever pydicom or a codec raises: then the caller has no proof that they are the same.
    """
    dataset = _read(data_set, transfer_syntax_uid)
    hasher = blake3()
    pixels = _pixel_bytes(dataset, transfer_syntax_uid)
    if PIXEL_DATA in dataset:
        del dataset[PIXEL_DATA]
    _normalise(dataset)
    written = _implicit_little_endian(dataset)
    hasher.update(len(written).to_bytes(8, "little"))
    hasher.update(written)
    hasher.update(pixels)
    return hasher.digest()


def same_canonical(one: bytes, one_syntax_uid: str, other: bytes, other_syntax_uid: str) -> bool:
    """Whether two data sets, each in its transfer syntax, are the same object in two encodings."""
    return canonical_digest(one, one_syntax_uid) == canonical_digest(other, other_syntax_uid)


def _read(data_set: bytes, transfer_syntax_uid: str) -> FileDataset:
    meta = file_meta("1.2.3", "1.2.3", transfer_syntax_uid, "")
    return dcmread(io.BytesIO(meta + data_set), force=True)


def _pixel_bytes(dataset: FileDataset, transfer_syntax_uid: str) -> bytes:
    if PIXEL_DATA not in dataset:
        return b""
    syntax = transfer_syntax(transfer_syntax_uid)
    if syntax.encapsulated and syntax.lossy:
        raw = dataset[PIXEL_DATA].value
        assert isinstance(raw, bytes)
        return raw
    return dataset.pixel_array.astype(dataset.pixel_array.dtype.newbyteorder("<")).tobytes()


def _implicit_little_endian(dataset: Dataset) -> bytes:
    fresh = Dataset()  # forgets the encoding it was read in, which save_as would insist on
    fresh.update({element.tag: element for element in dataset})
    plain = DicomBytesIO()
    plain.is_little_endian = True
    plain.is_implicit_VR = True
    write_dataset(plain, fresh)
    return plain.getvalue()


def _normalise(dataset: Dataset) -> None:
    """Decode every element, forget delimitation and group lengths, so that only content is written."""
    for element in list(dataset.iterall()):
        if element.VR == "SQ":
            element.is_undefined_length = False
            for item in element.value:
                item.is_undefined_length_sequence_item = False
    for tag in [element.tag for element in dataset if element.tag.element == 0]:
        del dataset[tag]
