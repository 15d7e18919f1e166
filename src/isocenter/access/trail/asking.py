"""Recording queries (PS3.15 A.5.3.10) and refusals: who asked for what, once an hour and process for the same in a
sitting.

Names that are asked for are not kept, as they are nowhere in the trail; patient IDs, accession numbers and study UIDs
are: an auditor has to find out who went looking for somebody.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.kit.database import Database

ASKED_ANEW_AFTER_S: Final = 3600.0
REMEMBERED: Final = 20_000
_KEPT = {0x00100020: "patient_id", 0x00080050: "accession_number", 0x0020000D: "study_instance_uids"}
_MOST_VALUES: Final = 20
_LONGEST_VALUE: Final = 128

Question = tuple[tuple[str, tuple[str, ...]], ...]


class Questions:
    """Remembers which questions are recorded, so that a list that asks every ten seconds costs one row an hour."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[int, str, str, str, str, str, Question], float] = OrderedDict()
        self._lock = Lock()

    def record(
        self, database: Database, caller: Caller, action: audit.Action, door: str, level: str, question: Question
    ) -> None:
        """Record the question, unless this sitting asked it within the hour. Raises Exhausted: then do not answer."""
        key = (caller.institution_id, str(caller.kind), caller.id, caller.sitting, str(action) + door, level, question)
        now = time.monotonic()
        with self._lock:
            if now - self._asked.get(key, -ASKED_ANEW_AFTER_S) < ASKED_ANEW_AFTER_S:
                return
        detail: dict[str, Any] = {name: list(values) for name, values in question}
        with database.transaction(caller.institution_id) as connection:
            audit.record(connection, caller, action, None, door=door, level=level, **detail)
        with self._lock:
            self._asked[key] = now
            while len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)


_QUESTIONS: WeakKeyDictionary[Database, Questions] = WeakKeyDictionary()
_QUESTIONS_LOCK = Lock()


def queried(
    database: Database, caller: Caller, door: str, level: str, keys: Iterable[tuple[int, Sequence[str]]]
) -> None:
    """Record that the caller asked; keys: tags with the values that narrow the search. Our own jobs ask nothing."""
    if not caller.sitting:
        return
    _questions_of(database).record(database, caller, audit.Action.QUERIED, door, level, _question(keys))


def refused(database: Database, caller: Caller, door: str, right: str) -> None:
    """Record that the caller asked for what her roles never include. Raises Exhausted."""
    _questions_of(database).record(database, caller, audit.Action.ACCESS_REFUSED, door, right, ())


def _questions_of(database: Database) -> Questions:
    with _QUESTIONS_LOCK:
        return _QUESTIONS.setdefault(database, Questions())


def _question(keys: Iterable[tuple[int, Sequence[str]]]) -> Question:
    tags: list[str] = []
    kept: list[tuple[str, tuple[str, ...]]] = []
    for tag, values in keys:
        narrowing = tuple(value for value in values if value.strip("* "))
        if narrowing:
            tags.append(f"{tag:08X}")
            if tag in _KEPT:
                kept.append((_KEPT[tag], tuple(value[:_LONGEST_VALUE] for value in narrowing[:_MOST_VALUES])))
    return (("keys", tuple(sorted(tags))), *kept)
