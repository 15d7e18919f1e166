"""How a Chinese name is written with a Latin keyboard: pinyin and initials of its ideographic form.

王^小明 gives wangxiaoming, xiaoming, wangxm, wxm; a family name with several readings (单: shan, dan, chan) gives each.
Japanese and Korean names, known by their kana or hangul, are found by their own groups and get no pinyin.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import islice, product
from types import ModuleType

MAX_SURNAME_READINGS = 6
MAX_CHARACTERS = 12
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd々〇]+")
_NOT_CHINESE = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7af\u1100-\u11ff\uff66-\uff9f]")
_DOUBLE_SURNAMES_TEXT = (
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 宇文 长孙 長孫 司徒 司空 夏侯"
    " 轩辕 軒轅 端木 独孤 獨孤 南宫 南宮 万俟 闻人 聞人 赫连 赫連 澹台 澹臺 公冶 宗政 濮阳 濮陽 淳于 单于 太叔 申屠"
    " 仲孙 仲孫 钟离 鍾離 鲜于 鮮于 闾丘 亓官 司寇 子车 巫马 公西 西门 西門 呼延 完颜 完顏 第五 百里 东郭 拓跋"
)
_DOUBLE_SURNAMES = frozenset(_DOUBLE_SURNAMES_TEXT.split())
# The commonest family names, whose other readings are never those of a name.
_ONE_READING = frozenset(
    "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧蕭程曹袁邓鄧许許傅彭吕呂"
    "苏蘇卢盧蒋蔣蔡丁魏薛叶葉余潘杜戴夏钟鍾汪田姜范方石姚谭譚廖邹鄒熊金陆陸郝孔白崔康毛邱秦江史顾顧侯邵孟龙龍段钱錢汤湯"
)
# How family names are read, where dictionaries put another reading of the character first or leave it out.
_SURNAME_READINGS = {"单": ("shan",), "單": ("shan",), "解": ("xie",), "仇": ("qiu",), "查": ("zha",), "区": ("ou",)}


def reading_tokens(name: str) -> list[str]:
    """What the Chinese groups of a name are found by besides their characters; [] for any other name.

    name: its groups joined by "=". Each token is lower-case ASCII, or the given name in characters.
    """
    if name.isascii() or _NOT_CHINESE.search(name):
        return []
    tokens: dict[str, None] = {}
    for group in name.split("=")[:3]:
        family, given = _family_and_given(unicodedata.normalize("NFKC", group))
        if family:
            tokens |= dict.fromkeys(_of(family, given))
    return list(tokens)


def pinyin_of(text: str) -> str:
    """The most common reading of some characters, joined; "" when there is a character without one."""
    syllables = [readings[0] for readings in _readings(text[:MAX_CHARACTERS])]
    return "".join(syllables) if text and all(syllables) else ""


def is_han(text: str) -> bool:
    """Whether a word consists of Chinese characters."""
    return _HAN.fullmatch(text) is not None


def _family_and_given(group: str) -> tuple[str, str]:
    """Family and given name in characters; a name without "^" is cut behind its family name."""
    components = ["".join(_HAN.findall(component)) for component in group.split("^")]
    if len(components) > 1 and components[1]:
        return components[0][:MAX_CHARACTERS], components[1][:MAX_CHARACTERS]
    whole = components[0][:MAX_CHARACTERS]
    cut = 2 if whole[:2] in _DOUBLE_SURNAMES and len(whole) > 2 else 1
    return whole[:cut], whole[cut:]


def _of(family: str, given: str) -> list[str]:
    syllables = [readings[0] for readings in _readings(given)]
    if not all(syllables):
        return [given] if given else []
    joined, initials = "".join(syllables), "".join(syllable[0] for syllable in syllables)
    tokens = [joined, given] if given else []
    for reading in islice(_surname_readings(family), MAX_SURNAME_READINGS):
        first = "".join(syllable[0] for syllable in reading)
        tokens += ["".join(reading) + joined]
        tokens += ["".join(reading) + initials, first + initials] if given else [first] * (len(reading) > 1)
    return tokens


def _surname_readings(family: str) -> product[tuple[str, ...]]:
    choices = []
    for character, readings in zip(family, _readings(family), strict=True):
        several = len(family) == 1 and character not in _ONE_READING
        known = (*_SURNAME_READINGS.get(character, ()), *readings) if several else tuple(readings[:1])
        choices.append([spelling for reading in dict.fromkeys(known) if reading for spelling in _spellings(reading)])
    return product(*choices)


def _spellings(syllable: str) -> tuple[str, ...]:
    """ü is typed as v, and written yu in passports: Lü, lv, Lyu; many write Lu."""
    return (syllable, syllable.replace("v", "yu"), syllable.replace("v", "u")) if "v" in syllable else (syllable,)


def _readings(text: str) -> list[list[str]]:
    """The readings of each character, most common first; [""] where there is none."""
    if not text:
        return []
    library = _pypinyin()
    style = library.Style.NORMAL
    found = library.pinyin(text, style=style, heteronym=True, errors=lambda run: [[""]] * len(run))
    if len(found) != len(text):
        return [[""]] * len(text)
    common = library.lazy_pinyin(text, style=style, errors=lambda run: [""] * len(run))
    return [
        [one for one in dict.fromkeys((first, *every)) if one.isascii() and one.isalpha()] or [""]
        for first, every in zip(common, found, strict=True)
    ]


@cache
def _pypinyin() -> ModuleType:
    """Loaded when the first Chinese name comes: its tables take a third of a second."""
    import pypinyin

    return pypinyin
