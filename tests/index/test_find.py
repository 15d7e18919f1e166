"""The search behind C-FIND and QIDO-RS: every level, every kind of matching of PS3.4 C.2.2.2, batches, cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import pytest
from tests.index.builders import a_row, an_instance

from isocenter.index import find as engine
from isocenter.index.find import DicomQuery, Key, Level, LookedFarEnough, find
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.index.matching import InvalidQuery
from isocenter.kit.database import Database

STUDY_UID, SERIES_UID, SOP_UID = 0x0020000D, 0x0020000E, 0x00080018
VRS = {
    0x00080016: "UI",
    SOP_UID: "UI",
    0x00080020: "DA",
    0x00080030: "TM",
    0x00080050: "SH",
    0x00080060: "CS",
    0x00080061: "CS",
    0x00080062: "UI",
    0x00080080: "LO",
    0x00081030: "LO",
    0x00080201: "SH",
    0x00100010: "PN",
    0x00100020: "LO",
    STUDY_UID: "UI",
    SERIES_UID: "UI",
    0x00200011: "IS",
    0x00200013: "IS",
}


@dataclass(frozen=True)
class Facts:
    sop_instance_uid: str
    series_instance_uid: str
    instance_number: int | None = 1
    sop_class_uid: str = "1.2.840.10008.5.1.4.1.1.2"
    number_of_frames: int = 1
    rows: int | None = 512
    columns: int | None = 512
    bits_allocated: int | None = 16


@dataclass
class Inside:
    """What lies in the studies, as the test says; counts what was read."""

    facts: dict[str, list[Facts]] = field(default_factory=dict)
    data_sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    described: list[str] = field(default_factory=list)

    def instances(self, study_instance_uid: str) -> Mapping[str, Sequence[Facts]]:
        found: dict[str, list[Facts]] = {}
        for one in self.facts.get(study_instance_uid, []):
            found.setdefault(one.series_instance_uid, []).append(one)
        return found

    def describe(self, study_instance_uid: str, sop_instance_uids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        self.described += sop_instance_uids
        return [self.data_sets.get(uid, {}) for uid in sop_instance_uids]


@pytest.fixture
def filled(database: Database, institution: Institution) -> Database:
    """Study 1: two CT series of 2 and 1; 2: MR; 3: without a Patient ID; 4: of the patient of 1; 5: its own zone."""
    ingest = Ingest(database.ingest_connection)
    here: dict[str, Any] = {"patient_id": "P1", "patient_name": "Wang^XiaoMing=王^小明"}
    rows = [
        an_instance(1, 1, 1, **here),
        an_instance(1, 1, 2, **here),
        an_instance(1, 2, 1, **here, modality="SR", series_description="Dose report"),
        an_instance(2, modality="MR", study_date="20240215", study_time="2330", accession_number=None),
        an_instance(3, patient_id=None, patient_name=None, study_date=None, study_time=None),
        an_instance(4, **here, study_date="20240216", study_time="0015"),
        an_instance(5, study_date="20240301", study_time="003000.5", timezone_offset_from_utc="+0800"),
    ]
    for attributes in rows:
        ingest.record([a_row(attributes)])
    ingest.close()
    return database


@pytest.fixture
def inside() -> Inside:
    made = Inside()
    for study, series, number in ((1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1), (3, 1, 1), (4, 1, 1), (5, 1, 1)):
        study_uid = f"1.2.826.0.1.{study}"
        uid = f"{study_uid}.{series}.{number}"
        made.facts.setdefault(study_uid, []).append(Facts(uid, f"{study_uid}.{series}", number))
        step = {"00400007": {"vr": "LO", "Value": [f"Step {study}"]}}
        made.data_sets[uid] = {
            "00080080": {"vr": "LO", "Value": ["North" if study == 1 else "South"]},
            "00400275": {"vr": "SQ", "Value": [step]},
            "00291010": {"vr": "UN", "InlineBinary": "AAE="},
        }
    return made


def a_query(level: str, *, relational: bool = True, **how: Any) -> DicomQuery:
    """A query whose keys are given as t00100010="…"; a tuple has several values."""
    keys = []
    for name in [name for name in how if name.startswith("t0")]:
        tag, value = int(name[1:], 16), how.pop(name)
        keys.append(Key(tag, VRS[tag], value if isinstance(value, tuple) else (value,) if value else ()))
    return DicomQuery(Level(level), (*keys, *how.pop("keys", ())), relational, **how)


def studies(database: Database, inside: Inside | None = None, **how: Any) -> list[int]:
    found = find(partial(database.transaction, 1), a_query("STUDY", **how), inside)
    return sorted(int((one.study_instance_uid or "").rsplit(".", 1)[1]) for one in found)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"t0020000D": ("1.2.826.0.1.2", "1.2.826.0.1.4", "9.9")}, [2, 4]),
        ({"t00100010": "wang^xiao*"}, [1, 4]),
        ({"t00100010": "王?"}, []),
        ({"t00100010": "王^小?"}, [1, 4]),
        ({"t00100010": "*ang*"}, [1, 4]),
        ({"t00100020": ("P1", "P2")}, [1, 2, 4]),
        ({"t00100020": "p1"}, []),
        ({"t00100020": "P?"}, [1, 2, 4, 5]),
        ({"t00100020": '""'}, [3]),
        ({"t00080050": ('""', "A1")}, [1, 2]),
        ({"t00080020": "20240215-20240216"}, [2, 4]),
        ({"t00080020": ("20240102", "20240301")}, [1, 5]),
        ({"t00080020": '""'}, [3]),
        ({"t00080030": "10-11"}, [1]),
        ({"t00080020": "20240215-20240216", "t00080030": "2300-0030"}, []),
        ({"t00080020": "20240215-20240216", "t00080030": "2300-0030", "combined_datetime": True}, [2, 4]),
        ({"t00080020": "20240215-20240216", "t00080030": "2345-0030", "combined_datetime": True}, [4]),
        ({"t00080020": "20240215-", "t00080030": "2345-", "combined_datetime": True}, [4, 5]),
        ({"t00080061": "SR"}, [1]),
        ({"t00080061": ("SR", "MR")}, [1, 2]),
        ({"t00080061": "S*"}, [1]),
        ({"t00080061": "CT", "t00080020": "20240216-"}, [4, 5]),
        ({"t00080060": "SR"}, [1]),
        ({"t00081030": "ct ch*"}, [1, 2, 3, 4, 5]),
        ({SOP_UID: "x"}, []),
        ({"t00080018": ("1.2.826.0.1.1.2.1", "1.2.826.0.1.5.1.1")}, [1, 5]),
        ({"t00080020": "20240229", "timezone_offset": "+0000"}, [5]),
        ({"t00080020": "20240301", "timezone_offset": "+0000"}, []),
        ({"t00080020": "20240301", "timezone_offset": "+0800"}, [5]),
        ({"t00080020": "20240215", "timezone_offset": "-0500"}, [2]),
    ],
)
def test_studies_are_found(filled: Database, query: dict[Any, Any], expected: list[int]) -> None:
    named = {name if isinstance(name, str) else f"t{name:08X}": value for name, value in query.items()}
    assert studies(filled, **named) == expected


def test_a_study_has_its_attributes_and_counts(filled: Database) -> None:
    counts = tuple(Key(tag, "IS") for tag in (0x00201200, 0x00201202, 0x00201204))
    [one] = find(partial(filled.transaction, 1), a_query("STUDY", t0020000D="1.2.826.0.1.1", keys=counts))
    attributes = one.attributes
    assert attributes[0x00100010] == ("PN", ("Wang^XiaoMing=王^小明",))
    assert attributes[0x00080061] == ("CS", ("CT", "SR"))
    assert (attributes[0x00201206], attributes[0x00201208]) == (("IS", (2,)), ("IS", (3,)))
    assert [attributes[tag][1][0] for tag in (0x00201200, 0x00201202, 0x00201204)] == [2, 3, 4]


def test_moments_are_given_in_the_zone_of_whoever_asks(filled: Database) -> None:
    [one] = find(partial(filled.transaction, 1), a_query("STUDY", t0020000D="1.2.826.0.1.5", timezone_offset="-0330"))
    assert one.attributes[0x00080020] == ("DA", ("20240229",))
    assert one.attributes[0x00080030] == ("TM", ("130000.5",))
    assert one.attributes[0x00080201] == ("SH", ("-0330",))


def test_patients_are_found_once_with_their_counts(filled: Database) -> None:
    found = list(find(partial(filled.transaction, 1), a_query("PATIENT")))
    assert [one.attributes[0x00100020][1][0] for one in found] == ["P1", "P2", "P5"]
    assert [one.attributes[0x00201200][1][0] for one in found] == [2, 1, 1]
    [wang] = find(partial(filled.transaction, 1), a_query("PATIENT", t00100010="Wang*"))
    assert wang.attributes[0x00201204] == ("IS", (4,))
    rest = find(partial(filled.transaction, 1), a_query("PATIENT", cursor=found[0].cursor))
    assert [one.attributes[0x00100020][1][0] for one in rest] == ["P2", "P5"]


def test_series_are_found_in_one_study_and_over_all(filled: Database) -> None:
    inside_one = list(
        find(partial(filled.transaction, 1), a_query("SERIES", relational=False, t0020000D="1.2.826.0.1.1"))
    )
    assert [one.attributes[0x00201209][1][0] for one in inside_one] == [2, 1]
    over_all = list(find(partial(filled.transaction, 1), a_query("SERIES", t00080060=("SR", "MR"))))
    assert [one.series_instance_uid for one in over_all] == ["1.2.826.0.1.2.1", "1.2.826.0.1.1.2"]
    assert over_all[1].attributes[0x00100020] == ("LO", ("P1",))
    assert not list(find(partial(filled.transaction, 1), a_query("SERIES", t00200011="x")))
    by_instance = find(partial(filled.transaction, 1), a_query("SERIES", t00080018="1.2.826.0.1.1.2.1"))
    assert [one.series_instance_uid for one in by_instance] == ["1.2.826.0.1.1.2"]


def test_instances_are_found_at_every_level_of_detail(filled: Database, inside: Inside) -> None:
    unique = {"t0020000D": "1.2.826.0.1.1", "t0020000E": "1.2.826.0.1.1.1"}
    found = list(find(partial(filled.transaction, 1), a_query("IMAGE", relational=False, **unique), inside))
    assert [one.attributes[0x00200013] for one in found] == [("IS", (1,)), ("IS", (2,))]
    assert found[0].attributes[0x00280010] == ("US", (512,))
    [second] = find(
        partial(filled.transaction, 1), a_query("IMAGE", relational=False, **unique, t00200013="02"), inside
    )
    assert second.instance is not None and second.instance.sop_instance_uid == "1.2.826.0.1.1.1.2"
    assert len(list(find(partial(filled.transaction, 1), a_query("IMAGE"), inside))) == 7
    [one] = find(partial(filled.transaction, 1), a_query("IMAGE", t00080018="1.2.826.0.1.4.1.1"), inside)
    assert one.study_instance_uid == "1.2.826.0.1.4"


def test_a_hierarchical_query_needs_its_unique_keys(filled: Database, inside: Inside) -> None:
    for query in (
        a_query("SERIES", relational=False),
        a_query("SERIES", relational=False, t0020000D=("1.2", "1.3")),
        a_query("IMAGE", relational=False, t0020000D="1.2"),
    ):
        with pytest.raises(InvalidQuery):
            find(partial(filled.transaction, 1), query, inside)


@pytest.mark.parametrize("level", ["PATIENT", "STUDY", "SERIES", "IMAGE"])
def test_pages_by_cursor_are_the_whole_without_gap_or_double(
    filled: Database, inside: Inside, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BATCH", 2)
    monkeypatch.setattr(engine, "_batch", lambda query, most: 2)
    whole = [one.position for one in find(partial(filled.transaction, 1), a_query(level), inside)]
    pages: list[Any] = []
    cursor = None
    while page := list(find(partial(filled.transaction, 1), a_query(level, cursor=cursor, limit=2), inside)):
        pages += [one.position for one in page]
        cursor = page[-1].cursor
    assert pages == whole and len(set(whole)) == len(whole)
    assert [
        one.position for one in find(partial(filled.transaction, 1), a_query(level, offset=1, limit=1), inside)
    ] == whole[1:2]


@pytest.mark.parametrize("cursor", ["x", "W10=", "WyJTVFVEWSJd", "WyJTVFVEWSIsICJhIiwgOTk5OTk5OTk5OTk5OV0="])
def test_a_cursor_of_somebody_else_is_refused(filled: Database, cursor: str) -> None:
    with pytest.raises(InvalidQuery):
        find(partial(filled.transaction, 1), a_query("STUDY", cursor=cursor))


def test_keys_that_only_objects_answer_are_looked_for_inside(filled: Database, inside: Inside) -> None:
    assert studies(filled, inside, t00080080="No*") == [1]
    assert studies(filled, None, t00080080="No*") == [1, 2, 3, 4, 5]
    step = Key(0x00400275, "SQ", (), (Key(0x00400007, "LO", ("step 2",)),))
    assert studies(filled, inside, keys=(step,)) == []
    step = Key(0x00400275, "SQ", (), (Key(0x00400007, "LO", ("Step [2]", "Step ?")), Key(0x00400009, "SH")))
    assert studies(filled, inside, keys=(step,), t00080061="MR") == [2]


def test_attributes_of_objects_are_given_when_asked_for(filled: Database, inside: Inside) -> None:
    [plain] = find(partial(filled.transaction, 1), a_query("STUDY", t0020000D="1.2.826.0.1.2", t00080080=""), inside)
    assert 0x00080080 not in plain.attributes and not inside.described
    [one] = find(
        partial(filled.transaction, 1),
        a_query("STUDY", t0020000D="1.2.826.0.1.2", t00080080="", described=True),
        inside,
    )
    assert one.attributes[0x00080080] == ("LO", ("South",))
    [every] = find(
        partial(filled.transaction, 1), a_query("STUDY", t0020000D="1.2.826.0.1.2", all_attributes=True), inside
    )
    assert every.attributes[0x00400275] == ("SQ", ({0x00400007: ("LO", ("Step 2",))},))
    assert every.attributes[0x00291010] == ("UN", (b"\x00\x01",))


def test_sop_classes_in_study_are_counted_from_its_instances(filled: Database, inside: Inside) -> None:
    inside.facts["1.2.826.0.1.2"].append(Facts("1.2.826.0.1.2.1.9", "1.2.826.0.1.2.1", 9, "1.2.840.10008.5.1.4.1.1.4"))
    assert studies(filled, inside, t00080062="1.2.840.10008.5.1.4.1.1.4") == [2]
    [one] = find(
        partial(filled.transaction, 1),
        a_query("STUDY", t0020000D="1.2.826.0.1.2", t00080062="", described=True),
        inside,
    )
    assert one.attributes[0x00080062] == ("UI", ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"))


def test_a_search_that_must_read_too_much_says_so_after_what_it_found(
    filled: Database, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_STUDIES_OPENED", 2)
    monkeypatch.setattr(engine, "STUDIES_AT_ONCE", 1)
    found = find(partial(filled.transaction, 1), a_query("STUDY", t00080080="South"), inside)
    assert len(list(islice(found, 2))) == 2
    with pytest.raises(LookedFarEnough):
        next(found)
    over_all = find(partial(filled.transaction, 1), a_query("IMAGE"), inside)
    with pytest.raises(LookedFarEnough):
        list(over_all)


def test_whoever_stops_reading_has_stopped_the_search(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_batch", lambda query, most: 1)
    monkeypatch.setattr(engine, "BATCH", 1)
    asked: list[int] = []
    read = engine._READERS[Level.STUDY]

    def reading(*given: Any) -> Any:
        asked.append(1)
        return read(*given)

    monkeypatch.setitem(engine._READERS, Level.STUDY, reading)
    found = find(partial(filled.transaction, 1), a_query("STUDY"))
    next(found)
    del found
    assert len(asked) == 1


NASTY = (
    "\0",
    "CT\0",
    "\ud800",
    "[",
    "(*",
    "\\",
    "*[a-",
    "a{99999}*",
    "?" * 200,
    "%s%",
    "'; --",
    "𝕏*",
    "-",
    "9" * 40,
    "^^^^=*",
)


@pytest.mark.parametrize("level", ["PATIENT", "STUDY", "SERIES", "IMAGE"])
def test_no_value_breaks_a_search(filled: Database, inside: Inside, level: str) -> None:
    for tag, vr in VRS.items():
        for value in NASTY:
            query = DicomQuery(Level(level), (Key(tag, vr, (value, "x")),), True, fuzzy=value == "(*", described=True)
            try:
                list(find(partial(filled.transaction, 1), query, inside))
            except InvalidQuery:
                assert vr in ("DA", "TM")
    for text in ("\0", "\ud800"):
        cursor = base64.urlsafe_b64encode(json.dumps([level, text, 1]).encode()).decode()
        try:
            list(find(partial(filled.transaction, 1), a_query(level, cursor=cursor), inside))
        except InvalidQuery:
            assert level != "STUDY"


def test_another_institution_finds_nothing(filled: Database, other_institution: Institution, inside: Inside) -> None:
    for level in Level:
        assert not list(find(partial(filled.transaction, other_institution.institution_id), a_query(level), inside))
