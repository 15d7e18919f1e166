"""Names at every door of DICOMweb, whatever their bytes and label: found, shown in UTF-8, and the bytes kept."""

from __future__ import annotations

import pytest
from blake3 import blake3
from tests.adapters.dicomweb.builders import STUDY, a_body, a_ct, a_file, parts_of
from tests.adapters.dicomweb.conftest import Hospital
from tests.domain.conftest import element

from isocenter.domain.archive.senders import Sender, set_sender

GB18030 = "Wang^XiaoDong=王^小东"
KOREAN = "Hong^Gildong=洪^吉洞=홍^길동"
CASES = {
    # id: (raw bytes of the name, what is declared, the sender's default, how it reads, by what it is found)
    "gb18030": (GB18030.encode("gb18030"), b"GB18030", None, GB18030, "王*"),
    "gbk-as-latin-1": ("王^小东".encode("gbk"), b"ISO_IR 100", None, "王^小东", "王*"),
    "gbk-undeclared": ("欧阳^娜娜".encode("gbk"), b"", None, "欧阳^娜娜", "欧阳*"),
    "utf-8": (GB18030.encode(), b"ISO_IR 192", None, GB18030, "王*"),
    "ir-58": (
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
        b"\\ISO 2022 IR 58",
        None,
        "Zhang^XiaoDong=张^小东",
        "张*",
    ),
    "ir-87": (
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
        b"\\ISO 2022 IR 87",
        None,
        "Yamada^Tarou=山田^太郎",
        "山田*",
    ),
    "ir-149": (
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        b"\\ISO 2022 IR 149",
        None,
        KOREAN,
        "홍*",
    ),
    "korean-by-default": ("홍^길동".encode("euc_kr"), b"", "ISO 2022 IR 149", "홍^길동", "홍*"),
    "illegal-escape": (b"Sample^A\x1b%Gb", b"\\ISO 2022 IR 87", None, "Sample^Ab", "sample*"),
    "latin-1": ("Müller^Änne".encode("latin_1"), b"ISO_IR 100", None, "Müller^Änne", "müller*"),
}


def a_named_file(raw: bytes, declared: bytes) -> bytes:
    """A CT file whose name and character set are exactly these bytes."""
    file = a_file(a_ct(PatientName="Plain", SpecificCharacterSet="ISO_IR 100"))
    file = file.replace(element(0x08, 0x05, "CS", b"ISO_IR 100"), element(0x08, 0x05, "CS", declared))
    return file.replace(element(0x10, 0x10, "PN", b"Plain"), element(0x10, 0x10, "PN", raw))


def text_of(json_name: dict[str, str]) -> str:
    groups = [json_name.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic")]
    return "=".join(groups).rstrip("=")


@pytest.mark.parametrize("sealed", [False, True], ids=["open", "sealed"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_name_is_found_and_reads_alike_at_every_door(
    hospital: Hospital, case: tuple[bytes, bytes, str | None, str, str], sealed: bool
) -> None:
    raw, declared, default, shown, sought = case
    if default is not None:
        set_sender(hospital.database, hospital.callers["Bearer ours"], Sender("*", default))
    file = a_named_file(raw, declared)
    body, headers = a_body([file])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code in (200, 202)
    if sealed:
        assert [report.left_open for report in hospital.seal()] == [0]
    [found] = hospital.client.get("/dicom-web/studies", params={"PatientName": sought}).json()
    [described] = hospital.client.get(f"/dicom-web/studies/{STUDY}/metadata").json()
    for answer in (found, described):
        assert text_of(answer["00100010"]["Value"][0]) == shown
        assert answer["00080005"]["Value"] == ["ISO_IR 192"]
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    answer = hospital.client.get(f"/dicom-web/studies/{STUDY}", headers={"accept": accept})
    [(_, back)] = parts_of(answer.headers["content-type"], answer.content)
    assert (
        blake3(back[back.index(b"\x08\x00\x05\x00") :]).digest()
        == blake3(file[file.index(b"\x08\x00\x05\x00") :]).digest()
    )


def test_text_that_was_not_believed_leaves_a_warning(hospital: Hospital) -> None:
    raw, declared = CASES["gbk-as-latin-1"][:2]
    body, headers = a_body([a_named_file(raw, declared)])
    hospital.client.post("/dicom-web/studies", content=body, headers=headers)
    with hospital.database.transaction(hospital.institution_id) as connection:
        assert connection.execute("SELECT warnings FROM instance").fetchall() == [("character-set-mislabelled",)]


@pytest.mark.parametrize("sent", ["Wa\u200bng^Li", "\u202eWang^Li", "Wang\ufeff^Li"])
def test_a_search_passes_over_what_is_not_seen_and_answers_what_was_sent(hospital: Hospital, sent: str) -> None:
    body, headers = a_body([a_named_file(sent.encode(), b"ISO_IR 192")])
    hospital.client.post("/dicom-web/studies", content=body, headers=headers)
    for sought in ("Wang^Li", "wang*", sent):
        [found] = hospital.client.get("/dicom-web/studies", params={"PatientName": sought}).json()
        assert text_of(found["00100010"]["Value"][0]) == sent
