"""Modalities that send to a region: to one node until that fails, then to the next, until it was acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final

from bench.association import Association, AssociationError
from bench.data import Instance
from bench.faults import Ledger
from bench.node import Node

ANSWER_WITHIN_S: Final = 8.0
"""What a sender waits for an answer before it goes to another node."""


class RegionSender(threading.Thread):
    """One modality: sends to one node until that fails, then to the next, and what was not acknowledged again."""

    def __init__(
        self,
        nodes: Sequence[Node],
        ledger: Ledger,
        stream: Iterator[Instance],
        contexts: Sequence[tuple[str, str]],
        pace: float,
    ) -> None:
        super().__init__(name="sender", daemon=True)
        self._nodes, self._ledger, self._stream, self._contexts = list(nodes), ledger, stream, contexts
        self._pause_s = 1 / pace
        self._ending = threading.Event()

    def run(self) -> None:
        """Until `end`."""
        association: Association | None = None
        instance = next(self._stream)
        while not self._ending.wait(self._pause_s):
            try:
                association = association or self._associate()
                self._ledger.sent(instance)
                status = association.store(instance).status
            except (OSError, EOFError, AssociationError):
                self._go_on(association)
                association = None
                continue
            self._ledger.answered(instance, status)
            if is_good(status):
                instance = next(self._stream)
            else:
                self._go_on(association)
                association = None
        self._go_on(association)

    def _associate(self) -> Association:
        node = self._nodes[0]
        return Association(
            node.dicom_port,
            called=node.ae_title,
            contexts=self._contexts,
            timeout_s=ANSWER_WITHIN_S,
            host=node.host,
        )

    def _go_on(self, association: Association | None) -> None:
        """To the next node."""
        self._nodes.append(self._nodes.pop(0))
        if association is not None:
            try:
                association.reset()
            except OSError:
                pass

    def end(self) -> None:
        """Stop and wait."""
        self._ending.set()
        self.join(60)


def is_good(status: int) -> bool:
    """Whether a status of C-STORE is success or a warning: stored, either way."""
    return status == 0 or status & 0xF000 == 0xB000
