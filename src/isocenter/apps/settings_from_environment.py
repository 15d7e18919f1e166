"""The one place that reads the environment: ISOCENTER_* into `Settings`, and `Settings` back for a child process."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from isocenter.kit.errors import Invalid
from isocenter.kit.settings import Settings
from isocenter.storage.s3_address import s3_address

PREFIX = "ISOCENTER_"
HTTP_TLS = ("off", "on", "proxy")
_BYTE_UNITS = {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
_TIME_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class InvalidSetting(Invalid):
    """A setting's value cannot be understood or is out of bounds."""

    reason = "invalid-setting"


def default_home(environment: Mapping[str, str], *, demo: bool = False, root: bool | None = None) -> Path:
    """/var/lib/isocenter for root, the XDG data folder for everyone else; the demo has its own folder beside it."""
    name = "isocenter-demo" if demo else "isocenter"
    if os.geteuid() == 0 if root is None else root:
        return Path("/var/lib") / name
    data = environment.get("XDG_DATA_HOME") or ""
    base = (
        Path(data) if Path(data).is_absolute() else Path(environment.get("HOME") or "~").expanduser() / ".local/share"
    )
    return base / name


def settings_from_environment(environment: Mapping[str, str] | None = None, *, demo: bool = False) -> Settings:
    """Read every ISOCENTER_* variable into `Settings`; an unset or empty one keeps its default.

    Raises InvalidSetting, one line that names the variable and says what it may be; also for an ISOCENTER_ name that
    is no setting, because a misspelt setting that is silently ignored is worse than a refusal.
    """
    environment = os.environ if environment is None else environment
    types = get_type_hints(Settings)
    known = {PREFIX + each.name.upper() for each in fields(Settings)}
    for name in environment:
        if name.startswith(PREFIX) and name not in known and not name.startswith(OTHER_PREFIXES):
            raise InvalidSetting(f"{name} is not a setting of Isocenter; see docs/operations/settings.md.")
    values: dict[str, Any] = {"home": default_home(environment, demo=demo)}
    if demo:
        values["institution_name"] = "Demo"
    for each in fields(Settings):
        text = environment.get(PREFIX + each.name.upper(), "").strip()
        if text:
            values[each.name] = _parsed(each.name, str(types[each.name]), text)
    settings = Settings(**values)
    _check(settings)
    return settings


SOURCE_CREDENTIALS = "ISOCENTER_SOURCE_CREDENTIALS"
"""What `isocenter migrate-from` shows the source: user:password or a bearer token."""
RECOVERY_PASSPHRASE = "ISOCENTER_RECOVERY_PASSPHRASE"  # noqa: S105
"""Of a recovery file, for programs (`isocenter keys export-recovery`); people are asked for it."""
OTHER_PREFIXES = (
    "ISOCENTER_SHARED_DATA",
    "ISOCENTER_TEST_",
    "ISOCENTER_BENCH_",
    SOURCE_CREDENTIALS,
    RECOVERY_PASSPHRASE,
)
"""Names of commands, tests and benches that share the prefix and are no settings."""


def source_credentials(environment: Mapping[str, str] | None = None) -> str | None:
    """The credentials for a migration's source, when the environment has them."""
    environment = os.environ if environment is None else environment
    return environment.get(SOURCE_CREDENTIALS, "").strip() or None


def settings_to_environment(settings: Settings) -> dict[str, str]:
    """The inverse of `settings_from_environment`: what a child process is started with."""
    environment: dict[str, str] = {}
    for each in fields(settings):
        value = getattr(settings, each.name)
        if value is not None:
            environment[PREFIX + each.name.upper()] = _written(value)
    return environment


def _written(value: object) -> str:
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.3f}s"
    if isinstance(value, tuple):
        return ",".join(str(each) for each in value)
    return str(value)


def _parsed(name: str, kind: str, text: str) -> object:
    for word, parse in _PARSERS:
        if word in kind:
            try:
                return parse(text)
            except (ValueError, OverflowError) as error:
                raise InvalidSetting(f"{PREFIX}{name.upper()}={text!r} is not usable: {error}.") from None
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _whole_number(text: str) -> int:
    for unit, factor in _BYTE_UNITS.items():
        if text.upper().endswith(unit):
            return int(text[: -len(unit)]) * factor
    try:
        return int(text)
    except ValueError:
        raise ValueError("it must be a whole number; bytes may end in KiB, MiB, GiB or TiB") from None


def _duration(text: str) -> timedelta:
    for unit, factor in _TIME_UNITS.items():
        number = text.removesuffix(unit)
        if number != text and number.replace(".", "", 1).isdigit():
            return timedelta(seconds=float(number) * factor)
    if text.replace(".", "", 1).isdigit():
        return timedelta(seconds=float(text))
    raise ValueError("it must be a time such as 30s, 5m, 12h or 7d")


def _networks(text: str) -> tuple[Any, ...]:
    return tuple(ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip())


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


_PARSERS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("Network", _networks),
    ("tuple[str", _words),
    ("timedelta", _duration),
    ("Path", _path),
    ("int", _whole_number),
)


def _check_http(settings: Settings) -> None:
    """What is said in plain text stays on this machine."""
    if settings.http_tls not in HTTP_TLS:
        raise InvalidSetting(f"{PREFIX}HTTP_TLS must be one of {', '.join(HTTP_TLS)}.")
    if settings.http_tls == "off" and not on_loopback(settings.http_host):
        raise InvalidSetting(
            f"{PREFIX}HTTP_HOST={settings.http_host} would send passwords in plain text: set {PREFIX}HTTP_TLS=on "
            f"(after `isocenter certificates init`), or {PREFIX}HTTP_TLS=proxy behind a proxy that speaks HTTPS."
        )


def _check_nodes(settings: Settings) -> None:
    """What the nodes of a region say of each other."""
    if settings.node_tls not in ("off", "on"):
        raise InvalidSetting(f"{PREFIX}NODE_TLS must be off or on.")
    if settings.ship_segments not in ("auto", "on", "off"):
        raise InvalidSetting(f"{PREFIX}SHIP_SEGMENTS must be auto, on or off.")
    if settings.node_gone_after < timedelta(minutes=1):
        raise InvalidSetting(f"{PREFIX}NODE_GONE_AFTER must be at least 1m: a restart takes a while.")
    if settings.acknowledge_after not in ("local", "two_copies"):
        raise InvalidSetting(f"{PREFIX}ACKNOWLEDGE_AFTER must be local or two_copies.")
    if settings.acknowledge_after == "two_copies" and settings.node_port is None:
        raise InvalidSetting(f"{PREFIX}ACKNOWLEDGE_AFTER=two_copies needs {PREFIX}NODE_PORT, on every node.")
    if not timedelta(milliseconds=100) <= settings.second_copy_within <= timedelta(seconds=60):
        raise InvalidSetting(f"{PREFIX}SECOND_COPY_WITHIN must be a time between 100ms and 60s.")
    if settings.node_address is not None and _host_and_port(settings.node_address) is None:
        raise InvalidSetting(f"{PREFIX}NODE_ADDRESS must be host:port, such as node1.example.org:11190.")


def on_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check(settings: Settings) -> None:
    """Bounds that types do not express."""
    for name in ("http_port", "dicom_port", "dicom_tls_port", "node_port"):
        if not 0 <= (getattr(settings, name) or 0) <= 65535:
            raise InvalidSetting(f"{PREFIX}{name.upper()} must be a port between 1 and 65535, or 0 for any free one.")
    _check_http(settings)
    title = settings.ae_title
    if (
        not 1 <= len(title) <= 16
        or not title.isascii()
        or not title.isprintable()
        or "\\" in title
        or not title.strip()
    ):
        raise InvalidSetting(f"{PREFIX}AE_TITLE must be 1 to 16 printable ASCII characters without a backslash.")
    if settings.database_url is not None:
        try:
            conninfo_to_dict(settings.database_url)
        except psycopg.Error:  # its message may repeat a password
            raise InvalidSetting(
                f"{PREFIX}DATABASE_URL must be an address such as postgresql://user@host/name."
            ) from None
    _check_storage(settings)
    _check_nodes(settings)
    _check_sites(settings)
    if settings.encryption not in ("off", "on"):
        raise InvalidSetting(f"{PREFIX}ENCRYPTION must be off or on.")
    if settings.scrub_bytes_per_s < 0 or settings.deletion_alarm < 1:
        raise InvalidSetting(f"{PREFIX}SCRUB_BYTES_PER_S is 0 or more, {PREFIX}DELETION_ALARM at least 1.")
    if settings.log_format not in ("text", "json"):
        raise InvalidSetting(f"{PREFIX}LOG_FORMAT must be text or json.")
    if settings.audit_kept_for < timedelta(days=183):
        raise InvalidSetting(f"{PREFIX}AUDIT_KEPT_FOR must be at least 183d, half a year.")
    if settings.audit_syslog is not None and _host_and_port(settings.audit_syslog) is None:
        raise InvalidSetting(f"{PREFIX}AUDIT_SYSLOG must be host:port, such as audit.example.org:6514.")
    if not settings.institution_name.strip():
        raise InvalidSetting(f"{PREFIX}INSTITUTION_NAME must not be blank.")
    for each in fields(settings):
        value = getattr(settings, each.name)
        bounded = each.name.startswith("max_") or each.name.endswith("_processes")
        if bounded and each.default is not MISSING and isinstance(value, int) and value < 1:
            raise InvalidSetting(f"{PREFIX}{each.name.upper()} must be at least 1.")


def _check_storage(settings: Settings) -> None:
    """A store that can be opened, and both halves of its credentials or none."""
    scheme = urlsplit(settings.storage_url or "file:").scheme
    if scheme not in ("file", "s3"):
        raise InvalidSetting(f"{PREFIX}STORAGE_URL must begin with file:// or s3://.")
    if scheme == "s3":
        try:
            s3_address(settings.storage_url or "")
        except Invalid as error:
            raise InvalidSetting(f"{PREFIX}STORAGE_URL: {error}") from None
    if (settings.storage_access_key_id is None) != (settings.storage_secret_access_key is None):
        raise InvalidSetting(f"{PREFIX}STORAGE_ACCESS_KEY_ID and {PREFIX}STORAGE_SECRET_ACCESS_KEY go together.")


def _check_sites(settings: Settings) -> None:
    """Names, stores and times that two sites can work with."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", settings.site) is None:
        raise InvalidSetting(f"{PREFIX}SITE must be made of lower-case letters, digits and hyphens.")
    for name, url in (("SECOND_SITE_URL", settings.second_site_url), ("WITNESS_URL", settings.witness_url)):
        if urlsplit(url or "file:").scheme not in ("file", "s3"):
            raise InvalidSetting(f"{PREFIX}{name} must begin with file:// or s3://.")
    if not timedelta(seconds=2) <= settings.lead_for <= timedelta(minutes=5):
        raise InvalidSetting(f"{PREFIX}LEAD_FOR must be between 2s and 5m.")
    if settings.second_site_bytes_per_s < 0:
        raise InvalidSetting(f"{PREFIX}SECOND_SITE_BYTES_PER_S must not be negative.")
    if settings.replication_address is not None and _host_and_port(settings.replication_address) is None:
        raise InvalidSetting(f"{PREFIX}REPLICATION_ADDRESS must be host:port, such as 10.0.0.1:5433.")


def _host_and_port(text: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(f"//{text}")
        usable = parts.hostname and parts.port and not (parts.path or parts.query or parts.username)
    except ValueError:
        return None
    return (parts.hostname or "", parts.port or 0) if usable else None


def database_url_of(settings: Settings) -> str:
    """The database's address. Raises Invalid when a process is started alone, without one."""
    if settings.database_url is None:
        raise Invalid("This process needs ISOCENTER_DATABASE_URL; `isocenter up` starts it with one.")
    return settings.database_url
