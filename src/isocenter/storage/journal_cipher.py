"""Encrypted journals: the data sets of a segment are XORed with AES-256-CTR by their place in it, so that every offset
stays what it is and any range is read alone (docs/formats.md, "Encrypted segments").

The stream does not authenticate; the digest in each member's header does, and it is checked wherever bytes change form.
Each segment has a random key, wrapped by the master key in its head and in each member, so that a damaged head costs
nothing. Headers stay plain: they hold UIDs, titles and digests, no names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, overload

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.errors import KeyLost
from isocenter.storage.master_keys import MasterKeys, new_secret, unwrap, wrap
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segment_format import SegmentCipherHeader

ALGORITHM: Final = "aes-256-ctr"
ROOM_BYTES: Final = 16
"""What `apply_into` needs behind its result."""
_BLOCK: Final = 16


class SegmentCipher:
    """The key stream of one segment. Safe for threads."""

    def __init__(self, header: SegmentCipherHeader, secret: bytes) -> None:
        """header: as the segment says it. secret: 32 bytes."""
        self.header = header
        self.secret = secret

    def apply(self, offset: int, data: bytes | memoryview) -> bytes:
        """Encrypt or decrypt, which is the same, bytes that lie at an offset of the segment."""
        return self._stream(offset).update(data)

    def apply_into(self, offset: int, pieces: Sequence[bytes | memoryview], buffer: bytearray) -> memoryview:
        """The same for pieces that lie one behind the other; the result is the beginning of `buffer`.

        buffer: at least ROOM_BYTES longer than all pieces together.
        """
        stream, view, done = self._stream(offset), memoryview(buffer), 0
        for piece in pieces:
            done += stream.update_into(piece, view[done:])
        return view[:done]

    def _stream(self, offset: int) -> CipherContext:
        counter = (offset // _BLOCK).to_bytes(_BLOCK, "big")
        stream = Cipher(algorithms.AES(self.secret), modes.CTR(counter)).encryptor()
        if skipped := offset % _BLOCK:
            stream.update(bytes(skipped))
        return stream


class DecryptedPieces(Sequence[bytes]):
    """Pieces that lie one behind the other from an offset of a segment on, each decrypted when it is taken."""

    def __init__(self, cipher: SegmentCipher, offset: int, stored: Sequence[memoryview]) -> None:
        """stored: as they lie, all of the same length but the last."""
        self._cipher = cipher
        self._offset = offset
        self._stored = stored

    def __len__(self) -> int:
        return len(self._stored)

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):  # which also ends an iteration
            raise IndexError(index)
        return self._cipher.apply(self._offset + index * len(self._stored[0]), self._stored[index])


@dataclass(frozen=True, slots=True)
class SegmentKeys:
    """What opens segments. masters: None where nothing is encrypted. encrypts: new segments are."""

    masters: MasterKeys | None = None
    encrypts: bool = False

    def new(self, nonce: bytes) -> SegmentCipher | None:
        """For a new segment; None when it stays plain. nonce: of the segment. Raises KeyLost."""
        if not self.encrypts or self.masters is None:
            return None
        master, secret = self.masters.current(), new_secret()
        header = SegmentCipherHeader(ALGORITHM, master.key_id, wrap(secret, master.secret, _about(nonce)))
        return SegmentCipher(header, secret)

    def open(self, header: SegmentCipherHeader | None, nonce: bytes) -> SegmentCipher | None:
        """For a segment that says this of itself; None when it is plain. Raises KeyLost, Damaged."""
        if header is None:
            return None
        if self.masters is None:
            raise KeyLost("A segment of the journal is encrypted, and the master key is not here.", key=header.key_id)
        master = self.masters.find(header.key_id)
        return SegmentCipher(header, unwrap(header.wrapped_key, master.secret, _about(nonce)))


PLAIN: Final = SegmentKeys()
"""Of a home without keys."""


def segment_keys_of(store: ObjectStore) -> SegmentKeys:
    """Journals are encrypted where the store is."""
    return SegmentKeys(store.ring.masters, store.encrypts) if isinstance(store, EncryptedStore) else PLAIN


def _about(nonce: bytes) -> bytes:
    return b"isocenter segment/1\0" + nonce
