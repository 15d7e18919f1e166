"""The table of transfer syntaxes, and which one is taken."""

from __future__ import annotations

import pytest
from pydicom.uid import UID, AllTransferSyntaxes

from isocenter.standards.dicom.transfer_syntaxes import TRANSFER_SYNTAXES, preferred_syntax, transfer_syntax

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
JPEG_LOSSLESS, JPEG_BASELINE = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.50"
DEFLATED, MIME, PRIVATE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.6.1", "1.3.46.670589.33.1.4.1"


@pytest.mark.parametrize("uid", [str(each) for each in AllTransferSyntaxes])
def test_our_table_agrees_with_pydicom(uid: str) -> None:
    ours, theirs = transfer_syntax(uid), UID(uid)
    assert ours.known
    assert ours.explicit_vr is not theirs.is_implicit_VR
    assert ours.little_endian is theirs.is_little_endian
    assert ours.deflated is theirs.is_deflated or "JPIP" in ours.name
    if ours.storable and "JPIP" not in ours.name:
        assert ours.encapsulated is theirs.is_encapsulated


def test_an_unknown_syntax_is_explicit_little_endian_and_opaque() -> None:
    unknown = transfer_syntax(PRIVATE)
    assert not unknown.known
    assert (unknown.explicit_vr, unknown.little_endian, unknown.encapsulated, unknown.deflated) == (1, 1, 1, 0)
    assert PRIVATE not in TRANSFER_SYNTAXES


@pytest.mark.parametrize(
    ("proposed", "chosen"),
    [
        ([IMPLICIT], IMPLICIT),
        ([IMPLICIT, BIG_ENDIAN, EXPLICIT], EXPLICIT),
        ([BIG_ENDIAN, IMPLICIT], IMPLICIT),
        ([IMPLICIT, JPEG_LOSSLESS, EXPLICIT], EXPLICIT),
        ([JPEG_LOSSLESS, EXPLICIT], JPEG_LOSSLESS),
        ([JPEG_BASELINE, JPEG_LOSSLESS], JPEG_BASELINE),
        ([DEFLATED, EXPLICIT], DEFLATED),
        ([PRIVATE, IMPLICIT], IMPLICIT),
        ([PRIVATE], PRIVATE),
        ([MIME, PRIVATE], PRIVATE),
        ([MIME], None),
        ([], None),
    ],
)
def test_the_callers_order_decides_but_for_native_encodings(proposed: list[str], chosen: str | None) -> None:
    assert preferred_syntax(proposed) == chosen
