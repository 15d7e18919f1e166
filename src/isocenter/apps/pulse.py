"""This node says every few seconds that it lives, and hears whether it was told to leave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from isocenter import __version__
from isocenter.apps.wiring import node_name
from isocenter.domain.nodes.errors import NodeGivenUp, NodeNameTaken
from isocenter.domain.nodes.registry import BEAT_EVERY_S, Membership, beat, home_id_of, join, leave
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import Settings

log = get_logger(__name__)

DRAINED = "drained"
"""The reason to leave when somebody told this node to."""


def membership_of(settings: Settings) -> Membership:
    """Who this node is. Raises Invalid when the setting is no name."""
    return Membership(
        node_name(settings),
        home_id_of(settings.home),
        node_address(settings),
        __version__,
        settings.acknowledge_after == "two_copies",
    )


def node_address(settings: Settings) -> str | None:
    """Where other nodes reach this one, host:port; None when it is alone."""
    if settings.node_port is None:
        return None
    return settings.node_address or f"{socket.gethostname()}:{settings.node_port}"


class Pulse:
    """A thread of the supervisor. `start` joins the region; `stop` leaves it.

    leave: called, from that thread, with the reason when this node has to stop: it was told to, or its name is taken.
    """

    def __init__(self, settings: Settings, database_url: str, told_to_leave: Callable[[str], None]) -> None:
        self._member = membership_of(settings)
        self._secrets = settings.home / "secrets"
        self._database = Database(database_url, max_connections=2)
        self._told_to_leave = told_to_leave
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Join the region. Raises NodeNameTaken, NodeGivenUp, OtherKeys, Exhausted."""
        try:
            join(self._database, self._member, self._secrets)
        except IsocenterError:
            self._database.close()
            raise
        self._thread.start()

    def stop(self) -> None:
        """Leave it, when the database still takes that down."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
            try:
                leave(self._database, self._member)
            except Exhausted as error:
                log.warning("pulse.left-without-word", reason=error.reason)
        self._database.close()

    def _run(self) -> None:
        told = False
        while not self._stopping.wait(BEAT_EVERY_S):
            try:
                if beat(self._database, self._member) == "draining" and not told:
                    told = True
                    self._told_to_leave(DRAINED)
            except (NodeNameTaken, NodeGivenUp) as error:
                log.error("pulse.shut-out", node=self._member.node, reason=error.reason)
                self._told_to_leave(error.reason)
                return
            except Exhausted as error:
                log.warning("pulse.not-heard", reason=error.reason)
