"""What devices leave unsaid: the character set of one that declares none, the issuer of its patient IDs.

Known by calling AE title; "*" stands for every sender that nothing is said of, also for those that have no AE title.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

EVERY_OTHER: Final = "*"
BELIEVED_FOR_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Sender:
    """One application entity. default_character_set: a defined term of (0008,0005), used where an object has none.

    issuer_of_patient_id: of its patient IDs, used where an object does not name one. None: nothing is assumed.
    """

    ae_title: str
    default_character_set: str | None = None
    issuer_of_patient_id: str | None = None


UNKNOWN: Final = Sender("")


def senders(connection: Connection) -> list[Sender]:
    """Every sender of the institution that something is known of, by AE title."""
    rows = connection.execute(
        """
        SELECT ae_title, default_character_set, issuer_of_patient_id FROM device
        WHERE default_character_set IS NOT NULL OR issuer_of_patient_id IS NOT NULL ORDER BY ae_title
        """
    ).fetchall()
    return [Sender(str(row[0]), *(None if each is None else str(each) for each in row[1:])) for row in rows]


def put_sender(connection: Connection, institution_id: int, sender: Sender) -> None:
    """Write what is known of a sender; one of whom nothing is known, and that is no device, has no row."""
    connection.execute(
        """
        INSERT INTO device (institution_id, ae_title, default_character_set, issuer_of_patient_id)
        VALUES (%s, %s, %s, %s)
        ON CONFLICT (institution_id, ae_title) DO UPDATE SET default_character_set = excluded.default_character_set,
            issuer_of_patient_id = excluded.issuer_of_patient_id, changed_at = now()
        """,
        [institution_id, sender.ae_title, sender.default_character_set, sender.issuer_of_patient_id],
    )
    connection.execute(
        """
        DELETE FROM device WHERE ae_title = %s AND name = ''
            AND default_character_set IS NULL AND issuer_of_patient_id IS NULL
        """,
        [sender.ae_title],
    )


@dataclass(slots=True)
class _Page:
    """The senders of one institution as they were at a moment of the monotonic clock."""

    read_at: float
    senders: dict[str, Sender]


class SenderBook:
    """What a process knows of senders, read again at most every few seconds: never a query per object. Thread-safe."""

    def __init__(self, database: Database, *, believed_for_s: float = BELIEVED_FOR_S) -> None:
        self._database = database
        self._believed_for_s = believed_for_s
        self._pages: dict[int, _Page] = {}
        self._reading = threading.Lock()

    def find(self, institution_id: int, ae_title: str) -> Sender:
        """What is known of a sender; UNKNOWN when nothing is. Raises Exhausted when it was never read and cannot be."""
        known = self._page(institution_id).senders
        return known.get(ae_title) or known.get(EVERY_OTHER, UNKNOWN) if known else UNKNOWN

    def _page(self, institution_id: int) -> _Page:
        page = self._pages.get(institution_id)
        if page is not None and time.monotonic() - page.read_at < self._believed_for_s:
            return page
        # The others go on with the old page while one reads; without one they wait.
        if not self._reading.acquire(blocking=page is None):
            assert page is not None
            return page
        try:
            return self._read(institution_id)
        except Exhausted as error:
            if page is None:
                raise
            log.warning("senders.not-read", reason=error.reason)
            page.read_at = time.monotonic()
            return page
        finally:
            self._reading.release()

    def _read(self, institution_id: int) -> _Page:
        with self._database.transaction(institution_id) as connection:
            found = senders(connection)
        page = _Page(time.monotonic(), {each.ae_title: each for each in found})
        self._pages[institution_id] = page
        return page
