"""Destroying what the law keeps no longer: proposed by one person, approved by two of two powers, done by a job.

Each decision looks at the world again first: a hold, a visit, a longer policy or a late image takes a study out of its
proposal. The decision of the second is a signed fact; each destroyed study is one more, and gets its certificate
(domain/archive/destruction_certificate.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller, system_caller
from isocenter.access.restriction.errors import PeopleOnly
from isocenter.access.restriction.restrictions import checked_reason
from isocenter.access.roles import Right
from isocenter.access.sight import user_id_of
from isocenter.domain.archive.erase import erase_study
from isocenter.domain.archive.errors import KeptByLaw, OnLegalHold
from isocenter.domain.archive.keeping import Authority
from isocenter.domain.retention.clock import check_clock
from isocenter.domain.retention.errors import ClockLeapt, NotInThisState, UnknownDestruction
from isocenter.domain.retention.looking import ON_THEIR_WAY, refresh
from isocenter.domain.retention.states import (
    Approval,
    Power,
    Standing,
    State,
    World,
    approve,
    check_approval,
    destroy,
    powers_of,
    propose,
    withdraw,
)
from isocenter.index import destructions as index
from isocenter.index.destructions import Destruction, Item, Step
from isocenter.index.erasure_records import records_of_study
from isocenter.index.erasures import erased_at
from isocenter.index.institutions import institutions
from isocenter.index.outbox import append_event
from isocenter.index.retention import kept_until
from isocenter.index.visits import forget_visits, identifiers_of_study
from isocenter.kit.database import Connection, Database
from isocenter.kit.jobs import defer
from isocenter.kit.logging import get_logger
from isocenter.storage.facts import FactLog
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

DESTROY: Final = "destroy-approved-studies"
RETENTION_QUEUE: Final = "retention"
"""Of its own: looking at everything that is old takes a while in a large archive."""
SHORTEST_REASON: Final = 3
MOST_STUDIES: Final = 500
"""In one proposal: what a person can look through."""
_AT_ONCE: Final = 100
_GONE_ON: Final = World(is_over=True)


@dataclass(frozen=True, slots=True)
class Overview:
    """What is to be done in an institution. counts: studies by state. names: of people, by number."""

    counts: dict[str, int]
    destructions: list[Destruction]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Destructions:
    """The verbs of one process. key_file: signs facts."""

    database: Database
    store: ObjectStore
    key_file: Path

    def overview(self, caller: Caller) -> Overview:
        """How many studies stand where, and the proposals, last first. Raises Refused."""
        caller.require(Right.APPROVE_DESTRUCTION)
        with self.database.transaction(caller.institution_id) as connection:
            found = index.destructions(connection)
            return Overview(index.counts(connection), found, index.names_of_people(connection, found))

    def studies(self, caller: Caller, state: State | None = None) -> list[Item]:
        """Studies on their way, or those in one state, oldest day first. Raises Refused."""
        caller.require(Right.APPROVE_DESTRUCTION)
        with self.database.transaction(caller.institution_id) as connection:
            return index.items_in(connection, list(ON_THEIR_WAY) if state is None else [state])

    def destruction(self, caller: Caller, destruction_id: int) -> tuple[Destruction, list[Item], dict[str, str]]:
        """One proposal with its studies, and names of people by number. Raises Refused, UnknownDestruction."""
        caller.require(Right.APPROVE_DESTRUCTION)
        with self.database.transaction(caller.institution_id) as connection:
            found = _found(connection, destruction_id)
            items = index.items_of(connection, destruction_id)
            return found, items, index.names_of_people(connection, [found])

    def steps(self, caller: Caller, study_instance_uid: str) -> list[Step]:
        """Every step that a study took on its way. Raises Refused."""
        caller.require(Right.APPROVE_DESTRUCTION)
        with self.database.transaction(caller.institution_id) as connection:
            return index.steps_of(connection, study_instance_uid)

    def propose(self, caller: Caller, study_instance_uids: Sequence[str], reason: str) -> int:
        """Propose that these studies be destroyed; all of them are due, or nothing is done. Its number.

        Raises Refused, PeopleOnly, InvalidReason, NotInThisState, ClockLeapt.
        """
        by = _person(caller)
        why = checked_reason(reason, SHORTEST_REASON)
        wanted = sorted(set(study_instance_uids))
        if not 0 < len(wanted) <= MOST_STUDIES:
            raise NotInThisState(f"A proposal has 1 to {MOST_STUDIES} studies.", state="none")
        with self.database.transaction(caller.institution_id) as connection:
            today = check_clock(connection)
            standing = refresh(connection, caller, index.items_named(connection, wanted), today)
            due = {item.study_instance_uid: item for item, _, now in standing if now.state is State.DUE}
            missing = [uid for uid in wanted if uid not in due]
            if missing:
                raise NotInThisState("Only studies that are due can be proposed.", study_instance_uid=missing[0])
            number = index.insert_destruction(connection, why, by)
            for item in due.values():
                after = propose(Standing(State.DUE), _GONE_ON)
                index.move_item(connection, item, after.state, number, _by(caller))
            action = audit.Action.DESTRUCTION_PROPOSED
            audit.record(connection, caller, action, destruction_id=number, studies=len(due))
        return number

    def approve(self, caller: Caller, destruction_id: int) -> Destruction:
        """One of the two approvals; with the second a job destroys. What is kept again has left the proposal.

        Raises Refused, PeopleOnly, UnknownDestruction, SamePerson, SamePower, NotInThisState, ClockLeapt.
        """
        mine = Approval(_person(caller), powers_of(caller.roles))
        with self.database.transaction(caller.institution_id) as connection:
            today = check_clock(connection)
            proposal = _found(connection, destruction_id, locked=True)
            before = _approvals(connection, destruction_id)
            check_approval(before, mine)
            standing = refresh(connection, caller, index.items_of(connection, destruction_id, locked=True), today)
            after = [(item, approve(Standing(now.state, before), _GONE_ON, mine)) for item, _, now in standing]
            if after:
                self._approved(connection, caller, proposal, (*before, mine), after)
            found = _found(connection, destruction_id)
        if not after:  # what left it is written down, this is not undone
            raise NotInThisState("Nothing in this proposal can be destroyed any more.", destruction_id=destruction_id)
        return found

    def withdraw(
        self, caller: Caller, destruction_id: int, reason: str, study_instance_uids: Sequence[str] = ()
    ) -> Destruction:
        """Take a proposal back, or these studies of it, as long as they are not destroyed.

        Raises Refused, PeopleOnly, InvalidReason, UnknownDestruction, NotInThisState.
        """
        by = _person(caller)
        why = checked_reason(reason, SHORTEST_REASON)
        with self.database.transaction(caller.institution_id) as connection:
            _found(connection, destruction_id, locked=True)
            items = [
                item
                for item in index.items_of(connection, destruction_id, locked=True)
                if item.state != State.DESTROYED
                and (not study_instance_uids or item.study_instance_uid in study_instance_uids)
            ]
            if not items:
                raise NotInThisState("Nothing in this proposal can be withdrawn.", destruction_id=destruction_id)
            for item in items:
                after = withdraw(Standing(State(item.state)), _GONE_ON)
                index.move_item(connection, item, after.state, None, _by(caller))
            if not study_instance_uids:
                index.withdraw_destruction(connection, destruction_id, by, why)
            action = audit.Action.DESTRUCTION_WITHDRAWN
            audit.record(connection, caller, action, destruction_id=destruction_id, studies=len(items), because=why)
            return _found(connection, destruction_id)

    def destroy_approved(self) -> int:
        """The job: destroy what two people approved, in every institution; how many studies that were."""
        with self.database.transaction() as connection:
            every = institutions(connection)
        try:
            return sum(self._destroy_all(system_caller(one.institution_id, DESTROY)) for one in every)
        except ClockLeapt as error:
            log.warning("retention.clock-leapt", **error.fields)
            return 0

    def _destroy_all(self, caller: Caller) -> int:
        done, seen = 0, set[int]()
        while True:
            with self.database.transaction(caller.institution_id) as connection:
                waiting = index.items_in(connection, [State.APPROVED], limit=_AT_ONCE + len(seen))
            fresh = [item for item in waiting if item.item_id not in seen]
            if not fresh:
                return done
            seen.update(item.item_id for item in fresh)
            done += sum(self._destroy(caller, item.item_id) for item in fresh)

    def _destroy(self, caller: Caller, item_id: int) -> bool:
        """One study, with its row locked from looking until it is gone: nobody withdraws it meanwhile."""
        with self.database.transaction() as connection:
            today = check_clock(connection)
        with self.database.transaction(caller.institution_id) as connection:
            item = index.item_numbered(connection, item_id)
            if item is None or item.state != State.APPROVED or item.destruction_id is None:
                return False
            record_id = _record_of(connection, item)  # it was done, and whoever did it was interrupted
            identifiers = identifiers_of_study(connection, item.study_instance_uid)
            if record_id is None and refresh(connection, caller, [item], today):
                record_id = self._erase(connection, caller, item)
            if record_id is None and not _is_gone(connection, item):
                return False
            _write_destroyed(connection, caller, item, record_id)
            forget_visits(connection, identifiers)
            return True

    def _erase(self, connection: Connection, caller: Caller, item: Item) -> int | None:
        assert item.destruction_id is not None
        approvals = _approvals(connection, item.destruction_id)
        destroy(Standing(State(item.state), approvals), _GONE_ON)
        try:
            erased = erase_study(
                caller,
                self.database,
                self.store,
                self.key_file,
                item.study_instance_uid,
                reason=_reason(item.destruction_id),
                authority=Authority.APPROVED_TWICE,
                approvals=[f"user:{each.by}" for each in approvals],
            )
        except (OnLegalHold, KeptByLaw) as error:  # since the look a moment ago
            log.info("retention.kept-again", study_instance_uid=item.study_instance_uid, reason=error.reason)
            return None
        return erased.record_id

    def _approved(
        self,
        connection: Connection,
        caller: Caller,
        proposal: Destruction,
        approvals: tuple[Approval, ...],
        after: list[tuple[Item, Standing]],
    ) -> None:
        number = proposal.destruction_id
        index.insert_approval(connection, number, approvals[-1].by, sorted(approvals[-1].powers))
        for item, now in after:
            index.move_item(connection, item, now.state, number, _by(caller))
        action = audit.Action.DESTRUCTION_APPROVED
        audit.record(connection, caller, action, destruction_id=number, studies=len(after))
        if any(now.state is not State.APPROVED for _, now in after):
            return
        fact = {
            "kind": "destruction-approved",
            "destruction_id": number,
            "reason": proposal.reason,
            "proposed_by": proposal.proposed_by,
            "approved_by": [each.by for each in approvals],
            "studies": [item.study_instance_uid for item, _ in after],
        }
        FactLog(self.store, caller.institution_id, self.key_file).append(fact)
        defer(connection, DESTROY, {}, queue=RETENTION_QUEUE, once=DESTROY)


def _is_gone(connection: Connection, item: Item) -> bool:
    """Whether a fact says that it was erased: an index of a backup knows what was approved, not what became of it."""
    uid = item.study_instance_uid
    return kept_until(connection, uid) is None and erased_at(connection, uid) is not None


def _write_destroyed(connection: Connection, caller: Caller, item: Item, record_id: int | None) -> None:
    uid, number = item.study_instance_uid, item.destruction_id
    index.move_item(connection, item, State.DESTROYED, number, _by(caller), record_id=record_id)
    append_event(connection, "study-erased", uid)
    audit.record(connection, caller, audit.Action.STUDY_DESTROYED, uid, destruction_id=number, record_id=record_id)
    log.info("retention.destroyed", study_instance_uid=uid, destruction_id=number)


def _record_of(connection: Connection, item: Item) -> int | None:
    assert item.destruction_id is not None
    reason = _reason(item.destruction_id)
    found = [one for one in records_of_study(connection, item.study_instance_uid) if one.erased.reason == reason]
    return found[0].record_id if found else None


def _reason(destruction_id: int) -> str:
    """Of a fact and a record: by it an interrupted destruction is known."""
    return f"destruction-{destruction_id}"


def _person(caller: Caller) -> str:
    caller.require(Right.APPROVE_DESTRUCTION)
    if user_id_of(caller) is None:
        raise PeopleOnly("Only a person proposes and approves destruction; sign in to the web page.")
    return caller.id


def _by(caller: Caller) -> tuple[str, str]:
    return str(caller.kind), caller.id


def _found(connection: Connection, destruction_id: int, *, locked: bool = False) -> Destruction:
    found = index.destruction_of(connection, destruction_id, locked=locked)
    if found is None:
        raise UnknownDestruction("There is no such proposal.", destruction_id=destruction_id)
    return found


def _approvals(connection: Connection, destruction_id: int) -> tuple[Approval, ...]:
    rows = index.approvals_of(connection, destruction_id)
    return tuple(Approval(row.approved_by, frozenset(map(Power, row.powers))) for row in rows)
