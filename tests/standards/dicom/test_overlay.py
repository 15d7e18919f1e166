"""The overlay: pydicom reads what was corrected and what it was before, in every encoding; both forms agree."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from isocenter.standards.dicom.character_sets import character_set, decode_text
from isocenter.standards.dicom.elements import MalformedDataSet, scan
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.overlay import (
    Correction,
    Reason,
    Replacement,
    can_overlay,
    overlay_header,
    overlay_json,
    overlay_pieces,
)
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

EXPLICIT = transfer_syntax("1.2.840.10008.1.2.1")
IMPLICIT = transfer_syntax("1.2.840.10008.1.2")
AT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
PATIENT = (
    Replacement(0x00100010, "PN", "Right^Name"),
    Replacement(0x00100020, "LO", "R-1"),
    Replacement(0x00100021, "LO", "HIS"),
)


def a_correction(*replacements: Replacement, reason: Reason = Reason.CORRECT, source: str = "CT1") -> Correction:
    return Correction(replacements or PATIENT, reason, AT, "ISOCENTER", source)


def encoded(dataset: Dataset, *, explicit: bool) -> bytes:
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, not explicit
    write_dataset(out, dataset)
    return out.getvalue()


def decoded(raw: bytes, *, explicit: bool) -> Dataset:
    dataset = read_dataset(io.BytesIO(raw), is_implicit_VR=not explicit, is_little_endian=True)
    dataset.decode()
    return dataset


def a_data_set(charset: str | None = None, **attributes: str) -> Dataset:
    dataset = Dataset()
    if charset is not None:
        dataset.SpecificCharacterSet = charset.split("\\") if "\\" in charset else charset
    dataset.SOPInstanceUID = "1.2.3"
    dataset.PatientName, dataset.PatientID, dataset.Rows = "Wrong^Name", "W-1", 5
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def as_json(raw: bytes, *, explicit: bool) -> dict[str, dict[str, object]]:
    return data_set_to_json(raw, EXPLICIT if explicit else IMPLICIT, bulk_data_uri=str)


@pytest.mark.parametrize("explicit", [True, False])
def test_the_new_values_stand_and_the_old_ones_are_kept(explicit: bool) -> None:
    raw = encoded(a_data_set(), explicit=explicit)
    found = decoded(overlay_header(raw, EXPLICIT if explicit else IMPLICIT, [a_correction()]), explicit=explicit)
    assert (found.PatientName, found.PatientID, found.IssuerOfPatientID) == ("Right^Name", "R-1", "HIS")
    assert (found.SOPInstanceUID, found.Rows) == ("1.2.3", 5)
    [item] = found.OriginalAttributesSequence
    [modified] = item.ModifiedAttributesSequence
    assert (modified.PatientName, modified.PatientID, modified.IssuerOfPatientID) == ("Wrong^Name", "W-1", "")
    assert len(modified) == 3
    assert item.ReasonForTheAttributeModification == "CORRECT"
    assert (item.ModifyingSystem, item.SourceOfPreviousValues) == ("ISOCENTER", "CT1")
    assert item.AttributeModificationDateTime == "20260304050607.000089+0000"


def test_what_is_right_already_is_not_touched() -> None:
    raw = encoded(a_data_set(PatientName="Right^Name", PatientID="R-1", IssuerOfPatientID="HIS"), explicit=True)
    assert overlay_header(raw, EXPLICIT, [a_correction()]) == raw
    model = as_json(raw, explicit=True)
    assert overlay_json(model, [a_correction()]) is model


def test_only_what_differs_is_written_down() -> None:
    raw = encoded(a_data_set(PatientName="Right^Name"), explicit=True)
    found = decoded(overlay_header(raw, EXPLICIT, [a_correction()]), explicit=True)
    modified = found.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert [element.keyword for element in modified] == ["PatientID", "IssuerOfPatientID"]


@pytest.mark.parametrize("explicit", [True, False])
def test_corrections_lie_on_one_another_and_behind_what_the_object_brought(explicit: bool) -> None:
    dataset = a_data_set()
    brought, modified = Dataset(), Dataset()
    modified.PatientID = "W-0"
    brought.ModifiedAttributesSequence = Sequence([modified])
    brought.ModifyingSystem = "ELSEWHERE"
    dataset.OriginalAttributesSequence = Sequence([brought])
    second = a_correction(Replacement(0x00100020, "LO", "R-2"), reason=Reason.COERCE, source="")
    raw = encoded(dataset, explicit=explicit)
    syntax = EXPLICIT if explicit else IMPLICIT
    found = decoded(overlay_header(raw, syntax, [a_correction(), second]), explicit=explicit)
    items = found.OriginalAttributesSequence
    assert [item.ModifiedAttributesSequence[0].PatientID for item in items] == ["W-0", "W-1", "R-1"]
    assert [item.ModifyingSystem for item in items] == ["ELSEWHERE", "ISOCENTER", "ISOCENTER"]
    assert found.PatientID == "R-2"
    assert items[2].ReasonForTheAttributeModification == "COERCE"


def test_an_attribute_made_empty_is_empty_and_one_that_was_absent_stays_absent() -> None:
    raw = encoded(a_data_set(), explicit=True)
    nothing = a_correction(Replacement(0x00100020, "LO", ""), Replacement(0x00100021, "LO", ""))
    found = decoded(overlay_header(raw, EXPLICIT, [nothing]), explicit=True)
    assert found.PatientID == ""
    assert "IssuerOfPatientID" not in found


def test_a_value_that_does_not_fit_turns_every_text_into_utf_8() -> None:
    dataset = a_data_set("ISO_IR 100", PatientComments="façade", InstitutionName="Zürich")
    inner, deeper = Dataset(), Dataset()
    inner.CodeMeaning = "Schädel"
    deeper.SpecificCharacterSet = "ISO_IR 144"
    deeper.CodeMeaning = "Череп"
    inner.ConceptCodeSequence = Sequence([deeper])
    dataset.AnatomicRegionSequence = Sequence([inner])
    dataset.add(DataElement(0x00091001, "LO", "privé"))
    dataset.add(DataElement(0x00090010, "LO", "HOUSE"))
    raw = encoded(dataset, explicit=True)
    found = decoded(
        overlay_header(raw, EXPLICIT, [a_correction(Replacement(0x00100010, "PN", "Wang^D=王^东"))]), explicit=True
    )
    assert found.SpecificCharacterSet == "ISO_IR 192"
    assert found.PatientName == "Wang^D=王^东"
    assert (found.PatientComments, found.InstitutionName, found[0x00091001].value) == ("façade", "Zürich", "privé")
    region = found.AnatomicRegionSequence[0]
    assert region.CodeMeaning == "Schädel"
    assert region.ConceptCodeSequence[0].CodeMeaning == "Череп"
    assert region.ConceptCodeSequence[0].SpecificCharacterSet == "ISO_IR 192"
    assert found.OriginalAttributesSequence[0].ModifiedAttributesSequence[0].PatientName == "Wrong^Name"


def test_a_value_that_fits_leaves_the_character_set_alone() -> None:
    raw = encoded(a_data_set("ISO_IR 100", PatientComments="façade"), explicit=True)
    found = decoded(
        overlay_header(raw, EXPLICIT, [a_correction(Replacement(0x00100010, "PN", "Müller^Jörg"))]), explicit=True
    )
    assert found.SpecificCharacterSet == "ISO_IR 100"
    assert (found.PatientName, found.PatientComments) == ("Müller^Jörg", "façade")


def test_escapes_and_sequences_of_unknown_vr_become_utf_8_too() -> None:
    dataset = a_data_set("\\ISO 2022 IR 87", PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう")
    inner = Dataset()
    inner.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    inner.CodeMeaning = "頭部"
    raw = encoded(dataset, explicit=True)
    items = encoded(inner, explicit=False)
    item = b"\xfe\xff\x00\xe0" + len(items).to_bytes(4, "little") + items
    raw += b"\x40\x00\x55\x05UN\0\0\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0\0\0\0\0"
    found = decoded(overlay_header(raw, EXPLICIT, [a_correction(Replacement(0x00081030, "LO", "Кт"))]), explicit=True)
    assert found.StudyDescription == "Кт"
    assert found.PatientName == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    assert found[0x00400555].value[0].CodeMeaning == "頭部"


def test_original_attributes_that_came_as_unknown_are_gone_on_with() -> None:
    modified = Dataset()
    modified.PatientID = "W-0"
    brought = Dataset()
    brought.ModifiedAttributesSequence = Sequence([modified])
    items = encoded(brought, explicit=False)
    item = b"\xfe\xff\x00\xe0" + len(items).to_bytes(4, "little") + items
    raw = encoded(a_data_set(), explicit=True)
    raw += b"\x00\x04\x61\x05UN\0\0" + len(item).to_bytes(4, "little") + item
    found = decoded(overlay_header(raw, EXPLICIT, [a_correction()]), explicit=True)
    kept = [one.ModifiedAttributesSequence[0].PatientID for one in found.OriginalAttributesSequence]
    assert kept == ["W-0", "W-1"]


def test_group_lengths_go_and_delimiters_too_many_cost_nothing() -> None:
    raw = b"\x10\x00\x00\x00UL\x04\x00\x10\0\0\0" + encoded(a_data_set(), explicit=True)
    raw += b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\x28\x00\x11\x00US\x02\x00\x07\x00"
    found = decoded(overlay_header(raw, EXPLICIT, [a_correction()]), explicit=True)
    assert 0x00100000 not in found
    assert found.Columns == 7


def test_long_parts_stay_where_they_are() -> None:
    dataset = a_data_set()
    dataset.add(DataElement(0x00420011, "OB", bytes(100_000)))
    raw = encoded(dataset, explicit=True)
    pieces = overlay_pieces(memoryview(raw), EXPLICIT, [a_correction()])
    assert sum(len(piece) for piece in pieces if isinstance(piece, bytes)) < 400
    assert max(piece[1] for piece in pieces if isinstance(piece, tuple)) > 100_000


def test_a_torn_header_is_refused() -> None:
    raw = encoded(a_data_set(), explicit=True)
    with pytest.raises(MalformedDataSet):
        overlay_header(raw[:-1], EXPLICIT, [a_correction()])


ALPHABETS = {
    None: "ABC xyz",
    "ISO_IR 100": "ABC äöüß",
    "ISO_IR 144": "ABC Привет",
    "ISO_IR 192": "ABC Привет 王小东",
    "GB18030": "ABC 王小东头颅",
}


def looks_like_what_it_is(text: str, charset: str | None) -> bool:
    """Latin-1 that has the shape of Chinese is read as Chinese on purpose (`mislabelled_text`)."""
    declared = character_set((charset or "").encode())
    return not decode_text(text.encode(declared.codec), declared).mislabelled


WORDS = {
    name: st.text(letters, max_size=12).map(str.strip).filter(partial(looks_like_what_it_is, charset=name))
    for name, letters in ALPHABETS.items()
}
NEW = st.one_of(WORDS["ISO_IR 192"], WORDS[None])


@st.composite
def data_sets(draw: st.DrawFn) -> Dataset:
    charset = draw(st.sampled_from(list(ALPHABETS)))
    words = WORDS[charset]

    def filled(depth: int) -> Dataset:
        dataset = Dataset()
        for keyword in ("PatientName", "PatientID", "StudyDescription", "PatientComments", "CodeMeaning"):
            if draw(st.booleans()):
                setattr(dataset, keyword, draw(words))
        if draw(st.booleans()):
            dataset.Rows = draw(st.integers(0, 65535))
        if depth and draw(st.booleans()):
            dataset.ConceptCodeSequence = Sequence([filled(depth - 1) for _ in range(draw(st.integers(0, 2)))])
            dataset["ConceptCodeSequence"].is_undefined_length = draw(st.booleans())
        return dataset

    found = filled(2)
    found.SOPInstanceUID = "1.2.3"
    if charset is not None:
        found.SpecificCharacterSet = charset
    return found


TAGS = {"PatientName": (0x00100010, "PN"), "PatientID": (0x00100020, "LO"), "StudyDescription": (0x00081030, "LO")}
CORRECTIONS = st.lists(
    st.dictionaries(st.sampled_from(list(TAGS)), NEW, min_size=1).map(
        lambda values: a_correction(*(Replacement(*TAGS[name], text) for name, text in sorted(values.items())))
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=200, deadline=None)
@given(data_sets(), CORRECTIONS, st.booleans())
def test_pydicom_and_both_forms_agree_whatever_comes(
    dataset: Dataset, corrections: list[Correction], explicit: bool
) -> None:
    raw = encoded(dataset, explicit=explicit)
    current = overlay_header(raw, EXPLICIT if explicit else IMPLICIT, corrections)
    assert as_json(current, explicit=explicit) == overlay_json(as_json(raw, explicit=explicit), corrections)
    before, after = decoded(raw, explicit=explicit), decoded(current, explicit=explicit)
    wanted = {one.tag: one.text for correction in corrections for one in correction.replacements}
    for tag, text in wanted.items():
        assert str(after[tag].value if tag in after else "").rstrip() == text
    untouched = [one for one in before if one.tag not in wanted and one.keyword != "SpecificCharacterSet"]
    for element in untouched:
        if element.VR != "SQ":
            assert str(after[element.tag].value).rstrip() == str(element.value).rstrip()
    assert_same_sequences(before, after)


def assert_same_sequences(before: Dataset, after: Dataset) -> None:
    """Whatever the character set has become, nested text reads the same."""
    if "ConceptCodeSequence" not in before:
        return
    for one, other in zip(before.ConceptCodeSequence, after.ConceptCodeSequence, strict=True):
        for element in one:
            if element.VR != "SQ":
                assert str(other[element.tag].value).rstrip() == str(element.value).rstrip()
        assert_same_sequences(one, other)


def test_real_objects_agree_in_both_forms_and_stay_readable(shared_data: Path) -> None:
    checked = 0
    corrections = [a_correction(), a_correction(Replacement(0x00081030, "LO", "头颅 CT"))]
    for path in sorted(shared_data.rglob("*.dcm")):
        if "malformed" in path.parts or path.stat().st_size > 20_000_000:
            continue
        content = path.read_bytes()
        if content[128:132] != b"DICM":
            continue
        head = read_file_meta(memoryview(content))
        syntax = transfer_syntax(head.transfer_syntax_uid)
        if not can_overlay(syntax):
            continue
        data = memoryview(content)[head.data_set_offset :]
        try:
            span = scan(data, syntax, frozenset()).pixel_data
        except MalformedDataSet:
            continue  # never stored
        header = data if span is None else data[: span.element_offset]
        current = overlay_header(header, syntax, corrections)
        before = data_set_to_json(header, syntax, bulk_data_uri=str)
        assert data_set_to_json(current, syntax, bulk_data_uri=str) == overlay_json(before, corrections), path.name
        file = dcmread(io.BytesIO(content[: head.data_set_offset] + current), force=True)
        assert (str(file.PatientName), file.StudyDescription) == ("Right^Name", "头颅 CT"), path.name
        checked += 1
    assert checked > 50
