"""The bytes of a segment's head and of its member headers (docs/formats.md, "Journal segment").

`journal` writes them, `journal_reader` reads them.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote_from_bytes, unquote

from blake3 import blake3

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.part10 import file_meta
from isocenter.storage import tar
from isocenter.storage.errors import Damaged, UnknownFormat
from isocenter.storage.segments import SegmentName

SEGMENT_FORMAT: Final = b"journal/1"
NONCE_LENGTH: Final = 16
LARGEST_HEADER: Final = 1 << 16
"""A pax body larger than this is not ours."""

_CHECK_LENGTH = len(tar.record(b"ISOCENTER.check", bytes(64)))
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%") + " "


@dataclass(slots=True, unsafe_hash=True)  # not frozen: decision 0005
class MemberHeader:
    """What the journal says of a member besides its bytes.

    digest: BLAKE3-256 of the data set as received (32 bytes); None only for `JournalWriter.begin_large`.
    received_at: aware UTC. door: the word of the door it came through ("c-store", "stow-rs", "import").
    """

    institution_id: int
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str
    called_ae_title: str
    peer_address: str
    received_at: datetime
    digest: bytes | None
    door: str


@dataclass(slots=True)  # not frozen: decision 0005
class MemberLocation:
    """Where a member lies. Offsets are bytes from the start of the segment file.

    member_offset: its first tar block; data_set_offset: its data set, after preamble and file meta information.
    """

    segment: SegmentName
    member_offset: int
    data_set_offset: int
    data_set_length: int

    @property
    def end_offset(self) -> int:
        """Where the next member begins: the offset for a checkpoint that has this member behind it."""
        return tar.padded(self.data_set_offset + self.data_set_length)


def encode_value(value: str) -> bytes:
    """A value from outside as printable ASCII: other characters and % become %XX of their UTF-8 bytes."""
    if len(value) > 1024:
        raise Invalid("A value of a member header is too long.", length=len(value))
    if value.isascii() and value.isprintable() and "%" not in value:
        return value.encode()
    return quote_from_bytes(value.encode("utf-8", "surrogateescape"), safe=_PLAIN).encode()


def decode_value(value: bytes) -> str:
    """The inverse of encode_value."""
    return unquote(value.decode("ascii"), errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class SegmentCipherHeader:
    """How a segment is encrypted: its key, wrapped by the master key of this id (`journal_cipher`)."""

    algorithm: str
    key_id: str
    wrapped_key: bytes

    def records(self) -> bytes:
        """As a head and members say it."""
        return b"".join(
            (
                tar.record(b"ISOCENTER.cipher", self.algorithm.encode()),
                tar.record(b"ISOCENTER.key_id", self.key_id.encode()),
                tar.record(b"ISOCENTER.wrapped_key", self.wrapped_key.hex().encode()),
            )
        )


CIPHERS: Final = frozenset({b"aes-256-ctr"})
"""What may stand in ISOCENTER.cipher besides "none"."""
_NOT_ENCRYPTED: Final = tar.record(b"ISOCENTER.cipher", b"none")


def _cipher_header(records: dict[bytes, bytes]) -> SegmentCipherHeader | None:
    """What records say of the cipher. Raises UnknownFormat, KeyError, ValueError."""
    word = records.get(b"ISOCENTER.cipher", b"none")
    if word == b"none":
        return None
    if word not in CIPHERS:
        raise UnknownFormat("This segment is of a cipher that this program does not know.", cipher=decode_value(word))
    wrapped = bytes.fromhex(records[b"ISOCENTER.wrapped_key"].decode())
    return SegmentCipherHeader(word.decode(), records[b"ISOCENTER.key_id"].decode(), wrapped)


def encode_head(
    name: SegmentName, nonce: bytes, created_at: datetime, cipher: SegmentCipherHeader | None = None
) -> bytes:
    """The first blocks of a segment: a pax global header with format, name, nonce and cipher.

    Its length does not depend on the sequence, so that a large member's segment can be given its name when it is whole.
    """
    body = b"".join(
        (
            tar.record(b"ISOCENTER.format", SEGMENT_FORMAT),
            tar.record(b"ISOCENTER.node", name.node.encode()),
            tar.record(b"ISOCENTER.epoch", b"%08d" % name.epoch),
            tar.record(b"ISOCENTER.sequence", b"%08d" % name.sequence),
            tar.record(b"ISOCENTER.nonce", nonce.hex().encode()),
            tar.record(b"ISOCENTER.created_at", _iso(created_at)),
            _NOT_ENCRYPTED if cipher is None else cipher.records(),
        )
    )
    body += tar.record(b"ISOCENTER.check", blake3(body).hexdigest().encode())
    block = tar.block(b"PaxHeaders/segment", len(body), b"g", int(created_at.timestamp()))
    return block + body + tar.padding(len(body))


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """The head of a segment: its name, the nonce of its members, where the first member begins, how it is encrypted."""

    name: SegmentName
    nonce: bytes
    length: int
    cipher: SegmentCipherHeader | None


def parse_head(data: memoryview) -> SegmentHead | None:
    """The head at the start of a segment, or None when it is damaged. Raises UnknownFormat."""
    body = _extended(data, 0, b"g")
    if body is None:
        return None
    records = _checked(body, b"")
    if records is None:
        return None
    if records.get(b"ISOCENTER.format") != SEGMENT_FORMAT or b"ISOCENTER.cipher" not in records:
        raise UnknownFormat(
            "This segment is of a format that this program does not know.",
            format=decode_value(records.get(b"ISOCENTER.format", b"")),
        )
    try:
        cipher = _cipher_header(records)
        name = SegmentName(
            records[b"ISOCENTER.node"].decode(), int(records[b"ISOCENTER.epoch"]), int(records[b"ISOCENTER.sequence"])
        )
        nonce = bytes.fromhex(records[b"ISOCENTER.nonce"].decode())
    except (KeyError, ValueError):
        return None
    return SegmentHead(name, nonce, tar.BLOCK + tar.padded(len(body)), cipher)


HEAD_LENGTH: Final = 2048
"""No head of ours is longer, and no segment with a member is shorter."""
FIRST_MEMBER_LENGTHS: Final = (16384, 8192, 4096, 3584)
"""Within so many bytes, as many as a segment has, lies the header of its first member."""


def cipher_of(beginning: bytes) -> tuple[SegmentCipherHeader | None, bytes]:
    """How a segment is encrypted, and its nonce, from its first bytes: of its head, or, when that is damaged, of the
    first member that is in them. Raises Damaged when neither can be read, UnknownFormat.
    """
    data = memoryview(beginning)
    head = parse_head(data)
    if head is not None:
        return head.cipher, head.nonce
    for offset in range(tar.BLOCK, len(data), tar.BLOCK):
        member = parse_member(data, offset, None)
        if member is not None:
            return member.cipher, member.nonce
    raise Damaged("The beginning of a segment is damaged.")


@lru_cache(maxsize=1024)
def _text_record(keyword: bytes, value: str) -> bytes:
    """The record of a value that many members have."""
    return tar.record(keyword, encode_value(value))


def meta_of(header: MemberHeader) -> bytes:
    """Preamble, DICM and file meta information of a member. An AE title that is no AE value (PS3.5 6.2) is left out."""
    source = header.calling_ae_title
    plain = source.isascii() and source.isprintable() and len(source) <= 16 and "\\" not in source
    return file_meta(header.sop_class_uid, header.sop_instance_uid, header.transfer_syntax_uid, source if plain else "")


def encode_member_header(
    header: MemberHeader,
    digest: bytes,
    meta: bytes,
    data_set_length: int,
    *,
    number: int,
    offset: int,
    nonce: bytes,
    cipher: SegmentCipherHeader | None = None,
) -> bytes:
    """The blocks before a member's content: pax header with what recovery needs, then the ustar header.

    meta: preamble, "DICM" and group 2, which follow these blocks. The length depends on the values of `header` only,
    so that a large member can be given its header when it is whole.
    """
    body = b"".join(
        (
            b"22 ISOCENTER.member=1\n52 ISOCENTER.nonce=%s\n" % nonce.hex().encode(),
            _text_record(b"ISOCENTER.institution", str(header.institution_id)),
            _text_record(b"ISOCENTER.sop_class_uid", header.sop_class_uid),
            tar.record(b"ISOCENTER.sop_instance_uid", encode_value(header.sop_instance_uid)),
            _text_record(b"ISOCENTER.transfer_syntax_uid", header.transfer_syntax_uid),
            _text_record(b"ISOCENTER.calling_ae", header.calling_ae_title),
            _text_record(b"ISOCENTER.called_ae", header.called_ae_title),
            _text_record(b"ISOCENTER.peer_address", header.peer_address),
            _text_record(b"ISOCENTER.door", header.door),
            tar.record(b"ISOCENTER.received_at", _iso(header.received_at)),
            b"85 ISOCENTER.digest=%s\n" % digest.hex().encode(),
            b"34 ISOCENTER.meta_length=%08d\n" % len(meta),
            b"45 ISOCENTER.data_set_length=%015d\n" % data_set_length,
            b"" if cipher is None else cipher.records(),
        )
    )
    check = _check(nonce + struct.pack("<Q", offset), body, meta)
    body += b"84 ISOCENTER.check=%s\n" % check.hex().encode()
    name = b"%08d" % number
    mtime = int(header.received_at.timestamp())
    return b"".join(
        (
            tar.block(b"PaxHeaders/" + name, len(body), b"x", mtime),
            body,
            tar.padding(len(body)),
            tar.block(name + b".dcm", len(meta) + data_set_length, b"0", mtime),
        )
    )


@dataclass(frozen=True, slots=True)
class ParsedMember:
    """A member header that is right in itself; its data set is not looked at, and may be cut off."""

    header: MemberHeader
    nonce: bytes
    data_set_offset: int
    data_set_length: int
    end_offset: int
    cipher: SegmentCipherHeader | None


def parse_member(data: memoryview, offset: int, nonce: bytes | None) -> ParsedMember | None:
    """The member header at `offset` of a segment, or None when there is none that is wholly right.

    data: the segment. nonce: of the segment; None when its head is damaged (then the member's own word is taken).
    Right means: both tar blocks, the records, and the check over nonce, offset, records and file meta information.
    """
    body = _extended(data, offset, b"x")
    if body is None:
        return None
    content = offset + 2 * tar.BLOCK + tar.padded(len(body))
    meta_length, data_set_length = _lengths(body)
    if meta_length > LARGEST_HEADER:
        return None
    meta = bytes(data[content : content + meta_length])
    records = _checked(body, struct.pack("<Q", offset), meta, nonce)
    ustar = tar.parse_block(data[content - tar.BLOCK : content])
    if records is None or ustar is None or len(meta) != meta_length:
        return None
    if ustar.typeflag != b"0" or ustar.size != meta_length + data_set_length:
        return None
    try:
        header, cipher = _member_header(records), _cipher_header(records)
        found = bytes.fromhex(records[b"ISOCENTER.nonce"].decode())
    except (KeyError, ValueError):
        return None
    start = content + meta_length
    return ParsedMember(header, found, start, data_set_length, tar.padded(start + data_set_length), cipher)


def _member_header(records: dict[bytes, bytes]) -> MemberHeader:
    if records[b"ISOCENTER.member"] != b"1":
        raise UnknownFormat("This member is of a version that this program does not know.")
    text = {keyword.removeprefix(b"ISOCENTER.").decode(): decode_value(value) for keyword, value in records.items()}
    return MemberHeader(
        institution_id=int(text["institution"]),
        sop_class_uid=text["sop_class_uid"],
        sop_instance_uid=text["sop_instance_uid"],
        transfer_syntax_uid=text["transfer_syntax_uid"],
        calling_ae_title=text["calling_ae"],
        called_ae_title=text["called_ae"],
        peer_address=text["peer_address"],
        received_at=datetime.fromisoformat(text["received_at"]),
        digest=bytes.fromhex(text["digest"]),
        door=text["door"],
    )


def _iso(moment: datetime) -> bytes:
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return b"%sZ" % moment.isoformat(timespec="microseconds")[: -len("+00:00")].encode()


def _extended(data: memoryview, offset: int, typeflag: bytes) -> bytes | None:
    """The body of the pax extended header at `offset`, or None."""
    if data[offset + 156 : offset + 157] != typeflag:
        return None
    block = tar.parse_block(data[offset : offset + tar.BLOCK])
    if block is None or block.size > LARGEST_HEADER:
        return None
    body = bytes(data[offset + tar.BLOCK : offset + tar.BLOCK + block.size])
    return body if len(body) == block.size else None


_LENGTHS = re.compile(rb"\n34 ISOCENTER\.meta_length=([0-9]{8})\n45 ISOCENTER\.data_set_length=([0-9]{15})\n")


def _lengths(body: bytes) -> tuple[int, int]:
    match = _LENGTHS.search(body)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _check(place: bytes, body: bytes, meta: bytes) -> bytes:
    return blake3(b"".join((place, body, meta))).digest()


def _checked(body: bytes, place: bytes, meta: bytes = b"", nonce: bytes | None = None) -> dict[bytes, bytes] | None:
    """The records of a body whose last record, the check, is right; else None."""
    pairs = tar.parse_records(body)
    if not pairs or pairs[-1][0] != b"ISOCENTER.check":
        return None
    records = dict(pairs)
    covered = body[:-_CHECK_LENGTH]
    if place:
        try:
            own = bytes.fromhex(records.get(b"ISOCENTER.nonce", b"").decode())
        except ValueError:
            return None
        if nonce is not None and own != nonce:
            return None
        place = own + place
    return records if _check(place, covered, meta).hex().encode() == records[b"ISOCENTER.check"] else None
