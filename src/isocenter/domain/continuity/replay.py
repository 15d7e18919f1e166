"""Facts laid over an index again, in their order: first what was erased, then all that was done to what is there.

Every handler may be given a fact that the index knows already: what is there stays as it is. A fact about something
that is gone for good (its values were destroyed with its study) is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from blake3 import blake3

from isocenter.access.caller import Caller, system_caller
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.continuity.replayed_acts import ReplayedRecords
from isocenter.domain.exchange.rejection import refresh_changed
from isocenter.domain.identity import corrections, patients, versions
from isocenter.domain.identity.acts import Kind
from isocenter.domain.identity.corrections import KEYWORDS
from isocenter.domain.identity.errors import UnknownVersion
from isocenter.index import deletions, rejections, replaying
from isocenter.index.adoption import act_with_values, note_erased_instance, note_erasure, restate_act
from isocenter.index.asides import asides_of
from isocenter.index.deletions import see_deleted
from isocenter.index.erasures import erase_study
from isocenter.index.instance_erasure import SealedPart, forget_instance
from isocenter.index.locators import packs_of
from isocenter.index.patients import ensure_patient_of
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import Fact, FactLog
from isocenter.storage.manifest import Manifest, read_manifest
from isocenter.storage.manifest_layout import AsideReason

log = get_logger(__name__)

_ID, _ISSUER, _NAME, _BIRTH_DATE, _SEX = "00100020", "00100021", "00100010", "00100030", "00100040"


@dataclass(slots=True)
class Replayed:
    """How many facts were laid over the index, by kind; others: kinds that leave no rows here.

    problems: (institution, sequence, why) of facts that could not be.
    """

    done: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FactReplay:
    """What replaying needs. key_file, trusted_key_files: of those who signed (`FactLog`).

    recoverable_for: how long a deleted study can be restored, where its fact does not say.
    """

    database: Database
    data: Bytes
    key_file: Path
    trusted_key_files: tuple[Path, ...] = ()
    recoverable_for: timedelta = timedelta(days=30)

    def facts(self, institution_id: int) -> list[Fact]:
        """The facts of an institution, verified. Raises ForgedFact."""
        facts = FactLog(self.data.store, institution_id, self.key_file, trusted_key_files=self.trusted_key_files)
        return list(facts.facts())

    def note_erasures(self, institution_id: int, facts: list[Fact]) -> None:
        """Before anything is read back: what packs and journals hold of what was erased is passed over."""
        with self.database.transaction(institution_id) as connection:
            for fact in facts:
                content = fact.content
                if content.get("kind") == "study-erased":
                    note_erasure(connection, content["study_instance_uid"], _moment(content["erased_at"]))
                elif content.get("kind") == "instance-erased":
                    moment = _moment(content["erased_at"])
                    note_erased_instance(connection, content["sop_instance_uid"], content["study_instance_uid"], moment)

    def replay(self, institution_id: int, facts: list[Fact]) -> Replayed:
        """Do again what facts say, in their order. What could not be done is named, and the others are done."""
        replayed = Replayed()
        one = _Replaying(self, institution_id)
        for fact in facts:
            kind = str(fact.content.get("kind"))
            handler = _HANDLERS.get(kind)
            if handler is None:
                replayed.others[kind] = replayed.others.get(kind, 0) + 1
                continue
            try:
                handler(one, fact)
                replayed.done[kind] = replayed.done.get(kind, 0) + 1
            except (IsocenterError, KeyError, ValueError) as error:
                reason = error.reason if isinstance(error, IsocenterError) else type(error).__name__
                replayed.problems.append((institution_id, fact.sequence, f"{kind}: {reason}"))
                log.error("continuity.fact-not-replayed", sequence=fact.sequence, kind=kind, reason=reason)
        one.hide_rejected()
        return replayed


class _Replaying:
    """One institution's facts being replayed."""

    def __init__(self, work: FactReplay, institution_id: int) -> None:
        self.work = work
        self.institution_id = institution_id
        self.caller: Caller = system_caller(institution_id, "replay")
        self.records = ReplayedRecords(work.database, work.data.store, work.key_file, work.data)

    def erased(self, fact: Fact) -> None:
        """A study that an older index still has is forgotten; one that was received since stays."""
        uid, moment = fact.content["study_instance_uid"], _moment(fact.content["erased_at"])
        with self.work.database.transaction(self.institution_id) as connection:
            see_deleted(connection)
            if replaying.received_before(connection, uid, moment):
                sealed = replaying.sealed_uid_hashes(connection, uid)
                erase_study(connection, uid, [], moment)
                replaying.forget_lookups(connection, sealed)

    def instance_erased(self, fact: Fact) -> None:
        """An instance that an older index still has is forgotten; one that was received since stays."""
        content, moment = fact.content, _moment(fact.content["erased_at"])
        uid, study_instance_uid = content["sop_instance_uid"], content["study_instance_uid"]
        with self.work.database.transaction(self.institution_id) as connection:
            see_deleted(connection)
            study_id = replaying.study_number(connection, study_instance_uid)
            place = None if study_id is None else replaying.place_of(connection, study_id, uid)
            if study_id is None or place is None:
                return
            manifests = [
                read_manifest(self.work.data.store, pack.object_key) for pack in packs_of(connection, study_id)
            ]
            sealed = [entry for one in manifests if (entry := one.find(uid)) is not None]
            came_again = place.open_since is not None and place.open_since > moment
            if came_again or any(entry.received_at > moment for entry in sealed):
                return
            part = None if place.open_since is not None else SealedPart(place.series_instance_uid, 0)
            forget_instance(connection, study_id, uid, part, {})
            if part is not None:
                replaying.recount(connection, study_id, _sealed_counts(manifests))

    def deleted(self, fact: Fact) -> None:
        """A study is hidden, recoverable as long as it was then."""
        content, moment = fact.content, _moment(fact.content["at"])
        until = content.get("recoverable_until")
        with self.work.database.transaction(self.institution_id) as connection:
            deletions.delete_study(
                connection,
                content["study_instance_uid"],
                deleted_at=moment,
                recoverable_until=_moment(until) if until else moment + self.work.recoverable_for,
                reason=content.get("reason", ""),
                caller=(content["caller_kind"], content["caller_id"]),
            )

    def restored(self, fact: Fact) -> None:
        """It is shown again."""
        with self.work.database.transaction(self.institution_id) as connection:
            deletions.restore_study(connection, fact.content["study_instance_uid"])

    def rejected(self, fact: Fact) -> None:
        """What a rejection note refers to; hidden when all facts are through."""
        content = fact.content
        with self.work.database.transaction(self.institution_id) as connection:
            see_deleted(connection)
            note = rejections.ArrivedKeyObject(
                replaying.study_number(connection, content["study_instance_uid"]) or 0,
                content["study_instance_uid"],
                content["sop_instance_uid"],
                content["calling_ae_title"],
            )
            references = [(str(study), str(instance)) for study, instance in content["references"]]
            rejection_id = rejections.insert_rejection(connection, note, content["code"], references)
            rejections.forget_arrived(connection, note)
            if rejection_id is not None:
                replaying.date_rejection(connection, rejection_id, fact.at)

    def rejection_restored(self, fact: Fact) -> None:
        """A rejection was taken back."""
        content = fact.content
        with self.work.database.transaction(self.institution_id) as connection:
            number = replaying.active_rejection(connection, content["sop_instance_uid"])
            if number is not None:
                rejections.restore(connection, number, f"{content['caller_kind']} {content['caller_id']}")
                replaying.look_again(connection, rejections.studies_of(connection, number))

    def hide_rejected(self) -> None:
        """Every study with rejections is looked at until none is left."""
        for _ in range(1_000_000):
            with self.work.database.transaction(self.institution_id) as connection:
                if not rejections.changed_studies(connection, 1):
                    return
            refresh_changed(self.work.database, self.work.data.store, self.institution_id)

    def corrected(self, fact: Fact) -> None:
        """An act of correcting, with the values of its object."""
        key = fact.content["values"]
        with self.work.database.transaction(self.institution_id) as connection:
            if act_with_values(connection, key) is not None:
                return
        try:
            values = self._values(key, fact.content.get("digest"))
        except NoSuchObject:
            return  # destroyed with what it was about
        correction_id = _ACTS[Kind(values["kind"])](self, values)
        if correction_id is None:
            return
        with self.work.database.transaction(self.institution_id) as connection:
            who = (fact.content["caller_kind"], fact.content["caller_id"])
            restate_act(connection, correction_id, key, who, fact.at)

    def correction_undone(self, fact: Fact) -> None:
        """An act was taken back."""
        with self.work.database.transaction(self.institution_id) as connection:
            found = act_with_values(connection, fact.content["values"])
        if found is not None and not found[1]:
            corrections.undo(self.caller, self.records, found[0])
            with self.work.database.transaction(self.institution_id) as connection:
                replaying.date_undoing(connection, found[0], fact.content["caller_id"], fact.at)

    def restricted(self, fact: Fact) -> None:
        """A patient was restricted, or put on legal hold."""
        values = self._values(fact.content["values"], fact.content.get("digest"))
        with self.work.database.transaction(self.institution_id) as connection:
            key = self._patient(connection, values["patient"])
            replaying.restrict(
                connection, key, values["restriction"], values["reason"], fact.content["caller_id"], fact.at
            )

    def restriction_lifted(self, fact: Fact) -> None:
        """A restriction was lifted."""
        values = self._values(fact.content["values"], fact.content.get("digest"))
        with self.work.database.transaction(self.institution_id) as connection:
            key = self._patient(connection, values["patient"])
            replaying.lift(connection, key, values["restriction"], values["reason"], fact.content["caller_id"], fact.at)

    def merge(self, values: Mapping[str, Any]) -> int:
        with self.work.database.transaction(self.institution_id) as connection:
            merged = self._patient(connection, values["patient"])
            into = self._patient(connection, values["into"], _by_tag(values["replacements"]))
        return patients.merge_patients(self.caller, self.records, merged, into, values["reason"])

    def move(self, values: Mapping[str, Any]) -> int | None:
        said = _by_tag(values["replacements"])
        with self.work.database.transaction(self.institution_id) as connection:
            key = self._patient(connection, [said[_ID], said.get(_ISSUER, "")], said)
        uid = values["study_instance_uid"]
        return self._if_there(
            lambda: corrections.move_study_to_patient(self.caller, self.records, uid, key, values["reason"])
        )

    def attributes(self, values: Mapping[str, Any]) -> int | None:
        changed = {KEYWORDS[int(tag, 16)]: text for tag, _, text in values["replacements"]}
        return self._if_there(
            lambda: corrections.correct_attributes(
                self.caller,
                self.records,
                values["study_instance_uid"],
                changed,
                values["reason"],
                series_instance_uid=values["series_instance_uid"],
            )
        )

    def identifier_added(self, values: Mapping[str, Any]) -> int:
        with self.work.database.transaction(self.institution_id) as connection:
            key = self._patient(connection, values["patient"])
        patient_id, issuer = values["identifier"]
        return patients.add_identifier(self.caller, self.records, key, patient_id, issuer, values["reason"])

    def identifier_removed(self, values: Mapping[str, Any]) -> int:
        with self.work.database.transaction(self.institution_id) as connection:
            key = self._patient(connection, values["patient"])
        patient_id, issuer = values["identifier"]
        return patients.remove_identifier(self.caller, self.records, key, patient_id, issuer, values["reason"])

    def version_chosen(self, values: Mapping[str, Any]) -> int | None:
        uid, digest = values["study_instance_uid"], bytes.fromhex(values["digest"])
        with self.work.database.transaction(self.institution_id) as connection:
            see_deleted(connection)
            asides = [one.aside_id for one in asides_of(connection, uid) if bytes(one.digest) == digest]
        if not asides:
            raise UnknownVersion("The chosen version is not here.", study_instance_uid=uid)
        return self._if_there(
            lambda: versions.choose_version(self.caller, self.records, uid, asides[0], values["reason"])
        )

    def _if_there(self, act: Callable[[], int]) -> int | None:
        """A study that was erased since needs no correction."""
        try:
            return act()
        except UnknownStudy:
            return None

    def _patient(self, connection: Connection, identifier: list[str], said: Mapping[str, str] | None = None) -> int:
        """The patient with this identifier, made when only corrections still speak of her."""
        rest = [None, None, None] if said is None else [said.get(tag) for tag in (_NAME, _BIRTH_DATE, _SEX)]
        found = ensure_patient_of(connection, self.institution_id, (identifier[0], identifier[1], *rest))
        if found is None:
            raise ValueError("a patient without an identifier")
        return found.patient_key

    def _values(self, key: str, digest: str | None) -> dict[str, Any]:
        data = self.work.data.store.get(key)
        if digest and blake3(data).hexdigest() != digest:
            raise Damaged("The values of a correction are not those that its fact names.", key=key)
        values: dict[str, Any] = json.loads(data)
        return values


def _sealed_counts(manifests: list[Manifest]) -> dict[str, tuple[int, int]]:
    """Instances and frames by series of what is current in packs; of an instance in two of them the later one."""
    latest: dict[str, tuple[str, int]] = {}
    for manifest in sorted(manifests, key=lambda one: one.generation):
        for entry in manifest.entries():
            if entry.aside_reason is AsideReason.NONE:
                latest[entry.sop_instance_uid] = (entry.series_instance_uid, entry.number_of_frames)
    counts: dict[str, tuple[int, int]] = {}
    for series, frames in latest.values():
        known = counts.get(series, (0, 0))
        counts[series] = (known[0] + 1, known[1] + frames)
    return counts


def _by_tag(replacements: list[list[str]]) -> dict[str, str]:
    return {tag: text for tag, _, text in replacements}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_HANDLERS: Final[dict[str, Callable[[_Replaying, Fact], None]]] = {
    "study-erased": _Replaying.erased,
    "instance-erased": _Replaying.instance_erased,
    "study-deleted": _Replaying.deleted,
    "study-restored": _Replaying.restored,
    "instances-rejected": _Replaying.rejected,
    "rejection-restored": _Replaying.rejection_restored,
    "corrected": _Replaying.corrected,
    "correction-undone": _Replaying.correction_undone,
    "patient-restricted": _Replaying.restricted,
    "restriction-lifted": _Replaying.restriction_lifted,
}
_ACTS: Final[dict[Kind, Callable[[_Replaying, Mapping[str, Any]], int | None]]] = {
    Kind.MERGE: _Replaying.merge,
    Kind.MOVE: _Replaying.move,
    Kind.ATTRIBUTES: _Replaying.attributes,
    Kind.IDENTIFIER_ADDED: _Replaying.identifier_added,
    Kind.IDENTIFIER_REMOVED: _Replaying.identifier_removed,
    Kind.VERSION_CHOSEN: _Replaying.version_chosen,
}
