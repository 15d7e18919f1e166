"""After a merge, a move or a correction every door shows the same patient, and after its undoing the one before."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from fastapi.testclient import TestClient
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from tests.adapters.dimse.query_retrieve import FIND, GET, Pacs, answers, identifier, keeping
from tests.domain.conftest import a_ct_slice

from isocenter.access import api_tokens
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.apps.web import application
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.archive.senders import Sender, set_sender
from isocenter.kit.settings import Settings
from isocenter.storage.facts import make_key_file

WRONG, RIGHT = "1.2.1.1", "1.2.2.1"
INSTANCE = f"{WRONG}.1.1"
AS_SENT = ("Sample^One", "P1", "")
NOT_FITTING = "Wang^XiaoDong=王^小东"


class Doors:
    """Every way out of one archive."""

    def __init__(self, pacs: Pacs, client: TestClient, headers: dict[str, str]) -> None:
        self.pacs, self.client, self.headers = pacs, client, headers

    def get(self, path: str, accept: str | None = None) -> Any:
        answer = self.client.get(path, headers=self.headers | ({"Accept": accept} if accept else {}))
        assert answer.status_code == 200, (path, answer.text)
        return answer

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        answer = self.client.post(path, json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def identities(self, study: str = WRONG, instance: str = INSTANCE) -> dict[str, tuple[str, str, str]]:
        """(name, ID, issuer) by door; a door that does not show the issuer repeats that of the metadata."""
        series = f"{study}.1"
        url = f"/dicom-web/studies/{study}/series/{series}/instances/{instance}"
        found = {"metadata": of_json(self.get(f"{url}/metadata").json()[0])}
        issuer = found["metadata"][2]
        every = "includefield=all"
        [one] = self.get(f"/dicom-web/studies?StudyInstanceUID={study}&{every}").json()
        found["qido studies"] = of_json(one)
        keys = f"SOPInstanceUID={instance}&StudyInstanceUID={study}"
        fields = "includefield=00100010,00100020,00100021"
        [one] = self.get(f"/dicom-web/instances?{keys}&{fields}").json()
        found["qido instances"] = of_json(one)
        [row] = [row for row in self.post("/api/studies/search")["studies"] if row["study_instance_uid"] == study]
        found["study list"] = (row["patient_name"], row["patient_id"], issuer)
        for name, accept in (
            ("wado as stored", "application/dicom; transfer-syntax=*"),
            ("wado decoded", "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"),
        ):
            found[name] = of_data_set(dcmread(io.BytesIO(self.get(url, accept).content)))
        found["c-find"] = self._found(study)
        found["c-get"] = self._got(study, instance)
        return found

    def _found(self, study: str) -> tuple[str, str, str]:
        asked = identifier("STUDY", StudyInstanceUID=study, PatientName="", PatientID="", IssuerOfPatientID="")
        with self.pacs.associated(FIND) as association:
            [found], _ = answers(association.send_c_find(asked, FIND))
        return of_data_set(found)

    def _got(self, study: str, instance: str) -> tuple[str, str, str]:
        kept: dict[str, Dataset] = {}
        with self.pacs.associated(GET, storage=True, handlers=[keeping(kept)]) as association:
            answers(association.send_c_get(identifier("STUDY", StudyInstanceUID=study), GET))
        return of_data_set(kept[instance])


def of_json(model: dict[str, Any]) -> tuple[str, str, str]:
    name = (model.get("00100010", {}).get("Value") or [{}])[0]
    groups = [name.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic")]
    texts = [str((model.get(tag, {}).get("Value") or [""])[0]) for tag in ("00100020", "00100021")]
    return ("=".join(groups).rstrip("="), *texts)  # type: ignore[return-value]


def of_data_set(found: Dataset) -> tuple[str, str, str]:
    return (
        str(found.get("PatientName", "")),
        str(found.get("PatientID", "") or ""),
        str(found.get("IssuerOfPatientID", "") or ""),
    )


@pytest.fixture
def doors(pacs: Pacs, tmp_path: Path) -> Iterator[Doors]:
    """An archive with a study of P1 and one of P2, every door open."""
    for patient in ("P1", "P2"):
        pacs.store(patient_id=patient, slices=2)
    hospital = pacs.hospital
    settings = Settings(home=tmp_path)
    make_key_file(tmp_path / "secrets" / "facts.key")
    token = api_tokens.issue_token(
        hospital.database, system_caller(hospital.caller.institution_id, "t"), (Role.ADMINISTRATOR,)
    )
    client = TestClient(application(settings, hospital.database, hospital.archive, pacs.library))
    yield Doors(pacs, client, {"Authorization": f"Bearer {token}"})


def seal(pacs: Pacs, tmp_path: Path, *, lose_journal: bool) -> None:
    hospital = pacs.hospital
    sealer = Sealer(database=hospital.database, data=pacs.library.data, processes=1)
    with closing(sealer):
        for study in (WRONG, RIGHT):
            sealer.seal_study(system_caller(hospital.caller.institution_id, "seal"), study)
    if lose_journal:
        hospital.archive.close()
        for segment in (tmp_path / "journal").rglob("*.tar"):
            segment.unlink()
        pacs.library.files.close()


def patient_key(doors: Doors, patient_id: str) -> int:
    [found] = doors.post("/api/patients/search", text=patient_id)["patients"]
    return int(found["patient_key"])


def agreed(doors: Doors, **which: str) -> tuple[str, str, str]:
    """What all doors say. Fails when one says something else."""
    found = doors.identities(**which)
    assert len(found) == 8
    assert len(set(found.values())) == 1, found
    return found["metadata"]


@pytest.mark.parametrize("form", ["open", "sealed", "in the pack alone"])
def test_all_doors_agree_after_a_merge_and_after_its_undoing(doors: Doors, tmp_path: Path, form: str) -> None:
    if form != "open":
        seal(doors.pacs, tmp_path, lose_journal=form == "in the pack alone")
    assert agreed(doors) == AS_SENT
    one, other = patient_key(doors, "P1"), patient_key(doors, "P2")
    changed = {"PatientName": NOT_FITTING, "IssuerOfPatientID": "HIS", "PatientID": "P3"}
    doors.post(f"/api/studies/{RIGHT}/corrections", attributes=changed, reason="how she is really called")
    new = patient_key(doors, "P3")
    assert new not in (one, other)
    merge = doors.post(f"/api/patients/{one}/merge", into_patient_key=new, reason="the same")["merge_id"]
    assert agreed(doors) == (NOT_FITTING, "P3", "HIS")
    assert agreed(doors, study=RIGHT, instance=f"{RIGHT}.1.1") == (NOT_FITTING, "P3", "HIS")
    doors.post(f"/api/merges/{merge}/undo", status=204)
    assert agreed(doors) == AS_SENT


def test_the_received_form_stays_and_keeps_its_digest(doors: Doors, tmp_path: Path) -> None:
    sent = a_ct_slice(1, study=WRONG, series=f"{WRONG}.1", patient_id="P1")
    doors.post(f"/api/studies/{WRONG}/corrections", patient_key=patient_key(doors, "P2"), reason="wrong patient")
    for lose_journal in (None, False, True):
        if lose_journal is not None:
            seal(doors.pacs, tmp_path, lose_journal=lose_journal)
        answer = doors.get(f"/api/studies/{WRONG}/instances/{INSTANCE}/received")
        assert answer.headers["x-received-blake3"] == blake3(sent).hexdigest()
        assert answer.content.endswith(sent)
        assert agreed(doors) == ("Sample^One", "P2", "")


def test_what_was_before_is_written_down_in_every_object(doors: Doors) -> None:
    doors.post(f"/api/studies/{WRONG}/corrections", attributes={"PatientName": NOT_FITTING}, reason="typing error")
    url = f"/dicom-web/studies/{WRONG}/series/{WRONG}.1/instances/{INSTANCE}"
    file = dcmread(io.BytesIO(doors.get(url, "application/dicom; transfer-syntax=*").content))
    [item] = file.OriginalAttributesSequence
    assert item.ModifiedAttributesSequence[0].PatientName == "Sample^One"
    assert item.ReasonForTheAttributeModification == "CORRECT"
    assert file.SpecificCharacterSet == "ISO_IR 192"
    assert file.PixelData == b"\1\2" * 16
    [model] = doors.get(f"{url}/metadata").json()
    [said] = model["04000561"]["Value"]
    assert said["04000550"]["Value"][0]["00100010"]["Value"] == [{"Alphabetic": "Sample^One"}]


def test_a_late_image_of_a_corrected_study_is_corrected_too(doors: Doors) -> None:
    doors.post(f"/api/studies/{WRONG}/corrections", patient_key=patient_key(doors, "P2"), reason="wrong patient")
    late = f"{WRONG}.1.9"
    doors.pacs.hospital.store(a_ct_slice(9, study=WRONG, series=f"{WRONG}.1", patient_id="P1"), uid=late)
    assert agreed(doors, instance=late) == ("Sample^One", "P2", "")


@pytest.mark.parametrize(
    ("syntax", "little_endian"), [("1.2.840.10008.1.2.2", False), ("1.2.840.10008.1.2.1.99", True)]
)
def test_what_no_correction_can_be_laid_over_is_decoded_first(doors: Doors, syntax: str, little_endian: bool) -> None:
    study = "1.2.8.1"
    plain = a_ct_slice(1, study=study, series=f"{study}.1", patient_id="P8")
    slice_ = read_dataset(io.BytesIO(plain), is_implicit_VR=False, is_little_endian=True)
    slice_.decode()
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = little_endian, False
    if not little_endian:
        slice_.PixelData = b"".join(slice_.PixelData[at : at + 2][::-1] for at in range(0, 32, 2))
    write_dataset(out, slice_)
    data = out.getvalue()
    if little_endian:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = deflater.compress(data) + deflater.flush()
    uid = f"{study}.1.1"
    doors.pacs.hospital.store(data, uid=uid, syntax=syntax)
    doors.post(f"/api/studies/{study}/corrections", patient_key=patient_key(doors, "P2"), reason="wrong patient")
    url = f"/dicom-web/studies/{study}/series/{study}.1/instances/{uid}"
    file = dcmread(io.BytesIO(doors.get(url, "application/dicom; transfer-syntax=*").content))
    assert (file.PatientID, file.file_meta.TransferSyntaxUID) == ("P2", "1.2.840.10008.1.2.1")
    assert file.PixelData == b"\1\2" * 16
    answer = doors.get(f"/api/studies/{study}/instances/{uid}/received")
    assert answer.content.endswith(data)


def test_a_correction_of_one_series_leaves_the_others_alone(doors: Doors) -> None:
    other = f"{WRONG}.2.1"
    doors.pacs.hospital.store(a_ct_slice(1, study=WRONG, series=f"{WRONG}.2", patient_id="P1"), uid=other)
    body = {"attributes": {"Laterality": "L"}, "series_instance_uid": f"{WRONG}.1", "reason": "wrong side"}
    doors.post(f"/api/studies/{WRONG}/corrections", **body)
    for series, expected in ((f"{WRONG}.1", ["L"]), (f"{WRONG}.2", None)):
        metadata = doors.get(f"/dicom-web/studies/{WRONG}/series/{series}/metadata").json()
        assert {tuple(one.get("00200060", {}).get("Value") or ()) for one in metadata} == {tuple(expected or ())}


def test_what_a_sender_leaves_unsaid_is_shown_at_every_door_as_a_coercion(doors: Doors) -> None:
    hospital = doors.pacs.hospital
    administrator = Caller(CallerKind.USER, "ada", hospital.caller.institution_id, (Role.ADMINISTRATOR,))
    set_sender(hospital.database, administrator, Sender("SCANNER", None, "HOSPITAL-A"))
    hospital.archive._holdings.senders._pages.clear()  # as if a few seconds had passed
    doors.pacs.store(patient_id="P7", slices=2)
    study = "1.2.7.1"
    assert agreed(doors, study=study, instance=f"{study}.1.1") == ("Sample^One", "P7", "HOSPITAL-A")
    [model] = doors.get(f"/dicom-web/studies/{study}/series/{study}.1/instances/{study}.1.1/metadata").json()
    assert model["04000561"]["Value"][0]["04000565"]["Value"] == ["COERCE"]
    assert doors.get("/api/quality-tasks").json()["count"] == 0
    [act] = doors.get(f"/api/studies/{study}/corrections").json()["corrections"]
    doors.post(f"/api/corrections/{act['correction_id']}/undo", status=204)
    assert agreed(doors, study=study, instance=f"{study}.1.1") == ("Sample^One", "P7", "")


def test_only_who_may_correct_gets_the_received_form(doors: Doors) -> None:
    hospital = doors.pacs.hospital
    caller = Caller(CallerKind.USER, "t", hospital.caller.institution_id, (Role.SYSTEM,))
    token = api_tokens.issue_token(hospital.database, caller, (Role.RADIOLOGIST,))
    path = f"/api/studies/{WRONG}/instances/{INSTANCE}/received"
    answer = doors.client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (403, "refused")


def test_a_version_kept_aside_can_be_looked_at(doors: Doors, tmp_path: Path) -> None:
    other = a_ct_slice(1, study=WRONG, series=f"{WRONG}.1", patient_id="P1", pixels=b"\3\4" * 16)
    doors.pacs.hospital.store(other, uid=INSTANCE)
    [task] = doors.get("/api/quality-tasks?kind=other-content").json()["tasks"]
    assert task["study_instance_uid"] == WRONG
    [aside] = doors.get(f"/api/studies/{WRONG}/aside-instances").json()["instances"]
    for lose_journal in (None, True):
        if lose_journal:
            seal(doors.pacs, tmp_path, lose_journal=True)
        assert doors.get(f"/api/aside-instances/{aside['aside_id']}").content.endswith(other)
    doors.post(f"/api/quality-tasks/{task['task_id']}/resolve", status=204, choice="keep-current", note="seen")
    assert doors.get("/api/quality-tasks").json()["count"] == 0


@pytest.mark.parametrize("form", ["open", "sealed", "in the pack alone"])
def test_the_other_version_is_shown_when_somebody_says_so_and_the_first_again_after_undoing(
    doors: Doors, tmp_path: Path, form: str
) -> None:
    first, other = b"\1\2" * 16, b"\3\4" * 16
    doors.pacs.hospital.store(
        a_ct_slice(1, study=WRONG, series=f"{WRONG}.1", patient_id="P1", pixels=other), uid=INSTANCE
    )
    url = f"/dicom-web/studies/{WRONG}/series/{WRONG}.1/instances/{INSTANCE}"

    def shown() -> set[bytes]:
        file = dcmread(io.BytesIO(doors.get(url, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1").content))
        frame = doors.get(f"{url}/frames/1", 'multipart/related; type="application/octet-stream"').content
        return {file.PixelData, *(one for one in (first, other) if one in frame)}

    [task] = doors.get("/api/quality-tasks").json()["tasks"]
    assert task["choices"] == ["keep-current", "make-other-current"]
    if form == "sealed":
        seal(doors.pacs, tmp_path, lose_journal=False)
    assert shown() == {first}
    doors.post(f"/api/quality-tasks/{task['task_id']}/resolve", status=204, choice="make-other-current")
    if form == "in the pack alone":
        seal(doors.pacs, tmp_path, lose_journal=True)
    assert shown() == {other}
    [act] = doors.get(f"/api/studies/{WRONG}/corrections").json()["corrections"]
    doors.post(f"/api/corrections/{act['correction_id']}/undo", status=204)
    assert shown() == {first}
