"""The end of a migration: what the source has against what we keep, object by object, and the report of it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from isocenter.access.caller import Caller
from isocenter.domain.migration.held import Held, HeldVersion
from isocenter.domain.migration.migrate import Progress
from isocenter.domain.migration.migration_state import HERE, Compared, KnownObject, MigrationState, State
from isocenter.domain.migration.source import Source, SourceSeries
from isocenter.kit.errors import IsocenterError

WHAT_WAS_COMPARED = {
    "fetched": "BLAKE3 of the data set as the source gave it in this migration with BLAKE3 of our received form",
    "read-back": "our received form was read back from journal or pack (rebuilt where it is sealed) and hashed anew",
    "index": "our received form by the digest that was recorded when it was received, not read again",
    "md5": "MD5 of the file as it came with the MD5 that the source keeps of it, asked once more at the end",
    "elsewhere": "presence by SOP Instance UID, because the source sent to our listener (C-MOVE) and keeps no digest: "
    "no byte was compared with the source's own",
}


_WHY = {
    Compared.MISSING: "It was stored and is not here now, or cannot be read back.",
    Compared.CHANGED_AT_SOURCE: "The source keeps another digest than that of what it gave.",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a migration came to. whole: every object that the source lists is here and compares."""

    source: str
    studies: int
    states: dict[State, int]
    comparisons: dict[Compared, int]
    compared_how: list[str]
    problems: list[KnownObject]

    @property
    def whole(self) -> bool:
        """Whether nothing is left to look at."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """For the report file and for programs: UIDs and reasons, never names."""
        return {
            "source": self.source,
            "studies": self.studies,
            "objects": {str(state): count for state, count in self.states.items()},
            "compared": {str(result): count for result, count in self.comparisons.items()},
            "compared_how": self.compared_how,
            "problems": [
                {
                    "sop_instance_uid": each.object.sop_instance_uid,
                    "state": str(each.state),
                    "reason": each.reason,
                    "message": each.message,
                    "compared": None if each.compared is None else str(each.compared),
                }
                for each in self.problems
            ],
        }


def compare(
    caller: Caller,
    held: Held,
    source: Source,
    state: MigrationState,
    *,
    read_back: bool,
    parallel: int,
    progress: Progress,
) -> Report:
    """Compare every object that is here, then say what a whole migration came to. Raises SourceAway."""
    work = _Comparison(caller, held, source, state, read_back)
    series = state.series_with(HERE)
    total = sum(count for each, count in state.counts().items() if each in HERE)
    done = 0
    with ThreadPoolExecutor(parallel, thread_name_prefix="compare") as pool:
        for count in pool.map(work.series, series):
            done += count
            progress("comparing", done, total)
    how = [WHAT_WAS_COMPARED["elsewhere" if source.arrives_elsewhere else "fetched"]]
    how.append(WHAT_WAS_COMPARED["read-back" if read_back else "index"])
    if work.md5_seen:
        how.append(WHAT_WAS_COMPARED["md5"])
    counts, comparisons = state.counts(), state.comparisons()
    return Report(source.name, state.studies(), counts, comparisons, how, list(state.problems()))


class _Comparison:
    def __init__(self, caller: Caller, held: Held, source: Source, state: MigrationState, read_back: bool) -> None:
        self.md5_seen = False
        self._caller = caller
        self._held = held
        self._source = source
        self._state = state
        self._read_back = read_back

    def series(self, series: SourceSeries) -> int:
        """Compare the objects of one series; how many."""
        objects = self._state.objects_of(series, HERE)
        versions = self._held.versions(self._caller, [each.object.sop_instance_uid for each in objects])
        for each in objects:
            result = self._result(each, versions.get(each.object.sop_instance_uid, []))
            if result in (Compared.MISSING, Compared.CHANGED_AT_SOURCE):  # the next run brings it again
                self._state.settle(series, each.object, State.FAILED, reason=result, message=_WHY[result])
            self._state.compared(series, each.object, result)
        return len(objects)

    def _result(self, known: KnownObject, versions: Sequence[HeldVersion]) -> Compared:
        if not versions:
            return Compared.MISSING
        if known.digest is None:  # it came by our listener, or was here before: there are no bytes of the source
            return Compared.PRESENT if any(self._sound(version) for version in versions) else Compared.MISSING
        if self._changed_at_source(known):
            return Compared.CHANGED_AT_SOURCE
        same = [version for version in versions if version.digest == known.digest]
        if same:
            return Compared.SAME if any(self._sound(version) for version in same) else Compared.MISSING
        if known.state is State.ALREADY_STORED:  # found equal, element by element, when it came
            return Compared.SAME_DATA_SET if any(self._sound(version) for version in versions) else Compared.MISSING
        return Compared.DIFFERENT

    def _sound(self, version: HeldVersion) -> bool:
        if not self._read_back:
            return True
        try:
            return self._held.read_back(version) == version.digest
        except IsocenterError:
            return False

    def _changed_at_source(self, known: KnownObject) -> bool:
        if known.md5 is None:
            return False
        said = self._source.md5(known.object)
        self.md5_seen = self.md5_seen or said is not None
        return said is not None and said != known.md5
