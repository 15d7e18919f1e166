"""Text whose bytes are not what Specific Character Set (0008,0005) says: what they are, found by their shape.

Chinese devices send GBK under ISO_IR 100, ISO_IR 6 or nothing; others send UTF-8 or Shift_JIS. Both mistakes hurt: a
Chinese name shown as accents is not found, a Western one read as Chinese is another person. So a value is taken for
Chinese only when nothing in it reads like a Western word. Measured in tests/standards/dicom/test_mislabelled_text.py;
what cannot be told apart (EUC-KR and EUC-JP from GBK) is the matter of the sender's default.
"""

from __future__ import annotations

import re
from functools import lru_cache

_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]+")
# Letters that UTF-8 writes in two bytes: Latin, Greek, Cyrillic, Hebrew, Arabic.
_SCRIPTS = ((0xC0, 0x17F), (0x386, 0x3CE), (0x400, 0x45F), (0x5D0, 0x5EA), (0x60C, 0x6D3))
_LATIN = 0x17F
_SIGNS = "".join(map(chr, range(0xA1, 0xC0))).replace("\xad", "")
# Ideographs with extensions A to H; punctuation and full-width forms that stand between them.
_IDEOGRAPHS = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x323AF), (0xF900, 0xFAFF))
_BESIDES_IDEOGRAPHS = ((0x3000, 0x3020), (0xFF01, 0xFF5E), (0xB7, 0xB7), (0x2014, 0x2014), (0x2018, 0x201D))
_JAPANESE_LEADS = frozenset(range(0x81, 0xA0))


@lru_cache(maxsize=4096)
def codec_by_shape(raw: bytes) -> str | None:
    """utf_8, gb18030 or cp932 when bytes with a Western label have that shape; None: leave them Western.

    raw: a whole value with at least one byte above 7F.
    """
    text = _decoded(raw, "utf_8")
    if text is None and _is_shift_jis(raw):
        return "cp932"
    if text is not None and _reads_as_utf_8(text):
        return "utf_8"
    if text is None:
        return "gb18030" if _is_chinese(raw) else None
    return "gb18030" if _is_chinese(raw) and all(map(_is_in_gb2312, _foreign(raw.decode("gb18030")))) else "utf_8"


@lru_cache(maxsize=4096)
def is_utf_8_under_gb18030(raw: bytes) -> bool:
    """Whether bytes that are labelled GB18030 are UTF-8: well-formed, and ideographs where GB18030 gives rare ones."""
    text = _decoded(raw, "utf_8")
    if text is None or not any(_within(ord(letter), _IDEOGRAPHS) for letter in text):
        return False
    otherwise = _decoded(raw, "gb18030")
    if otherwise is None:
        return True
    foreign = _foreign(otherwise)
    return 2 * sum(_is_common(letter) for letter in foreign) < len(foreign)


def _decoded(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _foreign(text: str) -> list[str]:
    return [letter for letter in text if letter > "\x7f"]


def _within(point: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= point <= high for low, high in ranges)


# --- Chinese --------------------------------------------------------------------------------------------------------


def _is_chinese(raw: bytes) -> bool:
    """Every run of foreign characters is Chinese, one at least speaks for it, and none reads like part of a word.

    Half of the characters are common, of a name's three or four at least one: Cyrillic letters make rare ones.
    """
    text = _decoded(raw, "gb18030")
    if text is None:
        return False
    ideographs = [letter for letter in text if _within(ord(letter), _IDEOGRAPHS)]
    common, least = sum(map(_is_common, ideographs)), len(ideographs) / 2 if len(ideographs) > 4 else 1
    if len(ideographs) > 2 and common < least:
        return False
    votes = [_vote(text, run) for run in _FOREIGN_RUN.finditer(text)]
    return max(votes) > 0 and min(votes) >= 0


def _vote(text: str, run: re.Match[str]) -> int:
    """1: Chinese; -1: Western, or something else; 0: no opinion."""
    found = run.group()
    ideographs = [letter for letter in found if _within(ord(letter), _IDEOGRAPHS)]
    if not all(_within(ord(letter), _IDEOGRAPHS + _BESIDES_IDEOGRAPHS) for letter in found):
        return -1
    if not ideographs:
        return 0
    before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
    as_latin = found.encode("gb18030").decode("latin_1")
    in_gb2312 = all(map(_is_in_gb2312, ideographs))
    if before.isalpha() or after.isalpha():  # ASCII letters: the end of a Western word, or an abbreviation ("CT")
        if len(ideographs) > 1:
            return 1 if in_gb2312 else -1
        if as_latin.isalpha():
            return -1
        return 1 if _is_common(ideographs[0]) else 0
    if before.isdigit() and not as_latin[0].isalpha():  # a unit: 30°, 5 µm, m²
        return 1 if len(ideographs) > 1 and in_gb2312 else 0
    return 1 if any(map(_is_in_gb2312, ideographs)) or _has_controls(as_latin) else 0


def _has_controls(as_latin: str) -> bool:
    """Bytes 80 to 9F are controls in ISO 8859: a pair with one, and without an ASCII letter, is not of it."""
    return any("\x80" <= letter <= "\x9f" for letter in as_latin) and not any(map(str.isascii, as_latin))


def _is_in_gb2312(letter: str) -> bool:
    """Among the 6763 characters of GB 2312."""
    code = letter.encode("gb18030")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xF7 and code[1] >= 0xA1


def _is_common(letter: str) -> bool:
    """Among the 3755 characters of GB 2312 level 1, which make up nearly all Chinese text."""
    code = letter.encode("gb18030", "replace")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1


# --- UTF-8 ----------------------------------------------------------------------------------------------------------


def _reads_as_utf_8(text: str) -> bool:
    """Whether well-formed UTF-8 that could be Chinese too makes words of one script.

    Some Chinese characters are letters or signs of two bytes in UTF-8 (谢 is л, 鲁 is ³): a letter that stands alone is
    no word, and a sign is believed beside a letter or digit.
    """
    points = [ord(letter) for letter in text if letter > "\x7f" and letter not in _SIGNS]
    if not points:
        return re.search(rf"[0-9A-Za-z][{_SIGNS}]|[{_SIGNS}][0-9A-Za-z]", text) is not None
    if max(points) > 0x7FF:
        return True
    if not any(all(low <= point <= high for point in points) for low, high in _SCRIPTS):
        return False
    least = 2 if max(points) <= _LATIN else 3
    return any(len(word) >= least and not word.isascii() for word in re.findall(r"\w+", text))


# --- Japanese -------------------------------------------------------------------------------------------------------


def _is_shift_jis(raw: bytes) -> bool:
    """Whether all pairs are JIS X 0208 in Shift_JIS and half of them kana or common kanji (lead byte 81 to 98).

    Common Chinese characters never have such a lead byte in GBK.
    """
    text = _decoded(raw, "cp932") if any(byte in _JAPANESE_LEADS for byte in raw) else None
    if text is None:
        return False
    codes = [letter.encode("cp932") for letter in text if letter > "\x7f"]
    if not all(len(code) == 2 and (code[0] <= 0x9F or 0xE0 <= code[0] <= 0xEA) for code in codes):
        return False
    if len(codes) < 2 or 2 * sum(code[0] <= 0x98 for code in codes) < len(codes):
        return False
    # A dash or quotation mark of Windows-1252 (91 to 97) makes a pair with the letter after it.
    return not any(run.start() and text[run.start() - 1].islower() for run in _FOREIGN_RUN.finditer(text))
