"""Text on its way into PostgreSQL: without what it cannot hold, and as elements of an array literal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import overload


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


def number_array(values: Iterable[int | None]) -> str:
    """An array literal of numbers."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def text_array(values: Iterable[str | None]) -> str:
    """An array literal of any text."""
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: str | None) -> str:
    if value is None:
        return "NULL"
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    if "\0" in value or not value.isascii():
        value = clean(value)
    return f'"{value}"'


def fold(text: str | None) -> str:
    """How names are compared and sorted: casefolded, without trailing delimiters and outer spaces; '' when unknown."""
    return "" if text is None else clean(text).casefold().rstrip("^= ").strip()
