"""The service describes itself: everything that it answers, and nothing else."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from tests.adapters.dicomweb.builders import STUDY
from tests.adapters.dicomweb.conftest import Hospital

WADL = "{http://wadl.dev.java.net/2009/02}"


def described(node: Element, path: str = "") -> dict[tuple[str, str], Element]:
    """(method, path) → its element, of everything below."""
    found: dict[tuple[str, str], Element] = {}
    for child in node:
        if child.tag == f"{WADL}resource":
            found |= described(child, f"{path}/{child.get('path')}")
        elif child.tag == f"{WADL}method":
            found[child.get("name", ""), path] = child
    return found


def test_it_says_all_that_is_there(hospital: Hospital) -> None:
    answer = hospital.client.options("/dicom-web/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.sun.wadl+xml"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{WADL}application"
    [resources] = root
    assert resources.get("base") == "http://testserver/dicom-web/"
    found = described(resources)
    names = ("{StudyInstanceUID}", "{SeriesInstanceUID}", "{SOPInstanceUID}", "{FrameList}")
    there = set()
    for method, resource in hospital.service.resources():
        left = iter(names)
        if resource:
            there.add((method, "".join(f"/{next(left) if word == '*' else word}" for word in resource.split("/"))))
    assert set(found) == there
    identifiers = [element.get("id") for element in found.values()]
    assert len(set(identifiers)) == len(identifiers)
    instances = "/studies/{StudyInstanceUID}/series/{SeriesInstanceUID}/instances"
    assert {
        "/studies": "SearchForStudies",
        f"{instances}": "SearchForStudySeriesInstances",
        f"{instances}/{{SOPInstanceUID}}/metadata": "RetrieveInstanceMetadata",
        f"{instances}/{{SOPInstanceUID}}/frames/{{FrameList}}": "RetrieveFrames",
        "/studies/{StudyInstanceUID}/rendered": "RetrieveRenderedStudy",
    }.items() <= {path: element.get("id") for (method, path), element in found.items() if method == "GET"}.items()


def test_what_it_says_of_a_search_is_so(hospital: Hospital) -> None:
    root = ElementTree.fromstring(hospital.client.options("/dicom-web").content)
    search = described(root[0])["GET", "/studies"]
    offers = [one.get("mediaType", "") for one in search.iter(f"{WADL}representation")]
    for offer in offers:
        answer = hospital.client.get("/dicom-web/studies", headers={"accept": offer})
        assert answer.status_code in (200, 204), offer
    parameters = {one.get("name") for one in search.iter(f"{WADL}param")}
    assert parameters == {"Accept", "limit", "offset", "fuzzymatching", "includefield"}


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("studies", "GET, HEAD, OPTIONS, POST"),
        (f"studies/{STUDY}/metadata", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_resource_says_what_it_allows(hospital: Hospital, path: str, allow: str) -> None:
    assert hospital.client.options(f"/dicom-web/{path}").headers["allow"] == allow


def test_who_asks_has_to_say_who_she_is_and_for_what_there_is(hospital: Hospital) -> None:
    nobody = {"authorization": "Bearer nobody"}
    assert hospital.client.options("/dicom-web/", headers=nobody).status_code == 401
    assert hospital.client.options("/dicom-web/nothing").status_code == 404
    assert hospital.client.options("/dicom-web/", headers={"accept": "text/html"}).status_code == 406
