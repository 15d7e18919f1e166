"""Placement policies: where copies of packs belong, by age, last use, size, modality and institution."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.placement.errors import InvalidPolicy, UnknownPolicy
from isocenter.index import storages as index
from isocenter.index.copies import PlacedPack
from isocenter.index.institutions import institutions
from isocenter.index.storages import PlacementPolicy, Storage
from isocenter.kit.database import Connection, Database
from isocenter.storage.places import PRIMARY_ID

MAX_DAYS: Final = 36_500
MAX_STORAGES: Final = 8
_CODE_STRING: Final = re.compile(r"[A-Z0-9_ ]{1,16}")


def wanted_storages(
    policies: Sequence[PlacementPolicy], institution_id: int, pack: PlacedPack, now: datetime
) -> tuple[int, ...]:
    """The storages where copies of a pack belong, as the first policy that fits it says; the primary when none fits."""
    for policy in policies:
        if policy.active and _fits(policy, institution_id, pack, now):
            return tuple(policy.storage_ids)
    return (PRIMARY_ID,)


def _fits(policy: PlacementPolicy, institution_id: int, pack: PlacedPack, now: datetime) -> bool:
    if policy.of_institution_id not in (None, institution_id):
        return False
    if policy.modality is not None and policy.modality not in pack.modalities:
        return False
    if policy.min_bytes is not None and pack.size_bytes < policy.min_bytes:
        return False
    arrived: date = pack.last_received_at.date()
    used = max(arrived, pack.used_on) if pack.used_on else arrived
    for days, since in ((policy.older_than_days, arrived), (policy.unused_for_days, used)):
        if days is not None and (now.date() - since).days < days:
            return False
    return True


def list_policies(caller: Caller, database: Database) -> list[PlacementPolicy]:
    """All, in the order in which they decide. Raises Refused."""
    if not caller.may(Right.SEE_OPERATIONS):
        caller.require(Right.MANAGE_STORAGE)
    with database.transaction() as connection:
        return index.policies(connection)


def add_policy(caller: Caller, database: Database, values: Mapping[str, object]) -> PlacementPolicy:
    """A new policy. values: name, storage_ids, and what else `_checked` knows. Raises Refused, InvalidPolicy."""
    caller.require(Right.MANAGE_STORAGE)
    for needed in ("name", "storage_ids"):
        if not values.get(needed):
            raise InvalidPolicy(f"A placement policy needs {needed}.", field=needed)
    with database.transaction(caller.institution_id) as connection:
        made = index.insert_policy(connection, _checked(connection, values))
        _record(connection, caller, audit.Action.PLACEMENT_POLICY_ADDED, made)
    return made


def change_policy(caller: Caller, database: Database, policy_id: int, values: Mapping[str, object]) -> PlacementPolicy:
    """Change the given fields. Raises Refused, InvalidPolicy, UnknownPolicy."""
    caller.require(Right.MANAGE_STORAGE)
    with database.transaction(caller.institution_id) as connection:
        changed = _there(index.update_policy(connection, policy_id, _checked(connection, values)))
        _record(connection, caller, audit.Action.PLACEMENT_POLICY_CHANGED, changed)
    return changed


def remove_policy(caller: Caller, database: Database, policy_id: int) -> None:
    """Forget a policy; what it moved goes where the others say. Raises Refused, UnknownPolicy."""
    caller.require(Right.MANAGE_STORAGE)
    with database.transaction(caller.institution_id) as connection:
        removed = _there(index.delete_policy(connection, policy_id))
        _record(connection, caller, audit.Action.PLACEMENT_POLICY_REMOVED, removed)


def _checked(connection: Connection, values: Mapping[str, object]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, value in values.items():
        check = _CHECKS.get(name)
        if check is None:
            raise InvalidPolicy("A placement policy has no such field.", field=name)
        fields[name] = check(value)
    if "storage_ids" in fields:
        _check_storages(index.storages(connection), fields["storage_ids"])
    institution_id = fields.get("of_institution_id")
    known = {each.institution_id for each in institutions(connection)}
    if institution_id is not None and institution_id not in known:
        raise InvalidPolicy("There is no such institution.", field="of_institution_id")
    return fields


def _check_storages(known: Sequence[Storage], storage_ids: Any) -> None:
    usable = {each.storage_id: each for each in known if each.state == "active"}
    if not set(storage_ids) <= usable.keys():
        raise InvalidPolicy("A policy names storages that are in use.", field="storage_ids")
    if all(usable[each].role == "second-site" for each in storage_ids):
        raise InvalidPolicy("One storage at least is of this site.", field="storage_ids")


def _there(found: PlacementPolicy | None) -> PlacementPolicy:
    if found is None:
        raise UnknownPolicy("There is no such placement policy.")
    return found


def _record(connection: Connection, caller: Caller, action: audit.Action, policy: PlacementPolicy) -> None:
    detail = {name: getattr(policy, name) for name in PlacementPolicy.__slots__ if name != "changed_at"}
    audit.record(connection, caller, action, **detail)


def _name(value: object) -> str:
    text = str(value).strip()
    if not 0 < len(text) <= 100 or not text.isprintable():
        raise InvalidPolicy("A policy's name is 1 to 100 characters.", field="name")
    return text


def _modality(value: object) -> str | None:
    text = str(value or "").strip().upper()
    if text and _CODE_STRING.fullmatch(text) is None:
        raise InvalidPolicy("A modality is a word such as CT.", field="modality")
    return text or None


def _storage_ids(value: object) -> list[int]:
    numbers = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    if not 0 < len(numbers) <= MAX_STORAGES or len(set(numbers)) < len(numbers):
        raise InvalidPolicy(f"A policy names 1 to {MAX_STORAGES} storages, each once.", field="storage_ids")
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise InvalidPolicy("Storages are named by their numbers.", field="storage_ids")
    return numbers


def _optional(field: str, low: int, high: int) -> Callable[[object], int | None]:
    def check(value: object) -> int | None:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidPolicy(f"{field} is a number from {low} to {high}, or nothing.", field=field)
        return value

    return check


def _rank(value: object) -> int:
    rank = _optional("rank", 0, 1_000_000)(value)
    if rank is None:
        raise InvalidPolicy("A rank is a number.", field="rank")
    return rank


_CHECKS: Final[dict[str, Callable[[object], object]]] = {
    "name": _name,
    "rank": _rank,
    "of_institution_id": _optional("of_institution_id", 1, 2**31 - 1),
    "modality": _modality,
    "min_bytes": _optional("min_bytes", 1, 1 << 60),
    "older_than_days": _optional("older_than_days", 0, MAX_DAYS),
    "unused_for_days": _optional("unused_for_days", 0, MAX_DAYS),
    "storage_ids": _storage_ids,
    "active": bool,
}
