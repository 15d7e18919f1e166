"""The accept loop of the DICOM upper layer (PS3.8 9.2, states Sta1, Sta2, Sta3 and Sta13).

One thread keeps all connections that have not finished their association request: they cost no thread and a few
bytes, their time runs from the connection (ARTIM) however slowly they speak, and the oldest makes way when there are
too many. A finished request is answered here, and an accepted one gets a thread of its own (`association`).
"""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Final

from isocenter.kit.logging import get_logger
from isocenter.kit.metrics import ASSOCIATIONS, ASSOCIATIONS_OPEN
from isocenter.kit.shared_counts import SharedCounts
from isocenter.standards.dicom.uids import printable
from isocenter.wire.association import Association
from isocenter.wire.listening_socket import listen
from isocenter.wire.negotiation import Admits, answer_contexts, answer_extended, answer_roles
from isocenter.wire.pdu import (
    HEADER,
    HEADER_BYTES,
    LOCAL_LIMIT_EXCEEDED,
    TEMPORARY_CONGESTION,
    AbortReason,
    AbortSource,
    AssociateRequest,
    InvalidPdu,
    PduType,
    Rejection,
    decode_associate_request,
    describe,
    encode_abort,
    encode_associate_accept,
    encode_associate_reject,
)
from isocenter.wire.roster import Limits, Roster
from isocenter.wire.service import Peer, Service
from isocenter.wire.tls import TlsServer, TlsSocket, fingerprint_of, waits_decrypted

log = get_logger(__name__)

MAX_REQUEST_BYTES: Final = 256 << 10
"""The longest A-ASSOCIATE-RQ that is read: 128 contexts of 50 transfer syntaxes are 180 kB."""
MIN_REQUEST_BYTES: Final = 68
CLOSING_S: Final = 5.0
"""How long a rejected peer may take to close the connection."""
ACCEPTS_AT_ONCE: Final = 64
LONGEST_BACK_S: Final = 0.02
"""So long a caller is left to a process that has fewer: it may be busy for a moment, or be gone."""
_LOOKS_AGAIN_S: Final = 0.0005


class _Waiting:
    """A connection before its association, or after its rejection (closing); under TLS first before its handshake."""

    __slots__ = ("address", "certificate", "closing", "connection", "deadline", "needed", "received", "shaking")

    def __init__(self, connection: socket.socket, address: str, deadline: float) -> None:
        self.connection = connection
        self.address = address
        self.deadline = deadline
        self.received = bytearray()
        self.needed = HEADER_BYTES
        self.closing = False
        self.certificate: str | None = None  # SHA-256 of the peer's, under TLS
        self.shaking = isinstance(connection, TlsSocket)


class Listener:
    """Listens on one address for as long as it is started.

    bound: has the address (`bound_socket`); closed with the listener. services: what accepted associations may ask for.
    artim_s: time from connection to a whole request, handshake and all. tls: what the port is secured with; None is
    plain. roster: shared with another listener that counts with it. shares: how many connections each of the processes
    has that take them from the same socket; whoever has fewest takes the next. Raises CannotListen when the port is
    taken.
    """

    def __init__(
        self,
        bound: socket.socket,
        admission: Admits,
        services: Sequence[Service],
        *,
        limits: Limits | None = None,
        artim_s: float = 30.0,
        idle_for_s: float = 60.0,
        max_pdu_bytes: int = 131072,
        tls: TlsServer | None = None,
        roster: Roster | None = None,
        shares: SharedCounts | None = None,
    ) -> None:
        self._tls = tls
        self._socket = bound
        self._shares = shares
        listen(bound)
        self._admission = admission
        self._services = tuple(services)
        self._limits = limits or Limits()
        self._artim_s = artim_s
        self._idle_for_s = idle_for_s
        self._max_pdu_bytes = max_pdu_bytes
        self.roster = Roster(self._limits) if roster is None else roster
        self._beside: list[Listener] = []
        self._waiting: dict[socket.socket, _Waiting] = {}
        self._selector = selectors.DefaultSelector()
        self._alarm, self._bell = socket.socketpair()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dicom-front-desk", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        host, port, *_ = self._socket.getsockname()
        return str(host), int(port)

    def beside(self, bound: socket.socket, tls: TlsServer) -> Listener:
        """A TLS port for the same callers and services; it starts and stops with this one, and counts with it.

        Raises CannotListen.
        """
        made = Listener(
            bound,
            self._admission,
            self._services,
            limits=self._limits,
            artim_s=self._artim_s,
            idle_for_s=self._idle_for_s,
            max_pdu_bytes=self._max_pdu_bytes,
            tls=tls,
            roster=self.roster,
            shares=self._shares,
        )
        self._beside.append(made)
        return made

    def start(self) -> None:
        """Begin to accept connections; returns at once."""
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(self._alarm, selectors.EVENT_READ)
        self._thread.start()
        for each in self._beside:
            each.start()

    def stop(self, within_s: float = 30.0) -> int:
        """Stop accepting, let objects in flight finish, abort the rest; returns how many had to be cut."""
        listeners = (self, *self._beside)
        for each in listeners:
            each._close_door()
        cut = self.roster.drain(within_s)
        for each in listeners:
            for end in (each._socket, each._alarm, each._bell):
                end.close()
        return cut

    def _close_door(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception:
                log.exception("listener.step-failed")
                time.sleep(0.1)  # a broken step must not become a busy loop
        self._socket.close()
        for waiting in list(self._waiting.values()):
            self._drop(waiting)
        self._selector.close()

    def _step(self) -> None:
        for key, _ in self._selector.select(self._pause()):
            if key.fileobj is self._socket:
                self._accept()
            elif isinstance(key.data, _Waiting) and key.data.connection in self._waiting:
                self._serve(key.data)
        now = time.monotonic()
        for waiting in [each for each in self._waiting.values() if each.deadline <= now]:
            if not waiting.closing:
                log.info("connection.too-slow", address=waiting.address, received_bytes=len(waiting.received))
            self._drop(waiting)

    def _pause(self) -> float | None:
        if not self._waiting:
            return None
        return max(0.0, min(each.deadline for each in self._waiting.values()) - time.monotonic())

    def _accept(self) -> None:
        if self._shares is not None:
            self._stand_back(self._shares)
        for _ in range(ACCEPTS_AT_ONCE if self._shares is None else 1):
            try:
                connection, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:  # out of file descriptors: the oldest waiting one makes way
                log.warning("listener.accept-failed", error=error.strerror)
                if not self._drop_oldest():
                    time.sleep(0.1)
                return
            connection.setblocking(False)
            if self._tls is not None:
                try:
                    connection = self._tls.begin(connection)
                except OSError:
                    connection.close()
                    continue
            if len(self._waiting) >= self._limits.waiting:
                self._drop_oldest()
            self._count(1)
            waiting = _Waiting(connection, str(address[0]), time.monotonic() + self._artim_s)
            self._waiting[connection] = waiting
            self._selector.register(connection, selectors.EVENT_READ, waiting)

    def _stand_back(self, shares: SharedCounts) -> None:
        """While another process has fewer connections, the next one is left to it."""
        until = time.monotonic() + LONGEST_BACK_S
        still_there = select.poll()
        still_there.register(self._socket, select.POLLIN)
        while shares.others_have_fewer() and time.monotonic() < until and still_there.poll(0):
            time.sleep(_LOOKS_AGAIN_S)

    def _count(self, connections: int) -> None:
        if self._shares is not None:
            self._shares.add(connections)

    def _serve(self, waiting: _Waiting) -> None:
        if waiting.shaking:
            self._shake_hands(waiting)
            return
        self._read(waiting)
        while waiting.connection in self._waiting and waits_decrypted(waiting.connection):
            self._read(waiting)

    def _shake_hands(self, waiting: _Waiting) -> None:
        """Go on with the TLS handshake as far as what has arrived allows."""
        connection = waiting.connection
        assert self._tls is not None and isinstance(connection, TlsSocket)
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            self._selector.modify(connection, selectors.EVENT_READ, waiting)
        except ssl.SSLWantWriteError:
            self._selector.modify(connection, selectors.EVENT_WRITE, waiting)
        except OSError as error:
            self._refuse_handshake(waiting, getattr(error, "verify_message", "") or getattr(error, "reason", "") or "")
        else:
            waiting.shaking, waiting.certificate = False, fingerprint_of(connection)
            self._selector.modify(connection, selectors.EVENT_READ, waiting)
            objection = self._tls.objection(connection)
            if objection is not None:
                self._refuse_handshake(waiting, objection)

    def _refuse_handshake(self, waiting: _Waiting, why: str) -> None:
        ASSOCIATIONS.labels("not-secure").inc()
        log.warning("connection.not-secure", why=why, address=waiting.address, certificate=waiting.certificate)
        waiting.shaking, waiting.closing = False, True
        waiting.deadline = min(waiting.deadline, time.monotonic() + CLOSING_S)
        with contextlib.suppress(OSError):
            waiting.connection.shutdown(socket.SHUT_WR)  # the alert has gone out; a reset must not swallow it

    def _read(self, waiting: _Waiting) -> None:
        try:
            if waiting.closing:
                received = socket.socket.recv(waiting.connection, 1 << 16)  # whatever it is, encrypted or not
            else:
                received = waiting.connection.recv(waiting.needed - len(waiting.received))
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._drop(waiting)
        elif not waiting.closing:
            waiting.received += received
            self._examine(waiting)

    def _examine(self, waiting: _Waiting) -> None:
        """Look at what has arrived of the request; answer it when it is whole."""
        if waiting.received[0] != PduType.ASSOCIATE_RQ:
            self._refuse_stranger(waiting)
        elif len(waiting.received) == HEADER_BYTES == waiting.needed:
            _, length = HEADER.unpack(waiting.received)
            if MIN_REQUEST_BYTES <= length <= MAX_REQUEST_BYTES:
                waiting.needed = HEADER_BYTES + length
            else:
                log.warning("connection.impossible-request", address=waiting.address, length=length)
                self._say_and_close(
                    waiting, encode_abort(AbortSource.SERVICE_PROVIDER, AbortReason.INVALID_PDU_PARAMETER)
                )
        elif len(waiting.received) == waiting.needed:
            self._answer(waiting)

    def _refuse_stranger(self, waiting: _Waiting) -> None:
        """Something else than an association request: another protocol, or a PDU out of turn."""
        with contextlib.suppress(OSError):
            waiting.received += waiting.connection.recv(64)
        known = PduType.ASSOCIATE_RQ < waiting.received[0] <= PduType.ABORT
        log.warning("connection.not-an-association", address=waiting.address, began=describe(bytes(waiting.received)))
        reason = AbortReason.UNEXPECTED_PDU if known else AbortReason.UNRECOGNIZED_PDU
        self._say_and_close(waiting, encode_abort(AbortSource.SERVICE_PROVIDER, reason))

    def _answer(self, waiting: _Waiting) -> None:
        try:
            request = decode_associate_request(bytes(waiting.received[HEADER_BYTES:]))
        except InvalidPdu as error:
            ASSOCIATIONS.labels("invalid").inc()
            log.warning("connection.invalid-request", address=waiting.address, error=str(error))
            self._say_and_close(waiting, encode_abort(AbortSource.SERVICE_PROVIDER, AbortReason.INVALID_PDU_PARAMETER))
            return
        admitted = self._admission.admit(request, waiting.address, waiting.certificate)
        if isinstance(admitted, Rejection):
            self._reject(waiting, request, admitted)
            return
        contexts = answer_contexts(request, self._services)
        extended = answer_extended(request, contexts, self._services)
        peer = Peer(
            calling_ae_title=request.calling_ae_title,
            called_ae_title=request.called_ae_title,
            address=waiting.address,
            implementation_version_name=printable(request.user.implementation_version_name, 16),
            extended=tuple(extended),
            certificate=waiting.certificate,
            who=admitted.who,
        )
        roles = answer_roles(request, contexts, self._services)
        association = Association(
            waiting.connection,
            peer,
            contexts,
            self._services,
            max_pdu_bytes=self._max_pdu_bytes,
            peer_max_pdu_bytes=request.user.max_pdu_bytes,
            idle_for_s=self._idle_for_s,
            peer_serves=[role.sop_class_uid for role in roles if role.scp],
        )
        if not self.roster.admit(association):
            self._reject(waiting, request, LOCAL_LIMIT_EXCEEDED)
            return
        accept = encode_associate_accept(
            request, contexts, max_pdu_bytes=self._max_pdu_bytes, roles=roles, extended=extended
        )
        self._hand_over(waiting, request, association, accept)

    def _hand_over(self, waiting: _Waiting, request: AssociateRequest, association: Association, accept: bytes) -> None:
        thread = threading.Thread(target=self._associate, args=(association, accept), name="association", daemon=True)
        self._forget(waiting)
        try:
            thread.start()
        except RuntimeError:  # no more threads
            self.roster.remove(association)
            self._waiting[waiting.connection] = waiting
            self._selector.register(waiting.connection, selectors.EVENT_READ, waiting)
            self._reject(waiting, request, TEMPORARY_CONGESTION)

    def _associate(self, association: Association, accept: bytes) -> None:
        ASSOCIATIONS.labels("accepted").inc()
        ASSOCIATIONS_OPEN.inc()
        try:
            association.run(accept)
        finally:
            ASSOCIATIONS_OPEN.dec()
            self.roster.remove(association)
            self._count(-1)
            association.close()

    def _reject(self, waiting: _Waiting, request: AssociateRequest, rejection: Rejection) -> None:
        ASSOCIATIONS.labels("rejected").inc()
        log.warning(
            "association.rejected",
            why=rejection.word,
            calling_ae_title=printable(request.calling_ae_title),
            called_ae_title=printable(request.called_ae_title),
            address=waiting.address,
        )
        self._say_and_close(waiting, encode_associate_reject(rejection))

    def _say_and_close(self, waiting: _Waiting, pdu: bytes) -> None:
        """Send our last word and wait for the peer to close, so that a reset does not swallow it (Sta13)."""
        try:
            waiting.connection.send(pdu)
            waiting.connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(waiting)
            return
        waiting.closing = True
        waiting.deadline = min(waiting.deadline, time.monotonic() + CLOSING_S)

    def _drop_oldest(self) -> bool:
        oldest = next(iter(self._waiting.values()), None)
        if oldest is None:
            return False
        self._drop(oldest)
        return True

    def _drop(self, waiting: _Waiting) -> None:
        self._count(-1)
        self._forget(waiting)
        waiting.connection.close()

    def _forget(self, waiting: _Waiting) -> None:
        if self._waiting.pop(waiting.connection, None) is not None:
            self._selector.unregister(waiting.connection)
