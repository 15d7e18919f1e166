"""An index brought forward to what the bytes say: packs that it does not know, journals, facts, in this order.

The same for an index of nothing (`isocenter rebuild-index`) and for one from a backup, which is older than the store.
Nothing may be received or served meanwhile; what was erased never comes back, because that is noted before all else.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.archive.recovery import Replay, recover_abandoned
from isocenter.domain.continuity.institution_book import read_institutions
from isocenter.domain.continuity.packs import Adopted, adopt_packs, institution_of
from isocenter.domain.continuity.replay import FactReplay, Replayed
from isocenter.index.adoption import put_institution
from isocenter.index.institutions import institutions
from isocenter.index.replaying import keep_longest
from isocenter.kit.database import Database, translated_errors
from isocenter.storage.extents import Bytes
from isocenter.storage.journal_reader import JournalMember, read_segment
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName, segments

BEFORE: Final = 64
"""Facts are replayed from this many before the last one of the backup: their rows may not have been in it yet."""


@dataclass(slots=True)
class Forward:
    """What was done. journal: members read back; facts: by institution."""

    adopted: Adopted
    journal: Replay
    facts: dict[int, Replayed] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What could not be taken in; empty when everything was."""
        found = [f"{key}: {why}" for key, why in self.adopted.problems]
        found += [
            f"facts/{number}/{sequence}: {why}" for one in self.facts.values() for number, sequence, why in one.problems
        ]
        return found + ([f"journal: {self.journal.damaged} damaged members"] if self.journal.damaged else [])


def bring_forward(caller: Caller, work: FactReplay, *, after: Mapping[str, int] | None = None) -> Forward:
    """Take in what the index does not know.

    after: numbers of the last facts that it knows, by institution; None: it knows none, and shipped segments of every
    node are read too. Raises Refused, ForgedFact (nothing is done then), Exhausted (call again).
    """
    caller.require(Right.MANAGE_STORAGE)
    with work.database.transaction() as connection:
        every = [one.institution_id for one in institutions(connection)]
    facts = {number: work.facts(number) for number in every}
    for number, said in facts.items():
        work.note_erasures(number, said)
    adopted = adopt_packs(work.database, work.data.store)
    journal = _read_journals(work.database, work.data, with_shipped=after is None)
    forward = Forward(adopted, journal)
    for number, said in facts.items():
        known = 0 if after is None else after.get(str(number), 0) - BEFORE
        forward.facts[number] = work.replay(number, [fact for fact in said if fact.sequence > known])
        if after is None:
            with work.database.transaction(number) as connection:
                keep_longest(connection)
    return forward


def _read_journals(database: Database, data: Bytes, *, with_shipped: bool) -> Replay:
    """Journals of dead processes; all are dead now."""
    if not with_shipped:
        return _recovered(database, data)
    folder = data.journal_directory.parent / "run" / "rebuilding"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _gather(data, folder)
        return _recovered(database, Bytes(folder, data.store))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _recovered(database: Database, data: Bytes) -> Replay:
    holdings = Holdings(database, data)
    with closing(holdings.comparisons):
        return recover_abandoned(holdings)


def _gather(data: Bytes, folder: Path) -> None:
    """Every segment there is, in one folder: links to those of this node, copies of those that were shipped."""
    for name in segments(data.journal_directory):
        _link(name, data.journal_directory, folder)
    for head in data.store.list("segments"):
        _, node, file = head.key.split("/", 2)
        name = SegmentName.from_path(Path(node) / file)
        if not name.path(folder).exists():
            name.path(folder).parent.mkdir(parents=True, exist_ok=True)
            with name.path(folder).open("xb") as out:
                for offset in range(0, head.size, 8 << 20):
                    out.write(data.store.get_range(head.key, offset, min(8 << 20, head.size - offset)))


def _link(name: SegmentName, directory: Path, folder: Path) -> None:
    link = name.path(folder)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(name.path(directory).absolute())


def make_institutions(owner_url: str, data: Bytes, first_name: str) -> list[int]:
    """Institutions of an empty index, under the numbers that their bytes have; returns the numbers.

    first_name: of number 1, where nothing says it. Raises DatabaseAway.
    """
    known = read_institutions(data.store)
    numbers = sorted(
        {*known, *_numbers_of_facts(data.store), *_numbers_of_packs(data.store), *_numbers_of_journal(data)}
    )
    with translated_errors(), psycopg.connect(owner_url, autocommit=True) as connection:
        for number in numbers:
            code, name = known.get(
                number, (f"institution-{number}", first_name if number == 1 else f"Institution {number}")
            )
            put_institution(connection, number, code, name)
    return numbers


def _numbers_of_facts(store: ObjectStore) -> set[int]:
    return {int(head.key.split("/")[1]) for head in store.list("facts")}


def _numbers_of_packs(store: ObjectStore) -> set[int]:
    return {number for head in store.list("packs") if (number := institution_of(store, head.key)) is not None}


def _numbers_of_journal(data: Bytes) -> set[int]:
    found: set[int] = set()
    for name in segments(data.journal_directory):
        for item in read_segment(name.path(data.journal_directory), keys=data.keys):
            if isinstance(item, JournalMember):
                found.add(item.header.institution_id)
    return found
