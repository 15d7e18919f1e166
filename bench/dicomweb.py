"""A small DICOMweb client (PS3.18): multipart answers taken apart, Part 10 files reduced to their data sets."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.node import Node, Reply

ROOT = "/dicom-web"
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


@dataclass(frozen=True, slots=True)
class Part10:
    """One Part 10 file as it came: what its meta says and the bytes of its data set."""

    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: memoryview


class NotRetrievedError(Exception):
    """The answer is not the one that was asked for."""


def instances(node: Node, path: str, transfer_syntax_uid: str = "*") -> dict[str, Part10]:
    """Retrieve what a path below /dicom-web/studies/ names, in a transfer syntax, by SOP Instance UID."""
    accept = f'multipart/related; type="application/dicom"; transfer-syntax={transfer_syntax_uid}'
    reply = node.get(f"{ROOT}/studies/{path}", accept)
    if reply.status != 200:
        raise NotRetrievedError(f"{reply.status} for {path}: {reply.body[:300]!r}")
    found = [part10(part) for part in parts(reply)]
    return {each.sop_instance_uid: each for each in found}


def frames(node: Node, path: str, numbers: Iterable[int], transfer_syntax_uid: str | None = None) -> list[bytes]:
    """Retrieve frames of one instance: native little endian by default, else in the transfer syntax that is named."""
    accept = 'multipart/related; type="application/octet-stream"'
    if transfer_syntax_uid:
        accept += f"; transfer-syntax={transfer_syntax_uid}"
    reply = node.get(f"{ROOT}/studies/{path}/frames/{','.join(map(str, numbers))}", accept)
    if reply.status != 200:
        raise NotRetrievedError(f"{reply.status} for frames of {path}: {reply.body[:300]!r}")
    return [bytes(part) for part in parts(reply)]


def query(node: Node, level: str, **keys: str) -> list[dict[str, dict[str, object]]]:
    """QIDO-RS: level is studies, series, instances or a longer path; keys are DICOM keywords."""
    reply = node.get(f"{ROOT}/{level}?{urlencode(keys)}", "application/dicom+json")
    if reply.status == 204:
        return []
    if reply.status != 200:
        raise NotRetrievedError(f"{reply.status} for {level}: {reply.body[:300]!r}")
    found = reply.json()
    assert isinstance(found, list)
    return found


def store(node: Node, files: Iterable[bytes]) -> Reply:
    """STOW-RS: Part 10 files in one request."""
    boundary = "isocenter-bench"
    body = b"".join(
        f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + file + b"\r\n" for file in files
    )
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
    return node.request("POST", f"{ROOT}/studies", body=body + f"--{boundary}--\r\n".encode(), headers=headers)


def parts(reply: Reply) -> list[memoryview]:
    """The bodies of a multipart/related answer."""
    boundary = _BOUNDARY.search(reply.headers.get("content-type", ""))
    if boundary is None:
        raise NotRetrievedError(f"no boundary in {reply.headers.get('content-type')!r}")
    marker = b"--" + boundary[1].encode()
    content, body = reply.body, memoryview(reply.body)
    found = []
    position = content.index(marker)
    while True:
        begin = content.index(b"\r\n\r\n", position) + 4
        length = re.search(rb"(?i)content-length: *(\d+)", content[position:begin])
        end = begin + int(length[1]) if length else content.index(b"\r\n" + marker, begin)
        found.append(body[begin:end])
        position = content.index(marker, end)
        if content[position + len(marker) :][:2] == b"--":
            return found


def part10(content: memoryview) -> Part10:
    """Take a Part 10 file apart (PS3.10 7.1)."""
    if bytes(content[128:132]) != b"DICM":
        raise NotRetrievedError("not a Part 10 file")
    end = 144 + struct.unpack_from("<I", content, 140)[0]
    values: dict[int, str] = {}
    position = 144
    while position < end:
        _, element, vr, length = struct.unpack_from("<HH2sH", content, position)
        position += 8
        if vr in (b"OB", b"UN"):
            length = struct.unpack_from("<I", content, position)[0]
            position += 4
        if vr == b"UI":
            values[element] = bytes(content[position : position + length]).decode().rstrip("\0 ")
        position += length
    return Part10(values[0x03], values[0x10], content[end:])
