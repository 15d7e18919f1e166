"""What is defined when the standard is silent: the design's table, by both doors, on open and on sealed studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from bench.association import Answer
from bench.data import Instance, digest_of, instance_of, part10, uid
from bench.node import Node, eventually
from pydicom.dataset import Dataset
from tests.interop.builders import a_ct, in_syntax, with_meta
from tests.interop.test_every_set import state_of

from bench import dicomweb

Door = Callable[[Dataset], int]
IMPLICIT, BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
KEPT_ASIDE = 0xB000


@pytest.fixture(params=["C-STORE", "STOW-RS"])
def door(request: pytest.FixtureRequest, node: Node, store: Callable[..., list[Answer]]) -> Door:
    """Store one object by a door; the DIMSE status, or the status that STOW-RS gives in its words (PS3.18 Annex I)."""

    def by_store(data_set: Dataset) -> int:
        return store(instance_of(data_set))[0].status

    def by_stow(data_set: Dataset) -> int:
        return stow_status(dicomweb.store(node, [part10(data_set)]))

    return by_store if request.param == "C-STORE" else by_stow


def stow_status(reply: dicomweb.Reply) -> int:
    """0 for stored, else the failure or warning reason; 200, 202 and 409 must agree with it."""
    body = reply.json()
    assert isinstance(body, dict)
    failed, referenced = body.get("00081198", {}).get("Value"), body.get("00081199", {}).get("Value")
    if failed:
        assert reply.status == 409, reply.body
        return int(failed[0]["00081197"]["Value"][0])
    assert referenced, reply.body
    warning = referenced[0].get("00081196", {}).get("Value")
    assert reply.status == (202 if warning else 200), reply.body
    return int(warning[0]) if warning else 0


@pytest.fixture(scope="module")
def sealed(node: Node, store: Callable[..., list[Answer]]) -> Iterator[Dataset]:
    """Objects, each alone in its sealed study: one wait for all the tests."""
    data_sets = [a_ct("to be sealed", number, StudyInstanceUID=uid("sealed", number)) for number in range(24)]
    assert {answer.status for answer in store(*map(instance_of, data_sets))} == {0}
    assert eventually(lambda: all(state_of(node, each.StudyInstanceUID) == "sealed" for each in data_sets), 120)
    return iter(data_sets)


@pytest.fixture(params=["open", "sealed"])
def first(request: pytest.FixtureRequest, door: Door) -> Dataset:
    """An object that is already stored, in a study that is still open or sealed."""
    if request.param == "sealed":
        return next(request.getfixturevalue("sealed"))
    data_set = a_ct(request.node.name)
    assert door(data_set) == 0
    return data_set


def stays_current(node: Node, data_set: Dataset) -> bool:
    """Whether retrieving gives exactly this object, alone in its study."""
    got = dicomweb.instances(node, data_set.StudyInstanceUID, str(data_set.file_meta.TransferSyntaxUID))
    digests = {name: digest_of([part.data_set]) for name, part in got.items()}
    return digests == {data_set.SOPInstanceUID: instance_of(data_set).digest()}


def changed(data_set: Dataset, **attributes: object) -> Dataset:
    """A copy with other values."""
    copy = in_syntax(data_set, str(data_set.file_meta.TransferSyntaxUID))
    for keyword, value in attributes.items():
        setattr(copy, keyword, value)
    return with_meta(copy)


def test_the_same_bytes_again_are_success_and_change_nothing(first: Dataset, door: Door, node: Node) -> None:
    assert door(first) == 0
    assert stays_current(node, first)


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_the_same_data_set_in_another_encoding_is_success(syntax: str, first: Dataset, door: Door, node: Node) -> None:
    assert door(in_syntax(first, syntax)) == 0
    assert stays_current(node, first)


@pytest.mark.parametrize(
    "difference", [{"StudyDescription": "changed"}, {"PixelData": bytes(2048)}, {"PatientID": "another"}]
)
def test_other_content_under_a_known_uid_is_kept_aside(
    difference: dict[str, object], first: Dataset, door: Door, node: Node
) -> None:
    assert door(changed(first, **difference)) == KEPT_ASIDE
    assert stays_current(node, first)


@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "StudyInstanceUID"])
def test_a_known_uid_in_another_place_is_kept_aside(keyword: str, first: Dataset, door: Door, node: Node) -> None:
    elsewhere = uid(keyword, first.SOPInstanceUID)

    assert door(changed(first, **{keyword: elsewhere})) == KEPT_ASIDE
    assert stays_current(node, first)
    if keyword == "StudyInstanceUID":
        assert dicomweb.query(node, "studies", StudyInstanceUID=elsewhere) == []


@pytest.mark.parametrize(
    "difference",
    [
        {"PatientID": None},
        {"PatientID": ""},
        {"PatientName": None},
        {"StudyDate": "2024.02.31"},
        {"StudyTime": "twelve"},
        {"InstanceNumber": None},
        {"Modality": None},
    ],
    ids=str,
)
def test_missing_or_bad_values_are_stored(
    difference: dict[str, object], door: Door, node: Node, request: pytest.FixtureRequest
) -> None:
    data_set = a_ct(request.node.name)
    for keyword, value in difference.items():
        if value is None:
            delattr(data_set, keyword)
        else:
            data_set[keyword]._value = value

    assert door(data_set) == 0
    assert stays_current(node, data_set)


def test_patient_data_that_differ_inside_a_study_are_stored_under_the_first(
    door: Door, node: Node, request: pytest.FixtureRequest
) -> None:
    one = a_ct(request.node.name, 1)
    other = a_ct(request.node.name, 2, PatientName="Somebody^Else")

    assert [door(one), door(other)] == [0, 0]
    row = dicomweb.query(node, "studies", StudyInstanceUID=one.StudyInstanceUID)[0]
    assert row["00100010"]["Value"] == [{"Alphabetic": "Synthetic^Phantom"}]
    assert len(dicomweb.instances(node, one.StudyInstanceUID, "1.2.840.10008.1.2.1")) == 2


BAD_UIDS = {
    "path-like": "../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "over-long": "1." + "2" * 63,
    "letters": "1.2.x.4",
    "empty": "",
    "inner NUL": "1.2\x00.3",
}


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("bad", list(BAD_UIDS.values()), ids=list(BAD_UIDS))
def test_bad_uids_are_refused_before_acknowledgement(
    bad: str, keyword: str, store: Callable[..., list[Answer]], node: Node, request: pytest.FixtureRequest
) -> None:
    good = instance_of(a_ct(request.node.name))
    old = uid({"SOPInstanceUID": "instance"}.get(keyword, keyword[:-11].lower()), request.node.name)
    instance = with_bytes_replaced(good, old.encode(), bad.encode())
    if keyword == "SOPInstanceUID":
        instance = replace(instance, sop_instance_uid=bad)

    answer = store(instance)[0]

    assert answer.status & 0xFF00 in (0xA900, 0xC000, 0x0100), hex(answer.status)
    assert dicomweb.query(node, "studies", StudyInstanceUID=good.study_instance_uid) == []


def with_bytes_replaced(instance: Instance, old: bytes, new: bytes) -> Instance:
    """The data set with one UI value of 44 bytes replaced and its length corrected (explicit VR, short length)."""
    whole = b"".join(instance.data_set)
    place = whole.index(old)
    padded = new + b"\0" * (len(new) % 2)
    header = whole[place - 4 : place - 2] + len(padded).to_bytes(2, "little")
    return replace(instance, data_set=(memoryview(whole[: place - 4] + header + padded + whole[place + len(old) :]),))


def test_an_element_beyond_the_end_is_refused(store: Callable[..., list[Answer]], node: Node) -> None:
    whole = instance_of(a_ct("torn"))
    torn = replace(whole, data_set=(whole.data_set[0][:-100],))

    answer = store(torn)[0]

    assert answer.status & 0xF000 == 0xC000, hex(answer.status)
    assert answer.comment
    assert dicomweb.query(node, "studies", StudyInstanceUID=whole.study_instance_uid) == []


def test_a_data_set_of_another_instance_than_the_command_says_is_refused(
    store: Callable[..., list[Answer]], node: Node
) -> None:
    whole = instance_of(a_ct("mismatch"))

    answer = store(replace(whole, sop_instance_uid=uid("not this one")))[0]

    assert answer.status & 0xFF00 == 0xA900, hex(answer.status)
    assert dicomweb.query(node, "studies", StudyInstanceUID=whole.study_instance_uid) == []
