"""Bytes to Unicode by Specific Character Set; names of PS3.5 annexes H to K."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.standards.dicom.character_sets import character_set, decode_text


def name(raw: bytes, terms: bytes) -> str:
    decoded = decode_text(raw, character_set(terms), person_name=True)
    assert not decoded.mislabelled
    return decoded.text


def test_japanese_in_kanji_with_code_extensions() -> None:
    raw = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
    assert name(raw, b"\\ISO 2022 IR 87") == "Yamada^Tarou=山田^太郎=やまだ^たろう"


def test_japanese_beginning_with_half_width_katakana() -> None:
    raw = b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"
    assert name(raw, b"ISO 2022 IR 13\\ISO 2022 IR 87") == "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"


def test_korean_with_code_extensions() -> None:
    raw = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
    assert name(raw, b"\\ISO 2022 IR 149") == "Hong^Gildong=洪^吉洞=홍^길동"


def test_chinese_with_code_extensions() -> None:
    raw = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="
    assert name(raw, b"\\ISO 2022 IR 58") == "Zhang^XiaoDong=张^小东="


@pytest.mark.parametrize("terms", [b"GB18030", b"GBK ", b"gb18030"])
def test_chinese_in_gb18030_and_gbk(terms: bytes) -> None:
    assert name("Wang^XiaoDong=王^小东".encode("gb18030"), terms) == "Wang^XiaoDong=王^小东"


def test_a_second_byte_that_is_a_backslash_is_part_of_its_character() -> None:
    raw = b"\x82\x5c\\b"
    assert decode_text(raw, character_set(b"GB18030")).text == "俓\\b"


@pytest.mark.parametrize(
    ("terms", "codec", "text"),
    [
        (b"ISO_IR 100", "latin_1", "Buc^Jérôme"),
        (b"ISO_IR 101", "iso8859_2", "Wałęsa"),
        (b"ISO_IR 109", "iso8859_3", "Ħ"),
        (b"ISO_IR 110", "iso8859_4", "Šķ"),
        (b"ISO_IR 126", "iso8859_7", "Διονυσιος"),
        (b"ISO_IR 127", "iso8859_6", "قباني^لنزار"),
        (b"ISO_IR 138", "iso8859_8", "שרון^דבורה"),
        (b"ISO_IR 144", "iso8859_5", "Люкceмбypг"),
        (b"ISO_IR 148", "iso8859_9", "Şğ"),
        (b"ISO_IR 166", "iso8859_11", "นามสกุล"),
        (b"ISO_IR 192", "utf_8", "Wang^XiaoDong=王^小東"),
        (b"ISO_IR 203", "iso8859_15", "Šœ€"),
        (b"ISO_IR 13", "shift_jis", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        (b"iso-ir-100 ", "latin_1", "é"),
        (b"ISO IR 192", "utf_8", "é"),
        (b"utf-8", "utf_8", "é"),
        (b"ISO 2022 IR 100", "latin_1", "é"),
    ],
)
def test_each_single_set_reads_its_own_bytes(terms: bytes, codec: str, text: str) -> None:
    assert name(text.encode(codec), terms) == text


def test_an_escape_switches_to_another_single_byte_set_until_the_delimiter() -> None:
    raw = b"Dionysios\x1b-F" + "Διονυσιος".encode("iso8859_7") + b"\\\x1b-L" + "Люкс".encode("iso8859_5")
    decoded = decode_text(raw, character_set(b"ISO 2022 IR 6\\ISO 2022 IR 126\\ISO 2022 IR 144"))
    assert decoded.text == "DionysiosΔιονυσιος\\Люкс"


@pytest.mark.parametrize(("term", "codec", "text"), [(b"149", "euc_kr", "홍^길동"), (b"58", "gb2312", "张^小东")])
def test_a_forgotten_escape_is_read_by_what_is_declared_and_reported(term: bytes, codec: str, text: str) -> None:
    decoded = decode_text(text.encode(codec), character_set(b"\\ISO 2022 IR " + term), person_name=True)
    assert (decoded.text, decoded.mislabelled) == (text, True)


def test_an_unknown_escape_is_dropped_and_reported() -> None:
    decoded = decode_text(b"a\x1b%Gb", character_set(b"\\ISO 2022 IR 87"))
    assert (decoded.text, decoded.mislabelled) == ("ab", True)


@pytest.mark.parametrize("terms", [b"", b"ISO_IR 6", b"ISO_IR 100"])
@pytest.mark.parametrize(
    "text", ["王^小东", "欧阳^娜娜", "头颅CT平扫", "胸部CT", "Zhang^San=张^三", "男", "急诊内科", "镕基^朱"]
)
def test_gbk_under_a_western_label_is_found(terms: bytes, text: str) -> None:
    decoded = decode_text(text.encode("gbk"), character_set(terms), person_name=True)
    assert (decoded.text, decoded.mislabelled) == (text, True)


@pytest.mark.parametrize("text", ["王^小东", "Jérôme", "Иванов"])
def test_utf_8_under_a_western_label_is_found(text: str) -> None:
    decoded = decode_text(text.encode(), character_set(b"ISO_IR 100"))
    assert (decoded.text, decoded.mislabelled) == (text, True)


@pytest.mark.parametrize(
    "text", ["Müller", "Buc^Jérôme", "Größe", "Schädel µA", "30°", "Ångström", "ÇÖL", "Peña^Íñigo", "±2", "Åå-Øø æøå"]
)
def test_western_text_stays_western(text: str) -> None:
    decoded = decode_text(text.encode("latin_1"), character_set(b"ISO_IR 100"))
    assert (decoded.text, decoded.mislabelled) == (text, False)


def test_bytes_that_are_not_the_declared_utf_8_are_read_as_what_they_are() -> None:
    decoded = decode_text("王小东".encode("gbk"), character_set(b"ISO_IR 192"))
    assert (decoded.text, decoded.mislabelled) == ("王小东", True)


def test_an_unknown_term_is_known_to_be_unknown() -> None:
    assert not character_set(b"KLINGON").known
    assert decode_text(b"\xe9", character_set(b"KLINGON")).mislabelled


@given(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"",
            b"ISO_IR 100",
            b"ISO_IR 192",
            b"GB18030",
            b"ISO_IR 13",
            b"\\ISO 2022 IR 87\\ISO 2022 IR 149",
            b"ISO 2022 IR 58",
        ]
    ),
)
def test_no_bytes_can_make_decoding_fail(raw: bytes, terms: bytes) -> None:
    decode_text(raw, character_set(terms), person_name=True).text.encode()


@pytest.mark.shared_data
def test_names_of_real_files_read_as_pydicom_reads_them(shared_data: Path) -> None:
    compared = 0
    for path in sorted((shared_data / "charset").glob("*.dcm")):
        data_set = pydicom.dcmread(path)
        terms = data_set.get("SpecificCharacterSet", "")
        terms = terms if isinstance(terms, str) else "\\".join(terms)
        raw = data_set.PatientName.original_string
        decoded = decode_text(raw, character_set(terms.encode()), person_name=True)
        # pydicom leaves the escapes of ISO 2022 IR 58 in the text.
        assert decoded.text.strip() == str(data_set.PatientName).replace("\x1b$)A", ""), path.name
        compared += 1
    assert compared >= 5
