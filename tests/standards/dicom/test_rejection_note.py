"""Rejection notes: which titles reject, and what of a document is rejected."""

from __future__ import annotations

import pytest
from tests.domain.exchange.key_objects import OF_INTEREST, a_note

from isocenter.standards.dicom import rejection_note
from isocenter.standards.dicom.elements import MalformedDataSet
from isocenter.standards.dicom.rejection_note import REJECTION_CODES, TooManyReferences, read_rejection_note

EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.mark.parametrize("code", sorted(REJECTION_CODES))
def test_the_four_titles_reject_what_the_content_names(code: str) -> None:
    note = read_rejection_note(a_note("1.2.9", ["1.2.1", "1.2.2", "1.2.1"], code=code), EXPLICIT)
    assert note is not None
    assert (note.code, note.references) == (code, (("1.2.3", "1.2.1"), ("1.2.3", "1.2.2")))


def test_other_titles_and_other_coding_schemes_reject_nothing() -> None:
    assert read_rejection_note(a_note("1.2.9", ["1.2.1"], code=OF_INTEREST), EXPLICIT) is None
    private = a_note("1.2.9", ["1.2.1"]).replace(b"\x00\x02\x01SH\x04\x00DCM ", b"\x00\x02\x01SH\x04\x00LOC ")
    private = private.replace(b"\x08\x00\x02\x01SH\x04\x00DCM ", b"\x08\x00\x02\x01SH\x04\x00LOC ")
    assert read_rejection_note(private, EXPLICIT) is None


def test_evidence_tells_the_study_and_stands_for_a_missing_content() -> None:
    elsewhere = read_rejection_note(a_note("1.2.9", ["1.2.1"], of_study="1.2.4"), EXPLICIT)
    assert elsewhere is not None
    assert elsewhere.references == (("1.2.4", "1.2.1"),)
    bare = read_rejection_note(a_note("1.2.9", [], evidence=["1.2.1", "1.2.2"]), EXPLICIT)
    assert bare is not None
    assert [uid for _, uid in bare.references] == ["1.2.1", "1.2.2"]


def test_what_the_evidence_does_not_list_is_of_the_notes_own_study() -> None:
    note = read_rejection_note(a_note("1.2.9", ["1.2.1"], evidence=[], study="1.2.7"), EXPLICIT)
    assert note is not None
    assert note.references == (("1.2.7", "1.2.1"),)


def test_too_many_references_and_broken_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejection_note, "MAX_REFERENCES", 2)
    with pytest.raises(TooManyReferences):
        read_rejection_note(a_note("1.2.9", ["1.2.1", "1.2.2", "1.2.3"]), EXPLICIT)
    with pytest.raises(MalformedDataSet):
        read_rejection_note(a_note("1.2.9", ["1.2.1"])[:-5], EXPLICIT)
