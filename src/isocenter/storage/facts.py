"""Facts: what happened to stored objects besides their arrival, signed, chained and ordered, in the object store.

Corrections, rejections, deletions, holds and keys are appended here as well as in the database, so that an index that
is rebuilt from packs and journals never brings back what was destroyed or corrected (docs/formats.md, "Facts").
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from blake3 import blake3

from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Invalid
from isocenter.storage.errors import ForgedFact, NoSuchObject, ObjectExists, UnknownFormat
from isocenter.storage.object_store import ObjectStore

FACT_FORMAT: Final = "fact/1"
_KEY = re.compile(r"facts/([0-9]{1,10})/([0-9]{12})\.json")
_TRIES: Final = 1000


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. sequence: from 1 without gaps in its institution; digest: BLAKE3 of the whole object (hex)."""

    institution_id: int
    sequence: int
    at: datetime
    content: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A node's key for signing facts (HMAC-SHA256). key_id: the first 16 hex digits of the BLAKE3 of the secret."""

    key_id: str
    secret: bytes


def make_key_file(path: Path) -> None:
    """Make a key file (64 hex digits, readable by its owner only). An existing one stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    try:
        os.write(file, secrets.token_hex(32).encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)


def read_key_file(path: Path) -> SigningKey:
    """The key in a key file. Raises Invalid when there is none or it is none."""
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise Invalid("The key for signing facts cannot be read.", file=path.name) from error
    if len(secret) != 32:
        raise Invalid("The key for signing facts is not 64 hex digits.", file=path.name)
    return SigningKey(blake3(secret).hexdigest()[:16], secret)


def signed(key: SigningKey, line: bytes) -> bytes:
    """One line without a line end, and a second one with its signature."""
    return b"%s\nhmac-sha256 %s %s\n" % (line, key.key_id.encode(), _signature(key, line).encode())


def line_signed_by(trusted: Mapping[str, SigningKey], data: bytes) -> bytes | None:
    """The line that one of the keys (by key id) signed, or None when none of them did."""
    line, _, rest = data.partition(b"\n")
    words = rest.decode("ascii", "replace").split(" ")
    key = trusted.get(words[1]) if len(words) == 3 and words[0] == "hmac-sha256" else None
    if key is None or not hmac.compare_digest(words[2].encode(), _signature(key, line).encode() + b"\n"):
        return None
    return line


class FactLog:
    """The facts of one institution. Several nodes may append: create-only puts decide the order."""

    def __init__(
        self, store: ObjectStore, institution_id: int, key_file: Path, *, trusted_key_files: Sequence[Path] = ()
    ) -> None:
        """key_file: of this node, see `make_key_file`. trusted_key_files: of other nodes, and former ones."""
        self._store = store
        self._institution_id = institution_id
        self._key = read_key_file(key_file)
        keys = [self._key, *(read_key_file(path) for path in trusted_key_files)]
        self._trusted = {key.key_id: key for key in keys}
        self._head: tuple[int, str] | None = None

    def append(self, content: Mapping[str, Any]) -> Fact:
        """Append a fact; durable on return. content: JSON values; UIDs and our ids, never names or birth dates.

        The first append looks for gaps and reads the last fact; the whole chain is for `facts`: to read a log of
        years in an S3 store takes minutes. Raises ForgedFact, StorageFull, StoreAway.
        """
        for _ in range(_TRIES):
            sequence, previous = self._head if self._head is not None else self._read_head()
            fact, data = self._encode(sequence + 1, previous, content)
            try:
                self._store.put(self._object_key(sequence + 1), data)
            except ObjectExists:  # another node was quicker: read on from where we were
                self._head = self._follow(sequence, previous)
                continue
            self._head = (fact.sequence, fact.digest)
            return fact
        raise ForgedFact("No place for the next fact was found.", institution_id=self._institution_id)

    def facts(self) -> Iterator[Fact]:
        """All facts in order, each verified before it is given out.

        Raises ForgedFact at a gap, a wrong signature or a broken chain; UnknownFormat. Facts missing from the end
        cannot be seen here: compare the last one with what the database remembers (`Fact.sequence`, `Fact.digest`).
        """
        previous = ""
        for expected, sequence in enumerate(self._sequences(), start=1):
            if sequence != expected:
                raise ForgedFact("A fact is missing.", institution_id=self._institution_id, sequence=expected)
            fact = self._read(sequence, previous)
            previous = fact.digest
            yield fact

    def _read_head(self) -> tuple[int, str]:
        sequences = self._sequences()
        for expected, sequence in enumerate(sequences, start=1):
            if sequence != expected:
                raise ForgedFact("A fact is missing.", institution_id=self._institution_id, sequence=expected)
        if not sequences:
            return self._follow(0, "")
        last = self._read(sequences[-1], None)
        return self._follow(last.sequence, last.digest)

    def _follow(self, sequence: int, previous: str) -> tuple[int, str]:
        """On from a fact, by reading the next: a list of Swift's may be some moments old."""
        while True:
            try:
                fact = self._read(sequence + 1, previous)
            except NoSuchObject:
                return sequence, previous
            sequence, previous = fact.sequence, fact.digest

    def _sequences(self) -> list[int]:
        heads = self._store.list(f"facts/{self._institution_id}")
        matches = [_KEY.fullmatch(head.key) for head in heads]
        return sorted(int(match[2]) for match in matches if match)

    def _object_key(self, sequence: int) -> str:
        return f"facts/{self._institution_id}/{sequence:012d}.json"

    def _encode(self, sequence: int, previous: str, content: Mapping[str, Any]) -> tuple[Fact, bytes]:
        at = utc_now()
        body = {
            "format": FACT_FORMAT,
            "institution_id": self._institution_id,
            "sequence": sequence,
            "previous": previous,
            "at": at.isoformat(timespec="microseconds"),
            "fact": dict(content),
        }
        line = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        data = signed(self._key, line)
        return Fact(self._institution_id, sequence, at, dict(content), blake3(data).hexdigest()), data

    def _read(self, sequence: int, previous: str | None) -> Fact:
        data = self._store.get(self._object_key(sequence))
        line = line_signed_by(self._trusted, data)
        if line is None:
            raise self._forged("The signature of a fact is wrong.", sequence)
        body = json.loads(line)
        if body["format"] != FACT_FORMAT:
            raise UnknownFormat("A fact is of a format that this program does not know.", sequence=sequence)
        if (body["institution_id"], body["sequence"]) != (self._institution_id, sequence):
            raise self._forged("A fact is in the place of another.", sequence)
        if previous is not None and body["previous"] != previous:
            raise self._forged("A fact does not follow the one before it.", sequence)
        at = datetime.fromisoformat(body["at"])
        return Fact(self._institution_id, sequence, at, body["fact"], blake3(data).hexdigest())

    def _forged(self, message: str, sequence: int) -> ForgedFact:
        return ForgedFact(message, institution_id=self._institution_id, sequence=sequence)


def _signature(key: SigningKey, line: bytes) -> str:
    return hmac.new(key.secret, line, hashlib.sha256).hexdigest()
