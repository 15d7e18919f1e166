"""Text on its way into PostgreSQL: without what it cannot hold, folded for comparison, or as fields of a literal."""

from __future__ import annotations

import re
import unicodedata
from typing import overload

from isocenter.standards.dicom.unseen_characters import without_unseen

_PLAIN = re.compile(r"[0-9A-Za-z._-]+")


@overload
def clean(text: str) -> str: ...
@overload
def clean(text: None) -> None: ...
def clean(text: str | None) -> str | None:
    """Without NUL; a lone surrogate becomes U+FFFD."""
    if text is None:
        return None
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def text_field(value: str | None) -> str | None:
    """Text as a field of a composite value inside an array literal; None stays None (an empty field is null)."""
    if value is None or _PLAIN.fullmatch(value):
        return value
    field = '"' + _escaped(clean(value)) + '"'
    return _escaped(field)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def bytea_field(value: bytes) -> str:
    """Bytes as a field of a composite value inside an array literal."""
    return "\\\\\\\\x" + value.hex()


def fold(text: str | None) -> str:
    """How names are compared and sorted: casefolded, without what is not seen, trailing delimiters and outer spaces.

    '' when unknown.
    """
    if text is None:
        return ""
    text = without_unseen(clean(text))
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().rstrip("^= ").strip()
