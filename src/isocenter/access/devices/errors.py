"""What can go wrong with devices.

NotFound  ├── UnknownDevice
          └── UnknownCall     no such rejected call
Invalid   └── InvalidDevice   a field is not what it must be; `field` names it
Conflict  └── AeTitleTaken    another institution, or the whole installation, is called so
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound


class UnknownDevice(NotFound):
    """The caller's institution has no such device."""

    reason = "unknown-device"


class UnknownCall(NotFound):
    """The caller's institution has no such rejected call."""

    reason = "unknown-call"


class InvalidDevice(Invalid):
    """A field of a device is not what it must be; `field` names it."""

    reason = "invalid-device"


class AeTitleTaken(Conflict):
    """Another institution, or the whole installation, is called so."""

    reason = "ae-title-taken"
