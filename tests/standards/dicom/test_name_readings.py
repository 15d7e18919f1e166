"""Pinyin and initials of Chinese names, and how Latin names sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.standards.dicom.name_readings import pinyin_of, reading_tokens
from isocenter.standards.dicom.name_sounds import MAX_CODE, sound_of


@pytest.mark.parametrize(
    ("name", "found_by"),
    [
        ("Wang^XiaoMing=王^小明", {"wangxiaoming", "xiaoming", "wangxm", "wxm", "小明"}),
        ("王小明", {"wangxiaoming", "wangxm", "wxm", "小明"}),
        ("欧阳娜娜", {"ouyangnana", "nana", "oynn", "ouyangnn"}),
        ("单^雄", {"shanxiong", "danxiong", "sx"}),
        ("曾^国藩", {"zengguofan", "zgf"}),
        ("吕^布", {"lvbu", "lyubu", "lubu"}),
        ("王", {"wang"}),
    ],
)
def test_a_chinese_name_is_found_by_its_pinyin_and_initials(name: str, found_by: set[str]) -> None:
    assert found_by <= set(reading_tokens(name))


@pytest.mark.parametrize(
    "name", ["Yamada^Tarou=山田^太郎=やまだ^たろう", "Hong^Gildong=洪^吉洞=홍^길동", "Doe^Jane", "Йорк", ""]
)
def test_other_names_get_no_pinyin(name: str) -> None:
    assert reading_tokens(name) == []


def test_the_readings_of_a_long_name_are_few() -> None:
    assert len(reading_tokens("=".join(["单乐盖朴种" * 40] * 3))) < 80
    assert pinyin_of("小明") == "xiaoming"
    assert pinyin_of("A小") == ""


@pytest.mark.parametrize(
    "alike",
    [
        "Meyer Maier Mayr Mayer",
        "Müller Mueller Miller",
        "Schmidt Smith Smyth Schmitt",
        "Zhang Zang Chang",
        "Catherine Katherine Kathryn",
        "Johnson Jonson Johansson",
        "Stephen Steven",
        "McDonald MacDonald",
        "Li Lee Ly",
        "Fischer Fisher Vischer",
    ],
)
def test_names_that_sound_alike_have_one_code(alike: str) -> None:
    assert len({sound_of(word) for word in alike.split()}) == 1


def test_names_that_sound_otherwise_have_others() -> None:
    words = ["Meyer", "Müller", "Schmidt", "Zhang", "Catherine", "Wang", "Li", "Lu", "Petersen", "Brown"]
    assert len({sound_of(word) for word in words}) == len(words)
    assert sound_of("王") == sound_of("x") == ""


@given(st.text(max_size=200))
def test_any_text_has_tokens_and_a_code(text: str) -> None:
    assert len(sound_of(text)) <= MAX_CODE
    assert all(token for token in reading_tokens(text))
