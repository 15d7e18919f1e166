"""Models of somebody else: what is meant is taken, what would not come back as it was sent is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.data_set_writing import BulkValue, NotWritable, data_set_of, data_set_pieces
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.received_model import writable_model
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

EXPLICIT = transfer_syntax("1.2.840.10008.1.2.1")


def through(model: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return data_set_to_json(data_set_of(writable_model(model)), EXPLICIT, bulk_data_uri=str)


@pytest.mark.parametrize(
    ("tag", "element", "comes"),
    [
        ("00100010", {"vr": "PN", "Value": ["Müller^Änne"]}, {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne"}]}),
        ("00100020", {"Value": ["P-1"]}, {"vr": "LO", "Value": ["P-1"]}),
        ("00100020", {"vr": "LO", "Value": [17]}, {"vr": "LO", "Value": ["17"]}),
        ("00280010", {"vr": "US", "Value": ["512"]}, {"vr": "US", "Value": [512]}),
        ("00280010", {"vr": "US", "Value": [512.0]}, {"vr": "US", "Value": [512]}),
        ("00200013", {"vr": "IS", "Value": [3.0]}, {"vr": "IS", "Value": [3]}),
        ("00281053", {"vr": "DS", "Value": ["1.50", 0.1]}, {"vr": "DS", "Value": [1.5, 0.1]}),
        ("00080008", {"vr": "CS", "Value": ["A", None, "B"]}, {"vr": "CS", "Value": ["A", None, "B"]}),
        ("00209165", {"vr": "AT", "Value": ["00200032"]}, {"vr": "AT", "Value": ["00200032"]}),
        ("00720082", {"vr": "SV", "Value": ["-9007199254740993"]}, {"vr": "SV", "Value": ["-9007199254740993"]}),
        ("00720075", {"vr": "FD", "Value": ["NaN", "inf"]}, {"vr": "FD", "Value": ["NaN", "inf"]}),
        ("00091002", {"vr": "OB", "InlineBinary": "AAEC"}, {"vr": "OB", "InlineBinary": "AAECAA=="}),
        ("00081140", {"vr": "SQ", "Value": [{}, None]}, {"vr": "SQ", "Value": [{}, {}]}),
        ("00104000", {"vr": "LT", "Value": ["a\\b"]}, {"vr": "LT", "Value": ["a\\b"]}),
        ("00100030", {"vr": "DA"}, {"vr": "DA"}),
    ],
)
def test_what_is_meant_is_taken(tag: str, element: dict[str, Any], comes: dict[str, Any]) -> None:
    assert through({tag: element})[tag] == comes


def test_a_vr_that_its_program_did_not_settle_is_settled() -> None:
    model = through(
        {
            "00280103": {"vr": "US", "Value": [1]},
            "00280120": {"vr": "US or SS", "Value": [-2000]},
            "7FE00010": {"vr": "OB or OW", "InlineBinary": "AAEC"},
        }
    )
    assert (model["00280120"], model["7FE00010"]["vr"]) == ({"vr": "SS", "Value": [-2000]}, "OW")


def test_the_character_set_is_ours_and_elements_of_messages_and_files_stay_away() -> None:
    model = through(
        {
            "00020010": {"vr": "UI", "Value": ["1.2"]},
            "00000100": {"vr": "US", "Value": [1]},
            "00080000": {"vr": "UL", "Value": [1]},
            "00080005": {"vr": "CS", "Value": ["ISO_IR 100"]},
            "00100020": {"vr": "LO", "Value": ["é"]},
        }
    )
    assert model == {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "00100020": {"vr": "LO", "Value": ["é"]}}


@pytest.mark.parametrize(
    "model",
    [
        [],
        {"0010": {"vr": "LO"}},
        {"0010001 ": {"vr": "LO"}},
        {"FFFEE000": {"vr": "LO"}},
        {"00100020": "P-1"},
        {"00100020": {"vr": "ZZ"}},
        {"00100020": {"vr": "LO", "Value": "P-1"}},
        {"00100020": {"vr": "LO", "Value": [{"a": 1}]}},
        {"00100020": {"vr": "LO", "Value": [True]}},
        {"00100020": {"vr": "LO", "Value": ["a\\b"]}},
        {"00100020": {"vr": "LO", "Value": ["x" * 70000]}},
        {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "a=b"}]}},
        {"00100010": {"vr": "PN", "Value": [[]]}},
        {"00280010": {"vr": "US", "Value": [70000]}},
        {"00280010": {"vr": "US", "Value": [1.5]}},
        {"00280010": {"vr": "US", "Value": ["x"]}},
        {"00209165": {"vr": "AT", "Value": ["PatientName"]}},
        {"00104000": {"vr": "LT", "Value": ["a", "b"]}},
        {"00091002": {"vr": "OB", "InlineBinary": "*"}},
        {"00091002": {"vr": "OB", "Value": [1]}},
        {"00100020": {"vr": "LO", "BulkDataURI": "x"}},
        {"00081140": {"vr": "SQ", "Value": [1]}},
    ],
)
def test_what_would_not_come_back_is_refused(model: Any) -> None:
    with pytest.raises(NotWritable):
        data_set_of(writable_model(model))


def test_nesting_has_an_end() -> None:
    model: dict[str, Any] = {}
    for _ in range(100):
        model = {"00081140": {"vr": "SQ", "Value": [model]}}
    with pytest.raises(NotWritable):
        writable_model(model)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["vr", "Value", "InlineBinary", "BulkDataURI", "Alphabetic", "00100010", "00081140"]), inner
        )
    ),
    max_leaves=12,
)
VRS = st.sampled_from(["PN", "US", "FD", "DS", "IS", "AT", "SQ", "OB", "LO", "LT", "UI", "SV"])


@given(
    st.dictionaries(
        st.sampled_from(["00100010", "00280010", "00091001"]), st.fixed_dictionaries({"vr": VRS, "Value": JSON})
    )
)
def test_whatever_is_sent_is_written_or_refused(model: dict[str, Any]) -> None:
    try:
        written = data_set_of(writable_model(model))
    except Invalid:
        return
    data_set_to_json(written, EXPLICIT, bulk_data_uri=str)


def test_a_value_that_lies_elsewhere_is_put_in_its_place() -> None:
    model = {
        "00420011": {"vr": "OB", "BulkDataURI": "a.pdf"},
        "00081140": {"vr": "SQ", "Value": [{"00720070": {"vr": "UT", "BulkDataURI": "text"}}]},
    }

    def find(tag: str, uri: str, _: object) -> BulkValue:
        return BulkValue("OB" if tag == "00420011" else "UT", 3, [uri[:1].encode(), uri[1:3].encode()])

    came = data_set_to_json(b"".join(data_set_pieces(writable_model(model), find)), EXPLICIT, bulk_data_uri=str)
    assert came["00420011"] == {"vr": "OB", "InlineBinary": "YS5wAA=="}
    assert came["00081140"]["Value"][0]["00720070"]["Value"] == ["tex"]
    with pytest.raises(NotWritable):
        data_set_of(writable_model(model))
