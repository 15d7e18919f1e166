"""Evidence of drills: signed, numbered, created once, in the object store of the site that held them.

`drills/<site>-<12 digits>.json`, two lines signed as facts are (docs/formats.md). Nobody edits it, and whoever has the
key of the facts can check it without us.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.kit.errors import Conflict, IsocenterError, NotFound
from isocenter.storage.errors import NoSuchObject, ObjectExists
from isocenter.storage.facts import SigningKey, line_signed_by, signed
from isocenter.storage.object_store import ObjectStore

FORMAT: Final = "drill/1"
FOLDER: Final = "drills"
_KEY = re.compile(rf"{FOLDER}/([a-z0-9][a-z0-9-]{{0,40}})-([0-9]{{12}})\.json")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,40}-[0-9]{12}")
_TRIES: Final = 20
_SHOWN: Final = 50


class UnknownDrill(NotFound):
    """There is no evidence of such a drill."""

    reason = "unknown-drill"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One drill. drill_id: "<site>-<number>"; signed: whether its signature is right; else nothing of it is told."""

    drill_id: str
    signed: bool
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EvidenceStores:
    """Where evidence lies: in the stores of both sites. key: it is signed with."""

    stores: Sequence[ObjectStore]
    key: SigningKey


def file_evidence(store: ObjectStore, key: SigningKey, site: str, said: Mapping[str, Any]) -> str:
    """Write it under the next number; its id. Raises StoreAway, StorageFull."""
    for _ in range(_TRIES):
        numbers = [int(match[2]) for match in _matches(store) if match[1] == site]
        number = 1 + max(numbers, default=0)
        body = {"format": FORMAT, "site": site, "number": number, **said}
        line = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        try:
            store.put(f"{FOLDER}/{site}-{number:012d}.json", signed(key, line))
        except ObjectExists:
            continue
        return f"{site}-{number:012d}"
    raise Conflict("Somebody else files evidence for this site.", site=site)


def drills(caller: Caller, filed: EvidenceStores) -> list[Evidence]:
    """The newest drills of both sites, newest first. A store that does not answer is left out. Raises Refused."""
    caller.require(Right.SEE_OPERATIONS)
    found: dict[str, Evidence] = {}
    for store in filed.stores:
        try:
            ids = sorted((f"{match[1]}-{match[2]}" for match in _matches(store)), key=_number, reverse=True)[:_SHOWN]
            for drill_id in ids:
                if drill_id not in found:
                    found[drill_id] = _read(store, filed.key, drill_id)
        except IsocenterError:
            continue
    return sorted(found.values(), key=lambda one: str(one.said.get("at", "")), reverse=True)


def drill_file(caller: Caller, filed: EvidenceStores, drill_id: str) -> bytes:
    """The signed bytes themselves. Raises Refused, UnknownDrill."""
    caller.require(Right.SEE_OPERATIONS)
    if _ID.fullmatch(drill_id):
        for store in filed.stores:
            try:
                return store.get(f"{FOLDER}/{drill_id}.json")
            except IsocenterError:
                continue
    raise UnknownDrill("There is no evidence of such a drill.")


def _read(store: ObjectStore, key: SigningKey, drill_id: str) -> Evidence:
    line = line_signed_by({key.key_id: key}, store.get(f"{FOLDER}/{drill_id}.json"))
    if line is None:
        return Evidence(drill_id, False, {})
    said: dict[str, Any] = json.loads(line)
    right = said.get("format") == FORMAT and f"{said.get('site')}-{said.get('number', 0):012d}" == drill_id
    return Evidence(drill_id, right, said if right else {})


def _matches(store: ObjectStore) -> list[re.Match[str]]:
    try:
        return [match for match in (_KEY.fullmatch(head.key) for head in store.list(FOLDER)) if match]
    except NoSuchObject:
        return []


def _number(drill_id: str) -> int:
    return int(drill_id.rpartition("-")[2])
