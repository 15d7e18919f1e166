"""Filters of SCIM (RFC 7644 3.4.2.2): read once into a tree, asked of resources as they would be answered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from isocenter.kit.errors import Invalid

Test = Callable[[Mapping[str, Any]], bool]

_MAX_LENGTH = 2000
_MAX_DEPTH = 20
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<word>[A-Za-z$_][\w$.:-]*|-?\d+(?:\.\d+)?))"""
)
_COMPARED = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
_WORDS = {"true": True, "false": False, "null": None}


class InvalidFilter(Invalid):
    """The filter cannot be understood."""

    reason = "invalidFilter"


@dataclass(frozen=True, slots=True)
class Token:
    """kind: string, mark or word."""

    kind: str
    text: str


def parse_filter(text: str) -> Test:
    """What the filter asks. Raises InvalidFilter."""
    reader = _Reader(_tokens(text))
    test = reader.any_of(0)
    if reader.left:
        raise InvalidFilter("The filter goes on after its end.")
    return test


def value_at(resource: Mapping[str, Any], path: str) -> list[Any]:
    """Every value at an attribute path; names do not depend on case, values of several are a list."""
    found: list[Any] = [resource]
    for name in _without_schema(path).split("."):
        inner: list[Any] = []
        for each in found:
            if isinstance(each, Mapping):
                value = next((v for k, v in each.items() if k.lower() == name.lower()), None)
                inner += value if isinstance(value, list) else [value]
        found = inner
    return [each for each in found if each is not None]


def asked_username(text: str) -> str | None:
    """The user name when the filter is nothing but userName eq "…": then one row is enough."""
    match = re.fullmatch(r'\s*userName\s+eq\s+("(?:[^"\\]|\\.)*")\s*', text, re.IGNORECASE)
    try:
        return str(json.loads(match[1])) if match else None
    except ValueError:
        return None


def _without_schema(path: str) -> str:
    return path.rpartition(":")[2] if path.lower().startswith("urn:") else path


def _tokens(text: str) -> list[Token]:
    if len(text) > _MAX_LENGTH:
        raise InvalidFilter(f"A filter has at most {_MAX_LENGTH} characters.")
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise InvalidFilter("The filter holds something that is neither a name, a value nor a bracket.")
        tokens.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


class _Reader:
    """Recursive descent: or < and < not, brackets."""

    def __init__(self, tokens: list[Token]) -> None:
        self.left = tokens[::-1]

    def any_of(self, depth: int) -> Test:
        tests = [self.all_of(depth)]
        while self._taken("or"):
            tests.append(self.all_of(depth))
        return lambda resource: any(test(resource) for test in tests)

    def all_of(self, depth: int) -> Test:
        tests = [self.one(depth)]
        while self._taken("and"):
            tests.append(self.one(depth))
        return lambda resource: all(test(resource) for test in tests)

    def one(self, depth: int) -> Test:
        if depth > _MAX_DEPTH:
            raise InvalidFilter("The filter is nested too deeply.")
        if self._taken("not"):
            inner = self._bracketed(depth)
            return lambda resource: not inner(resource)
        if self.left and self.left[-1].text == "(":
            return self._bracketed(depth)
        return self._comparison(depth)

    def _bracketed(self, depth: int) -> Test:
        self._expect("(")
        test = self.any_of(depth + 1)
        self._expect(")")
        return test

    def _comparison(self, depth: int) -> Test:
        path = self._next("word").text
        if self.left and self.left[-1].text == "[":
            self._expect("[")
            inner = self.any_of(depth + 1)
            self._expect("]")
            return lambda resource: any(isinstance(each, Mapping) and inner(each) for each in value_at(resource, path))
        operator = self._next("word").text.lower()
        if operator == "pr":
            return lambda resource: any(each not in ("", {}) for each in value_at(resource, path))
        if operator not in _COMPARED:
            raise InvalidFilter("An operator is one of eq, ne, co, sw, ew, gt, ge, lt, le, pr.")
        wanted = self._value()
        return lambda resource: _compared(value_at(resource, path), operator, wanted)

    def _value(self) -> Any:
        token = self.left.pop() if self.left else None
        if token is None or token.kind == "mark":
            raise InvalidFilter("A value is missing.")
        if token.kind == "word" and token.text.lower() in _WORDS:
            return _WORDS[token.text.lower()]
        try:
            return json.loads(token.text)
        except ValueError:
            raise InvalidFilter("A value is a string in quotes, a number, true, false or null.") from None

    def _next(self, kind: str) -> Token:
        if not self.left or self.left[-1].kind != kind:
            raise InvalidFilter("The filter ends too early, or a name is missing.")
        return self.left.pop()

    def _taken(self, word: str) -> bool:
        if self.left and self.left[-1].kind == "word" and self.left[-1].text.lower() == word:
            self.left.pop()
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self.left or self.left.pop().text != mark:
            raise InvalidFilter(f"A {mark} is missing.")


def _compared(values: list[Any], operator: str, wanted: Any) -> bool:
    if operator == "ne":
        return not _compared(values, "eq", wanted)
    if wanted is None:
        return operator == "eq" and not values
    return any(_holds(value["value"] if isinstance(value, Mapping) and "value" in value else value, operator, wanted)
               for value in values)  # fmt: skip


def _holds(value: Any, operator: str, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return operator == "eq" and value is wanted
    if isinstance(value, str) and isinstance(wanted, str):
        value, wanted = value.casefold(), wanted.casefold()
        if operator in ("co", "sw", "ew"):
            return bool({"co": wanted in value, "sw": value.startswith(wanted), "ew": value.endswith(wanted)}[operator])
    elif not (isinstance(value, int | float) and isinstance(wanted, int | float)) or operator in ("co", "sw", "ew"):
        return False
    return bool(
        {
            "eq": value == wanted,
            "gt": value > wanted,
            "ge": value >= wanted,
            "lt": value < wanted,
            "le": value <= wanted,
        }[operator]
    )
