"""Searches by the main keys, by keyword and by tag, paged and bounded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from tests.adapters.dicomweb.builders import a_body, a_ct, a_file, parts_of
from tests.adapters.dicomweb.conftest import Hospital

from isocenter.adapters.dicomweb.attribute_names import path_of, tag_of
from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.adapters.dicomweb.search_parameters import MAX_LIMIT, search_parameters
from isocenter.index import find as engine
from isocenter.index.matching import wildcard_matches
from isocenter.standards.dicom.native_model_reading import read_native_model


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
    return [one["0020000D"]["Value"][0] for one in results(hospital, f"studies?{query}")]


def results(hospital: Hospital, path: str) -> list[Any]:
    """What a search gives; nothing at all is 204 (Table 10.6.3-1)."""
    answer = hospital.client.get(f"/dicom-web/{path}")
    if answer.status_code == 204:
        assert answer.content == b""
        return []
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    found: list[Any] = answer.json()
    assert found
    return found


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
    assert results(filled, "studies/2.25.3/series?SeriesNumber=x") == []
    assert filled.client.get("/dicom-web/studies/2.25.99/series").status_code == 404


def test_instances_are_found_over_all_studies_and_by_uid(filled: Hospital) -> None:
    assert len(filled.client.get("/dicom-web/instances").json()) == 5
    assert len(filled.client.get("/dicom-web/instances?Modality=CT").json()) == 3
    [one] = filled.client.get("/dicom-web/instances?SOPInstanceUID=2.25.11.2").json()
    assert (one["00200013"]["Value"], one["00083002"]["Value"]) == ([2], ["1.2.840.10008.1.2.1"])
    assert results(filled, "instances?SOPInstanceUID=2.25.404") == []
    assert len(filled.client.get("/dicom-web/instances?limit=2&offset=4").json()) == 1


def test_another_institution_finds_nothing(filled: Hospital) -> None:
    for path in ("studies", "series", "instances", "instances?SOPInstanceUID=2.25.11.2"):
        assert filled.client.get(f"/dicom-web/{path}", headers=filled.as_other()).status_code == 204


def test_what_is_not_done_is_said_in_a_warning(filled: Hospital) -> None:
    answer = filled.client.get("/dicom-web/studies?PatientName=Smith&PatientNome=x&includefield=Nothing")
    assert "PatientNome" in answer.headers["warning"] and "Nothing" in answer.headers["warning"]
    assert "more results" in filled.client.get("/dicom-web/studies?limit=2").headers["warning"]
    assert "smaller" in filled.client.get("/dicom-web/studies?limit=10000000").headers["warning"]
    assert "warning" not in filled.client.get("/dicom-web/studies").headers


def test_names_are_matched_fuzzily_when_asked(filled: Hospital) -> None:
    assert studies(filled, "PatientName=Smyth") == []
    assert studies(filled, "PatientName=Smyth&fuzzymatching=true") == ["2.25.2"]
    assert studies(filled, "PatientName=wxd&fuzzymatching=true") == ["2.25.1"]


def test_pages_follow_the_link_until_the_total_is_known(filled: Hospital) -> None:
    for path, total in (("studies", 3), ("series", 4), ("instances", 5), ("studies/2.25.3/series", 2)):
        seen: list[Any] = []
        answer = filled.client.get(f"/dicom-web/{path}?limit=1&PatientID=*")
        while "link" in answer.headers:
            seen += answer.json()
            assert "x-total-count" not in answer.headers
            address = answer.headers["link"].removeprefix("<").removesuffix('>; rel="next"')
            assert "PatientID=%2A" in address
            answer = filled.client.get(address)
        seen += answer.json()
        assert len({str(one) for one in seen}) == len(seen) == total
        assert filled.client.get(f"/dicom-web/{path}").headers["x-total-count"] == str(total)
    assert filled.client.get("/dicom-web/studies?cursor=nonsense").status_code == 400


def test_an_answer_that_is_known_is_not_sent_again(filled: Hospital) -> None:
    first = filled.client.get("/dicom-web/studies?PatientID=P-2")
    again = filled.client.get("/dicom-web/studies?PatientID=P-2", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = filled.client.get("/dicom-web/studies?PatientID=P-3", headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize("sealed", [False, True])
def test_what_only_objects_hold_is_found_and_included(hospital: Hospital, sealed: bool) -> None:
    for number, step in ((1, "STEP-1"), (2, "STEP-2")):
        item = Dataset()
        item.ScheduledProcedureStepID = step
        item.RequestedProcedureID = "RP"
        ds = a_ct(1, study=f"2.25.{number}", series=f"2.25.{number}1", InstitutionName="North")
        ds.RequestAttributesSequence = [item]
        ds.add_new(0x00291010, "UN", b"\0\1")
        body, headers = a_body([a_file(ds)])
        assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200
    if sealed:
        assert len(hospital.seal()) == 2
    path = "RequestAttributesSequence.ScheduledProcedureStepID=STEP-2&00400275.00401001=RP"
    assert studies(hospital, path) == ["2.25.2"]
    assert studies(hospital, "00400275.00400009=STEP-*&InstitutionName=South") == []
    [series] = results(hospital, f"series?{path}&includefield=00291010,InstitutionName")
    assert series["00400275"]["Value"][0]["00400009"] == {"vr": "SH", "Value": ["STEP-2"]}
    assert series["00080080"]["Value"] == ["North"]
    assert series["00291010"]["InlineBinary"] == "AAE="
    [instance] = results(hospital, "studies/2.25.2/series/2.25.21/instances?includefield=all")
    assert instance["00281052"] and instance["00291010"]
    assert instance["00081190"]["Value"][0].endswith("/studies/2.25.2/series/2.25.21/instances/" + uid_of(instance))
    [study] = results(hospital, "studies?StudyInstanceUID=2.25.2&includefield=all")
    assert "00281052" not in study and "0020000E" not in study and study["00080080"]["Value"] == ["North"]


def uid_of(instance: Any) -> str:
    return str(instance["00080018"]["Value"][0])


def test_patient_counts_come_when_they_are_asked_for(filled: Hospital) -> None:
    [study] = results(filled, "studies?StudyInstanceUID=2.25.3&includefield=NumberOfPatientRelatedInstances")
    assert study["00201204"] == {"vr": "IS", "Value": [2]}
    [plain] = results(filled, "studies?StudyInstanceUID=2.25.3")
    assert "00201204" not in plain


def test_a_search_that_reads_too_much_stops_with_a_warning_and_goes_on(
    filled: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_STUDIES_OPENED", 1)
    monkeypatch.setattr(engine, "STUDIES_AT_ONCE", 1)
    seen = []
    address = "/dicom-web/instances?Modality=CT,MR"
    for _ in range(10):
        answer = filled.client.get(address)
        seen += [uid_of(one) for one in answer.json()] if answer.content else []
        if "link" not in answer.headers:
            break
        assert "stopped" in answer.headers["warning"]
        address = answer.headers["link"].removeprefix("<").removesuffix('>; rel="next"')
    assert len(seen) == len(set(seen)) == 4


def test_a_moment_is_asked_for_in_ones_own_time_zone(hospital: Hospital) -> None:
    ds = a_ct(1, study="2.25.1", StudyDate="20240301", StudyTime="0030", TimezoneOffsetFromUTC="+0800")
    body, headers = a_body([a_file(ds)])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200
    assert studies(hospital, "StudyDate=20240301") == ["2.25.1"]
    assert studies(hospital, "StudyDate=20240301&TimezoneOffsetFromUTC=%2B0000") == []
    [study] = results(hospital, "studies?StudyDate=20240229&TimezoneOffsetFromUTC=%2B0000")
    assert (study["00080020"]["Value"], study["00080030"]["Value"]) == (["20240229"], ["1630"])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("PatientName", (0x00100010,)),
        ("InstitutionName", (0x00080080,)),
        ("00291010", (0x00291010,)),
        ("RequestAttributesSequence.00401001", (0x00400275, 0x00401001)),
        ("PatientName.PatientID", None),
        ("0020000g", None),
        ("00020010", None),
        (".".join(["00400275"] * 20), None),
    ],
)
def test_attributes_are_named_by_keyword_tag_and_path(name: str, path: tuple[int, ...] | None) -> None:
    assert path_of(name) == path
    assert tag_of("patientname") is None


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
        "TimezoneOffsetFromUTC=noon&StudyDate=20240101",
        "StudyDate=20241399-&TimezoneOffsetFromUTC=%2B0800",
        "cursor=WyJTVFVEWSJd",
        "AccessionNumber=" + "x" * 2000,
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


XML = 'multipart/related; type="application/dicom+xml"'


def test_results_in_xml_say_what_those_in_json_say(filled: Hospital) -> None:
    asked = "/dicom-web/studies/2.25.1/instances?includefield=all"
    in_json = filled.client.get(asked, headers={"accept": "application/dicom+json"}).json()
    answer = filled.client.get(asked, headers={"accept": XML})
    parts = parts_of(answer.headers["content-type"], answer.content)
    assert [headers["content-type"] for headers, _ in parts] == ["application/dicom+xml"] * 2
    for (_, document), model in zip(parts, in_json, strict=True):
        read = read_native_model(document)
        assert {tag: one["vr"] for tag, one in read.items()} == {tag: one["vr"] for tag, one in model.items()}
        assert read["00080018"] == model["00080018"]
    again = filled.client.get(asked, headers={"accept": XML, "if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    nothing = filled.client.get("/dicom-web/studies?PatientID=nobody", headers={"accept": XML})
    assert (nothing.status_code, nothing.content) == (204, b"")


def test_xml_is_given_in_parts_only(filled: Hospital) -> None:
    refused = filled.client.get("/dicom-web/studies", headers={"accept": "application/dicom+xml"})
    assert refused.status_code == 406
    assert "multipart/related" in refused.text
