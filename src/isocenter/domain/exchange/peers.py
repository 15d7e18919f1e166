"""Application entities that the archive speaks to, and what it needs of the network to do so (handed in by apps)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from isocenter.index.destinations import Destination


@dataclass(frozen=True, slots=True)
class Peer:
    """Where an application entity is, and how it knows us: calling_ae_title, or our usual one when empty.

    tls, certificate: as of a destination.
    """

    ae_title: str
    host: str
    port: int
    calling_ae_title: str = ""
    tls: bool = False
    certificate: str | None = None


def peer_of(destination: Destination) -> Peer:
    """The application entity of a destination."""
    return Peer(
        destination.ae_title,
        destination.host,
        destination.port,
        destination.calling_ae_title,
        destination.tls,
        destination.certificate,
    )


@dataclass(frozen=True, slots=True)
class WantedInstances:
    """Which objects are to go out: of one study, of some series of it, or single ones; empty tuples mean all."""

    study_instance_uid: str
    series_instance_uids: tuple[str, ...] = ()
    sop_instance_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How a sender tells how it goes. Safe to call from several threads.

    planned(total): how many objects there are to send, those of `already` among them. sent(SOP Instance UID, status,
    comment): one was answered with this status of C-STORE (PS3.4 B.2.3). stopping(): whether to leave off.
    """

    planned: Callable[[int], None]
    sent: Callable[[str, int, str], None]
    stopping: Callable[[], bool]


class Sender(Protocol):
    """Sends objects as Storage SCU (PS3.4 Annex B)."""

    def send(
        self,
        institution_id: int,
        destination: Destination,
        wanted: WantedInstances,
        already: frozenset[str],
        progress: Progress,
    ) -> None:
        """Send every wanted object that is not among `already`, in order, several on an association.

        Returns when all were answered or progress.stopping(). Raises an IsocenterError when the peer cannot be reached
        or refuses us; what was sent until then has been told to `progress`.
        """


class Echo(Protocol):
    """Verification SCU (PS3.4 Annex A)."""

    def __call__(self, peer: Peer) -> None:
        """Associate and C-ECHO. Raises an IsocenterError that says what failed."""


class CommitmentReporter(Protocol):
    """Reports the result of a storage commitment (PS3.4 J.3.3) on a new association."""

    def __call__(
        self,
        peer: Peer,
        transaction_uid: str,
        committed: Sequence[tuple[str, str]],
        failed: Sequence[tuple[str, str, int]],
    ) -> None:
        """N-EVENT-REPORT of (SOP class, instance) pairs, failed ones with their reason. Raises an IsocenterError."""
