"""The copies of one object, with everything that may come between: crashes, erasing, damage, new policies, retention.

The rules are those of domain/placement/tiers.py, called and not copied; the order of their small steps is that of
domain/placement/placing.py. The first storage is the primary; the last one may retain what it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from bench.model_check import Model
from isocenter.domain.placement import tiers
from isocenter.domain.placement.tiers import Copies, CopyState, Leave, Step, Write

NONE, SOUND, ROTTEN = 0, 1, 2
_SETTLES_WITHIN = 400


@dataclass(frozen=True, slots=True)
class Rules:
    """What the model takes for granted; a test breaks one after the other."""

    next_step: Callable[[Copies, Sequence[int], Collection[int]], Step | None] = tiers.next_step
    may_leave: Callable[[Copies, int, Sequence[int]], bool] = tiers.may_leave
    reads_before_leaving: bool = True
    sweeps: bool = True


@dataclass(frozen=True, slots=True)
class State:
    """rows, bytes, asked: of each storage. at: what the worker is in the middle of. erasing: 0 not, 1 begun, 2 done.

    asked: a deletion that this storage has not had yet. faults: how often the world may still damage a copy.
    """

    rows: tuple[CopyState | None, ...]
    bytes: tuple[int, ...]
    asked: tuple[bool, ...]
    wanted: int = 0
    at: tuple[object, ...] = ()
    has_row: bool = True
    erasing: int = 0
    keeps: bool = False
    faults: int = 1

    def copies(self) -> dict[int, CopyState]:
        return {number: state for number, state in enumerate(self.rows) if state is not None}


def copies_model(
    wanted: tuple[tuple[int, ...], ...], *, storages: int, keeps: bool = False, rules: Rules | None = None
) -> Model[State]:
    """wanted: what policies may ask for, the first at first. keeps: the last storage retains, until time has passed."""
    first = State(
        rows=(CopyState.VERIFIED, *[None] * (storages - 1)),
        bytes=(SOUND, *[NONE] * (storages - 1)),
        asked=(False,) * storages,
        keeps=keeps,
    )
    moving = _Moves(wanted, rules or Rules())
    name = f"copies in {storages} storages{', the last of which retains' if keeps else ''}"
    promises = (
        "while an object is in the index, a sound copy of it can be read",
        "a copy that counts is there and sound, unless the world damaged it",
        "from every state, our jobs alone bring each copy to where it belongs, and nothing else remains",
        "an erased object leaves no copy and no row, and none comes back",
    )
    return Model(name, promises, (first,), moving.moves, _wrong, moving.settles)


def _wrong(state: State) -> str | None:
    if state.has_row and SOUND not in state.bytes:
        return "lost: no sound copy is left"
    if state.has_row and state.faults:
        for row, content in zip(state.rows, state.bytes, strict=True):
            if row is CopyState.VERIFIED and content != SOUND:
                return "a copy counts that is not there"
    return None


class _Moves:
    def __init__(self, wanted: tuple[tuple[int, ...], ...], rules: Rules) -> None:
        self._wanted = wanted
        self._rules = rules
        self._ends = cache(self._end)

    def moves(self, state: State) -> Iterable[tuple[str, State]]:
        """Everything that can happen next."""
        yield from self._world(state)
        yield from self._eraser(state)
        yield from self._jobs(state)
        if state.at:
            yield from self._worker(state)
            yield from self._crashes(state)
        else:
            yield from self._begins(state)

    def settles(self, state: State) -> str | None:
        """What is wrong with where our jobs bring a state when nothing else happens any more."""
        end = self._ends(replace(state, keeps=False))
        belongs = set(self._wanted[end.wanted]) if end.has_row else set()
        for number, (row, content) in enumerate(zip(end.rows, end.bytes, strict=True)):
            if number in belongs and (row, content) != (CopyState.VERIFIED, SOUND):
                return f"storage {number} never gets its copy"
            if number not in belongs and (row, content) != (None, NONE):
                return f"storage {number} keeps what does not belong there"
        return "a deletion is never done with" if any(end.asked) else None

    def _end(self, state: State) -> State:
        for _ in range(_SETTLES_WITHIN):
            following = self._settling(state)
            if following is None:
                return state
            state = following
        raise AssertionError("our jobs go round and round")

    def _settling(self, state: State) -> State | None:
        if state.erasing == 1:
            return replace(state, erasing=2)  # whoever erased has crashed
        for moves in (self._worker(state) if state.at else (), self._jobs(state)):
            for _, following in moves:
                if following != state:
                    return following
        for label, following in self._begins(state) if not state.at else ():
            after = next(iter(self._worker(following)))[1] if label.startswith("looks") else following
            if after != state:
                return after
        return None

    def _world(self, state: State) -> Iterable[tuple[str, State]]:
        for number in range(len(self._wanted)):
            if number != state.wanted:
                yield f"policy {number} now decides", replace(state, wanted=number)
        if state.keeps:
            yield "the time of retention is over", replace(state, keeps=False)
        # Damage that comes between the look at the others and the deletion of the last other copy undoes every system.
        looked = state.at[:1] in (("leave-decide",), ("leave-delete",))
        if state.faults and state.bytes.count(SOUND) > 1 and not looked and state.has_row:
            for number, content in enumerate(state.bytes):
                if content == SOUND:
                    for harm, word in ((ROTTEN, "rots"), (NONE, "vanishes")):
                        damaged = replace(state, bytes=_with(state.bytes, number, harm), faults=state.faults - 1)
                        yield f"the copy in {number} {word}", damaged

    def _eraser(self, state: State) -> Iterable[tuple[str, State]]:
        if state.erasing == 0:
            yield "erase: the row goes", replace(state, has_row=False, erasing=1)
        if state.erasing == 1:
            yield "erase: killed before the copies go", replace(state, erasing=2)
            yield "erase: every copy goes", self._deleted(replace(state, erasing=2), away=None)
            for number in range(1, len(state.rows)):
                yield f"erase: copies go, {number} is away", self._deleted(replace(state, erasing=2), away=number)

    def _deleted(self, state: State, away: int | None) -> State:
        """Places.delete: written down for the others, gone from the primary, gone from each other that answers."""
        for number in range(len(state.rows)):
            kept = number == away or self._keeps(state, number)
            asked = kept and number > 0
            content = state.bytes[number] if kept else NONE
            state = replace(state, bytes=_with(state.bytes, number, content), asked=_with(state.asked, number, asked))
        return state

    def _jobs(self, state: State) -> Iterable[tuple[str, State]]:
        if state.has_row:
            return
        for number, asked in enumerate(state.asked):
            if asked and not self._keeps(state, number):
                done = replace(state, bytes=_with(state.bytes, number, NONE), asked=_with(state.asked, number, False))
                yield f"job: the deletion reaches {number}", done
        for number, row in enumerate(state.rows):
            if row is not None and not self._keeps(state, number):
                yield f"job: the copy in {number} of what is erased goes", _taken(state, number)
        if self._rules.sweeps and self._unknown(state):
            yield "job: packs without a row are swept", self._deleted(state, away=None)

    def _unknown(self, state: State) -> bool:
        """Bytes that no row and no list knows, where they can be deleted."""
        return state.erasing == 2 and any(
            content and not self._keeps(state, number) for number, content in enumerate(state.bytes)
        )

    def _begins(self, state: State) -> Iterable[tuple[str, State]]:
        if not state.has_row:
            return
        for number, row in enumerate(state.rows):
            if row is not None:
                yield f"looks at the copy in {number}", replace(state, at=("scrub", number))
        wanted = self._wanted[state.wanted]
        keeps = [len(state.rows) - 1] if state.keeps else []
        step = self._rules.next_step(state.copies(), wanted, keeps)
        if isinstance(step, Write):
            for source in step.sources:
                at = ("write", step.storage_id, source)
                yield f"will write {step.storage_id} from {source}", replace(state, at=at)
        elif isinstance(step, Leave):
            yield f"will leave {step.storage_id}", replace(state, at=("leave", step.storage_id, wanted))

    def _keeps(self, state: State, number: int) -> bool:
        return state.keeps and number == len(state.rows) - 1

    def _crashes(self, state: State) -> Iterable[tuple[str, State]]:
        yield "the worker is killed", replace(state, at=())
        if state.at[0] == "write-put":
            target = state.at[1]
            assert isinstance(target, int)
            yield "the worker is killed in mid write", replace(state, at=(), bytes=_with(state.bytes, target, ROTTEN))

    def _worker(self, state: State) -> Iterable[tuple[str, State]]:
        word = str(state.at[0]).replace("-", "_")
        yield getattr(self, f"_{word}")(replace(state, at=()), *state.at[1:])

    def _scrub(self, state: State, number: int) -> tuple[str, State]:
        if not state.has_row or state.rows[number] is None:
            return "scrub: gone meanwhile", state
        sound = state.bytes[number] == SOUND
        return "scrub: read", _row(state, number, CopyState.VERIFIED if sound else CopyState.DAMAGED)

    def _write(self, state: State, target: int, source: int) -> tuple[str, State]:
        if not state.has_row:
            return "write: erased meanwhile", state
        return "write: the row says so", replace(
            _row(state, target, CopyState.WRITING), at=("write-read", target, source)
        )

    def _write_read(self, state: State, target: int, source: int) -> tuple[str, State]:
        if state.bytes[source] != SOUND:
            if state.has_row and state.rows[source] is CopyState.VERIFIED:
                state = _row(state, source, CopyState.DAMAGED)
            return "write: the source is not sound", state
        return "write: the source is read", replace(state, at=("write-replace", target))

    def _write_replace(self, state: State, target: int) -> tuple[str, State]:
        if state.bytes[target] == SOUND:
            return "write: an earlier attempt had written it", replace(state, at=("write-commit", target))
        gone = replace(state, bytes=_with(state.bytes, target, NONE), at=("write-put", target))
        return "write: nothing is in the way", gone

    def _write_put(self, state: State, target: int) -> tuple[str, State]:
        return "write: put", replace(state, bytes=_with(state.bytes, target, SOUND), at=("write-check", target))

    def _write_check(self, state: State, target: int) -> tuple[str, State]:
        if state.bytes[target] != SOUND:
            return "write: reads back otherwise", replace(state, bytes=_with(state.bytes, target, NONE))
        return "write: reads back", replace(state, at=("write-commit", target))

    def _write_commit(self, state: State, target: int) -> tuple[str, State]:
        if state.has_row and state.rows[target] is CopyState.WRITING:
            return "write: counts", _row(state, target, CopyState.VERIFIED)
        return "write: erased meanwhile, taken away", state if self._keeps(state, target) else _taken(state, target)

    def _leave(self, state: State, number: int, wanted: tuple[int, ...]) -> tuple[str, State]:
        if not self._rules.reads_before_leaving:
            return "leave: the others are trusted", replace(state, at=("leave-decide", number, wanted))
        unsound = [each for each in wanted if each != number and state.bytes[each] != SOUND]
        if not unsound:
            return "leave: the others are sound", replace(state, at=("leave-decide", number, wanted))
        for each in unsound:
            if state.rows[each] is CopyState.VERIFIED:
                state = _row(state, each, CopyState.DAMAGED)
        return "leave: another is not sound, so it stays", state

    def _leave_decide(self, state: State, number: int, wanted: tuple[int, ...]) -> tuple[str, State]:
        if not state.has_row or not self._rules.may_leave(state.copies(), number, wanted):
            return "leave: may not", state
        return "leave: the row says so", replace(_row(state, number, CopyState.LEAVING), at=("leave-delete", number))

    def _leave_delete(self, state: State, number: int) -> tuple[str, State]:
        return "leave: deleted", replace(state, bytes=_with(state.bytes, number, NONE), at=("leave-done", number))

    def _leave_done(self, state: State, number: int) -> tuple[str, State]:
        return "leave: done", _row(state, number, None)


def _with(values: tuple, number: int, value: object) -> tuple:  # type: ignore[type-arg]
    return (*values[:number], value, *values[number + 1 :])


def _row(state: State, number: int, row: CopyState | None) -> State:
    return replace(state, rows=_with(state.rows, number, row))


def _taken(state: State, number: int) -> State:
    return _row(replace(state, bytes=_with(state.bytes, number, NONE)), number, None)
