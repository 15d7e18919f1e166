"""The query of a QIDO-RS request (PS3.18 8.3.4, 10.6.1.2): matching keys by keyword or tag, paging, what to include."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from isocenter.adapters.dicomweb.attribute_names import path_of, query_vr
from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.index.find import Key

DEFAULT_LIMIT = 1000
MAX_LIMIT = 5000
MAX_OFFSET = 100_000
MAX_VALUE_CHARACTERS = 1024
MAX_LIST_VALUES = 200
MAX_KEYS = 100
MAX_INCLUDED = 200
MAX_CURSOR_CHARACTERS = 1000
_LIST_TAGS = frozenset({0x00080060, 0x00080061})
_SWITCHES = frozenset({"accept", "charset"})

Path = tuple[int, ...]


@dataclass(slots=True)
class SearchParameters:
    """keys: matching keys, those inside sequences as a tree. included: tags asked for beyond those always given.

    ignored: names of the query that are no attributes; capped: limit or offset was made smaller. zone: the offset from
    UTC that dates and times are meant in, a key of its own (PS3.4 C.2.2.2.9).
    """

    keys: tuple[Key, ...] = ()
    included: tuple[int, ...] = ()
    all_attributes: bool = False
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    cursor: str | None = None
    fuzzy: bool = False
    zone: str | None = None
    capped: bool = False
    ignored: list[str] = field(default_factory=list)


def search_parameters(query: Iterable[tuple[str, str]]) -> SearchParameters:
    """Read a query. Raises BadParameter for what cannot be meant."""
    found, values = SearchParameters(), dict[Path, tuple[str, ...]]()
    included: dict[int, None] = {}
    pairs = list(query)
    several = any(name.lower() == "multiplevaluematching" and value.lower() == "true" for name, value in pairs)
    for name, value in pairs:
        if len(value) > MAX_VALUE_CHARACTERS * 8 or "\0" in value:
            raise BadParameter("The value of a query parameter is too long or holds a NUL.", parameter=name[:64])
        lowered = name.lower()
        if lowered == "includefield":
            _include(found, included, value)
        elif not _switch(found, lowered, name, value):
            _add_key(found, values, name, value, several=several)
    found.zone = next(iter(values.pop((0x00080201,), ())), None)
    found.keys, found.included = _tree(values), tuple(included)
    return found


def _switch(found: SearchParameters, lowered: str, name: str, value: str) -> bool:
    """Read a parameter that is no matching key; False when it is one."""
    if lowered == "limit":
        found.limit = _capped(found, _number(name, value), MAX_LIMIT)
    elif lowered == "offset":
        found.offset = _capped(found, _number(name, value), MAX_OFFSET)
    elif lowered == "cursor":
        if len(value) > MAX_CURSOR_CHARACTERS:
            raise BadParameter("The cursor is not one of ours.", parameter="cursor")
        found.cursor = value or None
    elif lowered == "fuzzymatching":
        found.fuzzy = value.lower() == "true"
    else:
        return lowered in _SWITCHES or lowered in ("emptyvaluematching", "multiplevaluematching")
    return True


def _include(found: SearchParameters, included: dict[int, None], value: str) -> None:
    for name in value.split(","):
        if name.lower() == "all":
            found.all_attributes = True
            continue
        path = path_of(name.strip()) if name.strip() else None
        if path is None:
            _ignore(found, name.strip())
        else:
            # A path asks for its sequence: items are given whole.
            included[path[0]] = None
        if len(included) > MAX_INCLUDED:
            raise BadParameter("Too many attributes to include.", limit=MAX_INCLUDED)


def _ignore(found: SearchParameters, name: str) -> None:
    if not name or len(name) > 256 or not all(c.isalnum() or c in "._" for c in name):
        raise BadParameter("A query parameter is neither a keyword nor a tag.")
    found.ignored.append(name[:64])


def _add_key(
    found: SearchParameters, values: dict[Path, tuple[str, ...]], name: str, value: str, *, several: bool
) -> None:
    path = path_of(name)
    if path is None:
        _ignore(found, name)
        return
    listed = query_vr(path[-1]) == "UI" or path[-1] in _LIST_TAGS
    pieces = [value]
    if listed:
        pieces = value.replace("\\", ",").split(",")
    elif several:
        pieces = value.split("\\")
    given = (*values.get(path, ()), *(piece.strip() for piece in pieces if piece.strip()))
    if len(given) > MAX_LIST_VALUES or (len(given) > 1 and not listed and not several) or len(values) >= MAX_KEYS:
        raise BadParameter("Too many matching keys, or values for one of them.", limit=MAX_LIST_VALUES)
    values[path] = given


def _tree(values: dict[Path, tuple[str, ...]]) -> tuple[Key, ...]:
    """Keys as a tree: paths through the same sequence belong to the same item."""
    inside: dict[int, dict[Path, tuple[str, ...]]] = {}
    own: dict[int, tuple[str, ...]] = {}
    for path, given in values.items():
        if len(path) == 1:
            own[path[0]] = given
        else:
            inside.setdefault(path[0], {})[path[1:]] = given
    keys = [Key(tag, query_vr(tag), given) for tag, given in own.items() if tag not in inside]
    return (*keys, *(Key(tag, "SQ", (), _tree(paths)) for tag, paths in inside.items()))


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise BadParameter("limit and offset are whole numbers from 0.", parameter=name)
    return int(value)


def _capped(found: SearchParameters, value: int, limit: int) -> int:
    if value > limit:
        found.capped = True
        return limit
    return value
