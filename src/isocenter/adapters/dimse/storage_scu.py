"""Storage SCU (PS3.4 Annex B): objects of the library to a destination, as they lie where the peer takes that.

Several objects go out on an association, and several associations at one time where the destination allows it. What has
to be decoded first is made while the object before it is on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from isocenter.access.caller import system_caller
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.adapters.dimse.retrieve_selection import in_implicit
from isocenter.delivery.instances import Delivery, delivery_of, prepared
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.domain.exchange.peers import Progress, WantedInstances, peer_of
from isocenter.index.destinations import Destination
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.storage.extents import Extent
from isocenter.wire.requestor import (
    NoAcceptedContext,
    ProposedContext,
    Remote,
    RequestedAssociation,
    request_association,
)

MOST_CONTEXTS = 128
SOP_CLASS_NOT_SUPPORTED = 0x0122
OUR_BYTES_AWAY = -1
"""Stands for a status of C-STORE where the object did not leave us."""

Context = tuple[str, str]
"""A SOP class and the one transfer syntax it is proposed in, so that we know which are accepted."""
_Ready = Delivery | Future[Delivery | None] | Future[Delivery] | None


class StorageScu:
    """Sends for the jobs of `domain.archive.sending`."""

    def __init__(self, library: Library, peers: PeersScu) -> None:
        self._library = library
        self._peers = peers

    def send(
        self,
        institution_id: int,
        destination: Destination,
        wanted: WantedInstances,
        already: frozenset[str],
        progress: Progress,
    ) -> None:
        """Send what is wanted and not among `already`. Raises UnknownStudy, PeerAway, AssociationRefused, …"""
        view = self._library.view(system_caller(institution_id, "send"), wanted.study_instance_uid)
        instances = chosen(view, wanted)
        progress.planned(len(instances))
        rest = [each for each in instances if each.sop_instance_uid not in already]
        remote = self._peers.remote(peer_of(destination))
        decoded = destination.transfer_syntaxes == "decoded"
        parts = [
            part for part in (rest[n :: destination.associations] for n in range(destination.associations)) if part
        ]
        if len(parts) == 1:
            self._send_part(remote, parts[0], progress, decoded=decoded)
        elif parts:
            with ThreadPoolExecutor(len(parts), thread_name_prefix="send") as threads:
                sending = [threads.submit(self._send_part, remote, part, progress, decoded=decoded) for part in parts]
            for each in sending:
                each.result()

    def _send_part(
        self, remote: Remote, instances: Sequence[InstanceView], progress: Progress, *, decoded: bool
    ) -> None:
        for contexts, group in groups_of(instances, decoded=decoded):
            if progress.stopping():
                return
            proposed = [ProposedContext(sop_class, (syntax,)) for sop_class, syntax in contexts]
            with request_association(remote, proposed) as association:
                self._send_on(association, group, progress, decoded=decoded)

    def _send_on(
        self, association: RequestedAssociation, group: Sequence[InstanceView], progress: Progress, *, decoded: bool
    ) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="prepare") as ahead:
            ready: list[_Ready] = []
            following = iter(group)
            for instance in group:
                while len(ready) < 2 and (coming := next(following, None)) is not None:
                    ready.append(self._begin(ahead, association, coming, decoded))
                if progress.stopping():
                    return
                status, comment = self._store(association, instance, ready.pop(0))
                progress.sent(instance.sop_instance_uid, status, comment)

    def _begin(
        self, ahead: ThreadPoolExecutor, association: RequestedAssociation, instance: InstanceView, decoded: bool
    ) -> _Ready:
        """What goes out of an instance; where it has to be made first, that begins in a thread of its own."""
        accepted = [syntax for _, syntax in association.accepted(instance.sop_class_uid)]
        order = [syntax for syntax in syntaxes_of(instance, decoded=decoded) if syntax in accepted]
        found = delivery_of(instance, order)
        if found is None and IMPLICIT_VR_LITTLE_ENDIAN in accepted:
            return ahead.submit(in_implicit, self._library, instance)
        if found is None or found.is_prepared:
            return found
        return ahead.submit(prepared, self._library, found)

    def _store(self, association: RequestedAssociation, instance: InstanceView, ready: _Ready) -> tuple[int, str]:
        try:
            delivery = ready.result() if isinstance(ready, Future) else ready
        except IsocenterError as error:
            return OUR_BYTES_AWAY if isinstance(error, Exhausted) else SOP_CLASS_NOT_SUPPORTED, error.reason
        if delivery is None:
            return SOP_CLASS_NOT_SUPPORTED, "no-accepted-context"
        try:
            pieces = list(self._views(delivery))
        except Exhausted as error:
            return OUR_BYTES_AWAY, error.reason
        try:
            answer = association.store(
                sop_class_uid=instance.sop_class_uid,
                sop_instance_uid=instance.sop_instance_uid,
                transfer_syntax_uid=delivery.transfer_syntax_uid,
                pieces=pieces,
            )
        except NoAcceptedContext as error:
            return SOP_CLASS_NOT_SUPPORTED, error.reason
        return answer.status, answer.error_comment

    def _views(self, delivery: Delivery) -> Iterator[bytes | memoryview]:
        for piece in delivery.pieces:
            yield self._library.files.view(piece) if isinstance(piece, Extent) else piece


def chosen(view: StudyView, wanted: WantedInstances) -> list[InstanceView]:
    """The wanted instances of a study, series by series, each in order."""
    series = set(wanted.series_instance_uids)
    single = set(wanted.sop_instance_uids)
    return [
        instance
        for each in view.series.values()
        if not series or each.series_instance_uid in series
        for instance in each.instances
        if not single or instance.sop_instance_uid in single
    ]


def syntaxes_of(instance: InstanceView, *, decoded: bool) -> list[str]:
    """Transfer syntaxes to offer an instance in, the preferred first: as it lies, then decoded; or the other way.

    Implicit VR little endian is the last resort, which every peer has to take.
    """
    stored = [form.transfer_syntax_uid for form in instance.forms]
    order = [EXPLICIT_VR_LITTLE_ENDIAN, *stored] if decoded else [*stored, EXPLICIT_VR_LITTLE_ENDIAN]
    return list(dict.fromkeys([*order, IMPLICIT_VR_LITTLE_ENDIAN]))


def groups_of(
    instances: Iterable[InstanceView], *, decoded: bool
) -> Iterator[tuple[list[Context], list[InstanceView]]]:
    """Instances that fit on one association, with its contexts: at most 128 of them (PS3.8 7.1.1.13)."""
    contexts: dict[Context, None] = {}
    group: list[InstanceView] = []
    for instance in instances:
        needed = [(instance.sop_class_uid, syntax) for syntax in syntaxes_of(instance, decoded=decoded)]
        if len(contexts.keys() | set(needed)) > MOST_CONTEXTS:
            yield list(contexts), group
            contexts, group = {}, []
        contexts |= dict.fromkeys(needed)
        group.append(instance)
    if group:
        yield list(contexts), group
