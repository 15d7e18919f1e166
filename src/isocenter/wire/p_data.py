"""P-DATA-TF going out (PS3.8 9.3.5): whole messages made of PDU headers around bytes that are not copied.

A message is a command set, then perhaps a data set, each in fragments no longer than the peer takes.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from isocenter.wire.pdu import HEADER, PDV_HEADER, PDV_HEADER_BYTES, PduType

PARTS_AT_ONCE: Final = 512
"""Parts in one sendmsg, below the kernel's 1024."""
BYTES_AT_ONCE: Final = 4 << 20
UNLIMITED_ROOM: Final = 1 << 18
"""Fragment length for a peer that receives PDUs of any length."""
_COMMAND, _DATA_SET, _LAST = 1, 0, 2
_SMALL: Final = 4096
"""An answer up to this size is copied into one part with its headers: that costs less than three parts."""


def fragment_room(peer_max_pdu_bytes: int) -> int:
    """How many bytes of a message go into one fragment: an even number (PS3.8 9.3.1, Annex D.1.1)."""
    room = (peer_max_pdu_bytes - PDV_HEADER_BYTES) & ~1
    return min(room, UNLIMITED_ROOM) if peer_max_pdu_bytes else UNLIMITED_ROOM


def command_fragments(context_id: int, command_set: bytes, room: int) -> bytes:
    """A command set with its headers, as it stands before the data set of a message."""
    return b"".join(_fragments(context_id, _COMMAND, (command_set,), room))


def message_parts(
    command: bytes, context_id: int, data_set: Iterable[bytes | memoryview] | None, room: int
) -> Iterable[bytes | memoryview]:
    """The byte stream of one message in parts: its command's fragments, headers of ours, slices of what was given."""
    if data_set is None:
        return (command,)
    if isinstance(data_set, tuple) and len(data_set) == 1 and len(data_set[0]) <= min(room, _SMALL):
        return (command + _header(len(data_set[0]), context_id, _DATA_SET | _LAST) + data_set[0],)
    return chain((command,), _fragments(context_id, _DATA_SET, data_set, room))


def even(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """The pieces, and one more byte when they are odd in all: only a deflated data set may be (PS3.5 A.5)."""
    length = 0
    for piece in pieces:
        length += len(piece)
        yield piece
    if length & 1:
        yield b"\0"


def send_message(
    connection: socket.socket,
    context_id: int,
    command_set: bytes,
    data_set: Iterable[bytes | memoryview] | None,
    peer_max_pdu_bytes: int,
) -> None:
    """Send one message on a blocking socket. Raises OSError; BlockingIOError when the socket's own time is out."""
    send_messages(connection, context_id, command_set, (data_set,), peer_max_pdu_bytes)


def send_messages(
    connection: socket.socket,
    context_id: int,
    command_set: bytes,
    data_sets: Iterable[Iterable[bytes | memoryview] | None],
    peer_max_pdu_bytes: int,
) -> None:
    """Messages with the same command set, one for each data set, in as few system calls as can be. Raises as above."""
    room = fragment_room(peer_max_pdu_bytes)
    batch: list[bytes | memoryview] = []
    held = 0
    command = command_fragments(context_id, command_set, room)
    for part in chain.from_iterable(message_parts(command, context_id, each, room) for each in data_sets):
        batch.append(part)
        held += len(part)
        if len(batch) >= PARTS_AT_ONCE or held >= BYTES_AT_ONCE:
            _send_all(connection, batch)
            batch, held = [], 0
    _send_all(connection, batch)


def _send_all(connection: socket.socket, parts: list[bytes | memoryview]) -> None:
    while parts:
        sent = connection.sendmsg(parts)
        done = 0
        while done < len(parts) and sent >= len(parts[done]):
            sent -= len(parts[done])
            done += 1
        parts = parts[done:]
        if sent:
            parts[0] = memoryview(parts[0])[sent:]


def _fragments(
    context_id: int, kind: int, pieces: Iterable[bytes | memoryview], room: int
) -> Iterator[bytes | memoryview]:
    full = _header(room, context_id, kind)
    waiting: list[memoryview] = []
    held = 0
    for piece in pieces:
        view, position, end = memoryview(piece), 0, len(piece)
        while held + end - position > room:
            taken = position + room - held
            yield full
            if held:
                yield from waiting
                waiting.clear()
                held = 0
            if taken > position:
                yield view[position:taken]
                position = taken
        if end > position:
            waiting.append(view[position:] if position else view)
            held += end - position
    yield _header(held, context_id, kind | _LAST)
    yield from waiting


def _header(length: int, context_id: int, control: int) -> bytes:
    return HEADER.pack(PduType.P_DATA_TF, length + PDV_HEADER_BYTES) + PDV_HEADER.pack(length + 2, context_id, control)
