"""Both object stores compared, object by object: what is the same, what only one has, what differs.

By name and size, or (digests) by every byte of both. Leads, drills and what is aside belong to one site: left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.index.site_changes import announce, is_announced
from isocenter.index.sites import record_comparison
from isocenter.kit.database import Database
from isocenter.storage.copying import content_of
from isocenter.storage.object_store import ObjectHead, ObjectStore

OWN_FOLDERS: Final = ("lead/", "drills/", "aside/")
_NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not the same. ours, theirs: its size there, None where it is not."""

    key: str
    ours: int | None
    theirs: int | None


@dataclass(slots=True)
class Compared:
    """What a comparison found. waiting: only here, and on its way; the lists name the first few."""

    same: int = 0
    same_bytes: int = 0
    waiting: int = 0
    only_ours: int = 0
    only_theirs: int = 0
    different: int = 0
    mended: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether both have the same, but for what is on its way."""
        return not (self.only_ours or self.only_theirs or self.different)


def differences(ours: ObjectStore, theirs: ObjectStore, *, digests: bool) -> Iterator[Difference | ObjectHead]:
    """Every object of both, in the order of keys: an ObjectHead where they are the same. Raises StoreAway."""
    left, right = _listed(ours), _listed(theirs)
    mine, other = next(left, None), next(right, None)
    while mine is not None or other is not None:
        if other is None or (mine is not None and mine.key < other.key):
            assert mine is not None
            yield Difference(mine.key, mine.size, None)
            mine = next(left, None)
        elif mine is None or other.key < mine.key:
            yield Difference(other.key, None, other.size)
            other = next(right, None)
        else:
            same = mine.size == other.size
            if same and digests:
                same = content_of(ours, mine.key) == content_of(theirs, mine.key)
            yield mine if same else Difference(mine.key, mine.size, other.size)
            mine, other = next(left, None), next(right, None)


def compare(
    caller: Caller, database: Database, ours: ObjectStore, theirs: ObjectStore, *, digests: bool, mend: bool
) -> Compared:
    """Compare, keep the account, and (mend) let what the other site lacks, or has otherwise, be copied again.

    What only the other site has is named and left: it may be what it acknowledged while nobody heard of it.
    """
    caller.require(Right.MANAGE_STORAGE)
    found = Compared()
    for each in differences(ours, theirs, digests=digests):
        if isinstance(each, ObjectHead):
            found.same += 1
            found.same_bytes += each.size
        else:
            _count(database, each, found, mend=mend)
    with database.transaction() as connection:
        record_comparison(connection, digests=digests, account={"kind": "compared", **asdict(found)})
    return found


def _count(database: Database, each: Difference, found: Compared, *, mend: bool) -> None:
    with database.transaction() as connection:
        if is_announced(connection, each.key):
            found.waiting += 1
            return
        if each.ours is None:
            found.only_theirs += 1
        elif each.theirs is None:
            found.only_ours += 1
        else:
            found.different += 1
        if len(found.named) < _NAMED:
            found.named.append(each.key)
        if mend and each.ours is not None:
            announce(connection, each.key, each.ours, False)
            found.mended += 1


def _listed(store: ObjectStore) -> Iterator[ObjectHead]:
    return (head for head in store.list() if not head.key.startswith(OWN_FOLDERS))
