"""The canonical digest: the same object in another encoding, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest

from isocenter.domain.archive.canonical import canonical_digest
from isocenter.standards.dicom.part10 import read_file_meta


def digest_of(path: Path) -> bytes:
    content = path.read_bytes()
    meta = read_file_meta(memoryview(content))
    return canonical_digest(content[meta.data_set_offset :], meta.transfer_syntax_uid)


@pytest.mark.shared_data
def test_lossless_encodings_of_one_object_have_one_canonical_digest(shared_data: Path) -> None:
    folder = shared_data / "enhanced-multiframe"
    names = ["emri_small", "emri_small_RLE", "emri_small_big_endian", "emri_small_jpeg_2k_lossless"]
    assert len({digest_of(folder / f"{name}.dcm") for name in names}) == 1


@pytest.mark.shared_data
def test_implicit_explicit_and_deflated_encodings_of_one_object_have_one_canonical_digest(shared_data: Path) -> None:
    folder = shared_data / "transfer-syntax-ct"
    kinds = ["LittleEndianExplicit", "LittleEndianImplicit", "DeflatedExplicit", "JPEG2000LosslessOnly", "RLELossless"]
    assert len({digest_of(next(folder.glob(f"CTImage.dcm_{kind}*"))) for kind in kinds}) == 1


@pytest.mark.shared_data
def test_a_lossy_copy_has_another_canonical_digest(shared_data: Path) -> None:
    folder = shared_data / "transfer-syntax-ct"
    original = digest_of(next(folder.glob("CTImage.dcm_LittleEndianExplicit*")))
    lossy = digest_of(next(folder.glob("CTImage.dcm_JPEGLSLossy*")))
    assert original != lossy


@pytest.mark.shared_data
def test_one_changed_element_changes_the_canonical_digest(shared_data: Path, tmp_path: Path) -> None:
    original = shared_data / "enhanced-multiframe" / "emri_small.dcm"
    content = original.read_bytes()
    changed = tmp_path / "changed.dcm"
    position = content.index(b"ISO_IR 100")
    changed.write_bytes(content[:position] + b"ISO_IR 101" + content[position + 10 :])
    assert digest_of(changed) != digest_of(original)
