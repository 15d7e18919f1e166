"""How well wrong labels are found, measured on made-up names: surnames of the Hundred Families with given names,
Western names with every accent in Latin-1, and names of other scripts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from isocenter.standards.dicom.character_sets import character_set, decode_text

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛"
    "伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景"
    "薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁"
)
GIVEN = ("伟", "秀英", "娜", "志强", "婷婷", "子轩", "梓涵", "雪", "镕基", "喆", "玥", "翀", "建国", "鑫", "欣怡", "磊")
WESTERN = """
Müller Jäger Größe Köhler Schröder Weiß Strauß Grün Böhm Krüger Häußler Jérôme François Noël Hélène Renée Béatrice Loïc
Zoë Peña Íñigo Núñez Muñoz Ibáñez José María João Gonçalves Simões Magalhães Conceição Åse Søren Bjørn Håkan Öberg Ærø
Sjöström Åkesson Björk Þór Ólafur Guðrún Sigríður Günther Jürgen Özgür Ünlü Çelik Öztürk André Desirée Aimée Mélodie
Ångström Brontë Citroën Müßig Haßler Süßmilch Bäätz Räägel Ööbik Jäärv Õunapuu Jüri Jõgi Mäki Hämäläinen Määttä
Räikkönen Yrjö Île Août Führer Bréhéret Crépé Ñuñoa Güiraldes Agüero Lluís Núria Cèlia Þórður Östlund Älvsjö
""".split()  # noqa: SIM905
WESTERN_WORDS = (
    *("Schädel µA", "30°", "±2", "40° ±5", "Rücken", "T2 àéè", "CRÂNE SANS INJECTION", "ABDOMEN À VIDE"),
    *(
        "TÓRAX PA Y LATERAL",
        "CABEÇA",
        "TÊTE",
        "«Thorax»",
        "2²",
        "25 m²",
        "Größe 5 µm",
        "Kopf°",
        "¿Ñoño?",
        "Señor Íñiguez",
    ),
)
JAPANESE = ("山田^太郎", "佐藤^花子", "鈴木^一郎", "やまだ^たろう", "ヤマダ^タロウ", "田中", "胸部単純", "加藤")
CYRILLIC = ("Иванов^Иван", "Сидорова^Анна", "Кузнецов^Пётр")


def chinese_names() -> Iterator[str]:
    for surname, given in product(SURNAMES, GIVEN):
        yield f"{surname}^{given}"
        yield f"{surname}{given}"
        yield f"Zhang^San={surname}^{given}"


def western_names() -> Iterator[str]:
    for first, second in product(WESTERN, WESTERN):
        yield f"{first}^{second}"
        yield f"{first} {second}".upper()
    yield from WESTERN
    yield from WESTERN_WORDS


def read(raw: bytes, label: bytes) -> tuple[str, bool]:
    decoded = decode_text(raw, character_set(label), person_name=True)
    return decoded.text, decoded.mislabelled


@pytest.mark.parametrize("label", [b"", b"ISO_IR 6", b"ISO_IR 100"])
def test_of_ten_thousand_chinese_names_in_gbk_not_one_in_two_hundred_is_missed(label: bytes) -> None:
    names = list(chinese_names())
    missed = [name for name in names if read(name.encode("gbk"), label) != (name, True)]
    assert len(names) > 9_000
    assert len(missed) * 200 < len(names), (len(missed), missed[:20])


def test_surnames_alone_are_found() -> None:
    missed = [name for name in SURNAMES if read(name.encode("gbk"), b"ISO_IR 100") != (name, True)]
    assert missed == []


def test_of_fourteen_thousand_western_names_none_is_taken_for_another_script() -> None:
    wrong, count = [], 0
    for name in western_names():
        try:
            raw = name.encode("latin_1")
        except UnicodeEncodeError:
            continue
        count += 1
        if read(raw, b"ISO_IR 100") != (name, False):
            wrong.append((name, read(raw, b"ISO_IR 100")[0]))
    assert count > 14_000
    assert wrong == []


def test_utf_8_under_a_western_label_is_never_taken_for_gbk() -> None:
    names = [*chinese_names(), *western_names(), *JAPANESE, *CYRILLIC]
    wrong = [name for name in names if not name.isascii() and read(name.encode(), b"ISO_IR 100") != (name, True)]
    assert wrong == []


def test_utf_8_under_the_label_gb18030_is_found_and_true_gb18030_stays() -> None:
    names = list(chinese_names())
    assert [name for name in names if read(name.encode(), b"GB18030") != (name, True)] == []
    assert [name for name in names if read(name.encode("gb18030"), b"GB18030") != (name, False)] == []


@pytest.mark.parametrize("name", JAPANESE)
def test_shift_jis_under_a_western_label_is_found(name: str) -> None:
    assert read(name.encode("shift_jis"), b"ISO_IR 100") == (name, True)


@pytest.mark.parametrize("name", CYRILLIC)
def test_cyrillic_letters_of_one_byte_are_not_taken_for_chinese(name: str) -> None:
    text, _ = read(name.encode("cp1251"), b"ISO_IR 100")
    assert not any(letter >= "\u4e00" for letter in text)


def test_a_korean_name_is_right_with_the_default_of_its_sender() -> None:
    raw = "홍^길동".encode("euc_kr")
    decoded = decode_text(raw, character_set(b"", "ISO 2022 IR 149"), person_name=True)
    assert decoded.text == "홍^길동"


@pytest.mark.parametrize("text", ["O\u2019Brien", "M\u00fcller \u2013 Schmidt", "\u201eNotfall\u201c"])
def test_windows_quotation_marks_make_no_ideographs(text: str) -> None:
    shown, _ = read(text.encode("cp1252"), b"ISO_IR 100")
    assert not any(letter >= "\u3000" for letter in shown)
