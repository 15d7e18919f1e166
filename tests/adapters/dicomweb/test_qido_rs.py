"""Searches by the main keys, by keyword and by tag, paged and bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.dicomweb.builders import a_body, a_ct, a_file
from tests.adapters.dicomweb.conftest import Hospital

from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.adapters.dicomweb.qido_rs import wildcard_matches
from isocenter.adapters.dicomweb.search_parameters import MAX_LIMIT, search_parameters


@pytest.fixture
def filled(hospital: Hospital) -> Hospital:
    """Three studies: 2.25.1 and .2 of CT, 2.25.3 with an MR and an SR series."""
    objects = [
        a_ct(1, study="2.25.1", series="2.25.11", PatientName="Wang^XiaoDong=王^小东", StudyDate="20240101"),
        a_ct(2, study="2.25.1", series="2.25.11", PatientName="Wang^XiaoDong=王^小东", StudyDate="20240101"),
        a_ct(1, study="2.25.2", series="2.25.21", PatientName="Smith^John", StudyDate="20240201", PatientID="P-2"),
        a_ct(1, study="2.25.3", series="2.25.31", Modality="MR", StudyDate="20240301", PatientID="P-3"),
        a_ct(1, study="2.25.3", series="2.25.32", Modality="SR", StudyDate="20240301", PatientID="P-3", SeriesNumber=7),
    ]
    body, headers = a_body([a_file(ds) for ds in objects])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200
    return hospital


def studies(hospital: Hospital, query: str) -> list[str]:
    answer = hospital.client.get(f"/dicom-web/studies?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    return [one["0020000D"]["Value"][0] for one in answer.json()]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["2.25.3", "2.25.2", "2.25.1"]),
        ("PatientID=P-2", ["2.25.2"]),
        ("00100020=P-2", ["2.25.2"]),
        ("PatientName=wang*", ["2.25.1"]),
        ("PatientName=%E7%8E%8B*", ["2.25.1"]),
        ("StudyDate=20240115-20240301", ["2.25.3", "2.25.2"]),
        ("ModalitiesInStudy=SR", ["2.25.3"]),
        ("ModalitiesInStudy=SR,CT", ["2.25.3", "2.25.2", "2.25.1"]),
        ("StudyInstanceUID=2.25.1,2.25.3", ["2.25.3", "2.25.1"]),
        ("StudyInstanceUID=2.25.1%5C2.25.3", ["2.25.3", "2.25.1"]),
        ("AccessionNumber=nothing", []),
        ("PatientID=*", ["2.25.3", "2.25.2", "2.25.1"]),
        ("limit=1&offset=1", ["2.25.2"]),
        ("limit=0", []),
        ("offset=99999999", []),
    ],
)
def test_studies_are_found(filled: Hospital, query: str, found: list[str]) -> None:
    assert studies(filled, query) == found


def test_a_study_result_has_the_attributes_of_the_standard(filled: Hospital) -> None:
    [study] = filled.client.get("/dicom-web/studies?StudyInstanceUID=2.25.1").json()
    assert study["00100010"]["Value"] == [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}]
    assert study["00201206"]["Value"] == [1]
    assert study["00201208"]["Value"] == [2]
    assert study["00080061"]["Value"] == ["CT"]
    assert study["00081190"]["Value"] == ["http://testserver/dicom-web/studies/2.25.1"]


def test_series_are_found_over_all_studies_and_in_one(filled: Hospital) -> None:
    found = filled.client.get("/dicom-web/series?Modality=SR").json()
    assert [(one["0020000D"]["Value"][0], one["0020000E"]["Value"][0]) for one in found] == [("2.25.3", "2.25.32")]
    assert found[0]["00100020"]["Value"] == ["P-3"]
    inside = filled.client.get("/dicom-web/studies/2.25.3/series").json()
    assert [one["0020000E"]["Value"][0] for one in inside] == ["2.25.31", "2.25.32"]
    assert len(filled.client.get("/dicom-web/studies/2.25.3/series?SeriesNumber=7").json()) == 1
    assert filled.client.get("/dicom-web/studies/2.25.3/series?SeriesNumber=x").json() == []
    assert filled.client.get("/dicom-web/studies/2.25.99/series").status_code == 404


def test_instances_are_found_over_all_studies_and_by_uid(filled: Hospital) -> None:
    assert len(filled.client.get("/dicom-web/instances").json()) == 5
    assert len(filled.client.get("/dicom-web/instances?Modality=CT").json()) == 3
    [one] = filled.client.get("/dicom-web/instances?SOPInstanceUID=2.25.11.2").json()
    assert (one["00200013"]["Value"], one["00083002"]["Value"]) == ([2], ["1.2.840.10008.1.2.1"])
    assert filled.client.get("/dicom-web/instances?SOPInstanceUID=2.25.404").json() == []
    assert len(filled.client.get("/dicom-web/instances?limit=2&offset=4").json()) == 1


def test_another_institution_finds_nothing(filled: Hospital) -> None:
    for path in ("studies", "series", "instances", "instances?SOPInstanceUID=2.25.11.2"):
        assert filled.client.get(f"/dicom-web/{path}", headers=filled.as_other()).json() == []


def test_what_is_not_done_is_said_in_a_warning(filled: Hospital) -> None:
    answer = filled.client.get("/dicom-web/studies?fuzzymatching=true&PatientName=Smith&limit=1&00404025=x")
    warning = answer.headers["warning"]
    assert "fuzzymatching" in warning
    assert "00404025" in warning
    assert "more results" in filled.client.get("/dicom-web/studies?limit=2").headers["warning"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        "offset=1e9",
        "StudyDate=yesterday",
        "PatientID=%00",
        "PatientID=%ff",
        "a%20b=1",
        "PatientID=1&PatientID=2",
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(filled: Hospital, query: str) -> None:
    assert filled.client.get(f"/dicom-web/studies?{query}").status_code == 400


def test_ten_thousand_values_and_a_trillion_are_bounded(filled: Hospital) -> None:
    many = ",".join(["1.2"] * 4000)
    assert filled.client.get(f"/dicom-web/studies?StudyInstanceUID={many}").status_code == 400
    assert search_parameters([("limit", str(10**12))]).limit == MAX_LIMIT


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=5))
def test_any_query_is_read_or_refused(query: list[tuple[str, str]]) -> None:
    try:
        search_parameters(query)
    except BadParameter:
        return


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("CT", "CT", True),
        ("C?", "CT", True),
        ("*T", "CT", True),
        ("C*", "MR", False),
        ("*", "", True),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "aXbY", False),
        ("*a" * 400, "a" * 300, False),
    ],
)
def test_wildcards(pattern: str, text: str, matches: bool) -> None:
    assert wildcard_matches(pattern, text) is matches
