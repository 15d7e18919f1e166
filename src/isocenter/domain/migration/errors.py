"""What cannot be brought in, and why."""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Exhausted, Invalid, NotFound, Refused


class UnreadableFile(Invalid):
    """The file cannot be read from disk."""

    reason = "unreadable-file"


class MediaDirectory(Invalid):
    """A DICOMDIR: it lists instances and is none itself (PS3.3 F)."""

    reason = "media-directory"


class MalformedMediaDirectory(Invalid):
    """A DICOMDIR that cannot be read, or is larger than any that describes real media."""

    reason = "malformed-dicomdir"


class LeadsOutside(Invalid):
    """A name or link leads outside what was given to import."""

    reason = "leads-outside"


class ListedAndMissing(NotFound):
    """The DICOMDIR lists a file that is not on the media."""

    reason = "listed-and-missing"


class MalformedArchive(Invalid):
    """The ZIP file is damaged, or made to mislead."""

    reason = "malformed-zip"


class NestedArchive(Invalid):
    """A ZIP file inside a ZIP file."""

    reason = "nested-zip"


class ExpandsTooFar(Invalid):
    """The ZIP file expands to far more than it could honestly hold."""

    reason = "expands-too-far"


class MigrationUnderWay(Conflict):
    """Another run is bringing in the same source."""

    reason = "migration-under-way"


class SourceAway(Exhausted):
    """The source does not answer, breaks off, or asks to wait."""

    reason = "source-away"


class SourceRefuses(Refused):
    """The source does not let us in, or refuses what is asked."""

    reason = "source-refuses"


class SourceMisbehaves(Invalid):
    """The source answers something that cannot be understood."""

    reason = "source-misbehaves"


class NotGiven(NotFound):
    """The source listed an object and did not give it."""

    reason = "not-given"
