"""What a migration asks of another archive. The protocols are spoken in `adapters/peers`; `apps` hands one in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from isocenter.kit.errors import IsocenterError


@dataclass(frozen=True, slots=True)
class SourceSeries:
    """A series of the source. handle: the source's own name for it."""

    study_instance_uid: str
    series_instance_uid: str
    handle: str = ""


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An object that the source lists. handle: the source's own name for it."""

    sop_instance_uid: str
    sop_class_uid: str = ""
    handle: str = ""


class Arriving(Protocol):
    """Takes one object as it comes. What the archive refuses is noted and the rest of the object ignored."""

    @property
    def refusal(self) -> IsocenterError | None:
        """Why the archive refuses it, as far as is known."""

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """The next bytes: of a file (PS3.10), or of a data set after `begin_data_set`."""

    def begin_data_set(self, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> None:
        """A bare data set follows, as DIMSE brings it."""


class Intake(Protocol):
    """Takes the objects of one series. One thread at a time."""

    def object(self, announced: SourceObject | None) -> AbstractContextManager[Arriving]:
        """One object; None: it says itself which one it is. Leaving the context in peace completes it."""


class Source(Protocol):
    """Another archive. Called from several threads at once.

    Raises SourceAway (worth another try), SourceRefuses, SourceMisbehaves, NotGiven.
    """

    name: str
    """What is shown: program, version and address, never a credential."""
    arrives_elsewhere: bool
    """`retrieve` makes the source send to our listener (C-MOVE) instead of giving objects to the intake."""

    def series(self) -> Iterator[SourceSeries]:
        """Everything the source has, now."""

    def objects(self, series: SourceSeries) -> list[SourceObject]:
        """The objects of a series."""

    def retrieve(self, series: SourceSeries, wanted: Sequence[SourceObject], intake: Intake) -> None:
        """Give the wanted objects, and perhaps others of the series, to the intake."""

    def md5(self, found: SourceObject) -> str | None:
        """MD5 (hexadecimal) that the source keeps of the object's file; None when it has no such means."""

    def close(self) -> None:
        """Let go of connections."""
