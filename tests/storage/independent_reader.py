"""A second reader of our formats, written from docs/formats.md alone: tarfile, struct and the two algorithms it names.

It imports nothing of isocenter, on purpose.
"""

from __future__ import annotations

import hmac
import json
import struct
import tarfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import zstandard
from blake3 import blake3
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def segment_members(path: Path) -> list[tuple[dict[str, str], bytes]]:
    """(records, data set) of every member of a sound segment; asserts every rule of the document."""
    data = path.read_bytes()
    found = []
    with tarfile.open(path) as archive:
        for member in archive:
            records = {key: unquote(value) for key, value in member.pax_headers.items()}
            assert records["ISOCENTER.format"] == "journal/1"
            assert records["ISOCENTER.member"] == "1"
            assert records["ISOCENTER.cipher"] == "none"
            size = int(data[member.offset + 124 : member.offset + 135], 8)
            content = data[member.offset + 512 : member.offset + 512 + size]
            before = content[: content.rindex(b"84 ISOCENTER.check=")]
            meta_length = int(records["ISOCENTER.meta_length"])
            data_set_length = int(records["ISOCENTER.data_set_length"])
            assert member.size == meta_length + data_set_length
            meta = data[member.offset_data : member.offset_data + meta_length]
            place = bytes.fromhex(records["ISOCENTER.nonce"]) + struct.pack("<Q", member.offset)
            assert blake3(place + before + meta).hexdigest() == records["ISOCENTER.check"]
            start = member.offset_data + meta_length
            data_set = data[start : start + data_set_length]
            assert blake3(data_set).hexdigest() == records["ISOCENTER.digest"]
            assert meta[128:132] == b"DICM"
            found.append((records, data_set))
    return found


@dataclass
class Instance:
    """What the document says of an instance, and its parts."""

    uid: str
    series_uid: str
    ordinal: int
    instance_number: int | None
    transfer_syntax_uid: str
    received_transfer_syntax_uid: str
    received_digest: bytes
    data_set: bytes
    frames: list[bytes] | None
    json: bytes
    head_and_tail: tuple[bytes, bytes] | None
    aside_reason: int


class Pack:
    """A pack in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        footer = data[-1536:-1024]
        assert footer[:8] == b"ISO.PACK"
        assert blake3(footer[:480]).digest() == footer[480:]
        version, _, self.count, length, offset, size, tables = struct.unpack_from("<HHIQQQQ", footer, 8)
        assert (version, length) == (1, len(data))
        assert footer[128:144].rstrip(b"\0") == b"none"
        self.manifest = data[offset : offset + size]
        assert blake3(self.manifest).digest() == footer[48:80]
        assert blake3(self.manifest[:tables]).digest() == footer[80:112]
        assert self.manifest[:10] == b"ISO.MANI\x01\x00"
        self.row_lengths = struct.unpack_from("<4H", self.manifest, 12)
        self.institution = struct.unpack_from("<I", self.manifest, 20)[0]
        self.study_uid = self.manifest[24:88].rstrip(b"\0").decode()
        self.sections = [struct.unpack_from("<QQI", self.manifest, 104 + 24 * number) for number in range(6)]
        self.strings = self._strings()

    def _strings(self) -> list[str]:
        position, _, count = self.sections[0]
        strings = []
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self.manifest, position)
            strings.append(unquote(self.manifest[position + 2 : position + 2 + length].decode("ascii")))
            position += 2 + length
        return strings

    def row(self, section: int, number: int) -> bytes:
        """Row `number` of a section: 1 series, 2 instances, 3 frames, 4 extents."""
        length = self.row_lengths[section - 1]
        start = self.sections[section][0] + number * length
        return self.manifest[start : start + length]

    def instances(self) -> list[Instance]:
        """All instances, every digest asserted."""
        return [self._instance(self.row(2, number)) for number in range(self.count)]

    def _instance(self, row: bytes) -> Instance:
        member, file_length, start, length, _, header_length, pixels, _, frame_length = struct.unpack_from(
            "<9Q", row, 144
        )
        json_offset, head_offset, tail_offset = struct.unpack_from("<3Q", row, 232)
        json_length, head_length, tail_length = struct.unpack_from("<3I", row, 272)
        ordinal, series, frame_count, _, _, flags, first_frame = struct.unpack_from("<7I", row, 288)
        (number,) = struct.unpack_from("<i", row, 328)
        syntax, received_syntax = struct.unpack_from("<2H", row, 334)
        frame_form, rebuild, aside = row[354:357]
        data_set = self.data[start : start + length]
        assert blake3(data_set).digest() == row[96:128]
        assert blake3(self.data[member + 512 : start]).digest()[:16] == row[128:144]
        assert start + length == member + 512 + file_length
        assert rebuild or row[64:96] == row[96:128]
        dictionary = data_set[:header_length]
        parts = (
            (self.blob(head_offset, head_length, dictionary), self.blob(tail_offset, tail_length, dictionary))
            if rebuild
            else None
        )
        frames: list[bytes] | None = []
        if frame_form == 1:
            begins = [pixels + index * frame_length for index in range(frame_count)]
            frames = [self.data[begin : begin + frame_length] for begin in begins]
        elif frame_form == 2:
            frames = [self.frame(first_frame + index) for index in range(frame_count)]
        elif frame_form == 3:
            frames = None
        return Instance(
            row[:64].rstrip(b"\0").decode(),
            self.row(1, series)[:64].rstrip(b"\0").decode(),
            ordinal,
            number if flags & 1 else None,
            self.strings[syntax],
            self.strings[received_syntax],
            row[64:96],
            data_set,
            frames,
            self.blob(json_offset, json_length, b""),
            parts,
            aside,
        )

    def frame(self, number: int) -> bytes:
        """The bytes of a row of the frame table."""
        offset, length, count = struct.unpack_from("<QQI", self.row(3, number))
        if count == 1:
            return self.data[offset : offset + length]
        extents = [struct.unpack("<QQ", self.row(4, offset + index)) for index in range(count)]
        content = b"".join(self.data[begin : begin + size] for begin, size in extents)
        assert len(content) == length
        return content

    def blob(self, offset: int, length: int, dictionary: bytes) -> bytes:
        """A decompressed blob."""
        known = (
            zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if dictionary else None
        )
        return zstandard.ZstdDecompressor(dict_data=known).decompress(self.data[offset : offset + length])


def encrypted_object(home: Path, key: str) -> bytes:
    """What an encrypted object holds; home: with master.key and store."""
    data = (home / "store" / key).read_bytes()
    name, ending = key.rsplit(".i", 1)
    institution = int(ending.removesuffix(".enc"))
    digits = name.rsplit("/", 1)[1][:32]
    head = struct.unpack_from("<8sHHI16sI16s32s44s", data)
    assert head[:4] == (b"ISO.CIPH", 1, 128, 65536)
    assert (head[4].rstrip(b"\0"), head[5], head[6].hex(), head[8]) == (b"aes-256-gcm", institution, digits, bytes(44))
    secret = AESGCM(hmac.digest(data_key(home, institution, digits), b"isocenter object/1\0" + head[7], "sha256"))
    associated, chunks, stored = blake3(data[:128] + key.encode()).digest(), [], data[128:]
    count = max(1, -(-len(stored) // 65552))
    for number in range(count):
        nonce = number.to_bytes(11, "big") + bytes([number == count - 1])
        chunks.append(secret.decrypt(nonce, stored[number * 65552 : (number + 1) * 65552], associated))
    return b"".join(chunks)


def data_key(home: Path, institution: int, digits: str) -> bytes:
    """The key of an object, by the highest version of its institution's key that it is under."""
    folder = home / "store" / "keys" / str(institution)
    path = max((folder / "data" / digits[:2]).glob(f"{digits}.*.key"))
    version = path.name.split(".")[1]
    [of_institution] = (folder / "institution").glob(f"{version}.*.key")
    master = master_keys(home)[of_institution.name.split(".")[1]]
    return unwrapped(path, unwrapped(of_institution, master))


def master_keys(home: Path) -> dict[str, bytes]:
    """Every version of the master key by its id."""
    lines = [line.split(" ") for line in (home / "master.key").read_text().splitlines()]
    found = {key_id: bytes.fromhex(digits) for _, key_id, digits in lines}
    assert [blake3(secret).hexdigest()[:16] for secret in found.values()] == list(found)
    assert [state for state, _, _ in lines].count("current") == 1
    return found


def unwrapped(path: Path, wrapping: bytes) -> bytes:
    """The key in an object of a key."""
    line, wrapped, _ = path.read_bytes().split(b"\n")
    body = json.loads(line)
    assert (body["format"], body["algorithm"]) == ("key/1", "aes-256-gcm")
    sealed = bytes.fromhex(wrapped.decode())
    return AESGCM(wrapping).decrypt(sealed[:12], sealed[12:], line)


def encrypted_segment(home: Path, path: Path) -> list[bytes]:
    """The data sets of an encrypted segment."""
    data, found = path.read_bytes(), []
    with tarfile.open(path) as archive:
        for member in archive:
            records = {key: unquote(value) for key, value in member.pax_headers.items()}
            assert records["ISOCENTER.cipher"] == "aes-256-ctr"
            wrapped = bytes.fromhex(records["ISOCENTER.wrapped_key"])
            about = b"isocenter segment/1\0" + bytes.fromhex(records["ISOCENTER.nonce"])
            secret = AESGCM(master_keys(home)[records["ISOCENTER.key_id"]]).decrypt(wrapped[:12], wrapped[12:], about)
            stream = Cipher(algorithms.AES(secret), modes.CTR(bytes(16))).encryptor().update(bytes(len(data)))
            start = member.offset_data + int(records["ISOCENTER.meta_length"])
            place = range(start, start + int(records["ISOCENTER.data_set_length"]))
            plain = bytes(data[at] ^ stream[at] for at in place)
            assert blake3(plain).hexdigest() == records["ISOCENTER.digest"]
            found.append(plain)
    return found
