"""The Native DICOM Model: what DCMTK writes of real objects, there and back again, and what is not read."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.data_set_writing import data_set_of
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.native_model import NAMESPACE, native_model
from isocenter.standards.dicom.native_model_reading import NotNativeModel, read_native_model
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.standards.dicom.received_model import writable_model
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

Seen = dict[tuple[Any, ...], tuple[str | None, str | None, list[Any]]]
REAL = (
    "charset/chrArab.dcm",
    "charset/chrRuss.dcm",
    "charset/chrGerm.dcm",
    "ct-chest-cmbcrc/1-004.dcm",
    "seg-sr-pr",
    "rt",
    "pdf-ecg",
    "enhanced-multiframe",
    "nm",
)
"""Names in three scripts, private elements, deep sequences, numbers of every kind."""


def real_files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for name in REAL:
        path = folder / name
        found += sorted(path.rglob("*.dcm"))[:4] if path.is_dir() else [path]
    return found


def json_of(path: Path) -> dict[str, dict[str, Any]]:
    raw = path.read_bytes()
    meta = read_file_meta(memoryview(raw))
    model = data_set_to_json(
        raw[meta.data_set_offset :], transfer_syntax(meta.transfer_syntax_uid), bulk_data_uri="bulkdata/{}".format
    )
    return dict(msgspec.json.decode(msgspec.json.encode(model)))


def seen(document: bytes) -> Seen:
    """Every attribute of a document by its path: VR, keyword, values."""
    found: Seen = {}
    _see(ElementTree.fromstring(document), (), found)
    return found


def _see(node: ElementTree.Element, path: tuple[Any, ...], found: Seen) -> None:
    for attribute in node:
        key = (*path, attribute.get("tag"), attribute.get("privateCreator"))
        values: list[Any] = []
        for child in attribute:
            kind = child.tag.rpartition("}")[2]
            if kind == "Item":
                _see(child, (*key, child.get("number")), found)
                values.append("item")
            elif kind == "PersonName":
                parts = [(part.tag.rpartition("}")[2], part.text) for group in child for part in group]
                values.append([group.tag.rpartition("}")[2] for group in child] + parts)
            elif kind == "Value":
                if (text := (child.text or "").strip()) != "":  # an empty value is not written by us
                    values.append((child.get("number"), text))
            else:
                values.append("binary")
        found[key] = (attribute.get("vr"), attribute.get("keyword"), values)


def _same(ours: list[Any], theirs: list[Any]) -> bool:
    if ours == theirs:
        return True
    try:
        pairs = [(float(mine[1]), float(other[1])) for mine, other in zip(ours, theirs, strict=True)]
    except (ValueError, TypeError, IndexError):
        return False
    return all(math.isclose(mine, other, rel_tol=1e-5) for mine, other in pairs)  # DCMTK cuts floats short


def test_real_objects_are_written_as_dcmtk_writes_them(shared_data: Path) -> None:
    assert shutil.which("dcm2xml"), "DCMTK is needed to compare with what it writes"
    compared = 0
    for path in real_files(shared_data):
        run = subprocess.run(["dcm2xml", "-nat", "+U8", str(path)], capture_output=True, check=True)
        theirs, ours = seen(run.stdout), seen(native_model(json_of(path)))
        # Elements that reserve private blocks are DCMTK's habit; what it knows of private VRs we do not.
        theirs = {key: value for key, value in theirs.items() if not (int(key[-2][3], 16) % 2 and key[-1] is None)}
        theirs.pop(("00080005", None), None)  # said by DCMTK of every text, by us of those that need it
        assert set(theirs) <= set(ours), path
        for key, (vr, keyword, values) in theirs.items():
            if ours[key][0] == "UN" or "binary" in values or "binary" in ours[key][2]:
                continue
            assert ours[key][0] == vr, (path, key)
            assert keyword in (None, ours[key][1]), (path, key)
            assert _same(ours[key][2], values), (path, key, ours[key], values)
            compared += 1
    assert compared > 3000


def test_real_objects_are_the_same_after_a_way_through_xml(shared_data: Path) -> None:
    for path in real_files(shared_data):
        model = json_of(path)
        model = {tag: one for tag, one in model.items() if "BulkDataURI" not in str(one)}
        through = writable_model(read_native_model(native_model(model)))
        again = data_set_to_json(data_set_of(through), transfer_syntax("1.2.840.10008.1.2.1"), bulk_data_uri=str)
        assert seen(native_model(again)) == seen(native_model(writable_model(model))), path


def test_what_it_looks_like() -> None:
    model: dict[str, dict[str, Any]] = {
        "00090010": {"vr": "LO", "Value": ["ACME <1>"]},
        "00091001": {"vr": "LO", "Value": ["a & b"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}]},
        "00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]},
        "00081140": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2"]}}, {}]},
        "00280010": {"vr": "US", "Value": [512]},
        "00100030": {"vr": "DA"},
        "7FE00010": {"vr": "OW", "BulkDataURI": "http://x/y?a=1&b=2"},
        "00091002": {"vr": "OB", "InlineBinary": "AAE="},
    }
    document = native_model(model).decode()
    body = document.split('xml:space="preserve">')[1].removesuffix("</NativeDicomModel>\n")
    assert body == (
        '<DicomAttribute tag="00080008" keyword="ImageType" vr="CS"><Value number="1">ORIGINAL</Value>'
        '<Value number="3">AXIAL</Value></DicomAttribute>'
        '<DicomAttribute tag="00081140" keyword="ReferencedImageSequence" vr="SQ"><Item number="1">'
        '<DicomAttribute tag="00081155" keyword="ReferencedSOPInstanceUID" vr="UI"><Value number="1">1.2</Value>'
        '</DicomAttribute></Item><Item number="2"></Item></DicomAttribute>'
        '<DicomAttribute tag="00090001" privateCreator="ACME &lt;1&gt;" vr="LO"><Value number="1">a &amp; b</Value>'
        "</DicomAttribute>"
        '<DicomAttribute tag="00090002" privateCreator="ACME &lt;1&gt;" vr="OB"><InlineBinary>AAE=</InlineBinary>'
        "</DicomAttribute>"
        '<DicomAttribute tag="00100010" keyword="PatientName" vr="PN"><PersonName number="1"><Alphabetic>'
        "<FamilyName>Wang</FamilyName><GivenName>XiaoDong</GivenName></Alphabetic><Ideographic>"
        "<FamilyName>王</FamilyName><GivenName>小东</GivenName></Ideographic></PersonName></DicomAttribute>"
        '<DicomAttribute tag="00100030" keyword="PatientBirthDate" vr="DA"></DicomAttribute>'
        '<DicomAttribute tag="00280010" keyword="Rows" vr="US"><Value number="1">512</Value></DicomAttribute>'
        '<DicomAttribute tag="7FE00010" keyword="PixelData" vr="OW"><BulkData uri="http://x/y?a=1&amp;b=2"/>'
        "</DicomAttribute>"
    )
    assert read_native_model(document.encode()) == {tag: one for tag, one in model.items() if tag != "00081140"} | {
        "00081140": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2"]}}, {}]},
    }


@given(st.text(max_size=40))
def test_every_text_is_well_formed_and_what_xml_can_hold_comes_back(text: str) -> None:
    document = native_model({"00104000": {"vr": "LT", "Value": [text]}})
    came = read_native_model(document)["00104000"].get("Value", [""])[0]
    assert len(came) == len(text)
    assert all(mine in (other, "\ufffd") for mine, other in zip(came, text, strict=True))


def test_creators_get_blocks_of_their_own() -> None:
    def private(tag: str, creator: str) -> str:
        value = '<Value number="1">x</Value>'
        return f'<DicomAttribute tag="{tag}" vr="LO" privateCreator="{creator}">{value}</DicomAttribute>'

    inside = private("00090001", "A") + private("00090001", "B") + private("00091202", "A") + private("00110001", "B")
    model = read_native_model(f'<NativeDicomModel xmlns="{NAMESPACE}">{inside}</NativeDicomModel>'.encode())
    assert sorted(model) == [
        "00090010", "00090011", "00091001", "00091002", "00091101", "00110010", "00111001",
    ]  # fmt: skip
    assert (model["00090010"]["Value"], model["00090011"]["Value"]) == (["A"], ["B"])


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><NativeDicomModel>&c;</NativeDicomModel>'


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("", "well-formed"),
        ("<NativeDicomModel>", "well-formed"),
        ("<Other/>", "NativeDicomModel"),
        (BOMB, "document type"),
        ("<NativeDicomModel>&b;</NativeDicomModel>", "well-formed"),
        ("<NativeDicomModel><Value/></NativeDicomModel>", "DicomAttribute"),
        ('<NativeDicomModel><DicomAttribute tag="1"/></NativeDicomModel>', "hexadecimal"),
        ('<NativeDicomModel><DicomAttribute tag="00100010"><X/></DicomAttribute></NativeDicomModel>', "unknown"),
        (
            '<NativeDicomModel><DicomAttribute tag="00280010"><Value>x</Value></DicomAttribute></NativeDicomModel>',
            "number",
        ),
        (
            '<NativeDicomModel><DicomAttribute tag="00080008"><Value number="2">a</Value><Value number="1">b</Value>'
            "</DicomAttribute></NativeDicomModel>",
            "rise",
        ),
        (
            '<NativeDicomModel><DicomAttribute tag="00080008"><Value number="999999999">a</Value>'
            "</DicomAttribute></NativeDicomModel>",
            "rise",
        ),
        (
            "<NativeDicomModel>"
            + '<DicomAttribute tag="00081140"><Item>' * 200
            + "</Item></DicomAttribute>" * 200
            + "</NativeDicomModel>",
            "deep",
        ),
    ],
)
def test_what_is_no_native_model_is_said(document: str, says: str) -> None:
    with pytest.raises(NotNativeModel, match=says):
        read_native_model(document.encode())


@given(st.binary(max_size=400))
def test_no_bytes_do_harm(document: bytes) -> None:
    try:
        read_native_model(document)
        read_native_model(b"<NativeDicomModel>" + document + b"</NativeDicomModel>")
    except Invalid:
        pass
