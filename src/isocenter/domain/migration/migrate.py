"""The verb "migrate": everything that another archive has, into this one, bounded, resumable and compared at the end.

One series is one piece of work; several are under way at a time. What the source gives is hashed as it comes: MD5 of
the file, which some archives keep too, and BLAKE3 of the data set, which is what we keep.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.outcome import StoreKind, StoreOutcome
from isocenter.domain.archive.reception import Reception
from isocenter.domain.archive.reception import Source as Origin
from isocenter.domain.archive.store import Archive
from isocenter.domain.migration.errors import NotGiven, SourceAway
from isocenter.domain.migration.held import Held
from isocenter.domain.migration.incoming import Batch, IncomingFile, batch
from isocenter.domain.migration.migration_state import TO_DO, MigrationState, State
from isocenter.domain.migration.source import Arriving, Source, SourceObject, SourceSeries
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.logging import get_logger

T = TypeVar("T")

log = get_logger(__name__)

ATTEMPTS = 3
ROUNDS = 3
"""The source is listed again when everything is here, for what came meanwhile; so often at most."""
FAILURES_IN_A_ROW = 8
"""So many series that fail one after another because the source is away end the run; the next one goes on."""
ARRIVAL_S = 30.0
"""How long what a source sent to our listener may take until it is seen in the index."""

_STATE_OF = {
    StoreKind.STORED: State.STORED,
    StoreKind.ALREADY_STORED: State.ALREADY_STORED,
    StoreKind.KEPT_ASIDE: State.KEPT_ASIDE,
}

Progress = Callable[[str, int, int], None]
"""(what is done: "listing", "fetching", "comparing"; so many objects are through; of so many)."""


@dataclass(frozen=True, slots=True)
class Options:
    """parallel: series under way at one time. trust_uids: what is here under the same UID is not fetched."""

    parallel: int = 4
    trust_uids: bool = False
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where everything goes. origin: what is recorded as the sender of each object."""

    archive: Archive
    held: Held
    caller: Caller
    origin: Origin


def migrate(to: Destination, source: Source, state: MigrationState, options: Options, progress: Progress) -> None:
    """Bring in what is not here yet; the state knows what became of each object.

    Raises Refused; SourceAway when the source stays away; Exhausted when nothing more can be stored here. Whatever ends
    it, the next run goes on.
    """
    to.caller.require(Right.STORE)
    work = _Migration(to, source, state, options, progress)
    for number in range(ROUNDS):
        if not work.list_source() and number > 0:
            break
        work.fetch(state.series_with(TO_DO if number == 0 else (State.LISTED,)))


class _Migration:
    """One run."""

    def __init__(
        self, to: Destination, source: Source, state: MigrationState, options: Options, progress: Progress
    ) -> None:
        self._to = to
        self._source = source
        self._state = state
        self._options = options
        self._progress = progress
        self._failures = self._through = self._total = 0
        self._stop = Event()

    def list_source(self) -> int:
        """Remember everything the source has; how many objects are new."""
        new = seen = 0
        for series in self._source.series():
            objects = self._source.objects(series)
            new += self._state.list_series(series, objects)
            seen += len(objects)
            self._progress("listing", seen, seen)
        return new

    def fetch(self, series: Sequence[SourceSeries]) -> None:
        """Bring in the series, a few at a time. Raises what ends the run."""
        counts = self._state.counts()
        self._total = sum(counts.values())
        self._through = self._total - sum(counts.get(each, 0) for each in TO_DO)
        pending: set[Future[None]] = set()
        with ThreadPoolExecutor(self._options.parallel, thread_name_prefix="migrate") as pool:
            try:
                for each in series:
                    while len(pending) >= 2 * self._options.parallel:
                        pending = self._advance(pending)
                    pending.add(pool.submit(self._bring, each))
                while pending:
                    pending = self._advance(pending)
            except BaseException:
                self._stop.set()
                raise

    def _advance(self, pending: set[Future[None]]) -> set[Future[None]]:
        done, rest = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        return rest

    def _bring(self, series: SourceSeries) -> None:
        """One series: try a few times, then say of every object that did not come why."""
        problem: IsocenterError | None = None
        for attempt in range(ATTEMPTS):
            wanted = self._wanted(series)
            if not wanted or self._stop.is_set():
                return
            if attempt:
                time.sleep(self._options.pause_s * 2 ** (attempt - 1))
            try:
                self._retrieve(series, wanted)
            except Exhausted as error:
                if not isinstance(error, SourceAway):
                    raise  # nothing more can be stored here now
                problem = error
            except IsocenterError as error:
                problem = error
            else:
                problem = NotGiven("The source lists this object and did not give it.")
        self._fail(series, problem)

    def _wanted(self, series: SourceSeries) -> list[SourceObject]:
        wanted = [each.object for each in self._state.objects_of(series, TO_DO)]
        if not self._options.trust_uids or not wanted:
            return wanted
        here = self._to.held.here(self._to.caller, [each.sop_instance_uid for each in wanted])
        for each in wanted:
            if each.sop_instance_uid in here:
                self._state.settle(series, each, State.TRUSTED)
        return [each for each in wanted if each.sop_instance_uid not in here]

    def _retrieve(self, series: SourceSeries, wanted: Sequence[SourceObject]) -> None:
        taken = _Taken(self._state, series, self._arrived)
        with batch(self._to.archive, taken.settled) as waiting:
            try:
                self._source.retrieve(series, wanted, _Intake(self._to, waiting, taken, self._stop))
            except SourceAway:
                waiting.flush()  # what came whole before the line broke is kept
                raise
        if self._source.arrives_elsewhere:
            self._look_for(series, wanted)

    def _arrived(self) -> None:
        self._failures = 0
        self._through += 1
        self._progress("fetching", self._through, self._total)

    def _look_for(self, series: SourceSeries, wanted: Sequence[SourceObject]) -> None:
        """What the source sent to our listener is acknowledged by it; here we only see that it came."""
        missing = {each.sop_instance_uid: each for each in wanted}
        deadline = time.monotonic() + ARRIVAL_S
        while missing and not self._stop.is_set():
            for uid in self._to.held.here(self._to.caller, sorted(missing)):
                self._state.settle(series, missing.pop(uid), State.STORED)
                self._arrived()
            if missing and time.monotonic() > deadline:
                return
            time.sleep(0.2 if missing else 0)

    def _fail(self, series: SourceSeries, problem: IsocenterError | None) -> None:
        left = self._state.objects_of(series, TO_DO)
        if not left or problem is None:
            return
        for each in left:
            self._state.settle(series, each.object, State.FAILED, reason=problem.reason, message=problem.message)
        log.warning("migration.series-failed", series=series.series_instance_uid, reason=problem.reason)
        if isinstance(problem, SourceAway):
            self._failures += 1
            if self._failures >= FAILURES_IN_A_ROW:
                raise problem


@dataclass(frozen=True, slots=True)
class _Arrived:
    """An object that is whole. object: as it was announced, or as its file meta information says (announced false)."""

    object: SourceObject
    announced: bool
    md5: str | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Taken:
    """Writes down what became of the objects of one series. arrived: told of each that is stored."""

    state: MigrationState
    series: SourceSeries
    arrived: Callable[[], None]

    def settled(self, arrived: _Arrived, outcome: StoreOutcome | IsocenterError) -> None:
        """An object was given to the archive."""
        if isinstance(outcome, IsocenterError):
            self.refused(arrived.object, outcome)
        elif not arrived.announced:
            self._stored(SourceObject(outcome.sop_instance_uid), arrived, outcome)
        elif arrived.object.sop_instance_uid != outcome.sop_instance_uid:
            message = "The source gives another instance under this UID; what it gave is stored as what it is."
            self.state.settle(self.series, arrived.object, State.REFUSED, reason="other-instance", message=message)
        else:
            self._stored(arrived.object, arrived, outcome)

    def _stored(self, found: SourceObject, arrived: _Arrived, outcome: StoreOutcome) -> None:
        self.state.settle(self.series, found, _STATE_OF[outcome.kind], md5=arrived.md5, digest=arrived.digest)
        self.arrived()

    def refused(self, found: SourceObject, error: IsocenterError) -> None:
        """The archive does not take an object."""
        self.state.settle(self.series, found, State.REFUSED, reason=error.reason, message=error.message)
        log.info("migration.refused", sop_instance_uid=found.sop_instance_uid, reason=error.reason)


class _Arriving:
    """Hashes one object on its way into the archive. What the archive refuses is remembered, the rest ignored."""

    def __init__(self, file: IncomingFile) -> None:
        self.file = file
        self.refusal: IsocenterError | None = None
        self._md5: hashlib._Hash | None = hashlib.md5(usedforsecurity=False)

    @property
    def md5(self) -> str | None:
        """Of the whole file; None for a bare data set."""
        return None if self._md5 is None else self._md5.hexdigest()

    def begin_data_set(self, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> None:
        self._md5 = None
        self._unless_refused(lambda: self.file.begin_data_set(sop_class_uid, sop_instance_uid, transfer_syntax_uid))

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        if self._md5 is not None:
            self._md5.update(chunk)
        self._unless_refused(lambda: self.file.write(chunk))

    def finished(self) -> Reception | None:
        """The reception that holds the whole object; None when it is refused."""
        return self._unless_refused(self.file.finish)

    def _unless_refused(self, take: Callable[[], T]) -> T | None:
        if self.refusal is not None:
            return None
        try:
            return take()
        except Exhausted:
            raise
        except IsocenterError as error:
            self.refusal = error
            self.file.abandon()
            return None


class _Intake:
    """Takes the objects of one series into one batch."""

    def __init__(self, to: Destination, waiting: Batch[_Arrived], taken: _Taken, stop: Event) -> None:
        self._to = to
        self._waiting = waiting
        self._taken = taken
        self._stop = stop

    @contextmanager
    def object(self, announced: SourceObject | None) -> Iterator[Arriving]:
        """See `source.Intake`. Raises SourceAway when the run is being stopped."""
        if self._stop.is_set():
            raise SourceAway("The migration is being stopped.")
        arriving = _Arriving(IncomingFile(self._to.archive, self._to.caller, self._to.origin))
        try:
            yield arriving
            found = announced or SourceObject(arriving.file.sop_instance_uid)
            reception = arriving.finished()
        except BaseException:
            arriving.file.abandon()
            raise
        if reception is None:
            assert arriving.refusal is not None
            self._taken.refused(found, arriving.refusal)
            return
        found = announced or SourceObject(reception.sop_instance_uid)
        digest = arriving.file.digest
        self._waiting.add(_Arrived(found, announced is not None, arriving.md5, digest), reception)
