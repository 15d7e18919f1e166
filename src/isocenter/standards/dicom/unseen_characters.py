"""Characters that nobody sees but that change what is read: bidirectional controls, zero-width and filling characters.

With them one name can look like another (Unicode Technical Report 36). They are shown marked, and searches pass over
them; the bytes stay. Variation selectors, which choose the shape of an ideograph in a name, are not among them.
"""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    "]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def has_unseen(text: str) -> bool:
    """Whether something in the text is not seen."""
    return not text.isascii() and _UNSEEN.search(text) is not None


def without_unseen(text: str) -> str:
    """The text as searches compare it."""
    return text if text.isascii() else _UNSEEN.sub("", text)


def marked(text: str) -> str:
    """The text with unseen and control characters as their code points: "Wang⟨U+202E⟩il". Tab and line feed stay."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub(_mark, _UNSEEN.sub(_mark, text))


def _mark(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found.group()):04X}⟩"
