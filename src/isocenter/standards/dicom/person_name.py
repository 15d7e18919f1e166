"""Person names (PN, PS3.5 6.2.1): up to three groups (alphabetic, ideographic, phonetic) of five components."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from isocenter.standards.dicom.unseen_characters import without_unseen

_WORDS = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_PARTS = re.compile(r"[^\W_]+")
MAX_TOKENS = 32
COMPONENT_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
"""As DICOM JSON and XML call them, in the order of a value."""


@dataclass(frozen=True, slots=True)
class PersonName:
    """One name in its three groups, each "family^given^middle^prefix^suffix" or None when not sent."""

    alphabetic: str | None
    ideographic: str | None
    phonetic: str | None

    def to_json(self) -> dict[str, str]:
        """The PN object of DICOM JSON (PS3.18 F.2.2); absent groups are left out."""
        groups = zip(COMPONENT_GROUPS, (self.alphabetic, self.ideographic, self.phonetic), strict=True)
        return {key: value for key, value in groups if value}


def joined_name(groups: Mapping[str, Any]) -> str:
    """The value of a name in DICOM JSON: its groups joined by "=", without empty ones at the end."""
    return "=".join(str(groups.get(group) or "") for group in COMPONENT_GROUPS).rstrip("=")


def parse_person_name(text: str) -> PersonName:
    """Split a decoded name into its groups; padding and empty trailing groups fall away."""
    groups = [group.strip(" \0") or None for group in text.split("=", 2)]
    groups += [None] * (3 - len(groups))
    return PersonName(groups[0], groups[1], groups[2])


def family_and_given(group: str) -> tuple[str, str]:
    """The first two components of one group, trimmed."""
    components = group.split("^")
    return components[0].strip(), components[1].strip() if len(components) > 1 else ""


def name_tokens(name: str) -> list[str]:
    """What a name is found by: casefolded words of every group, whole ideographic names, words without accents.

    Last come the parts of words with hyphens: Meyer-Schmidt gives meyer-schmidt, meyer, schmidt.

    "Wang^XiaoDong=王^小东" gives wang, xiaodong, 王小东, 王, 小东. At most MAX_TOKENS, in order, without doubles.
    """
    tokens = _whole_words(name)
    for word in tuple(tokens):
        tokens |= dict.fromkeys(_PARTS.findall(word))
    return list(tokens)[:MAX_TOKENS]


def _whole_words(name: str) -> dict[str, None]:
    tokens: dict[str, None] = {}
    for number, group in enumerate(name.split("=")[:3]):
        folded = unicodedata.normalize("NFKC", without_unseen(group)).casefold()
        if number and not folded.isascii():
            joined = "".join(_WORDS.findall(folded))
            if joined:
                tokens.setdefault(joined)
        for word in _WORDS.findall(folded):
            tokens.setdefault(word)
            bare = without_accents(word)
            if bare != word:
                tokens.setdefault(bare)
            if len(tokens) >= MAX_TOKENS:
                return tokens
    return tokens


def without_accents(word: str) -> str:
    """A folded word as it is typed without accents: jürgen gives jurgen."""
    if word.isascii():
        return word
    # Only Latin loses its marks: in other scripts a mark can make another letter.
    kept = (
        unicodedata.normalize("NFD", letter)[0] if "LATIN" in unicodedata.name(letter, "") else letter
        for letter in word
    )
    return "".join(kept)
