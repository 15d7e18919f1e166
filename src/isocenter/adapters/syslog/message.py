"""One syslog message (RFC 5424) in its frame (RFC 5425 4.3: octet counting)."""

from __future__ import annotations

from datetime import UTC

from isocenter import __version__
from isocenter.access.trail.shipping import AuditMessage

SECURITY_FACILITY = 10  # PS3.15 A.6: security and authorization messages
NOTICE, WARNING = 5, 4
_MAX_SEQUENCE = 2_147_483_647  # RFC 5424 7.3.1: starts again at 1


def frame(message: AuditMessage, hostname: str) -> bytes:
    """The bytes on the wire: length, space, message. meta sequenceId is the row's place in its chain."""
    priority = SECURITY_FACILITY * 8 + (WARNING if message.failure else NOTICE)
    at = message.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    sequence = (message.sequence - 1) % _MAX_SEQUENCE + 1
    head = (
        f"<{priority}>1 {at} {_token(hostname, 255)} isocenter - {message.message_id}"
        f' [meta sequenceId="{sequence}"][origin software="Isocenter" swVersion="{__version__}"] '
    )
    body = head.encode() + b"\xef\xbb\xbf" + message.text.encode()  # RFC 5424 6.4: the BOM says UTF-8
    return b"%d %s" % (len(body), body)


def _token(text: str, length: int) -> str:
    """Printable US-ASCII without spaces, "-" when nothing is left (RFC 5424 6)."""
    return "".join(c for c in text if "!" <= c <= "~")[:length] or "-"
