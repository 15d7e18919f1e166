"""Who leads: numbered, signed entries at a witness, each created once (docs/formats.md, "Leads").

The entry with the highest number counts. Its site may write for so many seconds; it goes on by creating the next
number, and another site takes over by creating it with the next generation, once no new number has come for longer
than that. No clock is compared with another: each process measures, on its own, from when it last saw what came before.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from isocenter.kit.clock import utc_now
from isocenter.storage.errors import ForgedFact, ObjectExists, UnknownFormat
from isocenter.storage.facts import SigningKey, line_signed_by, signed
from isocenter.storage.object_store import ObjectStore

LEAD_FORMAT: Final = "lead/1"
FOLDER: Final = "lead"
KEPT: Final = 50
"""Older entries are removed; these stay for people to look at."""
_KEY = re.compile(rf"{FOLDER}/([0-9]{{12}})\.json")
_SLACK: Final = 1.1
_MARGIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class LeadEntry:
    """One entry. generation: grows with every take-over; valid_for_s: how long its site may write after it."""

    number: int
    generation: int
    site: str
    valid_for_s: float
    at: str = ""


def boot_time_s() -> float:
    """Seconds that pass while the machine sleeps, too: a lease runs out meanwhile."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Witness:
    """The entries in an object store that both sites reach and that creates an object once, whoever asks."""

    def __init__(self, store: ObjectStore, key: SigningKey, trusted: Mapping[str, SigningKey] | None = None) -> None:
        """key: signs our entries. trusted: keys by id whose entries count; that key alone when None."""
        self._store = store
        self._key = key
        self._trusted = trusted or {key.key_id: key}

    def latest(self) -> LeadEntry | None:
        """The entry with the highest number; None before the first. Raises StoreAway, ForgedFact, UnknownFormat."""
        numbers = self._numbers()
        return self.read(numbers[-1]) if numbers else None

    def read(self, number: int) -> LeadEntry:
        """One entry. Raises NoSuchObject, StoreAway, ForgedFact, UnknownFormat."""
        line = line_signed_by(self._trusted, self._store.get(_key(number)))
        if line is None:
            raise ForgedFact("The signature of a lead is wrong.", number=number)
        body: dict[str, Any] = json.loads(line)
        if body.pop("format") != LEAD_FORMAT:
            raise UnknownFormat("A lead is of a format that this program does not know.", number=number)
        if body["number"] != number:
            raise ForgedFact("A lead is in the place of another.", number=number)
        return LeadEntry(**body)

    def append(self, entry: LeadEntry) -> bool:
        """Create the entry; whether it is now the highest. Raises StoreAway: then it may have been created.

        It looks afterwards, because a number so old that it was removed could be created again.
        """
        stamped = {"format": LEAD_FORMAT, **asdict(entry), "at": utc_now().isoformat(timespec="milliseconds")}
        line = json.dumps(stamped, separators=(",", ":")).encode()
        try:
            self._store.put(_key(entry.number), signed(self._key, line))
        except ObjectExists:
            return False
        numbers = self._numbers()
        for old in numbers[:-KEPT]:
            self._store.delete(_key(old))
        return bool(numbers) and numbers[-1] == entry.number

    def _numbers(self) -> list[int]:
        matches = [_KEY.fullmatch(head.key) for head in self._store.list(FOLDER)]
        return sorted(int(match[1]) for match in matches if match)


class LeadView:
    """What one process knows of the lead, from what it saw and when. Times are of `clock`, in seconds.

    A site leads until the start of the last look that did not yet show the newest entry, plus what that is valid for:
    the entry came later than that look, and nobody takes over before that time has passed since it came.
    """

    def __init__(self, site: str, generation: int, clock: Callable[[], float] = boot_time_s) -> None:
        self.entry: LeadEntry | None = None
        self._site = site
        self._generation = generation
        self._clock = clock
        self._looked_at: float | None = None
        self._first_seen_at = 0.0
        self._until = float("-inf")

    def saw(self, asked_at: float, entry: LeadEntry | None) -> None:
        """A look that began at asked_at showed this entry as the newest."""
        if entry is not None and (self.entry is None or entry.number > self.entry.number):
            if not self._is_ours(entry):
                self._until = float("-inf")
            elif self._looked_at is not None:
                self._until = self._looked_at + entry.valid_for_s
            self.entry = entry
            self._first_seen_at = self._clock()
        self._looked_at = asked_at

    def appended(self, began_at: float, entry: LeadEntry) -> None:
        """We created this entry, beginning at began_at."""
        self.entry = entry
        self._first_seen_at = self._clock()
        self._looked_at = began_at
        self._until = began_at + entry.valid_for_s if self._is_ours(entry) else float("-inf")

    def leads(self) -> bool:
        """Whether our site leads at this moment, for certain."""
        return self._clock() < self._until

    def leads_for_s(self) -> float:
        """How much longer; 0 when it does not."""
        return max(0.0, self._until - self._clock())

    def is_ours(self) -> bool:
        """Whether the newest entry is our site's in our generation; also true when there is none."""
        return self.entry is None or self._is_ours(self.entry)

    def age_s(self) -> float:
        """Since we first saw the newest entry; without end when there is none."""
        return float("inf") if self.entry is None else self._clock() - self._first_seen_at

    def may_be_taken(self) -> bool:
        """Whether nobody can lead by the newest entry any more: no later one came for longer than it is valid."""
        return self.entry is None or self.wait_s() <= 0

    def wait_s(self) -> float:
        """How long until `may_be_taken`, if nothing new comes."""
        if self.entry is None:
            return 0.0
        return max(0.0, self._first_seen_at + self.entry.valid_for_s * _SLACK + _MARGIN_S - self._clock())

    def next_entry(self, valid_for_s: float) -> LeadEntry:
        """What to create to go on leading, or to take over."""
        number = 1 if self.entry is None else self.entry.number + 1
        return LeadEntry(number, self._generation, self._site, valid_for_s)

    def _is_ours(self, entry: LeadEntry) -> bool:
        return (entry.site, entry.generation) == (self._site, self._generation)


def _key(number: int) -> str:
    return f"{FOLDER}/{number:012d}.json"
