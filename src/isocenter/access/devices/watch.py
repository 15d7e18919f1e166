"""The register as a listener keeps it: read again every few seconds, never on the thread that accepts connections.

What is seen of callers (who was there, who was rejected, the first object of a device that is waited for) is kept in
memory, bounded, and written by the same thread; an association waits for none of it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.devices.first_store import FirstObject
from isocenter.access.devices.register import AdmittedCaller, Call, Register, RejectedCall, Strangers
from isocenter.index import device_contacts, devices
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.uids import printable

log = get_logger(__name__)

READ_EVERY_S: Final = 3.0
MOST_REMEMBERED: Final = 500
"""Kinds of rejected calls, and devices seen, between two writings; more are counted in the log alone."""


@dataclass(slots=True)
class _Seen:
    """What happened in one institution since the last writing."""

    admitted: dict[int, Call] = field(default_factory=dict)
    rejected: Counter[tuple[str, Call]] = field(default_factory=Counter)
    arrived: list[tuple[int, FirstObject]] = field(default_factory=list)


class DeviceWatch:
    """The register of one process. Use as a context: it is read before anybody is admitted. Thread-safe.

    Raises Exhausted on entering when the database does not answer; later the last reading holds while it is away.
    """

    def __init__(self, database: Database, strangers: Strangers, *, read_every_s: float = READ_EVERY_S) -> None:
        self._database = database
        self._strangers = strangers
        self._read_every_s = read_every_s
        self._register = Register(strangers, (), {})
        self._lock = threading.Lock()
        self._seen: defaultdict[int, _Seen] = defaultdict(_Seen)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="device-watch", daemon=True)

    def __enter__(self) -> DeviceWatch:
        self.read()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._quietly()

    def admit(self, call: Call) -> AdmittedCaller | RejectedCall:
        """Decide, and remember it. Waits for nothing."""
        decided = self._register.admit(call)
        with self._lock:
            if isinstance(decided, RejectedCall):
                self._remember_rejected(decided, call)
            elif decided.device_id is not None:
                admitted = self._seen[decided.caller.institution_id].admitted
                if len(admitted) < MOST_REMEMBERED:
                    admitted[decided.device_id] = call
        return decided

    def arrived(self, admitted: AdmittedCaller, first: FirstObject) -> None:
        """An object of a device whose first one is waited for."""
        if admitted.device_id is not None:
            with self._lock:
                arrived = self._seen[admitted.caller.institution_id].arrived
                if len(arrived) < MOST_REMEMBERED:
                    arrived.append((admitted.device_id, first))

    def read(self) -> None:
        """Read what is known of devices. Raises Exhausted."""
        with self._database.transaction() as connection:
            called = devices.called_ae_titles(connection)
            known = devices.callers_known(connection)
        self._register = Register(self._strangers, known, called)

    def write(self) -> None:
        """Write what was seen. Raises Exhausted; what was not written then is lost, and in the log."""
        with self._lock:
            seen, self._seen = self._seen, defaultdict(_Seen)
        for institution_id, here in seen.items():
            with self._database.transaction(institution_id) as connection:
                for device_id, call in here.admitted.items():
                    device_contacts.record_seen(
                        connection,
                        device_id,
                        at=utc_now(),
                        address=call.address,
                        called_ae_title=call.called_ae_title,
                        encrypted=call.certificate is not None,
                    )
                for (because, call), calls in here.rejected.items():
                    _record_rejected(connection, institution_id, because, call, calls)
                if here.rejected:
                    device_contacts.trim_refused(connection)
                for device_id, first in here.arrived:
                    device_contacts.record_first_store(connection, device_id, first.as_json(), last=first.stored)

    def _remember_rejected(self, rejected: RejectedCall, call: Call) -> None:
        kept = Call(
            printable(call.calling_ae_title, 16), printable(call.called_ae_title, 16), call.address, call.certificate
        )
        for institution_id in rejected.institution_ids:
            counted = self._seen[institution_id].rejected
            key = str(rejected.because), kept
            if key in counted or len(counted) < MOST_REMEMBERED:
                counted[key] += 1

    def _run(self) -> None:
        # At the same moments in all listeners: a caller should not be let in by one and rejected by the next for long.
        while not self._stopping.wait(self._read_every_s - time.time() % self._read_every_s):
            self._quietly()

    def _quietly(self) -> None:
        """Write and read; a database that is away is tried again next time."""
        for step in (self.write, self.read):
            try:
                step()
            except Exhausted as error:
                log.warning("devices.database-away", step=step.__name__, reason=error.reason)
            except Exception:
                log.exception("devices.failed", step=step.__name__)


def _record_rejected(connection: Connection, institution_id: int, because: str, call: Call, calls: int) -> None:
    """For the administrators' list, and for the trail: once per kind and writing, however often it calls."""
    device_contacts.record_refused(
        connection,
        calling_ae_title=call.calling_ae_title,
        called_ae_title=call.called_ae_title,
        address=call.address,
        certificate=call.certificate or "",
        reason=because,
        calls=calls,
        at=utc_now(),
    )
    token = audit.ADDRESS.set(call.address)
    try:
        audit.record(
            connection,
            Caller(CallerKind.APPLICATION_ENTITY, call.calling_ae_title, institution_id, ()),
            audit.Action.ASSOCIATION_REJECTED,
            outcome=audit.Outcome.MINOR_FAILURE,
            called_ae_title=call.called_ae_title,
            because=because,
            calls=calls,
        )
    finally:
        audit.ADDRESS.reset(token)
