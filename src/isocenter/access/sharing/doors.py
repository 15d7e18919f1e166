"""Doors: the institutions that a caller may look into beside her own, each as the guest that a sharing rule makes her.

Callers abroad are made here and nowhere else. Rules are remembered for three seconds: an ended one is felt within five,
together with what the read path trusts.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from isocenter.access.caller import Caller, CallerKind, Guest
from isocenter.access.roles import Right, Role
from isocenter.kit.database import Database

REMEMBERED_FOR_S = 3.0
_REMEMBERED = 5_000
_MOST_DOORS = 50
"""So many rules are followed for one caller, those that were given first."""

_RULES = """
    SELECT r.institution_id, r.rule_id, r.modalities, greatest(r.first_study_date,
        CASE WHEN r.last_days IS NULL THEN '' ELSE to_char(now() - make_interval(days => r.last_days), 'YYYYMMDD') END)
    FROM sharing_rule r JOIN institution g USING (institution_id)
    WHERE r.ally_institution_id = %(home)s AND r.ended_at IS NULL AND (r.until IS NULL OR r.until > now())
        AND r.roles && %(roles)s AND g.deactivated_at IS NULL
        AND EXISTS (SELECT FROM alliance_member giver JOIN alliance_member ally USING (alliance_id)
            JOIN alliance a USING (alliance_id)
            WHERE giver.institution_id = r.institution_id AND giver.until IS NULL
                AND ally.institution_id = r.ally_institution_id AND ally.until IS NULL AND a.ended_at IS NULL)
    ORDER BY r.rule_id LIMIT %(most)s
"""

_Key = tuple[int, tuple[Role, ...]]
_Rules = tuple[tuple[int, Guest], ...]


class _Known:
    """What rules gave whom a moment ago. Thread-safe, bounded."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rules: OrderedDict[_Key, tuple[float, _Rules]] = OrderedDict()

    def rules(self, database: Database, key: _Key) -> _Rules:
        """The rules for these roles of this institution: (giver, as whom)."""
        with self._lock:
            known = self._rules.get(key)
        now = time.monotonic()
        if known is not None and now - known[0] <= REMEMBERED_FOR_S:
            return known[1]
        found = _read(database, key)
        with self._lock:
            self._rules[key] = now, found
            self._rules.move_to_end(key)
            while len(self._rules) > _REMEMBERED:
                self._rules.popitem(last=False)
        return found


_KNOWN: WeakKeyDictionary[Database, _Known] = WeakKeyDictionary()
_KNOWN_LOCK = Lock()


def doors_open_to(database: Database, caller: Caller) -> tuple[Caller, ...]:
    """The caller as guest of each ally that shares something with her roles; () for application entities and guests.

    Raises Exhausted when the database is away.
    """
    if caller.guest is not None or caller.kind not in (CallerKind.USER, CallerKind.PROGRAM):
        return ()
    if not caller.may(Right.READ):
        return ()
    with _KNOWN_LOCK:
        known = _KNOWN.setdefault(database, _Known())
    rules = known.rules(database, (caller.institution_id, caller.roles))
    return tuple(replace(caller, institution_id=giver, roles=(Role.GUEST,), guest=guest) for giver, guest in rules)


def _read(database: Database, key: _Key) -> _Rules:
    home, roles = key
    parameters = {"home": home, "roles": [str(role) for role in roles], "most": _MOST_DOORS}
    with database.transaction(home) as connection:
        rows: list[Any] = connection.execute(_RULES, parameters, prepare=True).fetchall()
    return tuple((giver, Guest(home, rule, tuple(modalities), since)) for giver, rule, modalities, since in rows)
