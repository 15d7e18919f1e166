"""Encrypted objects: AES-256-GCM in chunks of 64 KiB, so that a range is read without the rest (docs/formats.md).

An object is a header and its chunks. Each chunk is authenticated with its number, with whether it is the last, with the
header and with the name of the object: one that is changed, cut, exchanged or put under another name is not read.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from isocenter.kit.errors import Invalid
from isocenter.storage.errors import Damaged, UnknownFormat

SUFFIX: Final = ".enc"
MAGIC: Final = b"ISO.CIPH"
VERSION: Final = 1
ALGORITHM: Final = b"aes-256-gcm"
CHUNK_BYTES: Final = 64 << 10
TAG_BYTES: Final = 16
HEADER_LENGTH: Final = 128
SALT_LENGTH: Final = 32
_HEADER: Final = struct.Struct("<8sHHI16sI16s32s")
_STORED_CHUNK: Final = CHUNK_BYTES + TAG_BYTES
_NAME: Final = re.compile(r".*/([0-9a-f]{32})(?:\.[a-z0-9]+)*\.i([0-9]{1,10})\.enc")
_PURPOSE: Final = b"isocenter object/1\0"


def encrypted_name(key: str, institution_id: int) -> str:
    """The name of an object in its encrypted form: "<folder>/<32 hex>….i<institution>.enc"."""
    name = f"{key}.i{institution_id}{SUFFIX}"
    if _NAME.fullmatch(name) is None:
        raise Invalid("Only objects under random names are encrypted.", key=key[:80])
    return name


def is_encrypted_name(key: str) -> bool:
    """Whether the object under this key is an encrypted one."""
    return key.endswith(SUFFIX)


@dataclass(frozen=True, slots=True)
class DataKeyName:
    """Which key an encrypted object is under: its institution and 16 bytes, the random part of the object's name."""

    institution_id: int
    key_id: bytes


def data_key_name(key: str) -> DataKeyName:
    """The key that the object of this name is under. Raises Invalid when it is not the name of an encrypted object."""
    match = _NAME.fullmatch(key)
    if match is None:
        raise Invalid("This is not the name of an encrypted object.", key=key[:80])
    return DataKeyName(int(match[2]), bytes.fromhex(match[1]))


def stored_length(plain_length: int) -> int:
    """Bytes of an encrypted object that holds so many."""
    return HEADER_LENGTH + plain_length + TAG_BYTES * max(1, -(-plain_length // CHUNK_BYTES))


def plain_length(stored: int, key: str) -> int:
    """Bytes that an encrypted object of this length holds. Raises Damaged when none has this length."""
    body = stored - HEADER_LENGTH
    plain = body - TAG_BYTES * -(-body // _STORED_CHUNK)
    if body < TAG_BYTES or plain < 0 or stored_length(plain) != stored:
        raise Damaged("An encrypted object has a length that it cannot have.", key=key, length=stored)
    return plain


class ObjectCipher:
    """Seals and opens the chunks of one object. Safe for threads."""

    def __init__(self, key: str, header: bytes, data_key: bytes) -> None:
        """key: the object's name. data_key: 32 bytes. Raises UnknownFormat, Damaged for the header of another."""
        _check_header(key, header)
        salt = _HEADER.unpack_from(header)[7]
        self.header = header
        self._aead = AESGCM(hmac.new(data_key, _PURPOSE + salt, hashlib.sha256).digest())
        self._associated = blake3(header + key.encode()).digest()
        self._key = key

    @classmethod
    def new(cls, key: str, data_key: bytes) -> ObjectCipher:
        """For an object that is to be written: the salt is new, so that no key and nonce come twice."""
        name = data_key_name(key)
        fields = (VERSION, HEADER_LENGTH, CHUNK_BYTES, ALGORITHM, name.institution_id, name.key_id)
        header = _HEADER.pack(MAGIC, *fields, secrets.token_bytes(SALT_LENGTH)).ljust(HEADER_LENGTH, b"\0")
        return cls(key, header, data_key)

    def seal(self, index: int, chunk: bytes | memoryview, *, last: bool) -> bytes:
        """Chunk number `index` (from 0) as it is stored."""
        return self._aead.encrypt(_nonce(index, last=last), chunk, self._associated)

    def open_into(self, index: int, stored: bytes | memoryview, plain: bytearray | memoryview, *, last: bool) -> None:
        """The inverse of `seal`: into `plain`, which has room for exactly that. Raises Damaged."""
        try:
            self._aead.decrypt_into(_nonce(index, last=last), stored, self._associated, plain)
        except InvalidTag as error:
            raise Damaged("A chunk of an encrypted object is not what was written.", key=self._key) from error


def _check_header(key: str, header: bytes) -> None:
    if len(header) != HEADER_LENGTH or header[:8] != MAGIC:
        raise Damaged("This is not an encrypted object.", key=key)
    _, version, length, chunk, algorithm, institution_id, key_id, _ = _HEADER.unpack_from(header)
    word = algorithm.rstrip(b"\0")
    if (version, length, chunk, word) != (VERSION, HEADER_LENGTH, CHUNK_BYTES, ALGORITHM):
        raise UnknownFormat(
            "This object is encrypted in a way that this program does not know.",
            version=version,
            cipher=word.decode("ascii", "replace"),
        )
    if DataKeyName(institution_id, key_id) != data_key_name(key):
        raise Damaged("An encrypted object lies under the name of another.", key=key)


def _nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11, "big") + bytes((last,))


@dataclass(frozen=True, slots=True)
class StoredRange:
    """Which chunks hold a range, and where those are stored. skip: bytes of the first chunk before the range."""

    first: int
    count: int
    offset: int
    length: int
    skip: int


def stored_range(offset: int, length: int, whole: int, key: str) -> StoredRange:
    """Where `length` bytes (at least one) from `offset` of an object of `whole` bytes are stored. Raises Damaged."""
    if offset + length > whole:
        raise Damaged("An object is shorter than what was written to it.", key=key, length=length)
    first, end = offset // CHUNK_BYTES, -(-(offset + length) // CHUNK_BYTES)
    stored_end = min(stored_length(whole), HEADER_LENGTH + end * _STORED_CHUNK)
    start = HEADER_LENGTH + first * _STORED_CHUNK
    return StoredRange(first, end - first, start, stored_end - start, offset - first * CHUNK_BYTES)


def open_range(cipher: ObjectCipher, place: StoredRange, stored: bytes, length: int, whole: int) -> bytes:
    """The plain bytes of a range, of its stored chunks. Raises Damaged."""
    view, opened = memoryview(stored), bytearray(len(stored) - TAG_BYTES * place.count)
    last = max(0, -(-whole // CHUNK_BYTES) - 1)
    with memoryview(opened) as plain:
        for number in range(place.count):
            chunk = view[number * _STORED_CHUNK : (number + 1) * _STORED_CHUNK]
            target = plain[number * CHUNK_BYTES : number * CHUNK_BYTES + len(chunk) - TAG_BYTES]
            cipher.open_into(place.first + number, chunk, target, last=place.first + number == last)
        return bytes(plain[place.skip : place.skip + length])


def sealed_object(cipher: ObjectCipher, data: bytes) -> bytes:
    """A whole object as it is stored."""
    return b"".join((cipher.header, *_sealed_chunks(cipher, memoryview(data))))


def _sealed_chunks(cipher: ObjectCipher, data: memoryview) -> Iterator[bytes]:
    count = max(1, -(-len(data) // CHUNK_BYTES))
    for index in range(count):
        chunk = data[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
        yield cipher.seal(index, chunk, last=index == count - 1)


class EncryptingFile:
    """A file whose bytes are encrypted as they are written, one after the other: plain ones never reach the disk."""

    def __init__(self, file: BinaryIO, cipher: ObjectCipher) -> None:
        self._file = file
        self._cipher = cipher
        self._index = 0
        self._rest = bytearray()
        self._is_closed = False
        file.write(cipher.header)

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises OSError."""
        self._rest += data
        whole = (len(self._rest) - 1) // CHUNK_BYTES  # the last chunk is known as such when the file is closed
        if whole < 1:
            return
        with memoryview(self._rest) as view:
            for start in range(0, whole * CHUNK_BYTES, CHUNK_BYTES):
                self._file.write(self._cipher.seal(self._index, view[start : start + CHUNK_BYTES], last=False))
                self._index += 1
        del self._rest[: whole * CHUNK_BYTES]

    def close(self) -> None:
        """Write the last chunk and close the file. Raises OSError. A second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._file.write(self._cipher.seal(self._index, bytes(self._rest), last=True))
        finally:
            self._file.close()
