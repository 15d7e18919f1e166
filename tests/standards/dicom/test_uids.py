"""UIDs that are kept and those that are refused."""

from __future__ import annotations

import pytest

from isocenter.standards.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    InvalidUid,
    check_uid,
    printable,
    uid_from_value,
)


@pytest.mark.parametrize("text", ["1.2.840.10008.1.1", "1", "1.02.003", "1" * 64])
def test_a_uid_is_returned_as_it_is(text: str) -> None:
    assert check_uid(text, "SOPInstanceUID") == text


@pytest.mark.parametrize(
    "text",
    ["", " ", "1" * 65, "../../etc/passwd", "/etc/passwd", "1.2\0", "1.2;ls", "1..2", ".1", "1.", "1.2 ", "١.٢", "1,2"],
)
def test_what_is_no_uid_is_refused_with_the_name_of_its_attribute(text: str) -> None:
    with pytest.raises(InvalidUid) as caught:
        check_uid(text, "SOPInstanceUID")
    assert caught.value.fields["attribute"] == "SOPInstanceUID"
    assert str(caught.value).isprintable()


def test_padding_of_a_value_is_removed() -> None:
    assert uid_from_value(b"1.2.3\0", "StudyInstanceUID") == "1.2.3"
    assert uid_from_value(memoryview(b"1.2.3 "), "StudyInstanceUID") == "1.2.3"


def test_our_own_names_are_legal() -> None:
    assert check_uid(IMPLEMENTATION_CLASS_UID, "ImplementationClassUID").startswith("2.25.")
    assert int(IMPLEMENTATION_CLASS_UID.removeprefix("2.25.")) < 1 << 128
    assert len(IMPLEMENTATION_VERSION_NAME) <= 16


def test_foreign_text_is_escaped_and_shortened_for_a_log() -> None:
    assert printable("A\x1b[2J\r\nB") == "A\\x1b[2J\\r\\nB"
    assert len(printable("x" * 1000, 10)) == 11
